"""When we may knock and how fast we may send: pure, on the monotonic seconds that the caller hands in."""

from __future__ import annotations

from typing import Final

_NETWORK: Final = (1, 2, 5, 10, 20, 30, 60)
_REFUSED: Final = (60, 120, 300, 900)


class Gate:
    """Shut for a while after every failure to connect or to log in, longer each time. A refused login waits
    in minutes: providers lock accounts that knock too often."""

    def __init__(self) -> None:
        self._until = 0.0
        self._faults = 0
        self._refusals = 0
        self.reason = ""
        self.refused: int | None = None

    def wait(self, now: float) -> float:
        """Seconds until the next try is allowed, 0.0 when it is now."""
        return max(self._until - now, 0.0) if self.reason else 0.0

    def shut(self, now: float, reason: str, *, refused: int | None = None) -> None:
        """A try has failed. The two kinds are counted apart and forgotten at success alone: a network fault
        between two refused logins must not make the third come sooner."""
        if refused is not None:
            seconds = _REFUSED[min(self._refusals, len(_REFUSED) - 1)]
            self._refusals += 1
        else:
            seconds = _NETWORK[min(self._faults, len(_NETWORK) - 1)]
            self._faults += 1
        self._until = now + seconds
        self.reason, self.refused = reason, refused

    def open(self) -> None:
        """A try succeeded."""
        self._until, self._faults, self._refusals, self.reason, self.refused = 0.0, 0, 0, "", None


class Allowance:
    """A token bucket that never lets more than `per_minute` mails go in any sixty seconds, 0: no limit.

    A sixth of them may go at once, so that an alarm does not wait behind an even beat; the refill is what the
    sixty seconds leave after such a burst. It may be overdrawn: those who wait are served in their order.
    """

    def __init__(self, per_minute: int) -> None:
        self._burst = max(per_minute // 6, 1)
        self._per_second = (per_minute - self._burst + 1) / 60
        self._limited = per_minute > 0
        self._tokens = float(self._burst)
        self._at: float | None = None

    def take(self, now: float) -> float:
        """Take one; the seconds to wait before using it."""
        if not self._limited:
            return 0.0
        if self._at is not None:
            gained = max(now - self._at, 0.0) * self._per_second
            self._tokens = min(self._tokens + gained, float(self._burst))
        self._at = now
        self._tokens -= 1
        return max(-self._tokens / self._per_second, 0.0)

    def give_back(self) -> None:
        """The one that was taken was not used: no mail left."""
        self._tokens = min(self._tokens + 1, float(self._burst))
