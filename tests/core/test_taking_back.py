"""A hard bounce takes back what a reply met, once nobody is left whom it reached; and says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core.actions import (
    AddEvent,
    AddHistory,
    BounceMail,
    Decision,
    QueueMail,
    SetState,
    SuppressAddress,
    WriteClocks,
)
from daemon.core.dossier import Dossier
from daemon.core.facts import Snapshot
from daemon.core.sla.events import Bounced, Replied, Resolved, TicketEvent, Unreachable, Updated, Waited
from daemon.core.values import (
    BounceReport,
    ClockName,
    Language,
    MailClass,
    OutboxRow,
    Participant,
    SendState,
    State,
)
from tests.core.build import MARIE, T0, mail, ticket
from tests.core.dossiers import HOUR, dossier
from tests.core.test_decide import clocks, decide, of, one
from tests.mail.outgoing import render

LUC = "luc@boulangerieroy.example"
KEY = "reply:INBOX/7/9:1042"
REPLIED = Replied(at=T0 - HOUR, mail=KEY)
BOTH = (Participant(address=MARIE, name="Marie Roy"), Participant(address=LUC, role="colleague"))


def row(**changes: Any) -> OutboxRow:
    given: dict[str, Any] = {
        "id": 5,
        "version": 2,
        "kind": "reply",
        "ticket": 1042,
        "recipient": MARIE,
        "cause": f"{KEY}:{MARIE}",
        "context": {"reply": KEY, "readers": [MARIE], "text": "Essayez encore.", "by": "alex"},
        "rank": 2,
        "state": SendState.SENT,
        "attempts": 1,
        "queued_at": T0 - HOUR,
        "due_at": None,
    }
    return OutboxRow(**{**given, **changes})


def bounce(
    held: Dossier, *rows: OutboxRow, status: str = "5.1.1", action: str = "failed", at: Any = T0
) -> Decision:
    report = BounceReport(recipient=MARIE, action=action, status=status, original_message_id="az.1@x")
    letter = mail("mailer-daemon@client.example", mail_class=MailClass.BOUNCE, bounce=report)
    known = Snapshot(bounced_rows=rows or (row(),), tickets=(held.ticket,), dossiers={1042: held})
    return decide(letter, known, internaldate=at)


def open_ticket(*events: TicketEvent, **changes: Any) -> Dossier:
    return dossier(ticket(state=State.OPEN), *(events or (REPLIED,)), **changes)


def events(decision: Decision) -> list[TicketEvent]:
    return [a.event for a in of(AddEvent, decision)]


def notices(decision: Decision) -> list[QueueMail]:
    return [m for m in of(QueueMail, decision) if m.kind == "notice"]


def told(decision: Decision) -> set[str]:
    """The clocks that the notices say it took back."""
    clocks = [m.context["taken_back"] for m in notices(decision)]
    return {" ".join(names) for names in clocks if isinstance(names, list)}


def test_what_the_reply_met_is_open_again_with_the_due_it_had_and_agents_are_told() -> None:
    decision = bounce(dossier(ticket(state=State.OPEN, participants=BOTH), REPLIED))
    assert events(decision) == [Bounced(at=T0, mail=KEY)]
    first = clocks(decision)[ClockName.FIRST_RESPONSE]
    assert first.met is None
    assert first.due is not None
    assert decision.reads == {1042: 3}
    assert told(decision) == {"first_response status_update"}
    assert {m.context["unreachable"] for m in notices(decision)} == {False}
    noted = [h.detail for h in of(AddHistory, decision) if h.event == "taken_back"]
    assert noted == [
        {
            "recipient": MARIE,
            "kind": "reply",
            "clocks": ["first_response", "status_update"],
            "pause": False,
            "unreachable": False,
        }
    ]
    assert one(SuppressAddress, decision).address == MARIE


def test_while_another_reader_has_it_nothing_is_taken_back() -> None:
    two = row(context={"reply": KEY, "readers": [MARIE, LUC]})
    held = dossier(ticket(state=State.OPEN, participants=BOTH), REPLIED)
    decision = bounce(held, two)
    assert events(decision) == []
    assert of(WriteClocks, decision) == []
    assert told(decision) == {""}
    last = bounce(
        dossier(ticket(state=State.OPEN, participants=BOTH), REPLIED, suppressed=frozenset({LUC})), two
    )
    assert Bounced(at=T0, mail=KEY) in events(last)


def test_a_row_of_before_that_does_not_name_its_readers_goes_by_who_is_left() -> None:
    old = row(context={"reply": KEY})
    assert events(bounce(dossier(ticket(state=State.OPEN, participants=BOTH), REPLIED), old)) == []
    assert Bounced(at=T0, mail=KEY) in events(bounce(open_ticket(), old))


def test_when_no_address_is_left_nobody_can_be_reached() -> None:
    decision = bounce(open_ticket())
    assert events(decision) == [Bounced(at=T0, mail=KEY), Unreachable(at=T0)]
    assert clocks(decision)[ClockName.FIRST_RESPONSE].outcome == "unreachable"
    assert {m.context["unreachable"] for m in notices(decision)} == {True}
    again = bounce(open_ticket(REPLIED, Unreachable(at=T0 - HOUR / 2)), row(id=6, kind="ack", context={}))
    assert events(again) == [], "once"


@pytest.mark.parametrize("language", list(Language))
def test_the_notice_says_it_in_words(language: Language) -> None:
    asked = (REPLIED, Waited(at=T0 - HOUR, mail=KEY))
    decision = bounce(dossier(ticket(state=State.WAITING), *asked))
    context = {**notices(decision)[0].context, "language": language.value}
    text = render(row(kind="notice", recipient="alex@azimutpos.com", context=context), T0).text
    said = " ".join(text.replace("\u00a0", " ").split())
    for words in {
        Language.FR: ("cette réponse ne compte plus", "Attente : terminée", "plus aucune adresse"),
        Language.EN: ("this answer no longer counts", "Waiting: over", "no address left"),
    }[language]:
        assert words in said
    quiet = {**context, "taken_back": [], "pause_over": False, "unreachable": False}
    assert "délai" not in render(row(kind="notice", recipient="alex@azimutpos.com", context=quiet), T0).text


@pytest.mark.parametrize("kind", ["ack", "reminder", "closed", "credit"])
def test_the_address_counts_whatever_mail_came_back(kind: str) -> None:
    assert events(bounce(open_ticket(), row(kind=kind, context={}))) == [Unreachable(at=T0)]


def test_a_copied_address_keeps_the_ticket_reachable() -> None:
    held = open_ticket(copied=("comptable@example.com",))
    assert events(bounce(held, row(kind="ack", context={}))) == []


def test_a_status_update_has_one_reader() -> None:
    update = row(kind="status-update", cause="update:1", context={"what": "update"})
    held = dossier(ticket(state=State.OPEN, participants=BOTH), Updated(at=T0 - HOUR, mail="update:1"))
    assert events(bounce(held, update)) == [Bounced(at=T0, mail="update:1")]


def test_a_pause_that_the_reply_began_is_over() -> None:
    asked = (REPLIED, Waited(at=T0 - HOUR, mail=KEY))
    held = dossier(ticket(state=State.WAITING, participants=BOTH), *asked)
    decision = bounce(held)
    state = one(SetState, decision)
    assert (state.state, state.by) == (State.NEW, "desk"), "as it was before the reply"
    assert {m.context["pause_over"] for m in notices(decision)} == {True}
    assert clocks(decision)[ClockName.RESOLUTION].due is not None


def test_it_un_resolves_nothing() -> None:
    held = dossier(ticket(state=State.RESOLVED, participants=BOTH), REPLIED, Resolved(at=T0 - HOUR / 2))
    decision = bounce(held)
    assert of(SetState, decision) == []
    assert clocks(decision)[ClockName.RESOLUTION].met is not None


@pytest.mark.parametrize(("status", "action"), [("4.2.2", "failed"), ("5.1.1", "delayed")])
def test_a_soft_bounce_takes_nothing_back(status: str, action: str) -> None:
    decision = bounce(open_ticket(), status=status, action=action)
    assert events(decision) == []
    assert one(BounceMail, decision).hard is False


def test_the_same_report_twice_takes_back_once() -> None:
    held = dossier(ticket(state=State.OPEN, participants=BOTH), REPLIED, Bounced(at=T0 - HOUR / 2, mail=KEY))
    assert events(bounce(held)) == []


def test_an_agents_mailbox_is_no_customers() -> None:
    told = row(kind="notification", recipient="alex@azimutpos.com", context={})
    assert events(bounce(open_ticket(), told)) == []


def test_a_report_counts_at_its_arrival() -> None:
    at = T0 - timedelta(minutes=10)
    assert {e.at for e in events(bounce(open_ticket(), at=at))} == {at}
