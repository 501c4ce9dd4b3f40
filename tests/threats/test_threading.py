"""Which ticket an answer finds, from our bytes to those that a client makes of them: each kind of evidence
alone, what strangers can do with it, and tickets that have moved on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.core.values import Disposition, Findings, State
from daemon.settings.sla import load_sla
from tests.core.build import account, findings, policy
from tests.threats.desk import Desk, Sent, open_desk

NOW = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
RULES = policy(
    sla=load_sla(Path(__file__).parents[2] / "config" / "sla.toml"), trusted_authserv=("mx.azimutpos.com",)
)
MARIE, MALLORY = "marie@boulangerieroy.example", "mallory@evil.example"
AGENTS = ["alex@azimutpos.com", "sam@azimutpos.com"]
OUTLOOK = "YT2PR01MB8838F0C9B0E5C6D04B1AA36FDE1F2@YT2PR01MB8838.CANPRD01.PROD.OUTLOOK.COM.relay.example"
"""A Message-ID as Exchange makes them, longer than the 78 characters at which Python's own writer folds."""


def calm(subject: str, text: str) -> Findings:
    return findings("S3")


def letter(
    *fields: str,
    sender: str = MARIE,
    to: str = "support@azimutpos.com",
    subject: str = "Rapport de taxes",
    message_id: str = "suite@boulangerieroy.example",
    text: str = "Autre détail.",
) -> bytes:
    head = [
        f"From: Marie Roy <{sender}>",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: <{message_id}>",
        *fields,
        "Content-Type: text/plain; charset=utf-8",
        "",
        text,
    ]
    return ("\r\n".join(head) + "\r\n").encode()


@asynccontextmanager
async def begun(folder: Path) -> AsyncIterator[tuple[Desk, Sent]]:
    """A desk with Marie's ticket, and the acknowledgement she got."""
    async with open_desk(folder, RULES, calm, NOW) as desk:
        first = letter(message_id=OUTLOOK, text="Le rapport de taxes ne s'ouvre pas.")
        (ack,) = [m for m in await desk.deliver(first) if m.kind == "ack"]
        desk.clock.instant += timedelta(minutes=10)
        yield desk, ack


def reply_to(ack: Sent) -> str:
    return str(ack.message["Reply-To"].addresses[0].addr_spec)


def quoted(ack: Sent) -> str:
    body = ack.message.get_body(("plain",))
    assert body is not None
    lines = str(body.get_content()).splitlines()
    return "Voici.\r\n\r\n" + "\r\n".join(f"> {line}" for line in lines)


def nothing(_: Sent) -> bytes:
    return letter(subject="Bonjour")


# One kind of evidence each, as clients and gateways leave them.
EVIDENCE: dict[str, Callable[[Sent, str], bytes]] = {
    "the reply address, from a client that rewrites ids": lambda ack, sender: letter(
        "In-Reply-To: <rewritten@mail.gateway.example>", to=reply_to(ack), sender=sender, subject="RE:"
    ),
    "the reply address, shouted": lambda ack, sender: letter(
        to=reply_to(ack).upper(), sender=sender, subject="RE:"
    ),
    "the reply address, delivered to but not shown": lambda ack, sender: letter(
        f"Delivered-To: {reply_to(ack)}", to="undisclosed-recipients:;", sender=sender, subject="RE:"
    ),
    "In-Reply-To": lambda ack, sender: letter(f"In-Reply-To: <{ack.id}>", sender=sender, subject="RE:"),
    "References, folded between two ids": lambda ack, sender: letter(
        f"References: <{OUTLOOK}>\r\n <{ack.id}>", sender=sender, subject="RE:"
    ),
    "References, ours among thirty": lambda ack, sender: letter(
        "References: " + "\r\n ".join([*(f"<{n}@other.example>" for n in range(29)), f"<{ack.id}>"]),
        sender=sender,
        subject="RE:",
    ),
    "the footer, quoted": lambda ack, sender: letter(text=quoted(ack), sender=sender, subject="RE:"),
    "the subject": lambda ack, sender: letter(subject=f"RE: {ack.message['Subject']}", sender=sender),
}


@pytest.mark.parametrize("kind", EVIDENCE)
async def test_a_participant_is_led_back_by_each_kind_of_evidence_alone(kind: str, tmp_path: Path) -> None:
    async with begun(tmp_path) as (desk, ack):
        sent = await desk.deliver(EVIDENCE[kind](ack, MARIE))
        assert desk.dispositions[-1] is Disposition.MESSAGE
        assert len(await desk.tickets()) == 1
        assert sent == []
        assert desk.told == AGENTS


async def test_without_evidence_the_same_person_opens_another_ticket(tmp_path: Path) -> None:
    async with begun(tmp_path) as (desk, ack):
        await desk.deliver(nothing(ack))
        assert len(await desk.tickets()) == 2


