"""The pipeline's parts as spaCy components. Each reads and fills in the worksheet of the Doc; each keeps what
it learnt in its own folder. They know nothing of mails: a Doc is a text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, cast

from classifiers import evidence, language
from classifiers.blending import Blend, read_blend
from classifiers.encoder import Encoder
from classifiers.evidence import Evidence
from classifiers.facet import FacetModel, Vectors, Verdict, vectors
from classifiers.features import Vocabulary
from classifiers.lean import Doc, Language
from classifiers.linear import Doubles
from classifiers.segmentation import layout

_KEY: Final = "azimut"
TEXT: Final = "azimut text"  # in a Doc's user_data: read this text; the Doc itself may hold no token
READER: Final = "reader"
SECOND: Final = "second_opinion"
LANGUAGE: Final = "language"
_BLENDS: Final = "blends.json"
ENCODER: Final = "encoder"


@dataclass(slots=True, kw_only=True)
class Worksheet:
    """What the components found so far, by facet. `second` gives a facet's verdict once more, with what the
    encoder says of the text; None: there is no encoder."""

    text: str
    vectors: Vectors
    second: Callable[[str, Verdict], Verdict] | None = None
    encoded: dict[str, Doubles] | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    evidence: dict[str, tuple[Evidence, ...]] = field(default_factory=dict)
    language: str | None = None


def worksheet(doc: Doc) -> Worksheet:
    """The Doc's worksheet. Raises KeyError before the reader has run."""
    return cast("Worksheet", doc.user_data[_KEY])


class Reader:
    """Cuts the text up and turns it into vectors; stands first in the pipeline."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()

    def __call__(self, doc: Doc) -> Doc:
        given = doc.user_data.get(TEXT)
        text = doc.text if given is None else str(given)
        doc.user_data[_KEY] = Worksheet(text=text, vectors=vectors(layout(text), self.vocabulary))
        return doc

    def to_disk(self, path: str | Path, *, exclude: object = ()) -> None:  # noqa: ARG002 - spaCy passes it
        self.vocabulary.to_disk(Path(path))

    def from_disk(self, path: str | Path, *, exclude: object = ()) -> Reader:  # noqa: ARG002 - spaCy passes it
        self.vocabulary = Vocabulary.from_disk(Path(path))
        return self


class SecondOpinion:
    """Offers an encoder's opinion to the facets after it, which ask for it where they are unsure. The text is
    read by it once at most. Without an encoder nobody is asked."""

    def __init__(self) -> None:
        self.encoder: Encoder | None = None
        self.blends: dict[str, Blend] = {}

    def __call__(self, doc: Doc) -> Doc:
        if self.encoder is not None:
            sheet = worksheet(doc)
            sheet.second = partial(self._of, sheet)
        return doc

    def _of(self, sheet: Worksheet, facet: str, verdict: Verdict) -> Verdict:
        blend = self.blends.get(facet)
        read = sheet.encoded is not None
        if self.encoder is None or blend is None or not blend.asks(verdict, sheet.verdicts, read=read):
            return verdict
        if sheet.encoded is None:
            sheet.encoded = self.encoder.probabilities(sheet.text)
        return blend.together(verdict, sheet.encoded[facet])

    def to_disk(self, path: str | Path, *, exclude: object = ()) -> None:  # noqa: ARG002 - spaCy passes it
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        blends = {facet: blend.to_json() for facet, blend in self.blends.items()}
        (folder / _BLENDS).write_text(json.dumps(blends, indent=1) + "\n", encoding="utf-8")
        if self.encoder is not None:
            self.encoder.to_disk(folder / ENCODER)

    def from_disk(self, path: str | Path, *, exclude: object = ()) -> SecondOpinion:  # noqa: ARG002 - as above
        folder = Path(path)
        blends = json.loads((folder / _BLENDS).read_text(encoding="utf-8"))
        self.blends = {facet: read_blend(record) for facet, record in blends.items()}
        self.encoder = Encoder.from_disk(folder / ENCODER) if (folder / ENCODER).is_dir() else None
        return self


class Facet:
    """Judges one facet; with `explain` it also says which clauses decided. A label in `silent` means that the
    text says nothing of the facet, so there is nothing to show. A text of which no word is known is taken for
    a label in `unread`: the likeliest of them, whatever scraps of unknown words score."""

    def __init__(self, name: str, *, explain: bool, silent: list[str], unread: list[str]) -> None:
        self.name, self.silent, self.unread = name, frozenset(silent), tuple(unread)
        self._explain = explain
        self.model: FacetModel | None = None

    def __call__(self, doc: Doc) -> Doc:
        if self.model is None:
            raise ValueError(f"the component {self.name!r} holds no model: load one or train it")
        sheet = worksheet(doc)
        verdict = self.model.judge(sheet.vectors)
        if self.unread and not sheet.vectors.reads:
            verdict = self.model.among(self.unread, verdict)
        elif sheet.second is not None:
            verdict = sheet.second(self.name, verdict)
        sheet.verdicts[self.name] = verdict
        if self._explain and verdict.label not in self.silent:
            account = self.model.explain(verdict, sheet.vectors)
            sheet.evidence[self.name] = evidence.clauses(self.name, sheet.text, sheet.vectors.layout, account)
        return doc

    def to_disk(self, path: str | Path, *, exclude: object = ()) -> None:  # noqa: ARG002 - spaCy passes it
        if self.model is None:
            raise ValueError(f"the component {self.name!r} holds no model: nothing to save")
        self.model.to_disk(Path(path))

    def from_disk(self, path: str | Path, *, exclude: object = ()) -> Facet:  # noqa: ARG002 - spaCy passes it
        self.model = FacetModel.from_disk(Path(path))
        return self


@Language.factory("azimut_reader")
def make_reader(nlp: Language, name: str) -> Reader:  # noqa: ARG001 - the signature spaCy calls
    return Reader()


@Language.factory("azimut_second_opinion")
def make_second_opinion(nlp: Language, name: str) -> SecondOpinion:  # noqa: ARG001 - as above
    return SecondOpinion()


@Language.factory("azimut_facet", default_config={"explain": False, "silent": [], "unread": []})
def make_facet(
    nlp: Language,  # noqa: ARG001 - as above
    name: str,
    explain: bool,
    silent: list[str],
    unread: list[str],
) -> Facet:
    return Facet(name, explain=explain, silent=silent, unread=unread)


@Language.component("azimut_language")
def vote(doc: Doc) -> Doc:
    """Note the language that the words vote for."""
    sheet = worksheet(doc)
    sheet.language = language.vote(sheet.text)
    return doc
