"""Invented answers to « voir », « expliquer », « client », « liste » and « aide ». Part of the samples;
nothing here is ever sent."""

from __future__ import annotations

from typing import Any

from daemon.core.values import Language
from daemon.mail.agents_receipts import DUE, ISO, SUBJECT


def _listed(number: int, **changes: Any) -> dict[str, Any]:
    first = {"clock": "resolution", "due": DUE, "breached": False}
    usual = {"ref": f"AZ-{number}", "subject": "Rapport des ventes incomplet", "account": "Café Karim"}
    return {
        **usual,
        "priority": "P3",
        "provisional": False,
        "state": "open",
        "holder": "",
        "first": first,
    } | changes


def shown(
    language: Language, ticket: dict[str, Any], helped: list[dict[str, str]]
) -> dict[str, dict[str, Any]]:
    """Shown, by what was asked. `ticket`: the context of a notification; `helped`: the rows of « aide »."""
    start, pause, go = (ISO.format(at) for at in ("03T10:30:00", "03T11:12:00", "04T09:00:00"))
    told = {"calendar": "standard", "version": "2026-01"}
    cycle: dict[str, Any] = {
        "clock": "resolution",
        "priority": "P2",
        "start": start,
        "target": 32_400.0,
        "source": "sla",
        "calendar": "standard",
        "promised": DUE,
        "held_until": None,
        "begun": start,
        "due": DUE,
        "met": None,
        "breached": None,
        "outcome": None,
        "intervals": [
            {"kind": "running", "since": start, "until": pause, "seconds": 2_520.0, "reason": "", **told},
            {"kind": "paused", "since": pause, "until": go, "seconds": 24_480.0, "reason": "waiting", **told},
        ],
    }
    first = {
        **cycle,
        "clock": "first_response",
        "met": pause,
        "due": None,
        "outcome": "met",
        "source": "plan",
        "intervals": cycle["intervals"][:1],  # it does not pause
    }
    other = {**cycle, "breached": DUE, "intervals": []}
    held = {**cycle, "held_until": DUE, "begun": go}
    rows = [first, cycle, held, other, {**other, "breached": None, "outcome": "superseded"}]
    rows += [{**other, "met": DUE}, {**other, "breached": None, "due": None}]
    lines = [_listed(1042, priority="P1", provisional=True, holder="Alex Roy"), _listed(1057)]
    lines += [_listed(1058, state="waiting", first=None, account=""), _listed(1059, subject="")]
    people = [{"name": "Marie Roy", "address": "marie@boulangerieroy.example", "role": "requester"}]
    customer = {**ticket, "people": [*people, {"name": "", "address": "x@y.example", "role": "added"}]}

    def item(what: str, content: Any, ref: str = "AZ-1042", **more: Any) -> dict[str, Any]:
        subject = SUBJECT[language] if ref else ""
        return {
            "shown": what,
            "ref": ref,
            "subject": subject,
            "scope": "",
            "more": 0,
            "content": content,
            **more,
        }

    everything = {
        "show": item("show", ticket),
        "explain": item("explain", rows),
        "customer": item("customer", {**customer, "tickets": lines}),
        "list": item("list", lines, "", scope="late", more=7),
        "list_mine": item("list", lines[:1], "", scope="me"),
        "list_p1": item("list", [], "", scope="P1"),
        "list_sam": item("list", lines[:1], "", scope="@sam"),
        "list_all": item("list", lines, ""),
        "help": item("help", helped, ""),
    }
    found = {name: {"what": "shown", "shown": [one]} for name, one in everything.items()}
    both = [everything["show"], everything["customer"]]
    return {**found, "several": {"what": "shown", "shown": both}}
