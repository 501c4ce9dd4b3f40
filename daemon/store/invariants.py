"""What a store promises of its rows, each promise with the question that finds what breaks it."""

from __future__ import annotations

from typing import Final

from daemon.core.values import Disposition, SendState


def _listed(values: type[Disposition] | type[SendState]) -> str:
    return ", ".join(f"'{value.value}'" for value in values)


# Each statement gives a `fault` per row that breaks the promise, and nothing when it is kept.
PROMISES: Final = (
    (
        "every arrived mail has one disposition, and the ticket that it speaks of exists",
        "inbound_mail",
        f"""
        SELECT CASE
          WHEN m.disposition NOT IN ({_listed(Disposition)}) THEN 'unknown disposition ' || m.disposition
          WHEN m.ticket IS NULL THEN 'is ' || m.disposition || ' and names no ticket'
          ELSE 'names AZ-' || m.ticket || ', which does not exist' END AS fault,
         m.mailbox || '/' || m.uidvalidity || '/' || m.uid AS thing
        FROM inbound_mail m LEFT JOIN ticket t ON t.id = m.ticket
        WHERE m.disposition NOT IN ({_listed(Disposition)})
         OR (m.ticket IS NULL AND m.disposition IN ('ticket', 'message', 'quarantine'))
         OR (m.ticket IS NOT NULL AND t.id IS NULL) ORDER BY m.id
        """,  # noqa: S608 - own words
    ),
    (
        "no mail is in the ledger twice",
        "inbound_mail",
        """
        SELECT count(*) || ' rows' AS fault, mailbox || '/' || uidvalidity || '/' || uid AS thing
        FROM inbound_mail GROUP BY mailbox, uidvalidity, uid HAVING count(*) > 1
        """,
    ),
    (
        "the bytes of every arrived mail are kept",
        "inbound_mail",
        """
        SELECT 'its bytes are gone' AS fault, m.mailbox || '/' || m.uidvalidity || '/' || m.uid AS thing
        FROM inbound_mail m LEFT JOIN inbound_content c ON c.id = m.id
        WHERE m.blob IS NULL AND c.id IS NULL ORDER BY m.id
        """,
    ),
    (
        "a cause has one mail in the outbox, and its ticket exists",
        "outbox",
        """
        SELECT CASE WHEN n.times > 1 THEN n.times || ' rows of the cause ' || o.cause
          ELSE 'names AZ-' || o.ticket || ', which does not exist' END AS fault,
         'outbox row ' || o.id AS thing
        FROM outbox o LEFT JOIN ticket t ON t.id = o.ticket
        JOIN (SELECT cause, count(*) AS times FROM outbox GROUP BY cause) n ON n.cause = o.cause
        WHERE n.times > 1 OR (o.ticket IS NOT NULL AND t.id IS NULL) ORDER BY o.id
        """,
    ),
    (
        "a mail in the outbox waits for its time or is over",
        "outbox",
        f"""
        SELECT CASE WHEN state NOT IN ({_listed(SendState)}) THEN 'unknown state ' || state
          WHEN due_at IS NULL THEN 'is ' || state || ' and never due'
          ELSE 'is ' || state || ' and still due' END AS fault, 'outbox row ' || id AS thing
        FROM outbox WHERE state NOT IN ({_listed(SendState)})
         OR (state IN ('queued', 'sending')) <> (due_at IS NOT NULL) ORDER BY id
        """,  # noqa: S608 - own words
    ),
    (
        "the bytes of every mail that was tried are kept",
        "outbox",
        """
        SELECT 'its bytes are gone' AS fault, 'outbox row ' || o.id AS thing
        FROM outbox o LEFT JOIN outbox_content c ON c.id = o.id
        WHERE o.message_id IS NOT NULL AND c.id IS NULL ORDER BY o.id
        """,
    ),
    (
        "a clock of a ticket has one open cycle at most",
        "clock",
        """
        SELECT count(*) || ' open cycles of ' || name AS fault, 'AZ-' || ticket_id AS thing
        FROM clock WHERE outcome IS NULL GROUP BY ticket_id, name HAVING count(*) > 1
        """,
    ),
    (
        "an open cycle, and no other, holds its key",
        "clock",
        """
        SELECT CASE WHEN outcome IS NULL THEN 'open, and its key is ' || COALESCE(open_key, 'missing')
          ELSE outcome || ', and it still holds ' || open_key END AS fault,
         name || ' of AZ-' || ticket_id AS thing
        FROM clock WHERE (outcome IS NULL AND COALESCE(open_key, '') <> ticket_id || ':' || name)
         OR (outcome IS NOT NULL AND open_key IS NOT NULL) ORDER BY id
        """,
    ),
    (
        "an unresolved ticket has its clocks",
        "ticket",
        """
        SELECT 'is ' || t.state || ' and nobody counts its resolution' AS fault, 'AZ-' || t.id AS thing
        FROM ticket t WHERE t.state IN ('new', 'open', 'waiting') AND NOT EXISTS
         (SELECT 1 FROM clock c WHERE c.ticket_id = t.id AND c.name = 'resolution') ORDER BY t.id
        """,
    ),
    (
        "a ticket whose customer is to hear of us is looked at again",
        "ticket",
        """
        SELECT 'is ' || t.state || ' and is never looked at again' AS fault, 'AZ-' || t.id AS thing
        FROM ticket t WHERE t.wake_at IS NULL AND (t.state IN ('waiting', 'resolved') OR EXISTS
         (SELECT 1 FROM clock c WHERE c.ticket_id = t.id AND c.name = 'status_update' AND c.outcome IS NULL
          AND c.due_at IS NOT NULL)) ORDER BY t.id
        """,
    ),
    (
        "a step that was done is named by its kind and what it is of",
        "step_done",
        """
        SELECT 'no step is called ' || s.key AS fault, 'AZ-' || s.ticket_id AS thing FROM step_done s
        WHERE s.key NOT LIKE '_%:_%' ORDER BY s.id
        """,
    ),
    (
        "business hours that a ticket was opened under are kept",
        "ticket",
        """
        SELECT 'its business hours are gone' AS fault, 'AZ-' || t.id AS thing
        FROM ticket t LEFT JOIN calendar c ON c.digest = t.calendar_digest
        WHERE t.calendar_digest IS NOT NULL AND c.digest IS NULL ORDER BY t.id
        """,
    ),
    (
        "one credit of a ticket waits for a decision at most",
        "credit",
        """
        SELECT 'is ' || state || ', and its key is ' || COALESCE(one_key, 'missing') AS fault,
         'credit ' || id || ' of AZ-' || ticket_id AS thing
        FROM credit WHERE (state = 'proposed' AND COALESCE(one_key, '') <> CAST(ticket_id AS TEXT))
         OR (state IN ('accepted', 'refused') AND one_key IS NOT NULL) ORDER BY id
        """,
    ),
    (
        "a merged ticket leads to a ticket",
        "ticket",
        """
        SELECT 'merged into AZ-' || t.merged_into || ', which does not exist' AS fault, 'AZ-' || t.id AS thing
        FROM ticket t LEFT JOIN ticket o ON o.id = t.merged_into
        WHERE t.merged_into IS NOT NULL AND o.id IS NULL ORDER BY t.id
        """,
    ),
)
