"""A scenario file is read whole, or every fault of it is told with its key."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from daemon.core.values import Coverage, Intent, Plan, Severity
from daemon.settings.faults import ConfigError
from daemon.settings.load import load_settings
from daemon.settings.model import Settings
from daemon.settings.resources import resource
from daemon.simulation.scenario import Scenario, Service
from daemon.simulation.scenario_file import read_scenario

HEAD = "start = 2026-11-02T08:00:00-05:00\nend = 2026-11-06T18:00:00-05:00\n"
MAIL = '[[mail]]\nat = 2026-11-02T09:00:00-05:00\nfrom = "marie@shop.example"\n'
ONE = '[[customer]]\naccount = "A"\n'
AGENT = '[[agents]]\nname = "Lea"\nhandle = "lea"\naddress = "lea@azimutpos.com"\n'


@cache
def base() -> Settings:
    return load_settings(resource("config", "azimut-support.toml"), environ={})


def read(folder: Path, text: str) -> Scenario:
    file = folder / "s.toml"
    file.write_text(text, encoding="utf-8")
    return read_scenario(file, base())


def faults(folder: Path, text: str) -> list[str]:
    """Without the file's name, which must stand before each."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{folder / 's.toml'}: ") for line in lines)
    return [line.removeprefix(f"{folder / 's.toml'}: ") for line in lines]


def test_the_contracts_example_is_read(tmp_path: Path) -> None:
    scenario = read(
        tmp_path,
        HEAD
        + """
[[customer]]
account = "A1"
plan = "or"
installs = 1
emails = ["Marie@Boulangerie.example"]
[[customer]]
account = "B2"
[[mail]]
at = 2026-11-02T09:10:00-05:00
from = "Marie Roy <marie@boulangerie.example>"
subject = "La caisse est gelée"
body = "Plus rien."
cc = "paul@boulangerie.example"
headers = { Precedence = "bulk" }
severity = "S1"
other_means = "no"
[[mail]]
at = 2026-11-02T09:40:00-05:00
from = "alex@azimutpos.com"
reply_to = "notification"
ticket = "AZ-1001"
body = "#prendre"
[[bounce]]
at = 2026-11-02T09:45:00-05:00
of = "reply"
[[outage]]
what = "smtp"
from = 2026-11-03T02:00:00-05:00
to = 2026-11-03T07:00:00-05:00
""",
    )
    first, second = scenario.customers
    assert (first.key, first.plan, first.coverage, first.installs) == ("A1", Plan.OR, Coverage.PREMIUM, 1)
    assert first.emails == ("marie@boulangerie.example",)
    assert (second.plan, second.coverage, second.installs) == (Plan.GRATUIT, Coverage.STANDARD, None)
    asked, answered = scenario.mails
    assert (asked.sender.address, asked.sender.name) == ("marie@boulangerie.example", "Marie Roy")
    assert (asked.cc, asked.headers) == (("paul@boulangerie.example",), (("Precedence", "bulk"),))
    found = asked.findings
    assert found is not None
    assert (found.severity, found.confidence, found.intent) == (Severity.S1, 1.0, Intent.TICKET)
    assert (found.other_means, found.installs, found.language) == ("no", "unknown", None)
    assert answered.findings is None
    assert (answered.reply_to, answered.ticket) == ("notification", "AZ-1001")
    assert [(b.of, b.status) for b in scenario.bounces] == [("reply", "5.1.1")]
    assert [outage.what for outage in scenario.outages] == [Service.SMTP]
    assert scenario.start == datetime.fromisoformat("2026-11-02T08:00:00-05:00")


