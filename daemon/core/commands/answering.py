"""Answers to what was asked: oui, non, envoyer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from daemon.core.commands.hearing import Hearing, Held, Proof
from daemon.core.commands.reading import read_reply
from daemon.core.commands.values import Command, Fault, Reply, Setting, Verb, Why

ANSWERS: Final = frozenset({Verb.YES, Verb.NO, Verb.SEND})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """`hearing` is judged in place of the answer; `settles` says how the held mail ends: yes, send, no, or ""
    where none is settled."""

    hearing: Hearing
    settles: str = ""
    fault: Fault | None = None


def heard(hearing: Hearing) -> Heard:
    """What an answer stands for: the commands and words of the mail that was held, or the one thing that the
    mail of ours asked. A mail without an answer stands for itself."""
    answer = next((c for c in hearing.reply.commands if c.verb in ANSWERS), None)
    if answer is None:
        return Heard(hearing=_plain_alarm(hearing))
    if hearing.held is not None:
        return _settled(hearing, answer, hearing.held)
    meant = _asked(hearing, answer)
    if meant is None:
        return Heard(hearing=hearing, fault=_fault(Why.NOTHING_ASKED, answer))
    kept = tuple(meant if c is answer else c for c in hearing.reply.commands)
    return Heard(hearing=replace(hearing, reply=replace(hearing.reply, commands=kept)))


def _plain_alarm(hearing: Hearing) -> Hearing:
    """ "ok, j'arrive" at night takes the ticket: an alarm rings until somebody does."""
    faults = hearing.reply.faults
    if hearing.answers != "alarm" or len(faults) != 1 or hearing.reply.commands:
        return hearing
    mended = faults[0].mended
    if mended is None or mended.verb is not Verb.YES:
        return hearing
    take = replace(mended, verb=Verb.TAKE)
    return replace(hearing, reply=replace(hearing.reply, commands=(take,), faults=()))


def _asked(hearing: Hearing, answer: Command) -> Command | None:
    """A yes to a question that needs no held mail."""
    if hearing.answers == "alarm" and answer.verb is Verb.YES:
        return replace(answer, verb=Verb.TAKE)
    if hearing.answers == "proposal" and answer.verb in {Verb.YES, Verb.NO}:
        return replace(answer, verb=Verb.CREDIT, accept=answer.verb is Verb.YES)
    if hearing.about == "works" and answer.verb is Verb.YES:
        return replace(answer, verb=Verb.RESOLVE)
    if hearing.about in {"works", "update"} and answer.verb is Verb.NO:
        return replace(answer, verb=Verb.NOTE)
    return None


def _settled(hearing: Hearing, answer: Command, held: Held) -> Heard:
    """Once, and by whom it was asked; what only managers may, by any of them. Whoever copied a Message-ID or
    holds the token of a notification has not been asked."""
    asked_there = hearing.purpose == "confirm" and hearing.proof is not Proof.NONE
    if hearing.denied or not (asked_there or hearing.proof is Proof.AUTHENTICATED):
        return Heard(hearing=hearing, fault=_fault(Why.NOT_PROVEN, answer))
    if held.settled:
        return Heard(hearing=hearing, fault=_fault(Why.SETTLED, answer))
    if held.agent != hearing.agent.handle and not (held.managers and hearing.agent.manager):
        return Heard(hearing=hearing, fault=_fault(Why.NOT_ALLOWED, answer))
    if answer.verb is Verb.NO:
        return Heard(hearing=replace(hearing, reply=Reply(commands=(), words="")), settles="no")
    lines = held.yes if answer.verb is Verb.YES else held.send
    if lines is None:
        return Heard(hearing=hearing, fault=_fault(Why.NOTHING_ASKED, answer))
    setting = Setting(
        now=hearing.now, zone=hearing.zone, agents=hearing.policy.agents, agent=hearing.agent.handle
    )
    again = read_held(lines, setting)
    reply = Reply(commands=again.commands, words=held.words, faults=again.faults)
    asked = replace(hearing, reply=reply, confirmed=True)
    return Heard(hearing=asked, settles="yes" if answer.verb is Verb.YES else "send")


def read_held(lines: Sequence[str], setting: Setting) -> Reply:
    """The commands that an answer stands for, read again as they will be done: a date may have passed since,
    an agent may have left."""
    return read_reply("\n".join(lines), replace(setting, bare=True))


def _fault(why: Why, command: Command) -> Fault:
    return Fault(why=why, line=command.line, said=command.said)
