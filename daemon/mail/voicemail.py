"""Who called, from the notification that a phone system sends with a recording, in French or in English.

Only what is labelled as the caller counts: such notices also name the mailbox and the number to call back for
listening.
"""

from __future__ import annotations

import re
from typing import Final

from daemon.core.call import Call

_READ: Final = 20_000
_NUMBER: Final = re.compile(
    r"(?<![\d])\+?1?[\s.\-(]{0,3}\d{3}[\s.\-)]{0,3}\d{3}[\s.\-]{0,2}\d{4}(?!\d)|(?<!\d)\d{3,6}(?!\d)"
)
_FULL: Final = 10
_CALLER: Final = re.compile(
    r"^[\s>*\-]{0,8}(?:appelant|appel re[cç]u de|appel de|"
    r"num[ée]ro de l['’]appelant|num[ée]ro appelant|exp[ée]diteur|"
    r"de|caller(?:[ -]?id)?(?: number| name)?|calling number|call from|from|phone number|"
    r"num[ée]ro|number)\s{0,3}[*]?\s?:[*]?\s*(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_SUBJECT: Final = re.compile(
    r"(?:message vocal|messagerie vocale|bo[îi]te vocale|voice ?mail|voice message|"
    r"appel manqu[ée]|missed call)"
    r"[^\n]{0,40}?\s(?:de la part de|de|du|from)\s+([^\n]{2,120})",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(
    r"(?:message vocal|voice ?mail|voice message)(?: message)?[^\n.]{0,40}?\s(?:de la part de|de|"
    r"du|from)\s+([^\n]{2,120})",
    re.IGNORECASE,
)
_HIDDEN: Final = re.compile(
    r"anonym|masqu[ée]|inconnu|priv[ée]|confidentiel|non disponible|unknown|private|"
    r"withheld|blocked|unavailable|restricted",
    re.IGNORECASE,
)
_DURATION: Final = re.compile(
    r"^[\s>*\-]{0,8}(?:dur[ée]e|longueur|duration|length)(?: du message|"
    r" of message)?\s{0,3}:\s*(\d{1,3}(?::\d{2}){0,2})\s*(s|sec|min|$)?",
    re.IGNORECASE | re.MULTILINE,
)
_TRANSCRIPT: Final = re.compile(
    r"^[\s>*\-]{0,8}(?:transcription(?: du message)?|transcript|message transcript|"
    r"texte du message|voicemail preview|"
    r"aper[çc]u du message)\s{0,3}:?[ \t]*\n?(.+)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_AFTER_TRANSCRIPT: Final = re.compile(
    r"^(?:pour (?:r[ée])?[ée]couter|to listen|vous pouvez|you can|composez|dial|cliquez|"
    r"click|--|_{4,})",
    re.IGNORECASE | re.MULTILINE,
)


def read(subject: str, text: str) -> Call:
    """The caller, named in the body or else in the subject. Never guesses: an unlabelled number is none."""
    text = text.replace("\u00a0", " ").replace("\u202f", " ")[:_READ]
    subject = subject.replace("\u00a0", " ").replace("\u202f", " ")
    candidates = [m[1] for m in _CALLER.finditer(text)]
    candidates += [m[1] for m in _SUBJECT.finditer(subject)] + [m[1] for m in _SENTENCE.finditer(text)]
    caller, name = None, None
    for candidate in candidates:
        digits = _digits(candidate)
        if digits is None and _HIDDEN.search(candidate):
            break  # the system says that it does not know; nothing further down is the caller
        caller = caller or digits
        name = name or _name(candidate)
        if caller and name:
            break
    return Call(caller=caller, name=name, seconds=_seconds(text), transcript=_transcript(text))


def _digits(candidate: str) -> str | None:
    found = _NUMBER.search(candidate)
    if found is None:
        return None
    digits = re.sub(r"\D", "", found[0])
    return digits[1:] if len(digits) == _FULL + 1 and digits.startswith("1") else digits


def _name(candidate: str) -> str | None:
    rest = _NUMBER.sub(" ", candidate, count=1)
    rest = re.sub(r"\(\s*\d{1,2}:\d{2}\s*\)|<[^>]*>|[\"()\[\]<>+,;]", " ", rest)
    rest = re.sub(r"\s+", " ", rest).strip(" -.:")
    if len(rest) < 2 or not any(c.isalpha() for c in rest) or _HIDDEN.search(rest) or "@" in rest:
        return None
    return rest[:100]


def _seconds(text: str) -> int | None:
    found = _DURATION.search(text)
    if found is None:
        return None
    total = 0
    for part in found[1].split(":"):
        total = total * 60 + int(part)
    if ":" not in found[1] and (found[2] or "").lower() == "min":
        total *= 60
    return total


def _transcript(text: str) -> str:
    found = _TRANSCRIPT.search(text)
    if found is None:
        return ""
    return _AFTER_TRANSCRIPT.split(found[1], maxsplit=1)[0].strip()[:5_000]
