"""The desk that a scenario is played on: the owner's promises and rules, the scenario's people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from daemon.core.sla.promises import SlaVersion
from daemon.settings import crosscheck
from daemon.settings.faults import ConfigError
from daemon.settings.load import load_settings
from daemon.settings.model import AGENTS, SECTIONS, Agent, Desk, Imap, Limits, Section, Settings
from daemon.settings.resources import resource
from daemon.settings.sla import load_sla
from daemon.simulation.scenario_table import Faults, Table

_S = TypeVar("_S", bound=Section)

OVERLAID: Final = ("desk", "imap", "limits")
"""Sections of the configuration that a scenario may hold as well: its keys stand before the owner's. ([mail]
cannot be one: a scenario's [[mail]] are its mails.)"""


def desk_of(root: Table, base: Settings, folder: Path) -> Settings:
    """`base` with the sections and the agents of the scenario, whose relative paths start at `folder`.

    Agents, escalation and on-call addresses are those of the scenario, else of the shipped sample
    configuration: what becomes of a scenario does not depend on who plays it. Where the scenario's own agents
    have a manager among them, nobody of the sample is told beside them.
    """
    faults = root.faults
    sections: dict[str, Section] = {
        name: _overlaid(root, name, getattr(base, name), folder) for name in OVERLAID
    }
    desk = _as(sections["desk"], Desk)
    sample = load_settings(resource("config", "azimut-support.toml"), environ={})
    agents = dict(_agents(root, folder)) if root.has(AGENTS) else dict(enumerate(sample.agents))
    managed = root.has(AGENTS) and any(agent.manager for agent in agents.values())
    named = _named(root, "desk")
    if "escalation" not in named:
        desk = desk.model_copy(update={"escalation": () if managed else sample.desk.escalation})
    if "oncall" not in named:
        desk = desk.model_copy(update={"oncall": () if root.has(AGENTS) else sample.desk.oncall})
    sections["desk"] = desk
    faults.found += crosscheck.faults(sections, agents, faults.source)
    return replace(
        base,
        desk=desk,
        mail=base.mail.model_copy(update={"digest": None}),  # its mails speak of tickets
        imap=_as(sections["imap"], Imap),
        limits=_as(sections["limits"], Limits),
        agents=tuple(agents.values()),
        sla=_promises(desk, base, faults) if "sla" in named else base.sla,
    )


def _overlaid(root: Table, name: str, base: Section, folder: Path) -> Section:
    """The section with the scenario's own keys, as the configuration reads them."""
    if not root.has(name):
        return base
    try:
        own = SECTIONS[name].model_validate(root.data[name], context={"folder": folder})
    except ValidationError as error:
        root.faults.found += root.faults.source.faults_of((name,), error)
        return base
    return base.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})


def _agents(root: Table, folder: Path) -> Iterator[tuple[int, Agent]]:
    for number, table in enumerate(root.tables(AGENTS)):
        try:
            yield number, Agent.model_validate(table.data, context={"folder": folder})
        except ValidationError as error:
            root.faults.found += root.faults.source.faults_of((AGENTS, number), error)


def _promises(desk: Desk, base: Settings, faults: Faults) -> tuple[SlaVersion, ...]:
    try:
        return load_sla(desk.sla)
    except ConfigError as error:
        faults.found += error.faults
        return base.sla


def _named(root: Table, section: str) -> Mapping[str, object]:
    found = root.data.get(section)
    return found if isinstance(found, dict) else {}


def _as(section: Section, kind: type[_S]) -> _S:
    if not isinstance(section, kind):
        raise TypeError(f"expected the section {kind.__name__}")
    return section
