"""When mail itself fails, somebody must be told by other means: which trouble is worth it, and when.

Pure but for its memory of what was told. It needs neither mail nor database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from daemon.loops.health import LASTING
from daemon.loops.progress import Progress, Trouble

AGAIN: Final = timedelta(hours=1)
"""One alarm per service and hour: whoever was called knows."""

_WORDS: Final = {
    "imap": "Mail is not being read",
    "smtp": "Mail is not being sent",
    "reader": "Mail is not being read",
    "store": "The database cannot be used, so mail is neither read nor sent",
}
"""The services that mail needs. A folder that takes no more mails (`move`) is told in the log alone."""


class Alarms:
    """Remembers which service was told of, and when."""

    def __init__(self) -> None:
        self._told: dict[str, datetime] = {}

    def due(self, loops: Sequence[Progress], now: datetime) -> dict[str, str]:
        """The text to tell by service; what is returned counts as told.

        A refused login is told at once, since waiting does not cure it; anything else after ten minutes.
        """
        present: dict[str, Trouble] = {}
        for loop in loops:
            for service, trouble in loop.troubles.items():
                known = present.get(service)
                if service in _WORDS and (known is None or trouble.since < known.since):
                    present[service] = trouble
        texts = {}
        for service, trouble in present.items():
            grave = trouble.refused or now - trouble.since >= LASTING
            told = self._told.get(service)
            if grave and (told is None or now - told >= AGAIN):
                self._told[service] = now
                texts[service] = _text(service, trouble)
        return texts


def _text(service: str, trouble: Trouble) -> str:
    """Short enough for a telephone, the gist first."""
    return f"azimut-support: {_WORDS[service]} since {trouble.since:%Y-%m-%d %H:%M} UTC. {trouble.text}\n"
