"""A scenario file read: every fault of it at once, each with the key, what it holds and what was expected."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from daemon.core.sla.promises import coverage_for, version_at
from daemon.core.values import Account, Address, Findings, Intent, Severity
from daemon.settings.account_cells import COLUMNS, read_row
from daemon.settings.faults import ConfigError, Fault
from daemon.settings.judging import Source
from daemon.settings.model import AGENTS, Settings
from daemon.simulation import scenario_fields as fields
from daemon.simulation.scenario import Bounce, Outage, Scenario, Service, WrittenMail
from daemon.simulation.scenario_desk import OVERLAID, desk_of
from daemon.simulation.scenario_table import Faults, Table

_KEYS: Final = ("start", "end", "customer", "mail", "bounce", "outage", AGENTS, *OVERLAID)
_FINDINGS: Final = ("intent", "other_means", "installs")
_WORDS: Final = ("subject", "body", "reply_to", "ticket", "to", "cc", "headers")
_MAIL: Final = ("at", "from", "file", "severity", *_WORDS, *_FINDINGS)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOBODY: Final = Address(address="")


def read_scenario(path: Path, base: Settings) -> Scenario:
    """The scenario in this file on the desk that `base` configures. Raises `ConfigError`."""
    faults = Faults(source=Source(file=str(path)))
    root = Table(_toml(path), (), faults)
    root.only(_KEYS)
    start = root.need("start", fields.instant, _EPOCH)
    end = root.need("end", fields.instant, _EPOCH)
    if end <= start and root.has("start") and root.has("end") and not faults.found:
        root.fault("end", end.isoformat(), "expected an instant after `start`")
    settings = desk_of(root, base, path.absolute().parent)
    scenario = Scenario(
        file=str(path),
        start=start,
        end=end,
        settings=settings,
        customers=_customers(root.tables("customer"), settings, start),
        mails=tuple(_mail(table, n, path) for n, table in enumerate(root.tables("mail"), 1)),
        bounces=tuple(_bounce(table, n) for n, table in enumerate(root.tables("bounce"), 1)),
        outages=tuple(_outage(table) for table in root.tables("outage")),
    )
    if not faults.found:
        _within(scenario, root)
    if faults.found:
        raise ConfigError(faults.found)
    return scenario


def _toml(path: Path) -> object:
    """The tables of the file. Without them nothing else can be judged, so this fault stands alone."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as trouble:  # a decoding fault is a ValueError
        if isinstance(trouble, OSError):
            said = f"{(trouble.strerror or type(trouble).__name__).lower()}: expected a file that can be read"
        elif isinstance(trouble, UnicodeDecodeError):
            said = f"byte 0x{trouble.object[trouble.start]:02x} at {trouble.start}: expected text in UTF-8"
        else:
            said = f"{trouble}: expected valid TOML"
        raise ConfigError([Fault(file=str(path), key="scenario", holds="", expected=said)]) from trouble


def _customers(tables: Iterable[Table], settings: Settings, start: datetime) -> tuple[Account, ...]:
    version = version_at(settings.sla, start)
    own = {settings.desk.address, *(address for agent in settings.agents for address in agent.addresses)}
    keys: dict[str, int] = {}
    holders: dict[str, str] = {}
    found = []
    for number, table in enumerate(tables, 1):
        table.only(COLUMNS)
        cells = {key: table.read(key, fields.cell, "") for key in table.data if key in COLUMNS}
        cells["plan"] = cells.get("plan") or "gratuit"
        account, wrong = read_row(cells, lambda plan: coverage_for(version, plan, None))
        for column, _, expected in wrong:
            table.fault(column, table.data.get(column, ""), expected)
        if account is None:
            continue
        first = keys.setdefault(account.key.casefold(), number)
        if first != number:
            table.fault("account", account.key, f"expected each account once, customer {first} has it too")
        for address in account.emails:
            holder = holders.setdefault(address, account.key)
            if holder != account.key:
                table.fault("emails", address, f"expected an address of one account only, {holder} has it")
            if address in own:
                table.fault("emails", address, "expected a customer's address, not the desk's or an agent's")
        found.append(account)
    return tuple(found)


