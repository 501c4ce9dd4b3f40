"""What the demo did, for a person at a terminal: each mail, its ticket, priority and why, the promised times,
the acknowledgement, and where to look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from daemon.demo.mailserver import Letter
from daemon.demo.play import Sample, parsed

_BY_SEVERITY: Final[Mapping[str, str]] = {
    "S2": "an important function fails, sales go on (or the mail is too vague to tell)",
    "S3": "a secondary function fails",
    "S4": "nothing is broken: a wish or a question",
}
_WHY: Final[Mapping[str, str]] = {
    "P1-single": "sales are stopped; one install on file, no other way to sell is mentioned",
    "P1-provisional": "sales are stopped; installs unknown, so the two questions are asked",
    "P2-many": "sales are stopped at one till, but the customer has several installs",
    "P2-other-means": "sales are stopped, but the mail names another way to sell",
    "stub": "could not be read: in quarantine, so that somebody looks",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One sample with everything that came of it. `ticket` as the contract's `ticket REF --json` has it."""

    sample: Sample
    disposition: str
    reason: str
    ticket: Mapping[str, Any] | None
    sent: Sequence[tuple[Letter, Path]]


def keep_letters(letters: Sequence[Letter], folder: Path) -> list[tuple[Letter, Path]]:
    """Write every mail that the desk sent into `folder`: the bytes as .eml, its HTML beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for number, letter in enumerate(letters, start=1):
        message = parsed(letter.data)
        name = f"{number:02}-{message['X-Azimut-Kind']}-{letter.recipient.partition('@')[0]}"
        (folder / f"{name}.eml").write_bytes(letter.data)
        html = message.get_body(("html",))
        page = folder / f"{name}.html"
        page.write_text(html.get_content() if html else "", encoding="utf-8")
        kept.append((letter, page))
    return kept


def tell(stories: Sequence[Story], console: Console, zone: ZoneInfo) -> None:
    for story in stories:
        _tell_one(story, console, zone)


def _tell_one(story: Story, console: Console, zone: ZoneInfo) -> None:
    console.print()
    console.print(
        f"[bold]{escape(story.sample.subject or '(no subject)')}[/bold]", highlight=False, soft_wrap=True
    )
    console.print(f"  from        {escape(story.sample.sender)}", highlight=False, soft_wrap=True)
    ticket = story.ticket
    if story.disposition != "ticket" or ticket is None:
        where = f", on {ticket['ref']}" if ticket else ""
        console.print(
            f"  filed as    {story.disposition}{where} ({escape(story.reason)})",
            highlight=False,
            soft_wrap=True,
        )
    else:
        _tell_ticket(ticket, console, zone)
    for letter, page in story.sent:
        message = parsed(letter.data)
        console.print(
            f"  sent        {message['X-Azimut-Kind']} to {escape(letter.recipient)}: "
            f"{escape(str(message['Subject']))}",
            highlight=False,
            soft_wrap=True,
        )
        if message["X-Azimut-Kind"] == "ack":
            body = message.get_body(("plain",))
            text = body.get_content().strip() if body else ""
            console.print(Padding(escape(text), (0, 0, 0, 14)), style="dim", highlight=False)
        console.print(f"              HTML: {page}", highlight=False, soft_wrap=True)


def _tell_ticket(ticket: Mapping[str, Any], console: Console, zone: ZoneInfo) -> None:
    to_confirm = ", to be confirmed" if ticket["provisional"] else ""
    why = _WHY.get(ticket["rule"]) or _BY_SEVERITY.get(ticket["severity"], ticket["rule"])
    decisive = [" ".join(e["text"].split()) for e in ticket["evidence"] if e["facet"] == "severity"]
    words = " · ".join(f'"{text}"' for text in decisive)
    console.print(
        f"  ticket      [bold]{ticket['ref']}[/bold]  account {ticket['account'] or 'unknown'}, "
        f"plan {ticket['plan']}, {ticket['language']}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"  priority    [bold]{ticket['priority']}[/bold]{to_confirm}: {why}", highlight=False, soft_wrap=True
    )
    if words:
        console.print(f"  decided by  {escape(words)}", highlight=False, soft_wrap=True)
    answer = _local(ticket["first_response"]["due"], zone)
    solve = _local(ticket["resolution"]["due"], zone)
    console.print(f"  promised    answer by {answer}, solved by {solve}", highlight=False, soft_wrap=True)


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M}"
