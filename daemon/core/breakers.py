"""The breakers of [limits]: when one opens, the mail is still kept on a ticket; only the answering stops, and
managers are told which address, ticket and rule (mail.md, "Breakers").

A rule is named by its key in the configuration; "" means that none is open. Each counts one hour; 0 switches
it off.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from daemon.core.actions import NEW, AddHistory, QueueMail
from daemon.core.case import Case
from daemon.core.facts import COMPARED, Snapshot
from daemon.core.notices import desk_notice
from daemon.core.policy import Policy
from daemon.core.values import Ticket, reference

_DIGIT: Final = re.compile(r"\d")
_ENOUGH: Final = 12
"""Words from which on two texts may be alike without being equal."""
_SHARE: Final = 0.85


def on_answering(case: Case) -> str:
    """The rule that forbids to acknowledge this mail."""
    limits, snapshot = case.policy.limits, case.snapshot
    if limits.acks_per_address and snapshot.acks_last_hour >= limits.acks_per_address:
        return "acks_per_address"
    if limits.same_text_per_address and _same_texts(case) >= limits.same_text_per_address:
        return "same_text_per_address"
    if limits.acks_desk and snapshot.acks_desk >= limits.acks_desk:
        return "acks_desk"
    return ""


def on_opening(snapshot: Snapshot, policy: Policy) -> str:
    """The rule that forbids this sender a ticket more: the mail is kept on the newest that it opened."""
    limit = policy.limits.tickets_per_address
    if not limit or snapshot.newest_ticket is None:
        return ""
    return "tickets_per_address" if snapshot.tickets_last_hour >= limit else ""


def on_joining(case: Case, ticket: Ticket, *, reopens: bool) -> str:
    """The rule under which this mail is kept on its ticket and moves nothing. `reopens`: it would bring a
    ticket that is over back to life."""
    limits, snapshot = case.policy.limits, case.snapshot
    if limits.mails_per_ticket and snapshot.mails_last_hour.get(ticket.id, 0) >= limits.mails_per_ticket:
        return "mails_per_ticket"
    again = snapshot.reopens_last_hour.get(ticket.id, 0)
    if reopens and limits.reopens_per_ticket and again >= limits.reopens_per_ticket:
        return "reopens_per_ticket"
    return ""


def remark(rule: str, sender: str, at: datetime, ticket: int) -> AddHistory:
    """What the ticket's history says of it."""
    detail: dict[str, object] = {"rule": rule, "from": sender}
    return AddHistory(ticket=ticket, at=at, event="breaker", by="desk", detail=detail)


def tell(rule: str, sender: str, policy: Policy, now: datetime, ticket: int = NEW) -> tuple[QueueMail, ...]:
    """To managers, once an hour for each address or, where the rule is about one, each ticket. A new ticket
    has no number yet."""
    what = {"mails_per_ticket": ticket, "reopens_per_ticket": ticket, "acks_desk": "desk"}.get(rule, sender)
    return desk_notice(
        "breaker",
        cause=f"breaker:{rule}:{what}:{now:%Y%m%d%H}",
        policy=policy,
        now=now,
        facts={"reason": rule, "sender": sender, "about": "" if ticket == NEW else reference(ticket)},
    )


def _same_texts(case: Case) -> int:
    """How often this sender has just written the same. A mail without words (a photo) is like no other."""
    mine = _words(case.mail.new_text or case.mail.text)
    return sum(_alike(mine, _words(text)) for text in case.snapshot.recent_texts) if mine else 0


def _words(text: str) -> list[str]:
    """What a desk's answers differ in, numbers of whatever form, counts as one word."""
    return ["0" if _DIGIT.search(word) else word for word in text[:COMPARED].casefold().split()]


def _alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Two desks that answer each other differ in a number, a name or a date; people who write so much of the
    same again lose one acknowledgement."""
    if one == other:
        return True
    shared = sum((Counter(one) & Counter(other)).values())
    return min(len(one), len(other)) >= _ENOUGH and shared >= _SHARE * max(len(one), len(other))
