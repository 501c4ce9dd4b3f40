"""`preview`: a kind of mail as its reader will see it, with invented data. Nothing is sent."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.failure import CommandFailed, UsageFault

if TYPE_CHECKING:
    from daemon.core.values import Language, OutboxRow
    from daemon.mail.compose import Identity

_LANGUAGES = ("fr", "en")
_PLANS = ("gratuit", "base", "bronze", "argent", "or", "platine")
_PRIORITIES = ("P1", "P2", "P3", "P4")
_OF_A_STRANGER: dict[str, object] = {"recognized": False, "evidence": []}


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    p = sub.add_parser(
        "preview",
        help="show a mail with sample data",
        description="Render a kind of mail with invented data: subject, text, then the HTML source.",
    )
    p.add_argument("kind", metavar="KIND", help="a kind of mail, such as ack, status-update or notice")
    p.add_argument("--lang", choices=_LANGUAGES, default="fr")
    p.add_argument("--plan", choices=_PLANS, help="of the customer (ack: platine)")
    p.add_argument("--priority", choices=_PRIORITIES, help="of the ticket (ack: P1)")
    p.add_argument("--rule", metavar="RULE", help="ack: why this priority, such as P1-single or P2-many")
    p.add_argument("--closed", action="store_true", help="ack: written on a Saturday before dawn")
    p.add_argument("--stranger", action="store_true", help="to a sender whom nothing proves")
    p.add_argument(
        "--what", metavar="WHAT", help="the situation that the mail tells of; a wrong one lists them"
    )
    p.add_argument("--html", metavar="FILE", help="write the HTML into this file instead of showing it")
    p.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Subject, files and text on stdout, then the HTML source, or the path of the file that now holds it."""
    from daemon.mail.compose import Composer, enclosed
    from daemon.mail.enclosing import enclosures
    from daemon.mail.template_set import BadTemplate

    identity, overlay = _desk(getattr(args, "config", None))
    row = _row(args)
    try:
        mail = Composer(identity, overlay).render(row, row.queued_at, dict.fromkeys(enclosed(row), b""))
    except BadTemplate as fault:
        raise CommandFailed(str(fault)) from fault
    shown = mail.html
    if args.html:
        try:
            Path(args.html).write_text(mail.html, encoding="utf-8")
        except OSError as trouble:
            raise CommandFailed(f"{args.html}: {trouble.strerror}") from trouble
        shown = f"HTML: {args.html}\n"
    files = ", ".join(one.name for one in enclosures(row))
    head = f"Subject: {mail.subject}\n" + (f"Files: {files}\n" if files else "")
    sys.stdout.write(f"{head}\n{mail.text}\n{shown}")
    return 0


def _row(args: argparse.Namespace) -> OutboxRow:
    """The sample row that the arguments ask for. Raises `UsageFault` for a kind, situation or rule that is
    none."""
    from daemon.core.values import Language
    from daemon.mail import samples

    _one_of("KIND", args.kind, samples.KINDS)
    language = Language(args.lang)
    row = _acknowledgement(args, language) if args.kind == "ack" else _situation(args, language)
    if args.stranger and "known" in row.context:
        row.context.update(known=False, given_name="", subject="")
        row.context.update({name: empty for name, empty in _OF_A_STRANGER.items() if name in row.context})
    return row


def _acknowledgement(args: argparse.Namespace, language: Language) -> OutboxRow:
    from daemon.core.values import Plan, Priority
    from daemon.mail import samples

    priority = Priority(args.priority or "P1")
    if args.rule:
        _one_of("--rule", args.rule, samples.RULES[priority])
    plan = Plan(args.plan or "platine")
    return samples.ack(language, plan, priority, rule=args.rule, closed=args.closed)


def _situation(args: argparse.Namespace, language: Language) -> OutboxRow:
    """The first situation of the kind, or the one that is named; plan and priority as they are asked for,
    where the mail tells them (its deadlines stay those of the sample)."""
    from daemon.mail import samples

    rows = samples.named(args.kind, language)
    what = args.what or next(iter(rows))
    _one_of("--what", what, tuple(rows))
    row = rows[what]
    asked = {"plan": args.plan, "priority": args.priority}
    row.context.update({name: value for name, value in asked.items() if value and name in row.context})
    return row


def _one_of(argument: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageFault(f"{argument} is {value!r}: expected one of {', '.join(known)}")


def _desk(config: str | None) -> tuple[Identity, Path | None]:
    """Name, address and overlay of the desk whose configuration is named, else those of the sample. The key
    is always the sample's: a preview shows no token that would be accepted."""
    from dataclasses import replace

    from daemon.mail.proof import SAMPLE_DESK

    if not config and not os.environ.get("AZIMUT_SUPPORT_CONFIG"):
        return SAMPLE_DESK, None
    from daemon.settings.load import find_config, load_settings

    desk = load_settings(find_config(config)).desk
    identity = replace(
        SAMPLE_DESK,
        desk_address=desk.address,
        desk_name=desk.name,
        timezone=desk.timezone,
        phone=desk.phone,
        plus_addressing=desk.plus_addressing,
    )
    return identity, desk.templates
