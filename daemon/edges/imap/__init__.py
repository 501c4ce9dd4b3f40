"""The IMAP edge: the `Mailbox` port on a real server. aioimaplib lives in this package and nowhere else."""

from __future__ import annotations

from daemon.edges.imap.mailbox import ImapMailbox, open_mailbox
from daemon.edges.imap.server import ImapServer

__all__ = ["ImapMailbox", "ImapServer", "open_mailbox"]
