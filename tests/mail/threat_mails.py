"""Loads the threat mails: their exact bytes with the placeholders replaced, and what is expected."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("AZIMUT_THREATS", "") or Path(__file__).parent.parent / "fixtures" / "threats")
PLACEHOLDERS = {
    "TICKET_REF": "AZ-1042",
    "SUBJECT_TAG": "[AZ-1042]",
    "ACK_MESSAGE_ID": "az.1042.ack.k7q2m5@azimutpos.com",
    "AGENT_NOTIFICATION_MESSAGE_ID": "az.1042.notification.w2r8@azimutpos.com",
    "CMD_CLOSE": "#fermer",
}


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("[0-9]*.json"))


def load(
    name: str, values: Mapping[str, str] | None = None, most: int = 400_000
) -> tuple[bytes, dict[str, Any]]:
    """The bytes and the expectations of one case, its placeholders replaced by `values` or made-up ones; a
    placeholder to be repeated grows to `most` bytes or so."""
    raw = (FOLDER / f"{name}.eml").read_bytes()
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    for key, value in {**PLACEHOLDERS, **(values or {})}.items():
        mark = "{{" + key + "}}"
        raw = raw.replace(mark.encode(), value.encode())
        text = text.replace(mark, json.dumps(value)[1:-1])
    spec: dict[str, Any] = json.loads(text)
    fill = spec.get("expand")
    if fill:
        times = min(fill["times"], max(most // len(fill["text"].encode()), 1))
        raw = raw.replace(fill["placeholder"].encode(), fill["text"].encode() * times)
    return raw, spec
