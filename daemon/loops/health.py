"""What the loops' progress means to those who watch from outside: systemd, a load balancer, a graph.

Pure: progress and an instant in, values out. Figures come from memory alone, so that looking costs nothing
and works while the database does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from daemon.loops.progress import Progress

LASTING: Final = timedelta(minutes=10)
"""How long a trouble lasts before it is more than a hiccup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number for a graph. `name` without a prefix; `counter`: it only ever grows."""

    name: str
    help: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)
    counter: bool = False


def hanging(loops: Sequence[Progress], now: datetime) -> list[str]:
    """The loops that have not given the sign of life they announced. One that waits for a server that is down
    is not among them: it says how long it waits."""
    return [loop.name for loop in loops if loop.expected is not None and now > loop.expected]


def status_line(loops: Sequence[Progress], now: datetime) -> str:
    """For `systemctl status`: what was done, what waits, what does not work."""
    parts = []
    for loop in loops:
        waiting = f", {loop.waiting} waiting" if loop.waiting else ""
        parts.append(f"{loop.name}: {loop.done} {loop.noun}{waiting}")
    if stuck := hanging(loops, now):
        parts.append(f"hanging: {', '.join(stuck)}")
    for loop in loops:
        parts += [f"since {t.since:%Y-%m-%d %H:%M} UTC: {t.text}" for t in loop.troubles.values()]
    return "; ".join(parts)


def readiness(loops: Sequence[Progress], now: datetime) -> tuple[bool, dict[str, object]]:
    """Whether mail comes in and goes out, and a JSON-ready account of every loop; instants in UTC, ages in
    seconds."""
    stuck = hanging(loops, now)
    account: dict[str, object] = {}
    ready = True
    for loop in loops:
        lasting = [service for service, t in loop.troubles.items() if now - t.since >= LASTING]
        fine = loop.last is not None and loop.name not in stuck and not lasting
        ready = ready and fine
        account[loop.name] = {
            "ready": fine,
            "last_progress": _instant(loop.last),
            "expected": _instant(loop.expected),
            "done": loop.done,
            "waiting": loop.waiting,
            "oldest_waiting": _instant(loop.oldest),
            "oldest_waiting_age": _age(loop.oldest, now),
            "troubles": {
                service: {"since": _instant(t.since), "refused": t.refused, "text": t.text}
                for service, t in loop.troubles.items()
            },
        }
    intake = next((loop for loop in loops if loop.name == "intake"), None)
    last_poll = _instant(intake.last) if intake is not None else None
    return ready, {"ready": ready, "last_poll": last_poll, "loops": account}


def figures(loops: Sequence[Progress], now: datetime) -> Iterator[Figure]:
    """The same as numbers, in a fixed order."""
    stuck = hanging(loops, now)
    for loop in loops:
        of = {"loop": loop.name}
        for what, count in sorted(loop.counts.items()):
            labels = {**of, "outcome": what}
            yield Figure(name="mails", help="Mails dealt with.", value=count, labels=labels, counter=True)
        yield Figure(
            name="mails_waiting", help="Mails known and not dealt with.", value=loop.waiting, labels=of
        )
        yield Figure(
            name="oldest_waiting_seconds",
            help="Age of the oldest mail that waits, 0 when none does.",
            value=_age(loop.oldest, now) or 0.0,
            labels=of,
        )
        yield Figure(
            name="loop_hanging",
            help="1 when the loop gives no sign of life.",
            value=loop.name in stuck,
            labels=of,
        )
        if loop.last is not None:
            yield Figure(
                name="loop_last_progress_timestamp_seconds",
                help="When the loop last turned without trouble.",
                value=loop.last.timestamp(),
                labels=of,
            )
        for service, trouble in sorted(loop.troubles.items()):
            yield Figure(
                name="trouble_seconds",
                help="For how long a service has been failing.",
                value=_age(trouble.since, now) or 0.0,
                labels={**of, "service": service},
            )


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _age(since: datetime | None, now: datetime) -> float | None:
    """Seconds; a clock that was set back makes no negative age."""
    return None if since is None else max((now - since).total_seconds(), 0.0)
