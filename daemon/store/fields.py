"""The column types of the store. They are the same on SQLite and PostgreSQL and compare the same on both.

They know nothing of tables or of what is decided.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tortoise.fields import ForeignKeyField, OnDelete
from tortoise.fields.base import Field

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

KEY_BYTES: Final = 500
"""Longest indexed text. PostgreSQL refuses index entries over 2,704 bytes, and whoever writes a mail chooses
how long its Message-ID is."""


def to_microseconds(instant: datetime) -> int:
    """Microseconds since 1970 in UTC, exact. Raises ValueError for a naive datetime."""
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError(f"an instant needs its zone: {instant.isoformat()}")
    return (instant - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    return _EPOCH + count * _MICROSECOND


def clean(text: str) -> str:
    """What both databases can hold: no NUL (PostgreSQL refuses it), no lone surrogate (no UTF-8 exists)."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text


def key_of(text: str) -> str:
    """The text itself, or a digest of it where it is too long for an index. Equal texts give equal keys."""
    cleaned = clean(text)
    if len(cleaned.encode()) <= KEY_BYTES:
        return cleaned
    return "sha256:" + hashlib.sha256(cleaned.encode()).hexdigest()


class Instant(Field[datetime]):
    """An instant as BIGINT microseconds since 1970, UTC: no text, no zone, the order of time."""

    SQL_TYPE = "BIGINT"
    field_type = datetime

    def to_db_value(self, value: Any, _instance: Any) -> int | None:
        return None if value is None else to_microseconds(value)

    def to_python_value(self, value: Any) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value
        return from_microseconds(int(value))


class Words(Field[str]):
    """Text of any length. It may be indexed where its writer keeps it short (`Key` does by itself)."""

    SQL_TYPE = "TEXT"
    field_type = str

    def to_db_value(self, value: Any, _instance: Any) -> str | None:
        return None if value is None else clean(str(value))

    def to_python_value(self, value: Any) -> str | None:
        return None if value is None else str(value)


class Key(Words):
    """Indexed text that comes from outside: written and asked for by `key_of`."""

    def to_db_value(self, value: Any, _instance: Any) -> str | None:
        return None if value is None else key_of(str(value))


class Json(Field[Any]):
    """JSON as ASCII text, the same bytes on both databases; asked for whole, never searched in."""

    SQL_TYPE = "TEXT"
    field_type = object
    indexable = False

    def to_db_value(self, value: Any, _instance: Any) -> str:
        return json.dumps(value, separators=(",", ":"))

    def to_python_value(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value


def belongs_to(model: str) -> Any:
    """A foreign key. What is pointed at cannot be deleted under it."""
    return ForeignKeyField(f"desk.{model}", related_name=False, on_delete=OnDelete.RESTRICT)
