"""A delivery report that is only prose: Exim, qmail, older Postfix and Sendmail, Exchange, the great
providers, in English and French.

It must come from a mail server and say in its subject or its words that a mail did not arrive.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from daemon.core.values import BounceReport
from daemon.mail.bounce_codes import address_in, addresses_in, reply_code_in, status_in
from daemon.mail.part import Part
from daemon.mail.sanitize import clean_line

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
    r"mailbox (?:full|unavailable)|host unknown|mail (?:failure|failed)|"
    r"retour(?:né)? à l['’]expéditeur",
    re.IGNORECASE,
)
_BODY: Final = re.compile(
    r"undeliver|could not be delivered|couldn't be delivered|was not delivered|"
    r"not able to deliver|unable to deliver|cannot deliver|can't deliver|"
    r"delivery (?:has )?(?:failed|to the following)|"
    r"permanent (?:fatal )?error|permanent failure|failed permanently|this is the (?:mail|"
    r"qmail-send|postfix|exim)|following (?:address|recipient)|user unknown|unknown user|no such user|"
    r"mailbox (?:is )?(?:full|unavailable|not found)|over (?:its )?quota|n['’](?:a|"
    r"ont) (?:pas )?(?:pu être|été) (?:remis|livré|distribué|délivré|acheminé)|"
    r"(?:adresse|destinataire|utilisateur) (?:introuvable|inconnue?|inexistante?)|"
    r"boîte (?:aux lettres|de réception|courriel)[^\n]{0,20} pleine|"
    r"addresses? (?:had|with) (?:permanent|transient)|"
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
    top: Part, *, from_server: bool, subject: str, text: str, is_server: Callable[[str], object]
) -> BounceReport | None:
    """What the prose says; the returned mail is for `bounce` to find. None when it is no report.

    from_server  the header shows that a mail server wrote it; `is_server`: whether an address is one's"""
    failed = top.first("x-failed-recipients")
    in_subject = bool(_SUBJECT.search(subject))
    # An empty envelope sender alone is every automatic answer's (RFC 3834), so the subject must say it too.
    nobody = top.first("return-path").strip() == "<>" and in_subject
    if not (failed or nobody or (from_server and (in_subject or _BODY.search(text)))):
        return None
    words = own_words(text)
    status = status_in(words) or status_in(text)
    code = reply_code_in(words) or ""
    return BounceReport(
        recipient=address_in(failed) or _failed_address(words, text, top, is_server),
        action=_action(subject, words, status or "", code),
        status=status or (f"{code[0]}.0.0" if code else None),
        diagnostic=clean_line(_diagnostic(words), 500),
    )


def own_words(text: str) -> str:
    """The report without the copy of the mail below it."""
    return _COPY_BELOW.split(text, maxsplit=1)[0] or text


def _failed_address(words: str, text: str, top: Part, is_server: Callable[[str], object]) -> str | None:
    """The address the report is about: the first that is neither ours nor the server's."""
    ours = set(addresses_in(top.first("to")[:2_000]))
    for source in (words, text):
        for address in addresses_in(source):
            if address not in ours and not is_server(address):
                return address
    return None


def _action(subject: str, words: str, status: str, code: str) -> str:
    if status.startswith("5") or code.startswith("5"):
        return "failed"
    if _DELAYED.search(subject) or (_DELAYED.search(words) and not _GIVEN_UP.search(words)):
        return "delayed"
    return "failed"


def _diagnostic(words: str) -> str:
    return next((line for line in words.split("\n") if status_in(line) or reply_code_in(line)), "")
