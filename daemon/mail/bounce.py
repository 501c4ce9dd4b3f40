"""Delivery reports: RFC 3464, and the forms of servers that do not write it (Exim, qmail, older Postfix and
Sendmail, Exchange, the great providers).

It says which address failed, how, and which mail of ours came back. What follows is for the core.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from daemon.core.values import BounceReport
from daemon.mail import tree
from daemon.mail.part import Part
from daemon.mail.sanitize import clean_line

_READ: Final = 60_000
_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]|\w)")
_REPLY_CODE: Final = re.compile(r"(?<![\d.-])(?<!\d )(4[2-5]\d|5[0-5]\d)[ -](?=#?[45]\.|[^\d\s])")
_MESSAGE_ID: Final = re.compile(
    rb"^[ \t>]{0,4}Message-ID:[ \t]*(?:\r?\n[ \t]+)?<([^<>\s]{1,900})>", re.MULTILINE | re.IGNORECASE
)

_DAEMON: Final = re.compile(
    r"mailer-?daemon|postmaster|mail[-_.]?delivery|mdaemon|mail\.daemon|microsoftexchange|daemon@",
    re.IGNORECASE,
)
_BOUNCES: Final = re.compile(r"(?:^|[-_.+=])bounces?(?:$|[-_.+=])", re.IGNORECASE)
"""As a word of the local part: a shop may be called Bounce House."""
_SUBJECT: Final = re.compile(
    r"undeliver|returned (?:mail|to sender)|return(?:ed)? (?:message|e-?mail)|delivery (?:status|"
    r"failure|failed|has failed|report|notification|problem|error|unsuccessful|delayed)|"
    r"failure (?:notice|delivery)|fail(?:ed|ure) (?:to )?deliver|mail (?:delivery|system) (?:fail|"
    r"error|status|subsystem|problem)|(?:could not|cannot|can't|unable to) (?:be )?(?:deliver|send)|"
    r"not delivered|non[- ](?:remis|livr|delivr|distribu)|(?:échec|echec|erreur) (?:de |"
    r"d['’])?(?:la )?(?:remise|livraison|distribution|envoi)|remise (?:impossible|retardée|différée)|"
    r"delayed mail|warning: (?:could not send|message)|message (?:status|delayed|undeliver|"
    r"not delivered|delivery)|notification d['’]état|unzustellbar|mail could not|"
    r"user unknown|unknown user|mail error|error sending|nondeliver|non-deliver|rejected|bounce|"
    r"mailbox (?:full|unavailable)|host unknown",
    re.IGNORECASE,
)
_BODY: Final = re.compile(
    r"undeliver|could not be delivered|couldn't be delivered|was not delivered|"
    r"not able to deliver|unable to deliver|cannot deliver|can't deliver|"
    r"delivery (?:has )?(?:failed|to the following)|"
    r"permanent (?:fatal )?error|permanent failure|failed permanently|this is the (?:mail|"
    r"qmail-send|postfix|exim)|following (?:address|recipient)|user unknown|unknown user|no such user|"
    r"mailbox (?:is )?(?:full|unavailable|not found)|over (?:its )?quota|n['’](?:a|"
    r"ont) (?:pas )?pu être (?:remis|livré|distribué)|addresses? (?:had|with) (?:permanent|transient)|"
    r"(?:recipient|address|account|mailbox)[^\n]{0,60}(?:rejected|unknown|invalid|disabled|"
    r"does not exist|doesn't exist|not exist)|"
    r"returned (?:message|mail|to sender)|\b55[0-4][ -](?=#?5\.|[^\d\s])",
    re.IGNORECASE,
)
_DELAYED: Final = re.compile(
    r"delayed|has not yet been delivered|not been delivered yet|still being retried|"
    r"will (?:continue|keep)[^\n]{0,40}(?:retry|try)|do not need to re-?send|warning message only|"
    r"retard|différée|temporar(?:y|ily) (?:failure|deferred)",
    re.IGNORECASE,
)
_GIVEN_UP: Final = re.compile(
    r"permanent|giving up|given up|too long|timed? ?out after|expired|failed", re.IGNORECASE
)
_COPY_BELOW: Final = re.compile(
    r"^[-_=* >]{0,40}(?:below this line is a copy|(?:the )?original message|"
    r"this is a copy of (?:the|your) (?:message|mail)|message header|"
    r"(?:returned|unsent|undelivered|transcript of) (?:message|mail|session)|"
    r"en-têtes d['’]origine|message d['’]origine|received:\s)",
    re.IGNORECASE | re.MULTILINE,
)


def report(
    top: Part, leaves: Sequence[tree.Leaf], *, sender: str, subject: str, text: str
) -> BounceReport | None:
    """What the delivery report says, None when the mail is none."""
    structured = _structured(leaves)
    if structured is not None and _from_server(top, sender):
        return structured
    if _report_type(top) in ("disposition-notification", "feedback-report"):
        return None
    return _recognised(top, leaves, sender=sender, subject=subject, text=text[:_READ])


def _from_server(top: Part, sender: str) -> bool:
    """No person sent it: the report in a mail that somebody forwards is that somebody's question."""
    nobody = top.first("return-path").strip() == "<>"
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


