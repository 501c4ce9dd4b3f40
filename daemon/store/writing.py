"""Rows into tables: one statement for any number of rows, its text built once.

Tortoise's bulk_create gives no keys back, says nothing of rows left out by a conflict, and builds its
statement anew whenever there is a conflict clause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tortoise.models import Model

from daemon.store.connection import Client, Row, Statement, rows


async def insert(
    client: Client, model: type[Model], values: Sequence[Mapping[str, Any]], tail: str = ""
) -> list[Row]:
    """Insert these rows, in their order, and return what RETURNING gives; see `insertion`."""
    return await rows(client, *insertion(model, values, tail)) if values else []


def insertion(model: type[Model], values: Sequence[Mapping[str, Any]], tail: str = "") -> Statement:
    """The statement that inserts these rows. `values` are by field name; a field left out takes its default,
    or null. `tail` is what stands after VALUES: ON CONFLICT and RETURNING."""
    names = _names(model)
    parameters: list[object] = []
    for row in values:
        unknown = row.keys() - set(names)
        if unknown:
            raise KeyError(f"{model._meta.db_table} has no field {', '.join(sorted(unknown))}")
        for name in names:
            field = model._meta.fields_map[name]
            value = row.get(name, field.default)
            parameters.append(None if value is None else field.to_db_value(value, model))
    return _statement(model, len(values), tail), parameters


def column(model: type[Model], name: str, value: object) -> object:
    """`value` as the database keeps it in this field: for comparisons in statements."""
    return None if value is None else model._meta.fields_map[name].to_db_value(value, model)


@lru_cache(maxsize=64)
def _names(model: type[Model]) -> tuple[str, ...]:
    meta = model._meta
    return tuple(name for name in meta.fields_db_projection if not meta.fields_map[name].generated)


@lru_cache(maxsize=512)
def _statement(model: type[Model], count: int, tail: str) -> str:
    columns = [model._meta.fields_db_projection[name] for name in _names(model)]
    named = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join(["(" + ", ".join("?" * len(columns)) + ")"] * count)
    return f'INSERT INTO "{model._meta.db_table}" ({named}) VALUES {places} {tail}'  # noqa: S608 - own names
