"""`parse`: what the program reads in mail files, one JSON line each. No database, no model, no network.

It must stay quick (0.3 s for a small mail), so it reads the few settings that matter straight from the file,
and only when one is named.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daemon.cli.failure import UsageFault

if TYPE_CHECKING:
    from daemon.core.values import Mail, Unreadable

_ZONE: Final = "America/Toronto"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    zone: tzinfo
    address: str = ""
    voicemail_senders: tuple[str, ...] = ()


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = sub.add_parser(
        "parse",
        help="show what is read in mail files",
        description="Read mail files (.eml) and print one JSON object per file, in order.",
    )
    command.add_argument("files", nargs="+", metavar="FILE", help='a mail file; "-" reads paths from stdin')
    command.add_argument("--json", action="store_true", help="one JSON object per line (also the default)")
    command.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print a line for each file that can be opened; name the others. 1 when one could not be opened."""
    import json

    from daemon.mail.parse import parse

    desk = _desk(getattr(args, "config", None) or os.environ.get("AZIMUT_SUPPORT_CONFIG"))
    status = 0
    for name in _paths(args.files):
        try:
            raw = Path(name).read_bytes()
        except (OSError, ValueError) as trouble:
            reason = trouble.strerror if isinstance(trouble, OSError) and trouble.strerror else str(trouble)
            print(f"azimut-support: {_shown(name)}: {reason}", file=sys.stderr)  # noqa: T201 - the command's own voice
            status = 1
            continue
        mail = parse(raw, desk_address=desk.address, voicemail_senders=desk.voicemail_senders)
        line = json.dumps(as_json(name, mail, desk.zone), ensure_ascii=False)
        print(line.encode("utf-8", "replace").decode("utf-8"))  # noqa: T201 - data goes to stdout
    return status


def as_json(name: str, mail: Mail | Unreadable, zone: tzinfo) -> dict[str, object]:
    """The object of contract.md, every key always there."""
    from daemon.core.values import Mail

    if not isinstance(mail, Mail):
        return {
            "file": _shown(name),
            "class": "unreadable",
            "from": mail.from_.address if mail.from_ else None,
            "to": [],
            "cc": [],
            "subject": mail.subject,
            "date": None,
            "message_id": mail.message_id,
            "in_reply_to": None,
            "references": [],
            "language": None,
            "new_text": mail.text,
            "attachments": [],
            "masked": 0,
            "defects": [mail.reason],
            "bounce": None,
            "signs": [],
        }
    return {
        "file": _shown(name),
        "class": mail.mail_class.value,
        "from": mail.from_.address,
        "to": [a.address for a in mail.to],
        "cc": [a.address for a in mail.cc],
        "subject": mail.subject,
        "date": mail.date.astimezone(zone).isoformat() if mail.date else None,
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to[0] if mail.in_reply_to else None,
        "references": list(mail.references),
        "language": mail.language.value if mail.language else None,
        "new_text": mail.new_text,
        "attachments": [
            {"name": a.name, "type": a.media_type, "size": a.size, "sha256": a.sha256}
            for a in mail.attachments
        ],
        "masked": mail.masked,
        "defects": list(mail.defects),
        "bounce": {
            "recipient": mail.bounce.recipient,
            "action": mail.bounce.action,
            "status": mail.bounce.status,
        }
        if mail.bounce
        else None,
        "signs": list(mail.signs),
    }


def _paths(names: list[str]) -> Iterator[str]:
    for name in names:
        if name == "-":
            for line in sys.stdin:
                path = line.rstrip("\r\n")
                if path:
                    yield path
        else:
            yield name


def _shown(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


def _desk(config: str | None) -> _Desk:
    """Address, zone and phone senders of the configuration named, else the sample zone."""
    if not config:
        return _Desk(zone=ZoneInfo(_ZONE))
    import tomllib

    try:
        with Path(config).open("rb") as file:
            data = tomllib.load(file)
    except OSError as trouble:
        raise UsageFault(f"{config}: {trouble.strerror}: expected a configuration file") from trouble
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise UsageFault(f"{config}: is not TOML: {trouble}") from trouble
    desk, mail = _table(data, "desk"), _table(data, "mail")
    zone = str(desk.get("timezone", _ZONE))
    senders = mail.get("voicemail_senders", [])
    try:
        return _Desk(
            zone=ZoneInfo(zone),
            address=str(desk.get("address", "")),
            voicemail_senders=tuple(map(str, senders)) if isinstance(senders, list) else (),
        )
    except (ZoneInfoNotFoundError, ValueError, OSError) as trouble:
        raise UsageFault(
            f"{config}: desk.timezone is {zone!r}: expected a zone such as {_ZONE!r}"
        ) from trouble


def _table(data: dict[str, object], key: str) -> dict[str, object]:
    table = data.get(key, {})
    return table if isinstance(table, dict) else {}
