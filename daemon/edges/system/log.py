"""The log: one line on stderr per event, whatever stands in the values.

The convention for loops, edges and store: an event has a short constant name and its facts as fields,

    log = logging.getLogger("azimut.outbox")
    log.warning("mail_not_sent", extra={"fields": {"row": 12, "reason": "421 too busy"}})

which becomes `warning mail_not_sent row=12 reason="421 too busy"`, or one JSON object. Fields hold
references, addresses and reasons, never a subject, a text or a secret: nothing is filtered out afterwards,
because what must not be in the log is never given to it. Of an object that is no plain value only its type
is shown.
"""

from __future__ import annotations

import json as jsonlib
import logging
import math
import os
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import PurePath
from typing import Final, TextIO

LONGEST_VALUE: Final = 500
LONGEST_LINE: Final = 8000
"""Characters. journald splits a line at 48 KB, and a log is for reading."""

MOST_ITEMS: Final = 40
DEEPEST: Final = 4
FRAMES: Final = 12

_OURS: Final = "azimut"
_CHATTY: Final = (
    "aioimaplib", "aioimaplib.aioimaplib", "aiosmtplib", "aiosqlite", "asyncio", "asyncpg", "mailparser",
    "mail.log", "pymap", "tortoise", "tortoise.db_client",
)  # fmt: skip
"""Libraries that write whole mails, logins or queries into the log below warning: whatever level is asked."""

_PRIORITY: Final = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}
"""syslog's numbers, as sd-daemon(3) takes them in front of a line."""

_BARE: Final = re.compile(r"[A-Za-z0-9_./:@+*,<>\[\]-]+")


def configure_logging(*, json: bool, level: str, stream: TextIO | None = None) -> None:
    """Log to stderr (or `stream`) from now on; `level`: debug, info, warning, error. May be called again."""
    target = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(target)
    handler.setFormatter(JsonLines() if json else PlainLines(priority=_is_journal(target)))
    root = logging.getLogger()
    for old in tuple(root.handlers):
        if isinstance(old.formatter, PlainLines | JsonLines):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.getLevelNamesMapping()[level.upper()])
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


class PlainLines(logging.Formatter):
    """`level event key=value ...`, with `<N>` in front when systemd's journal reads us."""

    def __init__(self, *, priority: bool) -> None:
        super().__init__()
        self._priority = priority

    def format(self, record: logging.LogRecord) -> str:
        event, fields = _event(record)
        level = record.levelname.lower()
        line = " ".join([level, event, *(f"{key}={_plain(value)}" for key, value in fields.items())])
        line = line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
        return f"<{_PRIORITY.get(record.levelno, 5)}>{line}" if self._priority else line


class JsonLines(logging.Formatter):
    """`{"time", "level", "event", ...fields}`; a field of one of these names gets a `_` behind it."""

    def format(self, record: logging.LogRecord) -> str:
        event, fields = _event(record)
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        whole: dict[str, object] = {"time": time, "level": record.levelname.lower(), "event": event}
        for key, value in fields.items():
            whole[key + "_" if key in whole else key] = value
        line = jsonlib.dumps(whole, ensure_ascii=False)
        if len(line) > LONGEST_LINE:  # cut fields, not JSON
            keys = [key for key in whole if key not in ("time", "level", "event")]
            kept: dict[str, object] = {**{k: whole[k] for k in ("time", "level", "event")}, "cut": keys}
            line = jsonlib.dumps(kept, ensure_ascii=False)
        return line


def _event(record: logging.LogRecord) -> tuple[str, dict[str, object]]:
    """The event's name and its fields, made safe. What a library says is the field `text` of event `log`."""
    fields: dict[str, object] = {}
    if record.name.partition(".")[0] == _OURS:
        event = _word(record.getMessage())
        given = getattr(record, "fields", None)
        if isinstance(given, Mapping):
            for key, value in list(given.items())[:MOST_ITEMS]:
                fields[_word(str(key))] = _safe(value)
    else:
        event = "log"
        fields = {"logger": _safe(record.name), "text": _safe(record.getMessage())}
    fault = record.exc_info[1] if record.exc_info else None
    if fault is not None:
        fields |= _fault(fault)
    return event, fields


def _fault(fault: BaseException) -> dict[str, object]:
    """An exception in one line: its kind and text, where it was raised, and what kind of fault led to it."""
    frames = traceback.extract_tb(fault.__traceback__)[-FRAMES:]
    places = [f"{PurePath(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames]
    fields: dict[str, object] = {
        "fault": type(fault).__name__,
        "fault_text": _safe(str(fault)),
        "fault_at": _safe(" > ".join(places)),
    }
    if fault.__cause__ is not None:
        fields["fault_cause"] = type(fault.__cause__).__name__
    return fields


def _safe(value: object, depth: int = 0) -> object:
    """The value as JSON can hold it: strings escaped and bounded, containers bounded, else a type's name."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _escaped(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return _escaped(str(value))
    if depth < DEEPEST and isinstance(value, Mapping):
        return {_escaped(str(k)): _safe(v, depth + 1) for k, v in list(value.items())[:MOST_ITEMS]}
    if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_safe(item, depth + 1) for item in list(value)[:MOST_ITEMS]]
    return f"<{type(value).__name__}>"


def _escaped(text: str) -> str:
    """No control, bidi or line-separating character survives as itself, nor a lone surrogate; a backslash is
    doubled, so that an escape can be told from what only looks like one."""
    bounded = text[:LONGEST_VALUE]
    safe = "".join(
        c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in bounded
    )
    return safe if len(text) <= LONGEST_VALUE else safe + "…"


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value if _BARE.fullmatch(value) else _quoted(value)
    if value is None or isinstance(value, bool | int | float):
        return jsonlib.dumps(value)
    return _quoted(jsonlib.dumps(value, ensure_ascii=False))


def _quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def _word(text: str) -> str:
    """A name of an event or a field: it must not look like anything else in the line."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", text)[:60] or "_"


def _is_journal(stream: TextIO) -> bool:
    """Whether systemd says that this very stream goes to the journal (JOURNAL_STREAM=device:inode)."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # no file behind it
        return False
    return os.environ.get("JOURNAL_STREAM", "") == f"{found.st_dev}:{found.st_ino}"
