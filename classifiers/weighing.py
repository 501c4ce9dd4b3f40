"""The blends of a trained pipeline with an encoder, fitted on mails that neither has seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import numpy as np

from classifiers.blending import fit_blend
from classifiers.components import SECOND, TEXT, SecondOpinion, worksheet
from classifiers.encoder import Encoder
from classifiers.examples import Example
from classifiers.lean import Doc, Language
from classifiers.pipeline import joined
from classifiers.plans import PLANS
from classifiers.train import truth

_LEADING: Final = {"intent": 0.6, "severity": 0.7}
"""Facets for which the encoder reads a mail: where the linear models' likeliest label has less. Every fifth
mail or so; asking about more of them helped no figure and took the time."""
_BESIDE: Final = {"other_means": 0.85, "installs": 0.85}
"""Facets that profit from what it has read."""


def consult(nlp: Language, encoder: Encoder | None, unseen: Sequence[Example]) -> None:
    """Give the pipeline its second opinion, weighed on `unseen`; None takes it away. Raises EncoderFault."""
    second = cast("SecondOpinion", nlp.get_pipe(SECOND))
    second.encoder, second.blends = None, {}
    if encoder is None:
        return
    texts = [joined(e.subject, e.body) for e in unseen]
    sheets = [worksheet(nlp(Doc(nlp.vocab, user_data={TEXT: text}))) for text in texts]
    read = [encoder.probabilities(text) for text in texts]
    led = np.zeros(len(unseen), bool)
    for facet, below in (*_LEADING.items(), *_BESIDE.items()):
        plan, leads = PLANS[facet], facet in _LEADING
        first = np.array([list(sheet.verdicts[facet].probabilities.values()) for sheet in sheets])
        if leads:
            led |= first.max(axis=1) < below
        known = [n for n, e in enumerate(unseen) if truth(e, facet) is not None and (leads or led[n])]
        second.blends[facet] = fit_blend(
            first[known],
            np.array([read[n][facet] for n in known]),
            [plan.labels.index(str(truth(unseen[n], facet))) for n in known],
            [plan.costs.get(label, 1.0) for label in plan.labels],
            [float(np.log(plan.odds.get(label, 1.0))) for label in plan.labels],
            below=below,
            leads=leads,
        )
    second.encoder = encoder
