"""Text as HTML shows it: escaped, its hours kept whole, and the few links that our mails have.

In what the desk says the one link is its phone number; in an agent's own words also the web addresses that
the agent wrote. Nothing that a customer wrote is ever made a link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from daemon.mail import wording

_STYLE: Final = "color:#1b4f8a;"
_ENGLISH_HOUR: Final = re.compile(r"\b\d{1,2}(?::\d\d)? [ap]\.m\.")
"""Never parted at the end of a line: the text takes no no-break space in English, the HTML says it itself."""

_ADDRESS: Final = re.compile(r"(https?://[^\s<>\"«»“”]*[^\s<>\"«»“”.,;:!?)\]’'])", re.IGNORECASE)
"""A web address without the sentence's own mark at its end."""


def linked(text: str | Sequence[str], phone: str) -> Markup:
    """The text, or lines of one; the desk's phone number in it is a link (the one that needs no token)."""
    return _lines([text] if isinstance(text, str) else text, phone)


def worded(lines: Sequence[str], phone: str) -> Markup:
    """The words of an agent, who may send the reader to a page."""
    shown = [
        Markup("").join(
            _address(piece) if index % 2 else _plain(piece, phone)
            for index, piece in enumerate(_ADDRESS.split(line))
        )
        for line in lines
    ]
    return Markup("<br>").join(shown)


def _lines(lines: Sequence[str], phone: str) -> Markup:
    html = "<br>".join(str(escape(line)) for line in lines)
    return _marked(html, phone)


def _plain(text: str, phone: str) -> Markup:
    return _marked(str(escape(text)), phone)


def _marked(html: str, phone: str) -> Markup:
    """`html`: escaped."""
    if ".m." in html:
        html = _ENGLISH_HOUR.sub(r'<span style="white-space:nowrap;">\g<0></span>', html)
    if not phone or (shown := str(escape(phone))) not in html:
        return Markup(html)  # noqa: S704 - escaped by the caller
    number = escape(wording.phone_link(phone))
    link = f'<a href="tel:{number}" style="{_STYLE}white-space:nowrap;">{shown}</a>'
    return Markup(html.replace(shown, link))  # noqa: S704 - made of escaped pieces


def _address(url: str) -> Markup:
    shown = escape(url)
    return Markup(f'<a href="{shown}" style="{_STYLE}">{shown}</a>')  # noqa: S704 - escaped above
