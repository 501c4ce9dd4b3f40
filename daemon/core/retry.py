"""What follows from one attempt to send a mail: it is done, it is due again at an instant, or it is given up.

It knows the outcome, never the mail. The table follows RFC 5321 section 4.5.4.1: soon at first, then rarely,
for four days. One row is one recipient under one Message-ID, so that a copy sent twice can be recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from daemon.core.values import Outcome

GIVE_UP_AFTER: Final = timedelta(days=4)

DELAYS: Final = tuple(timedelta(seconds=s) for s in (10, 30, 120, 300, 900, 1800, 3600, 2 * 3600, 4 * 3600))
"""After the first attempt, the second, ...; the last one holds from there on."""

JITTER: Final = 0.2
"""A delay is spread by this part of itself to either side, so that rows that failed together part."""

UNKNOWN_DELAY: Final = timedelta(minutes=1)
"""A server that lost us after DATA may still be delivering (RFC 1047): it is given time to finish."""

UNKNOWN_RETRIES: Final = 1
"""How often a mail that may have been delivered is sent again: its reader sees two copies at most."""

UNKNOWN_ATTEMPTS: Final = 3
"""The same, when the caller cannot say how the earlier attempts ended: no further attempt after this one."""

UNREACHABLE_DELAY: Final = (timedelta(seconds=5), timedelta(minutes=5))
"""Least and most. A server out of reach says nothing of this row, so only its age spaces the attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The server took the mail over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAt:
    """The row is due again at `at`."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """No further attempt; `reason` says why in words for the operator."""

    reason: str


Verdict: TypeAlias = Done | RetryAt | GiveUp


def next_attempt(
    outcome: Outcome,
    attempts: int,
    queued_at: datetime,
    now: datetime,
    jitter: float,
    *,
    unknown_before: int | None = None,
) -> Verdict:
    """The verdict on the attempt that has just ended with `outcome`.

    attempts        attempts so far, this one included (1 after the first)
    jitter          a number in [0, 1), drawn by the caller
    unknown_before  how many earlier attempts of this row ended UNKNOWN; None: not known, then the number of
                    attempts bounds the copies
    """
    if outcome is Outcome.ACCEPTED:
        return Done()
    if outcome is Outcome.REFUSED:
        return GiveUp(reason="the server refused it for good")
    if outcome is Outcome.LOCAL:
        return GiveUp(reason="it cannot be sent as it is")
    if now - queued_at >= GIVE_UP_AFTER:
        return GiveUp(reason=f"not delivered within {GIVE_UP_AFTER.days} days")
    if outcome is Outcome.UNREACHABLE:
        return RetryAt(at=now + _unreachable_delay(now - queued_at, jitter))
    delay = _spread(DELAYS[min(max(attempts, 1), len(DELAYS)) - 1], jitter)
    if outcome is Outcome.DEFERRED:
        return RetryAt(at=now + delay)
    # UNKNOWN
    if _copies_exhausted(attempts, unknown_before):
        return GiveUp(reason="the connection was lost after the whole mail was sent; it may have arrived")
    return RetryAt(at=now + max(delay, UNKNOWN_DELAY))


def _copies_exhausted(attempts: int, unknown_before: int | None) -> bool:
    if unknown_before is None:
        return attempts >= UNKNOWN_ATTEMPTS
    return unknown_before >= UNKNOWN_RETRIES


def _unreachable_delay(age: timedelta, jitter: float) -> timedelta:
    """A quarter of the row's age: a young mail comes soon after the server is back, an old one does not knock
    all day. A clock that was set back makes a negative age, which is none."""
    least, most = UNREACHABLE_DELAY
    return _spread(min(max(age / 4, least), most), jitter)


def _spread(delay: timedelta, jitter: float) -> timedelta:
    return delay * (1 - JITTER + 2 * JITTER * jitter)
