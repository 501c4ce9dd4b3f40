"""The machine around us: clock, signals, systemd and the log. It knows nothing of mail or tickets."""

from __future__ import annotations

from daemon.edges.system.alarm import run_alarm
from daemon.edges.system.clock import SystemClock
from daemon.edges.system.log import configure_logging
from daemon.edges.system.service import credential, sd_notify, stop_on_signals, watchdog_interval

__all__ = [
    "SystemClock",
    "configure_logging",
    "credential",
    "run_alarm",
    "sd_notify",
    "stop_on_signals",
    "watchdog_interval",
]
