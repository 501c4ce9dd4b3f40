"""Who receives: the table, row by row, and what no row can do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.actions import OpenTicket, QueueMail
from daemon.core.recipients import CUSTOMERS, TABLE, TEAM, Circle, is_desk, recipients
from daemon.core.robots import nobody_reads
from daemon.core.values import Participant
from tests.core.build import MARIE, mail, policy, snapshot
from tests.core.test_decide import decide, of, one

KARIM, PIERRE, PROPRIO = "karim@boulangerieroy.example", "pierre@fours.example", "proprio@roy.example"
ALEX, SAM, BOSS, ONCALL = (
    "alex@azimutpos.com",
    "sam@azimutpos.com",
    "direction@azimutpos.com",
    "garde@azimutpos.com",
)
PEOPLE = (
    Participant(address=MARIE, role="requester"),
    Participant(address=KARIM, role="colleague"),
    Participant(address=PIERRE, role="third_party"),
)


def circle(**changes: Any) -> Circle:
    given: dict[str, Any] = {
        "policy": policy(oncall=(ONCALL,), voicemail_senders=("voix@telephonie.example", "@pbx.example")),
        "people": PEOPLE,
    }
    return Circle(**{**given, **changes})


@pytest.mark.parametrize(
    ("kind", "around", "expected"),
    [
        ("ack", {}, (MARIE,)),
        ("status-update", {}, (MARIE,)),
        ("reminder", {}, (MARIE,)),
        ("closed", {}, (MARIE,)),
        ("credit", {}, (MARIE,)),
        ("reply", {}, (MARIE, KARIM)),
        ("resolved", {}, (MARIE, KARIM)),
        ("reply", {"copied": (PROPRIO, KARIM)}, (MARIE, KARIM, PROPRIO)),
        (
            "reply",
            {"people": (*PEOPLE, Participant(address="x@y.example", role="added"))},
            (MARIE, KARIM, "x@y.example"),
        ),
        ("reply", {"suppressed": {MARIE}}, (KARIM,)),
        ("reply", {"suppressed": {MARIE, KARIM}}, ()),
        ("status-update", {"suppressed": {MARIE}}, ()),
        ("ack", {"people": (Participant(address="no-reply@bank.example", role="requester"),)}, ()),
        ("ack", {"people": (Participant(address="voix@telephonie.example", role="requester"),)}, ()),
        ("ack", {"people": (Participant(address="boite@pbx.example", role="requester"),)}, ()),
        ("reply", {"copied": (ALEX, "support+abc@azimutpos.com", "owner-liste@roy.example")}, (MARIE, KARIM)),
        ("notification", {}, (ALEX, SAM)),
        ("notification", {"assignee": "sam"}, (SAM,)),
        ("notification", {"assignee": "parti"}, (ALEX, SAM)),
        ("transcript", {"agent": ALEX}, (ALEX,)),
        ("transcript", {"agent": "mallory@evil.example"}, ()),
        ("confirm", {"agent": SAM}, (SAM,)),
        ("digest", {}, (ALEX, SAM, BOSS)),
        ("escalation", {"assignee": "alex"}, (ALEX,)),
        ("escalation", {"desk_wide": True}, (SAM, BOSS)),
        ("alarm", {}, (ALEX, SAM, ONCALL)),
        ("alarm", {"last_resort": True}, (ALEX, SAM, ONCALL, BOSS)),
        ("breach", {}, (SAM, BOSS)),
        ("proposal", {}, (SAM, BOSS)),
        ("statement", {}, (SAM, BOSS)),
        ("notice", {}, (ALEX, SAM)),
        ("notice", {"failed": ALEX}, (SAM,)),
        ("notice", {"assignee": "alex", "failed": ALEX}, ()),
        ("notice", {"desk_wide": True}, (SAM, BOSS)),
        ("notice", {"desk_wide": True, "suppressed": {SAM}}, (SAM, BOSS)),
    ],
)
def test_a_row_of_the_table(kind: str, around: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert recipients(kind, circle(**around)) == expected


def test_a_desk_without_managers_tells_its_agents_and_one_without_agents_its_managers() -> None:
    alone = policy(agents=policy().agents[:1], escalation=())
    assert recipients("breach", circle(policy=alone)) == (ALEX,)
    nobody = policy(agents=())
    assert recipients("notice", circle(policy=nobody)) == (BOSS,)


def test_the_table_knows_every_kind_of_the_contract_and_no_other() -> None:
    customers = {"ack", "status-update", "reminder", "closed", "credit", "reply", "resolved"}
    team = {"notification", "transcript", "confirm", "digest", "escalation", "alarm", "breach", "proposal"}
    assert set(CUSTOMERS) == customers
    assert set(TEAM) == team | {"statement", "notice"}
    assert set(TABLE) == customers | set(TEAM)
    with pytest.raises(KeyError):
        recipients("newsletter", circle())


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("support@azimutpos.com", True),
        ("Support+token@AzimutPOS.com", True),
        ("support@other.example", False),
        ("supporter@azimutpos.com", False),
        ("a+support@azimutpos.com", False),
        ("", False),
    ],
)
def test_the_desk_knows_itself_under_every_plus_part(address: str, ours: bool) -> None:
    assert is_desk(address, policy()) is ours


@pytest.mark.parametrize(
    "address",
    ["no-reply@x.example", "NoReply@x.example", "ne-pas-repondre@x.example", "mailer-daemon@x.example",
     "postmaster@x.example", "owner-caisses@x.example", "caisses-request@x.example", "bounces+17@x.example"],
)  # fmt: skip
def test_nobody_reads_at_such_an_address(address: str) -> None:
    assert nobody_reads(address)


@pytest.mark.parametrize(
    "address", ["marie@x.example", "reply@x.example", "noreen@x.example", "norah.plyer@x.example"]
)
def test_a_person_may_be_called_so(address: str) -> None:
    assert not nobody_reads(address)


# -- what no row can do ----------------------------------------------------------------------------------

_local = st.sampled_from(
    ["marie", "karim", "support", "support+b17", "SUPPORT", "no-reply", "postmaster", "alex", "sam",
     "direction", "garde", "owner-liste", "liste-request", "voix", "pierre", "bounces"]
)  # fmt: skip
_domain = st.sampled_from(["azimutpos.com", "roy.example", "pbx.example", "evil.example"])
_address = st.one_of(st.just(""), st.builds("{}@{}".format, _local, _domain))
_people = st.lists(
    st.builds(
        Participant,
        address=_address,
        role=st.sampled_from(
            ["requester", "colleague", "cc", "added", "third_party", "automatic", "agent", "?"]
        ),
    ),
    max_size=8,
)


@given(
    kind=st.sampled_from(sorted(TABLE)),
    people=_people,
    copied=st.lists(_address, max_size=4),
    suppressed=st.sets(_address, max_size=4),
    failed=_address,
    agent=_address,
    assignee=st.sampled_from([None, "alex", "sam", "parti"]),
    desk_wide=st.booleans(),
)
def test_no_mail_reaches_whom_it_must_not(
    kind: str,
    people: list[Participant],
    copied: list[str],
    suppressed: set[str],
    failed: str,
    agent: str,
    assignee: str | None,
    desk_wide: bool,
) -> None:
    around = circle(
        people=people,
        copied=copied,
        suppressed=suppressed,
        failed=failed,
        agent=agent,
        assignee=assignee,
        desk_wide=desk_wide,
    )
    found = recipients(kind, around)
    rules = around.policy
    assert len(set(found)) == len(found)
    assert failed not in found
    assert "" not in found
    assert not any(is_desk(address, rules) for address in found)
    team = {a.addresses[0] for a in rules.agents} | {*rules.escalation, *rules.oncall}
    if kind in TEAM:
        assert set(found) <= team
        return
    assert not any(nobody_reads(address) or address in suppressed for address in found)
    assert not any(rules.agent(address) for address in found)
    assert not any(address.endswith("@pbx.example") for address in found)
    customers = {p.address for p in people if p.role in {"requester", "colleague", "cc", "added"}}
    if kind in {"reply", "resolved"}:
        assert set(found) <= customers | set(copied)
    else:
        assert set(found) <= {p.address for p in people if p.role == "requester"}


def test_a_person_behind_an_address_that_nobody_reads_gets_a_ticket_and_no_answer() -> None:
    """The bytes may show no sign of a robot: the address alone is enough."""
    decision = decide(mail("noreply@banque.example"), snapshot())
    assert one(OpenTicket, decision)
    assert {m.kind for m in of(QueueMail, decision)} == {"notification"}
