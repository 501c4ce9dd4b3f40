"""Two desks that answer each other stop within three mails, whatever the other one is like. The other desk
answers each mail that it gets for ever; ours is the real one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.core.policy import Limits
from daemon.core.values import Findings
from daemon.settings.sla import load_sla
from tests.core.build import findings, policy
from tests.threats.desk import Desk, Sent, open_desk

NOW = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
RULES = policy(sla=load_sla(Path(__file__).parents[2] / "config" / "sla.toml"))
OTHER = "aide@fournisseur.example"
ROUNDS = 40
"""How long the other desk is given: a loop without an end runs into it."""


def quiet_desk(subject: str, text: str) -> Findings:
    return findings("S3")


def _mail(number: int, subject: str, text: str, *fields: str) -> bytes:
    head = [
        f"From: Aide <{OTHER}>",
        "To: support@azimutpos.com",
        f"Subject: {subject}",
        f"Message-ID: <{number}.{number * 7919}@fournisseur.example>",
        "Date: Tue, 03 Nov 2026 10:30:00 -0500",
        *fields,
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        text,
    ]
    return ("\r\n".join(head) + "\r\n").encode()


def _text_of(sent: Sent) -> str:
    body = sent.message.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


def forgetful(number: int, _: Sent | None) -> bytes:
    return _mail(number, f"Demande {number} reçue", f"Nous avons reçu votre demande {number}. Merci.")


def naming_cases_in_letters(number: int, _: Sent | None) -> bytes:
    case = "".join(random.Random(number).choices("ABCDEFGHJK23456789", k=8))
    words = "Nous avons bien reçu votre demande et vous répondrons sous peu, merci de votre patience."
    return _mail(number, f"Dossier {case}", f"Bonjour,\r\n\r\n{words}\r\nDossier {case}\r\n\r\nL'équipe")


def dating_in_words(number: int, _: Sent | None) -> bytes:
    day = ("lundi", "mardi", "mercredi", "jeudi")[number % 4]
    words = "Votre message a été reçu par notre service et sera lu par la première personne libre"
    return _mail(number, "Accusé de réception", f"{words} {day} matin, merci de votre confiance.")


def quoting_all(number: int, sent: Sent | None) -> bytes:
    quoted = _text_of(sent) if sent else "La caisse."
    return _mail(number, "Votre demande", f"Nous avons reçu ceci :\r\n\r\n{quoted}")


def quoting_as_people_do(number: int, sent: Sent | None) -> bytes:
    lines = _text_of(sent).splitlines() if sent else []
    return _mail(number, "RE: Votre message", "Reçu, merci.\r\n\r\n" + "\r\n".join(f"> {x}" for x in lines))


def threading(number: int, sent: Sent | None) -> bytes:
    fields = (f"In-Reply-To: <{sent.id}>", f"References: <{sent.id}>") if sent else ()
    subject = f"RE: {sent.message['Subject']}" if sent else "Votre demande"
    return _mail(number, subject, f"Demande {number} reçue.", *fields)


def well_behaved(number: int, _: Sent | None) -> bytes:
    return _mail(number, "Demande reçue", f"Reçue {'x' * number}.", "Auto-Submitted: auto-replied")


Responder = Callable[[int, Sent | None], bytes]


async def _exchange(desk: Desk, answer: Responder) -> int:
    """How many mails our desk sent it before it fell silent."""
    count, last = 0, None
    for number in range(1, ROUNDS):
        before = len(desk.outgoing.sent)
        await desk.deliver(answer(number, last))
        left = desk.outgoing.sent[before:]
        sent = [m for m in left if m.recipient == OTHER]
        assert {m.recipient for m in left} <= {OTHER, *desk.agents, *RULES.escalation}
        assert {m.kind for m in left if m.recipient != OTHER} <= {"notification", "notice"}
        if not sent:
            return count
        count, last = count + len(sent), sent[-1]
        desk.clock.instant += timedelta(seconds=20)
    return count


@pytest.mark.parametrize(
    "answer",
    [
        forgetful,
        naming_cases_in_letters,
        dating_in_words,
        quoting_all,
        quoting_as_people_do,
        threading,
        well_behaved,
    ],
    ids=lambda answer: answer.__name__,
)
async def test_an_endless_responder_gets_two_mails_at_most(answer: Responder, tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, quiet_desk, NOW) as desk:
        assert await _exchange(desk, answer) <= 2
        assert len(desk.dispositions) <= 3


async def test_without_the_limits_such_a_responder_is_answered_for_ever(tmp_path: Path) -> None:
    """What the limits are for; were they ignored, the test above would say so."""
    off = replace(RULES, limits=Limits(acks_per_address=0, same_text_per_address=0))
    async with open_desk(tmp_path, off, quiet_desk, NOW) as desk:
        assert await _exchange(desk, forgetful) >= 20


async def test_two_desks_of_this_kind_write_each_other_once(tmp_path: Path) -> None:
    """A mail to one, whose sender is the other (a forwarding rule, a forged From), is all it takes."""
    other_rules = replace(RULES, desk_address="ventes@autrebureau.example")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with (
        open_desk(tmp_path / "a", RULES, quiet_desk, NOW) as ours,
        open_desk(tmp_path / "b", other_rules, quiet_desk, NOW) as theirs,
    ):
        first = (
            b"From: ventes@autrebureau.example\r\nTo: support@azimutpos.com\r\nSubject: Bonjour\r\n"
            b"Message-ID: <1@autrebureau.example>\r\n\r\nLa caisse est lente.\r\n"
        )
        await ours.deliver(first)
        seen, total = {ours.outbox: 0, theirs.outbox: 0}, 0
        for desk, other, address in [(ours, theirs, "ventes@autrebureau.example"),
                                     (theirs, ours, "support@azimutpos.com")] * (ROUNDS // 2):  # fmt: skip
            await asyncio.sleep(0)
            left = desk.outgoing.sent[seen[desk.outbox] :]
            seen[desk.outbox] += len(left)
            # what agents are told stays with them; all else goes to the other desk
            assert {m.recipient for m in left if m.kind == "notification"} <= set(desk.agents)
            crossing = [m for m in left if m.recipient not in desk.agents]
            assert {m.recipient for m in crossing} <= {address}
            total += len(crossing)
            for mail in crossing:
                await other.deliver(mail.raw)
        assert total == 1
        assert [m.kind for m in ours.outgoing.sent if m.recipient not in ours.agents] == ["ack"]
        assert sorted(m.recipient for m in ours.notifications) == sorted(ours.agents)
        assert theirs.outgoing.sent == []
        assert (len(await ours.tickets()), len(await theirs.tickets())) == (1, 0)


async def test_a_person_who_writes_twice_about_two_things_is_answered_twice(tmp_path: Path) -> None:
    texts = (
        "Bonjour, l'imprimante de reçus de la caisse deux ne répond plus depuis ce matin, pouvez-vous voir?",
        "Bonjour, le lecteur de cartes de la caisse un ne répond plus depuis midi, pouvez-vous nous appeler?",
        "Bonjour, le tiroir de la caisse trois ne s'ouvre plus depuis hier soir, pouvez-vous passer demain?",
    )
    async with open_desk(tmp_path, RULES, quiet_desk, NOW) as desk:
        for number, text in enumerate(texts, 1):
            assert [m.kind for m in await desk.deliver(_mail(number, "Caisse", text))] == ["ack"]
