"""How long a loop waits before it tries a server again: quickly after a network fault, slowly after a refusal
(providers lock accounts that knock too often)."""

from __future__ import annotations

from typing import Final

from daemon.ports import Unavailable

_NETWORK: Final = (0.5, 1, 2, 5, 10, 20, 30, 60)
_REFUSED: Final = (60, 120, 300, 900)


class Backoff:
    """Grows with every trouble in a row; `reset` after the first success."""

    def __init__(self) -> None:
        self._tries = 0

    def reset(self) -> bool:
        """It works. True when it did not before: the end of a trouble is worth a line in the log."""
        recovered = self._tries > 0
        self._tries = 0
        return recovered

    def after(self, trouble: Unavailable) -> float:
        """Seconds to wait after this trouble."""
        steps = _REFUSED if trouble.refused else _NETWORK
        seconds = steps[min(self._tries, len(steps) - 1)]
        self._tries += 1
        return float(seconds)
