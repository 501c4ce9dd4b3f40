"""Every key of [limits], from the policy to the mails that leave: on the real store, with small numbers. A
sender who goes on after a limit still has every mail on file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.core.policy import Limits, Policy
from daemon.core.values import Disposition, Findings, State
from daemon.settings.sla import load_sla
from tests.core.build import findings, policy
from tests.threats.desk import Desk, Sent, open_desk

NOW = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
SLA = load_sla(Path(__file__).parents[2] / "config" / "sla.toml")
ROBOT = "robot@alarmes.example"
OFF = {
    "acks_per_address": 0,
    "same_text_per_address": 0,
    "tickets_per_address": 0,
    "mails_per_ticket": 0,
    "reopens_per_ticket": 0,
    "acks_desk": 0,
}


def grave(subject: str, text: str) -> Findings:
    return findings("S3")


def rules(**limits: int) -> Policy:
    return policy(sla=SLA, limits=Limits(**{**OFF, **limits}))


def letter(number: int, *, sender: str = ROBOT, answers: str = "", text: str = "") -> bytes:
    reply = f"In-Reply-To: <{answers}>\r\n" if answers else ""
    words = text or f"Alarme {'x' * number} de la caisse."
    return (
        f"From: {sender}\r\nTo: support@azimutpos.com\r\nSubject: Alarme\r\n{reply}"
        f"Message-ID: <{number}@alarmes.example>\r\n\r\n{words}\r\n"
    ).encode()


def kinds(sent: Sequence[Sent]) -> list[tuple[str, str]]:
    return [(m.kind, m.recipient) for m in sent]


async def deliver(desk: Desk, *letters: bytes) -> list[Sent]:
    return [mail for raw in letters for mail in await desk.deliver(raw)]


def alarms(sent: Sequence[Sent]) -> list[Sent]:
    return [m for m in sent if m.kind == "notice" and m.recipient == "sam@azimutpos.com"]


async def test_acks_per_address(tmp_path: Path) -> None:
    async with open_desk(tmp_path, rules(acks_per_address=3), grave, NOW) as desk:
        sent = await deliver(desk, *(letter(n) for n in range(1, 7)))
        assert kinds(sent).count(("ack", ROBOT)) == 3
        assert len(alarms(sent)) == 1
        assert len(await desk.tickets()) == 6
        desk.clock.instant += timedelta(hours=1, minutes=1)
        assert ("ack", ROBOT) in kinds(await deliver(desk, letter(9)))


async def test_same_text_per_address(tmp_path: Path) -> None:
    async with open_desk(tmp_path, rules(same_text_per_address=1), grave, NOW) as desk:
        sent = await deliver(desk, *(letter(n, text=f"Alarme {n}.") for n in range(1, 5)))
        assert kinds(sent).count(("ack", ROBOT)) == 1
        assert len(alarms(sent)) == 1


async def test_tickets_per_address(tmp_path: Path) -> None:
    async with open_desk(tmp_path, rules(tickets_per_address=3), grave, NOW) as desk:
        sent = await deliver(desk, *(letter(n) for n in range(1, 8)))
        assert len(await desk.tickets()) == 3
        assert desk.dispositions == [Disposition.TICKET] * 3 + [Disposition.MESSAGE] * 4
        newest = (await desk.tickets())[-1]["id"]
        on_it = await desk.rows("SELECT text FROM message WHERE ticket_id = ? AND direction = 'in'", newest)
        assert len(on_it) == 5
        (alarm,) = alarms(sent)
        assert f"AZ-{newest}" in alarm.words()
        assert ROBOT in alarm.words()
        other = await deliver(desk, letter(20, sender="marie@boulangerieroy.example"))
        assert ("ack", "marie@boulangerieroy.example") in kinds(other)
        desk.clock.instant += timedelta(hours=1, minutes=1)
        await deliver(desk, letter(21))
        assert len(await desk.tickets()) == 5


async def _with_ticket(desk: Desk) -> str:
    (ack,) = [m for m in await desk.deliver(letter(1)) if m.kind == "ack"]
    return ack.id


async def test_mails_per_ticket(tmp_path: Path) -> None:
    async with open_desk(tmp_path, rules(mails_per_ticket=3), grave, NOW) as desk:
        ack = await _with_ticket(desk)
        await deliver(desk, letter(2, answers=ack), letter(3, answers=ack))
        await _resolve(desk)
        told = len(desk.notifications)
        assert told == 3 * len(desk.agents)
        sent = await deliver(desk, *(letter(n, answers=ack) for n in range(4, 9)))
        assert len(desk.notifications) == told  # the alarm stands for them
        (ticket,) = await desk.tickets()
        assert ticket["state"] == "resolved"
        texts = await desk.rows(
            "SELECT text FROM message WHERE ticket_id = ? AND direction = 'in'", ticket["id"]
        )
        assert len(texts) == 8
        (alarm,) = alarms(sent)
        assert f"AZ-{ticket['id']}" in alarm.words()
        desk.clock.instant += timedelta(hours=1, minutes=1)
        await deliver(desk, letter(9, answers=ack))
        assert (await desk.tickets())[0]["state"] == "open"


async def test_reopens_per_ticket(tmp_path: Path) -> None:
    async with open_desk(tmp_path, rules(reopens_per_ticket=2), grave, NOW) as desk:
        ack = await _with_ticket(desk)
        states, sent = [], []
        for number in range(2, 7):
            await _resolve(desk)
            sent += await deliver(desk, letter(number, answers=ack))
            states.append((await desk.tickets())[0]["state"])
        assert states == ["open", "open", "resolved", "resolved", "resolved"]
        assert len(alarms(sent)) == 1
        assert len(desk.notifications) == 3 * len(desk.agents)


async def test_acks_desk(tmp_path: Path) -> None:
    async with open_desk(tmp_path, rules(acks_desk=3), grave, NOW) as desk:
        letters = [letter(n, sender=f"client{n}@boutique.example") for n in range(1, 7)]
        sent = await deliver(desk, *letters)
        assert [kind for kind, _ in kinds(sent)].count("ack") == 3
        assert len(alarms(sent)) == 1
        assert len(await desk.tickets()) == 6


@pytest.mark.parametrize("key", sorted(OFF))
async def test_zero_is_no_limit(key: str, tmp_path: Path) -> None:
    async with open_desk(tmp_path, rules(**{key: 0}), grave, NOW) as desk:
        sent = await deliver(desk, *(letter(n, text="Toujours pareil.") for n in range(1, 25)))
        assert kinds(sent) == [("ack", ROBOT)] * 24
        assert len(desk.notifications) == 24 * len(desk.agents)


async def _resolve(desk: Desk) -> None:
    """As an agent will."""
    await desk.ended(State.RESOLVED)


def _shipped() -> dict[str, Any]:
    return {name: getattr(Limits(), name) for name in OFF}


def test_the_limits_that_are_shipped_are_those_of_the_contract() -> None:
    assert _shipped() == {
        "acks_per_address": 10,
        "same_text_per_address": 2,
        "tickets_per_address": 20,
        "mails_per_ticket": 60,
        "reopens_per_ticket": 5,
        "acks_desk": 0,
    }


async def test_a_flood_of_mails_that_nobody_can_read_is_one_alarm(tmp_path: Path) -> None:
    broken = b"To: support@azimutpos.com\r\nSubject: x\r\nMessage-ID: <%d@x.example>\r\n\r\nx %d\r\n"
    async with open_desk(tmp_path, rules(tickets_per_address=3), grave, NOW) as desk:
        sent = [m for n in range(1, 10) for m in await desk.deliver(broken % (n, n))]
        assert desk.dispositions == [Disposition.QUARANTINE] * 9
        assert len(await desk.tickets()) == 3
        assert len([m for m in alarms(sent) if "breaker" in m.words() or "trop de billets" in m.words()]) == 1
        assert len(sent) < 12
