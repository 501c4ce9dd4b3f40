"""What a customer's message does to its ticket: five words for the clocks, the two answers, "urgent", a
graver message; and that what lists show always is what the events come to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from daemon.core.actions import AddEvent, AddHistory, Decision, QueueMail, SetPriority, SetState, WriteClocks
from daemon.core.facts import Snapshot
from daemon.core.keeping import course_after
from daemon.core.policy import Policy
from daemon.core.sla.events import (
    By,
    Closed,
    Opening,
    Reprioritised,
    Resolved,
    Taken,
    TicketEvent,
    Waited,
    Word,
    Wrote,
)
from daemon.core.sla.steps import StepKind, schedule
from daemon.core.values import (
    Account,
    Claim,
    ClaimKind,
    Coverage,
    Findings,
    Intent,
    Mail,
    Plan,
    Priority,
    State,
    Ticket,
)
from tests.core.build import T0, account, findings, mail, ticket
from tests.core.dossiers import dossier, settled
from tests.core.test_decide import clocks, decide, desk, of, one

TOKEN = Claim(kind=ClaimKind.TOKEN, ticket=1042, purpose="customer", for_sender=True)
HOUR = timedelta(hours=1)
UNSURE = findings("S3", confidence=0.5)


def wrote(
    text: str = "Encore une question.",
    the: Ticket | None = None,
    *events: TicketEvent,
    found: Findings | None = None,
    claims: Any = (TOKEN,),
    rules: Policy | None = None,
    known: dict[str, Any] | None = None,
    at: datetime = T0,
    **of_dossier: Any,
) -> Decision:
    """Marie writes this on her ticket at T0."""
    held = dossier(the or ticket(state=State.OPEN), *events, **of_dossier)
    snapshot = Snapshot(
        account=of_dossier.get("account", account()),
        tickets=(held.ticket,),
        dossiers={1042: held},
        **(known or {}),
    )
    letter: Mail = mail(text=text, new_text=text)
    decision = decide(
        letter, snapshot, claims=claims, found=found or UNSURE, rules=rules, internaldate=at, now=max(at, T0)
    )
    _agrees(decision, held.ticket, course_after(decision, held, rules or desk()))
    return decision


def _agrees(decision: Decision, was: Ticket, course: Any) -> None:
    """What lists show is what the events come to."""
    states = [a.state for a in of(SetState, decision)]
    priorities = [(a.priority, a.provisional) for a in of(SetPriority, decision)]
    assert (states[-1] if states else was.state) is course.state
    assert (priorities[-1] if priorities else (was.priority, was.provisional)) == (
        course.priority,
        course.provisional,
    )


def events(decision: Decision) -> list[TicketEvent]:
    return [a.event for a in of(AddEvent, decision)]


def updates(decision: Decision) -> list[QueueMail]:
    return [m for m in of(QueueMail, decision) if m.kind == "status-update"]


def waiting(**changes: Any) -> Ticket:
    return ticket(state=State.WAITING, **changes)


def p1(**changes: Any) -> Ticket:
    given: dict[str, Any] = {"state": State.OPEN, "priority": Priority.P1, "provisional": True}
    return ticket(**{**given, **changes})


# -- words for the clocks -----------------------------------------------------------------------------------


def test_a_question_opens_a_waiting_ticket_and_its_clocks_go_on() -> None:
    decision = wrote(the=waiting())
    assert events(decision) == [Wrote(at=T0)]
    assert one(SetState, decision).state is State.OPEN
    assert one(WriteClocks, decision).ticket == 1042
    running = clocks(decision)
    assert not any(cycle.paused for cycle in running.values())
    assert decision.reads == {1042: 3}


def test_it_counts_at_its_arrival_not_when_we_were_up_again() -> None:
    decision = wrote(the=waiting(), at=T0 - HOUR)
    assert events(decision) == [Wrote(at=T0 - HOUR)]
    assert one(SetState, decision).at == T0 - HOUR


@pytest.mark.parametrize(
    ("text", "word", "until"),
    [
        ("Plus tard", Word.LATER, None),
        ("plus tard, vendredi\n\nMarie", Word.LATER, "2026-11-06T00:00:00-05:00"),
        ("Réglé!", Word.WORKS, None),
        ("Moins.", Word.LESS, None),
        ("solved, thank you", Word.WORKS, None),
    ],
)
def test_the_words_that_our_mails_offer_are_heard_in_an_answer_to_one(
    text: str, word: Word, until: str | None
) -> None:
    decision = wrote(text, waiting())
    at = datetime.fromisoformat(until) if until else None
    assert events(decision) == [Wrote(at=T0, word=word, until=at)]
    assert of(SetState, decision) == []


@pytest.mark.parametrize(
    ("evidence", "heard"),
    [
        (ClaimKind.TOKEN, True),
        (ClaimKind.SIGNED_ID, True),
        (ClaimKind.BODY_TOKEN, True),
        (ClaimKind.SUBJECT, True),
    ],
)
def test_only_a_mail_of_ours_gives_such_evidence(evidence: ClaimKind, heard: bool) -> None:
    claim = Claim(kind=evidence, ticket=1042, purpose="customer", for_sender=True)
    assert events(wrote("Plus tard", waiting(), claims=(claim,))) == [Wrote(at=T0, word=Word.LATER)]


def test_in_a_mail_of_their_own_those_words_mean_nothing() -> None:
    emergency = ticket(state=State.OPEN, priority=Priority.P1)
    decision = wrote("Urgent! Plus rien.", emergency, claims=(), known={"open_p1": emergency})
    assert events(decision) == [Wrote(at=T0)]
    assert of(SetPriority, decision) == []
    calm = wrote("Moins.", emergency, claims=(), known={"open_p1": emergency})
    assert events(calm) == [Wrote(at=T0)]


@pytest.mark.parametrize(("intent", "word"), [(Intent.THANKS, Word.THANKS), (Intent.RESOLVED, Word.WORKS)])
def test_a_sure_courtesy_moves_nothing_and_a_doubtful_one_is_a_question(intent: Intent, word: Word) -> None:
    sure = wrote("Merci bien", waiting(), found=findings("S4", intent=intent, intent_confidence=0.95))
    assert events(sure) == [Wrote(at=T0, word=word)]
    assert of(SetState, sure) == []
    doubtful = wrote("Merci bien", waiting(), found=findings("S4", intent=intent, intent_confidence=0.94))
    assert events(doubtful) == [Wrote(at=T0)]


@pytest.mark.parametrize("intent", [Intent.THANKS, Intent.RESOLVED])
def test_nothing_has_changed_is_a_question_however_sure_the_model_is_of_a_courtesy(intent: Intent) -> None:
    sure = findings("S4", intent=intent, intent_confidence=0.99)
    said = wrote("Merci, mais rien n'a changé.", waiting(), found=sure)
    assert events(said) == [Wrote(at=T0)]
    assert of(SetState, said) != []


def test_it_works_resolves_by_itself_where_the_desk_wants_it() -> None:
    works = findings("S4", intent=Intent.RESOLVED, intent_confidence=0.99)
    rules = desk(auto_resolve=True)
    decision = wrote("Ça marche!", found=works, rules=rules)
    assert events(decision) == [Wrote(at=T0, word=Word.WORKS), Resolved(at=T0, confirms=True)]
    assert one(SetState, decision).state is State.RESOLVED
    assert {m.kind for m in of(QueueMail, decision)} == {"notification"}
    again = wrote("Ça marche!", ticket(state=State.RESOLVED), found=works, rules=rules)
    assert events(again) == [Wrote(at=T0, word=Word.WORKS)]
    assert of(SetState, wrote("Ça marche!", found=works)) == []


# -- reopening ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_a_question_reopens_and_its_customer_is_told_what_holds_now(state: State) -> None:
    closed = T0 - timedelta(days=29) if state is State.CLOSED else None
    decision = wrote(the=ticket(state=state, closed_at=closed))
    assert events(decision) == [Wrote(at=T0)], "no event of its own"
    assert one(SetState, decision).state is State.OPEN
    (update,) = updates(decision)
    assert (update.context["what"], update.cause) == (
        "reopened",
        "status-update:INBOX/7/11:reopened:marie@boulangerieroy.example",
    )
    assert update.context["in_reply_to"] == "m1@client.example"


def test_thanks_for_a_solution_reopen_nothing_and_are_not_answered() -> None:
    thanks = findings("S4", intent=Intent.THANKS, intent_confidence=0.99)
    decision = wrote("Merci!", ticket(state=State.RESOLVED), found=thanks)
    assert of(SetState, decision) == []
    assert {m.kind for m in of(QueueMail, decision)} == {"notification"}


@pytest.mark.parametrize(
    ("past", "alarms"),
    [
        ((Closed(at=T0 - HOUR),), 1),
        ((Taken(at=T0 - 2 * HOUR), Resolved(at=T0 - HOUR)), 1),
    ],
)
def test_an_emergency_that_is_not_over_rings_again(past: tuple[TicketEvent, ...], alarms: int) -> None:
    """Whoever had it believes it solved."""
    held = dossier(ticket(state=State.OPEN, priority=Priority.P1), *past)
    held = settled(held, T0)
    decision = wrote("Encore gelée!", held.ticket, *past)
    course = course_after(decision, held, desk())
    ringing = [s for s in schedule(course) if s.kind is StepKind.ALARM and s.at >= T0]
    assert len(ringing) == alarms
    assert ringing[0].key not in {s.key for s in schedule(course_after(Decision(actions=()), held, desk()))}
    assert one(WriteClocks, decision).wake_at is not None


def test_an_emergency_that_nobody_has_rings_until_somebody_does() -> None:
    start = Opening(at=T0 - 3 * HOUR, plan=Plan.OR, coverage=Coverage.PREMIUM, priority=Priority.P1)
    from daemon.core.sla.events import Released

    past = (Taken(at=T0 - 2 * HOUR), Resolved(at=T0 - HOUR), Released(at=T0 - HOUR / 2))
    held = dossier(ticket(state=State.RESOLVED, priority=Priority.P1), *past, opening=start)
    decision = wrote("Encore gelée!", held.ticket, *past, opening=start)
    course = course_after(decision, held, desk())
    assert sum(s.kind is StepKind.ALARM and s.at >= T0 for s in schedule(course)) == 6


def test_a_message_that_was_sent_before_the_solution_reopens_nothing() -> None:
    """It lay there while we were down; by now the ticket is resolved."""
    past = (Taken(at=T0 - 2 * HOUR), Resolved(at=T0 - HOUR / 2))
    decision = wrote("Une question.", ticket(state=State.RESOLVED), *past, at=T0 - HOUR)
    assert events(decision) == [Wrote(at=T0 - HOUR)]
    assert of(SetState, decision) == []


# -- the two questions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1 oui, 2 non", "Oui et non", "1. Yes\n2. No", "1 oui"])
def test_the_answers_confirm_a_provisional_emergency_and_change_no_promise(text: str) -> None:
    the = p1()
    decision = wrote(text, the, rule="P1-provisional", account=account(installs=None))
    changed = one(SetPriority, decision)
    assert (changed.priority, changed.provisional, changed.rule) == (Priority.P1, False, "answer")
    assert events(decision)[1] == Reprioritised(at=T0, priority=Priority.P1, by=By.ANSWER)
    before, after = (clocks(d) for d in (wrote("Toujours gelée.", the), decision))
    assert {c: x.due for c, x in before.items()} == {c: x.due for c, x in after.items()}
    assert updates(decision) == []


@pytest.mark.parametrize("text", ["1 non, 2 non", "1 oui, 2 oui", "No, yes", "2 oui"])
def test_the_answers_make_it_a_p2_and_the_customer_is_told_what_moved(text: str) -> None:
    decision = wrote(text, p1(), rule="P1-provisional", account=account(installs=None))
    changed = one(SetPriority, decision)
    assert (changed.priority, changed.provisional, changed.rule) == (Priority.P2, False, "answer")
    (update,) = updates(decision)
    assert (update.context["what"], update.context["why"], update.context["was"]) == (
        "priority",
        "answer",
        "P1",
    )
    assert update.context["questions"] is False
    noted = [h for h in of(AddHistory, decision) if h.event == "priority"]
    assert [h.detail for h in noted] == [{"from": "P1", "to": "P2", "provisional": False, "rule": "answer"}]


def test_the_answers_settle_two_facets_and_never_the_gravity() -> None:
    """What else the model reads in "1 oui, 2 non" does not count, neither its severity nor its intent."""
    courteous = findings("S4", intent=Intent.THANKS, intent_confidence=0.99, confidence=0.99)
    decision = wrote("1 oui, 2 non", p1(), found=courteous, account=account(installs=None))
    assert one(SetPriority, decision).priority is Priority.P1
    assert events(decision)[0] == Wrote(at=T0)


def test_free_words_are_read_too() -> None:
    means = findings("S1", other_means="yes")
    unknown = account(installs=None)
    assert one(SetPriority, wrote("On écrit à la main.", p1(), found=means, account=unknown)).priority == "P2"
    single = findings("S1", installs="one")
    confirmed = one(SetPriority, wrote("On en a juste une.", p1(), found=single, account=unknown))
    assert (confirmed.priority, confirmed.provisional) == (Priority.P1, False)
    assert of(SetPriority, wrote("Toujours gelée.", p1(), found=findings("S1"), account=unknown)) == []


def test_nothing_but_a_provisional_emergency_is_settled_by_an_answer() -> None:
    for the in (p1(provisional=False), ticket(state=State.OPEN, priority=Priority.P2)):
        decision = wrote("1 non, 2 oui", the, found=findings("S1", other_means="yes", confidence=0.99))
        assert of(SetPriority, decision) == []


# -- a graver message, and "urgent" -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("installs", "provisional", "rule"), [(1, False, "P1-single"), (None, True, "P1-provisional")]
)
def test_a_graver_message_raises_by_the_p1_rule(installs: int | None, provisional: bool, rule: str) -> None:
    found = findings("S1", other_means="no", confidence=0.7)
    calm = ticket(state=State.OPEN, priority=Priority.P3)
    decision = wrote("Plus rien ne marche", calm, found=found, account=account(installs=installs))
    changed = one(SetPriority, decision)
    assert (changed.priority, changed.provisional, changed.rule) == (Priority.P1, provisional, rule)
    assert one(WriteClocks, decision).wake_at == T0, "it rings at once"
    assert [m.context["questions"] for m in updates(decision)] == [True] * provisional


@pytest.mark.parametrize(
    ("severity", "confidence", "was"), [("S1", 0.69, "P3"), ("S3", 0.99, "P2"), ("S2", 0.99, "P2")]
)
def test_a_doubtful_or_milder_message_changes_nothing(severity: str, confidence: float, was: str) -> None:
    found = findings(severity, other_means="no", confidence=confidence)
    decision = wrote("Hum", ticket(state=State.OPEN, priority=Priority(was)), found=found)
    assert of(SetPriority, decision) == []
    assert events(decision) == [Wrote(at=T0)]


def test_what_the_two_answers_have_settled_is_not_asked_again() -> None:
    the = ticket(state=State.OPEN, priority=Priority.P2)
    again = findings("S1", confidence=0.99)
    unknown = account(installs=None)
    assert of(SetPriority, wrote("Encore gelée", the, found=again, rule="answer", account=unknown)) == []
    worse = findings("S1", installs="one", other_means="no", confidence=0.99)
    raised = one(SetPriority, wrote("L'autre aussi", the, found=worse, rule="answer", account=unknown))
    assert raised.priority is Priority.P1


def test_urgent_is_an_emergency_at_once_for_who_has_premium_coverage() -> None:
    calm = ticket(state=State.OPEN, priority=Priority.P3)
    decision = wrote("Urgent svp, tout est bloqué", calm)
    changed = one(SetPriority, decision)
    assert (changed.priority, changed.provisional, changed.rule) == (Priority.P1, True, "urgent")
    assert Reprioritised(at=T0, priority=Priority.P1, by=By.URGENT, provisional=True) in events(decision)
    assert [h.detail for h in of(AddHistory, decision) if h.event == "objection"] == [{"leads_to": "raise"}]
    (update,) = updates(decision)
    assert (update.context["why"], update.context["questions"]) == ("urgent", True)


def test_urgent_tells_all_agents_where_the_coverage_is_standard() -> None:
    plain = ticket(state=State.OPEN, coverage=Coverage.STANDARD, plan=Plan.BASE, assignee="alex")
    decision = wrote("URGENT", plain)
    assert of(SetPriority, decision) == []
    assert [h.detail for h in of(AddHistory, decision) if h.event == "objection"] == [{"leads_to": "tell"}]
    assert [m.recipient for m in of(QueueMail, decision)] == ["alex@azimutpos.com", "sam@azimutpos.com"]


def test_urgent_counts_once() -> None:
    calm = ticket(state=State.OPEN, priority=Priority.P3)
    decision = wrote("urgent", calm, objected=True)
    assert of(SetPriority, decision) == []
    assert [h for h in of(AddHistory, decision) if h.event == "objection"] == []
    emergency = wrote("urgent", p1(provisional=False))
    assert [h for h in of(AddHistory, emergency) if h.event == "objection"] == [], "it is not used up"


def test_a_sure_emergency_is_none_to_be_confirmed_because_it_says_urgent() -> None:
    found = findings("S1", other_means="no", confidence=0.9)
    changed = one(SetPriority, wrote("Urgent!", ticket(state=State.OPEN, priority=Priority.P3), found=found))
    assert (changed.provisional, changed.rule) == (False, "P1-single")


@pytest.mark.parametrize("text", ["Pas urgent du tout", "Est-ce urgent?", "C'est urgent"])
def test_urgent_is_the_first_word_or_it_is_not_said(text: str) -> None:
    assert of(SetPriority, wrote(text, ticket(state=State.OPEN, priority=Priority.P3))) == []


def test_an_emergency_by_objection_reopens_what_was_resolved() -> None:
    decision = wrote("urgent", ticket(state=State.RESOLVED, priority=Priority.P3))
    assert one(SetState, decision).state is State.OPEN
    assert one(SetPriority, decision).priority is Priority.P1
    assert len(updates(decision)) == 1


def test_it_is_the_tickets_account_whose_installs_count_whoever_writes() -> None:
    found = findings("S1", other_means="no", confidence=0.9)
    held = dossier(ticket(state=State.OPEN, priority=Priority.P3), account=account(installs=1))
    known = Snapshot(account=None, tickets=(held.ticket,), dossiers={1042: held})
    decision = decide(None, known, claims=[TOKEN], found=found)
    assert one(SetPriority, decision).rule == "P1-single"
    calm = dossier(p1(), account=account(installs=4))
    plain = Snapshot(account=None, tickets=(calm.ticket,), dossiers={1042: calm})
    assert one(SetPriority, decide(mail(new_text="2 non"), plain, claims=[TOKEN])).priority is Priority.P2


# -- who moves nothing --------------------------------------------------------------------------------------


def test_what_was_opened_under_other_terms_keeps_them() -> None:
    """The account has moved to another plan; its ticket has not."""
    held = ticket(state=State.OPEN, plan=Plan.BASE, coverage=Coverage.STANDARD)
    moved: Account = account(plan=Plan.PLATINE)
    assert of(SetPriority, wrote("urgent", held, account=moved)) == []


def test_a_person_is_never_half_heard() -> None:
    """Should the store ever leave a dossier out, the mail is set aside loudly."""
    held = ticket(state=State.WAITING)
    with pytest.raises(KeyError):
        decide(None, Snapshot(account=account(), tickets=(held,)), claims=[TOKEN])


def test_a_pause_that_began_later_than_the_message_still_holds() -> None:
    """The agent asked after this was written, though we read it only now."""
    from daemon.core.sla.events import Replied

    past = (Replied(at=T0 - HOUR / 2, mail="reply:q"), Waited(at=T0 - HOUR / 2, mail="reply:q"))
    decision = wrote("Encore une chose", waiting(), *past, at=T0 - HOUR)
    assert of(SetState, decision) == []
