"""The solved tickets that new ones are compared with: the newest few hundred, read once and then kept in
memory (`known`)."""

from __future__ import annotations

import json
from typing import Final

from daemon.core.similar import Archive, Past, archive_of, words_of
from daemon.store.connection import Client, Row, rows
from daemon.store.readings import moment

NEWEST: Final = 500

_SOLVED: Final = " UNION ALL ".join(
    "SELECT * FROM (SELECT id, subject, evidence, opened_at FROM ticket"  # noqa: S608 - own words
    f" WHERE state = '{state}' AND merged_into IS NULL ORDER BY opened_at DESC LIMIT {NEWEST}) AS {state}s"
    for state in ("resolved", "closed")
)
_ANSWERS: Final = """
SELECT ticket_id, text FROM message WHERE id IN (
 SELECT max(id) FROM message WHERE direction = 'out' AND kind IN ('reply', 'resolved') AND ticket_id IN ({0})
 GROUP BY ticket_id)
"""


async def archive(client: Client) -> Archive:
    """Only those that an agent has answered: the others tell nobody anything."""
    found = sorted(await rows(client, _SOLVED), key=lambda row: (-row["opened_at"], row["id"]))[:NEWEST]
    if not found:
        return archive_of(())
    numbers = [row["id"] for row in found]
    sql = _ANSWERS.format(", ".join("?" * len(numbers)))
    how = {row["ticket_id"]: row["text"] for row in await rows(client, sql, numbers)}
    return archive_of([_past(row, how[row["id"]]) for row in found if how.get(row["id"])])


def _past(row: Row, how: str) -> Past:
    pieces = [piece["text"] for piece in json.loads(row["evidence"]) if piece["facet"] == "severity"]
    return Past(
        ticket=row["id"],
        at=moment(row["opened_at"]),
        subject=row["subject"],
        words=words_of([row["subject"], *pieces]),
        how=how,
    )
