"""What only agents' mails ask of the store, and what their commands change in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from daemon.core import actions as act
from daemon.core.actions import NEW
from daemon.core.commands.hearing import Held
from daemon.core.facts import Listed
from daemon.core.sla.cycles import CycleOutcome
from daemon.core.values import Attachment, ClockName, Disposition, Priority, State
from daemon.ports import Conflict
from daemon.store.database import SqlStore
from tests.store.build import (
    MARIE,
    NOW,
    account,
    asking,
    clocks,
    cycle,
    decide,
    mail,
    message,
    new_ticket,
    opening,
    participant,
    record,
    remember,
)
from tests.store.promised import HOUR, held, reply
from tests.store.test_outbox import claim
from tests.store.test_snapshot import plans_that_scan

PAUL = "paul@quincaillerie.example"


async def told_of(store: SqlStore, cause: str, kind: str = "confirm") -> str:
    """A mail of ours that tells of a held one has left; its Message-ID."""
    told = mail(f"{kind}:{cause}", kind=kind, ticket=None, recipient="alex@desk", context={"held": cause})
    await store.apply(decide(told))
    row = next(row for row in await claim(store, 50) if row.kind == kind)
    await store.keep_message(row, f"o{row.id}@desk", "b@desk", b"bytes")
    return f"o{row.id}@desk"


async def test_the_newest_mail_of_ours_that_is_answered_comes_with_its_bytes_for_agents(
    store: SqlStore,
) -> None:
    await store.apply(new_ticket(1, reply()))
    ids = []
    for row in await claim(store):
        ids.append(f"o{row.id}@desk")
        await store.keep_message(row, ids[-1], "b@desk", b"bytes of " + row.kind.encode())
    asked = asking(recorded_ids=("m1@boulangerie.example", ids[1], ids[0], "x@y"))
    snapshot = await store.snapshot(asked)
    assert snapshot.answered is not None
    assert (snapshot.answered.message_id, snapshot.answered.kind) == (ids[1], "reply")
    assert snapshot.answered.message is None
    assert [m.message_id for m in snapshot.recorded] == ["m1@boulangerie.example", ids[1], ids[0]]
    snapshot = await store.snapshot(replace(asked, agent=True))
    assert snapshot.answered is not None
    assert snapshot.answered.message == b"bytes of reply"
    assert (await store.snapshot(asking(recorded_ids=("x@y",)))).answered is None


async def test_a_held_mail_is_found_by_the_mail_that_tells_of_it_and_settled_once(store: SqlStore) -> None:
    await store.apply(new_ticket(1, held()))
    await store.apply(decide(held(words="told twice")))
    answered = await told_of(store, "held:1")
    asked = asking(sender="alex@desk", recorded_ids=(answered,), agent=True)
    snapshot = await store.snapshot(asked)
    expected = Held(
        cause="held:1",
        ticket=1001,
        agent="alex",
        words="Bonjour Marie",
        yes=("#résolu",),
        send=None,
        attachments=(Attachment(name="a.pdf", media_type="application/pdf", size=3, sha256="ab" * 32),),
    )
    assert snapshot.held == expected
    assert 1001 in snapshot.dossiers, "what it would do is decided on its ticket"
    assert (await store.snapshot(replace(asked, agent=False))).held is None
    settle = act.SettleHeld(cause="held:1", how="yes", at=NOW, by="alex")
    await store.apply(decide(settle))
    assert (await store.snapshot(asked)).held == replace(expected, settled=True)
    for again in (settle, replace(settle, how="no"), replace(settle, cause="held:none")):
        with pytest.raises(Conflict):
            await store.apply(decide(again))


async def test_a_mail_that_names_no_held_mail_finds_none(store: SqlStore) -> None:
    await store.apply(decide(held("held:2", ticket=None, yes=None, send=(), managers=True, attachments=())))
    for cause, found in (("held:2", True), ("held:3", False), ("", False)):
        asked = asking(recorded_ids=(await told_of(store, cause, f"transcript{cause}"),), agent=True)
        one = (await store.snapshot(asked)).held
        assert (one is not None) is found
        if one is not None:
            assert (one.ticket, one.yes, one.send, one.managers) == (None, None, (), True)


async def test_names_lead_to_the_accounts_that_they_may_mean(store: SqlStore) -> None:
    roy, marc = account(), account("B2", name="Épicerie Marc", emails=(), domains=())
    royal = account("C3", name="Café Royal", emails=(), domains=())
    await store.import_accounts([roy, marc, royal], NOW)
    names = ("boulangerie ROY", "a1", "roy", "EPICERIE", "quincaillerie")
    found = (await store.snapshot(asking(accounts=names))).accounts_named
    assert found == {
        "boulangerie ROY": (roy,),
        "a1": (roy,),
        "roy": (roy, royal),
        "EPICERIE": (marc,),
        "quincaillerie": (roy, marc, royal),  # so that what is near can be proposed
    }
    assert (await store.snapshot(asking())).accounts_named == {}


async def test_addresses_lead_to_their_accounts(store: SqlStore) -> None:
    roy = account()
    marc = account("B2", emails=(PAUL,), domains=("epicerie.example", "shared.example"))
    other = account("C3", emails=(), domains=("shared.example",))
    await store.import_accounts([roy, marc, other], NOW)
    await store.apply(decide(remember("nora@gmail.example", account="C3")))
    await store.apply(decide(remember("new@gmail.example", account=None)))
    asked = {
        MARIE: roy,
        PAUL: marc,
        "anybody@epicerie.example": marc,
        "anybody@shared.example": None,
        "nora@gmail.example": other,
        "new@gmail.example": None,
        "": None,
    }
    snapshot = await store.snapshot(asking(customers=tuple(asked), named=tuple(asked)))
    assert snapshot.customers == asked
    assert snapshot.foreign == {a: found.key for a, found in asked.items() if found is not None}
    assert (await store.snapshot(asking())).foreign == {}


async def test_a_list_tells_of_every_unresolved_ticket_what_is_due_first(store: SqlStore) -> None:
    await store.import_accounts([account()], NOW)
    for number, state in enumerate(State, 1):
        await store.apply(new_ticket(number, account="A1" if number == 1 else None))
        await store.apply(decide(act.SetState(ticket=1000 + number, state=state, at=NOW, by="alex")))
    first = cycle(ClockName.FIRST_RESPONSE, HOUR)
    late = cycle(ClockName.RESOLUTION, 2 * HOUR, breached=NOW + 2 * HOUR)
    paused = cycle(ClockName.RESOLUTION, due=None, left=60.0)
    update = cycle(ClockName.STATUS_UPDATE, timedelta(minutes=1))
    await store.apply(decide(clocks(1001, update, first, late), clocks(1002, late), clocks(1003, paused)))
    listing = (await store.snapshot(asking(listing=True))).listing
    tickets = {t.id: t for t in (await store.snapshot(asking(tickets=(1001, 1002, 1003)))).tickets}
    assert listing == (
        Listed(
            ticket=tickets[1001],
            account="Boulangerie Roy",
            clock="first_response",
            due=NOW + HOUR,
            breached=False,
        ),
        Listed(ticket=tickets[1002], account="", clock="resolution", due=NOW + 2 * HOUR, breached=True),
        Listed(ticket=tickets[1003], account="", clock="", due=None, breached=False),
    )
    assert (await store.snapshot(asking())).listing == ()


async def test_solved_tickets_are_remembered_with_how_and_forgotten_when_erased(store: SqlStore) -> None:
    def state(ticket: int, new: State) -> act.SetState:
        return act.SetState(ticket=ticket, state=new, at=NOW, by="alex")

    async def archived() -> list[tuple[int, str]]:
        archive = (await store.snapshot(asking())).archive
        assert archive is not None
        return [(past.ticket, past.how) for past in archive.tickets]

    assert await archived() == []
    for number in (1, 2, 3):
        await store.apply(new_ticket(number))
    for number in (1001, 1002):
        cause = f"reply:{number}"
        await store.apply(decide(mail(cause, ticket=number, kind="reply")))
        said = act.SaidMail(
            ticket=number,
            kind="reply",
            message_id=f"r{number}@x",
            recipient=MARIE,
            text="Redémarrez.",
            at=NOW,
        )
        row = next(one for one in await store.claim_outbox(NOW, 20, HOUR) if one.cause == cause)
        sent = act.MarkSent(row=row.id, version=row.version, at=NOW, code=250, text="", message=said)
        await store.apply(decide(sent))
    await store.apply(decide(state(1001, State.RESOLVED), state(1003, State.CLOSED)))
    assert await archived() == [(1001, "Redémarrez.")], "nobody answered 1003, and 1002 is open"
    await store.apply(decide(state(1001, State.OPEN), state(1002, State.CLOSED)))
    assert await archived() == [(1002, "Redémarrez.")]
    await store.apply(decide(act.EraseTicket(ticket=1002, at=NOW, by="sam")))
    assert await archived() == []


async def test_the_morning_tells_what_was_missed_of_late_and_what_waits(store: SqlStore) -> None:
    await store.import_accounts([account()], NOW)
    for number in (1, 2, 3, 4):
        await store.apply(new_ticket(number, account="A1" if number == 1 else None))
    missed = {
        1001: cycle(ClockName.RESOLUTION, HOUR, breached=NOW + HOUR),
        1002: cycle(
            ClockName.RESOLUTION, HOUR, breached=NOW + HOUR, met=NOW + 2 * HOUR, outcome=CycleOutcome.LATE
        ),
        1003: cycle(ClockName.RESOLUTION, -HOUR, breached=NOW - HOUR),  # told of yesterday
        1004: cycle(ClockName.RESOLUTION, 9 * HOUR),
    }
    await store.apply(decide(*(clocks(number, one) for number, one in missed.items())))
    found = await store.morning(NOW, NOW + 3 * HOUR)
    assert [(one.ticket.id, one.account, one.due) for one in found.missed] == [
        (1001, "Boulangerie Roy", NOW + HOUR),
        (1002, "", NOW + HOUR),
    ]
    assert [one.ticket.id for one in found.listing] == [1001, 1002, 1003, 1004]
    assert (found.credits, found.quarantine) == ((), 0)


async def test_who_has_a_ticket_and_what_priority_it_has_makes_older_readings_stale(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    changes: tuple[act.Action, ...] = (
        act.SetAssignee(ticket=1001, assignee="alex", at=NOW, by="alex"),
        act.SetAssignee(ticket=1001, assignee=None, at=NOW, by="alex"),
        act.SetPriority(ticket=1001, priority=Priority.P2, provisional=False, rule="agent", at=NOW, by="a"),
        act.SaveNews(ticket=1001, text="x", at=NOW, by="alex"),
        act.MergeTickets(ticket=1001, into=1001, at=NOW, by="alex"),
    )
    for change in changes:
        (before,) = await store.dossiers([1001])
        await store.apply(decide(change))
        with pytest.raises(Conflict):
            await store.apply(decide(participant(1001), reads={1001: before.ticket.version}))
    (found,) = await store.dossiers([1001])
    assert (found.ticket.assignee, found.ticket.priority, found.rule) == (None, Priority.P2, "agent")


async def test_a_message_is_split_off_to_a_ticket_of_its_own_with_its_mail(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    second = message(1001, message_id="m2@boulangerie.example", text="Autre chose")
    await store.apply(decide(record(2, disposition=Disposition.MESSAGE, ticket=1001), second))
    move = act.MoveMessage(ticket=1001, to=NEW, message_id="m2@boulangerie.example")
    await store.apply(decide(opening(related_to=1001), participant(), move, clocks()))
    one, two = await store.dossiers([1001, 1002])
    assert (one.spoke_text, two.spoke_text) == ("Plus rien ne répond.", "Autre chose")
    assert [row["ticket"] for row in await store.inbound(2)] == ["AZ-1002", "AZ-1001"]
    (recorded,) = (await store.snapshot(asking(recorded_ids=("m2@boulangerie.example",)))).recorded
    assert recorded.ticket == 1002


async def test_linked_tickets_lead_to_each_other_once(store: SqlStore) -> None:
    for uid in (1, 2, 3):
        await store.apply(new_ticket(uid))
    link = act.LinkTickets(ticket=1001, other=1002, at=NOW, by="alex")
    await store.apply(decide(link, replace(link, other=1003)))
    for ref, links in (("1001", ["AZ-1002", "AZ-1003"]), ("1002", ["AZ-1001"])):
        shown = await store.ticket(ref, now=NOW, left=lambda *_: None)
        assert shown is not None
        assert shown["links"] == links
    await store.apply(decide(replace(link, ticket=1002, other=1001)))
    assert len(await store._connection.rows("SELECT id FROM ticket_link")) == 4


async def test_a_correction_is_kept_for_training(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    spam = act.AddCorrection(
        ticket=1001, message_id="m1", field="intent", was="ticket", became="spam", at=NOW, by="alex"
    )
    await store.apply(decide(spam))
    (row,) = await store._connection.rows('SELECT message_id, field, was, became, "by" FROM correction')
    assert tuple(row.values()) == ("m1", "intent", "ticket", "spam", "alex")


async def test_corrected_mails_come_with_their_words_and_what_was_taken_back_does_not(
    store: SqlStore,
) -> None:
    for uid in (1, 2, 3):
        await store.apply(new_ticket(uid, message(message_id=f"m{uid}", text=f"mots {uid}")))

    def meant(ticket: int, priority: Priority, became: str, field: str = "severity") -> act.Decision:
        return decide(
            act.SetPriority(
                ticket=ticket, priority=priority, provisional=False, rule="agent", at=NOW, by="alex"
            ),
            act.AddCorrection(
                ticket=ticket,
                message_id=f"m{ticket - 1000}",
                field=field,
                was="S2",
                became=became,
                at=NOW,
                by="alex",
            ),
        )

    for decision in (
        meant(1001, Priority.P4, "S4"),
        meant(1001, Priority.P3, "S3"),  # the last word counts
        meant(1002, Priority.P4, "S4"),
        decide(  # taken back
            act.SetPriority(
                ticket=1002, priority=Priority.P2, provisional=False, rule="agent", at=NOW, by="alex"
            )
        ),
        meant(1003, Priority.P2, "spam", "intent"),
    ):
        await store.apply(decision)
    found = [(c.ticket, c.field, c.became, c.text) for c in await store.corrections()]
    assert found == [(1001, "severity", "S3", "mots 1"), (1003, "intent", "spam", "mots 3")]


async def test_what_agents_ask_is_led_by_indexes(
    sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = sqlite_store
    await store.import_accounts([account()], NOW)
    await store.apply(new_ticket(1, held()))
    answered = await told_of(store, "held:1")
    await store.snapshot(asking())  # hours are read once
    asked = asking(
        recorded_ids=(answered,), agent=True, customers=(MARIE,), named=(PAUL,), tickets=(1001,), listing=True
    )
    assert await plans_that_scan(store, monkeypatch, partial(store.snapshot, asked)) == []
