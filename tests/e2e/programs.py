"""The mail programs of the people in the end-to-end tests: real ones in batch (neomutt, s-nail), and the
forms of those that run on no server, as `tests.mail.client_replies` has them, around the real mail that is
answered."""

from __future__ import annotations

import html
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.mail.client_replies import H_EN, H_FR, OLD_EN, OLD_FR, Q_EN, Q_FR, REPLIES, Reply, quoted


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return "" if body is None else body.get_content().replace("\r\n", "\n").strip()


def form(name: str, language: str = "fr") -> Reply:
    return next(r for r in REPLIES if (r.name, r.language) == (name, language))


def answer(mail: EmailMessage, sender: str, words: str, written_in: Reply) -> bytes:
    """`words` as an answer to this mail of ours, in the form of that program: quoted as it quotes."""
    ours = text_of(mail)
    said = _lines(words) if "html" in written_in.kind else words
    body = written_in.body
    for old, quote in (
        (Q_FR, quoted(ours)),
        (Q_EN, quoted(ours)),
        (H_FR, _lines(ours)),
        (H_EN, _lines(ours)),
    ):
        body = body.replace(old, quote)
    for old in (OLD_FR, OLD_EN):
        body = body.replace(old, ours)
    domain = parseaddr(sender)[1].rpartition("@")[2]
    head = (
        f"From: {sender}\nTo: {mail['Reply-To'] or mail['From']}\nSubject: Re: {mail['Subject']}\n"
        f"Message-ID: <{uuid.uuid4()}@{domain}>\nIn-Reply-To: {mail['Message-ID']}\n"
        f"References: {mail['Message-ID']}\nDate: Mon, 9 Nov 2026 15:20:00 -0500\nMIME-Version: 1.0\n"
        f"Content-Type: {written_in.kind}\nContent-Transfer-Encoding: 8bit\n"
    )
    return f"{head}\n{body.replace('{words}', said)}\n".replace("\n", "\r\n").encode()


def _lines(text: str) -> str:
    return "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in text.split("\n"))


def one_tap(mail: EmailMessage, command: str) -> tuple[str, str, str]:
    """Address, subject and body of the link in this mail that sends `command`."""
    page = mail.get_body(("html",))
    source = page.get_content() if page is not None else ""
    for link in source.split('href="')[1:]:
        url = html.unescape(link.partition('"')[0])
        if url.startswith("mailto:"):
            parts = urlsplit(url)
            fields = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
            if fields.get("body") == command:
                return unquote(parts.path), fields["subject"], fields["body"]
    raise AssertionError(f"no link sends {command!r}")


@dataclass(frozen=True, slots=True)
class Batch:
    """neomutt and s-nail, sending into files: what they hand to sendmail is what a server would get."""

    folder: Path

    def neomutt(self, mail: EmailMessage, sender: str, words: str, *attached: Path) -> bytes:
        """An answer from neomutt, with the mail quoted below the words as `include=yes` does."""
        body = (
            f"{words}\n\nOn Mon, Nov 09, 2026 at 09:15:00AM -0500, Soutien Azimut POS wrote:\n"
            f"{quoted(text_of(mail))}\n"
        )
        rc = self.folder / "neomuttrc"
        rc.write_text(
            f'set from="{sender}"\nset use_from=yes\nset copy=no\nset charset=utf-8\nset send_charset=utf-8\n'
            f'set hostname="azimutpos.com"\nset sendmail="{self._sendmail()}"\nset tmpdir="{self.folder}"\n'
            f"my_hdr In-Reply-To: {mail['Message-ID']}\nmy_hdr References: {mail['Message-ID']}\n"
        )
        command = ["neomutt", "-n", "-F", str(rc), "-s", f"Re: {mail['Subject']}"]
        files = [part for path in attached for part in ("-a", str(path))]
        return self._sent([*command, *files, "--", str(mail["Reply-To"] or mail["From"])], body)

    def s_nail(self, to: str, subject: str, sender: str, words: str) -> bytes:
        command = ["s-nail", "-:/", "-S", f"mta={self._sendmail()}", "-S", f"from={sender}"]
        return self._sent([*command, "-S", "sendcharsets=utf-8", "-s", subject, to], words)

    def _sendmail(self) -> Path:
        script = self.folder / "sendmail"
        script.write_text(f"#!/bin/sh\ncat > '{self.folder}/sent'\n")
        script.chmod(0o700)
        return script

    def _sent(self, command: list[str], typed: str = "") -> bytes:
        if shutil.which(command[0]) is None:
            if os.environ.get("CI"):
                raise RuntimeError(f"{command[0]} is missing: scripts/servers installs it")
            pytest.skip(f"{command[0]} is not installed")
        sent = self.folder / "sent"
        sent.unlink(missing_ok=True)
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        subprocess.run(command, input=typed, env=environment, capture_output=True, text=True, check=True)
        return sent.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
