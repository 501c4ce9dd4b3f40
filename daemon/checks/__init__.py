"""What an operator asks of a desk: is it ready (`readiness`), does a mail come round (`roundtrip`), is every
mail accounted for (`accounting`)? Nothing here runs in the daemon."""

from __future__ import annotations

from daemon.checks.finding import Finding
from daemon.checks.readiness import check

__all__ = ["Finding", "check"]
