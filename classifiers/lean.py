"""spaCy without its command line, for every module here that needs spaCy.

spaCy's package imports `spacy.cli` for one function, `spacy.info`, and with it an HTTP client, a project
manager and a terminal library: half of what importing it costs in time, a third in memory. The daemon needs
none of it, so while spaCy is imported an empty module stands in; afterwards `import spacy.cli` finds the real
one.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Final

_UNUSED: Final = ("spacy.cli", "spacy.cli.info")


def _import_spacy() -> None:
    if "spacy" in sys.modules:
        return
    stand_ins = {name: ModuleType(name) for name in _UNUSED}
    stand_ins["spacy.cli.info"].info = None  # type: ignore[attr-defined]
    sys.modules.update(stand_ins)
    try:
        import spacy
    finally:
        for name in _UNUSED:
            del sys.modules[name]
    vars(spacy).pop("info")
    vars(spacy).pop("cli", None)


_import_spacy()

import spacy  # noqa: E402 - after the stand-ins
from spacy.language import Language  # noqa: E402
from spacy.tokens import Doc  # noqa: E402

__all__ = ["Doc", "Language", "spacy"]
