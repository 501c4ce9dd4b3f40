"""One command's work on the configured store: settings read, store opened, trouble turned into a line."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, TypeVar

from daemon.cli.failure import CommandFailed, UsageFault

if TYPE_CHECKING:
    from daemon.settings.model import Settings
    from daemon.store.database import SqlStore

_T = TypeVar("_T")


def settings_of(args: argparse.Namespace) -> Settings:
    """The configuration that the command line names. Raises `ConfigError`."""
    from daemon.settings.load import find_config, load_settings

    return load_settings(find_config(args.config))


def with_store(settings: Settings, work: Callable[[SqlStore], Awaitable[_T]], *, create: bool = False) -> _T:
    """What `work` makes of the open store. `create`: an empty store is made where there is none.

    Raises `CommandFailed` when the store cannot serve, `UsageFault` when it is not this program's to use.
    """
    return carried_out(_opened(settings, work, create))


def carried_out(work: Coroutine[object, object, _T]) -> _T:
    """What `work` returns. Raises as `with_store` does."""
    import asyncio

    from daemon.ports import Unavailable
    from daemon.store.faults import StoreFault

    try:
        return asyncio.run(work)
    except StoreFault as fault:
        raise UsageFault(str(fault)) from fault
    except Unavailable as trouble:
        raise CommandFailed(f"{trouble.service}: {trouble}") from trouble


async def _opened(settings: Settings, work: Callable[[SqlStore], Awaitable[_T]], create: bool) -> _T:
    from daemon.store.database import open_store  # not through `app`, which loads all of the daemon

    async with open_store(settings.store.url, settings.desk.data_dir, create=create) as store:
        return await work(store)
