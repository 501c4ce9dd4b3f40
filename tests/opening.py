"""Mails opened in the process of the test: `daemon.ports.Opener` without the process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.core.values import Findings, Mail, Unreadable
from daemon.edges.reading import Setup, open_mail
from daemon.edges.reading.opening import copy_masked
from daemon.ports import Opened, RawMail, ReadingFault

parse_for_azimut = Setup(desk_address="support@azimutpos.com").parse


class Here:
    def __init__(
        self,
        classify: Callable[[str, str], Findings],
        parse: Callable[[bytes, bool], Mail | Unreadable] = parse_for_azimut,
    ) -> None:
        self._classify = classify
        self._parse = parse

    async def ready(self) -> None:
        return

    async def open(self, mails: Sequence[RawMail], *, classified: bool = True) -> list[Opened | ReadingFault]:
        return [
            open_mail(m.data, m.truncated, parse=self._parse, classify=self._classify if classified else None)
            for m in mails
        ]

    async def masked_copy(self, data: bytes, mark: str) -> bytes | None:
        return copy_masked(data, mark, parse=self._parse)
