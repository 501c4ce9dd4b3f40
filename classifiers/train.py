"""From labelled mails to a trained pipeline. Per facet: a model of whole mails, a model of clauses, and a
stack fitted on what both say of mails that they were not trained on, so that its probabilities are honest.
It knows nothing of files beyond the folder that it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from classifiers.components import READER, Facet, Reader
from classifiers.examples import Example, fingerprint, folds
from classifiers.facet import BACKGROUND, FacetModel, Vectors, brevity, margins, stack_inputs, vectors
from classifiers.features import Ints, Vocabulary
from classifiers.fitting import Rows, fit
from classifiers.labels import DETAILS, GIVEN, MISSING
from classifiers.lean import Language
from classifiers.linear import Doubles, Linear
from classifiers.pipeline import blank, joined
from classifiers.plans import NOT_LABELLED, PLANS, Plan
from classifiers.segmentation import layout

SEED: Final = 20261125
VERSION: Final = "0.4.0"
"""Of the trained model: it changes with the corpus or the design."""
_FOLDS: Final = 4
_LEAST: Final = 2  # a feature seen in one mail only teaches nothing
_ROUNDS: Final = 30  # of L-BFGS; more moved no figure by a point
_STACK_STRENGTH: Final = 0.3
_SHORT: Final = 15  # words; such a mail says about as much as one clause,
_SHORT_COUNTS: Final = 0.3  # so among whole mails it counts less than one that gives a context
_REVISIONS: Final = 2  # how often the telling clause of a mail is chosen anew

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A training mail for one facet: its vectors, its label's index, which clauses hold evidence, and what
    it counts."""

    text: Vectors
    label: int
    decisive: tuple[bool, ...]
    fold: int
    weight: float


def train(examples: Sequence[Example], *, seed: int = SEED, progress: Progress = lambda _: None) -> Language:
    """A trained pipeline. The same examples and seed give the same weights to the last bit."""
    nlp = blank()
    texts = [joined(e.subject, e.body) for e in examples]
    layouts = [layout(text) for text in texts]
    vocabulary = Vocabulary.learn([cut.words for cut in layouts], least=_LEAST)
    cast("Reader", nlp.get_pipe(READER)).vocabulary = vocabulary
    readings = [vectors(cut, vocabulary) for cut in layouts]
    decisive = [_decisive(e, t, r) for e, t, r in zip(examples, texts, readings, strict=True)]
    places = folds(examples, _FOLDS, seed)
    for facet, plan in PLANS.items():
        progress(f"{facet}: {', '.join(plan.labels)}")
        cases = [
            _Case(
                text=reading,
                label=plan.labels.index(label),
                decisive=held,
                fold=place,
                weight=plan.foreign if truth(e, facet) is None else 1.0,
            )
            for e, reading, held, place in zip(examples, readings, decisive, places, strict=True)
            if (label := truth(e, facet) or NOT_LABELLED.get(facet)) is not None
        ]
        cast("Facet", nlp.get_pipe(facet)).model = _facet_model(plan, cases, len(vocabulary))
    nlp.meta["name"] = "azimut_triage"
    nlp.meta["version"] = VERSION
    nlp.meta["description"] = "Severity, intent and facets of support mails for AzimutPOS"
    nlp.meta["license"] = "GPL-3.0-or-later"
    nlp.meta["azimut"] = {"seed": seed, "mails": len(examples), "corpus_sha256": fingerprint(examples)}
    return nlp


def save(nlp: Language, folder: Path) -> None:
    """Write the pipeline: arrays and JSON, no pickles. spaCy's own vocabulary holds nothing of ours."""
    nlp.to_disk(folder, exclude=["vocab"])


def truth(example: Example, facet: str) -> str | None:
    """The example's label of a facet (or detail); None when it has none."""
    if facet in DETAILS:
        if example.details is None:
            return None
        return GIVEN if facet in example.details else MISSING
    label: str | None = getattr(example, facet)
    return label


def _decisive(example: Example, text: str, reading: Vectors) -> tuple[bool, ...]:
    spans = [(at, at + len(words)) for words in example.evidence if (at := text.find(words)) >= 0]
    return tuple(any(a < s.end and s.start < b for a, b in spans) for s in reading.layout.clauses)


def _facet_model(plan: Plan, cases: Sequence[_Case], width: int) -> FacetModel:
    """Out-of-fold inputs fit the stack; then both models are trained on all cases."""
    labels = np.array([case.label for case in cases])
    counting = np.array([case.weight for case in cases])
    columns = len(plan.labels) + len(plan.clauses)
    unseen = np.zeros((len(cases), columns))
    for fold in range(_FOLDS):
        held = [n for n, case in enumerate(cases) if case.fold == fold]
        models = _models(plan, [case for case in cases if case.fold != fold], width)
        for n in held:
            unseen[n] = stack_inputs(*models, cases[n].text)[0]
    inputs = _with_brevity(unseen, cases) if plan.by_length else unseen
    stack, level = fit(
        lambda weights: _product(inputs, weights),
        lambda errors: _product(inputs.T, errors),
        inputs.shape[1],
        np.eye(len(plan.labels))[labels],
        strength=_STACK_STRENGTH,
        importance=counting,
    )
    leaning = np.log([plan.costs.get(label, 1.0) for label in plan.labels])
    brief = stack[columns:].T.copy() if plan.by_length else None
    return FacetModel(*_models(plan, cases, width), stack[:columns].T.copy(), level, leaning, brief)


