"""Measures the mail readers on a folder of public mails with known answers (`expectations.jsonl`).

    python -m bench.corpora FOLDER [--folders] [--show CLASS] [--memory]

Prints the score of each class, with `--folders` for each source of mails on its own, and with `--show` the
cases that differ. A bounce that is not seen counts as a wrong status. "unlabelled" counts the mails taken for
a delivery report of which the corpus says neither yes nor no: look at them. Nothing of the folder is kept.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.core.values import Mail, MailClass, Unreadable
from daemon.mail.html_text import from_html
from daemon.mail.parse import parse
from daemon.mail.reply import is_forward, new_text

CLASSES = (
    "read",
    "reply",
    "reply-html",
    "reply-holds",
    "auto",
    "bounce",
    "status",
    "recipient",
    "false",
    "unlabelled",
    "subject",
    "sender",
    "attachments",
)
_COMMENT = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class Compared:
    """One expectation: its class, whether it was met, and what was seen."""

    kind: str
    good: bool
    seen: str


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--folders", action="store_true", help="the score of each source of mails too")
    arguments.add_argument("--show", choices=CLASSES, default="", help="print the cases that differ")
    arguments.add_argument("--memory", action="store_true", help="the most memory one mail takes (slow)")
    args = arguments.parse_args()
    rows = expectations(args.folder)
    right: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    slowest = (0.0, "")
    for row in rows:
        raw = (args.folder / row["file"]).read_bytes()
        begun = time.process_time()
        mail = parse(raw)
        slowest = max(slowest, (time.process_time() - begun, row["file"]))
        for found in compared(row, raw, mail):
            key = (found.kind, row["file"].partition("/")[0])
            total[key] += 1
            right[key] += found.good
            if not found.good and args.show == found.kind:
                print(f"## {row['file']}\n   {found.seen}")
    for kind in CLASSES:
        sources = sorted(source for k, source in total if k == kind)
        if not sources:
            continue
        print(_score(kind, sum(right[kind, s] for s in sources), sum(total[kind, s] for s in sources)))
        if args.folders:
            for source in sources:
                print(_score(f"  {source}", right[kind, source], total[kind, source]))
    print(f"slowest    {slowest[0] * 1000:.0f} ms of CPU {slowest[1]}")
    if args.memory:
        peak, file = most_memory(args.folder, [row["file"] for row in rows])
        print(f"memory     {peak / 1_000_000:.1f} MB {file}")


def expectations(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (folder / "expectations.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def most_memory(folder: Path, files: list[str]) -> tuple[int, str]:
    """The greatest peak of Python's memory over one parse, in bytes, beyond the bytes of the mail."""
    worst = (0, "")
    tracemalloc.start()
    for file in files:
        raw = (folder / file).read_bytes()
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        parse(raw)
        worst = max(worst, (tracemalloc.get_traced_memory()[1] - before, file))
    tracemalloc.stop()
    return worst


def compared(row: dict[str, Any], raw: bytes, mail: Mail | Unreadable) -> Iterator[Compared]:
    """Each expectation of one mail. A reply counts when it is exact but for white space; "read": no reader
    raised, though the mail may be one that nobody could answer."""
    raised = isinstance(mail, Unreadable) and mail.reason.startswith("cannot be read")
    yield Compared("read", not raised, repr(mail)[:300])
    if row["reply_text"] is not None:
        yield _reply(row, raw, mail)
    if row.get("reply_contains"):
        yield _holds(row, raw, mail)
    if row["is_auto"] is not None:
        seen = mail.mail_class if isinstance(mail, Mail) else None
        yield Compared("auto", (seen is MailClass.AUTO_REPLY) is row["is_auto"], f"{seen}: {mail.subject!r}")
    yield from _bounce(row, mail)
    if row["subject"] is not None:
        good = _flat(mail.subject) == _flat(row["subject"])
        yield Compared("subject", good, f"{mail.subject!r} != {row['subject']!r}")
    if row["from"] is not None:
        senders = [a.address for a in mail.senders] if isinstance(mail, Mail) else []
        wanted = _COMMENT.sub("", row["from"]).lower()  # a comment is no part of the address
        yield Compared("sender", wanted in senders, f"{senders} != {row['from']!r}")
    if row["attachments"] is not None:
        count = len(mail.attachments) if isinstance(mail, Mail) else 0
        yield Compared("attachments", count == row["attachments"], f"{count}, not {row['attachments']}")


def _reply(row: dict[str, Any], raw: bytes, mail: Mail | Unreadable) -> Compared:
    got, wanted = _flat(_reply_of(row["file"], raw, mail)), _flat(row["reply_text"])
    html = row.get("input") == "html"
    # The source of the HTML cases compares without white space: its answers come from another renderer.
    good = got.replace(" ", "") == wanted.replace(" ", "") if html else got == wanted
    return Compared("reply-html" if html else "reply", good, f"got {got[:300]!r}\n   exp {wanted[:300]!r}")


def _holds(row: dict[str, Any], raw: bytes, mail: Mail | Unreadable) -> Compared:
    """Some upstream tests only say what must, and what must not, be among the new words."""
    got = _flat(_reply_of(row["file"], raw, mail))
    lost = [words for words in row["reply_contains"] if _flat(words) not in got]
    left = [words for words in row.get("reply_not_contains") or [] if _flat(words) in got]
    return Compared("reply-holds", not lost and not left, f"lost {lost}, left {left}: {got[:300]!r}")


def _reply_of(file: str, raw: bytes, mail: Mail | Unreadable) -> str:
    if file.endswith(".eml") and isinstance(mail, Mail):
        return mail.new_text
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    return new_text(from_html(text) if file.endswith(".html") else text, forwarded=is_forward(""))


def _bounce(row: dict[str, Any], mail: Mail | Unreadable) -> Iterator[Compared]:
    seen = isinstance(mail, Mail) and mail.mail_class is MailClass.BOUNCE
    report = mail.bounce if isinstance(mail, Mail) else None
    if row["class"] == "bounce" and row["is_bounce"] and not row.get("dup_of"):
        yield Compared("bounce", seen, repr(mail.subject))
        for kind, key in (("status", "status"), ("recipient", "bounced_recipient")):
            if row[key]:
                got = (report.status if kind == "status" else report.recipient) if report else "not seen"
                yield Compared(kind, got == row[key].lower(), f"{got} != {row[key]}")
    elif row["is_bounce"] is False or row["class"] in ("reply", "forward", "auto"):
        yield Compared("false", not seen, f"taken for a bounce: {mail.subject!r}")
    elif row["is_bounce"] is None and row["class"] in ("parse", "attachment", "broken"):
        yield Compared("unlabelled", not seen, f"taken for a bounce: {mail.subject!r}")


def _score(name: str, right: int, total: int) -> str:
    return f"{name:31} {right:4} of {total:4}  {right / total:6.1%}"


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


if __name__ == "__main__":
    main()
