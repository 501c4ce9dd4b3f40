"""Whether what is left beside the commands is nothing but the agent's signature: most programs put it there
without the mark of RFC 3676, and no customer needs a mail that holds only that."""

from __future__ import annotations

import re
from typing import Final

from daemon.core.commands.values import Setting
from daemon.core.commands.vocabulary import fold

_LONGEST: Final = 12
"""Lines of a signature."""
_CLOSINGS: Final = re.compile(
    r"^(?:(?:bien )?cordialement|salutations|merci(?: d['’]avance| beaucoup)?|bonne (?:fin de )?journée|"
    r"à bientôt|(?:best|kind|warm)? ?regards|best|cheers|thanks|thank you|many thanks|sincerely)[\s,.!]*$",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"\S+(?:\s+\S+){3,}\s*[.?!…]\s*$")


def is_signature(words: str, setting: Setting) -> bool:
    """The agent's name, perhaps after a closing, and lines of which none is a sentence."""
    lines = [line.strip() for line in words.split("\n") if line.strip()]
    names = {fold(a.name) for a in setting.agents if a.handle == setting.agent and a.name}
    names |= {name.split()[0] for name in names}
    if not lines or len(lines) > _LONGEST or any(_SENTENCE.search(line) for line in lines):
        return False
    first = next((line for line in lines if not _CLOSINGS.match(line)), "")
    bare = fold(first.strip(" ,.*_-–—"))
    return bare in names or any(bare.startswith((f"{name},", f"{name} |")) for name in names)
