"""From `azimut-support.toml`, `sla.toml` and the environment to `Settings`, or to every fault at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import ValidationError

from daemon.core import policy as core
from daemon.settings import crosscheck
from daemon.settings.environment import CONFIG, overlay
from daemon.settings.faults import ConfigError, Fault
from daemon.settings.judging import Source, unknown_section
from daemon.settings.model import (
    AGENTS,
    SECTIONS,
    Agent,
    Alarm,
    Desk,
    Http,
    Imap,
    Limits,
    Mail,
    Section,
    Settings,
    Smtp,
    Store,
)

if TYPE_CHECKING:
    from daemon.core.sla.promises import SlaVersion

SYSTEM_CONFIG: Final = Path("/etc/azimut-support/azimut-support.toml")
CHECKOUT: Final = Path(__file__).parents[2]

_S = TypeVar("_S", bound=Section)


def find_config(explicit: str | None, environ: Mapping[str, str] | None = None) -> Path:
    """The configuration file: `--config`, else $AZIMUT_SUPPORT_CONFIG, else that of the system, else that of
    the checkout. A file that is named need not exist yet: reading it tells. Raises `ConfigError`."""
    env = os.environ if environ is None else environ
    named = explicit or env.get(CONFIG)
    if named:
        return Path(named)
    candidates = [SYSTEM_CONFIG]
    if (CHECKOUT / "pyproject.toml").is_file():  # an installed wheel has no checkout around it
        candidates.append(CHECKOUT / "config" / "azimut-support.toml")
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    looked = ", ".join(map(str, candidates))
    expected = f"expected a file in one of these places, or one named by --config or ${CONFIG}"
    raise ConfigError([Fault(file=looked, key="configuration", holds="missing", expected=expected)])


def load_settings(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The configuration, checked as a whole. Relative paths in it start at its own folder. Raises
    `ConfigError` with every fault of the file, of the environment and of `sla.toml`."""
    path = path.absolute()
    env = os.environ if environ is None else environ
    tables, origins, faults = overlay(_read(path), env)
    source = Source(file=str(path), variables=origins)
    sections, agents, wrong = _sections(tables, source, path.parent)
    faults += wrong
    faults += crosscheck.faults(sections, agents, source)
    sla, wrong = _sla(tables, sections, path)
    faults += wrong
    if faults:
        raise ConfigError(faults)
    return _settings(sections, tuple(agents.values()), sla, path)


def policy(settings: Settings) -> core.Policy:
    """What the core needs to know of the configuration."""
    desk = settings.desk
    return core.Policy(
        desk_address=desk.address,
        desk_name=desk.name,
        timezone=desk.timezone,
        language=desk.language,
        phone=desk.phone,
        agents=tuple(
            core.Agent(name=a.name, handle=a.handle, addresses=a.addresses, manager=a.manager)
            for a in settings.agents
        ),
        escalation=desk.escalation,
        oncall=desk.oncall,
        sla=settings.sla,
        limits=core.Limits(**settings.limits.model_dump()),
        voicemail_senders=settings.mail.voicemail_senders,
        voicemail_p1=settings.mail.voicemail_p1,
        trusted_authserv=settings.imap.trusted_authserv,
        plus_addressing=desk.plus_addressing,
        hold=settings.mail.hold,
        ask_before_update=int(settings.mail.ask_before_update),
        away_on_autoreply=settings.mail.away_on_autoreply,
        auto_resolve=settings.mail.auto_resolve,
        digest=settings.mail.digest,
    )


def _read(path: Path) -> dict[str, object]:
    """The tables of a TOML file. Without them nothing else can be judged, so this fault stands alone."""
    try:
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")  # editors on Windows write a BOM
    except OSError as trouble:
        reason = trouble.strerror or type(trouble).__name__
        expected = f"{reason.lower()}: expected a configuration that can be read"
        fault = Fault(file=str(path), key="file", holds="", expected=expected)
        raise ConfigError([fault]) from trouble
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as trouble:
        row = data.count(b"\n", 0, trouble.start) + 1
        holds = f"byte 0x{data[trouble.start]:02x}"
        fault = Fault(file=str(path), key=f"line {row}", holds=holds, expected="expected text in UTF-8")
    except (tomllib.TOMLDecodeError, RecursionError) as trouble:
        fault = Fault(file=str(path), key="TOML", holds="", expected=f"{trouble}: expected valid TOML")
    raise ConfigError([fault])


def _sections(
    tables: Mapping[str, object], source: Source, folder: Path
) -> tuple[dict[str, Section], dict[int, Agent], list[Fault]]:
    """Every section that is right, every agent that is right by its number, and the faults of the others."""
    context = {"folder": folder}
    faults = [
        source.fault((name,), value, unknown_section(name))
        for name, value in tables.items()
        if name not in SECTIONS and name != AGENTS
    ]
    sections: dict[str, Section] = {}
    for name, model in SECTIONS.items():
        try:
            sections[name] = model.model_validate(tables.get(name, {}), context=context)
        except ValidationError as error:
            faults += source.faults_of((name,), error)
    agents: dict[int, Agent] = {}
    listed = tables.get(AGENTS, [])
    if not isinstance(listed, list):
        faults.append(source.fault((AGENTS,), listed, "expected [[agents]], a table for each agent"))
        listed = []
    for index, table in enumerate(listed):
        try:
            agents[index] = Agent.model_validate(table, context=context)
        except ValidationError as error:
            faults += source.faults_of((AGENTS, index), error)
    return sections, agents, faults


def _sla(
    tables: Mapping[str, object], sections: Mapping[str, Section], path: Path
) -> tuple[tuple[SlaVersion, ...], list[Fault]]:
    """The promises. Their file is read even when [desk] has faults, so that all are told together."""
    from daemon.settings.sla import load_sla

    desk = sections.get("desk")
    if isinstance(desk, Desk):
        where = desk.sla
    else:
        raw = tables.get("desk")
        named = raw.get("sla", "sla.toml") if isinstance(raw, dict) else "sla.toml"
        if not isinstance(named, str) or not named or "\0" in named:
            return (), []
        where = path.parent / named
    try:
        return load_sla(where), []
    except ConfigError as error:
        return (), list(error.faults)


def _settings(
    sections: Mapping[str, Section], agents: tuple[Agent, ...], sla: tuple[SlaVersion, ...], path: Path
) -> Settings:
    desk, imap = _section(sections, Desk), _section(sections, Imap)
    smtp, mail = _section(sections, Smtp), _section(sections, Mail)
    if not imap.username:
        imap = imap.model_copy(update={"username": desk.address})
    return Settings(
        desk=desk,
        imap=imap,
        smtp=smtp,
        store=_section(sections, Store),
        mail=mail,
        limits=_section(sections, Limits),
        agents=agents,
        http=_section(sections, Http),
        alarm=_section(sections, Alarm),
        sla=sla,
        path=path,
        warnings=crosscheck.warnings(desk, imap, smtp, agents),
    )


def _section(sections: Mapping[str, Section], kind: type[_S]) -> _S:
    return next(section for section in sections.values() if isinstance(section, kind))
