"""The machine around us: clock, signals, systemd, log and lock. It knows nothing of mail or tickets."""

from __future__ import annotations

from daemon.edges.system.clock import SystemClock
from daemon.edges.system.lock import AlreadyRunning, DaemonLock
from daemon.edges.system.log import configure_logging
from daemon.edges.system.service import credential, sd_notify, stop_on_signals, watchdog_interval

__all__ = [
    "AlreadyRunning",
    "DaemonLock",
    "SystemClock",
    "configure_logging",
    "credential",
    "sd_notify",
    "stop_on_signals",
    "watchdog_interval",
]
