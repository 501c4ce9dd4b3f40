"""The header of an old mail as Outlook and webmails write it above what they quote:

    De : … / Envoyé : … / À : … / Objet : …

Lines in, position out. A block holds at least three different fields, the sender among them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_LINES: Final = 14
_LONGEST_VALUE: Final = 400

_KEYS: Final = {
    "from": (
        "de",
        "from",
        "von",
        "da",
        "van",
        "od",
        "från",
        "fra",
        "expéditeur",
        "reply-to",
        "répondre à",
        "от",
    ),
    "date": (
        "envoyé",
        "envoye",
        "date",
        "sent",
        "gesendet",
        "datum",
        "enviado",
        "enviado el",
        "inviato",
        "data",
        "verzonden",
        "skickat",
        "sendt",
        "sent at",
        "date d'envoi",
        "envoyé le",
        "отправлено",
        "дата",
    ),
    "to": ("à", "a", "to", "an", "para", "aan", "till", "til", "destinataire", "destinataires", "do", "кому"),
    "cc": ("cc", "copie", "copie à", "cci", "kopie", "copia", "копия"),
    "subject": (
        "objet",
        "subject",
        "sujet",
        "betreff",
        "asunto",
        "assunto",
        "oggetto",
        "onderwerp",
        "ämne",
        "emne",
        "re",
        "temat",
        "importance",
        "тема",
    ),
}
_KEY_OF: Final = {word: key for key, words in _KEYS.items() for word in words}
_ONCE: Final = ("from", "date", "subject")
_FIELD: Final = re.compile(r"^[*_\s]{0,4}([A-Za-zÀ-ÿА-яё' -]{1,20}?)[*_]{0,2}\s?:(?!//)")
# Only programs write a date like this one (RFC 5322 section 3.3).
_MACHINE_DATE: Final = re.compile(
    r":\s*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
)
_EVIDENCE: Final = re.compile(r"@[\w-]{1,63}\.|\b\d{1,2}\s?[h:]\s?\d\d\b|\b(?:19|20)\d\d\b")
_RULE: Final = re.compile(r"^\s{0,4}(?:_{5,}|-{5,}|={4,}|\*{5,}|—{3,})\s*$")


def block_end(texts: Sequence[str], index: int) -> int | None:
    """The line after the header block that begins at `index` (at its rule of dashes, if it has one), None
    when none begins there. `texts` are `plain` lines."""
    first = _key(texts[index])
    if first is None and not is_rule(texts[index]):
        return None
    keys: list[str] = []
    end, blank = index, 0
    for position in range(index if first else index + 1, min(index + _LINES, len(texts))):
        text = texts[position]
        key = _key(text)
        if key in keys and key in _ONCE:
            break
        if key:
            keys.append(key)
            end, blank = position + 1, 0
        elif not text:
            blank += 1
            if blank > 1 or len(set(keys)) >= 3:
                break
        elif not keys or len(text) > _LONGEST_VALUE or len(set(keys)) >= 4:
            break
        # else a folded value, such as a long list of recipients
    distinct = set(keys)
    if distinct in ({"date", "to"}, {"date", "from"}) and any(map(_MACHINE_DATE.search, texts[index:end])):
        return end
    if len(distinct) < 3 or "from" not in distinct or not distinct & {"subject", "date"} or keys[0] == "to":
        return None
    if first and not any(_EVIDENCE.search(t) for t in texts[index:end] if _key(t)):
        return None  # "De : caisse 1 / Date : hier / Objet : …" may be a person's own table
    return end


def is_rule(text: str) -> bool:
    """A line of dashes, underscores or the like."""
    return _RULE.match(text) is not None


def _key(line: str) -> str | None:
    field = _FIELD.match(line[:60])
    return _KEY_OF.get(field[1].strip(" *").lower()) if field else None
