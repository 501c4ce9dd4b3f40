"""What runs beside the loops and looks at them: watchdog, health pages, alarm. Wiring only."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from daemon.edges.http import Answer, Exposition, HealthServer
from daemon.edges.system import run_alarm, sd_notify, watchdog_interval
from daemon.loops.health import figures, hanging, readiness
from daemon.loops.progress import Progress
from daemon.loops.watch import WatchLoop
from daemon.ports import Clock
from daemon.settings.model import Settings

log = logging.getLogger("azimut.watch")


def watchers(
    settings: Settings, loops: Sequence[Progress], clock: Clock, stop: asyncio.Event
) -> Mapping[str, Coroutine[Any, Any, None]]:
    """The loops that watch `loops` until `stop`, by name."""
    watch = WatchLoop(
        loops=loops,
        clock=clock,
        notify=sd_notify,
        watchdog=watchdog_interval(),
        alarm=partial(call, settings.alarm.command),
        stop=stop,
    )
    beside = {"watch": watch.run()}
    if settings.http.endpoint is not None:
        host, port = settings.http.endpoint
        beside["http"] = HealthServer(host, port, pages(loops, clock)).serve(stop)
    return beside


async def call(command: str, service: str, text: str) -> None:
    """Say that mail itself fails: in the log, and by the owner's command where there is one."""
    fields = {"service": service, "reason": text.strip(), "command": bool(command)}
    log.error("mail_fails", extra={"fields": fields})
    if command:
        await run_alarm(command, text)


def pages(loops: Sequence[Progress], clock: Clock) -> dict[str, Callable[[], Answer]]:
    """healthz: the process turns, else restart it; readyz: mail comes in and goes out; metrics: numbers."""
    exposition = Exposition(lambda: figures(loops, clock.now()))

    def healthz() -> Answer:
        silent = hanging(loops, clock.now())
        return _json(not silent, {"alive": not silent, "hanging": silent})

    def readyz() -> Answer:
        return _json(*readiness(loops, clock.now()))

    def metrics() -> Answer:
        return Answer(content_type=exposition.content_type, body=exposition.text())

    return {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


def _json(fine: bool, account: dict[str, object]) -> Answer:
    body = json.dumps(account, ensure_ascii=False, indent=1).encode() + b"\n"
    return Answer(status=200 if fine else 503, content_type="application/json", body=body)
