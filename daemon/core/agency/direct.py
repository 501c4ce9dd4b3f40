"""A mail that an agent sent to the customer from their own program, with the desk in Cc or Bcc. The customer
has read it already: where it is proven it counts as a reply at its arrival, else it is an unverified note."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.core.actions import Action, AddMessage
from daemon.core.agency.listening import Heard
from daemon.core.commands.deed import event, history, taken_if_free
from daemon.core.commands.hearing import Proof
from daemon.core.commands.judging import Ruling
from daemon.core.commands.replying import reply_key
from daemon.core.sla.events import Replied
from daemon.core.values import Mail


def counts(heard: Heard) -> bool:
    """Only the receiving server can prove it: a token would have been made for our own mail."""
    hearing = heard.hearing
    proven = hearing.proof is Proof.AUTHENTICATED and not hearing.denied
    return bool(heard.readers) and proven and bool(hearing.reply.words.strip())


def as_reply(heard: Heard, ruling: Ruling, mail: Mail, *, takes: bool = True) -> tuple[Action, ...]:
    """The ruling's actions with the mail as what we said to the customer, in place of the note of it. Whoever
    wrote it `takes` the ticket where nobody has it."""
    hearing, own = heard.hearing, heard.hearing.standing
    if own is None:
        return ruling.actions
    number = own.ticket.id
    said = AddMessage(
        ticket=number,
        direction="out",
        sender=mail.from_,
        at=hearing.at,
        text=hearing.reply.words,
        full_text=mail.text,
        message_id=mail.message_id,
        to=tuple(a.address for a in mail.to),
        cc=tuple(a.address for a in mail.cc),
        attachments=mail.attachments,
        role="agent",
    )
    after = [d.after for d in ruling.deeds if d.after is not None and d.ticket == number]
    _, taking = taken_if_free(hearing, after[-1] if after else own) if takes else (own, ())
    replied = event(own, Replied(at=hearing.at, mail=reply_key(hearing.cause, number)))
    noted = history(hearing, own, "replied_directly", to=list(heard.readers))
    return (said, *_without_note(ruling.actions), *taking, replied, noted)


def _without_note(actions: Sequence[Action]) -> tuple[Action, ...]:
    return tuple(a for a in actions if not (isinstance(a, AddMessage) and a.direction == "note"))
