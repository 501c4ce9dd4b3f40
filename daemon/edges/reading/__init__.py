"""Reading mails, parsed and classified, in a process of its own."""

from daemon.edges.reading.model import TriageModel
from daemon.edges.reading.opening import Setup, open_mail
from daemon.edges.reading.room import ReadingRoom

__all__ = ["ReadingRoom", "Setup", "TriageModel", "open_mail"]
