"""Self-help texts: steps that people of the support team wrote and approved, never the classifier.

`config/aide/<key>.<language>.txt`: lines that begin with # are for the team; the first line ends the sentence
« D’ici là, … »; the others are the steps, one to a line.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.core.values import Language
from daemon.mail.wording import french_spacing

log = logging.getLogger("azimut.compose")

MOST_STEPS: Final = 6
"""More than a person in trouble reads on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfHelp:
    intro: str
    steps: tuple[str, ...]


def read(written: str, language: Language) -> SelfHelp:
    """The text of one file. Raises `ValueError` when it holds no sentence or no step."""
    lines = [line.strip() for line in written.splitlines() if line.strip() and not line.startswith("#")]
    if language is Language.FR:
        lines = [french_spacing(line) for line in lines]
    if not 2 <= len(lines) <= MOST_STEPS + 1:
        raise ValueError(f"expected a sentence, then 1 to {MOST_STEPS} steps, one to a line")
    return SelfHelp(intro=lines[0], steps=tuple(lines[1:]))


class SelfHelpShelf:
    """The texts of a desk: those of the owner's overlay (`aide/`) before the shipped ones."""

    def __init__(self, shipped: Path, overlay: Path | None) -> None:
        self._folders = [f for f in (overlay / "aide" if overlay else None, shipped) if f is not None]
        self._read: dict[str, SelfHelp] = {}  # like the templates: read once, until the next start

    def find(self, key: str, language: Language) -> SelfHelp | None:
        """The text under this key. None when there is none or it cannot be read: the mail leaves without it,
        and `check` names the fault."""
        name = f"{key}.{language.value}.txt"
        if known := self._read.get(name):
            return known
        for folder in self._folders:
            try:
                found = self._read[name] = read((folder / name).read_text(encoding="utf-8"), language)
                return found
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as fault:
                log.warning("self_help_unusable", extra={"fields": {"file": name, "reason": str(fault)}})
                return None
        log.warning("self_help_missing", extra={"fields": {"file": name}})
        return None

    def faults(self) -> list[str]:
        """Texts that cannot be read, or that are there in one language only."""
        found: list[str] = []
        names: dict[str, set[str]] = {}
        for folder in self._folders:
            for path in sorted(folder.glob("*.txt")):
                key, _, language = path.stem.rpartition(".")
                if language not in set(Language):
                    found.append(f"{path}: expected a name such as caisse-gelee.fr.txt")
                    continue
                names.setdefault(key, set()).add(language)
                try:
                    read(path.read_text(encoding="utf-8"), Language(language))
                except (OSError, ValueError) as fault:
                    found.append(f"{path}: {fault}")
        for key, languages in sorted(names.items()):
            found += [f"aide/{key}.{lang}.txt: missing" for lang in sorted(set(Language) - languages)]
        return found
