"""What a customer answers to the two questions of a provisional P1, and the priority that it settles
(mail.md, "What the customer reads").

    1. Est-ce votre seule caisse AzimutPOS?          settles `installs`
    2. Pouvez-vous encaisser autrement?              settles `other_means`

"1 oui, 2 non" suffices. Answers that name their question count wherever they stand; a bare "oui et non" only
where nothing else is on its line, for it names none; what is said in free words the classifier reads. Nothing
is guessed: a lone "oui" may answer either question, and a wrong guess would call an emergency off."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile
from typing import Final

from classifiers import p1_rule
from daemon.core.values import Findings, Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Yes, no, or None: not answered. `only_till`: to the first question; `other_means`: to the second."""

    only_till: bool | None = None
    other_means: bool | None = None

    @property
    def given(self) -> bool:
        return self.only_till is not None or self.other_means is not None


_YES: Final = r"(?:oui|ouais|yes|yep|yeah|yup|exact(?:ement)?|correct|affirmatif)\b"
_NO: Final = r"(?:non|nan|no(?!\s?\d)|nope|pas du tout|not at all|negatif)\b"
_LEAD: Final = r"(?:q(?:uestion)?|n[o°]|#|no\.?|reponse|answer)?\s*"
_NUMBERED: Final = re.compile(
    r"(?:(?P<begins>^|(?<=[\n,;/|&.(]))|(?<=\bet)|(?<=\band)|(?<=\boui)|(?<=\bnon)|(?<=\byes)|(?<=\bno))"
    rf"[ \t]*{_LEAD}(?P<number>[12])(?:re|er|e|st|nd)?(?!\d)[ \t]*(?P<mark>[.):=>–—-]*)"
    rf"(?=[\s\w\"'«*_(]|$)"
)
_TO: Final = re.compile(
    rf"(?P<said>{_YES}|{_NO})\s*,?\s*(?:pour|a|to|for)\s+(?:the\s+|la\s+|le\s+|question\s+|number\s+|#)*"
    r"(?P<number>1|2|premiere?|deuxieme|seconde?|second|first|one|two)\b"
)
_ORDINALS: Final = {"2": 2, "deuxieme": 2, "second": 2, "seconde": 2, "two": 2}
_WORD: Final = re.compile(rf"[\s\"'«*_:=>-]*(?:(?P<yes>{_YES})|(?P<no>{_NO}))")
_PAIR: Final = re.compile(
    rf"(?P<one>{_YES}|{_NO})(?P<between>\s*(?:[,;/&.|+-]+|\bet\b|\band\b|\bpuis\b|\bthen\b)?\s*)"
    rf"(?P<two>{_YES}|{_NO})[\s.!]*$"
)

_DENIED: Final = re.compile(
    r"\b(?:pas|non|not|n't|isn't|cannot|can't|aucune?s?|rien|none|nothing|impossible|jamais)\b"
)
_ONLY: Final = re.compile(r"\b(?:seule?|unique|only|just one|une caisse|one till)\b")
_SEVERAL: Final = re.compile(
    r"\b(?:autres?|plusieurs|deux|trois|quatre|[2-9]|other|another|two|three|several|many)\b"
)
_SOME_WAY: Final = re.compile(
    r"\b(?:papier|mains?|manuel\w*|autre|terminal|comptant|paper|hand|manual\w*|another|cash|calculatrice)\b"
)


def read_answers(text: str) -> Answers:
    """The answers that a message gives in so many words. Where it answers one question both ways, that one is
    not answered."""
    plain = _plain(text)
    said: dict[int, set[bool]] = {1: set(), 2: set()}
    for number, answer in (*_named(plain), *_numbered(plain)):
        said[number].add(answer)
    if not said[1] and not said[2]:
        return _pair(plain)
    return Answers(only_till=_agreed(said[1]), other_means=_agreed(said[2]))


def heard(text: str, findings: Findings) -> Answers:
    """The same, and what the classifier reads out of free words for a question that is not answered so."""
    answers = read_answers(text)
    only, means = answers.only_till, answers.other_means
    if only is None:
        only = {"one": True, "many": False}.get(findings.installs)
    if means is None:
        means = {"yes": True, "no": False}.get(findings.other_means)
    return Answers(only_till=only, other_means=means)


def settled(answers: Answers, installs: int | None) -> Priority | None:
    """The priority that the answers make of a provisional P1, None where they leave it provisional. They
    settle the two facets and nothing else: how grave it is stays as it was. `installs`: the directory's
    number, for a question that is not answered; what the customer says of it now is newer."""
    directory = installs if answers.only_till is None else None
    ruling = p1_rule.decide(
        "S1",
        directory,
        {True: "one", False: "many", None: "unknown"}[answers.only_till],
        {True: "yes", False: "no", None: "unknown"}[answers.other_means],
    )
    return None if ruling.provisional else Priority(ruling.priority)


def _agreed(said: set[bool]) -> bool | None:
    return next(iter(said)) if len(said) == 1 else None


def _plain(text: str) -> str:
    """Without accents, capitals and typographic apostrophes; non-breaking spaces are spaces."""
    bare = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter)).casefold()


def _named(plain: str) -> Iterator[tuple[int, bool]]:
    """ "Oui à la première, non à la deuxième"."""
    for found in _TO.finditer(plain):
        yield _ORDINALS.get(found["number"], 1), re.fullmatch(_YES, found["said"]) is not None


def _numbered(plain: str) -> Iterator[tuple[int, bool]]:
    """ "1 oui, 2 non", "1. Oui", "2) à la main"; also below our own questions, where only what follows the
    question mark is the answer."""
    found = list(_NUMBERED.finditer(plain))
    marks = list(
        dropwhile(lambda mark: mark["begins"] is None, found)
    )  # "trois caisses et 1 oui" is no answer
    for index, mark in enumerate(marks):
        end = marks[index + 1].start("number") if index + 1 < len(marks) else len(plain)
        asked, question_mark, answer = plain[mark.end() : end].rpartition("?")
        if not question_mark:
            answer = asked + answer
        words = answer.strip().split("\n\n", 1)[0]
        number = int(mark["number"])
        plainly = _WORD.match(words)
        if plainly is not None:
            yield number, plainly["yes"] is not None
        elif mark["mark"] and (free := _free(number, words)) is not None:
            yield number, free


def _free(number: int, words: str) -> bool | None:
    """An answer to a question that it names, without a yes or a no."""
    denied = _DENIED.search(words) is not None
    if number == 1:
        if _SEVERAL.search(words) or (_ONLY.search(words) and denied):
            return False
        return True if _ONLY.search(words) else None
    if denied:
        return False
    return True if _SOME_WAY.search(words) else None


def _pair(plain: str) -> Answers:
    """ "oui et non": the first answers the first question. Twice the same word is an emphasis unless
    something stands between."""
    lines = [line for line in (one.strip(" \t>*-.\"'«»") for one in plain.splitlines()) if line]
    for candidate in (" ".join(lines[:1]), "\n".join(lines[:2])):
        found = _PAIR.match(candidate)
        if found is None:
            continue
        one, two = (re.fullmatch(_YES, found[name]) is not None for name in ("one", "two"))
        if one is not two or found["between"].strip() or "\n" in found["between"]:
            return Answers(only_till=one, other_means=two)
    return Answers()
