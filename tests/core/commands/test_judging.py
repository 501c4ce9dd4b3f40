"""What each command does to a ticket, its clocks, its people and its mails; and when it does nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.commands.hearing import Before, Offered, Proof, Standing
from daemon.core.commands.values import Verb, Why
from daemon.core.sla import events as ev
from daemon.core.values import Account, Attachment, Coverage, Participant, Plan, Priority, Severity, State
from tests.core.build import account
from tests.core.commands.build import (
    LUC,
    MARIE,
    NOW,
    SAM,
    course,
    events,
    mails,
    of,
    ruling,
    standing,
)

N, O, W, R, C = State.NEW, State.OPEN, State.WAITING, State.RESOLVED, State.CLOSED  # noqa: E741
NOTE_TO_SAM = {"agent": SAM}


def states_after(found: Any) -> list[State]:
    return [a.state for a in of(found, act.SetState)]


# The state table of sla.md, through the commands; None: refused, "-": nothing changes.
TABLE: list[tuple[str, dict[str, Any], list[State | str | None]]] = [
    (".prendre", {}, [O, "-", "-", "-", "-"]),
    (".assigner sam", {}, [O, "-", "-", "-", "-"]),
    (".appel 12", {}, [O, "-", "-", "-", "-"]),
    ("Bonjour Marie, je regarde.", {}, [O, "-", "-", "-", "-"]),
    (".attente", {"question": "reply:x:1042"}, [W, W, "-", None, None]),
    (".résolu", {}, [R, R, R, "-", None]),
    (".fermer", {}, [C, C, C, C, "-"]),
    (".rouvrir", {}, ["-", "-", O, O, O]),
    (".spam", {}, [C, C, C, C, "-"]),
]


@pytest.mark.parametrize(("text", "more", "row"), TABLE, ids=[text for text, _, _ in TABLE])
def test_the_state_table(text: str, more: dict[str, Any], row: list[State | str | None]) -> None:
    for state, after in zip(State, row, strict=True):
        found = ruling(text, standing=standing(state=state, **more))
        if after is None:
            assert [(f.why, f.detail) for f in found.faults] == [(Why.STATE, state.value)]
            assert not states_after(found)
        else:
            assert not found.faults
            assert states_after(found) == ([] if after == "-" else [after]), state


def test_take() -> None:
    found = ruling(".prendre", standing=standing(state=N))
    assert [a.assignee for a in of(found, act.SetAssignee)] == ["alex"]
    assert events(found) == [(1042, "Taken")]
    assert mails(found) == []  # no receipt: nothing went out, nothing of the promise changed
    assert {h.event for h in of(found, act.AddHistory)} == {"assignee", "state"}
    assert found.reads == {1042: 3}


def test_taking_twice_is_no_error() -> None:
    found = ruling(".prendre", standing=standing(assignee="alex"))
    assert (found.faults, events(found), of(found, act.SetAssignee), mails(found)) == ((), [], [], [])


def test_taking_over_from_a_colleague() -> None:
    found = ruling(".prendre", standing=standing(assignee="sam"))
    assert [a.assignee for a in of(found, act.SetAssignee)] == ["alex"]


def test_several_tickets_in_one_command() -> None:
    others = {n: standing(n) for n in (1043, 1044)}
    found = ruling(".prendre 1043 AZ-1044", others=others, proof=Proof.AUTHENTICATED)
    assert [a.ticket for a in of(found, act.SetAssignee)] == [1043, 1044]
    assert found.reads == {1042: 3, 1043: 3, 1044: 3}


def test_release() -> None:
    found = ruling(".libérer", standing=standing(assignee="alex"))
    assert [a.assignee for a in of(found, act.SetAssignee)] == [None]
    assert events(found) == [(1042, "Released")]
    assert not of(ruling(".libérer"), act.SetAssignee)


def test_assign() -> None:
    found = ruling(".assigner sam", standing=standing(assignee="alex"))
    assert [a.assignee for a in of(found, act.SetAssignee)] == ["sam"]


@pytest.mark.parametrize("words", ["", "\n\nJe regarde."])
def test_priority(words: str) -> None:
    found = ruling(f".p1{words}", standing=standing(assignee="alex"))
    (change,) = [a.event for a in of(found, act.AddEvent) if isinstance(a.event, ev.Reprioritised)]
    assert (change.priority, change.by, change.provisional) == (Priority.P1, ev.By.AGENT, False)
    assert change.keeps is bool(words)  # the response that its own mail gives keeps its due
    assert [(a.priority, a.provisional, a.rule) for a in of(found, act.SetPriority)] == [
        (Priority.P1, False, "agent")
    ]
    assert found.retargeted == (1042,)
    assert ("transcript", "alex@azimutpos.com") in mails(found)


def test_the_same_priority_settles_what_was_provisional() -> None:
    found = ruling(".p1", standing=standing(priority=Priority.P1, provisional=True))
    assert [a.provisional for a in of(found, act.SetPriority)] == [False]
    assert found.retargeted == ()
    assert not of(ruling(".p2"), act.SetPriority)


def test_no_priority_for_what_is_closed() -> None:
    assert [f.why for f in ruling(".p1", standing=standing(state=C)).faults] == [Why.STATE]


def test_waiting_needs_a_question() -> None:
    assert [f.why for f in ruling(".attente").faults] == [Why.NO_QUESTION]
    found = ruling(".attente jeudi", standing=standing(question="reply:old:1042", assignee="alex"))
    (waited,) = [a.event for a in of(found, act.AddEvent)]
    assert waited == ev.Waited(at=NOW, mail="reply:old:1042", until=datetime(2026, 11, 5, 5, 0, tzinfo=UTC))


def test_waiting_with_its_question_begins_when_that_is_accepted() -> None:
    found = ruling(".attente jeudi\n\nQuelles dates?", standing=standing(assignee="alex"))
    assert events(found) == []
    assert not states_after(found)
    (mail,) = of(found, act.QueueMail)[:1]
    assert (mail.kind, mail.context["waits"], mail.context["until"]) == (
        "reply",
        True,
        "2026-11-05T05:00:00+00:00",
    )


def test_waiting_with_its_question_is_refused_by_the_state_at_once() -> None:
    assert [f.why for f in ruling(".attente\n\nEt?", standing=standing(state=R)).faults] == [Why.STATE]


def test_resolving_with_words_makes_one_mail() -> None:
    found = ruling(".résolu\n\nBonjour Marie,\n\nC’est corrigé.\n\nAlex", standing=standing(assignee="alex"))
    assert mails(found) == [("resolved", MARIE), ("transcript", "alex@azimutpos.com")]
    assert events(found) == [(1042, "Resolved")]
    context = of(found, act.QueueMail)[0].context
    assert context["text"] == "Bonjour Marie,\n\nC’est corrigé.\n\nAlex"
    assert context["resolved"] == NOW.isoformat()
    assert context["agent"] == "Alex"
    assert context["in_reply_to"] == "m1042@client.example"


def test_resolving_without_a_word_tells_the_customer() -> None:
    found = ruling(".résolu", standing=standing(assignee="alex"))
    assert mails(found) == [("resolved", MARIE)]
    assert of(found, act.QueueMail)[0].context["text"] == ""
    assert mails(ruling(".résolu", standing=standing(state=R))) == []


def test_resolving_what_nobody_can_be_told_of_is_done_all_the_same() -> None:
    found = ruling(".résolu", suppressed={MARIE})
    assert (found.faults, states_after(found), mails(found)) == ((), [R], [])


def test_resolving_somebody_else_s_tickets_tells_each_customer() -> None:
    other = standing(1043, requester=LUC, participants=(Participant(address=LUC),))
    found = ruling(".résolu 1042 1043", others={1043: other}, proof=Proof.AUTHENTICATED)
    assert [m for m in mails(found) if m[0] == "resolved"] == [("resolved", MARIE), ("resolved", LUC)]


def test_closing_resolves_first() -> None:
    found = ruling(".fermer", standing=standing(assignee="alex"))
    assert events(found) == [(1042, "Closed")]
    assert mails(found) == [("resolved", MARIE)]
    assert mails(ruling(".fermer", standing=standing(state=R, assignee="alex"))) == []
    both = ruling(".résolu\n.fermer", standing=standing(assignee="alex"))
    assert states_after(both) == [R, C]
    assert mails(both) == [("resolved", MARIE)]


def test_reopen() -> None:
    found = ruling(".rouvrir", standing=standing(state=R))
    assert (events(found), found.retargeted) == ([(1042, "Reopened")], (1042,))


def test_spam_is_kept_for_training() -> None:
    found = ruling(".spam")
    assert events(found) == [(1042, "Discarded")]
    (correction,) = of(found, act.AddCorrection)
    assert (correction.message_id, correction.became) == ("m1042@client.example", "spam")
    assert mails(found) == []


@pytest.mark.parametrize(
    ("command", "read", "kept"),
    [
        (".p1", Severity.S2, [("S2", "S1")]),
        (".p3", Severity.S2, [("S2", "S3")]),
        (".p4", Severity.S1, [("S1", "S4")]),
        (".p2", Severity.S3, [("S3", "S2")]),
        (".p2", Severity.S1, []),  # an S1 with other means or installs is a P2
        (".p1", Severity.S1, []),
        (".p3", None, []),  # a later message has changed the case
    ],
)
def test_a_priority_says_what_the_mail_was_and_that_is_kept_for_training(
    command: str, read: Severity | None, kept: list[tuple[str, str]]
) -> None:
    other = Priority.P3 if command != ".p3" else Priority.P4
    found = ruling(command, standing=standing(priority=other, read=read))
    corrections = of(found, act.AddCorrection)
    assert [(c.was, c.became) for c in corrections] == kept
    assert {(c.field, c.message_id, c.by) for c in corrections} <= {
        ("severity", "m1042@client.example", "alex")
    }


@pytest.mark.parametrize("command", [".spam", ".effacer"])
def test_no_words_go_to_what_is_thrown_away(command: str) -> None:
    found = ruling(f"{command}\nBonjour Marie,\nje regarde.", agent=SAM)
    assert [f.why for f in found.faults] == [Why.CONTRADICTION]


# Words


def test_words_alone_are_an_answer_and_take_the_ticket() -> None:
    found = ruling("Bonjour Marie,\n\nJe regarde.\n\nAlex", standing=standing(state=N))
    assert mails(found) == [("reply", MARIE)]  # no command, no receipt
    assert [a.assignee for a in of(found, act.SetAssignee)] == ["alex"]
    assert of(found, act.QueueMail)[0].cause == f"reply:INBOX/7/11:1042:{MARIE}"


def test_an_assigned_ticket_keeps_its_agent() -> None:
    assert not of(ruling("Je regarde.", standing=standing(assignee="sam")), act.SetAssignee)


def test_the_answer_reaches_the_ticket_s_people_and_nobody_else() -> None:
    people = (
        Participant(address=MARIE, name="Marie Roy"),
        Participant(address=LUC, role="added"),
        Participant(address="vendor@x.example", role="third_party"),
        Participant(address="sam@azimutpos.com", role="colleague"),
    )
    found = ruling(
        "Je regarde.", standing=standing(participants=people), copied=("paul@boulangerieroy.example",)
    )
    assert [to for kind, to in mails(found)] == [MARIE, LUC, "paul@boulangerieroy.example"]


def test_the_customer_s_mail_names_no_address_and_no_command() -> None:
    found = ruling(".p2\n.appel 12 cliente fâchée\n\nBonjour Marie, je regarde.")
    (mail,) = [m for m in of(found, act.QueueMail) if m.kind == "reply"]
    told = str({k: v for k, v in mail.context.items() if k not in {"reply", "by"}})
    for secret in ("azimutpos.com", "fâchée", ".p2", ".appel", "alex"):
        assert secret not in told


def test_attachments_go_along() -> None:
    file = Attachment(name="pilote.zip", media_type="application/zip", size=9, sha256="ab")
    found = ruling("Voici le pilote.", attachments=(file,))
    assert of(found, act.QueueMail)[0].context["attachments"] == [
        {"name": "pilote.zip", "media_type": "application/zip", "size": 9, "sha256": "ab"}
    ]


def test_an_answer_that_reaches_nobody_comes_back_with_the_account_s_other_addresses() -> None:
    shop = account(emails=(MARIE, "info@boulangerieroy.example"))
    found = ruling("Je regarde.", suppressed={MARIE}, account=shop)
    assert [(f.why, f.detail) for f in found.faults] == [(Why.UNREACHABLE, "info@boulangerieroy.example")]
    assert mails(found) == [("transcript", "alex@azimutpos.com")]
    assert not of(found, act.HoldMail)


@pytest.mark.parametrize("text", [".note\nCliente fâchée.", ".note Cliente fâchée.", "Texte\n\n.note"])
def test_a_note_is_internal(text: str) -> None:
    found = ruling(text)
    assert mails(found) == []
    (message,) = of(found, act.AddMessage)
    assert message.direction == "note"


@pytest.mark.parametrize("answers", ["alarm", "digest", "transcript", "confirm", "escalation", ""])
def test_only_an_answer_to_a_notification_reaches_a_customer(answers: str) -> None:
    found = ruling("Bonjour Marie,\n\nJe regarde.", answers=answers)
    assert mails(found) == []
    assert "Je regarde." in of(found, act.AddMessage)[0].text


def test_nor_does_the_text_of_a_one_tap_command() -> None:
    found = ruling("prendre\n\nBonjour Marie, je regarde.", purpose="command", answers="")
    assert mails(found) == []
    assert [a.assignee for a in of(found, act.SetAssignee)] == ["alex"]


def test_public_is_quoted_by_the_next_update() -> None:
    found = ruling(".public La pièce arrive demain.")
    assert [a.text for a in of(found, act.SaveNews)] == ["La pièce arrive demain."]
    assert events(found) == [(1042, "News")]
    assert mails(found) == []
    assert [f.why for f in ruling(".public x", standing=standing(state=R)).faults] == [Why.STATE]


def test_the_line_that_was_asked_for_before_an_update_is_news() -> None:
    found = ruling("La pièce arrive demain.", answers="confirm", about="update")
    assert [a.text for a in of(found, act.SaveNews)] == ["La pièce arrive demain."]


# Belonging


def test_merge_into_the_oldest() -> None:
    young = course(
        standing(1043, requester=LUC, priority=Priority.P1, opened_at=NOW - timedelta(hours=1),
                 participants=(Participant(address=LUC, name="Luc"),))
    )  # fmt: skip
    old = course(standing(1042))
    for own, other in ((old, young), (young, old)):
        found = ruling(f".fusion {other.ticket.ref}", standing=own, others={other.ticket.id: other},
                       proof=Proof.AUTHENTICATED)  # fmt: skip
        (merged,) = of(found, act.MergeTickets)
        assert (merged.ticket, merged.into) == (1043, 1042)
        assert [(a.ticket, a.state) for a in of(found, act.SetState)] == [(1043, C)]
        assert [(a.ticket, a.priority) for a in of(found, act.SetPriority)] == [(1042, Priority.P1)]
        assert [(p.ticket, p.address) for p in of(found, act.AddParticipant)] == [(1042, LUC)]
        assert events(found) == [(1043, "MergedAway"), (1042, "Absorbed")]
        (absorbed,) = [a.event for a in of(found, act.AddEvent) if isinstance(a.event, ev.Absorbed)]
        assert young.course is not None
        assert absorbed.cycles == young.course.cycles
        assert absorbed.unanswered == young.ticket.opened_at
        assert found.reads == {1042: 3, 1043: 3}


def test_merging_brings_a_resolved_survivor_back() -> None:
    found = ruling(".fusion 1043", standing=standing(state=R), proof=Proof.AUTHENTICATED,
                   others={1043: standing(1043, opened_at=NOW)})  # fmt: skip
    assert (1042, O) in [(a.ticket, a.state) for a in of(found, act.SetState)]


def test_an_answer_in_the_mail_that_merges_goes_out_on_the_survivor() -> None:
    young = standing(1043, opened_at=NOW, participants=(Participant(address=LUC, name="Luc"),))
    found = ruling(
        ".fusion 1042\nJe regarde.", standing=young, others={1042: standing(1042)}, proof=Proof.AUTHENTICATED
    )
    assert {(m.ticket, m.recipient) for m in of(found, act.QueueMail) if m.kind == "reply"} == {
        (1042, MARIE),
        (1042, LUC),
    }


def test_a_ticket_is_not_merged_with_itself() -> None:
    found = ruling(".fusion 1042", others={1042: standing()}, proof=Proof.AUTHENTICATED)
    assert [f.why for f in found.faults] == [Why.SAME_TICKET]
    assert [
        f.why for f in ruling(".lier 1042", others={1042: standing()}, proof=Proof.AUTHENTICATED).faults
    ] == [Why.SAME_TICKET]


def test_split_starts_at_the_message() -> None:
    own = standing()
    assert own.spoke is not None
    own = replace(own, spoke=replace(own.spoke, at=NOW - timedelta(minutes=30), subject="Autre chose"))
    found = ruling(".nouveau", standing=own)
    (opened,) = of(found, act.OpenTicket)
    assert (opened.at, opened.subject, opened.plan, opened.related_to) == (
        NOW - timedelta(minutes=30), "Autre chose", Plan.OR, 1042,
    )  # fmt: skip
    assert [(m.to, m.message_id) for m in of(found, act.MoveMessage)] == [(act.NEW, "m1042@client.example")]
    assert [f.why for f in ruling(".nouveau", standing=standing(spoke=None)).faults] == [Why.NO_MESSAGE]
    alone = standing()
    assert alone.spoke is not None
    assert alone.spoke.at == alone.ticket.opened_at
    nothing_left = ruling(".nouveau", standing=alone)
    assert [f.why for f in nothing_left.faults] == [Why.NO_MESSAGE], "it would be left without a word"


def test_link() -> None:
    found = ruling(
        ".lier 1043 1044", others={n: standing(n) for n in (1043, 1044)}, proof=Proof.AUTHENTICATED
    )
    assert [(a.ticket, a.other) for a in of(found, act.LinkTickets)] == [(1042, 1043), (1042, 1044)]


ROY = account(key="roy", name="Boulangerie Roy", plan=Plan.ARGENT, coverage=Coverage.STANDARD)
ROYALE = account(key="royale", name="Boulangerie Royale")


@pytest.mark.parametrize("said", ["roy", "ROY", "boulangerie roy", "Boulangerie Roy"])
def test_account(said: str) -> None:
    found = ruling(
        f".compte {said}", standing=standing(account=None, plan=Plan.GRATUIT), accounts={said: (ROY, ROYALE)}
    )
    (attached,) = of(found, act.AttachAccount)
    assert (attached.account, attached.address, attached.plan) == ("roy", MARIE, Plan.ARGENT)
    assert [a.event for a in of(found, act.AddEvent)] == [
        ev.Attached(at=NOW, plan=Plan.ARGENT, coverage=Coverage.STANDARD)
    ]
    assert found.retargeted == (1042,)
    assert mails(found) == [("transcript", "alex@azimutpos.com")]


@pytest.mark.parametrize(
    ("said", "found", "proposal", "detail"),
    [
        ("zorglub", (), "", ""),
        ("boulangeri roi", (ROY,), "Boulangerie Roy", ""),
        ("boulangerie", (ROY, ROYALE), "", "Boulangerie Roy (roy), Boulangerie Royale (royale)"),
    ],
)
def test_an_account_that_is_not_clear(
    said: str, found: tuple[Account, ...], proposal: str, detail: str
) -> None:
    faults = ruling(f".compte {said}", accounts={said: found}).faults
    assert [(f.why, f.proposal, f.detail) for f in faults] == [(Why.UNKNOWN_ACCOUNT, proposal, detail)]


def test_add() -> None:
    found = ruling(f".ajouter Luc <{LUC}>\n\nJe regarde.")
    assert [(p.address, p.name, p.role) for p in of(found, act.AddParticipant)] == [(LUC, "Luc", "added")]
    assert ("reply", LUC) in mails(found)  # in the same mail already
    assert not of(ruling(f".ajouter {MARIE}"), act.AddParticipant)


def test_a_third_party_can_be_added() -> None:
    people = (Participant(address=MARIE), Participant(address=LUC, role="third_party"))
    assert of(ruling(f".ajouter {LUC}", standing=standing(participants=people)), act.AddParticipant)


@pytest.mark.parametrize("said", ["sam", "Sam Côté", "sam@azimutpos.com"])
def test_an_agent_who_is_added_watches_and_reads_nothing_as_a_customer(said: str) -> None:
    found = ruling(f".ajouter {said}\n\nJe regarde.")
    (watcher,) = of(found, act.AddParticipant)
    assert (watcher.address, watcher.role) == (SAM.addresses[0], "watcher")
    assert ("reply", SAM.addresses[0]) not in mails(found)
    assert found.deeds[0].detail == {"addresses": [], "watchers": [SAM.name]}
    again = standing(participants=(Participant(address=SAM.addresses[0], role="watcher"),))
    assert not of(ruling(f".ajouter {said}", standing=again), act.AddParticipant)


def test_customers_and_agents_are_added_in_one_line() -> None:
    found = of(ruling(f".ajouter {LUC}, sam@azimutpos.com"), act.AddParticipant)
    assert [(p.address, p.role) for p in found] == [(LUC, "added"), (SAM.addresses[0], "watcher")]


def test_who_is_neither_an_agent_nor_an_address_is_asked_about() -> None:
    assert [f.why for f in ruling(".ajouter Zoé").faults] == [Why.BAD_ADDRESS]


@pytest.mark.parametrize("address", ["support@azimutpos.com", "support+x@azimutpos.com"])
def test_our_own_addresses_are_no_customers(address: str) -> None:
    assert [(f.why, f.detail) for f in ruling(f".ajouter {address}").faults] == [(Why.OURS, address)]


def test_for_opens_that_customer_s_ticket_and_says_nothing_here() -> None:
    forwarded = f".pour Luc <{LUC}>\n\nDe : Luc <{LUC}>\nObjet : caisse\n\nElle est figée."
    found = ruling(forwarded, standing=None, answers="", purpose="", proof=Proof.AUTHENTICATED)
    assert found.on_behalf is not None
    assert (found.on_behalf.address.address, found.on_behalf.address.name) == (LUC, "Luc")
    assert "Elle est figée." in found.on_behalf.words
    assert mails(found) == []


# Money


@pytest.mark.parametrize(
    ("plan", "left", "minutes", "receipt"),
    [
        (Plan.OR, 45, 12, False),
        (Plan.OR, 5, 12, True),
        (Plan.GRATUIT, 0, 12, True),
        (Plan.OR, None, 12, False),
    ],
)
def test_a_call(plan: Plan, left: int | None, minutes: int, receipt: bool) -> None:
    found = ruling(
        f".appel {minutes} vu avec elle", standing=standing(plan=plan, minutes_left=left, assignee="alex")
    )
    (call,) = of(found, act.LogCall)
    assert (call.minutes, call.text, call.account) == (minutes, "vu avec elle", "roy")
    assert events(found) == [(1042, "Called")]
    assert bool(mails(found)) is receipt


OFFER = Offered(amount=Decimal("31.25"), month="2026-11", price=Decimal("125.00"))


def credit(text: str, **changes: Any) -> Any:
    given: dict[str, Any] = {"agent": SAM, "confirmed": True, "standing": standing(offered=OFFER)}
    return ruling(text, **{**given, **changes})


def test_credit_accepted_tells_the_customer() -> None:
    found = credit(".crédit accepter")
    (decision,) = of(found, act.DecideCredit)
    assert (decision.accepted, decision.amount, decision.month) == (True, Decimal("31.25"), "2026-11")
    assert mails(found) == [("credit", MARIE), ("transcript", "sam@azimutpos.com")]


@pytest.mark.parametrize(
    ("state", "solved"), [(State.RESOLVED, True), (State.CLOSED, False), (State.OPEN, False)]
)
def test_the_customer_reads_whether_the_ticket_is_solved(state: State, solved: bool) -> None:
    """A ticket that fell silent is closed too: that one is only told as not solved in time."""
    found = credit(".crédit accepter", standing=standing(offered=OFFER, state=state))
    (told,) = [a for a in of(found, act.QueueMail) if a.kind == "credit"]
    assert told.context["resolved"] is solved


def test_credit_with_another_amount_and_the_cap_of_the_month() -> None:
    assert [a.amount for a in of(credit(".crédit accepter 50 $"), act.DecideCredit)] == [Decimal("50.00")]
    capped = standing(offered=replace(OFFER, given=Decimal("100.00")))
    found = credit(".crédit accepter", standing=capped)
    assert [a.amount for a in of(found, act.DecideCredit)] == [Decimal("25.00")]


def test_two_credits_of_one_month_in_one_mail_share_the_cap() -> None:
    offer = replace(OFFER, amount=Decimal("100.00"))
    found = credit(
        ".crédit accepter 1042 1043",
        standing=standing(offered=offer),
        others={1043: standing(1043, offered=offer)},
    )
    assert [a.amount for a in of(found, act.DecideCredit)] == [Decimal("100.00"), Decimal("25.00")]


def test_credit_refused_tells_nobody_outside() -> None:
    found = credit(".crédit refuser")
    assert [(a.accepted, a.amount) for a in of(found, act.DecideCredit)] == [(False, None)]
    assert mails(found) == [("transcript", "sam@azimutpos.com")]


def test_no_credit_without_a_proposal_and_none_twice() -> None:
    assert [f.why for f in credit(".crédit accepter", standing=standing()).faults] == [Why.NO_CREDIT]
    assert [f.why for f in credit(".crédit accepter\n.crédit refuser").faults] == [Why.NO_CREDIT]


def test_hours() -> None:
    found = ruling(
        ".horaire 2026-12-24 12:00-18:00 fermé", agent=SAM, confirmed=True, standing=None, answers=""
    )
    (declared,) = of(found, act.DeclareHours)
    assert (declared.closed, [(s.start, s.end) for s in declared.spans]) == (True, [(43200, 64800)])


def test_erase() -> None:
    assert [a.ticket for a in of(ruling(".effacer", agent=SAM, confirmed=True), act.EraseTicket)] == [1042]


# Undo


@pytest.mark.parametrize(
    ("own", "happened", "priority", "assignee"),
    [
        (
            standing(assignee="sam", before=Before(what="assignee", at=NOW, assignee="alex")),
            ["Taken"],
            None,
            "alex",
        ),
        (standing(assignee="sam", before=Before(what="assignee", at=NOW)), ["Released"], None, None),
        (
            standing(before=Before(what="priority", at=NOW, priority=Priority.P3)),
            ["Reprioritised"],
            Priority.P3,
            None,
        ),
        (standing(state=R, before=Before(what="state", at=NOW, state=O)), ["Reopened"], None, None),
        (standing(state=W, before=Before(what="state", at=NOW, state=O)), ["Reopened"], None, None),
    ],
)  # fmt: skip
def test_undo(own: Standing, happened: list[str], priority: Priority | None, assignee: str | None) -> None:
    found = ruling(".annuler", standing=own)
    assert [name for _, name in events(found)] == happened
    assert [a.priority for a in of(found, act.SetPriority)] == ([priority] if priority else [])
    if own.before is not None and own.before.what == "assignee":
        assert [a.assignee for a in of(found, act.SetAssignee)] == [assignee]
    assert mails(found) == [("transcript", "alex@azimutpos.com")]


def test_undo_of_an_answer_that_still_waits() -> None:
    found = ruling(".annuler", standing=standing(unsent=((7, 2), (8, 1))))
    assert [(c.row, c.version) for c in of(found, act.CancelMail)] == [(7, 2), (8, 1)]


@pytest.mark.parametrize(
    "own",
    [
        standing(),
        standing(state=C, before=Before(what="state", at=NOW, state=R)),
        standing(state=O, before=Before(what="state", at=NOW, state=N)),
    ],
)
def test_nothing_to_undo(own: Standing) -> None:
    assert [f.why for f in ruling(".annuler", standing=own).faults] == [Why.NOTHING_TO_UNDO]


# What is shown


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (".voir", (Verb.SHOW, (1042,), "")),
        (".expliquer", (Verb.EXPLAIN, (1042,), "")),
        (".client", (Verb.CUSTOMER, (1042,), "")),
        (".liste retard", (Verb.LIST, (1042,), "late")),
        (".aide", (Verb.HELP, (1042,), "")),
    ],
)
def test_reading(text: str, asked: tuple[Verb, tuple[int, ...], str]) -> None:
    found = ruling(text)
    assert [(a.verb, a.tickets, a.scope) for a in found.asked] == [asked]
    assert not events(found)


# Whatever happens


def test_all_or_nothing() -> None:
    found = ruling(".prendre\n.p1\n.attente", standing=standing(state=N))
    assert [f.why for f in found.faults] == [Why.NO_QUESTION]
    assert not events(found)
    assert {type(a) for a in found.actions} == {act.AddMessage, act.QueueMail}


def test_commands_are_done_in_the_order_of_the_contract() -> None:
    found = ruling(".résolu\n.p1\n.appel 5\n.prendre", standing=standing(state=N))
    assert [name for _, name in events(found)] == ["Taken", "Called", "Reprioritised", "Resolved"]


def test_the_mail_is_on_its_ticket_whatever_became_of_it() -> None:
    for text in (".prendre", ".resoulu", ".note x", "Bonjour Marie, je regarde.", ".crédit accepter"):
        (message,) = of(ruling(text), act.AddMessage)
        assert (message.direction, message.role, message.full_text) == ("note", "agent", text)


def test_a_command_without_a_ticket_names_none() -> None:
    found = ruling("prendre", standing=None, answers="digest", proof=Proof.DESK_TOKEN)
    assert [f.why for f in found.faults] == [Why.NO_TICKET]
    found = ruling("prendre 1099", standing=None, answers="digest", proof=Proof.DESK_TOKEN)
    assert [(f.why, f.detail) for f in found.faults] == [(Why.UNKNOWN_TICKET, "1099")]