@pytest.mark.parametrize("kind", EVIDENCE)
async def test_a_stranger_with_the_same_evidence_gets_a_ticket_of_their_own_and_learns_nothing(
    kind: str, tmp_path: Path
) -> None:
    async with begun(tmp_path) as (desk, ack):
        sent = await desk.deliver(EVIDENCE[kind](ack, MALLORY))
        first, second = await desk.tickets()
        assert (second["requester"], second["related_to"]) == (MALLORY, first["id"])
        texts = await _received(desk, first["id"])
        assert [t["sender"] for t in texts] == [MARIE]
        assert {m.recipient for m in sent if m.kind == "ack"} == {MALLORY}
        assert desk.told == AGENTS
        told = "\n".join(m.words() for m in sent if m.recipient == MALLORY)
        assert f"AZ-{first['id']}" not in told
        assert ack.id not in told.split("In-Reply-To")[0].split("References")[0]
        assert "taxes" not in told
        assert "Marie" not in told


async def _received(desk: Desk, ticket: int) -> list[Mapping[str, Any]]:
    return await desk.rows("SELECT sender FROM message WHERE ticket_id = ? AND direction = 'in'", ticket)


async def test_an_answer_to_the_customers_own_mail_is_led_by_its_recorded_id(tmp_path: Path) -> None:
    async with begun(tmp_path) as (desk, _):
        await desk.deliver(letter(f"In-Reply-To: <{OUTLOOK}>", subject="RE:"))
        assert desk.dispositions[-1] is Disposition.MESSAGE
        assert len(await desk.tickets()) == 1


@pytest.mark.parametrize(
    "forged",
    [
        lambda ack: letter(f"In-Reply-To: <{ack.id.replace('az.', 'az.9', 1)}>", subject="RE:"),
        lambda ack: letter(f"In-Reply-To: <{_other_mac(ack.id)}>", subject="RE:"),
        lambda ack: letter(to=_other_token(reply_to(ack)), subject="RE:"),
        lambda ack: letter(text=re.sub(r"(AZ-\d+·)", r"\1a", quoted(ack)), subject="RE:"),
        lambda ack: letter("In-Reply-To: <>", "References: <> <@>", subject="RE:"),
        lambda ack: letter(f"Thread-Index: {'A' * 32}", subject="RE:"),
        lambda ack: letter(subject="RE: [AZ-999999] Rapport"),
    ],
    ids=["another ticket's number", "another signature", "another token", "another footer", "empty ids",
         "Thread-Index", "a reference that does not exist"],
)  # fmt: skip
async def test_what_is_not_ours_to_the_letter_leads_nowhere(
    forged: Callable[[Sent], bytes], tmp_path: Path
) -> None:
    async with begun(tmp_path) as (desk, ack):
        await desk.deliver(forged(ack))
        assert len(await desk.tickets()) == 2
        assert (await desk.tickets())[1]["related_to"] is None


def _other_mac(message_id: str) -> str:
    left, _, domain = message_id.rpartition("@")
    return f"{left[:-1]}{'a' if left[-1] != 'a' else 'b'}@{domain}"


