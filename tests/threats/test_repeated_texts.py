"""What a sender has just written, as the store remembers it, stops the answering and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from daemon.core.policy import Policy
from daemon.core.values import Disposition, Findings
from daemon.settings.sla import load_sla
from tests.core.build import findings, policy
from tests.threats.desk import Desk, open_desk

NOW = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
SLA = load_sla(Path(__file__).parents[2] / "config" / "sla.toml")


def same_findings(subject: str, text: str) -> Findings:
    return findings("S3")


def _rules() -> Policy:
    return policy(sla=SLA)


def _mail(number: int, text: str, sender: str = "desk@other.example") -> bytes:
    return (
        f"From: {sender}\r\nTo: support@azimutpos.com\r\nSubject: [#{number}] received\r\n"
        f"Message-ID: <{number}@other.example>\r\n\r\n{text}\r\n"
    ).encode()


async def _answers(desk: Desk, *mails: bytes) -> list[tuple[str, str]]:
    return [(m.kind, m.recipient) for raw in mails for m in await desk.deliver(raw)]


async def test_two_desks_that_answer_each_other_stop_at_the_third_mail(tmp_path: Path) -> None:
    async with open_desk(tmp_path, _rules(), same_findings, NOW) as desk:
        mails = [_mail(n, f"We have received your request {n}.\r\nThank you.") for n in range(1, 7)]
        sent = await _answers(desk, *mails)
        assert sent.count(("ack", "desk@other.example")) == 2
        assert sent.count(("notice", "sam@azimutpos.com")) == 1  # told once, not once per mail
        assert len(await desk.tickets()) == 6
        assert len(desk.notifications) == 6 * len(desk.agents)  # only the answering stops
        # another sender, and other words of the same one, are answered
        assert await _answers(desk, _mail(8, "We have received your request 8. Thank you.", "x@y.example"))
        assert ("ack", "desk@other.example") in await _answers(desk, _mail(9, "The printer is dead."))


async def test_an_hour_later_the_same_words_are_answered_again(tmp_path: Path) -> None:
    async with open_desk(tmp_path, _rules(), same_findings, NOW) as desk:
        await _answers(desk, *(_mail(n, "The printer is dead.") for n in (1, 2, 3)))
        desk.clock.instant += timedelta(hours=1, seconds=1)
        # also while another acknowledgement of this hour makes the desk look at texts at all
        assert ("ack", "desk@other.example") in await _answers(desk, _mail(4, "The screen is dark."))
        assert ("ack", "desk@other.example") in await _answers(desk, _mail(5, "The printer is dead."))


async def test_a_server_whose_clock_is_ahead_does_not_open_the_breakers(tmp_path: Path) -> None:
    async with open_desk(tmp_path, _rules(), same_findings, NOW) as desk:
        desk.ahead = timedelta(days=900)
        sent = await _answers(desk, *(_mail(n, f"Word {'x' * n}") for n in range(1, 14)))
        assert sent.count(("ack", "desk@other.example")) == 10
        assert desk.dispositions == [Disposition.TICKET] * 13
        again = _mail(1, "Word x")
        assert await _answers(desk, again) == []
        assert desk.dispositions[-1] is Disposition.DUPLICATE
