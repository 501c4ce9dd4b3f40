"""The one door to the core: an arrived mail goes in with everything known about it, a `Decision` comes out.

Reading order is the order of questions: may it be handled (guards), which ticket (matching), then either a
message of that ticket (following) or a ticket of its own (opening). Whatever the answer, the decision holds
exactly one `RecordMail`: no mail is without a disposition.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from daemon.core import agents, breakers, guards, quarantine, staff
from daemon.core.acknowledging import readers
from daemon.core.actions import NEW, Action, AddEvent, AddHistory, Decision, QueueMail, ReleaseAddress
from daemon.core.agency import sent
from daemon.core.authentication import authenticated, dmarc
from daemon.core.bouncing import on_bounce
from daemon.core.case import Case
from daemon.core.following import continues, courtesy, join_ticket
from daemon.core.guards import Circumstances, Treatment, Verdict
from daemon.core.inbound import Inbound as Inbound
from daemon.core.inbound import record
from daemon.core.keeping import kept
from daemon.core.matching import Match, Role, Snapshot, match
from daemon.core.notices import desk_notice
from daemon.core.opening import open_ticket
from daemon.core.policy import Intake, Policy
from daemon.core.priority import flagged_spam
from daemon.core.stub import stub_findings
from daemon.core.values import (
    Disposition,
    Mail,
    MailClass,
    Severity,
    Ticket,
    Unreadable,
)

CIRCLES: Final = frozenset({"received-loop", "delivered-to-loop"})
"""Signs of a forwarding loop (RFC 5321 section 6.3)."""


def needs_findings(mail: Mail | Unreadable) -> bool:
    """Whether the classifier has anything to read: reports and loops are not asked about."""
    return isinstance(mail, Mail) and mail.mail_class not in {MailClass.BOUNCE, MailClass.LOOP}


def on_mail(inbound: Inbound, snapshot: Snapshot, policy: Policy, intake: Intake, now: datetime) -> Decision:
    """Everything that follows from one arrived mail, the clocks of its tickets included.

    Raises KeyError when it moves a ticket whose dossier the snapshot lacks."""
    mail = inbound.mail
    if intake.sent:
        return sent.on_sent(inbound, snapshot, policy, now)
    if isinstance(mail, Unreadable):
        return kept(_unread(inbound, mail, snapshot, policy, now), {}, policy, snapshot.declared)
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
    anew = not inbound.claims and not snapshot.recorded and snapshot.answered is None
    passed_on = anew and staff.passes_on(mail, inbound.words)
    if staff.wrote(mail, verdict, policy, intake) and not passed_on:
        return agents.on_agent_mail(inbound, snapshot, policy, now)
    if staff.answered_automatically(mail, verdict, policy, intake):
        return agents.on_agent_away(inbound, snapshot, policy, now)
    decision = _decided(inbound, mail, verdict, snapshot, policy, now)
    return kept(decision, snapshot.dossiers, policy, snapshot.declared)


def set_aside(inbound: Inbound, reason: str, policy: Policy, now: datetime) -> Decision:
    """Quarantine, also for a mail on which the program itself failed."""
    return kept(quarantine.set_aside(inbound, reason, policy, now), {}, policy)


def _unread(
    inbound: Inbound, mail: Unreadable, snapshot: Snapshot, policy: Policy, now: datetime
) -> Decision:
    if snapshot.duplicate:
        return Decision(actions=(record(inbound, Disposition.DUPLICATE, "duplicate"),))
    return quarantine.on_unreadable(inbound, mail, snapshot, policy, now)


def _decided(
    inbound: Inbound, mail: Mail, verdict: Verdict, snapshot: Snapshot, policy: Policy, now: datetime
) -> Decision:
    if verdict.filed_as is Disposition.BOUNCE:
        return _bounce(inbound, mail, snapshot, policy, now)
    if not guards.may_join(verdict):
        told = _in_circles(mail, policy, now) if verdict.filed_as is Disposition.LOOP else ()
        return Decision(actions=(record(inbound, verdict.filed_as, verdict.rule), *told))
    heard = mail.call is None or mail.call.transcript  # else the model would judge the phone system's words
    case = Case(
        arrival=inbound.arrival,
        mail=mail,
        findings=inbound.findings if heard and inbound.findings else stub_findings(),
        snapshot=snapshot,
        policy=policy,
        known=snapshot.account is not None or (mail.call is None and authenticated(mail, policy)),
        now=now,
    )
    return _converse(inbound, case, verdict)


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
    rule = "" if case.mail.call is not None else breakers.on_opening(case.snapshot, case.policy)
    if case.snapshot.suppressed and verdict.treatment is Treatment.ANSWER:
        release = (ReleaseAddress(address=case.mail.from_.address),)  # a person wrote from it: it works
    automatic = _by_a_program(case, found, verdict)
    if found.ticket is not None and (automatic or continues(found.ticket, case)):
        ticket = found.ticket
        joined = join_ticket(case, found, ticket, automatic=automatic)
        row = record(inbound, Disposition.MESSAGE, verdict.rule, ticket=ticket.id)
        return Decision(actions=(row, *joined, *release), reads={ticket.id: ticket.version})
    if aside or _nothing_asked(case, verdict):
        reason = verdict.rule if aside else "only thanks, nothing asked"
        return Decision(actions=(record(inbound, verdict.filed_as, reason), *release))
    newest = case.snapshot.newest_ticket
    if rule and newest is not None:
        return _group(inbound, case, case.snapshot.ticket(newest.id) or newest, rule, release)
    return _open(inbound, case, verdict, found, release)


def _open(
    inbound: Inbound, case: Case, verdict: Verdict, found: Match, release: tuple[Action, ...]
) -> Decision:
    related = found.ticket.id if found.ticket is not None else found.related
    silence, rule = _silence(case, verdict)
    actions: list[Action] = [
        record(inbound, Disposition.TICKET, verdict.rule, ticket=NEW),
        *open_ticket(case, related=related, acknowledge=not silence, rule=verdict.rule),
        *release,
    ]
    if silence:
        detail: dict[str, object] = {"reason": silence}
        actions.append(
            AddHistory(ticket=NEW, at=case.opened_at, event="not_acknowledged", by="desk", detail=detail)
        )
    if rule:
        actions += breakers.tell(rule, case.mail.from_.address, case.policy, case.now)
    return Decision(actions=tuple(actions))


def _group(inbound: Inbound, case: Case, ticket: Ticket, rule: str, release: tuple[Action, ...]) -> Decision:
    """Kept on the newest ticket of its sender, who has opened too many."""
    evidence = Match(ticket=ticket, role=Role.PARTICIPANT, evidence=rule)
    return Decision(
        actions=(
            record(inbound, Disposition.MESSAGE, rule, ticket=ticket.id),
            *join_ticket(case, evidence, ticket, automatic=False),
            breakers.remark(rule, case.mail.from_.address, case.opened_at, ticket.id),
            *breakers.tell(rule, case.mail.from_.address, case.policy, case.now, ticket.id),
            *release,
        ),
        reads={ticket.id: ticket.version},
    )


def _silence(case: Case, verdict: Verdict) -> tuple[str, str]:
    """Why the sender of a new ticket is not answered, and the breaker that says so; "" and "": they are."""
    if verdict.treatment is not Treatment.ANSWER:
        return verdict.rule, ""
    if flagged_spam(case):
        return "flagged as spam", ""
    if dmarc(case.mail, case.policy) == "fail":
        return "the sender's own domain denies this mail (DMARC)", ""
    if not readers(case):
        return "nobody reads mail at this address", ""
    rule = breakers.on_answering(case)
    return rule, rule


def _by_a_program(case: Case, found: Match, verdict: Verdict) -> bool:
    """Whether a mail on a ticket is a remark that moves nothing. A responder's answer is one, also a known
    sender's: it would reopen what it answers. A participant who writes through a list, or whom the provider
    takes for spam, is a person: who else would hold evidence of the ticket?"""
    mail = case.mail
    if verdict.treatment is not Treatment.SET_ASIDE:
        return mail.mail_class is MailClass.AUTO_REPLY and "null-return-path" in mail.signs
    if found.role is not Role.PARTICIPANT:
        return True
    return mail.mail_class is not MailClass.LIST and not staff.PERSONAL_SIGNS.issuperset(mail.signs)


def _nothing_asked(case: Case, verdict: Verdict) -> bool:
    """A first mail that is only thanks or "it works" is kept and listed, but is no request. Intent never
    hides a known sender's problem: where the text sounds grave as well, it is a ticket."""
    if case.mail.call is not None:
        return False  # a person called
    grave = case.known and case.findings.severity in {Severity.S1, Severity.S2}
    return verdict.treatment is Treatment.ANSWER and courtesy(case) and not grave


def _bounce(inbound: Inbound, mail: Mail, snapshot: Snapshot, policy: Policy, now: datetime) -> Decision:
    at = min(inbound.arrival.internaldate, now)
    rows = snapshot.bounced_rows
    follow = on_bounce(mail.bounce, snapshot, policy, at, now) if mail.bounce is not None else ()
    moved = {a.ticket: snapshot.dossiers[a.ticket].ticket.version for a in follow if isinstance(a, AddEvent)}
    perhaps = snapshot.bounced_perhaps
    reason = "delivery report" if rows else "delivery report for a mail that we do not know"
    if not rows and perhaps is not None:
        reason = "delivery report that names an address we wrote to"
    ticket = next((row.ticket for row in (*rows, perhaps) if row is not None), None)
    return Decision(
        actions=(record(inbound, Disposition.BOUNCE, reason, ticket=ticket), *follow), reads=moved
    )
