"""The solved tickets that new ones are compared with: the newest few hundred, read once and then kept in
memory (`known`)."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final

from daemon.core.similar import Archive, Past, archive_of, words_of
from daemon.store.connection import Client, rows
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
    columns = ("id", "opened_at", "subject", "evidence")
    return archive_of([_past(*map(row.get, columns), how[row["id"]]) for row in found if how.get(row["id"])])


@lru_cache(maxsize=2 * NEWEST)
def _past(number: int, opened_at: Any, subject: str, evidence: str, how: str) -> Past:
    """Of all but a few nothing has changed since the archive was read the last time."""
    pieces = [piece["text"] for piece in json.loads(evidence) if piece["facet"] == "severity"]
    return Past(
        ticket=number,
        at=moment(opened_at),
        subject=subject,
        words=words_of([subject, *pieces]),
        how=how,
    )
