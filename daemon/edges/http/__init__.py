"""The HTTP edge: health and figures for machines on this machine. It knows nothing of mail."""

from __future__ import annotations

from daemon.edges.http.exposition import Exposition
from daemon.edges.http.server import Answer, HealthServer

__all__ = ["Answer", "Exposition", "HealthServer"]
