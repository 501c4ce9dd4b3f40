"""Speed of `daemon.mail.parse` beside bare mail-parser on the same bytes.

    python bench/mails.py FOLDER [FOLDER …]

Every *.eml below 300 KB is parsed ten times by each; the medians are summed.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mailparser

from daemon.mail.parse import parse


def main() -> None:
    files = [p for folder in sys.argv[1:] for p in sorted(Path(folder).rglob("*.eml"))]
    mails = [raw for raw in (p.read_bytes() for p in files) if len(raw) < 300_000]
    size = sum(map(len, mails))
    for name, read in (("mail-parser", mailparser.parse_from_bytes), ("daemon.mail.parse", parse)):
        seconds = sum(_median(read, raw) for raw in mails)
        print(f"{name:18} {len(mails) / seconds:7.0f} mails/s  {size / seconds / 1e6:6.2f} MB/s")


def _median(read: Callable[[bytes], object], raw: bytes) -> float:
    times = []
    for _ in range(10):
        begun = time.perf_counter()
        with contextlib.suppress(mailparser.MailParserRecursionError):
            read(raw)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


if __name__ == "__main__":
    main()
