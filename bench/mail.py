"""CPU of reading and writing a mail, stage by stage, beside bare mail-parser on the same bytes.

    python -m bench.mail [--mails 400] [--rounds 5] [FOLDER …]

Without folders the mails are those of `bench.throughput`; with folders, every *.eml below 300 kB in them.
Each stage is run over all mails and the best round counts: process time, so that neighbours disturb little.
Prints milliseconds a mail and the ratio parse/mail-parser, which is to stay below 1.5.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mailparser
from mailparser.exceptions import MailParserRecursionError

from bench.throughput import mixed_mails
from daemon.core.values import Language
from daemon.mail import automatic, body, bounce, header, headers, reply, samples, tree
from daemon.mail.compose import Composer
from daemon.mail.language import vote
from daemon.mail.parse import parse
from daemon.mail.proof import SAMPLE_DESK

LARGEST = 300_000
WITH_ATTACHMENT = 40_000
"""Bytes from which a mail of the mix is one with an attachment."""


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folders", nargs="*", type=Path)
    p.add_argument("--mails", type=int, default=400)
    p.add_argument("--rounds", type=int, default=5)
    args = p.parse_args()
    files = [path for folder in args.folders for path in sorted(folder.rglob("*.eml"))]
    mails = [raw for raw in (path.read_bytes() for path in files) if len(raw) < LARGEST]
    mails = mails or mixed_mails(args.mails)
    show_reading(mails, args.rounds)
    show_writing(args.rounds)


def show_reading(mails: Sequence[bytes], rounds: int) -> None:
    small = [raw for raw in mails if len(raw) < WITH_ATTACHMENT]
    large = [raw for raw in mails if len(raw) >= WITH_ATTACHMENT]
    print(
        f"reading, ms a mail ({len(mails)} mails, {len(large)} of them {WITH_ATTACHMENT // 1000} kB and more)"
    )
    show_stages(mails, rounds)
    for name, group in (("all", mails), ("small", small), ("large", large)):
        if group:
            ours, bare = best(parse, group, rounds), best(by_mail_parser, group, rounds)
            print(f"  {name:8} parse {ours:7.3f}   mail-parser {bare:7.3f}   ratio {ours / bare:.2f}")


def show_stages(mails: Sequence[bytes], rounds: int) -> None:
    """What `parse` does, step by step, each on what the step before it left."""
    trees = [tree.read(raw) for raw in mails]
    read = [(t.top, header.read(t.top), body.read(t)) for t in trees]
    stages: list[tuple[str, Callable[[Any], object], Sequence[Any]]] = [
        ("tree", tree.read, mails),
        ("header", lambda t: header.read(t.top), trees),
        ("body", body.read, trees),
        ("bounce", lambda m: bounce.report(m[0], m[2].leaves, sender="", subject="", text=m[2].text), read),
        (
            "class",
            lambda m: automatic.classify(m[0], sender="a@b", subject=m[1].subject, bounced=False),
            read,
        ),
        ("reply", lambda m: reply.new_text(m[2].text), read),
        ("language", lambda m: vote(m[2].text), read),
    ]
    for name, step, given in stages:
        print(f"  {name:10} {best(step, given, rounds):7.3f}")


def show_writing(rounds: int) -> None:
    rows = [row for language in Language for row in samples.every("ack", language)]
    composer = Composer(SAMPLE_DESK)
    done = [composer.render(row, row.queued_at) for row in rows]
    print(f"writing, ms a mail ({len(rows)} acknowledgements)")
    parts = [[("plain", mail.text), ("html", mail.html)] for mail in done]
    print(f"  {'body bytes':10} {best(lambda two: headers.alternative(two, 'seed'), parts, rounds):7.3f}")
    print(f"  {'render':10} {best(lambda row: composer.render(row, row.queued_at), rows, rounds):7.3f}")


def by_mail_parser(raw: bytes) -> None:
    with contextlib.suppress(MailParserRecursionError, AttributeError):  # on some broken mails
        mailparser.parse_from_bytes(raw)


def best(step: Callable[[Any], object], given: Sequence[Any], rounds: int) -> float:
    """Milliseconds of CPU for one of `given`, in the best round."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        for one in given:
            step(one)
        found.append(time.process_time() - begun)
    return min(found) / len(given) * 1000


if __name__ == "__main__":
    main()
