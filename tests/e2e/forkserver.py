"""A process that has everything imported and the model loaded, and forks a daemon per request.

A daemon takes three seconds to import spaCy and to load the model, and crash tests start some dozens. Each
child is the real `azimut-support … run` with its exit status, on the real configuration. It can be told to
kill itself (SIGKILL: no clean-up of any kind) before or after the nth call of a named method, to fail on mails
that hold a word or to die of them, to live by a clock that is set from outside, to log how long its event loop
stood still, and to hurry: every pause and timeout that is minutes in the field is a fraction of a second.

Requests and answers are JSON, one per line:
  {"start": CONFIG, "log": FILE, "once": bool, "resume": bool, "hurry": bool, "poison": "word", "grace": 1.0,
   "deadly": "word", "clock": FILE with the seconds that it is off, "stalls": bool,
   "crash": {"target": "module:Class.method", "when": "before", "nth": 1}}  -> {"pid": N}
  {"smtp": [ARGUMENTS]}  -> {"pid": N, "port": N}: tests.servers.smtp_peer, without the second to import it
  {"wait": PID} -> {"status": N}  (negative: the signal);    {"poll": PID} -> {"status": N or null}
  {"kill": PID} -> {"killed": PID};                          {"term": PID} -> {"terminated": PID}
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import json
import logging
import os
import signal
import socket
import sys
import time
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.servers import smtp_peer


def main() -> None:
    from daemon import app
    from daemon.edges import reading_process
    from daemon.edges.reading import ReadingRoom, TriageModel, worker

    model = TriageModel()
    worker.TriageModel = lambda: model  # type: ignore[misc,assignment]
    reading_process.spawn = _fork_reader
    app.ReadingRoom = functools.partial(ReadingRoom, spawn=_fork_reader)  # type: ignore[misc]
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            answer = {"pid": _fork(request)}
        elif "smtp" in request:
            answer = _fork_smtp(request["smtp"])
        elif "kill" in request:
            os.kill(request["kill"], signal.SIGKILL)
            answer = {"killed": request["kill"]}
        elif "term" in request:
            os.kill(request["term"], signal.SIGTERM)
            answer = {"terminated": request["term"]}
        elif "poll" in request:
            gone, status = os.waitpid(request["poll"], os.WNOHANG)
            answer = {"status": os.waitstatus_to_exitcode(status) if gone else None}
        else:
            _, status = os.waitpid(request["wait"], 0)
            answer = {"status": os.waitstatus_to_exitcode(status)}
        print(json.dumps(answer), flush=True)


def _fork(request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        from daemon import app, cli

        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 2)
        os.dup2(log, 1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if request.get("crash"):
            _arm(**request["crash"])
        if request.get("hurry"):
            _hurry()
        if request.get("grace"):
            app.GRACE = request["grace"]
        if request.get("poison"):
            _poison(request["poison"])
        if request.get("deadly"):
            _deadly(request["deadly"])
        if request.get("clock"):
            _clock(request["clock"])
        if request.get("stalls"):
            _tell_stalls()
        flags = [f"--{flag}" for flag in ("once", "resume") if request.get(flag)]
        status = cli.main(["--config", request["start"], "run", "--log-json", *flags])
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(status)


def _fork_reader(sock: socket.socket) -> int:
    """The real reading process, without the seconds that loading takes."""
    from daemon.edges.reading import worker

    pid = os.fork()
    if not pid:
        try:
            _only(sock.fileno())
            worker.serve(sock)
        finally:
            os._exit(1)
    return pid


def _only(descriptor: int) -> None:
    """As after an exec: nothing of the daemon's stays open here, or its sockets would outlive it."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 4096)


