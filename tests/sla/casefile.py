"""The hand-worked cases as values: how `cases.toml` writes an opening, an event, a cycle and a step."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from daemon.core.sla import events as ev
from daemon.core.sla.calendar import Calendar
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import Cycle
from daemon.core.sla.duration import parse_duration, show_duration
from daemon.core.sla.merging import unanswered_since
from daemon.core.sla.promises import SlaVersion
from daemon.core.sla.replay import replay
from daemon.core.sla.spans import LocalSpan
from daemon.core.sla.steps import Step
from daemon.core.values import Coverage, Plan, Priority
from tests.core.sla_cases import shipped

HERE = Path(__file__).parent
MONTREAL = ZoneInfo("America/Toronto")

_SIMPLE: dict[str, type] = {
    "call": ev.Called,
    "close": ev.Closed,
    "lapse": ev.Lapsed,
    "reopen": ev.Reopened,
    "take": ev.Taken,
    "release": ev.Released,
    "news": ev.News,
    "spam": ev.Discarded,
    "merged": ev.MergedAway,
    "unreachable": ev.Unreachable,
}
_WORDS = {"wrote": ev.Word.ASK, **{w.value: w for w in ev.Word if w is not ev.Word.ASK}}


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    opened: str
    now: str
    events: tuple[str, ...] = ()
    rules: dict[str, Any] = field(default_factory=dict)
    hours: dict[str, Any] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    resolution: tuple[str, ...] = ()
    state: str | None = None
    priority: str | None = None
    refused: tuple[str, ...] | None = None
    steps: tuple[str, ...] | None = None
    credit: str | None = None

    @property
    def version(self) -> SlaVersion:
        return with_rules(self.rules)

    def course(self) -> Course:
        return replay(opening(self.opened), self.happened(), self.version, instant(self.now))

    def happened(self) -> list[ev.TicketEvent]:
        found = [event(written) for written in self.events]
        return [*found, *_changed_hours(self.hours, self.version)]


@cache
def cases() -> dict[str, Case]:
    tables = tomllib.loads((HERE / "cases.toml").read_text(encoding="utf-8"))["case"]
    frozen = [{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()} for table in tables]
    found = {table["name"]: Case(**table) for table in frozen}
    assert len(found) == len(tables), "two cases share a name"
    return found


@cache
def money() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((HERE / "money.toml").read_text(encoding="utf-8"))


def with_rules(changed: dict[str, Any]) -> SlaVersion:
    return replace(shipped(), rules=replace(shipped().rules, **changed))


def instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    assert at.tzinfo is not None, f"{text} has no offset"
    return at


def opening(text: str) -> ev.Opening:
    at, plan, priority, *more = text.split()
    own = next((Coverage(word) for word in more if word in set(Coverage)), None)
    return ev.Opening(
        at=instant(at),
        plan=Plan(plan),
        coverage=own or shipped().plans[Plan(plan)].coverage,
        priority=Priority(priority),
        provisional="provisional" in more,
    )


def event(text: str) -> ev.TicketEvent:
    when, what, *rest = text.split()
    at = instant(when)
    named = dict(word.split("=") for word in rest if "=" in word)
    plain = [word for word in rest if "=" not in word]
    until = instant(named["until"]) if "until" in named else None
    if what in _SIMPLE:
        simple: ev.TicketEvent = _SIMPLE[what](at=at)
        return simple
    if what in _WORDS:
        return ev.Wrote(at=at, word=_WORDS[what], until=until)
    if what in set(Priority):
        by = ev.By(named["by"])
        return ev.Reprioritised(at=at, priority=Priority(what), by=by, keeps="keeps" in named)
    match what:
        case "reply":
            return ev.Replied(at=at, mail=plain[0])
        case "wait":
            return ev.Waited(at=at, mail=plain[0], until=until)
        case "bounce":
            return ev.Bounced(at=at, mail=plain[0])
        case "update":
            return ev.Updated(at=at, mail=plain[0], news="news" in plain)
        case "resolve":
            return ev.Resolved(at=at, confirms="confirms" in plain)
        case "attach":
            return ev.Attached(at=at, plan=Plan(named["plan"]), coverage=Coverage(named["coverage"]))
        case "absorb":
            return _absorbed(at, " ".join(rest))
    raise ValueError(f"no event {what!r}")


def _absorbed(at: datetime, name: str) -> ev.Absorbed:
    """The other ticket as it stood just before it was merged."""
    case = cases()[name]
    before = [e for e in case.happened() if not isinstance(e, ev.MergedAway)]
    other = replay(opening(case.opened), before, case.version, at)
    return ev.Absorbed(
        at=at,
        priority=other.priority,
        provisional=other.provisional,
        cycles=other.cycles,
        unanswered=unanswered_since(other),
    )


def _changed_hours(hours: dict[str, Any], version: SlaVersion) -> Iterable[ev.TicketEvent]:
    if not hours:
        return
    day: date = hours["day"]
    spans = tuple(LocalSpan(start=_clock(a), end=_clock(b)) for a, b in hours["spans"])
    old = version.standard
    new = Calendar(
        name=old.name,
        version=f"{old.version}+1",
        zone=old.zone,
        week=old.week,
        closed=old.closed,
        replaced={**old.replaced, day: spans},
    )
    yield ev.HoursChanged(at=instant(hours["at"]), standard=new)


def _clock(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 3600 + int(minute) * 60


def shown(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(MONTREAL).isoformat()


def told_cycle(cycle: Cycle) -> dict[str, str]:
    """What a case may say of a cycle; absent is absent."""
    standing = cycle.outcome.value if cycle.outcome else "paused" if cycle.paused else "open"
    found = {
        "": standing,
        "due": shown(cycle.due),
        "at": shown(cycle.ended),
        "met": shown(cycle.met),
        "breached": shown(cycle.breached),
        "left": _length(cycle.left) if cycle.paused and cycle.left is not None else None,
        "start": shown(cycle.start),
        "target": _length(cycle.target),
        "source": cycle.source,
    }
    return {key: value for key, value in found.items() if value is not None}


def expected_cycle(written: str) -> dict[str, str]:
    standing, *parts = written.split()
    found = {"": standing} | dict(part.split("=", 1) for part in parts)
    for key in ("due", "at", "met", "breached", "start"):
        if key in found:
            found[key] = str(shown(instant(found[key])))
    for key in ("left", "target"):
        if key in found:
            found[key] = show_duration(parse_duration(found[key]))
    return found


def told_step(step: Step) -> str:
    words = [str(shown(step.at)), step.kind.value]
    if step.clock is not None and step.kind.value not in {"update", "ask"}:
        words.append(step.clock.value)
    if step.kind.value in {"warn", "alarm", "reminder"}:
        words.append(str(step.number))
    return " ".join(words)


def expected_step(written: str) -> str:
    at, kind, *rest = written.split()
    return " ".join([str(shown(instant(at))), kind, *([] if kind == "close" else rest)])


def _length(seconds: float) -> str:
    assert seconds == int(seconds), f"{seconds} is no whole number of seconds"
    return show_duration(int(seconds)) if seconds >= 0 else f"-{show_duration(-int(seconds))}"
