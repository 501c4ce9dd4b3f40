"""French or English, by a vote of words that only one of the two writes. It does not guess: where the words
do not say, the caller falls back on what it knows of the person."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_READ: Final = 8_000
_MARGIN: Final = 0.2  # of all votes; closer than this is unsure


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FRENCH: Final = _words(
    "le la les un une des du de et est sont nous vous je il elle ils que qui quoi dans pour pas ne plus "
    "avec sur mais ou où sans ce cette ces mon ma mes votre vos notre nos leur sa ses au aux en à avons "
    "avez ont suis êtes etes fait faire bonjour bonsoir allo allô salut merci svp depuis quand comment "
    "rien tout toute tous très tres aussi encore toujours jamais matin soir hier demain ici marche "
    "fonctionne caisse caisses imprimante écran ecran panne problème probleme pouvez peut peux veux "
    "voudrais besoin aide ca ça pis avant chez facture factures rapport commande cordialement madame "
    "monsieur"
)
_ENGLISH: Final = _words(
    "the an is are was were be been we you i he she they it its it's that this these those what which who "
    "of to in for not with at by from but my your our their and if when how why nothing everything very "
    "still always never two morning evening yesterday today tomorrow here there works working work does "
    "doesn't don't isn't can't cannot can could would should will won't have has had did please thanks "
    "thank hello hi hey regards since after before just need help till cash register printer screen down "
    "broken receipts issue i'm i've we're we've you're any some up into about than then now only"
)
_ELISION: Final = re.compile(r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|aujourd)['’]")
_ACCENT: Final = re.compile(r"[àâçèêëîïôùûœé]")


def vote(text: str) -> str | None:
    """fr, en, or None when unsure. Only the first 8,000 characters vote; links and addresses do not."""
    french = english = 0.0
    plain = text[:_READ].lower()
    if "@" in plain or "/" in plain:
        plain = " ".join(w for w in plain.split() if "@" not in w and "/" not in w)
    for word in _WORD.findall(plain.replace("’", "'")):
        if word in _ENGLISH:
            english += 1
        elif word in _FRENCH or _ELISION.match(word):
            french += 1
        elif _ACCENT.search(word):
            french += 0.75
    if max(french, english) < 1 or abs(french - english) < _MARGIN * (french + english):
        return None
    return "fr" if french > english else "en"
