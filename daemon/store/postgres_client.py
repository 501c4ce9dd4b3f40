"""Tortoise's PostgreSQL client with sessions that need no cleaning up and keep
what they prepared.

Tortoise finds it as the engine `daemon.store.postgres_client`: who has SQLite loads no asyncpg.
It knows nothing of tables.
"""

from __future__ import annotations

from typing import Any, Final

from asyncpg.connection import Connection  # type: ignore[import-untyped]
from tortoise.backends.asyncpg.client import AsyncpgDBClient

PREPARED: Final = {"statement_cache_size": 1000, "max_cacheable_statement_size": 0}
"""asyncpg keeps 100 statements of at most 15 kB. Ours come in more shapes (so many rows in one INSERT); each
that was dropped costs one more way to the server and its planning."""


class Session(Connection):  # type: ignore[misc]  # it has no types
    def get_reset_query(self) -> str:
        """Nothing: no statement of ours locks, listens, sets or opens a cursor for its session, and asyncpg
        would ask the server four things each time a connection goes back to the pool."""
        return ""


class PooledClient(AsyncpgDBClient):
    connection_class = Session

    async def create_pool(self, **kwargs: Any) -> Any:
        return await super().create_pool(**PREPARED, **kwargs)


client_class = PooledClient
