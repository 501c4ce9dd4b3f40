"""`db check --mailbox`: the count of `accounting` on the configured mailbox, beside a running daemon or, with
the daemon stopped, taking in what is missing.

How that is done is a decision. What lies in the inbox is taken in as at any start. A mail in Processed or
Quarantine that the ledger does not know was moved there by a person, or by a daemon whose database was lost
after it had answered: nobody is acknowledged, for it might be the second time. The mail becomes a ticket or
joins its own, so that somebody looks; when it is older than a day, it is held until `run --resume`, for a
lost database may have held years.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from daemon import app
from daemon.checks.accounting import Account, Folder, account
from daemon.core.policy import Intake
from daemon.core.values import Disposition
from daemon.edges.imap import ImapMailbox, open_mailbox
from daemon.edges.system import SystemClock
from daemon.ports import RawMail
from daemon.settings.model import Settings
from daemon.store.database import open_store

HELD_FROM: Final = timedelta(days=1)


async def look(settings: Settings) -> Account:
    """Change nothing. Raises `StoreFault`, `Unavailable`."""
    async with open_store(settings.store.url, settings.desk.data_dir, create=False, read_only=True) as store:
        return await account(store, _opener(settings), app.folders(settings), app.parser(settings))


async def take_in(settings: Settings) -> Account:
    """Take in what is missing, and send nothing: the daemon does when it runs. Raises `StoreLocked` when it
    runs already, `StoreFault`, `Unavailable`."""
    async with app.open_desk(settings) as desk:
        await desk.opener.ready()
        await desk.intake.once()

        async def taken(folder: Folder, name: str, raw: RawMail) -> Disposition:
            quietly = Intake(quiet=True, braked=SystemClock().now() - HELD_FROM)
            (reading,) = await desk.reader.read(name, folder.uidvalidity, [raw])
            (disposition,) = await desk.reader.settle([reading], quietly)
            await desk.store.mark_moved(name, folder.uidvalidity, [raw.uid])
            return disposition

        folders, parse = app.folders(settings), app.parser(settings)
        return await account(desk.store, _opener(settings), folders, parse, taken)


def _opener(settings: Settings) -> Callable[[str], Awaitable[ImapMailbox | None]]:
    """A connection per folder: `ImapMailbox` keeps to the one that it has selected."""
    server, inbox = app.imap_server(settings), settings.imap.mailbox

    async def opened(name: str) -> ImapMailbox | None:
        if name != inbox:
            asking = await open_mailbox(server, inbox)
            try:
                if await asking.counts(name) is None:
                    return None  # no mail was ever moved there
            finally:
                await asking.close()
        return await open_mailbox(server, name)

    return opened
