"""The new words of a mail: as little as possible is cut, and never the customer's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.reply import is_forward, new_text

QUOTE = "> Bonjour,\n>\n> Votre demande est enregistrée.\n"
OUTLOOK = (
    "De\u00a0: Soutien Azimut POS <support@azimutpos.com>\nEnvoyé\u00a0: 9 novembre 2026 09:15\n"
    "À\u00a0: Luc <luc@x.example>\nCc\u00a0: Marie <marie@x.example>\n"
    "Objet\u00a0: [AZ-1042] Demande\n\nBonjour,\nenregistré.\n"
)


@pytest.mark.parametrize(
    "introduction",
    [
        "Le lun. 9 nov. 2026 à 09\u202fh\u202f15, Soutien <support@azimutpos.com> a\nécrit :\n\n" + QUOTE,
        "Le 9 novembre 2026 09:15, Soutien Azimut POS a écrit :\n" + QUOTE,
        "On Mon, Nov 9, 2026 at 9:15 AM Azimut POS Support <support@azimutpos.com>\nwrote:\n\n" + QUOTE,
        "> Le 9 nov. 2026 à 09:15, Soutien <support@azimutpos.com> a écrit :\n> \n" + QUOTE,
        OUTLOOK,
        "________________________________\n" + OUTLOOK,
        "*De :* Soutien <support@azimutpos.com>\n*Envoyé :* 9 novembre 2026\n*À :* Luc\n"
        "*Objet :* Demande\n\nx\n",
        "-----Message d'origine-----\n" + OUTLOOK,
        '----- Mail original -----\nDe: "Soutien" <s@x.example>\nÀ: "B" <b@x.example>\n'
        "Objet: Demande\n\nBonjour,\n",
        "-----Original Message-----\nFrom: Support\nSent: Monday\nTo: Luc\nSubject: Request\n\nHello\n",
        "From: Support <s@x.example>\nSent: Monday, November 9, 2026 9:15 AM\nTo: Luc\n"
        "Subject: Request\n\nHello\n",
        "2026-11-09 9:15 GMT-05:00 Soutien <support@azimutpos.com>:\n\n" + QUOTE,
        "Envoyé de mon iPhone\n\n> Le 9 nov. 2026 à 09:15, Soutien <s@x.example> a écrit :\n> \n" + QUOTE,
        "-- \nPaul Dépôt\nEntrepôt du Lac\n\n\nLe 2026-11-09 à 09 h 15, Soutien a écrit :\n" + QUOTE,
        "Obtenir Outlook pour iOS<https://aka.ms/o0ukef>\n________________________________\n" + OUTLOOK,
    ],
)
def test_quote_and_signature_below_the_words_are_cut(introduction: str) -> None:
    words = "Bonjour,\n\nLe redémarrage n'a rien changé."
    assert new_text(f"{words}\n\n{introduction}") == words


@pytest.mark.parametrize(
    "text",
    [
        "Le technicien a écrit : remplacer le câble.\nC'est fait mais rien ne change.",
        "Le 5 novembre, tout marchait.\nOn Monday it froze again.",
        "De : la caisse 2\nÀ : la caisse 3\n\nLe transfert ne passe pas.",
        "Voici le montant : 12 $\nDate : hier\n\nMerci",
        "Here is another email\n\nSent from my desk, is much easier then my mobile phone.",
        "Bonjour\n\nCordialement,\nMarie Roy\nBoulangerie Roy",
        "Prix > 20 $ et < 30 $",
    ],
)
def test_a_persons_own_words_stay(text: str) -> None:
    assert new_text(text) == text.rstrip(" \n") or new_text(text) == text.strip()


def test_answers_below_the_quote_are_the_new_words() -> None:
    text = f"Le 9 novembre 2026 09:15, Soutien a écrit :\n{QUOTE}\nC'est réglé.\nMerci."
    assert new_text(text) == "C'est réglé.\nMerci."


def test_answers_between_the_questions_are_all_kept() -> None:
    text = "Le 2026-11-09 09:15, Soutien a écrit :\n> Quel modèle?\nUne TM-88.\n\n> Depuis quand?\nSamedi.\n"
    assert new_text(text) == "Une TM-88.\n\nSamedi."


def test_what_was_forwarded_is_the_matter() -> None:
    forwarded = (
        "Touché?\n\n---------- Message transféré ----------\n"
        "De : Fabricant <a@x.example>\nObjet : Rappel\n\nT-9"
    )
    assert new_text(forwarded) == forwarded
    outlook = f"À ouvrir svp.\n\n{OUTLOOK}"
    assert new_text(outlook, forwarded=True) == outlook.strip()
    assert new_text(outlook) == "À ouvrir svp."


def test_a_reply_that_is_only_an_old_mail_is_kept_whole() -> None:
    assert new_text(OUTLOOK).endswith("enregistré.")
    assert new_text(QUOTE) == QUOTE.strip()
    assert new_text("-- \nMarie") == "--\nMarie"


@pytest.mark.parametrize(
    ("subject", "yes"),
    [
        ("TR : caisse figée", True),
        ("TR\u00a0: caisse", True),
        ("Fwd: x", True),
        ("FW: x", True),
        ("WG: x", True),
        ("Re: x", False),
        ("Transfert de stock", False),
        ("Trop lent : la caisse", False),
    ],
)
def test_a_forward_shows_in_the_subject(subject: str, yes: bool) -> None:
    assert is_forward(subject) is yes


LINES = st.sampled_from(
    [
        "Bonjour",
        "",
        "> x",
        "-- ",
        "Le 9 nov. 2026 à 09:15, A <a@x.example> a écrit :",
        "De : A",
        "Envoyé : hier",
        "Objet : x",
        "____________",
        "Envoyé de mon iPhone",
        "AVIS DE CONFIDENTIALITÉ",
    ]
)


@given(st.lists(LINES, max_size=30), st.booleans())
def test_something_is_left_of_any_text_and_nothing_is_invented(lines: list[str], forwarded: bool) -> None:
    text = "\n".join(lines)
    left = new_text(text, forwarded=forwarded)
    assert bool(left) is bool(text.strip())
    known = {line.strip() for line in [*lines, ""]}
    assert all(line.strip() in known for line in left.split("\n"))