def _other_token(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"


async def test_of_several_of_our_ids_the_newest_leads(tmp_path: Path) -> None:
    async with begun(tmp_path) as (desk, older):
        desk.clock.instant += timedelta(hours=2)
        (newer,) = [m for m in await desk.deliver(nothing(older)) if m.kind == "ack"]
        for ids, expected in (([older, newer], newer), ([newer, older], older)):
            field = "References: " + " ".join(f"<{ack.id}>" for ack in ids)
            await desk.deliver(letter(field, subject="RE:", message_id=f"x.{expected.id}"))
            (row,) = await desk.rows("SELECT ticket FROM inbound_mail ORDER BY id DESC LIMIT 1")
            assert f"AZ-{row['ticket']}" == expected.message["X-Azimut-Ticket"]


# -- tickets that have moved on --------------------------------------------------------------------------


async def test_an_answer_to_a_merged_ticket_goes_where_it_went(tmp_path: Path) -> None:
    async with begun(tmp_path) as (desk, ack):
        await desk.deliver(letter(sender="karim@autre.example", message_id="k@autre.example"))
        first, second = (row["id"] for row in await desk.tickets())
        await desk.rows("UPDATE ticket SET merged_into = ?, state = 'closed' WHERE id = ?", second, first)
        await desk.rows("UPDATE participant SET ticket_id = ? WHERE ticket_id = ?", second, first)
        await desk.deliver(letter(f"In-Reply-To: <{ack.id}>", subject="RE:"))
        (row,) = await desk.rows("SELECT ticket FROM inbound_mail ORDER BY id DESC LIMIT 1")
        assert row["ticket"] == second


@pytest.mark.parametrize(
    ("days", "tickets", "related"),
    [(29, 1, False), (31, 2, True), (59, 2, True), (61, 2, False)],
    ids=["reopened", "followed by a linked one", "still linked", "its evidence is void"],
)
async def test_an_answer_to_a_closed_ticket(days: int, tickets: int, related: bool, tmp_path: Path) -> None:
    async with begun(tmp_path) as (desk, ack):
        await desk.ended(State.CLOSED)
        desk.clock.instant += timedelta(days=days)
        await desk.deliver(letter(f"In-Reply-To: <{ack.id}>", to=reply_to(ack), subject="RE:"))
        found = await desk.tickets()
        assert len(found) == tickets
        if tickets == 1:
            assert found[0]["state"] == "open"
        else:
            assert (found[1]["related_to"] == found[0]["id"]) is related


async def test_an_answer_that_overtakes_the_mail_it_answers_is_not_lost(tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        second = letter("In-Reply-To: <1@boulangerieroy.example>", message_id="2@boulangerieroy.example")
        await desk.deliver(second)
        await desk.deliver(letter(message_id="1@boulangerieroy.example"))
        assert desk.dispositions == [Disposition.TICKET, Disposition.TICKET]


# -- people ----------------------------------------------------------------------------------------------


async def test_a_supplier_in_copy_joins_as_third_party_and_is_never_answered(tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        pierre = "pierre@fours.example"
        await desk.deliver(letter(f"Cc: {pierre}", message_id=OUTLOOK))
        sent = await desk.deliver(
            letter(
                f"In-Reply-To: <{OUTLOOK}>", sender=pierre, message_id="p@fours.example", subject="RE: four"
            )
        )
        assert sent == []
        assert desk.told == AGENTS
        (ticket,) = await desk.tickets()
        assert ticket["state"] == "new"
        people = await desk.rows("SELECT address FROM participant")
        assert [p["address"] for p in people] == [MARIE]


async def test_a_colleague_joins_only_when_our_own_server_vouches_for_them(tmp_path: Path) -> None:
    """A name in From is not enough, and neither is a result that the sender wrote below ours."""
    karim = "karim@boulangerieroy.example"
    results = "Authentication-Results: mx.azimutpos.com; dmarc={} header.from=boulangerieroy.example"
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await _directory(desk)
        (ack,) = [m for m in await desk.deliver(letter(message_id=OUTLOOK)) if m.kind == "ack"]
        for number, (top, joins) in enumerate(
            [(results.format("pass"), True), ("X-Nothing: 1", False), (results.format("fail"), False)]
        ):
            await desk.rows("DELETE FROM participant WHERE address = ?", karim)
            forged = results.format("pass")
            fields = [top, forged] if top != "X-Nothing: 1" else [top]
            await desk.deliver(
                letter(
                    *fields, to=reply_to(ack), sender=karim, subject="RE:", message_id=f"{number}@k.example"
                )
            )
            assert (desk.dispositions[-1] is Disposition.MESSAGE) is joins


async def _directory(desk: Desk) -> None:
    await desk.store.import_accounts([account(domains=("boulangerieroy.example",))], NOW)


# -- the bytes that leave --------------------------------------------------------------------------------


def _unfolded(raw: bytes, name: str) -> list[str]:
    """The lines of one field as they are on the wire."""
    found = re.search(rb"(?im)^" + name.encode() + rb":((?:[^\r\n]*\r\n[ \t])*[^\r\n]*)\r\n", raw)
    assert found is not None, name
    return [line.strip() for line in found[1].decode("ascii").split("\r\n")]


@pytest.mark.parametrize("length", [60, 77, 78, 79, 120, 250, 480])
async def test_the_ids_of_our_mails_stand_whole_on_one_line(length: int, tmp_path: Path) -> None:
    """Python's writer breaks a Message-ID of more than 78 characters into encoded-words, and Outlook then
    shows the answer as a new conversation."""
    own = f"{'a' * (length - 24)}@boulangerieroy.example"
    root = f"{'r' * (length - 24)}@boulangerieroy.example"
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await _directory(desk)
        (ack,) = await desk.deliver(letter(f"References: <{root}>", message_id=own))
        head = ack.raw.split(b"\r\n\r\n", 1)[0] + b"\r\n"
        for name, ids in (("In-Reply-To", [own]), ("References", [root, own]), ("Message-ID", [ack.id])):
            lines = [line for line in _unfolded(head, name) if line]
            assert " ".join(lines) == " ".join(f"<{i}>" for i in ids)
            assert all(line.count("<") == line.count(">") for line in lines)
            assert not any("=?" in line for line in lines)


async def test_a_stranger_reads_no_id_but_that_of_their_own_mail(tmp_path: Path) -> None:
    """What they wrote into References may name a ticket that is none of theirs."""
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        guessed = "References: <AZ-1001@azimutpos.com>"
        (ack,) = await desk.deliver(letter(guessed, sender=MALLORY, message_id="1@evil.example"))
        assert ack.message["References"] == ack.message["In-Reply-To"] == "<1@evil.example>"


async def test_our_own_id_and_reply_address_are_short_enough_for_every_client(tmp_path: Path) -> None:
    async with begun(tmp_path) as (_, ack):
        assert len(f"Message-ID: <{ack.id}>") <= 78
        assert len(reply_to(ack).partition("@")[0]) <= 64  # RFC 5321 section 4.5.3.1.1
