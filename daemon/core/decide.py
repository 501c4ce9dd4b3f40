"""The one door to the core: an arrived mail goes in with everything known about it, a `Decision` comes out.

Reading order is the order of questions: may it be handled (guards), which ticket (matching), then either a
message of that ticket (following) or a ticket of its own (opening). Whatever the answer, the decision holds
exactly one `RecordMail`: no mail is without a disposition.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daemon.core import guards
from daemon.core.actions import NEW, Action, AddHistory, Decision, QueueMail, RecordMail, ReleaseAddress
from daemon.core.authentication import authenticated, dmarc
from daemon.core.bouncing import on_bounce
from daemon.core.following import continues, courtesy, join_ticket
from daemon.core.guards import Circumstances, Treatment, Verdict
from daemon.core.matching import COMPARED, Match, Role, Snapshot, match
from daemon.core.notices import desk_notice, notice
from daemon.core.opening import Case, arrival_cause, flagged_spam, open_stub, open_ticket, stub_findings
from daemon.core.policy import Intake, Policy
from daemon.core.values import Arrival, Claim, Disposition, Findings, Mail, MailClass, Severity, Unreadable

BREAKERS: Final = frozenset({"acks_per_address", "same_text_per_address"})
"""Limits that stop the answering; managers are told which and for whom, once an hour."""

CIRCLES: Final = frozenset({"received-loop", "delivered-to-loop"})
"""Signs of a forwarding loop (RFC 5321 section 6.3)."""

_PERSONAL_SIGNS: Final = frozenset({"spam-flag", "auto-response-suppress"})
"""Signs that others put on a person's mail."""

