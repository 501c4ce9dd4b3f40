"""Words for faults: what a key holds, where it stands, which known key an unknown one may mean.

Secrets are never shown: not what stands under a key that sounds like one, not the password of a URL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError

from daemon.settings.faults import Fault
from daemon.settings.model import AGENTS, SECTIONS, Agent

Location = tuple[str | int, ...]

_SECRET: Final = re.compile(r"pass|secret|token|credential|api_?key", re.IGNORECASE)
_SECRETS: Final = ("password", "passwd", "secret", "token")
_FILES: Final = frozenset({"password_file", "secret_file"})  # name a place, hold no secret
_URL_PASSWORD: Final = re.compile(r"(://[^:/@\s]*):.*@")
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where values came from: the file, and for some keys a variable of the environment."""

    file: str
    variables: Mapping[Location, str] = field(default_factory=dict)

    def fault(self, where: Location, value: object, expected: str) -> Fault:
        """A fault of the value at `where`, which is told by the name that the owner wrote it under."""
        variable = next((self.variables[w] for w in _upwards(where) if w in self.variables), None)
        holds = shown(value, key=key_name(where))
        if variable is None:
            return Fault(file=self.file, key=key_name(where), holds=holds, expected=expected)
        return Fault(file="environment", key=variable, holds=holds, expected=expected)

    def faults_of(self, section: Location, error: ValidationError) -> list[Fault]:
        """One fault for each thing that a section's class refused."""
        return [
            self.fault((*section, *entry["loc"]), *_judged(section, entry["loc"], entry["type"], entry))
            for entry in error.errors(include_url=False)
        ]


def key_name(where: Location) -> str:
    """ "imap.port", or "agents.2.address": agents are counted from 1."""
    return ".".join(str(step + 1) if isinstance(step, int) else _bare(step) for step in where)


def shown(value: object, *, key: str = "") -> str:
    """What a key holds, as TOML would write it, short, and never a secret."""
    if value is MISSING:
        return "missing"
    if sounds_secret(key):
        return "(not shown)"
    written = json.dumps(value, ensure_ascii=False, default=str)
    written = _URL_PASSWORD.sub(r"\1:(not shown)@", written)
    written = written.encode("utf-8", "backslashreplace").decode()
    return written if len(written) <= _LONGEST else written[: _LONGEST - 1] + "…"


def sounds_secret(key: str) -> bool:
    """Whether a secret may stand under this key or variable, however it is misspelt."""
    name = key.lower().rpartition(".")[2].rpartition("__")[2]
    if name in _FILES:
        return False
    return bool(_SECRET.search(name) or get_close_matches(name, _SECRETS, 1, 0.75))


def unknown_section(name: str) -> str:
    """What was expected instead of a section that does not exist."""
    known = [*SECTIONS, AGENTS]
    homes = [f"[{home}]" for home, model in SECTIONS.items() if name in model.model_fields]
    if homes:
        return f"is no section: this key belongs into {' or '.join(homes)}"
    return "is no section: " + _proposal(name, known, "sections")


def unknown_key(section: str, name: str) -> str:
    """What was expected instead of a key that does not exist in this section."""
    if sounds_secret(name):
        return "is no key: a secret stands in a file of its own, see `password_file`"
    known = list((Agent if section == AGENTS else SECTIONS[section]).model_fields)
    homes = [home for home, model in SECTIONS.items() if name in model.model_fields]
    if homes and not get_close_matches(name, known, 1, 0.75):
        return "is no key here: it belongs into " + " or ".join(f"[{home}]" for home in homes)
    return "is no key: " + _proposal(name, known, "keys")


def proposal(name: str, known: Sequence[str]) -> str:
    """The nearest known name, empty when none is near."""
    return next(iter(get_close_matches(name, known, 1)), "")


class _Missing:
    """The mark of a key that is not there at all."""


MISSING: Final = _Missing()


def _judged(section: Location, loc: Location, kind: str, entry: Mapping[str, object]) -> tuple[object, str]:
    name = str(section[0])
    if kind == "extra_forbidden":
        return entry["input"], unknown_key(name, str(loc[-1]))
    if kind == "missing":
        return MISSING, "expected this key in every [[agents]] table"
    if kind in {"model_type", "model_attributes_type"}:
        return entry["input"], f"expected a table [{name}]"
    return entry["input"], str(entry["msg"]).removeprefix("Value error, ")


def _proposal(name: str, known: Iterable[str], what: str) -> str:
    names = list(known)
    near = proposal(name, names)
    return f"did you mean {near!r}?" if near else f"known {what} are {', '.join(names)}"


def _bare(step: str) -> str:
    return step if re.fullmatch(r"[A-Za-z0-9_-]+", step) else json.dumps(step, ensure_ascii=True)


def _upwards(where: Location) -> Iterable[Location]:
    return (where[:end] for end in range(len(where), 0, -1))
