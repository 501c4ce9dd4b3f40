"""What agents said that mails really were, with the mails' words: labelled mails for `model train`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from daemon.store.connection import Client, rows

# A severity counts while the ticket still has the priority that said it: what an agent took back does not.
# The last word of several counts. Erased texts are gone.
_CORRECTIONS: Final = """
SELECT c.ticket_id AS ticket, c.field, c.became, t.subject, t.language, t.priority, m.text
FROM correction c
JOIN ticket t ON t.id = c.ticket_id
JOIN message m ON m.ticket_id = c.ticket_id AND m.message_id = c.message_id AND m.direction = 'in'
ORDER BY c.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """`field`: severity or intent; `became`: its label. `text`: the sender's new words."""

    ticket: int
    field: str
    became: str
    subject: str
    text: str
    language: str


async def corrected(client: Client) -> list[Corrected]:
    """One a ticket and field, by ticket."""
    found: dict[tuple[int, str], Corrected] = {}
    for row in await rows(client, _CORRECTIONS):
        key = (row["ticket"], row["field"])
        found.pop(key, None)
        taken_back = row["field"] == "severity" and row["priority"][1:] != row["became"][1:]
        if taken_back or not (row["subject"] or row["text"]).strip():
            continue
        found[key] = Corrected(
            ticket=row["ticket"],
            field=row["field"],
            became=row["became"],
            subject=row["subject"],
            text=row["text"],
            language=row["language"],
        )
    return [found[key] for key in sorted(found)]
