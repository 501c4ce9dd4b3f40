"""The blends of a trained pipeline with an encoder, fitted on mails that neither has seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from classifiers.blending import Blend, fit_blend
from classifiers.components import SECOND, TEXT, SecondOpinion, worksheet
from classifiers.encoder import Encoder, EncoderFault
from classifiers.examples import Example
from classifiers.labels import DETAILS, UNREAD
from classifiers.lean import Doc, Language
from classifiers.pipeline import joined
from classifiers.plans import PLANS
from classifiers.train import truth

_LEADING: Final = {"intent": 0.8, "severity": 0.85}
"""Facets for which the encoder reads a mail: where the linear models' likeliest label has less. To read every
mail would give the held-out ones half a point of macro-F1 more, at twice the time."""
_AFTER: Final = {"installs": {"severity": "S1"}}
"""Whether an S1 is a P1 hangs on this one: it leads for an S1."""
_BESIDE: Final = dict.fromkeys(("installs", "other_means", *DETAILS), 0.95)
"""Facets that profit from what is read, in the pipeline's order."""


def consult(nlp: Language, encoder: Encoder | None, unseen: Sequence[Example]) -> None:
    """Give the pipeline its second opinion, weighed on `unseen`; None takes it away. Raises EncoderFault."""
    second = cast("SecondOpinion", nlp.get_pipe(SECOND))
    second.encoder, second.blends = None, {}
    if encoder is None:
        return
    lacking = [facet for facet in (*_LEADING, *_BESIDE) if facet not in encoder.heads]
    if lacking:
        raise EncoderFault(
            f"the encoder knows nothing of {', '.join(lacking)}: train it anew with `--encoder train`"
        )
    texts = [joined(e.subject, e.body) for e in unseen]
    sheets = [worksheet(nlp(Doc(nlp.vocab, user_data={TEXT: text}))) for text in texts]
    read = [encoder.probabilities(text) for text in texts]
    led: set[int] = set()
    for facet, below in (*_LEADING.items(), *_BESIDE.items()):
        shape = Blend(
            below=below,
            weight=0.5,
            sharpness=1.0,
            leaning=(),
            leads=facet in _LEADING,
            after=_AFTER.get(facet, {}),
        )
        asked = [
            n
            for n, sheet in enumerate(sheets)
            if shape.asks(sheet.verdicts[facet], sheet.verdicts, read=n in led)
            and (sheet.vectors.reads or facet not in UNREAD)
        ]
        led.update(asked)
        asked = [n for n in asked if truth(unseen[n], facet) is not None]
        second.blends[facet] = fit_blend(
            [(sheets[n].verdicts[facet], read[n][facet]) for n in asked],
            [str(truth(unseen[n], facet)) for n in asked],
            [PLANS[facet].costs.get(label, 1.0) for label in PLANS[facet].labels],
            shape,
        )
    second.encoder = encoder
