"""Configuration keys out of the environment: `AZIMUT_SUPPORT_SECTION__KEY` stands before what the file holds.

It only lays the texts over the file's tables; whether a value is right is judged with the rest, by `model`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from types import NoneType
from typing import Final, get_args, get_origin

from pydantic import BaseModel

from daemon.settings.faults import Fault
from daemon.settings.judging import Location, proposal, shown
from daemon.settings.model import AGENTS, SECTIONS, Agent

PREFIX: Final = "AZIMUT_SUPPORT_"
IMAP_PASSWORD: Final = "AZIMUT_SUPPORT_IMAP__PASSWORD"  # noqa: S105 - the name of a variable
SMTP_PASSWORD: Final = "AZIMUT_SUPPORT_SMTP__PASSWORD"  # noqa: S105
CONFIG: Final = "AZIMUT_SUPPORT_CONFIG"

_NO_KEYS: Final = frozenset({CONFIG, IMAP_PASSWORD, SMTP_PASSWORD})
_AGENT: Final = re.compile(rf"{AGENTS.upper()}__([1-9]\d{{0,2}})__(\w+)", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def overlay(
    tables: dict[str, object], environ: Mapping[str, str]
) -> tuple[dict[str, object], dict[Location, str], list[Fault]]:
    """The tables with the environment's values laid over them; which variable each came from; and a fault for
    each variable that no key answers to. Agents are counted from 1: `AZIMUT_SUPPORT_AGENTS__1__NAME`; the
    number after the last one adds an agent. `tables` itself is left as it is."""
    result = dict(tables)
    origins: dict[Location, str] = {}
    faults: list[Fault] = []
    for variable in sorted(environ, key=_in_order):
        if not variable.startswith(PREFIX) or variable in _NO_KEYS:
            continue
        where = _place(variable.removeprefix(PREFIX), result)
        if where is None:
            faults.append(_unknown(variable, environ[variable]))
        elif _put(result, where, _read(where, environ[variable])):
            origins[where] = variable
    return result, origins, faults


def _in_order(variable: str) -> tuple[str, int, str]:
    """Agents by their number, so that 10 comes after 9 and each may extend the list by one."""
    agent = _AGENT.fullmatch(variable.removeprefix(PREFIX))
    return ("", int(agent[1]), agent[2]) if agent else (variable, 0, "")


def _place(name: str, tables: Mapping[str, object]) -> Location | None:
    agent = _AGENT.fullmatch(name)
    if agent:
        index, key = int(agent[1]) - 1, agent[2].lower()
        present = tables.get(AGENTS, [])
        known = key in Agent.model_fields and isinstance(present, list) and index <= len(present)
        return (AGENTS, index, key) if known else None
    section, _, key = name.lower().partition("__")
    model = SECTIONS.get(section)
    return (section, key) if name.isupper() and model and key in model.model_fields else None


def _put(tables: dict[str, object], where: Location, value: object) -> bool:
    """Lay one value over; False when the file holds something there that is no table (a fault by itself)."""
    section = str(where[0])
    if section == AGENTS:
        return _put_agent(tables, where, value)
    table = tables.get(section, {})
    if not isinstance(table, dict):
        return False
    tables[section] = {**table, str(where[1]): value}
    return True


def _put_agent(tables: dict[str, object], where: Location, value: object) -> bool:
    present = tables.get(AGENTS, [])
    agents = list(present) if isinstance(present, list) else []
    index = int(where[1])
    if index == len(agents):
        agents.append({})
    if not isinstance(agents[index], dict):
        return False
    agents[index] = {**agents[index], str(where[2]): value}
    tables[AGENTS] = agents
    return True


def _read(where: Location, text: str) -> object:
    """The value that the text means for this key. What cannot be read stays text, and the key refuses it."""
    model: type[BaseModel] = Agent if where[0] == AGENTS else SECTIONS[str(where[0])]
    kind = model.model_fields[str(where[-1])].annotation
    if get_origin(kind) is tuple:
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError):
            return text
    if kind is bool:
        return {"true": True, "false": False}.get(text.strip(), text)
    kinds = {k for k in get_args(kind) if k is not NoneType} or {kind}
    return int(text) if int in kinds and _WHOLE.fullmatch(text.strip()) else text


def _unknown(variable: str, text: str) -> Fault:
    known = [f"{s}__{key}".upper() for s, model in SECTIONS.items() for key in model.model_fields]
    known += [f"{AGENTS}__1__{key}".upper() for key in Agent.model_fields]
    known += sorted(name.removeprefix(PREFIX) for name in _NO_KEYS)
    near = proposal(variable.removeprefix(PREFIX).upper(), known)
    hint = f"did you mean {PREFIX}{near}?" if near else f"expected {PREFIX}SECTION__KEY"
    expected = f"is no key of the configuration: {hint}"
    return Fault(file="environment", key=variable, holds=shown(text, key=variable), expected=expected)
