"""The three folders of the desk's mailbox."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.core.values import Disposition


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    inbox: str
    processed: str
    quarantine: str

    def destination(self, disposition: Disposition) -> str:
        return self.quarantine if disposition is Disposition.QUARANTINE else self.processed
