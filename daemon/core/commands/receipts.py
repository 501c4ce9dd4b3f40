"""What an agent is told of their own mail: refused, asked once more, or done. Facts only; the words are the
template's. It goes to the agent's configured address, never to the one that stands in From."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.core.actions import QueueMail
from daemon.core.commands.deed import Deed
from daemon.core.commands.hearing import Hearing
from daemon.core.commands.values import Command, Fault, Verb
from daemon.core.names import given_name
from daemon.core.sla.penalties import accepted
from daemon.core.values import ClockName, reference

RANK: Final = 1
"""An agent waits for it, with the text that was not sent: before everything automatic."""
LONGEST_TEXT: Final = 20_000
"""Characters of the agent's own text that come back; all of it is on the ticket."""


def receipt(hearing: Hearing, deeds: Sequence[Deed], *, spoke: bool) -> tuple[QueueMail, ...]:
    """Only when text went out under a command, or money or a promise changed."""
    under_command = spoke and any(deed.said != "already" for deed in deeds)
    if not under_command and not any(deed.receipt for deed in deeds):
        return ()
    done = [
        {
            **deed.detail,
            "verb": deed.verb.value,
            "said": deed.said,
            "ref": reference(deed.ticket) if deed.ticket is not None else "",
        }
        for deed in deeds
    ]
    return (transcript(hearing, "transcript", "done", done=done, spoke=spoke),)


def refusal(
    hearing: Hearing,
    faults: Sequence[Fault],
    yes: Sequence[str] | None,
    send: Sequence[str] | None,
    *,
    held: str | None,
) -> QueueMail:
    """Why nothing was done, the text untouched, and what a yes and "envoyer" would do."""
    return transcript(
        hearing,
        "transcript",
        "refused",
        faults=[told(fault) for fault in faults],
        yes=list(yes) if yes is not None else None,
        send=list(send) if send is not None else None,
        held=held,
    )


def question(hearing: Hearing, commands: Sequence[Command], yes: Sequence[str], held: str) -> QueueMail:
    """What is asked once more before it is done; `credit` where that is one decision about money."""
    said = [command.said for command in commands]
    facts = {"said": said, "yes": list(yes), "held": held, "credit": _credit(hearing, commands)}
    return transcript(hearing, "confirm", "asked", **facts)


def _credit(hearing: Hearing, commands: Sequence[Command]) -> dict[str, object] | None:
    """The amount that a yes would give, or that it refuses. Of several at once the lines themselves are
    shown: they may share the cap of a month."""
    standing = hearing.standing
    if len(commands) != 1 or commands[0].verb is not Verb.CREDIT or standing is None:
        return None
    (command,), offered = commands, standing.offered
    if offered is None or any(number != standing.ticket.id for number in command.tickets):
        return None
    if not command.accept:
        return {"accept": False, "amount": str(offered.amount)}
    wanted = command.amount if command.amount is not None else offered.amount
    return {"accept": True, "amount": str(accepted(wanted, offered.price, offered.given))}


def transcript(hearing: Hearing, kind: str, what: str, /, **facts: object) -> QueueMail:
    """`what`: done, refused, asked or shown. A fact that does not belong to it is empty."""
    standing = hearing.standing
    ticket = standing.ticket if standing is not None else None
    requester = ""
    if ticket is not None:
        requester = next((p.name for p in ticket.participants if p.address == ticket.requester), "")
    speaks = bool(hearing.reply.words.strip())
    return QueueMail(
        kind=kind,
        ticket=ticket.id if ticket is not None else None,
        recipient=hearing.agent.addresses[0],
        cause=f"{kind}:{hearing.cause}:{hearing.agent.addresses[0]}",
        context={
            "language": hearing.policy.language.value,
            "what": what,
            "subject": ticket.subject if ticket is not None else hearing.subject,
            "customer": given_name(requester) or requester,
            "text": hearing.reply.words[:LONGEST_TEXT] if speaks else "",
            "shortened": len(hearing.reply.words) > LONGEST_TEXT,
            "attachments": [{"name": a.name, "size": a.size} for a in hearing.attachments],
            "state": ticket.state.value if ticket is not None else "",
            "due": _due(hearing),
            "from": hearing.sender.address if hearing.sender is not None else "",
            "faults": [],
            "done": [],
            "said": [],
            "shown": [],
            "spoke": False,
            "yes": None,
            "send": None,
            "held": None,
            "in_reply_to": hearing.message_id,
            "references": [],
            **facts,
        },
        rank=RANK,
        at=hearing.now,
    )


def told(fault: Fault) -> dict[str, object]:
    return {
        "why": fault.why.value,
        "line": fault.line,
        "said": fault.said,
        "proposal": fault.proposal,
        "expected": fault.expected,
        "detail": fault.detail,
        "at": fault.at.isoformat() if fault.at is not None else None,
    }


def _due(hearing: Hearing) -> dict[str, str]:
    """What still runs on the ticket: clock -> instant."""
    course = hearing.standing.course if hearing.standing is not None else None
    if course is None:
        return {}
    running = {clock: course.running(clock) for clock in ClockName}
    return {
        c.value: one.due.isoformat() for c, one in running.items() if one is not None and one.due is not None
    }