_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One arrived mail with all that was read out of it. `ours`: its Message-ID carries our signature."""

    arrival: Arrival
    mail: Mail | Unreadable
    claims: Sequence[Claim]
    findings: Findings | None
    raw: bytes
    ours: bool = False


def needs_findings(mail: Mail | Unreadable) -> bool:
    """Whether the classifier has anything to read: reports and loops are not asked about."""
    return isinstance(mail, Mail) and mail.mail_class not in {MailClass.BOUNCE, MailClass.LOOP}


def on_mail(inbound: Inbound, snapshot: Snapshot, policy: Policy, intake: Intake, now: datetime) -> Decision:
    """Everything that follows from one arrived mail."""
    mail = inbound.mail
    if isinstance(mail, Unreadable):
        if snapshot.duplicate:
            return Decision(actions=(_record(inbound, Disposition.DUPLICATE, "duplicate"),))
        return set_aside(inbound, mail.reason, policy, now)
    known = snapshot.account is not None or authenticated(mail, policy)
    case = Case(
        arrival=inbound.arrival,
        mail=mail,
        findings=inbound.findings or stub_findings(),
        snapshot=snapshot,
        policy=policy,
        known=known,
        now=now,
    )
    verdict = guards.judge(
        Circumstances(
            mail=mail,
            arrival=inbound.arrival,
            policy=policy,
            intake=intake,
            in_directory=snapshot.account is not None,
            list_in_directory=snapshot.list_known,
            duplicate=snapshot.duplicate,
            ours=inbound.ours,
        )
    )
    if verdict.filed_as is Disposition.BOUNCE:
        return _bounce(inbound, mail, snapshot, policy, now)
    if not guards.may_join(verdict):
        told = _in_circles(mail, policy, now) if verdict.filed_as is Disposition.LOOP else ()
        return Decision(actions=(_record(inbound, verdict.filed_as, verdict.rule), *told))
    return _converse(inbound, case, verdict)


def set_aside(inbound: Inbound, reason: str, policy: Policy, now: datetime) -> Decision:
    """Quarantine: the mail is kept with the reason, a stub ticket runs a clock, agents are told. Also what
    the intake does with a mail on which the program itself failed."""
    mail = inbound.mail
    sender = mail.from_
    stub = open_stub(inbound.arrival, mail.subject, sender, reason, mail.text, mail.message_id, policy, now)
    told = notice(
        "quarantine",
        cause=f"quarantine:{arrival_cause(inbound.arrival)}",
        ticket=NEW,
        policy=policy,
        now=now,
        facts={
            "reason": reason,
            "sender": sender.address if sender else "",
            "subject": mail.subject,
            "ticket_subject": mail.subject,
        },
        never_to=sender.address if sender else "",
    )
    return Decision(actions=(_record(inbound, Disposition.QUARANTINE, reason, ticket=NEW), *stub, *told))


def _in_circles(mail: Mail, policy: Policy, now: datetime) -> tuple[QueueMail, ...]:
    """A mail that servers send round and round: somebody's forwarding rule has to be found. Told once a day,
    for as long as it lasts every mail comes back so. A mail of ours that merely came back is no such sign."""
    if CIRCLES.isdisjoint(mail.signs):
        return ()
    return desk_notice(
        "loop",
        cause=f"loop:{now:%Y%m%d}",
        policy=policy,
        now=now,
        facts={"sender": mail.from_.address, "subject": mail.subject},
    )


def _converse(inbound: Inbound, case: Case, verdict: Verdict) -> Decision:
    """Join the ticket that this mail belongs to, else open one if its guard lets it."""
    found = match(case.mail, inbound.claims, case.snapshot, case.policy, case.opened_at)
    aside = verdict.treatment is Treatment.SET_ASIDE
    release: tuple[Action, ...] = ()
    if case.snapshot.suppressed and verdict.treatment is Treatment.ANSWER:
        release = (ReleaseAddress(address=case.mail.from_.address),)  # a person wrote from it: it works
    automatic = _by_a_program(case, found, verdict)
    if found.ticket is not None and (automatic or continues(found.ticket, case)):
        ticket = found.ticket
        joined = join_ticket(case, found, ticket, automatic=automatic)
        record = _record(inbound, Disposition.MESSAGE, verdict.rule, ticket=ticket.id)
        reads = {ticket.id: ticket.version}
        return Decision(actions=(record, *joined, *release), reads=reads)
    if aside or _nothing_asked(case, verdict):
        reason = verdict.rule if aside else "only thanks, nothing asked"
        return Decision(actions=(_record(inbound, verdict.filed_as, reason), *release))
    return _open(inbound, case, verdict, found, release)


def _open(
    inbound: Inbound, case: Case, verdict: Verdict, found: Match, release: tuple[Action, ...]
) -> Decision:
    related = found.ticket.id if found.ticket is not None else found.related
    acknowledge, silence = _acknowledges(case, verdict)
    actions: list[Action] = [
        _record(inbound, Disposition.TICKET, verdict.rule, ticket=NEW),
        *open_ticket(case, related=related, acknowledge=acknowledge, rule=verdict.rule),
        *release,
    ]
    if silence:
        detail: dict[str, object] = {"reason": silence}
        actions.append(
            AddHistory(ticket=NEW, at=case.opened_at, event="not_acknowledged", by="desk", detail=detail)
        )
    if silence in BREAKERS:
        hour = case.now.strftime("%Y%m%d%H")
        actions += desk_notice(
            "breaker",
            cause=f"breaker:{silence}:{case.mail.from_.address}:{hour}",
            policy=case.policy,
            now=case.now,
            facts={"reason": silence, "sender": case.mail.from_.address},
        )
    return Decision(actions=tuple(actions))


def _acknowledges(case: Case, verdict: Verdict) -> tuple[bool, str]:
    """Whether the sender of a new ticket is answered, and if not why."""
    if verdict.treatment is not Treatment.ANSWER:
        return False, verdict.rule
    if flagged_spam(case):
        return False, "flagged as spam"
    if dmarc(case.mail, case.policy) == "fail":
        return False, "the sender's own domain denies this mail (DMARC)"
    limits = case.policy.limits
    if limits.acks_per_address and case.snapshot.acks_last_hour >= limits.acks_per_address:
        return False, "acks_per_address"
    if limits.same_text_per_address and _same_texts(case) >= limits.same_text_per_address:
        return False, "same_text_per_address"
    return True, ""


def _same_texts(case: Case) -> int:
    """How often this sender has just written the same: two desks that answer each other differ in a number
    only. A mail without words (a photo) is like no other."""
    mine = _alike(case.mail.new_text or case.mail.text)
    return sum(_alike(text) == mine for text in case.snapshot.recent_texts) if mine else 0


def _alike(text: str) -> str:
    return _NUMBER.sub("0", " ".join(text[:COMPARED].casefold().split()))


def _by_a_program(case: Case, found: Match, verdict: Verdict) -> bool:
    """Whether a mail on a ticket is a remark that moves nothing. A responder's answer is one, also a known
    sender's: it would reopen what it answers. A participant who writes through a list, or whom the provider
    takes for spam, is a person: who else would hold evidence of the ticket?"""
    mail = case.mail
    if verdict.treatment is not Treatment.SET_ASIDE:
        return mail.mail_class is MailClass.AUTO_REPLY and "null-return-path" in mail.signs
    if found.role is not Role.PARTICIPANT:
        return True
    return mail.mail_class is not MailClass.LIST and not _PERSONAL_SIGNS.issuperset(mail.signs)


def _nothing_asked(case: Case, verdict: Verdict) -> bool:
    """A first mail that is only thanks or "it works" is kept and listed, but is no request. Intent never
    hides a known sender's problem: where the text sounds grave as well, it is a ticket."""
    grave = case.known and case.findings.severity in {Severity.S1, Severity.S2}
    return verdict.treatment is Treatment.ANSWER and courtesy(case) and not grave


def _bounce(inbound: Inbound, mail: Mail, snapshot: Snapshot, policy: Policy, now: datetime) -> Decision:
    at = min(inbound.arrival.internaldate, now)
    rows = snapshot.bounced_rows
    follow = on_bounce(mail.bounce, snapshot, policy, at, now) if mail.bounce is not None else ()
    reason = "delivery report" if rows else "delivery report for a mail that we do not know"
    ticket = rows[0].ticket if rows else None
    return Decision(actions=(_record(inbound, Disposition.BOUNCE, reason, ticket=ticket), *follow))


def _record(
    inbound: Inbound, disposition: Disposition, reason: str, *, ticket: int | None = None
) -> RecordMail:
    """The bytes are kept with it, except where a card number is or may be in them: what was masked in the
    text stands unmasked there (PCI DSS 3.5.1), and what could not be read could not be looked through."""
    mail = inbound.mail
    clean = isinstance(mail, Mail) and not mail.masked
    return RecordMail(
        arrival=inbound.arrival,
        disposition=disposition,
        reason=reason,
        message_id=mail.message_id,
        fingerprint=mail.fingerprint,
        sender=mail.from_.address if mail.from_ else "",
        subject=mail.subject,
        ticket=ticket,
        raw=inbound.raw if clean else b"",
    )
