"""What a trained model says of itself: its figures as tables, and its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from classifiers.components import SECOND, TEXT, SecondOpinion, worksheet
from classifiers.encoder import Encoder
from classifiers.evaluate import Report
from classifiers.examples import Example
from classifiers.lean import Doc, Language
from classifiers.pipeline import joined
from classifiers.plans import PLANS

_FACETS: Final = ("severity", "intent", "other_means", "installs")


def figures(report: Mapping[str, object]) -> str:
    """The report of `judge` as two plain tables that are also Markdown."""
    frozen = cast("Report", report["frozen"])
    return "\n".join(
        (_figures("Frozen test, foreign to the corpus", frozen), _figures("Held-out mails", report))
    )


def _figures(title: str, report: Mapping[str, object]) -> str:
    lines = [
        f"{title}: {report['mails']} mails.",
        "",
        "| what | mails | accuracy | macro-F1 | recall | precision | ECE |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows: list[tuple[str, object]] = [(facet, report[facet]) for facet in _FACETS]
    rows.append(("priority (text alone)", report["priority"]))
    for title, key in (
        ("severity, {}", "by_language"),
        ("severity, {}", "by_difficulty"),
        ("severity, {}", "by_length"),
        ("severity, register {}", "by_register"),
        ("{} of S1 mails", "of_s1"),
        ("intent, {}", "intent_by_length"),
        ("{}", "details"),
    ):
        rows += [(title.format(name), row) for name, row in cast("Report", report[key]).items()]
    lines += [_row(name, cast("Report", row)) for name, row in rows]
    language, evidence = cast("Report", report["language"]), cast("Report", report["evidence"])
    lines += [
        "",
        f"Language vote: {language['right']} of {language['mails']} right, {language['unsure']} left open. "
        f"First severity clause touches what the annotator marked: {_number(evidence['overlap'])}.",
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, row: Report) -> str:
    by_label = [
        " ".join(f"{label} {_number(value)}" for label, value in cast("Report", row[key]).items())
        for key in ("recall", "precision")
    ]
    cells = [name, str(row["mails"]), _number(row["accuracy"]), _number(row["macro_f1"]), *by_label]
    return f"| {' | '.join([*cells, _number(row.get('ece'))])} |"


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "-"


def card(nlp: Language, training: Sequence[Example], held_out: Sequence[Example], report: Report) -> str:
    meta = cast("Report", nlp.meta["azimut"])
    return _CARD.format(
        training=len(training),
        held_out=len(held_out),
        seed=meta["seed"],
        corpus=str(meta["corpus_sha256"])[:16],
        spacy=nlp.meta["spacy_version"],
        figures=figures(report),
        version=nlp.meta["version"],
        encoder=_of_encoder(cast("SecondOpinion", nlp.get_pipe(SECOND)).encoder),
        asked=f"{_asked(nlp, held_out)} in 100",
        s1_cost=PLANS["severity"].costs["S1"],
    )


def _of_encoder(encoder: Encoder | None) -> str:
    if encoder is None:
        return "none; the figures are those of the linear models alone."
    about = encoder.about
    return (
        f"the first {about['layers']} of the 12 layers of {about['base']}, with the pieces of its vocabulary "
        "that French and English need, in lower case; fine-tuned by us on "
        f"{about['mails']} mails (corpus digest {str(about['corpus_sha256'])[:16]}, seed {about['seed']}, "
        f"{about['epochs']} epochs) with a head a facet, its matrices then rounded to int8."
    )


def _asked(nlp: Language, mails: Sequence[Example]) -> int:
    """Of 100 mails, how many the encoder reads."""
    docs = (nlp(Doc(nlp.vocab, user_data={TEXT: joined(e.subject, e.body)})) for e in mails)
    return round(100 * sum(worksheet(doc).encoded is not None for doc in docs) / max(len(mails), 1))


_CARD: Final = """# Model card: azimut_triage {version}

Reads a support mail in French or English and says its intent, its severity (S1 to S4), whether sales can go
on by other means, how many installs the text tells of, which of the contract's four details it gives, and
which of its words decided. Written by `azimut-support model train`; do not edit.

* **What it is**: one spaCy pipeline (spaCy {spacy}). Per facet a linear model of the mail, one of its
  clauses (the most telling counts) and a small calibrated stack of both, which for the severity knows how
  brief the mail is; the details have no clauses. Word 1- to 3-grams and character 3- to 5-grams on text
  without case and accents. Where these are
  unsure of severity or intent, or of the installs of an S1 ({asked} of the held-out mails, of which every
  fourth is an S1), a small sentence encoder reads the mail too, and both opinions are added. Arrays, JSON and
  ONNX, no pickles. License: GPL-3.0-or-later.
* **The encoder**: {encoder}
* **Trained on**: {training} mails of the project's own corpus, written for it, no real people; one annotator.
  Seed {seed}, corpus digest {corpus}. The shipped weights come from these mails only.
* **Frozen test**: 520 mails written from the guide alone by a reader who had seen no mail of the corpus;
  never trained or tuned on. Its figures are what to expect of new mails, though the makers saw them (not the
  mails) beside those of the held-out ones while they compared the last designs.
* **Held out**: {held_out} mails, 15 % of the contrast sets, chosen by a hash; never trained on. The makers
  saw them while they chose between a few designs, and saw errors on some short ones before they wrote the
  last third of the short mails, so they flatter the model a little.
* **Thresholds**: how both opinions are weighed, and which mails the encoder reads, were chosen on the
  held-out mails, whose figures that flatters. A missed S1 costs {s1_cost:g} times any other error (three is
  the least whole number with which the S1 recall of the held-out mails reached 0.97), so S1 is chosen where
  it is 1/{s1_cost:g} as likely as another; without one known word a mail is S1 or S2 (guide, rule 6). A mail
  is taken for thanks, resolved or spam only when that is twice as likely as a ticket (set by hand, not
  learnt). `confidence` is the calibrated probability and may be lower than another label's.
* **Weak at**: calm outages without keywords; questions with frightening words; two problems in one mail; an
  `other_means` that is only implied; mails of a few words, where one unknown word is half the text: there
  thanks, "it is solved" and spam are often taken for tickets, which is the safe side; English, a fifth of the
  corpus. It reads the first 12,000 characters. It has seen no mail of a real customer.
* **Not for** deciding anything about people. A person can change every priority by a command.

## Figures

{figures}"""
