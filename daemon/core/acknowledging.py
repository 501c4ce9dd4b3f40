"""The acknowledgement of a new ticket: its facts as they are at this moment. Its words are compose's."""

from __future__ import annotations

from daemon.core.actions import NEW, QueueMail
from daemon.core.case import Case, late, spoken_language
from daemon.core.informing import minutes_left
from daemon.core.names import given_name
from daemon.core.priority import Ruling, rank
from daemon.core.recipients import REQUESTER, Circle, recipients
from daemon.core.self_help import choose_self_help
from daemon.core.sla.calendar import Calendar
from daemon.core.sla.promises import Promises, SlaVersion, calendar_for
from daemon.core.values import Coverage, Participant, Plan, Priority, Severity


def acknowledgement(
    case: Case,
    version: SlaVersion,
    plan: Plan,
    coverage: Coverage,
    ruling: Ruling,
    promises: Promises,
) -> tuple[QueueMail, ...]:
    """One per ticket, to the requester alone. Its facts are those of this moment; the words are compose's."""
    return tuple(
        QueueMail(
            kind="ack",
            ticket=NEW,
            recipient=address,
            cause=f"ack:{case.cause}",
            context=_facts(case, version, plan, coverage, ruling, promises),
            rank=rank(ruling.priority),
            at=case.now,
        )
        for address in readers(case)
    )


def readers(case: Case) -> tuple[str, ...]:
    """Whom an acknowledgement of this mail would reach: one address, or nobody."""
    requester = Participant(address=case.requester.address, role=REQUESTER)
    return recipients("ack", Circle(policy=case.policy, people=(requester,)))


def _rings(case: Case, ruling: Ruling, calendar: Calendar) -> bool:
    """Whether the person on call is alerted now: the alarm of a P1 falls due when its calendar is open, and
    the ticker, which this ticket wakes, queues it in the same second (`sla.steps`)."""
    due = ruling.priority is Priority.P1 and calendar.next_opening(case.opened_at) <= case.now
    return due and bool(case.policy.oncall)


def _facts(
    case: Case,
    version: SlaVersion,
    plan: Plan,
    coverage: Coverage,
    ruling: Ruling,
    promises: Promises,
) -> dict[str, object]:
    language, uncertain = spoken_language(case)
    calendar = calendar_for(version, ruling.priority, coverage)
    open_now = calendar.is_open(case.now)
    paying = plan is not Plan.GRATUIT
    minutes = minutes_left(case, plan, version, case.snapshot.calls) if paying else None
    by_phone = case.mail.call is not None  # whoever reads this has neither written nor seen the notice
    answers = case.known and not by_phone
    threads = not case.mail.synthetic_id and not by_phone
    self_help = None
    if plan is Plan.GRATUIT or not open_now:
        text = case.mail.new_text or case.mail.text
        self_help = choose_self_help(case.findings.severity, case.mail.subject, text)
    return {
        "language": language.value,
        "uncertain_language": uncertain,
        "known": case.known,
        "recognized": case.snapshot.account is not None,
        "given_name": given_name(case.mail.from_.name) if answers else "",
        "subject": case.mail.subject if case.known else "",
        "opened": case.opened_at.isoformat(),
        "first_response_due": promises.first_response.due.isoformat(),
        "resolution_due": promises.resolution.due.isoformat(),
        "priority": ruling.priority.value,
        "provisional": ruling.provisional,
        "severity": case.findings.severity.value,
        "rule": ruling.rule,
        "evidence": [e.text for e in case.findings.evidence if e.facet == "severity"] if case.known else [],
        "plan": plan.value,
        "premium": coverage is Coverage.PREMIUM,
        "missing": list(case.findings.missing),
        "wish": case.findings.severity is Severity.S4,
        "open_now": open_now,
        "continuous": calendar.continuous,
        "opens_at": None if open_now else calendar.next_opening(case.now).isoformat(),
        "closed_why": calendar.closed_why(case.now, language.value),
        "minutes_left": minutes,
        "oncall": _rings(case, ruling, calendar),
        "phone": case.policy.phone if paying else "",
        "aide": self_help,
        "late": late(case.opened_at, case.now),
        "oversize": case.arrival.truncated,
        "in_reply_to": case.mail.message_id if threads else "",
        # A stranger's may name a ticket that is none of theirs: their own mail is enough to thread with.
        "references": list(case.mail.references[-20:]) if threads and case.known else [],
    }
