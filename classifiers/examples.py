"""The labelled mails: reading the corpus, and the fixed splits. Mails of one contrast set (one situation, one
fact changed) never stand on both sides of a split, else the model is asked what it was told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classifiers.labels import DETAIL_KEYS, DETAILS, INSTALLS, INTENTS, OTHER_MEANS, SEVERITIES

CORPUS: Final = Path(__file__).parent / "corpus"
FROZEN: Final = Path(__file__).parent / "frozen"
"""The foreign test: nothing is trained or tuned on it (its README)."""
_TEST_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A mail with its labels. `severity` None unless the intent is ticket; `details` are those given, in our
    names; `language` fr, en or mixed; `group` names the contrast set, or the mail itself; `register` says how
    it is written, where that was noted. Where nobody has labelled a facet (mails of a desk) it is None."""

    id: str
    subject: str
    body: str
    severity: str | None
    other_means: str | None
    installs: str | None
    intent: str | None
    evidence: tuple[str, ...]
    details: frozenset[str] | None
    hard: bool
    language: str
    group: str
    register: str = ""


class CorpusFault(Exception):
    """A corpus file holds a line that is no example; the text names file, line and what was expected."""


def read_corpus(folder: Path = CORPUS) -> list[Example]:
    """All examples of the folder's .jsonl files, by file name and line. Raises CorpusFault."""
    examples: list[Example] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                examples.append(_example(json.loads(line), path.stem))
            except (ValueError, KeyError, TypeError) as trouble:
                raise CorpusFault(f"{path.name}:{number}: {trouble!r}: expected a labelled mail") from trouble
    if not examples:
        raise CorpusFault(
            f"{folder}: no labelled mails: expected .jsonl files; an installed package brings the "
            "trained model without its corpus, so train and evaluate in a checkout"
        )
    return examples


def of_desk(*, id_: str, subject: str, body: str, language: str, **labels: str) -> Example:
    """A mail that an agent corrected, with the one label that they gave: a severity says that it is a ticket.
    Raises ValueError for a label that is none."""
    severity = labels.get("severity")
    example = Example(
        id=id_,
        subject=subject,
        body=body,
        severity=severity,
        other_means=None,
        installs=None,
        intent=labels.get("intent", "ticket" if severity else None),
        evidence=(),
        details=None,
        hard=False,
        language=language,
        group=id_,
    )
    for value, allowed in ((example.intent, INTENTS), (severity, (*SEVERITIES, None))):
        if value not in allowed:
            raise ValueError(f"{value!r} is none of {allowed}")
    return example


def split(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """(training, test): 15 % of the groups for the test, chosen by a hash of the group's name, so that a mail
    that is added moves no other mail across."""
    training: list[Example] = []
    test: list[Example] = []
    for example in examples:
        (test if _place("test", example.group) < _TEST_SHARE else training).append(example)
    return training, test


def folds(examples: Sequence[Example], count: int, seed: int) -> list[int]:
    """The fold of each example, 0 to count - 1, the same within a group."""
    return [int(_place(f"fold {seed}", e.group) * count) for e in examples]


def fingerprint(examples: Iterable[Example]) -> str:
    """A digest of everything that training reads."""
    digest = hashlib.sha256()
    for e in examples:
        fields = [e.id, e.subject, e.body, e.severity, e.other_means, e.installs, e.intent]
        digest.update(json.dumps([*fields, *e.evidence, sorted(e.details or ()), e.group]).encode())
    return digest.hexdigest()


def _place(salt: str, name: str) -> float:
    return int.from_bytes(hashlib.sha256(f"{salt} {name}".encode()).digest()[:6]) / 2**48


def _example(row: dict[str, object], source: str) -> Example:
    details = row["details"]
    evidence = row["evidence"]
    if not isinstance(details, dict) or not isinstance(evidence, list):
        raise TypeError("details must be an object and evidence a list")
    example = Example(
        id=str(row["id"]),
        subject=str(row["subject"]),
        body=str(row["body"]),
        severity=None if row["severity"] is None else str(row["severity"]),
        other_means=str(row["other_means"]),
        installs=str(row["installs"]),
        intent=str(row["intent"]),
        evidence=tuple(map(str, evidence)),
        details=frozenset(name for name in DETAILS if details[DETAIL_KEYS[name]]),
        hard=bool(row["hard"]),
        language=str(row.get("lang") or "fr"),
        group=f"{source} {row['set']}" if row.get("set") is not None else str(row["id"]),
        register=str(row.get("register") or ""),
    )
    _check(example)
    return example


def _check(example: Example) -> None:
    for value, allowed in (
        (example.intent, INTENTS),
        (example.other_means, OTHER_MEANS),
        (example.installs, INSTALLS),
        (example.severity, (*SEVERITIES, None)),
    ):
        if value not in allowed:
            raise ValueError(f"{value!r} is none of {allowed}")
    if (example.severity is None) == (example.intent == "ticket"):
        raise ValueError("a ticket has a severity and nothing else has one")
    for words in example.evidence:
        if words not in example.subject and words not in example.body:
            raise ValueError(f"evidence {words!r} stands neither in the subject nor in the body")
