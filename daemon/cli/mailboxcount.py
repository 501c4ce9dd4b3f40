"""The count of the mailbox against the ledger, as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import TYPE_CHECKING

from daemon.cli.output import emit, instant

if TYPE_CHECKING:
    from daemon.checks.accounting import Account, FolderCount


class Counted:
    """`daemon_runs`: nothing was taken in, the running daemon has the store."""

    def __init__(self, account: Account, *, daemon_runs: bool) -> None:
        self._account = account
        self._daemon_runs = daemon_runs

    @property
    def proven(self) -> bool:
        return self._account.proven

    @property
    def document(self) -> dict[str, object]:
        """`folders`: `[{name, mails, known, doubles, taken_in, missing}]`; `mails`, `in_ledger`: the two
        numbers that must be one; `rows`, `gone`: of the ledger; the first `strays` and `gone_shown`."""
        account = self._account
        return {
            "proven": account.proven,
            "mails": account.mails,
            "in_ledger": account.in_ledger,
            "rows": account.rows,
            "gone": account.gone,
            "daemon_runs": self._daemon_runs,
            "folders": account.folders,
            "strays": account.strays,
            "gone_shown": account.gone_shown,
        }

    def tell(self, zone: tzinfo) -> None:
        account = self._account
        for folder in account.folders:
            emit(f"{'failed' if folder.missing else 'ok':8} {_told(folder)}")
        for stray in account.strays:
            who = f" {stray.sender}: {stray.subject}" if stray.sender else ""
            twice = " (a copy of a mail that is in the ledger)" if stray.copy else ""
            emit(f"{'':8} {stray.folder} UID {stray.uid}, {instant(stray.arrived, zone)}{who}{twice}")
        missing = account.mails - account.in_ledger
        if missing > len(account.strays):
            emit(f"{'':8} and {missing - len(account.strays)} more")
        for line in self._sums():
            emit(line)

    def _sums(self) -> Iterator[str]:
        account = self._account
        sign = "=" if account.proven else "≠"
        level = "ok" if account.proven else "failed"
        yield f"{level:8} {account.mails} in the mailbox {sign} {account.in_ledger} in the ledger"
        if not account.proven and self._daemon_runs:
            yield f"{'':8} what is missing is taken in when this command runs with the daemon stopped"
        if account.gone:
            yield (
                f"{'note':8} {account.gone} of {account.rows} ledger rows: their mail is in none of these "
                "folders any more (deleted or filed elsewhere by somebody)"
            )
            for entry in account.gone_shown:
                yield f"{'':8} {entry.mailbox}/{entry.uidvalidity}/{entry.uid} ({entry.disposition})"


def _told(folder: FolderCount) -> str:
    text = f"{folder.name}: {folder.mails} mails, {folder.known} in the ledger"
    if folder.doubles:
        text += f" ({folder.doubles} of them doubles)"
    if folder.taken_in:
        became = ", ".join(f"{count} {name}" for name, count in sorted(folder.taken_in.items()))
        text += f", {sum(folder.taken_in.values())} taken in now, nobody answered ({became})"
    if folder.missing:
        text += f", {folder.missing} not"
    return text
