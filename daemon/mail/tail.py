"""What programs and lawyers put below a person's words: taglines of devices, disclaimers, rules.

Each is recognised by its form and by what it says, never by its place alone: what a person wrote below it
stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from daemon.mail.attribution import plain
from daemon.mail.header_block import is_rule

_LONGEST_TAGLINE: Final = 200
_LINK: Final = re.compile(r"\s?[<(\[](?:https?:|mailto:)[^\n<>()\[\]]{1,300}[>)\]]")
_SENT_FROM: Final = (
    r"(?:envoyé|expédié) (?:(?:de|depuis|à partir de|à l['’]aide de|avec|via|sur|par) |(?:à partir )?d['’])|"
    r"sent (?:from|using|via|with|by|on) |(?:get|obtenir|obtenez|télécharge[rz]?) outlook (?:for|pour) |"
    r"(?:provenance|source) : |enviado (?:desde|do|via) |gesendet von |inviato da "
)
# A device's line is short and holds no clause: "Sent from my desk, is much easier" is a person's.
_TAGLINE: Final = re.compile(rf"^(?:{_SENT_FROM})[^\n,;:?!<>()]{{1,50}}\.?$", re.IGNORECASE)
# The longer ones name what they were sent with, or apologise for the typing.
_LONG_TAGLINE: Final = re.compile(
    rf"^(?:{_SENT_FROM})(?=[^\n]{{0,90}}\b(?:bell|rogers|telus|vidéotron|samsung|galaxy|iphone|ipad|android|"
    r"pixel|blackberry|windows|outlook|yahoo|gmail|k-9|network|réseau)\b)[^\n;:?!<>()]{1,90}?"
    r"(?:\. (?:please excuse|excuse|sorry for|veuillez excuser|excusez|désolé)[^\n?]{1,60}|\.)?$",
    re.IGNORECASE,
)

_HEADING: Final = re.compile(
    r"^[*_\s]{0,6}(?:avis (?:de confidentialité|important|légal|juridique)|"
    r"(?:confidentiality|legal|privacy|important) (?:notice|warning)|"
    r"avertissement(?: de confidentialité| juridique| légal)?|(?:legal )?disclaimer|"
    r"(?:mention|note|clause) de confidentialité|confidentialité|confidentiality)\b",
    re.IGNORECASE,
)
# What such texts speak of; each kind counts once. Two below a heading, three without one.
_LEGAL: Final = tuple(
    re.compile(words)  # in lower case, which is cheaper to search than either
    for words in (
        r"confiden[tc]i",
        r"privil[eé]g",
        r"destinataire|recipient|addressee|à qui (?:il|elle) est (?:adress|destin)|intended (?:only|solely)",
        r"par erreur|in error|by mistake",
        r"supprim|détrui|efface|delet|destroy",
        r"divulg|disclos|disseminat|diffus|distribu|reprodu|copi",
        r"interdit|prohibit|unauthori[sz]ed|non autorisé|strictement|strictly",
        r"expéditeur|the sender|notify|avis(?:er|ez) ",
    )
)
_LEAST_LEGAL: Final = 90
"""Characters of a disclaimer, its heading included: "Avis important : la caisse 2 est en panne" is none."""
_LONGEST_HEADING: Final = 60
# Such texts stand near the end; what is read of a long one is bounded.
_LINES_READ: Final = 400
_PARAGRAPHS_READ: Final = 40
_CHARACTERS_READ: Final = 4_000
_HINTS: Final = ("confiden", "privil", "destinat", "recipient", "imprim", "print", "par erreur", "in error")
_PRINTING: Final = re.compile(
    r"^\W{0,4}(?:pensez à l['’]environnement|(?:svp )?(?:ensemble, )?avant d['’]imprimer|"
    r"(?:please )?(?:consider|think of|think about) (?:the environment|whether)|"
    r"devez-vous vraiment imprimer)[^\n]{0,120}$",
    re.IGNORECASE,
)


def without_tail(lines: Sequence[str]) -> list[str]:
    """The lines without disclaimers, and without taglines and rules at their end."""
    kept = _without_disclaimers(lines)
    while kept:
        last = plain(kept[-1])
        if not last or is_tagline(last) or is_rule(last):
            kept.pop()
        else:
            break
    return kept


def is_tagline(line: str) -> bool:
    """A program wrote the line to say what it is: "Envoyé de mon iPhone". `line` is `plain`."""
    if len(line) > _LONGEST_TAGLINE + 100 or not line:
        return False
    bare = _LINK.sub("", line)
    return len(bare) <= _LONGEST_TAGLINE and bool(_TAGLINE.match(bare) or _LONG_TAGLINE.match(bare))


def _without_disclaimers(lines: Sequence[str]) -> list[str]:
    """Whole paragraphs only, and never the first: a mail may be about a disclaimer. A heading alone is
    judged with the paragraph below it; after a disclaimer its other half, or its other language, needs
    fewer signs."""
    lower = "\n".join(lines[-_LINES_READ:]).lower()
    if not any(hint in lower for hint in _HINTS):
        return list(lines)
    paragraphs = [list(group) for _, group in groupby(lines, key=lambda line: bool(plain(line)))]
    written = [i for i, paragraph in enumerate(paragraphs) if plain(paragraph[0])]
    dropped: set[int] = set()
    for position, index in enumerate(written[-_PARAGRAPHS_READ:], max(len(written) - _PARAGRAPHS_READ, 0)):
        if index in dropped or not position:
            continue
        words = _words(paragraphs[index])
        after = written[position + 1 : position + 2]
        heading = _HEADING.match(words) is not None
        if heading and after and len(words) < _LONGEST_HEADING:
            words = f"{words} {_words(paragraphs[after[0]])}"
        else:
            after = []
        follows = written[position - 1] in dropped
        enough = len(words) >= _LEAST_LEGAL and _legal(words) >= (2 if heading or follows else 3)
        if enough or _PRINTING.match(words):
            dropped.update([index, *after])
    return [line for i, paragraph in enumerate(paragraphs) if i not in dropped for line in paragraph]


def _words(paragraph: Sequence[str]) -> str:
    return " ".join(plain(line) for line in paragraph[:80])[:_CHARACTERS_READ]


def _legal(words: str) -> int:
    lower = words.lower()
    if not any(hint in lower for hint in _HINTS):
        return 0
    return sum(1 for kind in _LEGAL if kind.search(lower))
