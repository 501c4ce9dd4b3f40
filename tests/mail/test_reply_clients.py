"""New words in the replies of the programs that customers use, in both languages: above, below and between
quotes, with a forward's comment; and what is never cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.values import Mail
from daemon.mail.parse import parse
from daemon.mail.reply import new_text
from tests.mail.client_replies import BLOCK_EN, BLOCK_FR, EN, FR, OLD_EN, OLD_FR, Q_EN, Q_FR, REPLIES, Reply


def _flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("reply", REPLIES, ids=lambda r: f"{r.name}, {r.language}")
def test_the_words_above_the_quote_are_the_new_ones(reply: Reply) -> None:
    mail = parse(reply.raw())
    assert isinstance(mail, Mail)
    assert _flat(mail.new_text) == _flat(reply.words())
    assert _flat((OLD_FR if reply.language == "fr" else OLD_EN).split("\n")[2]) in _flat(mail.text)


ATTRIBUTIONS = [
    "Le lun. 9 nov. 2026 à 09\u202fh\u202f15, Soutien <support@azimutpos.com> a\nécrit :\n",
    "On Mon, Nov 9, 2026 at 9:15\u202fAM Support <support@azimutpos.com> wrote:\n",
    "Le 2026-11-09 à 09 h 15, Soutien Azimut POS a écrit :\n",
    "On 2026-11-09 9:15 a.m., Support wrote:\n",
    "> Le 9 nov. 2026 à 09:15, Soutien a écrit :\n> \n",
    "> On Nov 9, 2026, at 9:15 AM, Support wrote:\n> \n",
    "---- On Mon, 09 Nov 2026 09:15:00 -0500 Support <support@azimutpos.com> wrote ----\n",
    "09.11.2026, 09:15, Soutien <support@azimutpos.com> hat etwas gesagt:\n",
    "On Mon, Nov 9, 2026 at 9:15 AM Support\n\n<support@azimutpos.com\n> wrote:\n",
    "2026/11/9 Support <support@azimutpos.com>\n",
    "----- Message d'origine -----\n",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
@pytest.mark.parametrize(("words", "old"), [(FR, Q_FR), (EN, Q_EN)], ids=["fr", "en"])
def test_words_above_below_and_between_marked_quotes_stay(attribution: str, words: str, old: str) -> None:
    first, _, last = words.partition("\n\n")
    assert _flat(new_text(f"{words}\n\n{attribution}{old}")) == _flat(words)
    assert _flat(new_text(f"{attribution}{old}\n\n{words}")) == _flat(words)
    assert _flat(new_text(f"{first}\n\n{attribution}{old}\n\n{last}")) == _flat(words)
    questions = "> Quel modèle?\n{}\n\n> Depuis quand?\n{}\n"
    assert _flat(new_text(attribution + questions.format("Une TM-88.", "samedi"))) == "Une TM-88. samedi"


@pytest.mark.parametrize(
    ("comment", "forwarded"),
    [
        ("Est-ce vrai?", f"---------- Forwarded message ---------\n{BLOCK_FR}{OLD_FR}"),
        ("Is it true?", f"---------- Forwarded message ---------\n{BLOCK_EN}{OLD_EN}"),
        ("Est-ce vrai?", f"---------- Message transféré ----------\n{BLOCK_FR}{OLD_FR}"),
        ("Est-ce vrai?", f"Début du message transféré :\n\n{BLOCK_FR}{OLD_FR}"),
        ("Is it true?", f"Begin forwarded message:\n\n{BLOCK_EN}{OLD_EN}"),
        ("Est-ce vrai?", f"-------- Message transféré --------\nSujet : Rappel\n{BLOCK_FR}{OLD_FR}"),
        ("Is it true?", f"-------- Forwarded Message --------\nSubject: Recall\n{BLOCK_EN}{OLD_EN}"),
        ("Est-ce vrai?", f"----- Mail transféré -----\n{BLOCK_FR}{OLD_FR}"),
    ],
)
def test_a_forward_is_kept_with_its_comment(comment: str, forwarded: str) -> None:
    assert _flat(new_text(f"{comment}\n\n{forwarded}")) == _flat(f"{comment}\n\n{forwarded}")
    outlook = f"{comment}\n\n{BLOCK_FR}{OLD_FR}"
    assert _flat(new_text(outlook, forwarded=True)) == _flat(outlook)


def test_answers_below_a_quote_stay_with_every_mark_but_a_forwards_is_whole() -> None:
    text = f"----- Message transféré -----\n{Q_FR}\n\n{FR}"
    assert _flat(new_text(text)) == _flat(text)


def test_an_attribution_in_the_line_of_the_words_is_parted_from_them() -> None:
    for share in ("d'accord ", "d'accord --- "):
        text = f"{share}Le lun. 9 nov. 2026 à 09:15, Soutien <s@azimutpos.com> a écrit :\n{Q_FR}"
        assert new_text(text) == "d'accord"
    kept = "le total On Monday 2026 at 9:15 we wrote:\n12,50 $"
    assert new_text(kept) == kept


@pytest.mark.parametrize(
    ("quote", "answer"),
    [
        (
            "> Votre demande est enregistrée et la personne de garde la traite dès ce\nmatin.\n> x",
            "",
        ),
        ("> Suivre la demande (https://azimutpos.com/suivi?az=1042\n&jeton=abc)\n> x", ""),
        (
            "> Quel est le modèle de l'imprimante qui est branchée à la caisse numéro deux?\nune TM-88\n> x",
            "une TM-88",
        ),
        (
            "> Quel est le modèle de l'imprimante de la caisse numéro deux du magasin\nUne TM-88\n> x",
            "Une TM-88",
        ),
        ("> Quel modèle\nune TM-88\n> x", "une TM-88"),
    ],
)
def test_a_line_that_a_program_broke_off_a_quote_is_no_answer(quote: str, answer: str) -> None:
    text = f"Le 9 novembre 2026 09:15, Soutien a écrit :\n{quote}\n\nMerci."
    assert _flat(new_text(text)) == _flat(f"{answer} Merci.")


@pytest.mark.parametrize("mark", ["-- ", "--", "--\u00a0", "__"])
def test_a_signature_is_cut_and_points_parted_by_dashes_are_not(mark: str) -> None:
    signed = "Luc Tremblay\nGérant, Dépôt du Lac\n418 555-0142 | luc@x.example"
    assert new_text(f"La caisse fige.\n{mark}\n{signed}") == "La caisse fige."
    if mark != "-- ":
        points = f"La caisse 1 fige.\n{mark}\nLa caisse 2 ne s'allume plus.\n{mark}\nMerci"
        assert _flat(new_text(points)) == _flat(points)


@pytest.mark.parametrize(
    "text",
    [
        "Le 9 novembre 2026, tout marchait.\nLe technicien a écrit :\nremplacer le câble.",
        "On Monday, November 9, 2026 it froze.\nOn the screen somebody wrote:\ncall me.",
        "2026-11-09\nmon mari a écrit :\nça marche",
        "Bonjour,\n\nDe : la caisse 2\nÀ : la caisse 3\nDate : hier\nObjet : transfert\nMontant : 12 $",
        "Bonjour,\n\nLe 9 novembre à 14 h 30, Paul a écrit :\nla caisse est morte",
    ],
)
def test_what_a_person_tells_is_no_introduction(text: str) -> None:
    assert new_text(f"Allô,\n\n{text}") == f"Allô,\n\n{text}"


HUMAN = st.sampled_from(
    [
        "Bonjour,",
        "",
        "Le 9 novembre à 14 h 30, Paul a écrit :",
        "On Monday at 9:15 she wrote:",
        "Le technicien a écrit : remplacer le câble.",
        "From 9:15 on, nothing prints.",
        "De : la caisse 2",
        "À : la caisse 3",
        "Date : hier",
        "Objet : rapport Z",
        "Subject: see the photo",
        "Total : 12,50 $",
        "Avis important : la caisse 2 est en panne.",
        "Confidentialité : qui voit nos rapports?",
        "Sent from my desk is much easier, then my phone.",
        "Envoyé de la caisse 2 : rien; de la caisse 1 : oui.",
        ">>> URGENT <<<",
        "2026-11-09 09:15 caisse figée",
        "On 2026-11-09 the till was replaced: no change.",
        "Le message original : introuvable",
        "1. Redémarrer",
        "- redémarré",
        "Re: ta question",
        "Merci!",
        "Luc",
    ]
)


@given(st.lists(HUMAN, min_size=1, max_size=12).filter(lambda lines: any(lines)))
def test_what_only_people_write_is_never_cut(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert _flat(new_text(text)) == _flat(text)


PIECES = st.sampled_from(
    [
        *ATTRIBUTIONS,
        BLOCK_FR,
        BLOCK_EN,
        Q_FR,
        Q_EN,
        OLD_FR,
        FR,
        EN,
        "-- \nLuc\n",
        "__\n",
        ">>> x <<<\n",
        "> a (https://x.example/\nb)\n",
        "ok On Mon 9 Nov 2026 wrote:\n",
        "Envoyé de mon iPhone\n",
        "AVIS DE CONFIDENTIALITÉ\n\n",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=40)), max_size=10), st.booleans())
def test_new_words_are_a_subsequence_of_the_text(pieces: list[str], forwarded: bool) -> None:
    text = "\n".join(pieces)
    left = new_text(text, forwarded=forwarded)
    letters = iter(c for c in text if not c.isspace())
    assert all(c in letters for c in left if not c.isspace())
    assert bool(left) is bool(text.strip())
    assert new_text(text, forwarded=forwarded) == left
