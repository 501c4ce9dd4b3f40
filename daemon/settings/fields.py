"""The types of configuration keys: each reads what TOML holds, or says what it expected instead.

Everything is judged here, so that pydantic never words a fault: a `ValueError` text goes to the owner as is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, ValidationInfo

from daemon.core.commands.vocabulary import known as command_named
from daemon.core.values import Language
from daemon.settings import notation

_HANDLE: Final = re.compile(r"[a-z][a-z0-9._-]{0,31}")
_TAKEN: Final = frozenset({"moi", "me", "mine", "moi-meme", "myself", "retard", "late", "overdue"})
"""What agents say for themselves, and whose tickets a list shows."""
_POSTGRES: Final = ("postgres://", "postgresql://")
_SQLITE: Final = "sqlite://"


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a text in quotes")  # noqa: TRY004 - pydantic collects only ValueError
    return value


def _line(value: object) -> str:
    return notation.line(text(value))


def _required_line(value: object) -> str:
    shown = _line(value)
    if not shown:
        raise ValueError("expected a text that is not empty")
    return shown


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004
    return value


def _whole(low: int, high: int | None = None) -> Callable[[object], int]:
    expected = f"expected a whole number from {low}" + ("" if high is None else f" to {high}")

    def read(value: object) -> int:
        top = sys.maxsize if high is None else high
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= top:
            raise ValueError(expected)
        return value

    return read


def _duration(value: object) -> int:
    return notation.duration("0" if value == 0 and value is not False else _or_empty(value))


def _positive_duration(value: object) -> int:
    seconds = _duration(value)
    if seconds < 1:
        raise ValueError('expected a duration of at least "1s"')
    return seconds


def _duration_or_none(value: object) -> int | None:
    return _duration(value) or None if value != "" else None


def _size(value: object) -> int:
    size = notation.size(_or_empty(value))
    if size < notation.KB:
        raise ValueError('expected a size of at least "1KB"')
    return size


def _clock_or_none(value: object) -> time | None:
    return notation.clock_time(_or_empty(value)) if value != "" else None


def _or_empty(value: object) -> str:
    return value if isinstance(value, str) else ""


def _zone(value: object) -> str:
    import zoneinfo

    name = _or_empty(value)
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as trouble:
        from difflib import get_close_matches

        near = get_close_matches(name, zoneinfo.available_timezones(), 1) or ["America/Toronto"]
        raise ValueError(f'expected a time zone of the IANA list such as "{near[0]}"') from trouble
    return name


def _address(value: object) -> str:
    return notation.address(_or_empty(value))


def _domain(value: object) -> str:
    return notation.domain(_or_empty(value))


def _sender(value: object) -> str:
    """An address, or every address of a domain written "@phones.example"."""
    entry = _or_empty(value).strip()
    return "@" + notation.domain(entry) if entry.startswith("@") else notation.address(entry)


def _phone(value: object) -> str:
    shown = _line(value)
    if shown:
        notation.phone(shown)  # told to people as the owner writes it, so only checked
    return shown


def _handle(value: object) -> str:
    handle = _or_empty(value).strip().lower()
    if not _HANDLE.fullmatch(handle):
        raise ValueError('expected a short name for commands such as "alex": letters, digits, . _ -')
    if handle in _TAKEN or command_named(handle) is not None:
        raise ValueError('expected a short name such as "alex" that is no command\'s own word')
    return handle


def _each(read: Callable[[object], str], example: str) -> Callable[[object], tuple[str, ...]]:
    def read_all(value: object) -> tuple[str, ...]:
        expected = f'expected a list such as ["{example}"]'
        if not isinstance(value, list):
            raise ValueError(expected)  # noqa: TRY004
        items: list[str] = []
        for item in value:
            try:
                items.append(read(item))
            except ValueError as wrong:
                raise ValueError(f"{expected}, but {item!r} stands in it") from wrong
        return tuple(dict.fromkeys(items))

    return read_all


def _language(value: object) -> Language:
    if value not in ("fr", "en"):
        raise ValueError('expected "fr" or "en"')
    return Language(value)


def _choice(*words: str) -> Callable[[object], object]:
    expected = "expected " + ", ".join(f'"{word}"' for word in words[:-1]) + f' or "{words[-1]}"'

    def read(value: object) -> object:
        if value not in words:
            raise ValueError(expected)
        return value

    return read


def _path(value: object, info: ValidationInfo) -> Path:
    """A path; a relative one starts at the folder of the configuration file (`context["folder"]`)."""
    written = str(value) if isinstance(value, Path) else text(value)
    if not written or "\0" in written:
        raise ValueError("expected a path")
    return Path(_folder(info), written)


def _path_or_none(value: object, info: ValidationInfo) -> Path | None:
    return _path(value, info) if value != "" else None


def _folder_or_none(value: object, info: ValidationInfo) -> Path | None:
    path = _path_or_none(value, info)
    if path is not None and not path.is_dir():
        raise ValueError(f"expected a folder that exists (looked at {path})")
    return path


def _store_url(value: object, info: ValidationInfo) -> str:
    """A PostgreSQL URL as it is; an SQLite one with an absolute path, "sqlite:///var/lib/…"."""
    url = _or_empty(value).strip()
    if url.startswith(_POSTGRES) and len(url) > len("postgresql://"):
        return url
    path = url.removeprefix(_SQLITE)
    if not url.startswith(_SQLITE) or not path or path.endswith("/") or "?" in path or "\0" in path:
        raise ValueError('expected "sqlite:///path/desk.sqlite3" or "postgres://user@host/database"')
    if path == ":memory:":
        return url
    absolute = "/" + path.lstrip("/") if path.startswith("/") else str(_folder(info) / path)
    return _SQLITE + absolute


def _folder(info: ValidationInfo) -> Path:
    context = info.context or {}
    return Path(context.get("folder", "."))


def _listen(value: object) -> str:
    """ "host:port", "[::1]:port", or empty."""
    where = _or_empty(value).strip()
    host, _, port = where.rpartition(":")
    usable = bool(host) and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536
    bracketed = host.startswith("[") and host.endswith("]")
    if value != "" and (not usable or (":" in host and not bracketed)):
        raise ValueError('expected "host:port" such as "127.0.0.1:9464", or "" for off')
    return where


_TLS: Final = BeforeValidator(_choice("implicit", "starttls", "none"))

Line = Annotated[str, BeforeValidator(_line)]
RequiredLine = Annotated[str, BeforeValidator(_required_line)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Port = Annotated[int, BeforeValidator(_whole(1, 65_535))]
Connections = Annotated[int, BeforeValidator(_whole(1, 50))]
Count = Annotated[int, BeforeValidator(_whole(0))]
Duration = Annotated[int, BeforeValidator(_duration)]
PositiveDuration = Annotated[int, BeforeValidator(_positive_duration)]
OptionalDuration = Annotated[int | None, BeforeValidator(_duration_or_none)]
Size = Annotated[int, BeforeValidator(_size)]
OptionalClockTime = Annotated[time | None, BeforeValidator(_clock_or_none)]
Zone = Annotated[str, BeforeValidator(_zone)]
AddressText = Annotated[str, BeforeValidator(_address)]
Addresses = Annotated[tuple[str, ...], BeforeValidator(_each(_address, "alex@azimutpos.com"))]
Senders = Annotated[tuple[str, ...], BeforeValidator(_each(_sender, "voice@phones.example"))]
Domains = Annotated[tuple[str, ...], BeforeValidator(_each(_domain, "azimutpos.com"))]
Names = Annotated[tuple[str, ...], BeforeValidator(_each(_required_line, "mx.azimutpos.com"))]
Phone = Annotated[str, BeforeValidator(_phone)]
Handle = Annotated[str, BeforeValidator(_handle)]
DeskLanguage = Annotated[Language, BeforeValidator(_language)]
FilePath = Annotated[Path, BeforeValidator(_path)]
OptionalFile = Annotated[Path | None, BeforeValidator(_path_or_none)]
OptionalFolder = Annotated[Path | None, BeforeValidator(_folder_or_none)]
StoreUrl = Annotated[str, BeforeValidator(_store_url)]
Listen = Annotated[str, BeforeValidator(_listen)]
Tls = Annotated[Literal["implicit", "starttls", "none"], _TLS]
Auth = Annotated[Literal["password", "xoauth2"], BeforeValidator(_choice("password", "xoauth2"))]
CardMails = Annotated[Literal["replace", "keep"], BeforeValidator(_choice("replace", "keep"))]
