"""What of an agent's mail is said, and to whom: words for the customer, for the next status update, for the
ticket alone."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.core.actions import Action, AddMessage, SaveNews
from daemon.core.commands import states
from daemon.core.commands.caution import cautions
from daemon.core.commands.deed import Deed, event, history
from daemon.core.commands.hearing import Declined, Hearing, Proof, Standing
from daemon.core.commands.replying import Manner, manner, reply
from daemon.core.commands.values import Command, Fault, Verb, Why
from daemon.core.sla.events import News
from daemon.core.values import Address, State


def record(hearing: Hearing, *, refused: bool = False) -> tuple[Action, ...]:
    """The agent's mail as it came, for the ticket: what is internal of it is its text, and all of it is where
    nothing of it was done. Whose it is may not be proven: then it says so."""
    if hearing.standing is None:
        return ()
    reply = hearing.reply
    proven = hearing.proof is not Proof.NONE and not hearing.denied
    internal = refused or not states.speaks(hearing) or not proven
    wrong = [(f.line, f.said) for f in reply.faults if f.said not in reply.words] if refused else []
    said = [text for _, text in sorted({*((c.line, c.said) for c in reply.commands), *wrong})]
    text = "\n".join([*said, reply.words] if internal and reply.words else said)
    return (
        AddMessage(
            ticket=hearing.standing.ticket.id,
            direction="note",
            sender=hearing.sender or Address(address=hearing.agent.addresses[0], name=hearing.agent.name),
            at=hearing.at,
            text=text,
            full_text=hearing.full_text,
            message_id=hearing.message_id,
            attachments=hearing.attachments,
            role="agent" if proven else "unverified",
        ),
    )


def news(hearing: Hearing, command: Command) -> tuple[Action, ...]:
    """Words that the next status update quotes."""
    if hearing.standing is None:
        raise Declined(Fault(why=Why.NO_TICKET, line=command.line, said=command.said))
    ticket = hearing.standing.ticket
    if ticket.state in {State.RESOLVED, State.CLOSED}:
        fault = Fault(why=Why.STATE, line=command.line, said=command.said, detail=ticket.state.value)
        raise Declined(fault)
    saved = SaveNews(ticket=ticket.id, text=command.words, at=hearing.at, by=hearing.agent.handle)
    noted = history(hearing, hearing.standing, "news", text=command.words)
    return saved, event(hearing.standing, News(at=hearing.at)), noted


def spoken(hearing: Hearing, deeds: Sequence[Deed]) -> tuple[tuple[Action, ...], tuple[Fault, ...]]:
    """The customer's mail of this one, and what forbids it; a ticket that is resolved without a word is told
    so. One agent's mail makes one customer's mail on each ticket."""
    actions: list[Action] = []
    own = hearing.standing
    speaks = states.speaks(hearing) and own is not None
    merged = next((d for d in deeds if d.merged_into is not None), None)
    if speaks and own is not None:
        words = hearing.reply.words.strip("\n")
        faults = () if hearing.confirmed else cautions(hearing, own, words)
        if faults:
            return (), faults
        mine = {d.verb: d for d in deeds if d.ticket == own.ticket.id}
        standing = merged.after if merged is not None and merged.after is not None else _last(own, deeds)
        actions += reply(hearing, standing, words, manner(mine))[1]
    elif own is not None and hearing.about == "update" and hearing.reply.words.strip():
        # The line that was asked for before a status update.
        said = Command(verb=Verb.PUBLIC, words=hearing.reply.words.strip())
        actions += news(hearing, said) if not hearing.reply.commands else ()
    for number in dict.fromkeys(d.ticket for d in deeds if d.ticket is not None):
        if speaks and own is not None and number == own.ticket.id:
            continue
        how = manner({d.verb: d for d in deeds if d.ticket == number})
        after = [d.after for d in deeds if d.ticket == number and d.after is not None]
        if how.resolved and after and merged is None:
            actions += reply(hearing, after[-1], "", Manner(resolved=True, closed=how.closed))[1]
    return tuple(actions), ()


def _last(own: Standing, deeds: Sequence[Deed]) -> Standing:
    found = [d.after for d in deeds if d.after is not None and d.after.ticket.id == own.ticket.id]
    return found[-1] if found else own