def _mail(table: Table, number: int, path: Path) -> WrittenMail:
    table.only(_MAIL)
    raw = _bytes(table, path) if table.has("file") else None
    for key in _WORDS if raw is not None else ():
        if table.has(key):
            table.fault(key, table.data[key], "expected only one of it and `file`, which is the whole mail")
    answers = table.read("reply_to", fields.kind, "")
    sender = table.read("from", fields.person, _NOBODY) if raw is not None else None
    return WrittenMail(
        number=number,
        at=table.need("at", fields.instant, _EPOCH),
        sender=sender if sender is not None else table.need("from", fields.person, _NOBODY),
        subject=table.read("subject", fields.line, ""),
        body=table.read("body", fields.text, ""),
        reply_to=answers,
        ticket=table.read("ticket", fields.ticket, ""),
        to=table.read("to", fields.people, ()),
        cc=table.read("cc", fields.people, ()),
        headers=table.read("headers", fields.fields_of_header, ()),
        findings=_findings(table),
        raw=raw,
    )


def _findings(table: Table) -> Findings | None:
    """What stands in place of the classifier's verdict; None: it is asked."""
    if not table.has("severity"):
        for key in _FINDINGS:
            if table.has(key):
                table.fault(
                    key, table.data[key], "expected a `severity` beside it, else the classifier decides"
                )
        return None
    return Findings(
        intent=table.read("intent", fields.one_of(Intent), Intent.TICKET),
        intent_confidence=1.0,
        severity=table.need("severity", fields.one_of(Severity), Severity.S3),
        confidence=1.0,
        other_means=table.read("other_means", fields.word("yes", "no", "unknown"), "unknown"),
        installs=table.read("installs", fields.word("one", "many", "unknown"), "unknown"),
        language=None,  # parsing tells it
    )


def _bytes(table: Table, path: Path) -> bytes:
    named = table.read("file", fields.text, "")
    try:
        return (path.absolute().parent / named).read_bytes()
    except (OSError, ValueError) as trouble:
        reason = trouble.strerror if isinstance(trouble, OSError) and trouble.strerror else str(trouble)
        expected = f"{reason.lower()}: expected the file of a mail, seen from the scenario's folder"
        table.fault("file", named, expected)
        return b""


def _bounce(table: Table, number: int) -> Bounce:
    table.only(("at", "of", "status", "to", "ticket"))
    return Bounce(
        number=number,
        at=table.need("at", fields.instant, _EPOCH),
        of=table.need("of", fields.kind, ""),
        status=table.read("status", fields.status, "5.1.1"),
        to=table.read("to", fields.person, _NOBODY).address,
        ticket=table.read("ticket", fields.ticket, ""),
    )


def _outage(table: Table) -> Outage:
    table.only(("what", "from", "to"))
    outage = Outage(
        what=table.need("what", fields.one_of(Service), Service.DAEMON),
        since=table.need("from", fields.instant, _EPOCH),
        until=table.need("to", fields.instant, _EPOCH),
    )
    if outage.until <= outage.since and table.has("from") and table.has("to"):
        table.fault("to", outage.until.isoformat(), "expected an instant after `from`")
    return outage


def _within(scenario: Scenario, root: Table) -> None:
    """What lies outside of the story would never be told."""
    expected = f"expected an instant from {scenario.start.isoformat()} to {scenario.end.isoformat()}"
    moments = [
        *(("mail", n, "at", mail.at) for n, mail in enumerate(scenario.mails)),
        *(("bounce", n, "at", bounce.at) for n, bounce in enumerate(scenario.bounces)),
        *(("outage", n, "from", outage.since) for n, outage in enumerate(scenario.outages)),
    ]
    for name, number, key, at in moments:
        if not scenario.start <= at <= scenario.end:
            root.faults.add((name, number, key), at.isoformat(), expected)