def _structured(leaves: Sequence[tree.Leaf]) -> BounceReport | None:
    """RFC 3464. Of several recipients the first that failed speaks, else the first."""
    groups = [
        group
        for leaf in leaves
        if leaf.media_type in ("message/delivery-status", "message/global-delivery-status")
        for group in _groups(leaf.part)
    ]
    if not groups:
        return None
    chosen = next((g for g in groups if _action(g) == "failed"), groups[0])
    recipient = _recipient(chosen.first("final-recipient")) or _recipient(chosen.first("original-recipient"))
    diagnostic = chosen.first("diagnostic-code")
    status = _STATUS.search(chosen.first("status")) or _STATUS.search(diagnostic)
    return BounceReport(
        recipient=recipient,
        action=_action(chosen),
        status=status[1] if status else None,
        original_message_id=_returned_id(leaves),
        diagnostic=clean_line(diagnostic, 500),
    )


def _groups(part: Part) -> Iterator[Part]:
    """The per-recipient groups; some servers write them as one, or into a plain text payload."""
    for block in (part.children() or [])[:200]:
        if any(block.first(name) for name in ("final-recipient", "original-recipient", "action")):
            yield block


def _action(group: Part) -> str:
    word = group.first("action").split()[:1]
    action = word[0].lower().strip(";,.()") if word else ""
    if action in ("failed", "delayed", "delivered", "relayed", "expanded"):
        return action
    if action in ("failure", "fail", "dropped", "error"):
        return "failed"
    first_digit = group.first("status").strip()[:1]
    return {"2": "delivered", "4": "delayed"}.get(first_digit, "failed")


def _recipient(value: str) -> str | None:
    found = _ADDRESS.search(value.rpartition(";")[2] or value)
    return found[0].lower() if found else None


def _returned_id(leaves: Sequence[tree.Leaf]) -> str | None:
    """The Message-ID of the mail that came back: in the returned mail or its headers, else in the text below
    "this is a copy"."""
    for leaf in leaves:
        if leaf.media_type in (
            "message/rfc822",
            "message/global",
            "text/rfc822-headers",
            "message/global-headers",
        ):
            found = _MESSAGE_ID.search(leaf.content[:_READ])
            if found:
                return found[1].decode("utf-8", "replace")
    for leaf in leaves:
        if leaf.media_type in ("text/plain", "text/html") or leaf.media_type.startswith("multipart/"):
            found = _MESSAGE_ID.search(leaf.content[:_READ])
            if found:
                return found[1].decode("utf-8", "replace")
    return None


def _recognised(
    top: Part, leaves: Sequence[tree.Leaf], *, sender: str, subject: str, text: str
) -> BounceReport | None:
    """A report in prose: it must come from a mail server and say so in its subject or its words."""
    failed = top.first("x-failed-recipients")
    from_server = _is_server(top, sender)
    in_subject = bool(_SUBJECT.search(subject))
    # An empty envelope sender alone is every automatic answer's (RFC 3834), so the subject must say it too.
    nobody = top.first("return-path").strip() == "<>" and in_subject
    if not (failed or nobody or (from_server and (in_subject or _BODY.search(text)))):
        return None
    own_words = _COPY_BELOW.split(text, maxsplit=1)[0] or text
    status = _STATUS.search(own_words) or _STATUS.search(text)
    code = _REPLY_CODE.search(own_words)
    return BounceReport(
        recipient=_recipient(failed) or _failed_address(own_words, text, top),
        action=_prose_action(subject, own_words, status[1] if status else "", code[1] if code else ""),
        status=status[1] if status else (f"{code[1][0]}.0.0" if code else None),
        original_message_id=_returned_id(leaves),
        diagnostic=clean_line(_diagnostic(own_words), 500),
    )


def _failed_address(own_words: str, text: str, top: Part) -> str | None:
    """The address the report is about: the first that is neither ours nor the server's."""
    ours = {m[0].lower() for m in _ADDRESS.finditer(top.first("to")[:2_000])}
    for source in (own_words, text):
        for match in _ADDRESS.finditer(source):
            address = match[0].lower().strip("'`*")
            if address not in ours and not _DAEMON.search(address):
                return address
    return None


def _prose_action(subject: str, words: str, status: str, code: str) -> str:
    if status.startswith("5") or code.startswith("5"):
        return "failed"
    if _DELAYED.search(subject) or (_DELAYED.search(words) and not _GIVEN_UP.search(words)):
        return "delayed"
    return "failed"


def _diagnostic(words: str) -> str:
    for line in words.split("\n"):
        if _STATUS.search(line) or _REPLY_CODE.search(line):
            return line
    return ""
