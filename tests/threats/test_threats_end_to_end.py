"""The 89 threat mails through parsing, the model, the core, the store, the outbox and the composer: what each
must lead to, and what must not stand in any mail that leaves."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daemon.core.policy import Agent, Policy
from daemon.edges.reading import TriageModel
from daemon.settings.sla import load_sla
from tests.core.build import policy
from tests.mail import threat_mails
from tests.threats.desk import Desk, Sent, open_desk
from tests.threats.judging import Seen, faults

NOW = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
SLA = load_sla(Path(__file__).parents[2] / "config" / "sla.toml")


@pytest.fixture(scope="module")
def model() -> TriageModel:
    return TriageModel()


def _rules(spec: dict[str, Any]) -> Policy:
    setup = spec.get("setup") or {}
    agents = [Agent(name="Alex Roy", handle="alex", addresses=("alex@azimutpos.com",))]
    if "agent" in setup:
        agents.append(Agent(name="Nadia Tremblay", handle="nadia", addresses=(setup["agent"],)))
    return policy(
        sla=SLA,
        agents=tuple(agents),
        voicemail_senders=(setup["voicemail_sender"],) if "voicemail_sender" in setup else (),
        trusted_authserv=(setup["authserv_id"],) if "authserv_id" in setup else (),
    )


def _plain(sender: str, subject: str, message_id: str, body: str) -> bytes:
    return (
        f"From: {sender}\r\nTo: support@azimutpos.com\r\nSubject: {subject}\r\n"
        f"Message-ID: <{message_id}>\r\nDate: Tue, 03 Nov 2026 10:00:00 -0500\r\n\r\n{body}\r\n"
    ).encode()


async def _prior_ticket(desk: Desk, spec: dict[str, Any]) -> dict[str, str]:
    """Opens the ticket that the case needs; the values of its placeholders."""
    setup = spec.get("setup") or {}
    if not spec.get("needs_ticket"):
        return {}
    body = "Demande enregistree. L'imprimante de recus n'imprime plus depuis ce matin."
    first = _plain(setup["ticket_from"], setup["ticket_subject"], "prior@client.example", body)
    (ack,) = [m for m in await desk.deliver(first) if m.kind == "ack"]
    ref = str(ack.message["X-Azimut-Ticket"])
    return {
        "TICKET_REF": ref,
        "SUBJECT_TAG": f"[{ref}]",
        "ACK_MESSAGE_ID": ack.id,
        "AGENT_NOTIFICATION_MESSAGE_ID": _notification(desk, setup.get("agent")).id,
        "CMD_CLOSE": "#fermer",
    }


def _notification(desk: Desk, agent: str | None) -> Sent:
    """The one that this agent got of the ticket; the first agent's where the case has none."""
    (found,) = [m for m in desk.notifications if m.recipient == (agent or desk.agents[0])]
    return found


async def _play(desk: Desk, raw: bytes, deliver: dict[str, Any]) -> tuple[list[Sent], int]:
    """Delivers the case as it says; all that left because of it, and how many mails it was."""
    before = len(desk.outgoing.sent)
    times, uid = deliver.get("times", 1), desk.uid + 1
    for turn in range(times):
        copy = raw
        if deliver.get("vary_message_id"):
            copy = re.sub(rb"(?im)^message-id:\s*<", b"Message-ID: <%d." % turn, raw, count=1)
        await desk.deliver(copy, uid=uid if deliver.get("same_uid") else None)
        desk.uid = max(desk.uid, uid)
    return desk.outgoing.sent[before:], 1 if deliver.get("same_uid") else times


@pytest.mark.parametrize("name", threat_mails.names())
async def test_a_threat_mail_leads_to_what_is_expected_and_to_nothing_else(
    name: str, tmp_path: Path, model: TriageModel
) -> None:
    _, spec = threat_mails.load(name)
    rules = _rules(spec)
    async with open_desk(tmp_path, rules, model.classify, NOW) as desk:
        values = await _prior_ticket(desk, spec)
        for mail in (spec.get("deliver") or {}).get("before", ()):
            fields = ("from", "subject", "message_id", "body")
            await desk.deliver(_plain(*(mail[f"inline_{field}"] for field in fields)))
        earlier = await desk.tickets()
        raw, filled = threat_mails.load(name, values)
        sent, deliveries = await _play(desk, raw, filled.get("deliver") or {})
        seen = Seen(
            database=tmp_path / "desk.sqlite3",
            folder=tmp_path,
            sent=sent,
            earlier=len(earlier),
            deliveries=deliveries,
            team=frozenset({*(a for agent in rules.agents for a in agent.addresses), *rules.escalation}),
            desk_address=rules.desk_address,
            delivered_us=int(NOW.timestamp() * 1_000_000),
            prior=dict(earlier[0]) if values else None,
        )
        assert faults(seen, filled) == []
        # whatever it was, the next mail is served
        after = await desk.deliver(
            _plain("suivant@example.com", "Ecran", "next@x.example", "L'écran est noir.")
        )
        assert [m.recipient for m in after if m.kind == "ack"] == ["suivant@example.com"]
