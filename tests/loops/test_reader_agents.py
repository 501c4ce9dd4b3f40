"""An agent's mail through the reader: its own words, what the store is asked, what of ours stayed in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.facts import Listed, Lookup, Snapshot
from daemon.core.policy import Intake
from daemon.core.values import Claim, ClaimKind, Disposition, Mail
from daemon.loops.reader import MailReader
from daemon.ports import RawMail
from tests.core.build import MARIE
from tests.core.commands.desk import Desk, asked_by, desk_policy, dossier, row
from tests.loops.fakes import Clock, Model, Store
from tests.loops.fakes import raw as customers_mail
from tests.opening import Here

OURS = (
    "P2 · répondre avant 12 h 30 · personne ne l’a pris\n"
    "↩ Répondre à ce courriel : Marie Roy le lit.\n\n"
    "La caisse est gelée depuis ce matin.\n\n"
    "Note interne : cliente en retard de paiement\n"
)
RENDERED = (
    "From: support@azimutpos.com\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\n" + OURS
).encode()
NOTIFICATION = row(
    message=RENDERED, context={"language": "fr", "text": "La caisse est gelée depuis ce matin."}
)


class Evidence:
    """Every mail holds its sender's token for `ticket`, made for `purpose`."""

    def __init__(self, purpose: str = "agent", ticket: int = 1042) -> None:
        self.claim = Claim(kind=ClaimKind.TOKEN, ticket=ticket, purpose=purpose, for_sender=True)

    def claims(self, mail: Mail) -> tuple[Claim, ...]:
        return (self.claim,) if mail.from_.domain == "azimutpos.com" else ()

    def bounced_rows(self, mail: Mail) -> tuple[int, ...]:
        return ()

    def is_ours(self, mail: Mail) -> bool:
        return False


