"""Where a store is: the URL of the configuration, read once. It opens nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from daemon.store.faults import StoreFault

MIGRATIONS = "daemon.store.migrations"

_TABLES: Final = ("tables", "tables_mail", "tables_sla", "tables_course")
_SQLITE: Final = "sqlite://"
_POSTGRES: Final = ("postgres://", "postgresql://", "asyncpg://")
_PRAGMAS: Final[dict[str, object]] = {
    # In this order: the first statement already waits for other processes.
    "busy_timeout": 5000,
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "secure_delete": "ON",  # what is erased does not stay in free pages of the file
    "journal_size_limit": 64 * 1024 * 1024,
}


class Dialect(StrEnum):
    SQLITE = "sqlite"
    POSTGRES = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """`path` None: PostgreSQL, or SQLite in memory."""

    dialect: Dialect
    url: str
    path: Path | None = None

    def config(self, *, read_only: bool = False) -> dict[str, Any]:
        """Tortoise's configuration. The connection is named after its dialect, for Tortoise caches the
        statements it built by that name."""
        return {
            "connections": {self.dialect.value: self._connection(read_only)},
            "apps": {
                "desk": {
                    "models": [f"daemon.store.{name}" for name in _TABLES],
                    "migrations": MIGRATIONS,
                    "default_connection": self.dialect.value,
                }
            },
            "use_tz": True,
            "timezone": "UTC",
        }

    def _connection(self, read_only: bool) -> dict[str, Any]:
        if self.dialect is Dialect.SQLITE:
            credentials: dict[str, Any] = {"file_path": str(self.path or ":memory:"), **_PRAGMAS}
            if read_only:
                credentials["query_only"] = "ON"
            return {"engine": "daemon.store.sqlite_client", "credentials": credentials}
        from tortoise.backends.base.config_generator import expand_db_url

        found: dict[str, Any] = expand_db_url(self.url)
        found["engine"] = "daemon.store.postgres_client"
        if read_only:
            found["credentials"]["server_settings"] = {"default_transaction_read_only": "on"}
        return found


def read_url(url: str) -> Location:
    """`sqlite:///absolute/path`, `sqlite://:memory:` or `postgres://…`. Raises `StoreFault` for anything
    else. Its text never repeats a PostgreSQL URL: there may be a password in it."""
    if url.startswith(_POSTGRES):
        return Location(dialect=Dialect.POSTGRES, url="asyncpg://" + url.partition("://")[2])
    if url == "sqlite://:memory:":
        return Location(dialect=Dialect.SQLITE, url=url)
    if url.startswith(_SQLITE):
        path = Path(url.removeprefix(_SQLITE))
        if "?" in url or not path.is_absolute():
            raise StoreFault(f"[store] url is {url}: expected sqlite:///absolute/path/of/the/file")
        return Location(dialect=Dialect.SQLITE, url=url, path=path)
    raise StoreFault("[store] url: expected sqlite:///absolute/path/of/the/file or postgres://…")
