"""Whom a command names: an agent, addresses, an account, whose tickets a list shows."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any, Final

from daemon.core.commands.references import ANY, LOOSE, MOST, NAMED, Refusal, blank, joined, leading
from daemon.core.commands.values import Setting, Why
from daemon.core.commands.vocabulary import fold
from daemon.core.policy import Agent

_ADDRESS: Final = re.compile(r"[^\s<>()\[\],;:\"@«»“”]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}", re.UNICODE)
_BRACKETS: Final = str.maketrans(dict.fromkeys('<>()[]"«»“”,;', " "))
_JOINS: Final = re.compile(r"(?:^|\s)(?:mailto:|et|and|&)(?=\s|$)")
_SCOPES: Final = {
    **dict.fromkeys(("moi", "me", "mine"), "me"),
    **dict.fromkeys(("retard", "late", "overdue"), "late"),
    **{f"p{n}": f"P{n}" for n in range(1, 5)},
}
_MYSELF: Final = frozenset({"moi", "me", "moi-meme", "myself"})


def handle(rest: str, setting: Setting) -> dict[str, Any]:
    """ "assigner sam", "assigner sam 1042 1043", "assign AZ-1042 to Sam Côté"."""
    first, left = leading(rest, NAMED)
    left = re.sub(r"^(?:à|a|to)\s+", "", left, flags=re.IGNORECASE)
    name, numbers = _named_thentickets(left)
    if not name:
        raise Refusal(Why.MISSING, expected="agent", detail=", ".join(a.handle for a in setting.agents))
    agent = _agent(name, setting)
    found = {"tickets": joined(first, numbers)}
    if agent is not None:
        return {**found, "words": agent.handle}
    near = _near_agent(name, setting)
    handles = ", ".join(a.handle for a in setting.agents)
    if near is None:
        raise Refusal(Why.UNKNOWN_AGENT, detail=handles)
    raise Refusal(
        Why.UNKNOWN_AGENT,
        detail=handles,
        proposal=near.handle,
        mended={**found, "words": near.handle},
    )


def _named_thentickets(text: str) -> tuple[str, tuple[int, ...]]:
    """A name that references may follow: they begin at the first one."""
    for found in re.finditer(r"(?:^|(?<=\s))\S", text):
        try:
            numbers, left = leading(text[found.start() :], ANY)
        except Refusal:
            continue
        if numbers and blank(left):
            return re.sub(r"\s+(?:et|and)$", "", text[: found.start()].strip(LOOSE)), numbers
    return text.strip(LOOSE), ()


def _agent(name: str, setting: Setting) -> Agent | None:
    """By handle, address, whole name, or a first name that only one agent has."""
    wanted = fold(name.removeprefix("@"))
    if wanted in _MYSELF:
        wanted = setting.agent
    for agent in setting.agents:
        if wanted in {fold(agent.handle), fold(agent.name), *agent.addresses}:
            return agent
    first = [a for a in setting.agents if a.name and fold(a.name.split()[0]) == wanted]
    return first[0] if len(first) == 1 else None


def _near_agent(name: str, setting: Setting) -> Agent | None:
    by_word = {
        fold(word): agent
        for agent in setting.agents
        for word in (agent.handle, agent.name, *agent.name.split()[:1])
        if word
    }
    found = get_close_matches(fold(name.removeprefix("@")), by_word, 1, 0.6)
    return by_word[found[0]] if found else None


def readers(rest: str, setting: Setting) -> dict[str, Any]:
    """Addresses, or agents by their names: "ajouter sam", "ajouter moi et Luc Roy"."""
    if "@" in rest or blank(rest):
        return addresses(rest, setting)
    names = [name.strip(LOOSE) for name in _JOINS.sub(",", rest).split(",")]
    agents = [_agent(name, setting) for name in names if name]
    if not agents or None in agents:
        raise Refusal(Why.BAD_ADDRESS, expected="address", detail=rest)
    return {"addresses": tuple(dict.fromkeys(a.addresses[0] for a in agents if a is not None)), "words": ""}


def addresses(rest: str, _setting: Setting) -> dict[str, Any]:
    """One or more addresses, in brackets or with a name, each once whatever a program made of it."""
    found = tuple(dict.fromkeys(address.lower().rstrip(".") for address in _ADDRESS.findall(rest)))
    name = " ".join(_ADDRESS.sub(" ", rest).translate(_BRACKETS).split())
    name = _JOINS.sub(" ", name).strip(LOOSE)
    if not found or "@" in name:
        raise Refusal(Why.MISSING if blank(rest) else Why.BAD_ADDRESS, expected="address", detail=rest)
    if len(found) > MOST:
        raise Refusal(Why.TOO_MANY, detail=str(MOST))
    return {"addresses": found, "words": name}


def addresses_in(text: str) -> tuple[str, ...]:
    """The addresses that stand in a text, each once, at most as many as a command takes."""
    found: dict[str, None] = {}
    for match in _ADDRESS.finditer(text):
        found[match[0].lower().rstrip(".")] = None
        if len(found) == MOST:
            break
    return tuple(found)


def one_address(rest: str, setting: Setting) -> dict[str, Any]:
    found = addresses(rest, setting)
    if len(found["addresses"]) > 1:
        raise Refusal(Why.EXTRA, expected="address", detail=found["addresses"][1])
    return found


def account(rest: str, _setting: Setting) -> dict[str, Any]:
    numbers, left = leading(rest, NAMED)
    name = left.strip(LOOSE + '«»“”"')
    if not name:
        raise Refusal(Why.MISSING, expected="account")
    return {"words": name, "tickets": numbers}


def scope(rest: str, setting: Setting) -> dict[str, Any]:
    if blank(rest):
        return {}
    word = fold(rest.strip(LOOSE)).replace(" ", "")
    if word in _SCOPES:
        return {"words": _SCOPES[word]}
    agent = _agent(rest.strip(LOOSE), setting)
    if agent is None:
        raise Refusal(Why.EXTRA, expected="scope", detail=rest)
    return {"words": f"@{agent.handle}"}
