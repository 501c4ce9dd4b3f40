"""docs/guide-agents.fr.md names every command, no other, and shows pictures that are there."""

from __future__ import annotations

import re

from daemon.core.commands.values import Verb
from daemon.core.commands.vocabulary import NAMES, known
from tests.docs.pages import ROOT, page

PAGE = "guide-agents.fr.md"


def test_every_command_of_the_guide_is_one_and_every_command_is_in_the_guide() -> None:
    named = set(re.findall(r"`\.(\w+)", page(PAGE))) | {"oui", "envoyer"}
    assert {word for word in named if known(word) is None} == set()
    verbs = {found.verb for word in named if (found := known(word)) is not None}
    assert set(NAMES) - verbs == {Verb.NO}


def test_its_pictures_are_there_and_it_stays_short() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page(PAGE))
    assert len(pictures) >= 2
    for picture in pictures:
        assert (ROOT / "docs" / picture).stat().st_size < 200_000
    assert len(page(PAGE).split()) < 1_100, "two pages"
