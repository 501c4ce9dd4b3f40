"""spaCy is imported without its command line, and only while it is imported."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
import classifiers.pipeline
brought = {"httpx", "weasel", "rich", "typer", "spacy.cli"} & set(sys.modules)
import spacy.cli
print(sorted(brought), callable(spacy.cli.info))
"""


def test_the_daemon_gets_spacy_without_its_command_line_and_others_get_it_still() -> None:
    told = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[] True"
