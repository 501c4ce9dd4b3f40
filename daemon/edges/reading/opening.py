"""One mail from bytes to what it says."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from daemon.core.decide import needs_findings
from daemon.core.values import Findings, Mail, Unreadable
from daemon.mail.masked_copy import masked_copy
from daemon.mail.parse import parse
from daemon.ports import Opened, ReadingFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What parsing must know of this desk."""

    desk_address: str
    voicemail_senders: tuple[str, ...] = ()

    def parse(self, data: bytes, truncated: bool) -> Mail | Unreadable:
        return parse(
            data,
            truncated=truncated,
            desk_address=self.desk_address,
            voicemail_senders=self.voicemail_senders,
        )


def open_mail(
    data: bytes,
    truncated: bool,
    *,
    parse: Callable[[bytes, bool], Mail | Unreadable],
    classify: Callable[[str, str], Findings] | None,
) -> Opened | ReadingFault:
    """Never raises. `classify` None: only parsed. A person who writes is answered even when the model fails:
    the core then takes the priority that the guide gives to a text that cannot be told, to be verified."""
    try:
        mail = parse(data, truncated)
        wanted = classify is not None and isinstance(mail, Mail) and needs_findings(mail)
    except Exception as fault:  # noqa: BLE001 - any fault of one mail is that mail's alone
        return _told(fault)
    if not wanted or classify is None or not isinstance(mail, Mail):
        return Opened(mail=mail)
    try:
        return Opened(mail=mail, findings=classify(mail.subject, mail.new_text or mail.text))
    except Exception as fault:  # noqa: BLE001 - the person is answered without it, and its trace is logged
        return Opened(mail=mail, unclassified=_told(fault))


def copy_masked(data: bytes, mark: str, *, parse: Callable[[bytes, bool], Mail | Unreadable]) -> bytes | None:
    """Never raises: where the program fails on a mail there is no copy of it, and its trace stands on stderr,
    which is the daemon's log."""
    try:
        return masked_copy(data, mark, parse)
    except Exception:  # noqa: BLE001 - the mail stays as it is, and its keeper says so
        traceback.print_exc()
        return None


def _told(fault: Exception) -> ReadingFault:
    """It crosses a process boundary, which not every exception survives."""
    return ReadingFault(type(fault).__name__, "".join(traceback.format_exception(fault)))
