"""How one facet is judged: a linear model of the whole mail, a linear model of its clauses of which the
most telling one counts, and a small stack of both that gives calibrated probabilities. Once the telling
clauses are chosen everything is a sum over words, so what each word adds can be told exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from classifiers.features import Sheaf, Vector, Vocabulary
from classifiers.linear import Doubles, Linear, softmax
from classifiers.segmentation import Layout

BACKGROUND: Final = "background"  # a clause that says nothing of the facet; its model's last label

_FEW: Final = 40  # features


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """A text as vectors: the whole, and each clause. `reads`: the vocabulary knows one of its words."""

    layout: Layout
    whole: Vector
    clauses: Sheaf
    reads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`label` is the decision; it weighs what errors cost, so it need not be the likeliest. `probabilities`
    by label. `telling`: for each label of the clause model, the clause that says it most."""

    label: str
    probabilities: dict[str, float]
    scores: Doubles
    telling: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Why a label: what each word adds to its score over the mean of all labels. `shares` and `rest`, which
    no word accounts for, sum to `score`."""

    shares: Doubles
    rest: float
    score: float


def vectors(layout: Layout, vocabulary: Vocabulary) -> Vectors:
    """The text's vectors in the vocabulary."""
    words = layout.words
    starts = [n for n, w in enumerate(words) if n == 0 or w.clause != words[n - 1].clause]
    whole, clauses = vocabulary.vectors(words, starts)
    return Vectors(layout=layout, whole=whole, clauses=clauses, reads=vocabulary.reads(words))


class FacetModel:
    """`document` scores the labels; `clauses`, if any, scores its labels and, last, the background. `stack`
    (labels x (labels + clause labels)) and `level` turn both into final scores. `brief` (like the stack; its
    last column like the level) is added to them as far as the text is brief: a few words must not count for
    as much as a page, nor a page for as little. `leaning` is added to the scores for the decision alone: it
    holds what a missed label costs."""

    def __init__(
        self,
        document: Linear,
        clauses: Linear | None,
        stack: Doubles,
        level: Doubles,
        leaning: Doubles,
        brief: Doubles | None = None,
    ) -> None:
        self.document, self.clauses = document, clauses
        self.stack, self.level, self.leaning, self.brief = stack, level, leaning, brief

    @property
    def labels(self) -> tuple[str, ...]:
        return self.document.labels

    def judge(self, text: Vectors) -> Verdict:
        inputs, telling = stack_inputs(self.document, self.clauses, text)
        stack, level = self._stacked(text)
        scores = stack @ inputs + level
        probabilities = softmax(scores)
        return Verdict(
            label=self.labels[int(np.argmax(scores + self.leaning))],
            probabilities={x: float(p) for x, p in zip(self.labels, probabilities, strict=True)},
            scores=scores,
            telling=telling,
        )

    def among(self, labels: Sequence[str], verdict: Verdict) -> Verdict:
        """The verdict with the best of these labels."""
        decided = verdict.scores + self.leaning
        return replace(verdict, label=max(labels, key=lambda label: decided[self.labels.index(label)]))

    def explain(self, verdict: Verdict, text: Vectors) -> Account:
        """Share the score of the verdict's label out over the words."""
        chosen = self.labels.index(verdict.label)
        stack, level = self._stacked(text)
        pull = stack[chosen] - stack.mean(axis=0)
        whole, most = pull[: len(self.labels)], pull[len(self.labels) :]
        shares = self.document.shares(text.whole, whole, len(text.layout.words))
        rest = float(self.document.bias @ whole + level[chosen] - level.mean())
        if self.clauses is not None:
            rest += float(margins(self.clauses.bias.astype(np.float64)) @ most)
            for clause in sorted(set(verdict.telling)):
                told = np.array(verdict.telling) == clause
                direction = np.append(most * told, -float(most @ told))
                start, vector = int(text.clauses.starts[clause]), text.clauses.vector(clause)
                size = int((vector.first + vector.length).max(initial=0))
                shares[start : start + size] += self.clauses.shares(vector, direction, size)
        score = float(verdict.scores[chosen] - verdict.scores.mean())
        return Account(shares=shares, rest=rest, score=score)

    def _stacked(self, text: Vectors) -> tuple[Doubles, Doubles]:
        """Stack and level for a text of this length."""
        if self.brief is None:
            return self.stack, self.level
        part = brevity(text)
        return self.stack + part * self.brief[:, :-1], self.level + part * self.brief[:, -1]

    def to_disk(self, folder: Path) -> None:
        self.document.to_disk(folder / "document")
        if self.clauses is not None:
            self.clauses.to_disk(folder / "clauses")
        numbers = {name: getattr(self, name).tolist() for name in ("stack", "level", "leaning")}
        if self.brief is not None:
            numbers["brief"] = self.brief.tolist()
        (folder / "stack.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def from_disk(cls, folder: Path) -> FacetModel:
        numbers = json.loads((folder / "stack.json").read_text(encoding="utf-8"))
        clauses = folder / "clauses"
        return cls(
            Linear.from_disk(folder / "document"),
            Linear.from_disk(clauses) if clauses.is_dir() else None,
            np.array(numbers["stack"]),
            np.array(numbers["level"]),
            np.array(numbers["leaning"]),
            np.array(numbers["brief"]) if "brief" in numbers else None,
        )


def brevity(text: Vectors) -> float:
    """1 for a text of which nothing is known, a half at 40 features (about four words), then towards 0."""
    return 1 / (1 + len(text.whole.ids) / _FEW)


def stack_inputs(document: Linear, clauses: Linear | None, text: Vectors) -> tuple[Doubles, tuple[int, ...]]:
    """What the stack sees, and the telling clause for each label of the clause model."""
    whole = document.scores(text.whole)
    if clauses is None:
        return whole, ()
    if not len(text.clauses):
        return np.concatenate([whole, margins(clauses.bias.astype(np.float64))]), ()
    each = margins(clauses.scores_of_all(text.clauses))
    telling = tuple(int(n) for n in each.argmax(axis=0))
    return np.concatenate([whole, each.max(axis=0)]), telling


def margins(scores: Doubles) -> Doubles:
    """Scores of the labels over the background's, which stands last."""
    over: Doubles = scores[..., :-1] - scores[..., -1:]
    return over
