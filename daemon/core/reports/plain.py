"""A statement as plain data, ready for JSON: what a mail's context holds, and what `report --json` prints.

Instants are ISO 8601 in UTC, amounts are decimals as text, mappings keep their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

from daemon.core.sla.statement import Statement


def plain_statement(made: Statement) -> dict[str, object]:
    """Every field under its own name."""
    return {field.name: _plain(getattr(made, field.name)) for field in fields(made)}


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case Mapping():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value
