"""What a loop's progress means to those who watch: which loop hangs, if the desk is ready, what waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from daemon.loops.health import LASTING, figures, hanging, readiness, status_line
from daemon.loops.progress import WORKING, Progress

NOW = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def loops() -> tuple[Progress, Progress]:
    intake, outbox = Progress("intake"), Progress("outbox")
    intake.step(NOW, "imap", "store")
    outbox.step(NOW, "store")
    return intake, outbox


def test_a_loop_that_keeps_its_word_does_not_hang() -> None:
    intake, outbox = loops()
    assert hanging([intake, outbox], NOW + WORKING) == []


def test_a_loop_that_breaks_its_word_hangs() -> None:
    intake, outbox = loops()
    later = NOW + WORKING + SECOND
    outbox.alive(later)
    assert hanging([intake, outbox], later) == ["intake"]


@given(st.floats(min_value=0, max_value=100_000))
def test_a_loop_that_announces_a_long_wait_does_not_hang_while_it_waits(seconds: float) -> None:
    intake = Progress("intake")
    intake.fail("imap", "the server is down", NOW)
    intake.alive(NOW, seconds)
    end = NOW + timedelta(seconds=seconds)
    assert hanging([intake], end + WORKING) == []
    assert hanging([intake], end + WORKING + SECOND) == ["intake"]


def test_a_loop_that_has_not_begun_does_not_hang_but_is_not_ready() -> None:
    assert hanging([Progress("intake")], NOW) == []
    assert readiness([Progress("intake")], NOW)[0] is False


def test_a_clock_that_is_set_back_makes_nobody_hang() -> None:
    intake, outbox = loops()
    outbox.oldest = NOW
    early = NOW - timedelta(days=400)
    assert hanging([intake, outbox], early) == []
    ready, account = readiness([intake, outbox], early)
    assert ready
    assert '"oldest_waiting_age": 0.0' in json.dumps(account)


def test_a_desk_that_works_is_ready() -> None:
    ready, account = readiness(loops(), NOW + SECOND)
    assert ready
    assert account["ready"] is True
    assert account["last_poll"] == "2026-11-02T14:00:00+00:00"
    json.dumps(account)


def test_a_short_trouble_leaves_the_desk_ready_and_a_lasting_one_does_not() -> None:
    intake, outbox = loops()
    outbox.fail("smtp", "421 too busy", NOW)
    outbox.fail("smtp", "no connection", NOW + LASTING / 2)
    for ago, ready in ((LASTING - SECOND, True), (LASTING, False)):
        now = NOW + ago
        intake.alive(now)
        outbox.alive(now)
        assert readiness([intake, outbox], now)[0] is ready
    outbox.heal("smtp")
    assert readiness([intake, outbox], now)[0] is True


def test_a_loop_that_hangs_is_not_ready() -> None:
    ready, account = readiness(loops(), NOW + WORKING + SECOND)
    assert not ready
    assert account["ready"] is False


def test_what_waits_is_told_with_its_age() -> None:
    intake, outbox = loops()
    outbox.waiting, outbox.oldest = 3, NOW - timedelta(hours=2)
    account = readiness([intake, outbox], NOW)[1]["loops"]
    assert isinstance(account, dict)
    assert account["outbox"]["waiting"] == 3
    assert account["outbox"]["oldest_waiting_age"] == 7200
    assert account["intake"]["oldest_waiting"] is None


def test_the_status_line_tells_what_was_done_what_waits_and_what_fails() -> None:
    intake, outbox = loops()
    intake.count("ticket")
    outbox.waiting = 2
    outbox.fail("smtp", "SMTP server mail:465: refused", NOW)
    line = status_line([intake, outbox], NOW)
    assert line == (
        "intake: 1 mails; outbox: 0 mails, 2 waiting; "
        "since 2026-11-02 14:00 UTC: SMTP server mail:465: refused"
    )


def test_a_turn_heals_only_the_services_it_used() -> None:
    _, outbox = loops()
    outbox.fail("smtp", "down", NOW)
    outbox.fail("store", "locked", NOW)
    outbox.step(NOW, "store")
    assert outbox.trouble == "down"


def test_figures_of_one_name_have_the_same_labels() -> None:
    intake, outbox = loops()
    intake.count("ticket")
    outbox.count("accepted")
    outbox.fail("smtp", "down", NOW - timedelta(minutes=1))
    names: dict[str, set[tuple[str, ...]]] = {}
    told = list(figures([intake, outbox], NOW))
    for figure in told:
        names.setdefault(figure.name, set()).add(tuple(figure.labels))
    assert all(len(labels) == 1 for labels in names.values())
    assert {f.value for f in told if f.name == "trouble_seconds"} == {60.0}
    assert {f.name for f in told if f.counter} == {"mails"}