def test_agents_and_escalation_are_the_samples_unless_the_scenario_has_its_own(tmp_path: Path) -> None:
    sample = read(tmp_path, HEAD).settings
    assert [agent.handle for agent in sample.agents] == [agent.handle for agent in base().agents]
    assert sample.desk.escalation == ("direction@azimutpos.com",)
    own = read(tmp_path, HEAD + AGENT).settings
    assert [agent.handle for agent in own.agents] == ["lea"]
    assert own.desk.escalation == ("direction@azimutpos.com",)  # nobody else would be told
    managed = read(tmp_path, HEAD + AGENT + "manager = true\n").settings
    assert managed.desk.escalation == ()
    named = '[desk]\nescalation = ["chef@azimutpos.com"]\noncall = ["lea@azimutpos.com"]\n'
    desk = read(tmp_path, HEAD + named + AGENT).settings.desk
    assert (desk.escalation, desk.oncall) == (("chef@azimutpos.com",), ("lea@azimutpos.com",))
    assert desk.address == base().desk.address


def test_a_scenario_may_bring_its_own_promises_and_limits(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(
        resource("config", "sla.toml").read_text().replace('"2026-01"', '"draft"')
    )
    scenario = read(tmp_path, HEAD + '[desk]\nsla = "other.toml"\n[limits]\nacks_per_address = 3\n')
    assert scenario.settings.sla[0].name.startswith("draft")
    assert scenario.settings.limits.acks_per_address == 3
    assert scenario.settings.limits.mails_per_ticket == base().limits.mails_per_ticket


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    told = faults(
        tmp_path,
        """
end = 2026-11-06T18:00:00
strat = 1
[[customer]]
account = "A1"
plan = "gold"
[[mail]]
at = "09:10"
from = "marie"
severity = "S9"
reply_to = "letter"
[[mail]]
at = 2026-11-02T09:00:00-05:00
from = "a@b.example"
intent = "spam"
[[bounce]]
of = "reply"
status = "550"
[[outage]]
what = "power"
from = 2026-11-03T02:00:00-05:00
to = 2026-11-03T01:00:00-05:00
""",
    )
    keys = [line.split(" is ")[0].split(":")[0] for line in told]
    assert keys == [
        "strat",
        "start",
        "end",
        "customer.1.plan",
        "mail.1.reply_to",
        "mail.1.at",
        "mail.1.from",
        "mail.1.severity",
        "mail.2.intent",
        "bounce.1.at",
        "bounce.1.status",
        "outage.1.what",
        "outage.1.to",
    ]
    assert told[0] == "strat is 1: is no key: did you mean 'start'?"
    assert "expected an instant with its offset such as 2026-11-02T09:10:00-05:00" in told[2]


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (HEAD.replace("2026-11-06", "2026-11-01"), "end", "expected an instant after `start`"),
        (HEAD + MAIL.replace("11-02T09", "12-02T09"), "mail.1.at", "expected an instant from"),
        (HEAD + MAIL + 'file = "no.eml"\n', "mail.1.file", "no such file or directory"),
        (HEAD + MAIL + 'headers = { "a b" = "c" }\n', "mail.1.headers", "'a b' stands in it"),
        (HEAD + MAIL + 'headers = { A = "c\\nBcc: x" }\n', "mail.1.headers", "one line of text"),
        (HEAD + MAIL + 'ticket = "12"\n', "mail.1.ticket", 'such as "AZ-1001"'),
        (HEAD + '[[customer]]\nplan = "or"\n', "customer.1.account", "expected the key of the account"),
        (HEAD + ONE + '[[customer]]\naccount = "a"\n', "customer.2.account", "each account once"),
        (HEAD + ONE + 'emails = ["alex@azimutpos.com"]\n', "customer.1.emails", "agent"),
        (HEAD + "[mail]\nat = 1\n", "mail", "expected [[mail]], a table for each"),
        (HEAD + "agents = 3\n", "agents", "expected [[agents]]"),
        (HEAD + '[[agents]]\nname = "Lea"\n', "agents.1.handle", "expected this key"),
        (HEAD + '[desk]\nzone = "x"\n', "desk.zone", "is no key"),
        ("start = ", "scenario", "expected valid TOML"),
    ],
)  # fmt: skip
def test_a_fault_names_its_key(tmp_path: Path, text: str, key: str, expected: str) -> None:
    told = faults(tmp_path, text)
    assert any(line.split(" is ")[0].split(":")[0] == key and expected in line for line in told), told


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml: scenario: no such file or directory: expected a file"):
        read_scenario(tmp_path / "no.toml", base())
