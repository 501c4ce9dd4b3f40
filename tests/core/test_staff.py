"""Which mails go to the agents' door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core import agents, guards, staff
from daemon.core.actions import Decision
from daemon.core.policy import Intake
from daemon.core.values import Address, BounceReport, Disposition, Mail, MailClass
from tests.core.build import T0, account, mail, policy, snapshot, ticket
from tests.core.test_decide import decide

AGENT, BOSS = "alex@azimutpos.com", "direction@azimutpos.com"


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Through which of the agents' doors mails went."""
    seen: list[str] = []

    def through(name: str) -> Any:
        def goes(*_: Any) -> Decision:
            seen.append(name)
            return Decision(actions=())

        return goes

    monkeypatch.setattr(agents, "on_agent_mail", through("mail"))
    monkeypatch.setattr(agents, "on_agent_away", through("away"))
    return seen


def automatic(sender: str, *signs: str) -> Mail:
    return mail(sender, mail_class=MailClass.AUTO_REPLY, signs=signs)


@pytest.mark.parametrize(
    ("letter", "goes"),
    [
        (mail(AGENT), ["mail"]),
        (mail(BOSS), ["mail"]),
        (mail("marie@azimutpos.com"), []),
        (mail(AGENT, subject="TR : caisse figée"), []),
        (mail(AGENT, subject="RE: caisse figée"), ["mail"]),
        (mail(AGENT, senders=(Address(address=AGENT), Address(address="x@elsewhere.example"))), ["mail"]),
        (automatic(AGENT, "ooo-subject"), ["away"]),
        (automatic(AGENT, "mdn"), ["away"]),
        (automatic(BOSS, "auto-submitted:auto-replied"), ["away"]),
        (automatic(AGENT, "spam-flag"), ["mail"]),
        (automatic(AGENT, "auto-response-suppress"), ["mail"]),
        (automatic(AGENT, "auto-response-suppress", "ooo-subject"), ["away"]),
        (automatic("x@client.example", "ooo-subject"), []),
        (mail(AGENT, mail_class=MailClass.LIST, signs=("list-id",)), []),
        (mail(AGENT, mail_class=MailClass.LOOP, signs=("desk-address",)), []),
        (
            mail(
                AGENT,
                mail_class=MailClass.BOUNCE,
                bounce=BounceReport(recipient="x@y", action="failed", status="5.0.0"),
            ),
            [],
        ),
    ],
)
def test_a_mail_of_ours_goes_to_the_agents_door(letter: Mail, goes: list[str], doors: list[str]) -> None:
    decide(letter, snapshot())
    assert doors == goes


@pytest.mark.parametrize(
    ("words", "opens"), [("À ouvrir svp.", True), ("#pour marie@boulangerie.example", False)]
)
def test_a_forward_without_a_command_is_a_matter_of_its_own(words: str, opens: bool) -> None:
    assert staff.passes_on(mail(AGENT, subject="Fwd: caisse"), words) is opens
    assert not staff.passes_on(mail(AGENT, subject="caisse"), words)


def test_a_second_forward_opens_a_ticket_as_well(doors: list[str]) -> None:
    """The agent's first one is their newest ticket by now; this one is about something else."""
    first = ticket(requester=AGENT)
    decide(mail(AGENT, subject="TR : autre chose"), snapshot(tickets=(first,), newest_ticket=first))
    assert doors == []


@pytest.mark.parametrize(
    "how",
    [
        {"known": snapshot(duplicate=True)},
        {"intake": Intake(braked=T0 + timedelta(seconds=1))},
        {"intake": Intake(answer_since=T0 + timedelta(seconds=1))},
        {"intake": Intake(quiet=True)},
    ],
    ids=["a duplicate", "held", "older than the first start", "found outside the inbox"],
)
def test_no_command_is_carried_out_twice_or_out_of_time(how: dict[str, Any], doors: list[str]) -> None:
    decide(mail(AGENT), **how)
    decide(automatic(AGENT, "ooo-subject"), **how)
    assert doors == []


def test_who_is_in_the_directory_too_is_one_of_us(doors: list[str]) -> None:
    decide(mail(AGENT), snapshot(account=account(emails=(AGENT,))))
    decide(automatic(AGENT, "auto-response-suppress"), snapshot(account=account(emails=(AGENT,))))
    assert doors == ["mail", "mail"]


def test_what_others_put_on_a_persons_mail_makes_no_program_of_it() -> None:
    verdict = guards.Verdict(
        treatment=guards.Treatment.SET_ASIDE, rule="automatic", filed_as=Disposition.RECORDED
    )
    for letter, by_a_program in ((automatic(AGENT, "spam-flag"), False), (automatic(AGENT, "mdn"), True)):
        assert staff.wrote(letter, verdict, policy(), Intake()) is not by_a_program
        assert staff.answered_automatically(letter, verdict, policy(), Intake()) is by_a_program