def _fork_smtp(arguments: list[str]) -> dict[str, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.dup2(writing, 1)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.close(reading)
            smtp_peer.main(arguments)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as port:
        return {"pid": pid, "port": int(port.readline())}


def _hurry() -> None:
    """The waits of the field, short. What is waited for, and in which order, stays the same."""
    from daemon import app
    from daemon.core import retry
    from daemon.edges.smtp import pace
    from daemon.loops import backoff, intake
    from daemon.store import location

    soon = timedelta(seconds=0.2)
    for module, name, value in (
        (retry, "DELAYS", (soon,)),
        (retry, "UNKNOWN_DELAY", soon),
        (retry, "UNREACHABLE_DELAY", (soon, soon)),
        (pace, "_NETWORK", (0.1,)),
        (backoff, "_NETWORK", (0.2,)),
        (backoff, "_REFUSED", (0.4,)),
        (intake, "SWEEP_EVERY", soon),
        (app, "ImapServer", functools.partial(app.ImapServer, timeout=1.5)),
    ):
        if not hasattr(module, name):
            raise LookupError(f"{module.__name__} has no {name} any more")
        setattr(module, name, value)
    location._PRAGMAS["busy_timeout"] = 300


def _poison(word: str) -> None:
    """The deciding core fails on every mail that holds this word: a fault of ours, as any release may have."""
    from daemon.loops import reader

    healthy = reader.on_mail

    def on_mail(inbound: Any, *rest: Any) -> Any:
        if word.encode() in inbound.raw:
            raise ZeroDivisionError("poisoned by the test")
        return healthy(inbound, *rest)

    reader.on_mail = on_mail


def _deadly(word: str) -> None:
    """A mail that holds this word ends the reading process or, with DAEMON before it, the daemon itself: as a
    crash in a library or the OOM killer does."""
    from daemon.edges.reading import worker
    from daemon.loops import reader

    open_mail, on_mail = worker.open_mail, reader.on_mail

    def opening(data: bytes, truncated: bool, **options: Any) -> Any:
        if word.encode() in data and f"DAEMON {word}".encode() not in data:
            os.kill(os.getpid(), signal.SIGKILL)
        return open_mail(data, truncated, **options)

    def deciding(inbound: Any, *rest: Any) -> Any:
        if f"DAEMON {word}".encode() in inbound.raw:
            os.kill(os.getpid(), signal.SIGKILL)
        return on_mail(inbound, *rest)

    worker.open_mail, reader.on_mail = opening, deciding


def _clock(path: str) -> None:
    """The machine's clock is off by as many seconds as stand in this file, at each look."""
    from daemon.edges.system import SystemClock

    true = SystemClock.now

    def now(self: SystemClock) -> Any:
        return true(self) + timedelta(seconds=float(Path(path).read_text()))

    SystemClock.now = now  # type: ignore[method-assign]


def _tell_stalls() -> None:
    """A line in the log for every tenth of a second and more in which the event loop did nothing else."""
    from daemon import app

    watchers = app.watchers

    async def look() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.01)
            now = time.monotonic()
            if now - last > 0.1:
                logging.getLogger("azimut.test").warning("stall", extra={"fields": {"seconds": now - last}})
            last = now

    app.watchers = lambda *known: {**watchers(*known), "stalls": look()}


def _arm(target: str, when: str, nth: int = 1) -> None:
    """SIGKILL this process before or after the nth call of `target`."""
    module_name, _, path = target.partition(":")
    owner: Any = importlib.import_module(module_name)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)
    left = nth

    def die() -> bool:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    if inspect.isasyncgenfunction(original):

        @functools.wraps(original)
        async def crashing_generator(*args: Any, **kwargs: Any) -> Any:
            async for item in original(*args, **kwargs):
                die()
                yield item

        setattr(owner, name, crashing_generator)
    elif inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def crashing(*args: Any, **kwargs: Any) -> Any:
            if when == "before":
                die()
            result = await original(*args, **kwargs)
            if when == "after":
                die()
            return result

        setattr(owner, name, crashing)
    else:

        @functools.wraps(original)
        def crashing_call(*args: Any, **kwargs: Any) -> Any:
            if when == "before":
                die()
            result = original(*args, **kwargs)
            if when == "after":
                die()
            return result

        setattr(owner, name, crashing_call)


if __name__ == "__main__":
    main()
