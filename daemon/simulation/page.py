"""One HTML page of a played scenario: ticket by ticket, every mail in its turn with what happened between
them. It loads nothing from anywhere; the mails' own HTML stands in frames that may do nothing."""

from __future__ import annotations

from datetime import datetime
from email import message_from_bytes
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.values import Mail, reference
from daemon.mail.parse import parse
from daemon.simulation.letters import shown
from daemon.simulation.play import Arrived, Played
from daemon.simulation.telling import sentence
from daemon.simulation.timeline import Entry

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-bottom: 1px solid #8888; }
nav a { margin-right: .8rem; }
article { border: 1px solid #8886; border-radius: 6px; margin: 1rem 0; padding: .6rem 1rem; }
article.in { border-left: 4px solid #2a7de1; } article.out { border-left: 4px solid #2e9e5b; }
article header { font-size: .9rem; } article header b { font-size: 1rem; }
p.event { margin: .6rem 0 .6rem 1rem; font-size: .9rem; } p.breach { color: #c0392b; font-weight: 600; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .6rem 0; }
pre { font: .88rem/1.5 ui-monospace, monospace; }
iframe { width: 100%; height: 28rem; border: 1px solid #8886; background: #fff; }
summary { cursor: pointer; font-size: .9rem; }
"""


def page(title: str, played: Played, zone: ZoneInfo) -> str:
    """The page. `played` must have been played with its pages kept."""
    groups = _by_ticket(played, zone)
    links = "".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name, _ in groups)
    fault = f"<p><b>{escape(played.fault)}</b></p>" if played.fault else ""
    body = "".join(
        f'<section><h2 id="{escape(name)}">{escape(name)}</h2>{"".join(items)}</section>'
        for name, items in groups
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{fault}<nav>{links}</nav>{body}</body></html>\n"
    )


def _by_ticket(played: Played, zone: ZoneInfo) -> list[tuple[str, list[str]]]:
    """What stands under each ticket's heading, then what is on none."""
    found: dict[str, list[tuple[datetime, int, str]]] = {}

    def add(ticket: str | None, at: datetime, order: int, item: str) -> None:
        found.setdefault(ticket or "The desk", []).append((at, order, item))

    for arrived in played.arrived:
        filed = played.filed.get(arrived.uid)
        ticket = reference(filed.ticket) if filed is not None and filed.ticket else None
        how = f"{filed.disposition.value}: {filed.reason}" if filed is not None else "not taken in"
        add(ticket, arrived.at, 0, _incoming(arrived, how, zone))
    letters = iter(played.letters)
    for entry in played.entries:
        if entry.event == "sent":
            add(entry.ticket, entry.at, 2, _outgoing(entry, next(letters).html, zone))
        else:
            add(entry.ticket, entry.at, 1, _event(entry, zone))
    named = sorted(found.items(), key=lambda group: (group[0] == "The desk", _number(group[0])))
    return [(name, [item for _, _, item in sorted(items, key=lambda i: i[:2])]) for name, items in named]


def _incoming(arrived: Arrived, how: str, zone: ZoneInfo) -> str:
    mail = parse(arrived.data)
    head = message_from_bytes(arrived.data)
    text = mail.text if isinstance(mail, Mail) else ""
    fields = [("From", shown(head["From"])), ("To", shown(head["To"])), ("Cc", shown(head["Cc"]))]
    title = f"{_when(arrived.at, zone)} · {shown(head['Subject'])}"
    return _article("in", title, [*fields, ("Filed", how)], text, "")


def _outgoing(entry: Entry, html: str, zone: ZoneInfo) -> str:
    title = f"{_when(entry.at, zone)} · {entry.subject}"
    return _article(
        "out", title, [("To", entry.to or ""), ("Kind", entry.kind or "")], entry.text or "", html
    )


def _article(kind: str, title: str, fields: list[tuple[str, str]], text: str, html: str) -> str:
    head = "".join(f"<div>{escape(n)}: {escape(v)}</div>" for n, v in fields if v)
    frame = ""
    if html:
        source = escape(html, quote=True)
        frame = f'<details><summary>HTML</summary><iframe sandbox srcdoc="{source}"></iframe></details>'
    return (
        f'<article class="{kind}"><header><b>{escape(title)}</b>{head}</header>'
        f"<pre>{escape(text)}</pre>{frame}</article>"
    )


def _event(entry: Entry, zone: ZoneInfo) -> str:
    words = f"{_when(entry.at, zone)} · {sentence(entry, zone)}"
    return f'<p class="event {escape(entry.event)}">{escape(words)}</p>'


def _when(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%a %F %H:%M")


def _number(name: str) -> int:
    digits = name.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0
