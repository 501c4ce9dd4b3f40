"""The owner's remaining choices of `sla.toml`, [version.rules]: everything about promises that is neither a
calendar nor a target. The defaults are the shipped ones. Values only; each is used by the module that acts on
it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from daemon.core.sla.duration import BUSINESS_DAY
from daemon.core.values import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTier:
    """A share (1 is the whole monthly price) for lateness up to `up_to` times the target, that included;
    None: for all beyond."""

    up_to: Decimal | None
    share: Decimal


_MINUTE: Final = 60
_DAY: Final = 86_400
_HASTY: Final = (0.5, 0.75)
_CALM: Final = (0.75,)
_WARN_AT: Final = MappingProxyType(
    {Priority.P1: _HASTY, Priority.P2: _HASTY, Priority.P3: _CALM, Priority.P4: _CALM}
)
_TIERS: Final = (
    CreditTier(up_to=Decimal(1), share=Decimal("0.25")),
    CreditTier(up_to=Decimal(3), share=Decimal("0.5")),
    CreditTier(up_to=None, share=Decimal(1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Durations are seconds. `reminders`, `close_waiting_after` and `close_resolved_after` are working time
    of the standard calendar, the warnings shares of a target; the rest is elapsed time.

    call_meets_response  a logged call meets the first response
    next_response        the clock of that name runs
    quiet_updates        so many status updates in a row without news before the step doubles
    update_grace         an update that goes out so late still keeps its time
    reopen_full_response a reopened ticket has at least its priority's response target left
    raise_confidence     from here on a graver later message raises the priority
    resolved_confidence, thanks_confidence   from here on "it works" and thanks are believed
    warn_at              per priority, the shares of a response or resolution target that warn agents
    warn_batch           warnings to one agent within this time become one mail
    breach_at_once       priorities whose breach managers hear of at once; the others wait for the digest
    alarm_repeats        elapsed time from the first P1 alarm to each repetition
    credit_tiers         ascending, the last without end
    serious_breaches, serious_days   so many missed resolutions of one account in so many calendar days
                         are significant non-compliance; serious_p1: so is one P1 in the last tier
    call_step            call time is rounded up to multiples of this
    extra_minute         price of a minute beyond the included ones, CAD before taxes
    statement_to_billing monthly statements go to the billing contact too
    """

    call_meets_response: bool = True
    next_response: bool = True
    quiet_updates: int = 2
    update_grace: int = 5 * _MINUTE
    reopen_full_response: bool = True
    reminders: tuple[int, ...] = (2 * BUSINESS_DAY, 4 * BUSINESS_DAY)
    close_waiting_after: int = 7 * BUSINESS_DAY
    close_resolved_after: int = 7 * BUSINESS_DAY
    reopen_within: int = 30 * _DAY
    raise_confidence: float = 0.7
    resolved_confidence: float = 0.95
    thanks_confidence: float = 0.95
    warn_at: Mapping[Priority, tuple[float, ...]] = field(default_factory=lambda: _WARN_AT)
    warn_batch: int = 5 * _MINUTE
    breach_at_once: tuple[Priority, ...] = (Priority.P1, Priority.P2)
    alarm_repeats: tuple[int, ...] = tuple(m * _MINUTE for m in (5, 10, 15, 20, 30))
    credit_tiers: tuple[CreditTier, ...] = _TIERS
    serious_breaches: int = 3
    serious_days: int = 90
    serious_p1: bool = True
    call_step: int = _MINUTE
    extra_minute: Decimal = Decimal("2.00")
    statement_to_billing: bool = False
    csv_decimal: str = ","
    csv_separator: str = ";"
