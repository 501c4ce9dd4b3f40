"""Measures the mail readers on a folder of public mails with known answers (`expectations.jsonl`).

    python bench/corpora.py FOLDER [--show CLASS]

Prints the score of each class and, with `--show`, the cases that differ. Nothing of the folder is kept.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from pathlib import Path

from daemon.core.values import Mail, MailClass, Unreadable
from daemon.mail.html_text import from_html
from daemon.mail.parse import parse
from daemon.mail.reply import is_forward, new_text


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument(
        "--show", choices=("reply", "bounce", "status", "recipient", "parse", "false"), default=""
    )
    args = arguments.parse_args()
    lines = (args.folder / "expectations.jsonl").read_text(encoding="utf-8").splitlines()
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    slowest = (0.0, "")
    for row in map(json.loads, lines):
        raw = (args.folder / row["file"]).read_bytes()
        begun = time.perf_counter()
        mail = parse(raw)
        slowest = max(slowest, (time.perf_counter() - begun, row["file"]))
        for kind, good, seen in _compared(row, raw, mail):
            total[kind] += 1
            right[kind] += good
            if not good and args.show == kind:
                print(f"## {row['file']}\n   {seen}")
    for kind in sorted(total):
        print(f"{kind:10} {right[kind]:4} of {total[kind]:4}")
    print(f"slowest    {slowest[0] * 1000:.0f} ms {slowest[1]}")


def _compared(row: dict, raw: bytes, mail: Mail | Unreadable) -> list[tuple[str, bool, str]]:
    found = []
    if row["class"] == "reply" and row["reply_text"] is not None:
        got = _reply_of(row["file"], raw, mail)
        found.append(
            (
                "reply",
                _flat(got) == _flat(row["reply_text"]),
                f"got {_flat(got)[:300]!r}\n   exp {_flat(row['reply_text'])[:300]!r}",
            )
        )
    is_bounce = isinstance(mail, Mail) and mail.mail_class is MailClass.BOUNCE
    if row["class"] == "bounce" and row.get("is_bounce") and not row.get("dup_of"):
        found.append(("bounce", is_bounce, repr(mail.subject)))
        if is_bounce and mail.bounce:
            if row.get("status"):
                found.append(
                    (
                        "status",
                        mail.bounce.status == row["status"],
                        f"{mail.bounce.status} != {row['status']}",
                    )
                )
            if row.get("bounced_recipient"):
                wanted = row["bounced_recipient"].lower()
                found.append(
                    ("recipient", mail.bounce.recipient == wanted, f"{mail.bounce.recipient} != {wanted}")
                )
    if row.get("is_bounce") is False or (
        row["class"] in ("reply", "parse", "attachment") and not row.get("is_bounce")
    ):
        found.append(("false", not is_bounce, f"taken for a bounce: {mail.subject!r}"))
    if row["class"] in ("parse", "attachment") and isinstance(mail, Mail):
        if row.get("subject") is not None:
            found.append(
                (
                    "parse",
                    _flat(mail.subject) == _flat(row["subject"]),
                    f"{mail.subject!r} != {row['subject']!r}",
                )
            )
        if row.get("attachments") is not None:
            count = len(mail.attachments)
            found.append(
                ("parse", count == row["attachments"], f"{count} attachments, not {row['attachments']}")
            )
    return found


def _reply_of(file: str, raw: bytes, mail: Mail | Unreadable) -> str:
    if file.endswith(".eml") and isinstance(mail, Mail):
        return mail.new_text
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    return new_text(from_html(text) if file.endswith(".html") else text, forwarded=is_forward(""))


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


if __name__ == "__main__":
    main()
