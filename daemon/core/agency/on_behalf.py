"""`pour`: an agent's forwarded mail opens a ticket of the customer whom it names, as if they had written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from daemon.core.actions import NEW, Action, AddHistory, QueueMail
from daemon.core.case import Case
from daemon.core.commands.hearing import Hearing
from daemon.core.commands.judging import OnBehalf
from daemon.core.commands.values import Verb
from daemon.core.facts import Snapshot
from daemon.core.inbound import Inbound
from daemon.core.opening import open_ticket
from daemon.core.stub import stub_findings
from daemon.core.values import Evidence, Findings, Intent, Language, Mail, MailClass, Severity

_FOUND: Final = "found"


def opened_for(
    hearing: Hearing, on_behalf: OnBehalf, inbound: Inbound, mail: Mail, snapshot: Snapshot
) -> tuple[Action, ...]:
    """The ticket, and the agents' notification of it. The customer is not answered: they did not write to us,
    and hear from an agent. Plan and account are those of the address that the agent named."""
    account = snapshot.customers.get(on_behalf.address.address)
    findings, subject = _as_forwarded(hearing, inbound, snapshot)
    held = hearing.held if hearing.held is not None and not hearing.reply.has(Verb.FOR) else None
    theirs = replace(
        mail,
        from_=on_behalf.address,
        senders=(on_behalf.address,),
        reply_to=(),
        to=(),
        cc=(),
        subject=subject,
        new_text=on_behalf.words,
        mail_class=MailClass.MAIL,
        signs=(),
        attachments=held.attachments if held is not None else mail.attachments,
        language=findings.language,
    )
    case = Case(
        arrival=inbound.arrival,
        mail=theirs,
        findings=findings,
        snapshot=replace(snapshot, account=account, contact=None),
        policy=hearing.policy,
        known=True,
        now=hearing.now,
    )
    own = hearing.standing.ticket.id if hearing.standing is not None else None
    noted = AddHistory(
        ticket=NEW,
        at=hearing.at,
        event="on_behalf",
        by=hearing.agent.handle,
        detail={"customer": on_behalf.address.address},
    )
    return (*open_ticket(case, related=own, acknowledge=False, rule="opened by an agent"), noted)


def with_findings(
    hearing: Hearing, actions: Sequence[Action], findings: Findings | None
) -> tuple[Action, ...]:
    """Where a yes is asked for first, what the model says of the forwarded words goes with the question: the
    answer will not hold them."""
    lines = [*hearing.reply.commands, *(f.mended for f in hearing.reply.faults if f.mended is not None)]
    if findings is None or not any(command.verb is Verb.FOR for command in lines):
        return tuple(actions)
    return tuple(
        replace(a, context={**a.context, _FOUND: _facts(findings)})
        if isinstance(a, QueueMail) and a.context.get("held")
        else a
        for a in actions
    )


def _as_forwarded(hearing: Hearing, inbound: Inbound, snapshot: Snapshot) -> tuple[Findings, str]:
    """What the model found in the forwarded mail, and its subject; where a yes has opened it, as they were
    kept with the question."""
    if hearing.reply.has(Verb.FOR):
        return inbound.findings or stub_findings(), hearing.subject
    context: Mapping[str, object] = snapshot.answered.context if snapshot.answered is not None else {}
    found = context.get(_FOUND)
    kept = _read(found) if isinstance(found, Mapping) else None
    return kept or stub_findings(), str(context.get("subject", hearing.subject))


def _facts(findings: Findings) -> dict[str, object]:
    return {
        "severity": findings.severity.value,
        "confidence": findings.confidence,
        "other_means": findings.other_means,
        "installs": findings.installs,
        "language": findings.language.value if findings.language is not None else None,
        "missing": list(findings.missing),
        "evidence": [[e.facet, e.text, e.weight] for e in findings.evidence],
    }


def _read(found: Mapping[str, object]) -> Findings | None:
    """A row that an older version has written may hold other things."""
    language, missing, evidence = found.get("language"), found.get("missing"), found.get("evidence")
    try:
        return Findings(
            intent=Intent.TICKET,
            intent_confidence=1.0,
            severity=Severity(str(found["severity"])),
            confidence=float(str(found["confidence"])),
            other_means=str(found["other_means"]),
            installs=str(found["installs"]),
            language=Language(str(language)) if language else None,
            missing=tuple(map(str, missing)) if isinstance(missing, list) else (),
            evidence=tuple(
                Evidence(facet=str(facet), text=str(text), weight=float(weight))
                for facet, text, weight in (evidence if isinstance(evidence, list) else ())
            ),
        )
    except (KeyError, ValueError):
        return None