def _with_brevity(unseen: Doubles, cases: Sequence[_Case]) -> Doubles:
    """The inputs, the inputs as far as the mail is brief, and how brief it is: see FacetModel."""
    part = np.array([[brevity(case.text)] for case in cases])
    return np.concatenate([unseen, unseen * part, part], axis=1)


def _product(left: Doubles, right: Doubles) -> Doubles:
    """A matrix product whose order of summation does not depend on the machine's linear algebra library."""
    return np.stack([np.sum(left * column, axis=1) for column in right.T], axis=1)


def _models(plan: Plan, cases: Sequence[_Case], width: int) -> tuple[Linear, Linear | None]:
    rows = Rows([case.text.whole for case in cases], width)
    labels = np.array([case.label for case in cases])
    counting = np.array(
        [case.weight * (_SHORT_COUNTS if plan.by_length and _is_short(case) else 1.0) for case in cases]
    )
    weights, bias = _fit(rows, labels, len(plan.labels), plan, counting)
    document = _linear(plan.labels, weights, bias)
    return document, _clause_model(plan, cases, width, document) if plan.clauses else None


def _is_short(case: _Case) -> bool:
    return len(case.text.layout.words) <= _SHORT


def _fit(rows: Rows, labels: Ints, count: int, plan: Plan, counting: Doubles) -> tuple[Doubles, Doubles]:
    sizes = np.maximum(np.bincount(labels, minlength=count), 1)
    importance = counting * ((len(labels) / count / sizes) ** plan.balance)[labels]
    return fit(
        rows.dot,
        rows.transposed_dot,
        rows.width,
        np.eye(count)[labels],
        strength=plan.strength,
        importance=importance / importance.mean(),
        rounds=_ROUNDS,
    )


def _linear(labels: tuple[str, ...], weights: Doubles, bias: Doubles) -> Linear:
    return Linear(labels, weights.astype(np.float32), bias.astype(np.float32))


def _clause_model(plan: Plan, cases: Sequence[_Case], width: int, document: Linear) -> Linear:
    """Clauses that tell have their mail's label, the others are background."""
    background = len(plan.clauses)
    rows = Rows([case.text.clauses for case in cases], width)
    own = np.array([_clause_label(plan, case.label) for case in cases for _ in case.decisive], np.int64)
    held = np.array([told for case in cases for told in _telling(case)], bool)
    counting = np.array([case.weight for case in cases for _ in case.decisive])
    if not plan.latent:
        labels = np.where(held, own, background)
        weights, bias = _fit(rows, labels, background + 1, plan, counting)
        return _linear((*plan.clauses, BACKGROUND), weights, bias)
    owner = np.repeat(np.arange(len(cases)), [len(case.text.clauses) for case in cases])
    scores = rows.dot(document.weights.astype(np.float64))
    order = [plan.labels.index(label) for label in plan.clauses]
    (silent,) = set(range(len(plan.labels))) - set(order)
    over = scores[:, order] - scores[:, [silent]]
    for _ in range(_REVISIONS):
        labels = _most_telling(owner, own, held, over, background)
        weights, bias = _fit(rows, labels, background + 1, plan, counting)
        over = margins(rows.dot(weights) + bias)
    return _linear((*plan.clauses, BACKGROUND), weights, bias)


def _clause_label(plan: Plan, label: int) -> int:
    name = plan.labels[label]
    return plan.clauses.index(name) if name in plan.clauses else len(plan.clauses)


def _telling(case: _Case) -> tuple[bool, ...]:
    """The clauses that hold evidence; all of them when none does."""
    return case.decisive if any(case.decisive) else (True,) * len(case.decisive)


def _most_telling(owner: Ints, own: Ints, held: NDArray[np.bool_], over: Doubles, background: int) -> Ints:
    """One clause of each mail keeps its label: one with evidence, and the highest scored of those."""
    labels = np.full(len(own), background)
    best: dict[int, tuple[bool, float, int]] = {}
    for n in np.flatnonzero(own != background):
        rank = (bool(held[n]), float(over[n, own[n]]), -int(n))
        if int(owner[n]) not in best or rank > best[int(owner[n])]:
            best[int(owner[n])] = rank
    for _, _, minus in best.values():
        labels[-minus] = own[-minus]
    return labels
