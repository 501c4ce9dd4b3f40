"""What a check found of one thing, in words for the person who asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`level`: ok, warning or failed. `text` says what was found, and the remedy where there is something to
    do."""

    name: str
    level: str
    text: str


def ok(name: str, text: str) -> Finding:
    return Finding(name=name, level="ok", text=text)


def warning(name: str, text: str) -> Finding:
    return Finding(name=name, level="warning", text=text)


def failed(name: str, text: str) -> Finding:
    return Finding(name=name, level="failed", text=text)
