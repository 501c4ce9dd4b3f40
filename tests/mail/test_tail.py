"""Taglines, disclaimers and rules go; what a person wrote about them, or below them, stays."""

from __future__ import annotations

import pytest

from daemon.mail.reply import new_text
from daemon.mail.tail import is_tagline, without_tail

LEGAL_FR = (
    "Ce courriel et ses pièces jointes sont confidentiels et réservés au destinataire. Si vous l'avez reçu "
    "par erreur, veuillez le supprimer\net en aviser l'expéditeur; toute divulgation est interdite."
)
LEGAL_EN = (
    "This e-mail and its attachments are confidential and meant for the recipient only. If you received\n"
    "it in error, please delete it and notify the sender; any disclosure is prohibited."
)
WORDS = "Bonjour,\n\nLa caisse 2 fige encore.\n\nMerci,\nLuc"


@pytest.mark.parametrize(
    "line",
    [
        "Envoyé de mon iPhone",
        "Envoyé de mon iPad",
        "Envoyé depuis mon appareil Galaxy",
        "Envoyé à partir de Yahoo Courriel sur Android",
        "Envoyé à partir d’Outlook pour iOS",
        "Envoyé à partir d'Outlook<https://aka.ms/x> pour iOS<https://aka.ms/y>",
        "Envoyé d'un appareil TELUS",
        "Envoyé de mon appareil Samsung de Bell via le plus vaste réseau au pays.",
        "Envoyé avec Proton Mail",
        "Expédié de mon téléphone",
        "Provenance : Courrier<https://go.microsoft.com/x> pour Windows",
        "Obtenir Outlook pour Android<https://aka.ms/x>",
        "Télécharger Outlook pour iOS (https://aka.ms/x)",
        "Envoyé depuis mon appareil Android avec K-9 Mail. Veuillez excuser ma brièveté.",
        "Sent from my iPhone",
        "Sent from my Bell Samsung device over Canada's largest network.",
        "Sent from Yahoo Mail for iPhone",
        "Sent from Mail<https://go.microsoft.com/x> for Windows 10",
        "Sent from Outlook for Android<https://aka.ms/x>",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Sent with Proton Mail secure email.",
        "Sent from my Android device with K-9 Mail. Please excuse my brevity.",
    ],
)
def test_a_tagline_is_known_and_cut(line: str) -> None:
    assert is_tagline(line)
    assert new_text(f"{WORDS}\n\n{line}\n") == WORDS
    assert new_text(line) == line


@pytest.mark.parametrize(
    "line",
    [
        "Envoyé de la caisse 2 : rien n'arrive",
        "Envoyé par erreur à la cuisine, pouvez-vous annuler la commande 12?",
        "Sent from my desk, is much easier than my phone.",
        "Sent with an error: printer 3 is offline",
        "Get Outlook working again please",
        "Obtenir un reçu est impossible",
        "Sent from the kitchen to the bar; nothing prints on my Samsung tablet, why?",
    ],
)
def test_a_persons_sentence_is_no_tagline(line: str) -> None:
    assert not is_tagline(line)
    assert new_text(f"Bonjour,\n{line}") == f"Bonjour,\n{line}"


@pytest.mark.parametrize(
    "below",
    [
        f"AVIS DE CONFIDENTIALITÉ : {LEGAL_FR}",
        f"*Avis de confidentialité*\n\n{LEGAL_FR}",
        f"CONFIDENTIALITY NOTICE: {LEGAL_EN}",
        f"AVIS DE CONFIDENTIALITÉ\n\n{LEGAL_FR}\n\nCONFIDENTIALITY NOTICE\n\n{LEGAL_EN}",
        f"{LEGAL_FR}\n\n{LEGAL_EN}",
        f"{LEGAL_EN}\n{'_' * 30}",
        "AVIS DE CONFIDENTIALITÉ : ce message est confidentiel et ne regarde que la personne à qui il est\n"
        "écrit; merci de le supprimer si ce n'est pas vous.",
        f"{LEGAL_FR}\n\nThis message is confidential and meant for nobody but the one it was written to;\n"
        "please delete it if that is not you.",
        f"{'_' * 30}\n{LEGAL_FR}\n\nPensez à l'environnement avant d'imprimer ce courriel.",
        f"{LEGAL_EN}\n\nPlease consider the environment before printing this e-mail.",
    ],
)
def test_a_disclaimer_in_either_language_or_both_is_cut(below: str) -> None:
    left = new_text(f"{WORDS}\n\n{below}").replace("_", "").strip()
    assert left == WORDS


def test_what_stands_below_a_disclaimer_stays() -> None:
    text = f"{WORDS}\n\nAVIS DE CONFIDENTIALITÉ\n\n{LEGAL_FR}\n\nP.-S. La caisse 1 aussi."
    assert new_text(text) == f"{WORDS}\n\nP.-S. La caisse 1 aussi."
    quote = "Le 2026-11-09 09:15, Soutien a écrit :\n> Quel modèle?\n"
    assert new_text(f"{WORDS}\n\n{LEGAL_FR}\n\n{quote}Une TM-88.") == f"{WORDS}\n\nUne TM-88."


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour,\n\nAvis important : la caisse 2 est en panne depuis ce matin et le magasin est plein.",
        "Bonjour,\n\nConfidentialité\n\nQui d'autre voit nos rapports de ventes? Mon comptable le demande.",
        "Hello,\n\nImportant notice\n\nThe store moves on Monday; please keep the tills working until then.",
        f"{LEGAL_FR}\n\nCe texte est-il imprimé au bas de nos reçus par erreur?",
        "Bonjour,\n\nLe rapport est confidentiel, ne le montrez pas au gérant.",
        "Bonjour,\n\nLe courriel de reçu est parti au mauvais destinataire par erreur.",
        "Hello,\n\nPlease delete the confidential report that went to a wrong recipient.",
        "Hello,\n\nPrinting stops after ten receipts and the printer says paper.",
    ],
)
def test_a_mail_about_such_words_is_kept(text: str) -> None:
    assert new_text(text) == text


def test_the_tail_of_a_long_text_is_read_and_its_middle_is_not() -> None:
    many = [line for n in range(200) for line in (f"Point {n}", "")]
    kept = without_tail([*many, *LEGAL_EN.split("\n"), "", "Sent from my iPhone"])
    assert kept == many[:-1]
    early = ["Bonjour", "", *LEGAL_EN.split("\n"), "", *many]
    assert without_tail(early) == early[:-1]
