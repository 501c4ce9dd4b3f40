"""How a command ends when it cannot do its work: a line for a person, never a traceback."""

from __future__ import annotations


class CommandFailed(Exception):
    """Exit status 1: the command was right, the work failed. The text says what and what to do."""


class UsageFault(Exception):
    """Exit status 2: an argument holds something that the command cannot take."""
