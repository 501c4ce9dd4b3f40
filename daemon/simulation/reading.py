"""Mails opened in this very process: `ports.Opener`, with the scenario's verdicts where it gives any. The
trained model is loaded only when a mail needs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final

from daemon.core.values import Findings
from daemon.edges.reading.model import TriageModel
from daemon.edges.reading.opening import Setup, copy_masked, open_mail
from daemon.ports import Opened, RawMail, ReadingFault

_FOR: Final = re.compile(rb"^\s*[#./]?\s*(?:pour|for)\s+\S+@", re.IGNORECASE | re.MULTILINE)
"""An agent's mail that opens a ticket for a customer; of all others nobody asks how grave they are."""

Verdict = Callable[[str, str], Findings]


class ScenarioOpener:
    """`given`: verdicts of the scenario by UID; `team`: addresses of agents."""

    def __init__(self, setup: Setup, team: frozenset[str]) -> None:
        self._setup = setup
        self._team = team
        self.given: dict[int, Findings] = {}
        self.senders: dict[int, str] = {}

    @cached_property
    def _model(self) -> TriageModel:
        return TriageModel()

    def _classify(self, subject: str, text: str) -> Findings:
        return self._model.classify(subject, text)

    async def ready(self) -> None:
        return

    async def open(self, mails: Sequence[RawMail], *, classified: bool = True) -> list[Opened | ReadingFault]:
        return [
            open_mail(
                mail.data,
                mail.truncated,
                parse=self._setup.parse,
                classify=self._verdict(mail) if classified else None,
            )
            for mail in mails
        ]

    async def masked_copy(self, data: bytes, mark: str) -> bytes | None:
        return copy_masked(data, mark, parse=self._setup.parse)

    def _verdict(self, mail: RawMail) -> Verdict | None:
        given = self.given.get(mail.uid)
        if given is not None:
            return lambda _subject, _text: given
        if self.senders.get(mail.uid) in self._team and not _FOR.search(mail.data):
            return None
        return self._classify
