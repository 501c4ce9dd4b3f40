"""The two questions of a provisional P1: what is read as an answer, and what is not."""

from __future__ import annotations

import pytest

from daemon.core.answers import Answers, heard, read_answers, settled
from daemon.core.values import Priority
from tests.core.build import findings

YES, NO = True, False

BOTH: list[tuple[str, bool | None, bool | None]] = [
    ("1 oui, 2 non", YES, NO),
    ("1 oui 2 non", YES, NO),
    ("1. oui\n2. non", YES, NO),
    ("1) Oui\n2) Non\n\nMerci,\nMarie", YES, NO),
    ("1: oui; 2: non", YES, NO),
    ("1-oui 2-non", YES, NO),
    ("1 = oui / 2 = non", YES, NO),
    ("#1 oui, #2 non", YES, NO),
    ("Q1 : oui\nQ2 : non", YES, NO),
    ("Question 1: oui. Question 2: non.", YES, NO),
    ("1 non, 2 oui", NO, YES),
    ("1. non 2. oui", NO, YES),
    ("1.Non\n2.Oui", NO, YES),
    ("Bonjour,\n\n1 oui et 2 non\n\nFaites vite svp", YES, NO),
    ("(1) oui (2) non", YES, NO),
    ("1 OUI, 2 NON!!!", YES, NO),
    ("1 yes, 2 no", YES, NO),
    ("1. Yes\n2. No", YES, NO),
    ("1) yes and 2) no", YES, NO),
    ("1 Yep, 2 nope", YES, NO),
    ("2 non, 1 oui", YES, NO),
    ("oui et non", YES, NO),
    ("Oui / non", YES, NO),
    ("oui, non", YES, NO),
    ("Oui non.", YES, NO),
    ("Oui\nNon", YES, NO),
    ("> Oui\n> Non", YES, NO),
    ("Non, oui", NO, YES),
    ("yes / no", YES, NO),
    ("Yes and no", YES, NO),
    ("Yes.\n\nNo.\n\nSent from my iPhone", YES, NO),
    ("non, non", NO, NO),
    ("oui et oui", YES, YES),
    ("Oui\nOui", YES, YES),
    ("oui à la première, non à la deuxième", YES, NO),
    ("Oui pour 1, non pour 2", YES, NO),
    ("yes to the first, no to the second", YES, NO),
    ("No to 1 and yes to 2", NO, YES),
    ("1. Est-ce votre seule caisse AzimutPOS? Oui\n2. Pouvez-vous encaisser autrement? Non", YES, NO),
    (
        "1. Est-ce votre seule caisse?\nOui\n\n2. Pouvez-vous encaisser autrement?\nnon pas du tout",
        YES,
        NO,
    ),
    (
        "1. Is this your only till? No, we have three.\n2. Can you take payments some other way? Yes",
        NO,
        YES,
    ),
    ("1. C'est notre seule caisse\n2. Impossible, rien ne marche", YES, NO),
    ("1- Pas la seule, on en a trois\n2- À la main, sur papier", NO, YES),
    ("1. It’s our only till.\n2. We write paper bills.", YES, YES),
    ("1) another till works\n2) cash only by hand", NO, YES),
    ("1 oui\u00a0; 2 non", YES, NO),
]

ONE: list[tuple[str, bool | None, bool | None]] = [
    ("1 oui", YES, None),
    ("1. Non", NO, None),
    ("2 non", None, NO),
    ("2: oui, avec l'autre terminal", None, YES),
    ("1. Est-ce votre seule caisse AzimutPOS?\n2. Pouvez-vous encaisser autrement? Non", None, NO),
]

NEITHER = [
    "",
    "oui",
    "Oui!",
    "non",
    "yes",
    "Oui oui",
    "non non",
    "non non c'est urgent",
    "Oui, la caisse 1 est gelée et la 2 non plus ne marche pas",
    "Nous avons 2 non fonctionnelles et 1 oui",
    "La caisse 1 oui mais la caisse 2 non",
    "C'est arrivé à 11 h 12, oui le 21 novembre",
    "12 oui, 21 non",
    "1 caisse, 2 terminaux",
    "2 terminaux ne marchent pas",
    "1 heure que ça dure",
    "No 1042",
    "1. Est-ce votre seule caisse AzimutPOS?\n2. Pouvez-vous encaisser autrement (autre caisse, papier)?",
    "1 oui, 1 non",
    "oui et non, ça dépend des jours",
    "Oui, mais je ne sais pas pour le reste",
    "Toujours gelée. Quelqu'un vient?",
    "no response since this morning",
]


@pytest.mark.parametrize(("text", "first", "second"), BOTH + ONE)
def test_answers_that_name_their_question_or_stand_alone_as_a_pair_are_read(
    text: str, first: bool | None, second: bool | None
) -> None:
    assert read_answers(text) == Answers(only_till=first, other_means=second)


@pytest.mark.parametrize("text", NEITHER)
def test_nothing_is_guessed(text: str) -> None:
    assert read_answers(text) == Answers()
    assert not read_answers(text).given


def test_free_words_are_the_classifiers_to_read_and_plain_answers_win() -> None:
    found = findings("S1", installs="one", other_means="yes")
    assert heard("On en a juste une, on écrit tout à la main.", found) == Answers(
        only_till=YES, other_means=YES
    )
    assert heard("1 non, 2 non", found) == Answers(only_till=NO, other_means=NO)
    assert heard("2 non", found) == Answers(only_till=YES, other_means=NO)
    assert not heard("Toujours gelée.", findings("S1")).given


@pytest.mark.parametrize(
    ("answers", "installs", "priority"),
    [
        (Answers(only_till=YES, other_means=NO), None, Priority.P1),
        (Answers(only_till=YES), None, Priority.P1),
        (Answers(only_till=YES, other_means=YES), None, Priority.P2),
        (Answers(only_till=NO), None, Priority.P2),
        (Answers(only_till=NO, other_means=NO), None, Priority.P2),
        (Answers(other_means=YES), None, Priority.P2),
        (Answers(other_means=NO), None, None),
        (Answers(), None, None),
        (Answers(other_means=NO), 1, Priority.P1),
        (Answers(other_means=NO), 4, Priority.P2),
        (Answers(only_till=YES, other_means=NO), 4, Priority.P1),
    ],
)
def test_the_contracts_rule_settles_it(
    answers: Answers, installs: int | None, priority: Priority | None
) -> None:
    assert settled(answers, installs) is priority
