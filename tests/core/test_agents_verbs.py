"""Every command of an agent through the whole door, in both languages: a mail in, a decision out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.commands.hearing import Before, Spoken
from daemon.core.commands.notifying import Said
from daemon.core.commands.queueing import SMALL_ROOM
from daemon.core.dossier import AgentsAnswer, Dossier, KeptCredit
from daemon.core.facts import Listed
from daemon.core.sla import events as ev
from daemon.core.sla.minutes import LoggedCall
from daemon.core.values import (
    Address,
    Attachment,
    Coverage,
    Disposition,
    Language,
    Participant,
    Plan,
    Priority,
    State,
)
from tests.core.build import MARIE, account, findings, ticket
from tests.core.commands.build import LUC, NOW
from tests.core.commands.desk import (
    Desk,
    asked_by,
    desk_policy,
    dossier,
    events,
    mails,
    of,
    row,
    told,
    vouched,
)

ASKED = AgentsAnswer(
    reply="reply:INBOX/7/5:1042",
    by="alex",
    words="Quelles dates avez-vous choisies?",
    queued_at=NOW - timedelta(hours=2),
    at=NOW - timedelta(hours=2),
)
MANAGER = "sam@azimutpos.com"
RESTO = account(key="resto", name="Resto Luc", emails=(LUC,), plan=Plan.ARGENT, coverage=Coverage.STANDARD)


def both(fr: str, en: str) -> Any:
    return pytest.mark.parametrize("text", [fr, en], ids=["fr", "en"])


@both("#prendre", "#take")
def test_take(text: str) -> None:
    found = Desk().says(text)
    (record,) = of(found, act.RecordMail)
    assert (record.disposition, record.ticket, record.raw) == (Disposition.MESSAGE, 1042, b"x")
    assert [(a.assignee, a.by) for a in of(found, act.SetAssignee)] == [("alex", "alex")]
    assert events(found) == [(1042, "Taken")]
    assert mails(found) == [], "nobody is told of it"
    assert found.reads == {1042: 3}
    assert [(m.direction, m.text) for m in of(found, act.AddMessage)] == [("note", text)]


@both("#prendre\nBonjour Marie, je regarde.", "#take\nHi Marie, I'm looking at it.")
def test_an_answer_goes_to_the_customer_and_says_so_to_the_agent(text: str) -> None:
    found = Desk().says(text)
    assert mails(found) == [("reply", MARIE), ("transcript", "alex@azimutpos.com")]
    assert told(found, "reply")["text"] == text.partition("\n")[2]
    assert told(found)["what"] == "done"
    assert events(found) == [(1042, "Taken")], "the answer counts when a server has taken it"


@both("#libérer", "#release")
def test_release(text: str) -> None:
    found = Desk({1042: dossier(assignee="alex")}).says(text)
    assert [a.assignee for a in of(found, act.SetAssignee)] == [None]
    assert events(found) == [(1042, "Released")]


@both("#assigner sam\nBonjour Marie, Sam prend le relais.", "#assign sam\nHi Marie, Sam takes over.")
def test_assign_hands_the_whole_conversation_over(text: str) -> None:
    found = Desk({1042: dossier(answer=ASKED)}).says(text)
    assert [a.assignee for a in of(found, act.SetAssignee)] == ["sam"]
    context = told(found, "notification")
    assert ("notification", MANAGER) in mails(found)
    assert (context["what"], context["holder"], context["takes"]) == ("assigned", "Sam Côté", False)
    assert context["text"] == "La caisse est gelée."
    said = [(one["direction"], one["text"]) for one in context["conversation"]]
    assert said == [("out", ASKED.words), ("out", text.partition("\n")[2])]
    people = (Participant(address=MARIE), Participant(address="alex@azimutpos.com", role="watcher"))
    watched = Desk({1042: dossier(participants=people)}).says(text)
    assert [to for kind, to in mails(watched) if kind == "notification"] == [MANAGER]


def test_many_alarms_in_one_mail_are_answered_by_naming_the_tickets() -> None:
    two = {1042: dossier(), 1043: dossier(1043)}
    alarm = row("alarm", None)
    assert events(Desk(two, answered=alarm).says("PRENDRE AZ-1043 AZ-1042")) == [
        (1043, "Taken"),
        (1042, "Taken"),
    ]
    asked = Desk(two, answered=alarm).says("Ok, j'arrive")
    assert events(asked) == []
    assert [fault["why"] for fault in told(asked)["faults"]] == ["no_ticket"]


def test_whoever_takes_a_ticket_is_sent_what_they_have_not_seen() -> None:
    def sent(one: Dossier) -> list[object]:
        found = Desk({1042: one}).says("#prendre\nBonjour Marie, je regarde.")
        return [m.context["what"] for m in of(found, act.QueueMail) if m.kind == "notification"]

    def said(*sizes: int, direction: str = "in") -> tuple[Said, ...]:
        files = tuple(Attachment(name="v.mp4", media_type="video/mp4", size=n, sha256="a") for n in sizes)
        return (
            Said(
                direction=direction,
                author=Address(address=MARIE),
                at=NOW - timedelta(hours=2),
                text="",
                attachments=files,
            ),
        )

    assert sent(dossier()) == []
    assert sent(dossier(conversation=said(SMALL_ROOM))) == []
    assert sent(dossier(conversation=said(SMALL_ROOM, 1))) == ["taken"], "everybody had the small ones only"
    assert sent(dossier(conversation=said(SMALL_ROOM + 1, direction="out"))) == []
    assert sent(dossier(assignee="sam")) == ["taken"]
    held = (ev.Taken(at=NOW - timedelta(hours=3)), ev.Released(at=NOW - timedelta(hours=1)))
    assert sent(dossier(events=held, conversation=said(1))) == ["taken"], "only Sam had heard of it"
    assert (
        sent(dossier(events=(*held[:1], ev.Released(at=NOW - timedelta(hours=2.5))), conversation=said(1)))
        == []
    )


@both("#p3", "#priority 3")
def test_priority_tells_the_customer_of_what_became_later(text: str) -> None:
    found = Desk().says(text)
    assert [(a.priority, a.rule) for a in of(found, act.SetPriority)] == [(Priority.P3, "agent")]
    assert mails(found) == [("transcript", "alex@azimutpos.com"), ("status-update", MARIE)]
    update = told(found, "status-update")
    assert (update["what"], update["why"], update["priority"], update["was"]) == (
        "priority",
        "agent",
        "P3",
        "P2",
    )


@both("#p3\nBonjour Marie, ce sera demain.", "#p3\nHi Marie, it will be tomorrow.")
def test_a_mail_that_speaks_tells_it_itself(text: str) -> None:
    assert [kind for kind, _ in mails(Desk().says(text))] == ["reply", "transcript"]


@both("#p1", "#p1")
def test_a_promise_that_comes_sooner_is_not_told(text: str) -> None:
    assert [kind for kind, _ in mails(Desk().says(text))] == ["transcript"]


@both("#attente jeudi", "#waiting Thursday")
def test_wait_when_something_was_asked(text: str) -> None:
    found = Desk({1042: dossier(answer=ASKED, assignee="alex")}).says(text)
    (waited,) = [a.event for a in of(found, act.AddEvent)]
    assert isinstance(waited, ev.Waited)
    assert waited.mail == ASKED.reply
    assert waited.until is not None
    assert (waited.until - NOW).days == 1
    assert [a.state for a in of(found, act.SetState)] == [State.WAITING]


@both("#attente", "#waiting")
@pytest.mark.parametrize(
    "unasked",
    [
        {},
        {"answer": replace(ASKED, at=None)},
        {"answer": replace(ASKED, words="")},
        {
            "answer": ASKED,
            "spoke": Spoken(message_id="m", at=NOW, sender=Address(address=MARIE), subject="x"),
        },
        {"answer": ASKED, "events": (ev.Bounced(at=NOW, mail=ASKED.reply),)},
    ],
    ids=["nothing", "not accepted", "no words", "answered", "bounced"],
)
def test_wait_when_nothing_was_asked(text: str, unasked: dict[str, Any]) -> None:
    found = Desk({1042: dossier(**unasked)}).says(text)
    assert events(found) == []
    assert [f["why"] for f in told(found)["faults"]] == ["no_question"]


@both("#attente\nBonjour Marie, quelles dates?", "#waiting\nHi Marie, which dates?")
def test_wait_with_its_question_begins_when_that_is_accepted(text: str) -> None:
    found = Desk().says(text)
    assert told(found, "reply")["waits"] is True
    assert [name for _, name in events(found)] == ["Taken"]


@both("#résolu\nC’est corrigé.", "#resolved\nIt's fixed.")
def test_resolve(text: str) -> None:
    found = Desk().says(text)
    assert sorted(name for _, name in events(found)) == ["Resolved", "Taken"]
    assert told(found, "resolved")["text"] == text.partition("\n")[2]
    assert [a.state for a in of(found, act.SetState)] == [State.RESOLVED]


@both("#résolu", "#resolved")
def test_a_late_resolution_without_words_is_told_and_a_credit_is_proposed(text: str) -> None:
    week_ago = NOW - timedelta(days=7)
    found = Desk({1042: dossier(opened_at=week_ago, answer=ASKED)}).says(text)
    (proposed,) = of(found, act.ProposeCredit)
    assert (proposed.ticket, proposed.account) == (1042, "roy")
    assert proposed.amount > 0
    assert [m for m in mails(found) if m[0] == "proposal"] == [
        ("proposal", MANAGER), ("proposal", "direction@azimutpos.com"),
    ]  # fmt: skip
    resolved = told(found, "resolved")
    assert (resolved["text"], resolved["said"], resolved["said_by"]) == ("", ASKED.words, "Alex Roy")


@both("#résolu", "#resolved")
def test_a_resolution_in_time_costs_nothing(text: str) -> None:
    assert of(Desk().says(text), act.ProposeCredit) == []


@both("#fermer", "#close")
def test_close(text: str) -> None:
    found = Desk().says(text)
    assert (1042, "Closed") in events(found)
    assert [a.state for a in of(found, act.SetState)][-1] is State.CLOSED


@both("#rouvrir", "#reopen")
def test_reopen_tells_the_customer(text: str) -> None:
    resolved = ev.Resolved(at=NOW - timedelta(hours=1))
    found = Desk({1042: dossier(state=State.RESOLVED, events=(resolved,), assignee="alex")}).says(text)
    assert events(found) == [(1042, "Reopened")]
    update = told(found, "status-update")
    assert (update["what"], update["why"], update["holder"]) == ("reopened", "agent", "Alex")


@both("#note\nCliente en retard de paiement.", "#note\nCustomer is late paying.")
def test_note_stays_inside(text: str) -> None:
    found = Desk().says(text)
    assert mails(found) == []
    (note,) = of(found, act.AddMessage)
    assert (note.direction, note.role, note.text) == ("note", "agent", text)


@both("#public La pièce arrive demain", "#public The part arrives tomorrow")
def test_public(text: str) -> None:
    found = Desk().says(text)
    assert [a.text for a in of(found, act.SaveNews)] == [text.partition(" ")[2]]
    assert events(found) == [(1042, "News")]
    assert mails(found) == []


@both("#appel 12 vu ensemble", "#call 12 went through it")
def test_call(text: str) -> None:
    calls = (LoggedCall(at=NOW - timedelta(days=1), minutes=55),)
    bronze = replace(account(), plan=Plan.BRONZE)
    one = dossier(calls=calls, account=bronze, plan=Plan.BRONZE)
    found = Desk({1042: one}).says(text)
    assert [(a.minutes, a.text) for a in of(found, act.LogCall)] == [(12, text.split(" ", 2)[2])]
    assert (1042, "Called") in events(found)
    (done,) = told(found)["done"]
    assert (done["left"], done["extra"]) == (0, 12), "the rest costs"


@both("#fusion AZ-1043", "#merge AZ-1043")
def test_merge(text: str) -> None:
    later = dossier(1043, opened_at=NOW - timedelta(minutes=30), priority=Priority.P1)
    found = Desk({1042: dossier(), 1043: later}).says(text, authentication_results=vouched())
    assert [(a.ticket, a.into) for a in of(found, act.MergeTickets)] == [(1043, 1042)]
    assert dict(events(found)) == {1043: "MergedAway", 1042: "Absorbed"}
    assert found.reads == {1042: 3, 1043: 3}


@both("#fusion AZ-1042", "#merge AZ-1042")
def test_a_merge_into_what_was_solved_brings_it_back_to_life(text: str) -> None:
    solved = (ev.Taken(at=NOW - timedelta(hours=2)), ev.Resolved(at=NOW - timedelta(hours=1)))
    over = dossier(state=State.RESOLVED, events=solved, assignee="sam")
    later = dossier(1043, opened_at=NOW - timedelta(minutes=30))
    desk = Desk({1042: over, 1043: later}, answered=row(number=1043))
    found = desk.says(text, authentication_results=vouched())
    assert (1042, "Reopened") in events(found)
    assert [a.state for a in of(found, act.SetState) if a.ticket == 1042] == [State.OPEN]
    (clocks,) = [w for w in of(found, act.WriteClocks) if w.ticket == 1042]
    running = {c.clock.value for c in clocks.cycles if c.ended is None}
    assert running == {"next_response", "status_update", "resolution"}
    update = told(found, "status-update")
    assert (update["what"], update["why"], update["holder"]) == ("reopened", "merge", "Sam")


@both("#fusion AZ-1043", "#merge AZ-1043")
def test_a_merge_of_two_customers_is_asked_of_a_manager(text: str) -> None:
    desk = Desk({1042: dossier(), 1043: dossier(1043, account=RESTO, requester=LUC)})
    refused = desk.says(text, authentication_results=vouched())
    assert [f["why"] for f in told(refused)["faults"]] == ["not_allowed"]
    assert held_by_none(refused)
    sams = replace(desk, answered=row(recipient=MANAGER))
    asked = sams.says(text, by=MANAGER, authentication_results=vouched(MANAGER))
    assert mails(asked) == [("confirm", MANAGER)]
    assert events(asked) == []
    done = asked_by(sams, asked, "confirm").says("oui", by=MANAGER)
    assert [(a.ticket, a.into) for a in of(done, act.MergeTickets)] == [(1043, 1042)]
    assert [a.how for a in of(done, act.SettleHeld)] == ["yes"]


def held_by_none(found: act.Decision) -> bool:
    return not of(found, act.HoldMail)


@both("#nouveau", "#split")
def test_split_begins_a_ticket_that_agents_can_answer(text: str) -> None:
    spoke = Spoken(
        message_id="m9@client.example",
        at=NOW - timedelta(hours=1),
        sender=Address(address=MARIE, name="Marie Roy"),
        subject="Autre chose",
    )
    found = Desk({1042: dossier(spoke=spoke, spoke_text="L’imprimante aussi.")}).says(text)
    (opened,) = of(found, act.OpenTicket)
    assert (opened.at, opened.subject, opened.related_to) == (spoke.at, "Autre chose", 1042)
    assert [(m.to, m.message_id) for m in of(found, act.MoveMessage)] == [(act.NEW, "m9@client.example")]
    new = [m for m in of(found, act.QueueMail) if m.kind == "notification"]
    assert [(m.ticket, m.recipient) for m in new] == [(act.NEW, "alex@azimutpos.com"), (act.NEW, MANAGER)]
    assert {(m.context["what"], m.context["text"]) for m in new} == {("new", "L’imprimante aussi.")}
    (clocks,) = of(found, act.WriteClocks)
    assert {cycle.start for cycle in clocks.cycles} == {spoke.at}


@both("#lier 1043", "#link 1043")
def test_link(text: str) -> None:
    desk = Desk({1042: dossier(), 1043: dossier(1043)})
    found = desk.says(text, authentication_results=vouched())
    assert [(a.ticket, a.other) for a in of(found, act.LinkTickets)] == [(1042, 1043)]


@pytest.mark.parametrize("proven", [True, False], ids=["authenticated", "after a yes"])
@both(
    f"#pour Luc Roy <{LUC}>\n\nLa caisse est figée depuis 8 h.",
    f"#for Luc Roy <{LUC}>\n\nThe till has been frozen since 8.",
)
def test_for(text: str, proven: bool) -> None:
    desk = Desk(answered=None, accounts=(RESTO,))
    forward: dict[str, Any] = {
        "subject": "TR: caisse figée",
        "cc": (Address(address="voisin@resto.example"),),
        "findings": findings("S2", confidence=0.8),
        "authentication_results": vouched() if proven else (),
    }
    found = desk.says(text, **forward)
    if not proven:
        assert mails(found) == [("confirm", "alex@azimutpos.com")]
        assert of(found, act.RecordMail)[0].disposition is Disposition.RECORDED
        assert of(found, act.OpenTicket) == []
        found = asked_by(desk, found, "confirm").says("oui", subject="Re: confirm")
    (opened,) = of(found, act.OpenTicket)
    assert (opened.requester.address, opened.account, opened.plan) == (LUC, "resto", Plan.ARGENT)
    assert (opened.subject, opened.confidence, opened.to_verify) == ("TR: caisse figée", 0.8, False)
    (message,) = [m for m in of(found, act.AddMessage) if m.direction == "in"]
    assert message.text == text.partition("\n\n")[2]
    assert (message.sender.address, message.to, message.cc) == (LUC, (), ()), "they copied nobody"
    assert {kind for kind, _ in mails(found)} == {"notification"}, "the customer hears from an agent"
    assert of(found, act.RecordMail)[0].disposition is Disposition.TICKET


@both("#pour support@azimutpos.com\nx", "#for sam@azimutpos.com\nx")
def test_no_ticket_is_opened_for_one_of_us(text: str) -> None:
    found = Desk(answered=None).says(text, authentication_results=vouched())
    assert [f["why"] for f in told(found)["faults"]] == ["ours"]
    assert of(found, act.OpenTicket) == []


@both("#compte Resto Luc", "#account resto")
def test_account_computes_the_clocks_anew_and_tells_what_moved(text: str) -> None:
    stranger = dossier(account=None, plan=Plan.GRATUIT, coverage=Coverage.STANDARD, known=True)
    found = Desk({1042: stranger}, accounts=(RESTO,)).says(text)
    (attached,) = of(found, act.AttachAccount)
    assert (attached.account, attached.plan) == ("resto", Plan.ARGENT)
    assert events(found) == [(1042, "Attached")]
    assert [kind for kind, _ in mails(found)] == ["transcript"]


@both("#ajouter comptable@fiscal.example", "#cc comptable@fiscal.example")
def test_add(text: str) -> None:
    found = Desk().says(f"{text}\n\nBonjour Marie, voici.")
    assert [(p.address, p.role) for p in of(found, act.AddParticipant)] == [
        ("comptable@fiscal.example", "added")
    ]
    assert [to for kind, to in mails(found) if kind == "reply"] == [MARIE, "comptable@fiscal.example"]


@both("#spam", "#spam")
def test_spam(text: str) -> None:
    found = Desk().says(text)
    assert events(found) == [(1042, "Discarded")]
    assert [(c.field, c.became) for c in of(found, act.AddCorrection)] == [("intent", "spam")]
    (clocks,) = of(found, act.WriteClocks)
    assert clocks.wake_at is None


def item(found: act.Decision) -> dict[str, Any]:
    context = told(found)
    assert context["what"] == "shown"
    (one,) = context["shown"]
    assert one.keys() == {"shown", "ref", "subject", "scope", "more", "content"}
    return dict(one)


@both("#expliquer", "#explain")
def test_explain(text: str) -> None:
    one = item(Desk().says(text))
    assert (one["shown"], one["ref"]) == ("explain", "AZ-1042")
    assert [c["clock"] for c in one["content"]] == ["first_response", "status_update", "resolution"]


@both("voir 1043", "show AZ-1043")
def test_show(text: str) -> None:
    desk = Desk({1043: dossier(1043)}, answered=row("digest", None))
    one = item(desk.says(text, subject="Re: Ce matin"))
    assert (one["shown"], one["ref"]) == ("show", "AZ-1043")
    assert (one["content"]["what"], one["content"]["takes"]) == ("shown", False)


@both("#client", "#customer")
def test_customer(text: str) -> None:
    mine = Listed(ticket=ticket(1050), account="Boulangerie Roy", clock="", due=None, breached=False)
    theirs = replace(mine, ticket=ticket(1051, account="resto"))
    one = item(Desk(listing=(theirs, mine)).says(text))
    content = one["content"]
    assert (content["account"], content["plan"], content["requester"]) == (
        "Boulangerie Roy",
        "or",
        "Marie Roy",
    )
    assert [line["ref"] for line in content["tickets"]] == ["AZ-1050"]
    assert content["people"] == [{"name": "Marie Roy", "address": MARIE, "role": "requester"}]


def listed() -> tuple[Listed, ...]:
    def one(number: int, hours: float | None, **changes: Any) -> Listed:
        due = NOW + timedelta(hours=hours) if hours is not None else None
        late = hours is not None and hours < 0
        return Listed(
            ticket=ticket(number, **changes), account="Roy", clock="resolution", due=due, breached=late
        )

    return (
        one(1042, 3, assignee="alex"),
        one(1043, -1, priority=Priority.P1),
        one(1044, None, assignee="sam", state=State.WAITING),
        one(1045, 1, assignee="alex", priority=Priority.P1),
    )


@pytest.mark.parametrize(
    ("fr", "en", "refs"),
    [
        ("liste", "list", [1043, 1045, 1042, 1044]),
        ("liste moi", "list me", [1045, 1042]),
        ("liste retard", "list late", [1043]),
        ("liste p1", "list p1", [1043, 1045]),
        ("liste sam", "list sam", [1044]),
    ],
)
def test_list(fr: str, en: str, refs: list[int]) -> None:
    for text in (fr, en):
        desk = Desk(answered=None, listing=listed())
        found = desk.says(text, subject="liste", authentication_results=vouched())
        one = item(found)
        assert [line["ref"] for line in one["content"]] == [f"AZ-{n}" for n in refs]
        assert of(found, act.RecordMail)[0].disposition is Disposition.RECORDED


@both("liste", "list")
def test_a_list_without_any_proof_is_asked_for_once_more(text: str) -> None:
    desk = Desk(answered=None, listing=listed())
    asked = desk.says(text, subject="x")
    assert mails(asked) == [("confirm", "alex@azimutpos.com")]
    answer = asked_by(desk, asked, "confirm")
    assert len(item(answer.says("oui", subject="x"))["content"]) == 4
    assert len(answer.asked) == 2, "what the held mail names is asked for too"


OFFERED = KeptCredit(amount=Decimal("62.50"), month="2026-11", state="proposed")


@both("#crédit accepter", "#credit accept")
def test_credit(text: str) -> None:
    desk = Desk({1042: dossier(credit=OFFERED)}, answered=row(recipient=MANAGER))
    assert [f["why"] for f in told(desk.says(text))["faults"]] == ["not_allowed"]
    asked = desk.says(text, by=MANAGER)
    assert of(asked, act.DecideCredit) == []
    done = asked_by(desk, asked, "confirm").says("oui", by=MANAGER)
    assert [(a.accepted, a.amount) for a in of(done, act.DecideCredit)] == [(True, Decimal("62.50"))]
    assert ("credit", MARIE) in mails(done)


def test_a_credit_is_decided_once() -> None:
    decided = replace(OFFERED, state="refused")
    desk = Desk({1042: dossier(credit=decided)}, answered=row(recipient=MANAGER))
    asked = desk.says("#crédit accepter", by=MANAGER)
    done = asked_by(desk, asked, "confirm").says("oui", by=MANAGER)
    assert [f["why"] for f in told(done)["faults"]] == ["no_credit"]


@both("oui", "yes")
def test_a_yes_to_the_proposal_itself(text: str) -> None:
    about = {"what": "credit"}
    desk = Desk({1042: dossier(credit=OFFERED)}, answered=row("proposal", recipient=MANAGER, context=about))
    asked = desk.says(text, by=MANAGER)
    assert mails(asked) == [("confirm", MANAGER)]
    done = asked_by(desk, asked, "confirm").says(text, by=MANAGER)
    assert len(of(done, act.DecideCredit)) == 1


@both("oui", "yes")
def test_a_yes_to_evidence_of_non_compliance_accepts_no_credit(text: str) -> None:
    about = {"what": "finding"}
    desk = Desk({1042: dossier(credit=OFFERED)}, answered=row("proposal", recipient=MANAGER, context=about))
    found = desk.says(text, by=MANAGER)
    assert of(found, act.DecideCredit) == of(found, act.HoldMail) == []
    assert [f["why"] for f in told(found)["faults"]] == ["nothing_asked"]


@both("#annuler", "#undo")
def test_undo(text: str) -> None:
    before = Before(what="priority", at=NOW - timedelta(minutes=5), priority=Priority.P3)
    found = Desk({1042: dossier(before=before)}).says(text)
    assert [a.priority for a in of(found, act.SetPriority)] == [Priority.P3]
    unsent = Desk({1042: dossier(unsent=((7, 1), (8, 2)))}).says(text)
    assert [(c.row, c.version) for c in of(unsent, act.CancelMail)] == [(7, 1), (8, 2)]


@both("#horaire 2026-12-24 12:00-18:00 fermé", "#hours 2026-12-24 12:00-18:00 closed")
def test_hours(text: str) -> None:
    desk = Desk(answered=row(recipient=MANAGER))
    asked = desk.says(text, by=MANAGER)
    assert of(asked, act.DeclareHours) == []
    done = asked_by(desk, asked, "confirm").says("oui", by=MANAGER)
    assert [(a.day.isoformat(), a.closed) for a in of(done, act.DeclareHours)] == [("2026-12-24", True)]


@both("#effacer", "#erase")
def test_erase(text: str) -> None:
    desk = Desk(answered=row(recipient=MANAGER))
    asked = desk.says(text, by=MANAGER)
    assert of(asked, act.EraseTicket) == []
    done = asked_by(desk, asked, "confirm").says("oui", by=MANAGER)
    assert [a.ticket for a in of(done, act.EraseTicket)] == [1042]


@both("#aide", "#help")
def test_help(text: str) -> None:
    one = item(Desk().says(text))
    assert one["shown"] == "help"
    assert "erase" not in {line["verb"] for line in one["content"]}
    english = replace(Desk(), policy=desk_policy(language=Language.EN))
    assert [line["name"] for line in item(english.says(text))["content"]][:2] == ["take", "release"]


@both("#attente 03/04\nBonjour Marie.", "#waiting 03/04\nHi Marie.")
def test_send_leaves_out_what_is_wrong(text: str) -> None:
    desk = Desk()
    refused = desk.says(text)
    assert [kind for kind, _ in mails(refused)] == ["transcript"]
    assert told(refused)["text"] == text.partition("\n")[2]
    for word in ("envoyer", "send"):
        sent = asked_by(desk, refused, "transcript").says(word)
        assert ("reply", MARIE) in mails(sent)
        assert [a.how for a in of(sent, act.SettleHeld)] == ["send"]


@both("#prendr\nBonjour Marie.", "#taek\nHi Marie.")
def test_yes_does_what_was_meant_and_no_does_nothing(text: str) -> None:
    desk = Desk()
    refused = desk.says(text)
    assert told(refused)["yes"] is not None
    for word in ("oui", "yes"):
        done = asked_by(desk, refused, "transcript").says(word)
        assert ("reply", MARIE) in mails(done)
        assert (1042, "Taken") in events(done)
    for word in ("non", "no"):
        left = asked_by(desk, refused, "transcript").says(word)
        assert (mails(left), events(left)) == ([], [])
        assert [a.how for a in of(left, act.SettleHeld)] == ["no"]


@both(f"#nouveau\n#pour {LUC}", f"#split\n#for {LUC}")
def test_of_one_mail_comes_one_ticket(text: str) -> None:
    found = Desk(accounts=(RESTO,)).says(text, authentication_results=vouched())
    assert [f["why"] for f in told(found)["faults"]] == ["contradiction"]
    assert of(found, act.OpenTicket) == []