class Asked(Store):
    """Answers out of a desk, and keeps what was asked."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    async def snapshot(self, lookup: Lookup) -> Snapshot:
        self._may("snapshot")
        return self.desk.snapshot(lookup) if lookup.agent else Snapshot()


def letter(text: str, uid: int = 1, subject: str = "Re: AZ-1042", **headers: str) -> RawMail:
    fields = {
        "From": "Alex Roy <alex@azimutpos.com>",
        "To": "support+token@azimutpos.com",
        "Subject": subject,
        "Message-ID": f"<a{uid}@azimutpos.com>",
        "In-Reply-To": "<ours@azimutpos.com>",
        "Content-Type": "text/plain; charset=utf-8",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return replace(customers_mail(uid), data=f"{head}\r\n{text}".encode())


def a_reader(store: Store, evidence: Evidence | None = None, **rules: Any) -> MailReader:
    return MailReader(
        store=store,
        opener=Here(Model().classify),
        evidence=evidence or Evidence(),
        policy=desk_policy(**rules),
        clock=Clock(),
        wake=lambda: None,
    )


async def take(reader: MailReader, *mails: RawMail) -> list[Disposition]:
    return await reader.settle(await reader.read("INBOX", 7, mails), Intake())


def kinds(store: Store) -> list[str]:
    return [m.kind for m in store.said(act.QueueMail)]


@pytest.mark.parametrize("beside", [0, 1], ids=["alone", "together"])
async def test_an_agents_words_go_out_without_what_they_quote(beside: int) -> None:
    store = Asked(Desk(answered=NOTIFICATION))
    quoted = "\r\n".join(f"> {line}" for line in OURS.split("\n"))
    said = f"#prendre\r\nBonjour Marie,\r\nje regarde.\r\n\r\nLe 3 nov. 2026, Soutien a écrit :\r\n{quoted}"
    done = await take(a_reader(store), letter(said), *(customers_mail(2 + n) for n in range(beside)))
    assert done[0] is Disposition.MESSAGE
    (sent,) = [m for m in store.said(act.QueueMail) if m.kind == "reply"]
    assert (sent.recipient, sent.context["text"]) == (MARIE, "Bonjour Marie,\nje regarde.")


@pytest.mark.parametrize("beside", [0, 1], ids=["alone", "together"])
async def test_a_line_of_ours_that_stayed_holds_the_mail(beside: int) -> None:
    """A program that quotes without marks: only the mail that is answered shows whose line it is."""
    said = "Bonjour Marie, je regarde.\r\n\r\nNote interne : cliente en retard de paiement"
    store = Asked(Desk(answered=NOTIFICATION))
    await take(a_reader(store), letter(said), *(customers_mail(2 + n) for n in range(beside)))
    (told,) = [m.context for m in store.said(act.QueueMail) if m.kind == "transcript"]
    assert [fault["why"] for fault in told["faults"]] == ["doubtful_cut"]
    assert "reply" not in kinds(store)
    unknown = Asked(Desk(answered=replace(NOTIFICATION, message=None)))
    await take(a_reader(unknown), letter(said))
    assert "reply" in kinds(unknown), "nothing else makes it doubtful"


async def test_the_customers_own_line_may_be_repeated() -> None:
    store = Asked(Desk(answered=NOTIFICATION))
    await take(a_reader(store), letter("Vous disiez :\r\n\r\nLa caisse est gelée depuis ce matin."))
    assert "reply" in kinds(store)


async def test_the_store_is_asked_once_for_all_that_the_commands_name_in_either_reading() -> None:
    store = Asked(Desk(answered=row("digest", None)))
    text = "prendre 1043\r\ncompte Resto Luc\r\nliste\r\npour luc@resto.example"
    await take(a_reader(store, Evidence("command", 0)), letter(text, subject="liste"))
    (asked,) = store.desk.asked
    assert (asked.agent, asked.tickets, asked.accounts) == (True, (1043,), ("Resto Luc",))
    assert (asked.customers, asked.listing, asked.named) == (
        ("luc@resto.example",),
        True,
        ("luc@resto.example",),
    )


@pytest.mark.parametrize("beside", [0, 1], ids=["alone", "together"])
async def test_a_held_mails_tickets_are_asked_for_when_it_is_answered(beside: int) -> None:
    desk = Desk({1042: dossier(), 1043: dossier(1043)}, answered=NOTIFICATION)
    store = Asked(desk)
    await take(a_reader(store), letter("#lier 1043"))
    (hold,) = store.said(act.HoldMail)
    (question,) = [m for m in store.said(act.QueueMail) if m.kind == "confirm"]
    assert hold.cause == question.context["held"]

    store.desk = asked_by(desk, store.applied[0], "confirm")
    mails = [letter("oui", 3), *(customers_mail(4 + n) for n in range(beside))]
    await take(a_reader(store, Evidence("confirm")), *mails)
    assert [(a.ticket, a.other) for a in store.said(act.LinkTickets)] == [(1042, 1043)]
    assert store.desk.asked[-1].tickets == (1042, 1043)


async def test_an_absence_is_looked_up_with_the_agents_tickets() -> None:

    mine = dossier(1050, assignee="alex")
    listing = (Listed(ticket=mine.ticket, account="Roy", clock="", due=None, breached=False),)
    store = Asked(Desk({1042: dossier(), 1050: mine}, answered=row(), listing=listing))
    absent = letter("Je reviens lundi.", subject="Absence du bureau", **{"Auto-Submitted": "auto-replied"})
    assert await take(a_reader(store), absent) == [Disposition.MESSAGE]
    assert [(a.ticket, a.assignee) for a in store.said(act.SetAssignee)] == [(1050, None)]
    assert kinds(store) == []


async def test_a_customers_mail_is_asked_about_as_before() -> None:
    store = Store()
    seen: list[Lookup] = []

    async def snapshot(lookup: Lookup) -> Snapshot:
        seen.append(lookup)
        return Snapshot()

    store.snapshot = snapshot  # type: ignore[method-assign]
    await take(a_reader(store), customers_mail(1))
    (asked,) = seen
    assert (asked.agent, asked.named, asked.listing) == (False, (), False)
