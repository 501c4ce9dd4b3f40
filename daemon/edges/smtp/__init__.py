"""The SMTP edge: the `Sender` port on a real server. aiosmtplib lives in this package and nowhere else."""

from __future__ import annotations

from daemon.edges.smtp.pool import SmtpPool, SmtpStatus
from daemon.edges.smtp.server import SmtpServer

__all__ = ["SmtpPool", "SmtpServer", "SmtpStatus"]
