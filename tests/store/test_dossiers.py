"""Everything about a ticket in a handful of statements: what was written of it comes back as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.commands.hearing import Before, Spoken
from daemon.core.dossier import AgentsAnswer, Dossier, KeptCredit
from daemon.core.facts import Snapshot
from daemon.core.sla.events import By, Opening, Replied, Reprioritised, Updated, Word, Wrote
from daemon.core.sla.minutes import LoggedCall
from daemon.core.values import (
    Address,
    Attachment,
    Coverage,
    Evidence,
    Plan,
    Priority,
    Severity,
    State,
)
from daemon.ports import Applied, Case, Conflict
from daemon.store.database import SqlStore
from tests.store.build import (
    MARIE,
    NOW,
    account,
    asking,
    decide,
    history,
    mail,
    message,
    new_ticket,
    participant,
)
from tests.store.promised import (
    HOUR,
    business,
    call,
    changed,
    decided,
    declared,
    happened,
    opened,
    proposed,
    reply,
    step,
)
from tests.store.test_outbox import ENDS, claim
from tests.store.test_snapshot import plans_that_scan

LUC = "luc@boulangerie.example"


async def of(store: SqlStore, number: int = 1001) -> Dossier:
    (found,) = await store.dossiers([number])
    return found


async def sent(store: SqlStore, *, after: timedelta = timedelta()) -> None:
    """Every mail that is due leaves."""
    for row in await claim(store, 50, after=after):
        kept = await store.keep_message(row, f"o{row.id}@desk", "b@desk", b"x")
        took = act.MarkSent(row=kept.id, version=kept.version, at=NOW + after, code=250, text="ok")
        said = act.SaidMail(
            ticket=1001,
            kind=row.kind,
            recipient=row.recipient,
            message_id=f"o{row.id}@desk",
            at=NOW + after,
            text=str(row.context.get("text", "")),
        )
        await store.apply(decide(replace(took, message=said)))


async def test_a_new_ticket_comes_back_as_it_was_opened(store: SqlStore) -> None:
    await store.import_accounts([account()], NOW)
    await store.apply(opened(1))
    found = await of(store)
    assert found.ticket == (await store.snapshot(asking(tickets=(1001,)))).tickets[0]
    assert found.standard == business()
    assert found == Dossier(
        ticket=found.ticket,
        opening=Opening(
            at=NOW, plan=Plan.OR, coverage=Coverage.PREMIUM, priority=Priority.P1, provisional=True
        ),
        sla_version="2026-01",
        standard=business(),
        rule="P1-provisional",
        severity=Severity.S1,
        confidence=0.93,
        evidence=(Evidence(facet="severity", text="plus rien", weight=1.5),),
        missing=("steps",),
        spoke=Spoken(
            message_id="m1@boulangerie.example",
            at=NOW,
            sender=Address(address=MARIE, name="Marie Roy"),
            subject="",
        ),
        spoke_text="Plus rien ne répond.",
        account=account(),
    )


async def test_dossiers_come_in_the_order_asked_for_and_those_that_exist(store: SqlStore) -> None:
    assert await store.dossiers([]) == []
    for uid in (1, 2, 3):
        await store.apply(new_ticket(uid))
    found = await store.dossiers([1003, 77, 1001, 1003, 2**70, -1])
    assert [d.ticket.id for d in found] == [1003, 1001]


async def test_business_hours_keep_their_version_and_are_written_once(store: SqlStore) -> None:
    same = business("2026-07")
    assert same == business(), "they count the same hours"
    for uid, hours in enumerate((business(), business(), same, business("2026-01", date(2026, 12, 25))), 1):
        await store.apply(opened(uid, standard=hours))
    rows = await store._connection.rows("SELECT digest FROM calendar")
    assert len(rows) == 3
    store._known.__init__()  # type: ignore[misc]  # another process
    found = await store.dossiers([1001, 1002, 1003, 1004])
    versions = [d.standard.version if d.standard is not None else "" for d in found]
    assert versions == ["2026-01", "2026-01", "2026-07", "2026-01"]
    kept = found[3].standard
    assert kept is not None
    assert kept.digest == business("2026-01", date(2026, 12, 25)).digest
    assert (kept.closed, kept.replaced) == (
        business("2026-01", date(2026, 12, 25)).closed,
        business().replaced,
    )
    evening = datetime(2026, 12, 24, 15, 0, tzinfo=UTC)
    assert kept.closed_why(datetime(2026, 12, 25, 15, tzinfo=UTC), "fr") == "Noël"
    assert kept.add_working(evening, 3600) == evening + HOUR


async def test_hours_that_were_not_committed_are_written_again(store: SqlStore) -> None:
    with pytest.raises(ValueError, match="opens none"):
        await store.apply(decide(history(), *happened(ticket=1)))
    broken = decide(*opened(1).actions, act.SettleHeld(cause="none", how="yes", at=NOW, by="alex"))
    with pytest.raises(Exception, match="answered before"):
        await store.apply(broken)
    await store.apply(opened(2))
    store._known.__init__()  # type: ignore[misc]  # another process
    (ticket,) = await store._connection.rows("SELECT id FROM ticket")
    assert (await of(store, ticket["id"])).standard == business()


async def test_what_was_opened_stays_whatever_is_changed(store: SqlStore) -> None:
    await store.import_accounts([account(), account("B2", emails=(), domains=(), plan=Plan.BASE)], NOW)
    await store.apply(new_ticket(1))
    before = await of(store)
    attach = act.AttachAccount(
        ticket=1001, account="B2", address=MARIE, plan=Plan.BASE, coverage=Coverage.STANDARD, at=NOW, by="a"
    )
    lower = act.SetPriority(
        ticket=1001, priority=Priority.P3, provisional=False, rule="agent", at=NOW, by="alex"
    )
    await store.apply(decide(attach, lower))
    after = await of(store)
    assert after.opening == before.opening
    assert after.ticket.version == before.ticket.version + 2
    assert (after.ticket.priority, after.ticket.provisional, after.rule) == (Priority.P3, False, "agent")
    assert (after.ticket.account, after.ticket.plan, after.ticket.coverage) == (
        "B2",
        Plan.BASE,
        Coverage.STANDARD,
    )
    assert after.account is not None
    assert after.account.emails == (MARIE,)
    assert {a.key: a.emails for a in await store.list_accounts()} == {"A1": (), "B2": (MARIE,)}
    assert (await store.snapshot(asking())).account == after.account
    contact = (await store.snapshot(asking())).contact
    assert contact is not None
    assert contact.account == "B2"


async def test_events_and_steps_come_in_the_order_in_which_they_were_written(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    await store.apply(new_ticket(2))
    events = (
        Wrote(at=NOW + 2 * HOUR, word=Word.LATER, until=NOW + 48 * HOUR),
        Replied(at=NOW + HOUR, mail="reply:1:1001"),
        Reprioritised(at=NOW + HOUR, priority=Priority.P2, by=By.AGENT),
    )
    await store.apply(decide(*happened(*events[:2]), step("b:1", "a:1")))
    await store.apply(decide(*happened(events[2]), step("a:1", "c:1", "c:1"), step("z:1", ticket=1002)))
    found = await of(store)
    assert found.events == events
    assert found.done == frozenset({"a:1", "b:1", "c:1"})
    assert (await of(store, 1002)).events == ()


async def test_news_wait_for_the_next_update_and_are_said_once(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    for text in ("La pièce arrive", "mardi"):
        await store.apply(decide(act.SaveNews(ticket=1001, text=text, at=NOW, by="alex")))
    assert (await of(store)).news == "La pièce arrive\nmardi"
    await store.apply(decide(*happened(Wrote(at=NOW))))
    assert (await of(store)).news == "La pièce arrive\nmardi"
    await store.apply(decide(*happened(Updated(at=NOW, mail="u", news=True))))
    assert (await of(store)).news == ""
    await store.apply(decide(act.SaveNews(ticket=1001, text="neuf", at=NOW, by="alex")))
    await store.apply(decide(*happened(Replied(at=NOW, mail="r"))))
    assert (await of(store)).news == ""


async def test_the_newest_word_of_a_customer_is_known_with_its_thread(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    said = [
        ("second", "in", "requester", HOUR),
        ("third", "in", "colleague", 3 * HOUR),
        ("early", "in", "requester", 2 * HOUR),  # it arrived while we were down
        ("outsider", "in", "third_party", 4 * HOUR),
        ("program", "in", "automatic", 5 * HOUR),
        ("internal", "note", "agent", 6 * HOUR),
    ]
    for name, direction, role, after in said:
        one = message(
            1001, direction=direction, role=role, at=NOW + after, message_id=f"{name}@x", text=name, to=(),
            cc=(),
            subject=f"Re: {name}", references=("a@x", "b@x"), sender=Address(address=LUC, name="Luc"),
        )  # fmt: skip
        await store.apply(decide(one))
    found = await of(store)
    assert found.spoke == Spoken(
        message_id="third@x",
        at=NOW + 3 * HOUR,
        sender=Address(address=LUC, name="Luc"),
        subject="Re: third",
        references=("a@x", "b@x"),
    )
    assert found.spoke_text == "third"


@pytest.mark.parametrize(
    ("detail", "copied"),
    [({"vouched": True}, ("support@azimutpos.com", LUC)), ({"vouched": False}, ()), ({}, ())],
    ids=["vouched for", "not vouched for", "of an older release"],
)
async def test_whom_a_mail_copied_reads_along_only_where_our_server_vouched_for_it(
    detail: dict[str, object], copied: tuple[str, ...], store: SqlStore
) -> None:
    """Anybody can write a customer's From and their own address in Cc."""
    await store.apply(opened(1))
    told = act.AddHistory(ticket=1001, at=NOW, event="opened", by=MARIE, detail=detail)
    await store.apply(decide(told))
    assert (await of(store)).copied == copied


