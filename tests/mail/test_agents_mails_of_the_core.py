"""What the core really queues for agents and managers can be rendered: the facts it writes are those that the
templates read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from daemon.core.actions import QueueMail
from daemon.core.commands.showing import EXAMPLES
from daemon.core.values import Language, OutboxRow, SendState
from daemon.mail import agents_samples
from tests.core.commands import desk as agents
from tests.core.ticking.build import P1, P2, at, desk, dossier, tick, written
from tests.mail.outgoing import render

WORDS = "Bonjour Marie,\n\nLe pilote est remplacé."
SAID: Sequence[str] = (
    *(f".{example[0]}" for example in EXAMPLES.values()),
    ".resoulu\n\n" + WORDS,
    WORDS.replace("Marie", "Luc") + " Voyez la pièce ci-jointe et AZ-1043.",
    ".attente 3/4",
    ".appel 900",
    ".assigner same",
    ".résolu\n\n" + WORDS + "\n\n.attente",
    ".voir\n.expliquer\n.client\n.liste\n.aide",
    ".p1\n\n" + WORDS,
    ".prendre 1043",
    "oui",
)


def says(text: str) -> list[QueueMail]:
    """What Alex's answer with this text queues, on a desk of two tickets."""
    desk_of_two = agents.Desk(dossiers={1042: agents.dossier(), 1043: agents.dossier(1043)})
    return queued(desk_of_two.says(text).actions)


def queued(actions: Sequence[object]) -> list[QueueMail]:
    return [a for a in actions if isinstance(a, QueueMail) and a.kind in agents_samples.KINDS]


def rows(mails: Sequence[QueueMail]) -> Iterator[OutboxRow]:
    """Each mail as its row is kept and read again, in both languages."""
    for mail in mails:
        for language in Language:
            context: dict[str, Any] = json.loads(json.dumps(mail.context))
            yield OutboxRow(
                id=1,
                version=1,
                kind=mail.kind,
                ticket=mail.ticket,
                recipient=mail.recipient,
                cause=mail.cause,
                context={**context, "language": language.value},
                rank=mail.rank,
                state=SendState.QUEUED,
                attempts=1,
                queued_at=mail.at,
                due_at=mail.at,
            )


def told(mails: Sequence[QueueMail]) -> set[str]:
    """The kinds of these mails, each of which was rendered and begins as every mail to the team does."""
    for row in rows(mails):
        mail = render(row)
        assert mail.text.split("\n")[1].startswith("↩ "), (row.kind, row.context)
        assert not re.search(r"\bNone\b|\{\{", mail.text), mail.text
        if row.kind == "transcript":
            assert not re.search(r"pas été compris \(|not understood \(", mail.text), mail.text
    return {mail.kind for mail in mails}


@pytest.mark.parametrize("said", SAID)
def test_whatever_an_agent_writes_the_answer_can_be_read(said: str) -> None:
    told(says(said))


def test_the_answers_to_agents_cover_their_kinds() -> None:
    kinds: set[str] = set()
    for said in SAID:
        kinds |= told(says(said))
    assert kinds >= {"transcript", "confirm", "notification"}


@pytest.mark.parametrize("opened", [P1, P2])
def test_whatever_the_ticker_queues_can_be_read(opened: str) -> None:
    """A ticket that nobody looks at, for four days: everything that can be said of it is said."""
    policy = desk(oncall=("garde@pager.example",), ask_before_update=900)
    one, now = dossier(opened), at(opened.split("-05:00", maxsplit=1)[0].replace("T", " "))
    mails: list[QueueMail] = []
    for _ in range(24 * 4 * 2):
        decision = tick(now, one, desk_policy=policy)
        mails += queued(decision.actions)
        one, now = written(one, decision), now + timedelta(minutes=30)
    kinds = told(mails)
    assert kinds >= {"breach", "escalation"}
    assert ("alarm" in kinds) is (opened is P1)
    assert ("proposal" in kinds) is (opened is P1)
    assert len({row.recipient for row in rows(mails)}) > 1
