"""Mails that say the same in the same words: a corpus that repeats itself teaches less than it counts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import ceil
from typing import Final

from classifiers.examples import Example

ALIKE: Final = 0.6
"""Share of words in common (Jaccard) from which two mails are near-duplicates."""

_LEAST: Final = 6
"""Different words; shorter mails are alike by nature ("ça marche pas")."""


def near_duplicates(examples: Sequence[Example], alike: float = ALIKE) -> list[tuple[str, str]]:
    """The ids of every such pair, exactly. Only mails that share one of their rarest words are compared: two
    sets that are that much alike always do (prefix filter)."""
    words = [frozenset(re.findall(r"\w{3,}", f"{e.subject} {e.body}".lower())) for e in examples]
    counts = Counter(word for some in words for word in some)
    seen: dict[str, list[int]] = defaultdict(list)
    found: list[tuple[str, str]] = []
    for place, some in enumerate(words):
        if len(some) < _LEAST:
            continue
        rarest = sorted(some, key=lambda word: (counts[word], word))
        prefix = rarest[: len(rarest) - ceil(alike * len(rarest)) + 1]
        for other in sorted({n for word in prefix for n in seen[word]}):
            both = len(some & words[other])
            if both / (len(some) + len(words[other]) - both) > alike:
                found.append((examples[other].id, examples[place].id))
        for word in prefix:
            seen[word].append(place)
    return found
