"""One ticket on a page for people: the facts, the clocks, what was written, what happened.

It reads the object of the contract's `ticket --json` and knows no store. A list that is empty leaves its
heading out.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from daemon.cli.output import clock_line, instant

Facts = Mapping[str, Any]
"""Any: the object is the contract's JSON before it is written, and only shown here."""

_CLOCKS: Final = ("first_response", "next_response", "status_update", "resolution")
_DIRECTIONS: Final = {"in": "From", "out": "To the customer, from", "note": "Note of"}


def page(ticket: Facts, zone: ZoneInfo) -> str:
    """The whole page as text, without a newline at its end."""
    blocks = [
        list(_head(ticket, zone)),
        list(_clocks(ticket, zone)),
        _rows("Why this priority", ticket["evidence"], _evidence),
        *(_message(message, zone) for message in ticket["messages"]),
        _rows("Calls", ticket["calls"], lambda call: _call(call, zone)),
        _rows("Credits", ticket["credits"], _credit),
        _rows("Mails", ticket["outbox"], lambda mail: _mail(mail, zone)),
        _rows("History", ticket["history"], lambda event: _event(event, zone)),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _head(ticket: Facts, zone: ZoneInfo) -> Iterator[str]:
    provisional = ", provisional" if ticket["provisional"] else ""
    yield f"{ticket['ref']}  {ticket['subject']}"
    yield f"{ticket['state']}, {ticket['priority']}{provisional} by {ticket['rule'] or 'nobody'}"
    contact = ticket["contact"] or "somebody unknown"
    yield f"opened {instant(ticket['opened'], zone)} by {contact}, language {ticket['language']}"
    account = ticket["account"] or "no account"
    yield f"{account}, plan {ticket['plan']}, coverage {ticket['coverage']}"
    yield f"assigned to {ticket['assignee'] or 'nobody'}"
    others = [_participant(p) for p in ticket["participants"]]
    if others:
        yield f"participants: {', '.join(others)}"


def _clocks(ticket: Facts, zone: ZoneInfo) -> Iterator[str]:
    for name in _CLOCKS:
        if ticket[name]:
            yield f"{name.replace('_', ' '):<15} {clock_line(ticket[name], zone)}"


def _participant(participant: object) -> str:
    if isinstance(participant, Mapping):
        return f"{participant['address']} ({participant['role']})"
    return str(participant)


def _evidence(evidence: Facts) -> str:
    words = " ".join(evidence["text"].split())  # as the mail wrapped them
    return f"{evidence['facet']}: « {words} » ({evidence['weight']:.2f})"


def _message(message: Facts, zone: ZoneInfo) -> list[str]:
    who = _DIRECTIONS.get(message["direction"], message["direction"])
    ours = message["direction"] == "out" and not message["from"] and not message.get("by")
    author = message["from"] or message.get("by") or ("the desk" if ours else "somebody unknown")
    lines = [f"{instant(message['at'], zone)}  {who} {author}"]
    text = message["text"] or ("(automatic, see Mails)" if ours else "(no text)")
    lines += textwrap.indent(text, "  ").splitlines()
    lines += [f"  [{_attachment(attachment)}]" for attachment in message["attachments"]]
    return lines


def _attachment(attachment: object) -> str:
    if isinstance(attachment, Mapping):
        return f"{attachment['name']}, {attachment['size']} bytes"
    return str(attachment)


def _call(call: Facts, zone: ZoneInfo) -> str:
    return f"{instant(call['at'], zone)}  {call['minutes']} min, {call['by']}: {call['text']}"


def _credit(credit: Facts) -> str:
    return f"{credit['month']}  {credit['amount']} $, {credit['state']}"


def _mail(mail: Facts, zone: ZoneInfo) -> str:
    due = f", due {instant(mail['due'], zone)}" if mail["due"] else ""
    tried = "1 attempt" if mail["attempts"] == 1 else f"{mail['attempts']} attempts"
    return f"{mail['kind']} to {mail['to']}: {mail['state']}, {tried}{due}"


def _event(event: Facts, zone: ZoneInfo) -> str:
    detail = event["detail"]
    told = str(detail or "")
    if isinstance(detail, Mapping):
        told = ", ".join(f"{key} {value}" for key, value in detail.items())
    return f"{instant(event['at'], zone)}  {event['event']} by {event['by']}" + (f": {told}" if told else "")


def _rows(title: str, items: list[Facts], show: Callable[[Facts], str]) -> list[str]:
    return [title, *(f"  {show(item)}" for item in items)] if items else []
