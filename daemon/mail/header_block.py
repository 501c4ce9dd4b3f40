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
    "from": ("de", "from", "von", "da", "van", "od", "från", "fra", "expéditeur", "reply-to", "répondre à"),
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
    ),
    "to": ("à", "a", "to", "an", "para", "aan", "till", "til", "destinataire", "destinataires", "do"),
    "cc": ("cc", "copie", "copie à", "cci", "kopie", "copia"),
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
    ),
}
_KEY_OF: Final = {word: key for key, words in _KEYS.items() for word in words}
_ONCE: Final = ("from", "date", "subject")
_FIELD: Final = re.compile(r"^[*_\s]{0,4}([A-Za-zÀ-ÿ' -]{1,20}?)[*_]{0,2}\s?:(?!//)")
_RULE: Final = re.compile(r"^\s{0,4}(?:_{5,}|-{5,}|={5,}|\*{5,}|—{3,})\s*$")


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
    if len(distinct) >= 3 and "from" in distinct and distinct & {"subject", "date"} and keys[0] != "to":
        return end
    return None


def is_rule(text: str) -> bool:
    """A line of dashes, underscores or the like."""
    return _RULE.match(text) is not None


def _key(line: str) -> str | None:
    field = _FIELD.match(line[:60])
    return _KEY_OF.get(field[1].strip(" *").lower()) if field else None
