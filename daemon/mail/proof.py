"""Proof of the wording: every kind rendered with invented data, before a customer reads it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from daemon.core.values import Language, OutboxRow
from daemon.mail import samples
from daemon.mail.compose import Composer, Identity, enclosed
from daemon.mail.customers_samples import ZONE
from daemon.mail.self_help import SelfHelpShelf
from daemon.mail.template_set import BadTemplate, TemplateSet
from daemon.mail.tokens import TokenKey
from daemon.settings.resources import resource

SAMPLE_DESK: Final = Identity(
    desk_address="support@azimutpos.com",
    desk_name="Soutien Azimut POS",
    timezone=ZONE,
    phone="418 555-0142",
    key=TokenKey(b"no mail is ever sent under this key"),
)


def faults(overlay: Path | None = None) -> list[str]:
    """What is wrong with the templates and the self-help texts, one line each. Raises `ConfigError` when the
    shipped ones are not there at all."""
    templates = TemplateSet(resource("templates", "email"), overlay)
    missing = templates.missing()
    found = [f"templates/email/{name}: missing" for name in missing]
    found += SelfHelpShelf(resource("config", "aide"), overlay).faults()
    if missing:
        return found
    composer = Composer(SAMPLE_DESK, overlay)
    for language in Language:
        for kind in templates.kinds(language):
            found += _kind_faults(composer, kind, language)
    return found


def rehearse(composer: Composer) -> list[str]:
    """One mail of each kind that every ticket needs, in both languages, with invented data: templates,
    calendars and number formats are then in memory before the first customer waits for them. What is wrong
    with them, one line each."""
    return [
        fault
        for language in Language
        for kind in ("ack", "notification")
        for fault in _faults(composer, samples.every(kind, language)[:1], f"{language.value}/{kind}")
    ]


def _kind_faults(composer: Composer, kind: str, language: Language) -> list[str]:
    """The first fault of a kind: the others are mostly the same again."""
    rows = samples.every(kind, language)
    if not rows:
        return [f"templates/email/{language.value}/{kind}: no mail of this kind is sent"]
    return _faults(composer, rows, f"{language.value}/{kind}")


def _faults(composer: Composer, rows: Sequence[OutboxRow], name: str) -> list[str]:
    """Of the first row that has one."""
    for row in rows:
        try:
            composer.render(row, row.queued_at, dict.fromkeys(enclosed(row), b""))
        except BadTemplate as fault:
            return [str(fault)]
        except (TypeError, ValueError, LookupError, ArithmeticError) as fault:
            return [f"templates/email/{name}: {type(fault).__name__}: {fault}"]
    return []
