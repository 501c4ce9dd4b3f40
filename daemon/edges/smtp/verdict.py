"""What a server's answer means for a mail: the phase and the code make an `Outcome`.

Pure. An error is temporary unless it is known to be permanent for this recipient or this content.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from daemon.core.values import Delivery, Outcome
from daemon.edges.smtp.server import shown


class Phase(StrEnum):
    """How far a mail has come. From BODY on the server has, or may have, the whole of it."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "the mail"


LOGIN_WANTED: Final = frozenset({530, 534, 535, 538})
"""RFC 4954 section 6 and RFC 3207: the server wants a login or TLS. No mail is at fault."""

OUT_OF_STEP: Final = frozenset({500, 502, 503})
"""Before the mail itself these say that the conversation went wrong, not what is wrong with the recipient."""

TOO_BIG: Final = 552
"""At MAIL it answers our SIZE parameter (RFC 1870 section 6.1): the content is refused, not the sender."""

_OUR_LIMIT: Final = re.compile(r"[45]\.4\.5\b|5\.1\.90\b|SubmissionQuotaExceeded")
"""A provider's limit on what we may send, mostly told as 550: Google's "5.4.5 Daily user sending limit
exceeded", Microsoft's "5.1.90 ... daily limit" and "5.2.0 ... SubmissionQuotaExceededException". It is about
us and passes; the recipient's full mailbox (5.2.2) is another matter."""


def judge(phase: Phase, code: int, text: str) -> Delivery:
    """The end of an attempt that the server answered with `code`, which is not the one that goes on.

    5xx at MAIL is about us (our address, our standing), so another day may bring another answer: deferred.
    421 at MAIL closes the door to everybody; from RCPT on it may be about this one mail, which must not hold
    up all the others: deferred. A limit on our own sending holds up everything, whatever the code.
    """
    words = shown(text)
    if phase is Phase.BODY and 200 <= code < 300:
        return Delivery(outcome=Outcome.ACCEPTED, code=code, text=words)
    return Delivery(outcome=_outcome(phase, code, words), code=code, text=f"{phase}: {words}")


def _outcome(phase: Phase, code: int, words: str) -> Outcome:
    if 400 <= code < 600 and _OUR_LIMIT.search(words):
        return Outcome.UNREACHABLE
    if code in LOGIN_WANTED or (code == 421 and phase is Phase.MAIL):
        return Outcome.UNREACHABLE
    if 400 <= code < 500:
        return Outcome.DEFERRED
    if not 500 <= code < 600:  # no answer of the protocol: after the mail nobody knows what it meant
        return Outcome.UNKNOWN if phase is Phase.BODY else Outcome.DEFERRED
    if phase is Phase.BODY:
        return Outcome.REFUSED
    if phase is Phase.MAIL:
        return Outcome.REFUSED if code == TOO_BIG else Outcome.DEFERRED
    return Outcome.DEFERRED if code in OUT_OF_STEP else Outcome.REFUSED
