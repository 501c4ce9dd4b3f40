"""A process that has everything imported and the model loaded, and forks a daemon per request.

A daemon takes three seconds to import spaCy and to load the model, and crash tests start some dozens. Each
child is the real daemon as `azimut-support run` builds it, on the real configuration. It can be told to kill
itself (SIGKILL: no clean-up of any kind) before or after the nth call of a named method.

Requests and answers are JSON, one per line:
  {"start": CONFIG, "once": bool, "crash": {"target": "module:Class.method", "when": "before", "nth": 1}}
  -> {"pid": N};    {"wait": PID} -> {"status": N}  (negative: the signal);    {"kill": PID} -> {"killed": PID}
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    from classifiers.pipeline import load

    from daemon import app
    from daemon.settings.load import load_settings

    model = load()
    app.TriageClassifier._load = staticmethod(lambda: model)  # type: ignore[method-assign]
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            answer = {"pid": _fork(request, app, load_settings)}
        elif "kill" in request:
            os.kill(request["kill"], signal.SIGKILL)
            answer = {"killed": request["kill"]}
        elif "term" in request:
            os.kill(request["term"], signal.SIGTERM)
            answer = {"terminated": request["term"]}
        else:
            _, status = os.waitpid(request["wait"], 0)
            answer = {"status": os.waitstatus_to_exitcode(status)}
        print(json.dumps(answer), flush=True)


def _fork(request: dict[str, Any], app: Any, load_settings: Callable[..., Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        from daemon.edges.system import configure_logging

        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 2)
        os.dup2(log, 1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        configure_logging(json=True, level="info")
        if request.get("crash"):
            _arm(**request["crash"])
        settings = load_settings(Path(request["start"]), environ={})
        work = app.run_once if request.get("once") else app.run
        asyncio.run(work(settings))
        status = 0
    finally:
        os._exit(status)


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
