"""Kinds of classifier for the severity, side by side on the same mails: trained on the corpus without its
held-out mails, compared on those and on the frozen test; and the shipped design by the size of its corpus.

    python -m bench.classifiers [--curve]

accuracy, macro-F1 and S1 recall of the likeliest label (no leaning), the median milliseconds a mail, and the
megabytes that it adds to the wheel. The encoder is the shipped one; nothing here needs torch.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

import numpy as np

from classifiers.components import READER, SECOND, TEXT, Facet, Reader, SecondOpinion, worksheet
from classifiers.encoder import Encoder
from classifiers.examples import FROZEN, Example, read_corpus, split
from classifiers.facet import FacetModel, Vectors
from classifiers.labels import SEVERITIES
from classifiers.lean import Doc, Language
from classifiers.linear import Doubles, softmax
from classifiers.metrics import scores
from classifiers.pipeline import MODEL, joined, load
from classifiers.train import train
from classifiers.weighing import consult

# What a person would write into a rule engine in an afternoon.
_RULES: Final = (
    ("S1", "gel[ée]|fig[ée]|frozen|encaisser|plus rien|down|dead|take payments|ne d[ée]marre|noir"),
    ("S4", "comment|question|how do|how to|ajouter|would like|souhait|possible de|formation|facture de"),
    ("S3", "rapport|report|export|[ée]tiquette|label|image|recherche|search|tableau"),
)

Judge = Callable[[str], Doubles]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--curve", action="store_true", help="also train on parts of the corpus; takes a while")
    args = p.parse_args()
    training, held_out = split(read_corpus())
    tests = {"held-out": _tickets(held_out), "frozen": _tickets(read_corpus(FROZEN))}
    nlp = load()._nlp
    print(f"{'':22}" + "".join(f"{name:>27}" for name in tests) + "   ms/mail     MB")
    for name, (judge, size) in _judges(nlp, training).items():
        row, took = f"{name:22}", 0.0
        for mails in tests.values():
            found, took = _tell(judge, mails)
            row += f"{found:>27}"
        print(f"{row}   {took:7.2f}  {size / 1e6:5.1f}", flush=True)
    if args.curve:
        _curve(training, tests)


def _judges(nlp: Language, training: Sequence[Example]) -> dict[str, tuple[Judge, int]]:
    second = nlp.get_pipe(SECOND)
    assert isinstance(second, SecondOpinion)
    encoder = second.encoder or Encoder.from_disk(MODEL / SECOND / "encoder")
    shipped = second.blends["severity"]
    most = Counter(e.severity for e in training if e.severity).most_common(1)[0][0]
    severity = _severity(nlp)
    size = _size(MODEL / "severity") + _size(MODEL / "reader")

    def linear(text: str) -> Doubles:
        return softmax(severity.document.scores(_vectors(nlp, text).whole))

    def sentences(text: str) -> Doubles:
        if severity.clauses is None:
            raise SystemExit("the severity's model reads no clauses: train one")
        each = severity.clauses.scores_of_all(_vectors(nlp, text).clauses)
        return softmax((each[:, :-1] - each[:, -1:]).max(axis=0)) if len(each) else np.ones(4) / 4

    def stack(text: str) -> Doubles:
        return softmax(severity.judge(_vectors(nlp, text)).scores)

    def blended(below: float) -> Judge:
        blend = replace(shipped, below=below, leaning=(0.0,) * len(SEVERITIES))

        def judge(text: str) -> Doubles:
            verdict = severity.judge(_vectors(nlp, text))
            if blend.asks(verdict, {}, read=False):
                verdict = blend.together(verdict, encoder.probabilities(text)["severity"])
            return np.array(list(verdict.probabilities.values()))

        return judge

    return {
        "majority": (lambda _: np.array([float(s == most) for s in SEVERITIES]), 0),
        "keyword rules": (_by_rules, 0),
        "TF-IDF + linear": (linear, size),
        "sentence model": (sentences, size),
        "stack": (stack, size),
        "encoder": (lambda text: encoder.probabilities(text)["severity"], encoder.size),
        "stack + encoder": (blended(2.0), size + encoder.size),
        "cascade (shipped)": (blended(shipped.below), size + encoder.size),
    }


def _vectors(nlp: Language, text: str) -> Vectors:
    reader = cast("Reader", nlp.get_pipe(READER))
    return worksheet(reader(Doc(nlp.vocab, user_data={TEXT: text}))).vectors


def _severity(nlp: Language) -> FacetModel:
    model = cast("Facet", nlp.get_pipe("severity")).model
    if model is None:
        raise SystemExit("the pipeline holds no model of severity: train one")
    return model


def _by_rules(text: str) -> Doubles:
    import re

    for label, words in _RULES:
        if re.search(words, text, re.IGNORECASE):
            return np.array([float(s == label) for s in SEVERITIES])
    return np.array([0.0, 1.0, 0.0, 0.0])


def _tickets(examples: Sequence[Example]) -> list[Example]:
    return [e for e in examples if e.severity is not None]


def _tell(judge: Judge, mails: Sequence[Example]) -> tuple[str, float]:
    decisions, took = [], []
    for mail in mails:
        text = joined(mail.subject, mail.body)
        began = time.perf_counter()
        shares = judge(text)
        took.append((time.perf_counter() - began) * 1e3)
        decisions.append(SEVERITIES[int(np.argmax(shares))])
    found = scores([str(e.severity) for e in mails], decisions, SEVERITIES)
    recall = found["recall"]
    assert isinstance(recall, dict)
    return f"{found['accuracy']:.3f} {found['macro_f1']:.3f} {recall['S1']:.3f}", statistics.median(took)


def _curve(training: Sequence[Example], tests: dict[str, list[Example]]) -> None:
    """The linear stack alone: training the encoder at each size takes a day."""
    print("\nthe stack by the size of its corpus: accuracy, macro-F1, S1 recall")
    groups = sorted({e.group for e in training})
    random.Random(1).shuffle(groups)
    for share in (0.25, 0.5, 0.75, 1.0):
        kept = set(groups[: int(len(groups) * share)])
        part = [e for e in training if e.group in kept]
        nlp = train(part)
        consult(nlp, None, ())

        def judge(text: str, nlp: Language = nlp, model: FacetModel = _severity(nlp)) -> Doubles:  # noqa: B008
            return softmax(model.judge(_vectors(nlp, text)).scores)

        told = "".join(f"{name}: {_tell(judge, mails)[0]}   " for name, mails in tests.items())
        print(f"{len(part):6} mails   {told}", flush=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
