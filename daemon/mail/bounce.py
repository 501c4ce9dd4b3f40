"""Delivery reports: RFC 3464, and by `bounce_prose` the forms of servers that do not write it.

It says which address failed, how, and which mail of ours came back. What follows is for the core.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from daemon.core.values import BounceReport
from daemon.mail import bounce_prose, tree
from daemon.mail.bounce_codes import address_in, status_of
from daemon.mail.part import Part
from daemon.mail.sanitize import clean_line

_READ: Final = 60_000
_MOST_GROUPS: Final = 200
_MESSAGE_ID: Final = re.compile(
    rb"^[ \t>]{0,4}Message-ID:[ \t]*(?:\r?\n[ \t]+)?<([^<>\s]{1,900})>", re.MULTILINE | re.IGNORECASE
)
_BLANK_LINE: Final = re.compile(rb"\r?\n[ \t]*\r?\n")

_DAEMON: Final = re.compile(
    r"mailer-?daemon|post[-_.]?master|mail[-_.]?delivery|mdaemon|mail\.daemon|microsoftexchange|daemon@",
    re.IGNORECASE,
)
_BOUNCES: Final = re.compile(r"(?:^|[-_.+=])bounces?(?:$|[-_.+=])", re.IGNORECASE)
"""As a word of the local part: a shop may be called Bounce House."""
_REPORTS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED: Final = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
)
_GROUP_FIELDS: Final = ("final-recipient", "original-recipient", "action")


def report(
    top: Part, leaves: Sequence[tree.Leaf], *, sender: str, subject: str, text: str
) -> BounceReport | None:
    """What the delivery report says, None when the mail is none. `sender`: bare address of From, "" for
    none; `text`: the mail's text."""
    text = text[:_READ]
    found = _structured(leaves, text) if _from_server(top, sender) else None
    if found is None and _report_type(top) in ("disposition-notification", "feedback-report"):
        return None
    if found is None:
        found = bounce_prose.report(
            top, from_server=_is_server(top, sender), subject=subject, text=text, is_server=_DAEMON.search
        )
    return replace(found, original_message_id=_returned_id(leaves)) if found is not None else None


def _from_server(top: Part, sender: str) -> bool:
    """No person sent it: the report in a mail that somebody forwards is that somebody's question. Some
    gateways write "From: <>"."""
    nobody = top.first("return-path").strip() == "<>" or not sender
    submitted = top.first("auto-submitted").strip().lower()
    return _is_server(top, sender) or nobody or submitted not in ("", "no")


def _is_server(top: Part, sender: str) -> bool:
    return bool(
        _DAEMON.search(sender)
        or _BOUNCES.search(sender.rpartition("@")[0])
        or _DAEMON.search(top.first("from"))
        or _report_type(top) == "delivery-status"
    )


def _report_type(top: Part) -> str:
    return top.parameter("report-type").lower()


def _structured(leaves: Sequence[tree.Leaf], text: str) -> BounceReport | None:
    """RFC 3464. Of several recipients the first that failed speaks, else the first."""
    groups = list(_all_groups(leaves)) or list(_wrapped_groups(leaves))
    if not groups:
        return None
    chosen = next((g for g in groups if _action(g) == "failed"), groups[0])
    recipient = address_in(chosen.first("final-recipient")) or address_in(chosen.first("original-recipient"))
    diagnostic = chosen.first("diagnostic-code")
    return BounceReport(
        recipient=recipient,
        action=_action(chosen),
        status=status_of(chosen.first("status"), diagnostic, recipient, bounce_prose.own_words(text)),
        diagnostic=clean_line(diagnostic, 500),
    )


def _all_groups(leaves: Sequence[tree.Leaf]) -> Iterator[Part]:
    return (g for leaf in leaves if leaf.media_type in _REPORTS for g in _groups(leaf))


def _wrapped_groups(leaves: Sequence[tree.Leaf]) -> Iterator[Part]:
    """Gateways attach another server's report to their own covering note."""
    for leaf in leaves:
        for inner in (leaf.part.children() or [])[:1] if leaf.media_type == "message/rfc822" else []:
            if _report_type(inner) == "delivery-status":
                yield from _all_groups(list(tree.leaves(inner, [])))


def _groups(leaf: tree.Leaf) -> Iterator[Part]:
    """The per-recipient groups; some servers write them as one with the group of the mail."""
    for block in _blocks(leaf)[:_MOST_GROUPS]:
        if any(block.first(name) for name in _GROUP_FIELDS):
            yield block


def _blocks(leaf: tree.Leaf) -> list[Part]:
    """The groups of fields. RFC 3464 section 2.1 wants them unencoded and some encode them: the standard
    parser then takes the encoding for fields."""
    groups = leaf.part.children() or []
    encoding = leaf.part.first("content-transfer-encoding").strip().lower()
    if encoding not in ("quoted-printable", "base64"):
        return groups
    written = "\n\n".join(map(_as_written, groups)).encode("ascii", "ignore")[:_READ]
    try:
        plain = quopri.decodestring(written) if encoding == "quoted-printable" else base64.b64decode(written)
    except binascii.Error:
        return []  # the prose beside it is read
    blocks = _BLANK_LINE.split(plain)[:_MOST_GROUPS]
    return [tree.read(block.strip()).top for block in blocks]


def _as_written(group: Part) -> str:
    """The text that the parser took apart: where it met a line that is no field, the rest is the payload."""
    fields = "\n".join(f"{name}: {value}" for name, value in group.raw_items())
    return f"{fields}\n{group.source()}".strip("\n")


def _action(group: Part) -> str:
    word = group.first("action").split()[:1]
    action = word[0].lower().strip(";,.()") if word else ""
    if action in ("failed", "delayed", "delivered", "relayed", "expanded"):
        return action
    if action in ("failure", "fail", "dropped", "error"):
        return "failed"
    first_digit = group.first("status").strip()[:1]
    return {"2": "delivered", "4": "delayed"}.get(first_digit, "failed")


def _returned_id(leaves: Sequence[tree.Leaf]) -> str | None:
    """The Message-ID of the mail that came back: in the returned mail or its headers, else in the text below
    "this is a copy"."""
    returned = [leaf for leaf in leaves if leaf.media_type in _RETURNED]
    texts = [leaf for leaf in leaves if leaf.media_type.startswith(("text/plain", "text/html", "multipart/"))]
    for leaf in [*returned, *texts]:
        found = _MESSAGE_ID.search(leaf.content[:_READ])
        if found:
            return found[1].decode("utf-8", "replace")
    return None
