"""CPU of reading mails that are built to be slow, at one size and at twice that size.

    python -m bench.hostile [--bytes 300000] [SHAPE …]

A ratio near 2 is linear. Prints the slowest shapes first, the worst time a byte, and every shape that grows
faster than its size.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

from daemon.core.values import Unreadable
from daemon.mail.parse import parse

PERSON = b"From: a@b.example\n"
SERVER = b"From: MAILER-DAEMON@b.example\nReturn-Path: <>\nSubject: failure notice\n"
HTML = PERSON + b"Content-Type: text/html; charset=utf-8\n\n"
MIXED = PERSON + b"Content-Type: multipart/mixed; boundary=b\n\n"
REPORT = (
    SERVER + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
    b"--b\nContent-Type: message/delivery-status\n"
)
GROUP = b"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\n\n"
LEGAL = b"This confidential mail is for the recipient; in error, delete it: disclosure strictly prohibited. "

UNITS: dict[str, tuple[bytes, tuple[bytes, ...]]] = {
    "text": (
        PERSON + b"\n",
        (
            b"x",
            b">",
            b"> x\n",
            b">> << ",
            b"> a (http://x\n y)\n",
            b"On Mon, 9 Nov 2026 x <\n",
            b"On Mon 2026 a@b.c wrote ",
            b"On Mon 2026 a@b.c wrote\n",
            b"Le 9 nov. 2026, a <a@b.example> a \xc3\xa9crit\n",
            b"x On Mon 2026 wrote:\n> x\n",
            b"De : x\n",
            b"From: a@b.c\nDate: x\nSubject: y\n\n",
            b"-- \nx\n",
            b"-----\n",
            b"-----Original Message-----\n",
            b"Sent from my iPhone\n",
            b"Sent from my ",
            LEGAL,
            LEGAL + b"\n\n",
            b"4 ",
            b"42",
            b"4242-",
            b"a@",
            b"a.",
            b"\n",
            b"\r",
            b" ",
            b"begin 644 x\nM\n",
            b"\x1b[",
            "e\u0301".encode(),
            b"html version ",
        ),
    ),
    "flowed": (PERSON + b"Content-Type: text/plain; format=flowed\n\n", (b"> x \n", b"x \n", b"x ")),
    "coded": (PERSON + b"Content-Transfer-Encoding: base64\n\n", (b"A=\n", b"A", b"=")),
    "html": (
        HTML,
        (
            b"<div>",
            b"<blockquote>x",
            b"<",
            b"<a ",
            b'<a "',
            b"<a b='\"",
            b"&amp",
            b"&#1",
            b"<!--",
            b"<style>",
            b"<td>x",
            b"<li>",
            b"<a href=http://x>y",
            b"<a href=http://xyz.q/>y</a>",
            b"<br>",
            b"<p hidden>",
            b"<pre>\nx",
            b"<p>x",
            b"<img alt=x>",
            b" ",
        ),
    ),
    "subject": (PERSON + b"Subject: ", (b"x", b"=?utf-8?q?a?= ", b"=?utf-8?q?", b"=?", b"\xe9", b"4 ")),
    "to": (PERSON + b"To: ", (b",", b"a@b.c,", b"<", b'"', b"(", b"a@")),
    "from": (b"From: ", (b"a@", b"a", b"<", b"(", b'"')),
    "references": (PERSON + b"References: ", (b"<a@b> ", b"<a", b"< ")),
    "date": (PERSON + b"Date: ", (b"1 ", b"(", b"Mon ")),
    "type": (PERSON + b"Content-Type: text/plain", (b";", b";a=b", b'; "', b";a*0*=x")),
    "fields": (PERSON, (b"X: y\n", b"Received: x\n", b"From: a@b.example\n", b"X:\n y\n")),
    "parts": (MIXED, (b"--b\n\nx\n", b"--b\nContent-Disposition: attachment; filename=a\n\nx\n", b"--b\n")),
    "nested": (
        PERSON,
        (b"Content-Type: message/rfc822\n\n", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n"),
    ),
    "bounce": (
        SERVER + b"\n",
        (
            b"550 ",
            b"5.1.1 ",
            b"a.b.c.d.",
            b"a@b.c.d.e ",
            b"Message-ID: \n",
            b"recipient ",
            b"---- ",
            b"will keep ",
        ),
    ),
    "report": (REPORT + b"\n", (GROUP, b"\n", b"Action: failed\n")),
    "coded report": (REPORT + b"Content-Transfer-Encoding: quoted-printable\n\n", (GROUP, b"\n", b"=\n")),
    "diagnostic": (REPORT + b"\nAction: failed\nDiagnostic-Code: smtp; ", (b"550 ", b"550-5.", b"5.0.0 ")),
}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("shapes", nargs="*")
    p.add_argument("--bytes", type=int, default=300_000)
    args = p.parse_args()
    found = []
    for name, build in shapes():
        if args.shapes and name.partition(" of ")[0] not in args.shapes:
            continue
        once, twice = seconds(build(args.bytes)), seconds(build(2 * args.bytes))
        found.append((twice, once, name))
    for twice, once, name in sorted(found, reverse=True)[:12]:
        print(f"{once * 1000:7.0f} ms  {twice * 1000:7.0f} ms  ratio {twice / once:4.1f}  {name}")
    print(f"{len(found)} shapes; worst {max(found)[0] / (2 * args.bytes) * 1e9:.0f} ns a byte")
    for twice, once, name in found:
        if twice > 0.1 and twice / once > 2.8:
            print(f"grows faster than its size: {name} ({twice / once:.1f})")


def shapes() -> Iterator[tuple[str, Callable[[int], bytes]]]:
    """A name and a builder of a mail of about n bytes."""
    for kind, (head, units) in UNITS.items():
        for unit in units:

            def build(n: int, head: bytes = head, unit: bytes = unit) -> bytes:
                return head + unit * (n // len(unit))

            yield f"{kind} of {unit[:40]!r}", build


def seconds(raw: bytes) -> float:
    """CPU of one parse. A mail that cannot be read at all is a fault of the reader."""
    begun = time.process_time()
    mail = parse(raw)
    taken = time.process_time() - begun
    assert not (isinstance(mail, Unreadable) and mail.reason.startswith("cannot be read")), mail
    return max(taken, 1e-4)


if __name__ == "__main__":
    main()
