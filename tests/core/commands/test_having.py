"""Whoever has a ticket that becomes an emergency takes it once more: else their "ok" stops no alarm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core.sla.events import By, Opening, Reprioritised, Taken, TicketEvent
from daemon.core.sla.replay import replay
from daemon.core.values import Priority
from tests.core.commands.build import NOW, T0, events, ruling, standing
from tests.core.sla_cases import shipped


@pytest.mark.parametrize(
    ("answered", "taken"), [(False, [(1042, "Taken")]), (True, [])], ids=["it rings", "it was answered"]
)
def test_an_alarm_is_answered_by_who_has_the_ticket_already(
    answered: bool, taken: list[tuple[int, str]]
) -> None:
    one = standing(assignee="alex", priority=Priority.P1)
    opening = Opening(at=T0, plan=one.ticket.plan, coverage=one.ticket.coverage, priority=Priority.P3)
    raised = NOW - timedelta(minutes=9)
    happened: list[TicketEvent] = [
        Taken(at=T0 + timedelta(minutes=1)),
        Reprioritised(at=raised, priority=Priority.P1, by=By.URGENT, provisional=True),
        *([Taken(at=NOW - timedelta(minutes=1))] if answered else []),
    ]
    rung = replace(one, course=replay(opening, happened, shipped(), NOW))
    for word in ("ok", "oui", "prendre"):
        assert events(ruling(word, standing=rung, answers="alarm", purpose="command")) == taken
