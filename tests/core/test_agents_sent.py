"""A mail in the desk's Sent folder is our answer to the customer, and nothing else ever is made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.agency.sent import author, concerns
from daemon.core.decide import on_mail
from daemon.core.facts import Lookup
from daemon.core.inbound import Inbound
from daemon.core.policy import Intake
from daemon.core.values import Address, Claim, ClaimKind, Disposition, MailClass
from tests.core.build import MARIE, arrival, mail
from tests.core.commands.build import NOW
from tests.core.commands.desk import Desk, dossier, events, mails, of

ALEX = "alex@azimutpos.com"
DESK = "support@azimutpos.com"
WORDS = "#résolu\nBonjour Marie, la mise à jour de cette nuit règle le problème."
MARIES = (Claim(kind=ClaimKind.SUBJECT, ticket=1042),)


def filed(
    sender: str = ALEX,
    name: str = "Alex Roy",
    *,
    desk: Desk | None = None,
    claims: tuple[Claim, ...] = MARIES,
    ours: bool = False,
    to: str = MARIE,
    **changes: Any,
) -> act.Decision:
    """What follows from this mail in the Sent folder."""
    one = replace(desk or Desk(), answered=None)
    who = Address(address=sender, name=name)
    given = mail(
        sender,
        **{
            "from_": who,
            "senders": (who,),
            "to": (Address(address=to),),
            "text": WORDS,
            "new_text": WORDS,
            **changes,
        },
    )
    inbound = Inbound(
        arrival=arrival(NOW), mail=given, claims=claims, findings=None, raw=b"x", ours=ours, words=WORDS
    )
    numbers = tuple(claim.ticket for claim in claims)
    found = {n: one.dossiers[n] for n in numbers if n in one.dossiers}
    snapshot = replace(
        one.snapshot(lookup_of(numbers)), tickets=tuple(d.ticket for d in found.values()), dossiers=found
    )
    return on_mail(inbound, snapshot, one.policy, Intake(sent=True), NOW)


def lookup_of(numbers: tuple[int, ...]) -> Lookup:
    return Lookup(message_id="x", fingerprint="x", arrived=NOW, sender=ALEX, tickets=numbers, agent=True)


def test_it_is_recorded_as_said_and_meets_the_clocks() -> None:
    found = filed()
    (said,) = of(found, act.AddMessage)
    assert (said.direction, said.role, said.to, said.at) == ("out", "agent", (MARIE,), NOW)
    assert said.text == WORDS, "it was sent like this: nothing in it is a command"
    assert [name for _, name in events(found)] == ["Taken", "Replied"]
    first = next(c for w in of(found, act.WriteClocks) for c in w.cycles if c.clock.value == "first_response")
    assert first.met == NOW
    assert [a.assignee for a in of(found, act.SetAssignee)] == ["alex"]
    assert mails(found) == [], "everybody has read it already"


def test_from_the_desks_own_address_its_writers_name_tells_who_it_was() -> None:
    assert [a.assignee for a in of(filed(DESK, "Alex  ROY"), act.SetAssignee)] == ["alex"]
    nobody = filed(DESK, "Soutien AzimutPOS")
    assert of(nobody, act.SetAssignee) == []
    assert [name for _, name in events(nobody)] == ["Replied"]


@pytest.mark.parametrize(
    "given",
    [
        {"claims": ()},
        {"to": "fournisseur@papier.example"},
        {"desk": Desk({1042: dossier(participants=())})},
    ],
    ids=["of no ticket", "to somebody else", "its ticket has no reader"],
)
def test_what_reached_no_customer_of_a_ticket_changes_nothing_and_is_answered_to_nobody(
    given: dict[str, Any],
) -> None:
    found = filed(**given)
    (row,) = found.actions
    assert isinstance(row, act.RecordMail)
    assert (row.disposition, row.ticket) == (Disposition.RECORDED, None)
    assert (row.raw, row.subject) == (b"", ""), "a private mail is none of the desk's business"


def test_a_copy_that_came_before_is_a_duplicate() -> None:
    one = replace(Desk(), answered=None)
    given = mail(ALEX, new_text=WORDS)
    inbound = Inbound(arrival=arrival(NOW), mail=given, claims=MARIES, findings=None, raw=b"x", words=WORDS)
    seen = replace(one.snapshot(lookup_of((1042,))), duplicate=True)
    (row,) = on_mail(inbound, seen, one.policy, Intake(sent=True), NOW).actions
    assert isinstance(row, act.RecordMail)
    assert row.disposition is Disposition.DUPLICATE


@pytest.mark.parametrize(
    ("given", "ours", "wanted"),
    [
        (mail(ALEX), False, True),
        (mail(DESK), False, True),
        (mail(DESK), True, False),
        (mail(MARIE), False, False),
        (mail(ALEX, mail_class=MailClass.AUTO_REPLY, signs=("auto-submitted:auto-replied",)), False, False),
        (mail(DESK, mail_class=MailClass.LOOP, signs=("desk-address",)), False, True),
        (mail(DESK, mail_class=MailClass.LOOP, signs=("desk-address", "mdn")), False, False),
        (mail(DESK, reply_to=(Address(address="support+abc@azimutpos.com"),)), False, False),
    ],
    ids=[
        "an agent's",
        "the desk's",
        "ours",
        "a stranger's",
        "a program's",
        "as parsed",
        "an MDN",
        "our copy",
    ],
)
def test_only_what_one_of_us_wrote_is_looked_at(given: Any, ours: bool, wanted: bool) -> None:
    inbound = Inbound(arrival=arrival(NOW), mail=given, claims=(), findings=None, raw=b"", ours=ours)
    assert concerns(inbound, Desk().policy) is wanted


def test_two_agents_of_one_name_are_nobody() -> None:
    policy = Desk().policy
    twice = replace(policy, agents=(*policy.agents, replace(policy.agents[0], handle="alex2")))
    named = mail(DESK, from_=Address(address=DESK, name="Alex Roy"))
    found = author(named, twice)
    assert found is not None
    assert found.handle == "desk"
