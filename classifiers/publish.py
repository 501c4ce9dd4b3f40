"""Training as the project does it: on the corpus without its held-out mails, then figures from exactly those,
written into the model's meta.json and its card."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, cast

from classifiers.card import card
from classifiers.components import ENCODER, SECOND
from classifiers.encoder import Encoder
from classifiers.evaluate import Report, evaluate
from classifiers.examples import FROZEN, Example, read_corpus, split
from classifiers.pipeline import MODEL, Triage, load
from classifiers.train import SEED, Progress, save, train
from classifiers.weighing import consult

CARD: Final = "MODEL_CARD.md"


class NotPromoted(Exception):
    """The new model is worse than the shipped one, which stays. The text says by what."""


class Encoding(StrEnum):
    """What becomes of the encoder."""

    KEEP = "keep"  # that of the shipped model
    TRAIN = "train"
    NONE = "none"


def publish(
    out: Path | None = None,
    *,
    seed: int = SEED,
    encoding: Encoding = Encoding.KEEP,
    more: Sequence[Example] = (),
    progress: Progress = lambda _: None,
) -> Report:
    """Train, evaluate, write to the folder (default: where the shipped model lies); the report of
    `judge`. `more`: a desk's own labelled mails, trained on beside the corpus; the model is then written only
    if it is no worse on the frozen test than the shipped one. Raises NotPromoted, CorpusFault, EncoderFault
    and OSError."""
    corpus, held_out = split(read_corpus())
    training = [*corpus, *more]
    folder = out or MODEL
    folder.mkdir(parents=True, exist_ok=True)  # before the minutes of training, not after
    encoder = _encoder(encoding, training, seed, progress)
    nlp = train(training, seed=seed, progress=progress)
    progress("the two opinions: weighed on the held-out mails")
    consult(nlp, encoder, held_out)
    report = judge(Triage(nlp))
    if more:
        nlp.meta["azimut"]["of_desk"] = len(more)
        _compare(report, judge(load()))
    nlp.meta["performance"] = report
    save(nlp, folder)
    (folder / CARD).write_text(card(nlp, training, held_out, report), encoding="utf-8")
    return report


def _compare(new: Report, old: Report) -> None:
    """Raises NotPromoted where the new one is worse on the frozen test in what counts most."""
    worse = [
        f"{name} {after:.3f}, was {before:.3f}"
        for name, after, before in zip(
            ("severity macro-F1", "S1 recall", "intent accuracy"), _weighty(new), _weighty(old), strict=True
        )
        if after < before
    ]
    if worse:
        raise NotPromoted(
            f"the shipped model stays: the new one is worse on the frozen test: {'; '.join(worse)}"
        )


def _weighty(report: Report) -> tuple[float, float, float]:
    frozen = cast("Report", report["frozen"])
    severity, intent = cast("Report", frozen["severity"]), cast("Report", frozen["intent"])
    recall = cast("dict[str, float]", severity["recall"])
    return cast("float", severity["macro_f1"]), recall["S1"], cast("float", intent["accuracy"])


def _encoder(
    encoding: Encoding, training: Sequence[Example], seed: int, progress: Progress
) -> Encoder | None:
    if encoding is Encoding.NONE:
        return None
    if encoding is Encoding.TRAIN:
        from classifiers.encoder_training import fine_tune

        return fine_tune(training, seed=seed, progress=progress)
    folder = MODEL / SECOND / ENCODER
    return Encoder.from_disk(folder) if folder.is_dir() else None


def judge(triage: Triage) -> Report:
    """`evaluate.evaluate` of the held-out mails, and under `frozen` that of the frozen test. Raises
    CorpusFault."""
    held_out = evaluate(triage, split(read_corpus())[1])
    return {**held_out, "frozen": evaluate(triage, read_corpus(FROZEN))}
