"""What one mail's decision must know, in as few statements as possible, each of them led by an index: the
answer takes as long with millions of rows as with ten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from daemon.core.dossier import Dossier
from daemon.core.facts import Lookup, Snapshot
from daemon.core.sla.minutes import LoggedCall
from daemon.core.values import Account, Contact, Priority, State
from daemon.store import asking, breakers, conversation, reported
from daemon.store.connection import Client, Row, rows
from daemon.store.dossiers import calls_of, dossiers_of
from daemon.store.fields import key_of, to_microseconds
from daemon.store.known import Known
from daemon.store.readings import language, read_account
from daemon.store.ticketrows import tickets_and_survivors

DUPLICATE_WITHIN: Final = timedelta(days=5)
"""mail.md: the same Message-ID, From, Date and body, and INTERNALDATE within five days."""

P1_WITHIN: Final = timedelta(hours=4)
"""mail.md: a second mail within 4 h from the same person with an open P1 joins it."""

_UNRESOLVED: Final = (State.NEW.value, State.OPEN.value, State.WAITING.value)

# One row. A mail that the brake held is not taken in yet, and so no duplicate of itself when it is decided
# again. A domain or a number leads to an account only while exactly one account has it. Answers are counted
# to the present: in a backlog, those that were queued a moment ago for earlier mails must count too. Every
# priority is named so that the index leads to the tickets.
_ALL: Final = ", ".join(f"'{p.value}'" for p in Priority)
_ANSWERS: Final = ", ".join(f"'{kind}'" for kind in breakers.ANSWERS)
_FACTS: Final = f"""
SELECT
 CASE WHEN EXISTS (SELECT 1 FROM inbound_mail WHERE message_id = ? AND fingerprint = ?
                   AND arrived BETWEEN ? AND ? AND disposition <> 'held') THEN 1 ELSE 0 END AS duplicate,
 COALESCE(
  (SELECT CASE WHEN count(*) = 1 THEN min(account_id) END FROM account_phone WHERE number = ?),
  (SELECT account_id FROM account_email WHERE address = ?),
  (SELECT CASE WHEN count(*) = 1 THEN min(account_id) END FROM account_domain WHERE domain = ?)) AS account,
 (SELECT id FROM ticket WHERE requester = ? AND priority = ? AND opened_at >= ?
  AND state IN (?, ?, ?) ORDER BY opened_at DESC, id DESC LIMIT 1) AS open_p1,
 (SELECT count(*) FROM outbox WHERE recipient = ? AND kind IN ({_ANSWERS}) AND queued_at > ?) AS acks,
 (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE kind = 'ack' AND queued_at > ? LIMIT ?) few) AS acks_desk,
 (SELECT count(*) FROM ticket WHERE requester = ? AND priority IN ({_ALL}) AND opened_at >= ?) AS opened,
 (SELECT max(id) FROM ticket WHERE requester = ? AND priority IN ({_ALL}) AND opened_at >= ?) AS newest,
 CASE WHEN EXISTS (SELECT 1 FROM suppressed_address WHERE address = ?) THEN 1 ELSE 0 END AS suppressed,
 c.address AS met, c.name AS name, c.language AS language, c.account AS contact_account
