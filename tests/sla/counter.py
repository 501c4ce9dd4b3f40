"""A ticket's clocks counted minute by minute, as a person with a wall clock and a pencil would.

It shares nothing with the program but the rules of the published page: no intervals, no inverse, no calendar
class; a minute counts or it does not. Instants are minutes from the first one of the year sheet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

FIRST, NEXT, UPDATE, RESOLUTION = "first_response", "next_response", "status_update", "resolution"
RESPONSES = (FIRST, NEXT)
OVER = ("resolved", "closed")

_ORDER = {"reply": 0, "call": 0, "update": 0, "resolve": 0, "P": 1, "absorb": 1, "hours": 1, "close": 2,
          "lapse": 2, "reopen": 2, "take": 2, "public": 2, "spam": 2, "lost": 2, "ask": 3, "thanks": 3,
          "works": 3, "less": 3, "wait": 4}  # fmt: skip


@dataclass
class Hours:
    """The owner's business hours in plain data: `week[0]` is Monday's list of (from, to) in minutes of the
    day."""

    zone: str
    week: list[list[tuple[int, int]]]
    closed: set[date]
    other: dict[date, list[tuple[int, int]]]

    def sheet(self, start: datetime, minutes: int) -> list[bool]:
        """For every minute from `start`, a full quarter, whether it is worked: what the wall clock shows
        decides. It is looked at once a quarter of an hour, for no zone is off by less and all spans begin at
        a half."""
        zone, sheet = ZoneInfo(self.zone), []
        for quarter in range(minutes // 15):
            wall = (start.astimezone(UTC) + timedelta(minutes=15 * quarter)).astimezone(zone)
            day, minute = wall.date(), wall.hour * 60 + wall.minute
            if day in self.other:
                spans = self.other[day]
            else:
                spans = [] if day in self.closed else self.week[wall.weekday()]
            sheet += [any(a <= minute < b for a, b in spans)] * 15
        return sheet


@dataclass
class Terms:
    """Targets in minutes by priority: response, resolution, update, update_max; and the plan's own
    response."""

    by_priority: dict[str, tuple[int, int, int, int]]
    plan_response: int | None
    premium: bool
    quiet: int = 2
    grace: int = 5
    call_meets: bool = True
    next_on: bool = True
    full_response: bool = True


@dataclass
class Row:
    """One cycle on the sheet."""

    clock: str
    start: int
    remaining: int
    around_the_clock: bool
    still: set[int] = field(default_factory=set)
    standing: bool = False
    stood_at: int = 0
    due: float | None = None
    met: int | None = None
    breached: float | None = None
    ended: int | None = None
    outcome: str | None = None


class Ticket:
    def __init__(self, sheet: list[bool], opened: int, priority: str, terms: Terms) -> None:
        self.sheet, self.terms, self.t = list(sheet), terms, opened
        self.priority, self.had, self.state = priority, {priority}, "new"
        self.rows: list[Row] = []
        self.quiet, self.news, self.only_news, self.hushed, self.reachable = 0, False, False, False, True
        self.merged = False
        self.works: int | None = None
        self.works_newest = False
        self.start(FIRST, opened, self.response())
        self.start(UPDATE, opened, self.step())
        self.start(RESOLUTION, opened, self.target()[1])

    # -- counting

    def counts(self, minute: int, around_the_clock: bool) -> bool:
        return around_the_clock or self.sheet[minute]

    def run(self, events: list[tuple[int, str, Any]], now: int) -> Ticket:
        waiting = sorted(events, key=lambda e: (e[0], _ORDER[e[1]]))
        while True:
            while waiting and waiting[0][0] == self.t:
                at, what, arg = waiting.pop(0)
                if _ORDER[what] > 0:
                    self.look()
                self.happen(at, what, arg)
                self.hold()
            if self.t >= now:
                break
            self.look()
            self.tick()
        self.look()
        return self

    def tick(self) -> None:
        for row in self.rows:
            if row.ended is not None:
                continue
            if row.standing:
                row.still.add(self.t)
            elif self.counts(self.t, row.around_the_clock):
                row.remaining -= 1
                if row.remaining == 0:
                    row.due = self.t + 1
        self.t += 1

    def look(self) -> None:
        for row in self.rows:
            running = row.ended is None and not row.standing and row.clock != UPDATE
            if running and row.breached is None and row.due is not None and row.due <= self.t:
                row.breached = row.due

    def forward(self, row: Row) -> float:
        """When it would be due, counting on from now; endless beyond the sheet."""
        if row.due is not None:
            return row.due
        left, at = row.remaining, self.t
        while left > 0:
            if at >= len(self.sheet):
                return inf
            left -= self.counts(at, row.around_the_clock)
            at += 1
        return at

    # -- the page's rules

    def target(self) -> tuple[int, int, int, int]:
        return self.terms.by_priority[self.priority]

    def response(self) -> int:
        own = self.terms.plan_response
        return self.target()[0] if own is None else min(own, self.target()[0])

    def step(self) -> int:
        _, _, step, most = self.target()
        for _ in range(self.quiet - self.terms.quiet + 1):
            step = min(step * 2, most)
        return step

    def clocked(self) -> bool:
        return self.priority == "P1" and self.terms.premium

    def start(self, clock: str, at: int, minutes: int) -> Row:
        row = Row(clock, at, minutes, self.clocked(), due=at if minutes == 0 else None)
        self.rows.append(row)
        return row

    def open(self, clock: str) -> Row | None:
        return next((r for r in reversed(self.rows) if r.clock == clock and r.ended is None), None)

    def finish(self, row: Row, at: int, outcome: str) -> None:
        if not row.standing:
            row.due = self.forward(row)
        row.ended, row.outcome = at, outcome

    def meet(self, clock: str, at: int) -> None:
        row = self.open(clock)
        if row is None:
            return
        if row.breached is not None and at <= row.breached:
            row.breached = None
        late = row.breached is not None
        if clock == UPDATE:
            stood = row.stood_at if row.standing else at
            late = row.due is not None and stood > row.due + self.terms.grace
        self.finish(row, at, "late" if late else "met")
        row.met = at

    def restart(self, at: int) -> None:
        self.meet(UPDATE, at)
        if self.state not in OVER and self.reachable:
            self.start(UPDATE, at, self.step())

    def hold(self) -> None:
        waits = self.state == "waiting"
        for row in self.rows:
            if row.ended is None and row.clock == RESOLUTION:
                self.stand(row, waits)
            if row.ended is None and row.clock == UPDATE:
                self.stand(row, waits or self.hushed or (self.only_news and not self.news))

    def stand(self, row: Row, still: bool) -> None:
        if still and not row.standing:
            row.stood_at = self.t
        if row.standing and not still and row.remaining <= 0 and row.due is None:
            row.due = self.t
        row.standing = still

    def happen(self, at: int, what: str, arg: Any) -> None:
        getattr(self, f"on_{what}")(at, arg)

    def on_reply(self, at: int, arg: Any) -> None:
        for clock in RESPONSES:
            self.meet(clock, at)
        self.work()
        self.quiet, self.news, self.hushed, self.works_newest = 0, False, False, False
        self.restart(at)

    def on_call(self, at: int, arg: Any) -> None:
        if self.terms.call_meets:
            self.meet(FIRST, at)
        self.meet(NEXT, at)
        self.work()

    def on_take(self, at: int, arg: Any) -> None:
        self.work()

    def work(self) -> None:
        if self.state == "new":
            self.state = "open"

    def on_update(self, at: int, news: Any) -> None:
        self.quiet = 0 if news else self.quiet + 1
        self.news = False
        self.restart(at)

    def on_public(self, at: int, arg: Any) -> None:
        self.news, self.hushed = True, False

    def on_thanks(self, at: int, arg: Any) -> None:
        self.works_newest = False

    def on_less(self, at: int, arg: Any) -> None:
        self.only_news, self.works_newest = True, False

    def on_works(self, at: int, arg: Any) -> None:
        self.hushed, self.works, self.works_newest = True, at, True

    def on_ask(self, at: int, arg: Any) -> None:
        was = self.state
        self.state = "new" if was == "new" else "open"
        self.hushed, self.works, self.works_newest = False, None, False
        if was in OVER:
            self.begin_again(at)
        if not self.reachable:
            self.reachable, self.quiet = True, 0
            if self.open(UPDATE) is None:
                self.start(UPDATE, at, self.step())
            self.first_if_none(at)
        if self.terms.next_on and self.open(FIRST) is None and self.open(NEXT) is None:
            self.start(NEXT, at, self.response())

    def on_wait(self, at: int, arg: Any) -> None:
        if self.state not in OVER:
            self.state = "waiting"

    def on_resolve(self, at: int, confirms: Any) -> None:
        if self.state in OVER:
            return
        for clock in (FIRST, NEXT, UPDATE):
            self.meet(clock, at)
        own = self.works if confirms or self.works_newest else None
        row = self.open(RESOLUTION)
        if own is not None and row is not None:
            back = range(own, self.t)
            row.due = row.due if row.standing else self.forward(row)
            row.remaining += sum(self.counts(m, row.around_the_clock) and m not in row.still for m in back)
        self.meet(RESOLUTION, at if own is None else own)
        self.state = "resolved"

    def on_close(self, at: int, arg: Any) -> None:
        if self.state not in OVER:
            self.on_resolve(at, False)
        self.state = "closed"

    def on_lapse(self, at: int, arg: Any) -> None:
        if self.state == "waiting":
            for row in self.rows:
                if row.ended is None:
                    self.finish(row, at, "unanswered")
        if self.state in ("waiting", "resolved"):
            self.state = "closed"

    def on_reopen(self, at: int, arg: Any) -> None:
        was = self.state
        if was in OVER:
            self.state = "open"
            self.begin_again(at)
        elif was == "waiting":
            self.state = "open"

    def begin_again(self, at: int) -> None:
        ends = [(r.ended or 0, n, r) for n, r in enumerate(self.rows) if r.clock == RESOLUTION]
        last = max(ends)[2]
        self.quiet, self.hushed, self.works, self.works_newest = 0, False, None, False
        least = self.target()[0] if self.terms.full_response else 0
        self.start(RESOLUTION, at, max(min(last.remaining, self.target()[1]), least, 0))
        if self.reachable:
            self.start(UPDATE, at, self.step())
            self.first_if_none(at)

    def first_if_none(self, at: int) -> None:
        if not any(r.clock == FIRST and (r.met is not None or r.ended is None) for r in self.rows):
            self.start(FIRST, at, self.response())

    def on_lost(self, at: int, arg: Any) -> None:
        for clock in (FIRST, NEXT, UPDATE):
            row = self.open(clock)
            if row is not None:
                self.finish(row, at, "unreachable")
        self.reachable = False

    def on_spam(self, at: int, arg: Any) -> None:
        for row in self.rows:
            if row.ended is None:
                self.finish(row, at, "void")
            row.outcome = "void"
        self.state = "closed"

    def on_hours(self, at: int, sheet: Any) -> None:
        """From now on another sheet; the minutes before stay as they were worked."""
        self.sheet = [*self.sheet[:at], *sheet[at:]]

    # -- priorities and merges

    def on_P(self, at: int, arg: Any) -> None:  # noqa: N802 - named like the priorities
        priority, fresh, keeps = arg
        if priority == self.priority or (fresh and priority > self.priority):
            return
        spared = next((c for c in RESPONSES if self.open(c) is not None), None) if keeps else None
        again = priority in self.had
        self.priority, self.had, self.quiet = priority, self.had | {priority}, 0
        for clock in (FIRST, NEXT, UPDATE, RESOLUTION):
            row = self.open(clock)
            if row is None or clock == spared or row.breached is not None or row.due is not None:
                continue
            targets = {FIRST: self.response(), NEXT: self.response(), UPDATE: self.step()}
            target, since = targets.get(clock, self.target()[1]), at if fresh else row.start
            used = sum(self.counts(m, self.clocked()) and m not in row.still for m in range(since, at))
            left = max(target - used, 0 if again else self.target()[0], 0)
            self.finish(row, at, "superseded")
            new = self.start(clock, since, left)
            new.due = at if left == 0 and not row.standing else None
            new.still, new.standing = set() if fresh else set(row.still), row.standing
            new.stood_at = at if fresh else row.stood_at

    def on_absorb(self, at: int, other: Ticket) -> None:
        if other.priority < self.priority:
            self.on_P(at, (other.priority, False, False))
        for clock in (FIRST, NEXT, RESOLUTION):
            theirs = [
                r for r in other.rows if r.clock == clock and r.breached is not None and r.outcome != "void"
            ]
            if not theirs or any(r.breached is not None for r in self.rows if r.clock == clock):
                continue
            for row in theirs:
                mine, moved = self.open(clock), replace(row, still=set(row.still))
                if moved.ended is None and mine is not None:
                    self.finish(mine, at, "merged")
                elif moved.ended is None:
                    self.finish(moved, at, "merged")
                self.rows.append(moved)
        asked = [r.start for r in other.rows if r.clock in RESPONSES and r.ended is None]
        met = any(r.clock == FIRST and r.met is not None for r in self.rows)
        if asked and met and self.reachable and self.terms.next_on and self.open(NEXT) is None:
            since = min(asked)
            used = sum(self.counts(m, self.clocked()) for m in range(since, at))
            row = self.start(NEXT, since, max(self.response() - used, 0))
            row.due = at if row.remaining == 0 else None
