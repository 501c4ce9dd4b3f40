"""The classifier as the rest of the program meets it: load a trained spaCy pipeline, give it subject and
body, get a frozen reading. It knows nothing of directories, priorities or the daemon."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from classifiers.components import LANGUAGE, READER, SECOND, TEXT, SecondOpinion, Worksheet, worksheet
from classifiers.encoder import EncoderFault
from classifiers.evidence import Evidence
from classifiers.labels import DETAILS, EVIDENCE_FACETS, MISSING, SILENT, UNREAD
from classifiers.lean import Doc, Language, spacy

MODEL: Final = Path(__file__).parent / "model"
_GAP: Final = "\n\n"  # between subject and body: no sentence, so no evidence, crosses it
_READ: Final = 12_000  # characters of a mail that are read; what matters stands before that


class ModelFault(Exception):
    """The folder holds no model that this program can use; the text says which folder and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the text says.

    intent       ticket, thanks, resolved or spam; `intent_confidence` its calibrated probability
    severity     S1 to S4, set whatever the intent; `confidence` its calibrated probability. S1 is chosen
                 below an even chance already, for a missed S1 costs most; S1 or S2 if no word is known
    other_means  yes, no or unknown;  installs: one, many or unknown
    language     fr, en, or None when unsure
    missing      of nature, noticed, affected, steps: the details that the text does not give
    evidence     exact pieces of subject or body that decided severity, other_means and installs
    """

    intent: str
    intent_confidence: float
    severity: str
    severity_probabilities: dict[str, float]
    confidence: float
    other_means: str
    installs: str
    language: str | None
    missing: tuple[str, ...]
    evidence: tuple[Evidence, ...]


class Triage:
    """A loaded model. Reading a text changes nothing that matters, so threads may share it."""

    def __init__(self, nlp: Language) -> None:
        self._nlp = nlp

    @property
    def meta(self) -> dict[str, object]:
        """What the model says of itself: seed, corpus, scores, and the spaCy versions it fits."""
        return dict(self._nlp.meta)

    def warm_up(self) -> None:
        """Load what the first doubtful mail would wait for. Raises ModelFault."""
        encoder = cast("SecondOpinion", self._nlp.get_pipe(SECOND)).encoder
        if encoder is not None:
            try:
                encoder.load()
            except EncoderFault as fault:
                raise ModelFault(str(fault)) from fault

    def classify(self, subject: str, body: str) -> Reading:
        # No token is made: none is looked at, and spaCy would keep every word it ever met.
        doc = Doc(self._nlp.vocab, user_data={TEXT: joined(subject, body)})
        return _reading(worksheet(self._nlp(doc)))

    def classify_many(self, mails: Iterable[tuple[str, str]]) -> list[Reading]:
        """The readings of (subject, body) pairs, in order."""
        return [self.classify(subject, body) for subject, body in mails]


def load(path: Path | None = None) -> Triage:
    """The shipped model, or the one in the folder. Takes about two seconds with spaCy's import: call it in a
    thread. Raises ModelFault."""
    folder = path or MODEL
    try:
        nlp = spacy.load(folder)
        missing = {READER, SECOND, LANGUAGE, *DETAILS, *EVIDENCE_FACETS, "intent"} - set(nlp.pipe_names)
    except (OSError, ValueError, KeyError, TypeError) as trouble:
        raise ModelFault(
            f"{folder}: no usable model ({trouble!r}): build one with `azimut-support model train`"
        ) from trouble
    if missing:
        raise ModelFault(f"{folder}: the pipeline lacks {', '.join(sorted(missing))}: train it again")
    return Triage(nlp)


def blank() -> Language:
    """The pipeline with every component in its place and nothing learnt."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("azimut_reader", name=READER)
    nlp.add_pipe("azimut_second_opinion", name=SECOND)
    # installs before other means: for an S1 it has the text read, and what is read serves those after it
    for facet in ("intent", "severity", "installs", "other_means", *DETAILS):
        config = {
            "explain": facet in EVIDENCE_FACETS,
            "silent": list(SILENT.get(facet, ())),
            "unread": list(UNREAD.get(facet, ())),
        }
        nlp.add_pipe("azimut_facet", name=facet, config=config)
    nlp.add_pipe("azimut_language", name=LANGUAGE)
    return nlp


def joined(subject: str, body: str) -> str:
    """The one text that the pipeline reads. A lone surrogate, which no UTF-8 can hold, becomes "?"."""
    text = f"{subject}{_GAP}{body[:_READ]}"[:_READ]
    return text.encode("utf-8", "replace").decode("utf-8")


def _reading(sheet: Worksheet) -> Reading:
    verdicts = sheet.verdicts
    intent, severity = verdicts["intent"], verdicts["severity"]
    return Reading(
        intent=intent.label,
        intent_confidence=round(intent.probabilities[intent.label], 4),
        severity=severity.label,
        severity_probabilities={x: round(p, 4) for x, p in severity.probabilities.items()},
        confidence=round(severity.probabilities[severity.label], 4),
        other_means=verdicts["other_means"].label,
        installs=verdicts["installs"].label,
        language=sheet.language,
        missing=tuple(name for name in DETAILS if verdicts[name].label == MISSING),
        evidence=tuple(piece for facet in EVIDENCE_FACETS for piece in sheet.evidence.get(facet, ())),
    )
