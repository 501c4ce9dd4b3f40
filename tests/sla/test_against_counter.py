"""The engine against a person with a pencil (`counter`): random hours, holidays, clock changes and year ends,
and everything that can happen to a ticket. Not a second may differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import inf
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from daemon.core.sla import events as ev
from daemon.core.sla.calendar import Calendar, NoReachableTarget, continuous
from daemon.core.sla.course import Course
from daemon.core.sla.due import choose, next_at
from daemon.core.sla.merging import unanswered_since
from daemon.core.sla.promises import PlanTerms, PriorityTerms, SlaVersion
from daemon.core.sla.replay import extend, fold, look, replay
from daemon.core.sla.spans import Closure, LocalSpan
from daemon.core.sla.steps import schedule
from daemon.core.values import Coverage, Plan, Priority
from tests.core.sla_cases import shipped
from tests.sla.counter import Hours, Terms, Ticket

DAYS, SHEET = 5, 16
MINUTES = DAYS * 1440
ZONES = ("America/Toronto", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns")
STARTS = [  # days on which clocks change, years end, or nothing happens
    date(2026, 3, 7), date(2026, 10, 31), date(2026, 12, 30), date(2027, 3, 27), date(2027, 10, 30),
    date(2028, 2, 28), date(2026, 4, 4), date(2026, 10, 3), date(2027, 12, 31), date(2026, 6, 10),
]  # fmt: skip
PRIORITIES = ("P1", "P2", "P3", "P4")
KINDS = (
    *("reply", "ask", "wait", "P", "reopen", "resolve", "update", "call", "close", "lapse", "take", "public"),
    *("lost", "thanks", "works", "less", "spam", "reply", "ask", "wait", "P", "reopen", "resolve", "update"),
)

spans = st.lists(st.integers(10, 48), max_size=4, unique=True).map(
    lambda ends: [(a * 30, b * 30) for a, b in zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False)]
)


@st.composite
def hours(draw: st.DrawFn, zone: str, first: date) -> Hours:
    near = st.integers(-1, SHEET).map(lambda n: first + timedelta(days=n))
    week = [draw(spans) for _ in range(7)]
    week[draw(st.integers(0, 6))] = [(540, 1080)]
    return Hours(
        zone=zone,
        week=week,
        closed=set(draw(st.lists(near, max_size=3))),
        other=draw(st.dictionaries(near, spans, max_size=2)),
    )


def calendar(made: Hours, version: str = "one") -> Calendar:
    def local(day: list[tuple[int, int]]) -> tuple[LocalSpan, ...]:
        return tuple(LocalSpan(start=a * 60, end=b * 60) for a, b in day)

    return Calendar(
        name="standard",
        version=version,
        zone=made.zone,
        week=tuple(local(day) for day in made.week),
        closed={day: Closure() for day in made.closed},
        replaced={day: local(day_spans) for day, day_spans in made.other.items()},
    )


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    def row() -> tuple[int, int, int, int]:
        step = draw(st.integers(1, 400))
        return draw(st.integers(1, 600)), draw(st.integers(1, 2500)), step, step * draw(st.integers(1, 5))

    return Terms(
        by_priority={priority: row() for priority in PRIORITIES},
        plan_response=draw(st.none() | st.integers(1, 600)),
        premium=draw(st.booleans()),
        quiet=draw(st.integers(1, 3)),
        grace=draw(st.integers(0, 10)),
        call_meets=draw(st.booleans()),
        next_on=draw(st.sampled_from((True, True, False))),
        full_response=draw(st.booleans()),
    )


def version(made: Hours, agreed: Terms) -> SlaVersion:
    def seconds(minutes: tuple[int, int, int, int]) -> PriorityTerms:
        response, resolution, update, most = (60 * n for n in minutes)
        return PriorityTerms(response=response, resolution=resolution, update=update, update_max=most)

    own = None if agreed.plan_response is None else 60 * agreed.plan_response
    offer = PlanTerms(
        coverage=Coverage.STANDARD, price=shipped().plans[Plan.OR].price, minutes=0, response=own
    )
    return SlaVersion(
        name="any",
        effective=date(2020, 1, 1),
        standard=calendar(made),
        continuous=continuous("continuous", "any"),
        plans=dict.fromkeys(Plan, offer),
        priorities={Priority(p): seconds(row) for p, row in agreed.by_priority.items()},
        rules=replace(
            shipped().rules,
            quiet_updates=agreed.quiet,
            update_grace=60 * agreed.grace,
            call_meets_response=agreed.call_meets,
            next_response=agreed.next_on,
            reopen_full_response=agreed.full_response,
        ),
    )


@st.composite
def script(draw: st.DrawFn, first: int, last: int) -> list[tuple[int, str, Any]]:
    """What happens, each thing with its minute. Several at one minute are likely."""
    grid = draw(st.sampled_from((1, 1, 7, 60, 240)))
    found: list[tuple[int, str, Any]] = []
    for _ in range(draw(st.integers(0, 12))):
        at = first + draw(st.integers(0, max((last - first) // grid, 0))) * grid
        kind = draw(st.sampled_from(KINDS))
        arg: Any = None
        if kind == "P":
            arg = (
                draw(st.sampled_from(PRIORITIES)),
                draw(st.booleans()),
                draw(st.sampled_from((False, True))),
            )
        if kind in ("update", "resolve"):
            arg = draw(st.booleans())
        found.append((at, kind, arg))
    return found


def happened(start: datetime, number: int, one: tuple[int, str, Any]) -> ev.TicketEvent:
    minute, kind, arg = one
    at, mail = start + timedelta(minutes=minute), f"m{number}"
    if kind in ("ask", "thanks", "works", "less"):
        return ev.Wrote(at=at, word=ev.Word(kind))
    if kind == "P":
        priority, fresh, keeps = arg
        by = ev.By.MESSAGE if fresh else ev.By.AGENT
        return ev.Reprioritised(at=at, priority=Priority(priority), by=by, keeps=keeps)
    match kind:
        case "reply":
            return ev.Replied(at=at, mail=mail)
        case "update":
            return ev.Updated(at=at, mail=mail, news=arg)
        case "resolve":
            return ev.Resolved(at=at, confirms=arg)
        case "wait":
            return ev.Waited(at=at, mail=mail)
        case "hours":
            return ev.HoursChanged(at=at, standard=calendar(arg, "two"))
    simple: dict[str, type] = {
        "call": ev.Called, "close": ev.Closed, "lapse": ev.Lapsed, "reopen": ev.Reopened, "take": ev.Taken,
        "public": ev.News, "lost": ev.Unreachable, "spam": ev.Discarded,
    }  # fmt: skip
    made: ev.TicketEvent = simple[kind](at=at)
    return made


def rows_of(ticket: Ticket) -> list[tuple[Any, ...]]:
    return [
        (
            row.clock,
            None if row.standing else ticket.forward(row),
            row.remaining if row.standing and row.ended is None else None,
            row.met,
            row.breached,
            row.ended,
            row.outcome,
        )
        for row in ticket.rows
    ]


def rows_in(course: Course, start: datetime) -> list[tuple[Any, ...]]:
    def minute(at: datetime | None) -> float | None:
        return None if at is None else (at - start) / timedelta(minutes=1)

    return [
        (
            cycle.clock.value,
            minute(cycle.due),
            cycle.left / 60 if cycle.paused and cycle.left is not None else None,
            minute(cycle.met),
            minute(cycle.breached),
            minute(cycle.ended),
            cycle.outcome.value if cycle.outcome else None,
        )
        for cycle in course.cycles
    ]


def agree(course: Course, ticket: Ticket, start: datetime) -> None:
    mine, counted = rows_in(course, start), rows_of(ticket)
    assert len(mine) == len(counted), (mine, counted)
    for one, other in zip(mine, counted, strict=True):
        beyond = other[1] == inf and one[1] is not None and one[1] > len(ticket.sheet)
        assert one == other or (beyond and one[2:] == other[2:]), (one, other)
    assert (course.state.value, course.priority.value) == (ticket.state, ticket.priority)


def opening(at: datetime, priority: str, agreed: Terms) -> ev.Opening:
    coverage = Coverage.PREMIUM if agreed.premium else Coverage.STANDARD
    return ev.Opening(at=at, plan=Plan.OR, coverage=coverage, priority=Priority(priority))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[datetime, Hours, Terms, str]:
    zone, first = draw(st.sampled_from(ZONES)), draw(st.sampled_from(STARTS))
    start = datetime(first.year, first.month, first.day, draw(st.integers(0, 23)), tzinfo=UTC)
    return start, draw(hours(zone, first)), draw(terms()), draw(st.sampled_from(PRIORITIES))


SETTINGS = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@SETTINGS
@given(worlds(), st.data())
def test_a_tickets_whole_life_comes_to_the_same_minute(
    world: tuple[datetime, Hours, Terms, str], data: st.DataObject
) -> None:
    start, made, agreed, priority = world
    sheet = made.sheet(start, SHEET * 1440)
    events = data.draw(script(0, MINUTES))
    changed = data.draw(st.none() | st.integers(0, MINUTES))
    if changed is not None:
        later = data.draw(hours(made.zone, start.date()))
        events.append((changed, "hours", later))
    now = data.draw(st.integers(max([0, *(at for at, _, _ in events)]), MINUTES))
    course_events = [happened(start, n, one) for n, one in enumerate(events)]
    try:
        course = replay(
            opening(start, priority, agreed), course_events, version(made, agreed), start + now * MINUTE
        )
    except NoReachableTarget:
        assume(False)
    told = [(a, k, arg.sheet(start, SHEET * 1440) if k == "hours" else arg) for a, k, arg in events]
    agree(course, Ticket(sheet, 0, priority, agreed).run(told, now), start)


MINUTE = timedelta(minutes=1)


@SETTINGS
@given(worlds(), st.data())
def test_a_merge_comes_to_the_same_minute(
    world: tuple[datetime, Hours, Terms, str], data: st.DataObject
) -> None:
    start, made, agreed, priority = world
    sheet = made.sheet(start, SHEET * 1440)
    opened, merged = sorted(data.draw(st.tuples(st.integers(1, MINUTES), st.integers(1, MINUTES))))
    own, theirs = data.draw(script(0, MINUTES)), data.draw(script(opened, merged))
    other_priority = data.draw(st.sampled_from(PRIORITIES))
    terms_version = version(made, agreed)
    try:
        other = replay(
            opening(start + opened * MINUTE, other_priority, agreed),
            [happened(start, n, one) for n, one in enumerate(theirs)],
            terms_version,
            start + merged * MINUTE,
        )
        absorbed = ev.Absorbed(
            at=start + merged * MINUTE,
            priority=other.priority,
            cycles=other.cycles,
            unanswered=unanswered_since(other),
        )
        events = [*(happened(start, n, one) for n, one in enumerate(own)), absorbed]
        course = replay(opening(start, priority, agreed), events, terms_version, start + MINUTES * MINUTE)
    except NoReachableTarget:
        assume(False)
    away = Ticket(sheet, opened, other_priority, agreed).run(theirs, merged)
    survivor = Ticket(sheet, 0, priority, agreed).run([*own, (merged, "absorb", away)], MINUTES)
    agree(course, survivor, start)


@SETTINGS
@given(worlds(), st.data())
def test_event_by_event_and_in_any_order_a_course_is_the_same(
    world: tuple[datetime, Hours, Terms, str], data: st.DataObject
) -> None:
    start, made, agreed, priority = world
    events = [happened(start, n, one) for n, one in enumerate(data.draw(script(0, MINUTES)))]
    mails = [e.mail for e in events if isinstance(e, ev.Replied | ev.Updated)]
    if mails:
        at = data.draw(st.integers(0, MINUTES))
        events.append(ev.Bounced(at=start + at * MINUTE, mail=data.draw(st.sampled_from(mails))))
    try:
        whole = fold(opening(start, priority, agreed), events, version(made, agreed))
        course = fold(opening(start, priority, agreed), [], version(made, agreed))
        for event in data.draw(st.permutations(events)):
            course = extend(course, event)
    except NoReachableTarget:
        assume(False)
    if len({(e.at, ev.rank(e)) for e in events}) == len(
        events
    ):  # else the order of arrival decides, as it should
        assert course == whole
    end = start + MINUTES * MINUTE
    assert look(fold(opening(start, priority, agreed), course.log, whole.version), end) == look(course, end)


@SETTINGS
@given(worlds(), st.data())
def test_a_schedule_is_the_same_whenever_one_looks(
    world: tuple[datetime, Hours, Terms, str], data: st.DataObject
) -> None:
    """So one may sleep until the next step: nothing but an event changes what comes."""
    start, made, agreed, priority = world
    events = [happened(start, n, one) for n, one in enumerate(data.draw(script(0, MINUTES)))]
    try:
        course = fold(opening(start, priority, agreed), events, version(made, agreed))
        steps = schedule(course, 900)
        assert len({step.key for step in steps}) == len(steps)
        for days in (0, 1, 7, 40):
            assert schedule(look(course, course.seen + timedelta(days=days)), 900) == steps
    except NoReachableTarget:
        assume(False)
    done: set[str] = set()
    acted = []
    while (at := next_at(steps, done)) is not None:
        acts = choose(steps, done, at)
        acted += [act.step.key for act in acts]
        done |= {key for act in acts for key in act.keys}
    assert len(acted) == len(set(acted))
    assert done == {step.key for step in steps}


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(ZONES), st.sampled_from(STARTS), st.data())
def test_a_due_instant_is_right_to_the_second(zone: str, first: date, data: st.DataObject) -> None:
    made = data.draw(hours(zone, first))
    start = datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(
        seconds=data.draw(st.integers(0, 86_399))
    )
    wanted = data.draw(st.integers(1, 40_000))
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    minutes, begun = made.sheet(midnight, 4 * 1440), round((start - midnight).total_seconds())
    left, at = wanted, start
    for n in range(2 * 86_400):
        left -= minutes[(begun + n) // 60]
        if not left:
            at = start + timedelta(seconds=n + 1)
            assert calendar(made).add_working(start, wanted) == at
            assert calendar(made).working_seconds(start, at) == wanted
            return
    end = start + timedelta(days=2)
    assert calendar(made).working_seconds(start, end) == wanted - left