async def test_an_agents_answer_is_one_whatever_the_number_of_its_readers(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    assert (await of(store)).answer is None
    await store.apply(decide(reply(), reply(reader=LUC, at=NOW + HOUR)))
    found = await of(store)
    answer = AgentsAnswer(reply="reply:1:1001", by="alex", words="Bonjour 1", queued_at=NOW)
    assert found.answer == answer
    assert len(found.unsent) == 2
    await sent(store)
    found = await of(store)
    assert found.answer == replace(answer, at=NOW)
    (left,) = found.unsent
    await sent(store, after=2 * HOUR)
    assert (await of(store)).answer == replace(answer, at=NOW), "the first that a server took counts"
    assert (await of(store)).unsent == ()
    await store.apply(decide(act.BounceMail(row=left[0], at=NOW, hard=True, status="5.1.1", text="gone")))
    assert (await of(store)).answer == replace(answer, at=NOW)


async def test_an_answer_that_was_called_back_is_none(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    await store.apply(decide(reply("1")))
    await sent(store)
    await store.apply(decide(reply("2", at=NOW + HOUR)))
    newest = await of(store)
    assert newest.answer is not None
    assert (newest.answer.words, newest.answer.at) == ("Bonjour 2", None)
    ((row, version),) = newest.unsent
    (begun,) = await claim(store, after=HOUR)
    assert (await of(store)).unsent == ()
    await store.apply(decide(ENDS["queued"](begun)))
    assert (await of(store)).unsent == (), "a server may have it"
    await store._connection.rows("UPDATE outbox SET attempts = 0, version = ?", [version])
    await store.apply(decide(act.CancelMail(row=row, version=version, at=NOW, reason="undone by an agent")))
    again = await of(store)
    assert again.answer is not None
    assert (again.answer.words, again.unsent) == ("Bonjour 1", ())


CHANGES: dict[str, tuple[tuple[act.AddHistory, ...], Before | None]] = {
    "nothing": ((), None),
    "took": (
        (changed("assignee", None, "alex"), changed("state", "new", "open")),
        Before(what="assignee", at=NOW, assignee=None),
    ),
    "handed over": (
        (changed("assignee", None, "alex"), changed("assignee", "alex", "sam", at=NOW + HOUR)),
        Before(what="assignee", at=NOW + HOUR, assignee="alex"),
    ),
    "waits": ((changed("state", "open", "waiting"),), Before(what="state", at=NOW, state=State.OPEN)),
    "the customer has answered since": (
        (changed("state", "open", "waiting"), changed("state", "waiting", "open", by=MARIE)),
        None,
    ),
    "released by the desk since": (
        (changed("assignee", None, "alex"), changed("assignee", "alex", None, by="desk")),
        None,
    ),
    "another's change of something else": (
        (changed("assignee", None, "alex"), changed("state", "waiting", "open", by=MARIE)),
        Before(what="assignee", at=NOW, assignee=None),
    ),
    "undone": (
        (
            changed("assignee", None, "alex"),
            changed("state", "open", "resolved"),
            changed("state", "resolved", "open"),
            act.AddHistory(ticket=1001, at=NOW, event="undone", by="alex", detail={"what": "state"}),
        ),
        None,
    ),
    "only the answer was undone": (
        (
            changed("assignee", None, "alex"),
            act.AddHistory(ticket=1001, at=NOW, event="undone", by="alex", detail={"what": "reply"}),
        ),
        Before(what="assignee", at=NOW, assignee=None),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_the_last_change_by_an_agent_can_be_taken_back(store: SqlStore, name: str) -> None:
    rows, before = CHANGES[name]
    await store.apply(new_ticket(1))
    await store.apply(decide(*rows))
    assert (await of(store)).before == before


@pytest.mark.parametrize("settled", [False, True])
async def test_a_priority_that_was_provisional_goes_back_to_that(store: SqlStore, settled: bool) -> None:
    await store.apply(new_ticket(1))  # a provisional P1
    confirmed = Reprioritised(at=NOW, priority=Priority.P1, by=By.ANSWER)
    lowered = Reprioritised(at=NOW + HOUR, priority=Priority.P2, by=By.AGENT)
    await store.apply(decide(*happened(*([confirmed] if settled else []), lowered)))
    await store.apply(decide(changed("priority", "P1", "P2", at=NOW + HOUR)))
    assert (await of(store)).before == Before(
        what="priority", at=NOW + HOUR, priority=Priority.P1, provisional=not settled
    )


async def test_a_credit_is_raised_in_its_place_and_decided_once(store: SqlStore) -> None:
    await store.import_accounts([account()], NOW)
    for uid in (1, 2):
        await store.apply(new_ticket(uid))
    await store.apply(decide(proposed()))
    await store.apply(decide(proposed(amount="25.00"), proposed(1002, "5.00")))
    assert (await of(store)).credit == KeptCredit(amount=Decimal("25.00"), month="2026-11", state="proposed")
    await store.apply(decide(decided(amount="20.00")))
    for wrong in (decided(amount="20.00"), decided(amount=None)):
        with pytest.raises(Exception, match="no credit is proposed"):
            await store.apply(decide(wrong))
    assert (await of(store)).credit == KeptCredit(amount=Decimal("25.00"), month="2026-11", state="accepted")
    assert (await of(store, 1002)).credit == KeptCredit(
        amount=Decimal("5.00"), month="2026-11", state="proposed"
    )
    assert [(await of(store, n)).given for n in (1001, 1002)] == [{"2026-11": Decimal("20.00")}] * 2
    await store.apply(decide(decided(1002, None)))
    assert (await of(store, 1002)).credit == KeptCredit(
        amount=Decimal("5.00"), month="2026-11", state="refused"
    )
    shown = await store.ticket("1001", now=NOW, left=lambda *_: None)
    assert shown is not None
    assert shown["credits"] == [
        {
            "amount": "20.00",
            "state": "accepted",
            "month": "2026-11",
            "proposed": "25.00",
            "accepted_month": "2026-12",
        }
    ]
    await store.apply(decide(proposed(amount="50.00")))
    newest = (await of(store)).credit
    assert newest is not None
    assert (newest.amount, newest.state) == (Decimal("50.00"), "proposed")


async def test_an_account_tells_its_calls_and_its_other_tickets(store: SqlStore) -> None:
    await store.import_accounts([account(), account("B2", emails=(), domains=())], NOW)
    for uid in (1, 2, 3, 4):
        await store.apply(new_ticket(uid))
    await store.apply(new_ticket(5, account="B2"))
    await store.apply(new_ticket(6, account=None))
    await store.apply(decide(act.SetState(ticket=1002, state=State.RESOLVED, at=NOW, by="alex")))
    late, old = NOW + timedelta(days=58), NOW - timedelta(days=20)
    await store.apply(decide(call(at=old), call(at=NOW), call(1004, at=late), call(1005, account="B2")))
    found = await of(store)
    assert found.others == 2
    assert (await of(store, 1002)).others == 3, "a resolved one is no other of itself"
    assert (await of(store, 1006)).others == 0
    assert (await of(store, 1006)).calls == ()
    assert found.calls == (LoggedCall(at=NOW, minutes=12), LoggedCall(at=late, minutes=12))
    assert (await of(store, 1005)).calls == (LoggedCall(at=NOW, minutes=12),)
    assert (await store.snapshot(asking())).calls == found.calls
    assert (await store.snapshot(asking(sender="zoe@elsewhere.example"))).calls == ()


async def test_who_is_silenced_suppressed_or_known_is_told(store: SqlStore) -> None:
    acked = mail(context={"known": True})
    await store.apply(decide(*new_ticket(1).actions[:-1], acked))
    await store.apply(new_ticket(2, history(event="not_acknowledged", reason="spam")))
    await store.apply(decide(participant(1001, LUC), participant(1001, "paul@x.example")))
    for address in (LUC, "gone@elsewhere.example"):
        await store.apply(decide(act.SuppressAddress(address=address, reason="5.1.1", at=NOW)))
    first, second = await store.dossiers([1001, 1002])
    assert (first.known, first.silenced, first.suppressed) == (True, False, frozenset({LUC}))
    assert (second.known, second.silenced, second.suppressed) == (False, True, frozenset())
    assert not first.objected
    await store.apply(decide(history(1001, "objection")))
    assert (await of(store)).objected


async def test_declared_hours_are_known_at_once_and_wake_every_ticket(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    await store.apply(new_ticket(2))
    await store.apply(decide(act.WriteClocks(ticket=1002, cycles=(), wake_at=None)))
    assert (await of(store)).declared == ()
    assert (await store.snapshot(asking())).declared == ()
    before = await of(store)
    early = declared(at=NOW + timedelta(minutes=5))
    await store.apply(decide(early))
    (one,) = (await store.snapshot(asking())).declared
    assert (one.at, one.day, one.closed, one.spans, one.reason) == (
        early.at,
        early.day,
        True,
        early.spans,
        "Inventaire",
    )
    assert (await of(store)).declared == (one,)
    assert await store.next_wake() == early.at
    assert await store.due_tickets(early.at, 10) == [1001], "the other waits for nothing"
    with pytest.raises(Exception, match="has changed"):
        await store.apply(decide(history(1001, "x"), reads={1001: before.ticket.version}))


async def test_hours_that_one_mail_declares_are_known_to_the_next_of_the_same_transaction(
    store: SqlStore,
) -> None:
    seen = []

    def decider(*actions: act.Action) -> Case:
        def decision(snapshot: Snapshot) -> act.Decision:
            seen.append(len(snapshot.declared))
            return decide(*actions)

        return Case(lookup=asking(), decide=decision)

    refused = decider(declared(), act.SettleHeld(cause="none", how="yes", at=NOW, by="alex"))
    outcomes = await store.settle([decider(declared()), decider(), refused, decider(declared()), decider()])
    assert [type(outcome) for outcome in outcomes] == [Applied, Applied, Conflict, Applied, Applied]
    assert seen == [0, 1, 1, *(0, 1, 1, 1, 2)], "after the refused one all of them are decided anew"
    assert len((await store.snapshot(asking())).declared) == 2


async def test_a_merged_ticket_gives_its_steps_and_leads_to_the_other(store: SqlStore) -> None:
    for uid in (1, 2):
        await store.apply(new_ticket(uid))
    await store.apply(decide(step("a:1", "b:1"), step("b:1", "c:1", ticket=1002)))
    await store.apply(decide(act.MergeTickets(ticket=1002, into=1001, at=NOW, by="alex")))
    survivor, merged = await store.dossiers([1001, 1002])
    assert survivor.done == frozenset({"a:1", "b:1", "c:1"})
    assert (merged.ticket.merged_into, merged.done) == (1001, frozenset({"b:1", "c:1"}))
    snapshot = await store.snapshot(asking(tickets=(1002,)))
    assert sorted(snapshot.dossiers) == [1001, 1002]
    assert snapshot.dossiers[1001] == survivor


async def test_the_conversation_is_told_to_agents_alone(store: SqlStore) -> None:
    file = Attachment(name="a.pdf", media_type="application/pdf", size=3, sha256="ab" * 32, content=b"pdf")
    file = replace(file, sha256="0d8f7d3a1d2d5ae9e7a5d4ad3b3d4ae8e0f8ee0a4d7c3c9a9a4d1b2c3d4e5f60")
    await store.apply(new_ticket(1, message(message_id="m9@x", at=NOW + HOUR, attachments=(file,))))
    await store.apply(decide(reply(), reply(reader=LUC)))
    await sent(store)
    await store.apply(decide(message(1001, direction="note", role="agent", at=NOW + 2 * HOUR, text="note")))
    asked = asking(tickets=(1001,))
    assert (await store.snapshot(asked)).dossiers[1001].conversation == ()
    told = (await store.snapshot(replace(asked, agent=True))).dossiers[1001].conversation
    assert [(s.direction, s.author.name, s.text) for s in told] == [
        ("in", "Marie Roy", "Plus rien ne répond."),
        ("out", "Alex", "Bonjour 1"),
        ("in", "Marie Roy", "Plus rien ne répond."),
        ("note", "Marie Roy", "note"),
    ]
    assert told[2].attachments == (replace(file, content=b""),)
    shown = await store.ticket("1001", now=NOW, left=lambda *_: None)
    assert shown is not None
    by = [(m["direction"], m["by"]) for m in shown["messages"]]
    assert by == [("in", None), ("out", None), ("out", "alex"), ("in", None), ("note", None)]


async def test_a_dossier_costs_few_statements_and_each_is_led_by_an_index(
    sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = sqlite_store
    await store.import_accounts([account()], NOW)
    for uid in range(1, 6):
        await store.apply(opened(uid))
    await store.apply(decide(call(), proposed(), reply(), step("a:1"), *happened(Wrote(at=NOW))))
    await store.dossiers([1001])  # hours are read once
    work = partial(store.dossiers, [1001, 1002, 1003, 1004, 1005])
    assert await plans_that_scan(store, monkeypatch, work) == []
    assert await counted(store, monkeypatch, work) == 7
    assert await counted(store, monkeypatch, partial(store.dossiers, [1001])) == 7


async def counted(store: SqlStore, monkeypatch: pytest.MonkeyPatch, work: Any) -> int:
    """Statements that `work` sends."""
    from daemon.store.sqlite_client import ImmediateClient

    seen: list[str] = []
    plain = ImmediateClient.execute_query_dict

    async def noted(self: Any, query: str, values: Any = None) -> Any:
        seen.append(query)
        return await plain(self, query, values)

    with monkeypatch.context() as patched:
        patched.setattr(ImmediateClient, "execute_query_dict", noted)
        await work()
    return len(seen)