FROM (SELECT 1 AS one) here LEFT JOIN contact c ON c.address = ?
"""  # noqa: S608 - own words


async def take_snapshot(client: Client, known: Known, lookup: Lookup) -> Snapshot:
    """The answer to `lookup`. Outside a transaction: what a decision read is compared when it is written."""
    facts = (await rows(client, _FACTS, _parameters(lookup)))[0]
    recorded, answered = await conversation.named(client, lookup.recorded_ids, contents=lookup.agent)
    bounced = await reported.rows_of(client, lookup)
    perhaps = await reported.last_to(client, lookup) if lookup.bounced and not bounced else None
    wanted = {*lookup.tickets, *(m.ticket for m in recorded)}
    wanted |= {row.ticket for row in (*bounced, perhaps) if row is not None and row.ticket}
    wanted |= {facts[name] for name in ("open_p1", "newest") if facts[name] is not None}
    held = await asking.held(client, answered) if lookup.agent and answered is not None else None
    if held is not None and held.ticket is not None:
        wanted.add(held.ticket)
    found = await tickets_and_survivors(client, wanted)
    tickets = tuple(ticket for _, ticket in found.values())
    account = await _account(client, facts["account"])
    dossiers = await dossiers_of(client, known, found, whole=lookup.agent, account=account)
    return Snapshot(
        duplicate=bool(facts["duplicate"]),
        contact=_contact(facts, lookup.sender),
        account=account,
        recorded=recorded,
        tickets=tickets,
        open_p1=next((t for t in tickets if t.id == facts["open_p1"]), None),
        acks_last_hour=await _acks(client, lookup, account, facts["acks"]),
        acks_desk=facts["acks_desk"],
        tickets_last_hour=facts["opened"],
        newest_ticket=next((t for t in tickets if t.id == facts["newest"]), None),
        mails_last_hour=await breakers.mails_on(client, tickets, lookup.arrived),
        reopens_last_hour=await breakers.reopens_of(client, tickets, lookup.arrived),
        recent_texts=(
            await breakers.recent_texts(client, lookup.sender, lookup.arrived) if facts["acks"] else ()
        ),
        bounced_rows=bounced,
        bounced_perhaps=perhaps,
        suppressed=bool(facts["suppressed"]),
        list_known=await _list_known(client, lookup.list_domains),
        dossiers=dossiers,
        declared=await known.declared(client),
        archive=await known.archive(client),
        answered=answered,
        held=held,
        accounts_named=await asking.accounts_named(client, lookup.accounts),
        customers=await asking.customers(client, lookup.customers),
        foreign=await asking.foreign(client, lookup.named),
        listing=await asking.listing(client) if lookup.listing else (),
        calls=await _calls(client, account, dossiers),
    )


def _parameters(lookup: Lookup) -> list[object]:
    sender = key_of(lookup.sender)
    domain = key_of(lookup.sender.rpartition("@")[2])
    hour = breakers.since(lookup.arrived)
    return [
        key_of(lookup.message_id),
        key_of(lookup.fingerprint),
        to_microseconds(lookup.arrived - DUPLICATE_WITHIN),
        to_microseconds(lookup.arrived + DUPLICATE_WITHIN),
        key_of(lookup.caller),
        sender,
        domain,
        sender,
        Priority.P1.value,
        to_microseconds(lookup.arrived - P1_WITHIN),
        *_UNRESOLVED,
        sender,
        hour,
        hour,
        lookup.acks_counted,
        sender,
        hour,
        sender,
        hour,
        sender,
        sender,
    ]


async def _acks(client: Client, lookup: Lookup, account: Account | None, of_sender: int) -> int:
    """Who leaves a voice message is answered at the account's address, not at the sender's."""
    if not lookup.caller or account is None or not account.emails:
        return of_sender
    return await breakers.answers_to(client, account.emails[0], lookup.arrived)


async def _calls(
    client: Client, account: Account | None, dossiers: Mapping[int, Dossier]
) -> tuple[LoggedCall, ...]:
    """Those of the sender's account, which a ticket of it has told already."""
    if account is None:
        return ()
    told = next((d for d in dossiers.values() if d.ticket.account == account.key), None)
    return await calls_of(client, account.key) if told is None else told.calls


async def _list_known(client: Client, domains: Sequence[str]) -> bool:
    if not domains:
        return False
    sql = f"SELECT 1 FROM account_domain WHERE domain IN ({', '.join('?' * len(domains))}) LIMIT 1"  # noqa: S608
    return bool(await rows(client, sql, [key_of(domain) for domain in domains]))


def _contact(facts: Row, sender: str) -> Contact | None:
    if facts["met"] is None:
        return None
    return Contact(
        address=sender,
        name=facts["name"],
        language=language(facts["language"]),
        account=facts["contact_account"],
    )


async def _account(client: Client, key: str | None) -> Account | None:
    if key is None:
        return None
    found = await rows(client, "SELECT * FROM account WHERE key = ?", [key])
    return read_account(found[0])
