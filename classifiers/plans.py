"""How each facet is trained: which models, and what weighs how much. Choices only; the training itself reads
them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from classifiers.labels import DETAILS, GIVEN, INSTALLS, INTENTS, MISSING, OTHER_MEANS, SEVERITIES

# Thanks, "it works again" and spam have no severity in the corpus, but the pipeline gives one to every mail:
# what is over or never was does not count as broken (guide, rule 1).
NOT_LABELLED: Final = {"severity": "S4"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a facet is trained.

    clauses    labels of its clause model; empty: none (measured, clauses add nothing to the details)
    latent     the corpus does not say which clause tells of it: the model chooses one per mail. Else every
               clause that holds evidence has the mail's label
    balance    0: mails count alike; 1: labels count alike
    costs      what missing a label costs, 1 where not given: a missed S1 is the worst error of all, and there
               are too few mails other than tickets to learn from what a problem costs that is taken for
               thanks. As probabilities are calibrated, a label that costs twice wins where it is more than
               half as likely as another
    strength   of the evidence against the penalty, for mails and clauses
    foreign    what a mail counts that has no such label itself. Short ones share their few words with outages
               ("la caisse est repartie"): in full they would teach that three words about a till are S4
    by_length  brief mails are weighed up by their own stack
    """

    labels: tuple[str, ...]
    clauses: tuple[str, ...] = ()
    latent: bool = False
    balance: float = 0.0
    costs: Mapping[str, float] = field(default_factory=dict)
    strength: float = 5.0
    foreign: float = 1.0
    by_length: bool = False


PLANS: Final = {
    "intent": Plan(labels=INTENTS, clauses=INTENTS, balance=0.5, costs={"ticket": 2.0}, strength=10.0),
    "severity": Plan(
        labels=SEVERITIES,
        clauses=SEVERITIES,
        costs={"S1": 3.0},
        strength=10.0,
        foreign=0.25,
        by_length=True,
    ),
    "other_means": Plan(labels=OTHER_MEANS, clauses=("yes", "no"), latent=True, balance=0.5),
    "installs": Plan(labels=INSTALLS, clauses=("one", "many"), latent=True, balance=0.5),
    **{name: Plan(labels=(GIVEN, MISSING), balance=0.25) for name in DETAILS},
}
