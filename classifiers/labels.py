"""The label sets of the priority labelling guide, in the order in which the weights' columns stand. Plain
strings on purpose: this package knows nothing of the daemon."""

from __future__ import annotations

from typing import Final

SEVERITIES: Final = ("S1", "S2", "S3", "S4")
INTENTS: Final = ("ticket", "thanks", "resolved", "spam")
OTHER_MEANS: Final = ("yes", "no", "unknown")
INSTALLS: Final = ("one", "many", "unknown")
LANGUAGES: Final = ("fr", "en")

# The four details that the contract asks of a report, and their keys in the corpus.
DETAILS: Final = ("nature", "noticed", "affected", "steps")
DETAIL_KEYS: Final = {"nature": "nature", "noticed": "when", "affected": "users", "steps": "steps"}

# Facets that show the words which decided them.
EVIDENCE_FACETS: Final = ("severity", "other_means", "installs")

# Of each detail the model says whether the mail gives it.
GIVEN: Final = "given"
MISSING: Final = "missing"

# A mail of which no word is known is too vague to tell: at least an important function (guide, rule 6).
UNREAD: Final = {"severity": ("S1", "S2")}

# Labels that mean "the text says nothing of it": no words decided, none are shown.
SILENT: Final = {"other_means": ("unknown",), "installs": ("unknown",)}
