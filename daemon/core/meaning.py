"""What a customer's message means to its ticket: for the clocks one of five words, for the priority perhaps a
change.

Only the two answers to a provisional P1 may lower anything, and only they settle it; a graver message raises
by the P1 rule; "urgent" objects once (sla.md, "Priority change" and "Urgent")."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.answers import Answers, heard, read_answers, settled
from daemon.core.case import Case
from daemon.core.dossier import Dossier
from daemon.core.lasting import lasts
from daemon.core.matching import Match
from daemon.core.priority import judge_priority
from daemon.core.sla.course import Course
from daemon.core.sla.events import By, Reprioritised, Word
from daemon.core.sla.first_words import FirstWords, Said, first_words
from daemon.core.sla.raising import Objection, graver, objection, word_of
from daemon.core.values import ClaimKind, Priority

_OURS: Final = frozenset({ClaimKind.TOKEN, ClaimKind.SIGNED_ID, ClaimKind.BODY_TOKEN, ClaimKind.SUBJECT})
"""Evidence that only a mail of ours can have given."""

_WORDS: Final = {
    Said.URGENT: Word.ASK,
    Said.WORKS: Word.WORKS,
    Said.LATER: Word.LATER,
    Said.LESS: Word.LESS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """`until`: the day of a "plus tard". `change`: of the priority, by `rule` (contract). `objection`: what
    the first "urgent" leads to."""

    word: Word
    until: datetime | None = None
    change: Reprioritised | None = None
    rule: str = ""
    objection: Objection = Objection.NOTHING


def meaning(case: Case, match: Match, dossier: Dossier, course: Course) -> Meaning:
    """Of a message by a customer of the ticket, whose course without it is `course`."""
    text = case.mail.new_text or case.mail.text
    said = _first_words(case, match, text)
    unsettled = course.priority is Priority.P1 and course.provisional
    plainly = unsettled and read_answers(text).given
    word = _word(case, course, said, answers=plainly)
    until = said.until if said is not None else None
    if word is not Word.ASK:
        return Meaning(word=word, until=until)
    if unsettled:
        return _settling(case, dossier, heard(text, case.findings))
    return _raising(case, dossier, course, urgent=said is not None and said.said is Said.URGENT)


def _first_words(case: Case, match: Match, text: str) -> FirstWords | None:
    """They mean something only in an answer to a mail of ours, which offered them."""
    answers = match.evidence in _OURS or case.snapshot.answered is not None
    return first_words(text, case.opened_at, ZoneInfo(case.policy.timezone)) if answers else None


def _word(case: Case, course: Course, said: FirstWords | None, *, answers: bool) -> Word:
    """Whoever answers what we asked does not merely give thanks, whatever the model makes of "1 oui"; nor
    does who says that nothing has changed."""
    if answers:
        return Word.ASK
    if said is not None:
        return _WORDS[said.said]
    if lasts(case.mail.new_text or case.mail.text):
        return Word.ASK
    return word_of(case.findings.intent, case.findings.intent_confidence, course.version.rules)


def _settling(case: Case, dossier: Dossier, answers: Answers) -> Meaning:
    account = dossier.account or case.snapshot.account
    priority = settled(answers, account.installs if account is not None else None)
    if priority is None:
        return Meaning(word=Word.ASK)
    change = Reprioritised(at=case.opened_at, priority=priority, by=By.ANSWER)
    return Meaning(word=Word.ASK, change=change, rule=By.ANSWER.value)


def _raising(case: Case, dossier: Dossier, course: Course, *, urgent: bool) -> Meaning:
    """The graver of what the message tells and of what its writer calls it."""
    account = dossier.account or case.snapshot.account
    ruling = judge_priority(replace(case, snapshot=replace(case.snapshot, account=account)))
    found = graver(course.priority, ruling.priority, case.findings.confidence, course.version.rules)
    if found is not None and ruling.provisional and dossier.rule == By.ANSWER.value:
        found = None  # the two questions were asked and answered; the same again is no news
    objects = Objection.NOTHING
    if urgent:
        objects = objection(course.coverage, course.priority, said_before=dossier.objected)
    if objects is Objection.RAISE and (found is not Priority.P1 or ruling.provisional):
        change = Reprioritised(at=case.opened_at, priority=Priority.P1, by=By.URGENT, provisional=True)
        return Meaning(word=Word.ASK, change=change, rule=By.URGENT.value, objection=objects)
    if found is None:
        return Meaning(word=Word.ASK, objection=objects)
    change = Reprioritised(at=case.opened_at, priority=found, by=By.MESSAGE, provisional=ruling.provisional)
    return Meaning(word=Word.ASK, change=change, rule=ruling.rule, objection=objects)
