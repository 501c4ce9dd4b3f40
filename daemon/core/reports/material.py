"""What a report is made of, as the store gives it."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.core.dossier import Dossier
from daemon.core.sla.minutes import LoggedCall
from daemon.core.sla.statement import CreditLine


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCall:
    """A logged call. `account` None: of nobody whom the directory knew then."""

    ticket: int
    account: str | None
    call: LoggedCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A part of what the figures of a span are made of: some tickets, or all credits and calls.

    dossiers  tickets opened before the end of the span that were not closed before its beginning, and those
              with calls in it: whatever was opened, resolved or breached in it is among them
    credits   with a month, of the due date or of the acceptance, that the span touches
    calls     in the span
    """

    dossiers: tuple[Dossier, ...] = ()
    credits: tuple[CreditLine, ...] = ()
    calls: tuple[AccountCall, ...] = ()
