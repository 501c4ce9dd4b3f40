"""One mail through the pipeline: what is decided anew, what is quarantined, what ends the process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.core.actions import OpenTicket, QueueMail, RecordMail
from daemon.core.policy import Intake, Limits
from daemon.core.values import Claim, Disposition, Mail, Unreadable
from daemon.loops import reader as reader_module
from daemon.loops.reader import DECISIONS, MailReader
from daemon.ports import AlreadyDone, Conflict, HeldMail, RawMail, Unavailable
from daemon.settings.sla import load_sla
from tests.core.build import arrival, policy
from tests.loops.fakes import Clock, Model, Store, away, raw, recorded
from tests.opening import Here, parse_for_azimut

SLA = load_sla(Path(__file__).parents[2] / "config" / "sla.toml")
ANSWER_ALL = Intake()


class NoEvidence:
    def claims(self, mail: Mail) -> tuple[Claim, ...]:
        return ()

    def bounced_rows(self, mail: Mail) -> tuple[int, ...]:
        return ()

    def is_ours(self, mail: Mail) -> bool:
        return False


class Woken:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def a_reader(
    store: Store,
    *,
    model: Model | None = None,
    parsing: Callable[[bytes, bool], Mail | Unreadable] = parse_for_azimut,
    woken: Woken | None = None,
    limits: Limits | None = None,
) -> MailReader:
    return MailReader(
        store=store,
        opener=Here((model or Model()).classify, parsing),
        evidence=NoEvidence(),
        policy=policy(sla=SLA, limits=limits or Limits()),
        clock=Clock(),
        wake=woken or Woken(),
    )


async def take(
    reader: MailReader, mailbox: str, uidvalidity: int, raw: RawMail, circumstances: Intake
) -> Disposition:
    (disposition,) = await reader.settle(await reader.read(mailbox, uidvalidity, [raw]), circumstances)
    return disposition


async def test_a_mail_becomes_a_ticket_and_the_outbox_is_woken() -> None:
    store, woken = Store(), Woken()
    assert await take(a_reader(store, woken=woken), "INBOX", 7, raw(1), ANSWER_ALL) is Disposition.TICKET
    assert len(store.said(OpenTicket)) == 1
    assert store.said(QueueMail)[0].kind == "ack"
    assert woken.times == 1


async def test_the_desks_acknowledgements_are_counted_as_far_as_its_limit_goes() -> None:
    for limit in (0, 7):
        (reading,) = await a_reader(Store(), limits=Limits(acks_desk=limit)).read("INBOX", 7, [raw(1)])
        assert reading.lookup is not None
        assert reading.lookup.acks_counted == limit


async def test_a_decision_that_came_too_late_is_made_anew_from_a_new_snapshot() -> None:
    store = Store()
    store.troubles["apply"] = [Conflict()] * (DECISIONS - 1)
    assert await take(a_reader(store), "INBOX", 7, raw(1), ANSWER_ALL) is Disposition.TICKET
    assert store.calls == ["snapshot", "apply"] * DECISIONS
    assert len(store.applied) == 1


async def test_after_five_conflicts_the_mail_waits_for_a_better_time_and_is_not_set_aside() -> None:
    store = Store()
    store.troubles["apply"] = [Conflict()] * DECISIONS
    with pytest.raises(Unavailable, match="keeps changing"):
        await take(a_reader(store), "INBOX", 7, raw(1), ANSWER_ALL)
    assert store.calls.count("apply") == 5
    assert store.applied == []


async def test_a_mail_that_the_ledger_holds_already_is_done() -> None:
    store, woken = Store(), Woken()
    store.troubles["apply"] = [AlreadyDone()]
    assert await take(a_reader(store, woken=woken), "INBOX", 7, raw(1), ANSWER_ALL) is Disposition.TICKET
    assert store.calls == ["snapshot", "apply"]
    assert woken.times == 0


async def test_a_failing_classifier_costs_the_priority_not_the_answer() -> None:
    store = Store()
    model = Model(RuntimeError("no model"))
    assert await take(a_reader(store, model=model), "INBOX", 7, raw(1), ANSWER_ALL) is Disposition.TICKET
    assert len(model.asked) == 1
    [opened] = store.said(OpenTicket)
    assert opened.to_verify
    assert "ack" in [a.kind for a in store.said(QueueMail)]


@pytest.mark.parametrize("method", ["snapshot", "apply"])
async def test_an_unavailable_store_is_no_fault_of_the_mail(method: str) -> None:
    store = Store()
    store.troubles[method] = [away()]
    with pytest.raises(Unavailable):
        await take(a_reader(store), "INBOX", 7, raw(1), ANSWER_ALL)
    assert store.applied == []


async def test_a_mail_on_which_the_program_fails_is_quarantined_with_the_faults_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(reader_module, "on_mail", failing)
    store, woken = Store(), Woken()
    assert await take(a_reader(store, woken=woken), "INBOX", 7, raw(1), ANSWER_ALL) is Disposition.QUARANTINE
    [row] = store.said(RecordMail)
    assert (row.disposition, row.reason) == (
        Disposition.QUARANTINE,
        "ZeroDivisionError while it was handled",
    )
    assert row.raw == raw(1).data, "its bytes are kept"
    assert len(store.said(OpenTicket)) == 1, "the clock runs"
    assert woken.times == 1, "somebody is told"


async def test_a_mail_on_which_parsing_fails_is_quarantined_too() -> None:
    def failing(data: bytes, truncated: bool) -> Mail | Unreadable:
        raise RecursionError

    store = Store()
    reader = a_reader(store, parsing=failing)
    assert await take(reader, "INBOX", 7, raw(9), ANSWER_ALL) is Disposition.QUARANTINE
    [row] = store.said(RecordMail)
    assert row.message_id == "uid-9"
    assert not await reader.seen(raw(10)), "and it counts as unknown, wherever it is looked at"
    assert store.asked_ids == ["uid-10"]


async def test_a_fault_that_also_hits_the_quarantine_is_not_this_mails_and_goes_up() -> None:
    store = Store()
    store.troubles["apply"] = [KeyError("schema"), KeyError("schema")]
    with pytest.raises(KeyError):
        await take(a_reader(store), "INBOX", 7, raw(1), ANSWER_ALL)
    assert store.applied == []


async def test_held_mails_are_decided_anew_until_none_is_left() -> None:
    store = Store()
    store.waiting = [HeldMail(arrival=arrival(uid=uid), data=raw(uid).data) for uid in range(1, 121)]
    reader = a_reader(store)
    assert [await reader.release_held("INBOX") for _ in range(4)] == [50, 50, 20, 0]
    assert recorded(store) == [(uid, Disposition.TICKET) for uid in range(1, 121)]
    assert store.waiting == []


async def test_a_mail_is_seen_when_the_ledger_knows_its_message_id() -> None:
    store = Store()
    store.ids = {"m1@client.example"}
    reader = a_reader(store)
    assert await reader.seen(raw(1))
    assert not await reader.seen(raw(2))


async def test_managers_are_told_of_the_brake_once_per_mailbox_and_uidvalidity() -> None:
    store, woken = Store(), Woken()
    await a_reader(store, woken=woken).tell_braked("INBOX", 8)
    causes = [a.cause for a in store.said(QueueMail)]
    assert causes == ["brake:INBOX:8:sam@azimutpos.com", "brake:INBOX:8:direction@azimutpos.com"]
    assert woken.times == 1


async def test_a_handful_is_settled_together_and_what_fails_of_it_alone() -> None:
    store = Store()
    store.troubles["apply"] = [None, Conflict("changed"), None, KeyError("ours")]
    reader = a_reader(store)
    readings = await reader.read("INBOX", 7, [raw(1), raw(2), raw(3), raw(4)])
    dispositions = await reader.settle(readings, ANSWER_ALL)
    assert dispositions == [Disposition.TICKET] * 4
    assert sorted(r.arrival.uid for r in store.said(RecordMail)) == [1, 2, 3, 4]


async def test_a_mail_that_cannot_be_read_is_set_aside_and_the_others_of_its_handful_are_tickets() -> None:
    store = Store()

    def fails_on_the_second(data: bytes, truncated: bool) -> Mail | Unreadable:
        if data == raw(2).data:
            raise RecursionError
        return parse_for_azimut(data, truncated)

    reader = a_reader(store, parsing=fails_on_the_second)
    readings = await reader.read("INBOX", 7, [raw(1), raw(2), raw(3)])
    dispositions = await reader.settle(readings, ANSWER_ALL)
    assert dispositions == [Disposition.TICKET, Disposition.QUARANTINE, Disposition.TICKET]
