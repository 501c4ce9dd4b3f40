"""Minutes of a call, a priority, the decision on a credit with its amount."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from daemon.core.commands.references import (
    ANY,
    FIRST_NUMBER,
    LOOSE,
    NAMED,
    Refusal,
    blank,
    joined,
    leading,
    tickets,
    unnamed,
)
from daemon.core.commands.values import Setting, Why
from daemon.core.commands.vocabulary import fold
from daemon.core.values import Priority

LONGEST_CALL: Final = 8 * 60
"""Minutes; a longer call is a slip of the finger."""

_MINUTES: Final = re.compile(
    r"(?:(\d{1,2})\s?h(?:\s?(\d{1,2}))?(?:\s?min)?|(\d{1,5})(?:[.,](\d{1,2}))?(?:\s?(?:minutes?|mins?|mn|m|['’′])\b\.?)?)"
    r"(?=$|[\s,;:.!–—-])",
    re.IGNORECASE,
)
_AMOUNT: Final = re.compile(
    r"(?P<before>\$\s?)?(?P<whole>\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d{1,3}(?:,\d{3})+|\d{1,6})"
    r"(?:[.,](?P<cents>\d{1,2}))?"
    r"(?P<after>\s?(?:\$|CAD\b))?(?=$|[\s,;.)])",
    re.IGNORECASE,
)
_DECISIONS: Final = {
    **dict.fromkeys(("accepter", "accept", "accepte", "accepted", "oui", "yes"), True),
    **dict.fromkeys(("refuser", "refuse", "refused", "non", "no"), False),
}


def priority(rest: str, setting: Setting) -> dict[str, Any]:
    """After "priorité": the number comes first. p1 to p4 hold theirs in the name (`grammar`)."""
    found = re.match(r"p?\s?([1-4])(?=$|[\s,;.!])", rest, re.IGNORECASE)
    if found is None:
        raise Refusal(Why.MISSING if blank(rest) else Why.BAD_NUMBER, expected="priority", detail=rest)
    return {"priority": Priority(f"P{found[1]}"), **tickets(rest[found.end() :], setting)}


def call(rest: str, _setting: Setting) -> dict[str, Any]:
    """ "appel 12", "appel 12 min AZ-1042 vu avec Marie", "call 1 h 30"."""
    first, left = leading(rest, NAMED)
    found = _MINUTES.match(left)
    if found is None:
        why = Why.MISSING if blank(left) else Why.BAD_NUMBER
        raise Refusal(why, expected="minutes", detail=left)
    if found[1]:
        minutes = int(found[1]) * 60 + int(found[2] or 0)
    else:
        minutes = int(found[3]) + (1 if int(found[4] or 0) else 0)  # rounded up to whole ones
    if not 1 <= minutes <= LONGEST_CALL:
        raise Refusal(Why.BAD_NUMBER, expected="minutes", detail=found[0])
    after = left[found.end() :].lstrip(LOOSE + "-–—")
    numbers, words = leading(after, NAMED)
    if not numbers and min(leading(after, ANY)[0], default=0) >= FIRST_NUMBER:
        bare, left_over = leading(after, ANY)
        if blank(left_over):
            numbers, words = bare, ""
    return {"minutes": minutes, "tickets": joined(first, numbers), "words": words}


def credit(rest: str, setting: Setting) -> dict[str, Any]:
    """ "crédit accepter", "crédit accepter AZ-1042 31,25 $", "credit refuse 1042 1043"."""
    word = re.match(r"([^\W\d_]+)(?=$|[\s,;:.])", rest)
    accept = _DECISIONS.get(fold(word[1])) if word else None
    if word is None or accept is None:
        raise Refusal(Why.MISSING, expected="decision", detail=rest)
    left = rest[word.end() :].lstrip(LOOSE)
    amount: Decimal | None = None
    for found in _AMOUNT.finditer(left):
        if not (found["before"] or found["after"] or found["cents"]):
            continue
        if amount is not None:
            raise Refusal(Why.EXTRA, expected="amount", detail=found[0])
        whole = re.sub(r"\D", "", found["whole"])
        amount = Decimal(f"{whole}.{(found['cents'] or '0').ljust(2, '0')}")
        left_over = f"{left[: found.start()]} {left[found.end() :]}"
    if amount is not None:
        left = left_over
    numbers = tickets(left, setting)["tickets"]
    plain = next((n for n in re.findall(r"\d+", unnamed(left)) if int(n) < FIRST_NUMBER), None)
    if plain is not None:
        raise Refusal(Why.AMBIGUOUS_AMOUNT, expected="amount", detail=plain)
    if amount is not None and not accept:
        raise Refusal(Why.EXTRA, expected="decision", detail=str(amount))
    if amount is not None and not amount:
        raise Refusal(Why.BAD_NUMBER, expected="amount", detail="0")
    return {"accept": accept, "amount": amount, "tickets": numbers}
