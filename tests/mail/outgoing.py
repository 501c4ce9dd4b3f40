"""For tests of the mails we send: a composer, its mail read back by the library, its visible words."""

from __future__ import annotations

import re
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

from daemon.core.values import OutboxRow
from daemon.mail.compose import Composer, Rendered, enclosed
from daemon.mail.proof import SAMPLE_DESK

COMPOSER = Composer(SAMPLE_DESK)


def render(row: OutboxRow, now: datetime | None = None) -> Rendered:
    """The mail, with files of no content where it takes any along."""
    return COMPOSER.render(row, now or row.queued_at, dict.fromkeys(enclosed(row), b"x"))


def read_back(rendered: Rendered) -> EmailMessage:
    message = message_from_bytes(rendered.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.links: list[tuple[str, str]] = []
        self._skip = 0
        self._button = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("style", "title"):
            self._skip += 1
        if tag in ("p", "li", "br", "blockquote"):
            self.found.append("\n")
        if tag == "a":
            self.links.append((given.get("href") or "", ""))
            if given.get("class") == "button":
                self._skip += 1
                self._button = given.get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "title") or (tag == "a" and self._button):
            self._skip -= 1
            self._button = ""

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.found.append(data)


def html_words(html: str) -> list[str]:
    """The visible lines of the HTML, its one-tap buttons left out."""
    parser = _Words()
    parser.feed(html)
    return [line.strip(" ") for line in "".join(parser.found).split("\n") if line.strip(" ")]


def text_words(text: str) -> list[str]:
    """The lines of the text without their list marks and visible rules."""
    return [
        re.sub(r"^  (?:\d+\.|[–-]) ", "", line).strip(" ")
        for line in text.split("\n")
        if line.strip(" ") and line != "________"
    ]


def links(html: str) -> list[str]:
    parser = _Words()
    parser.feed(html)
    return [href for href, _ in parser.links]
