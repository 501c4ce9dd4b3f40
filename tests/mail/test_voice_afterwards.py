"""What customers read after the acknowledgement keeps the rules of the voice, in every situation and both
languages: answers, status updates, reminders, the closing note, a credit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.values import Language, OutboxRow
from daemon.mail import customers_samples as samples
from daemon.mail.compose import Composer, Rendered
from daemon.mail.proof import SAMPLE_DESK
from tests.mail.outgoing import html_words, links, render, text_words
from tests.mail.voice import FULL, NEVER_SAID, WRONG_SPACING, N

FR, EN = Language.FR, Language.EN
DECIDED_BY_PEOPLE = ("reply", "resolved", "credit")
SETTINGS = {
    (kind, name, language): (row, render(row))
    for kind in samples.KINDS
    for language in Language
    for name, row in samples.named(kind, language).items()
}
AUTOMATIC = ("status-update", "reminder", "closed", "credit")


def mails(*kinds: str, language: Language | None = None) -> Iterator[tuple[str, OutboxRow, Rendered]]:
    for (kind, name, spoken), (row, mail) in SETTINGS.items():
        if (not kinds or kind in kinds) and language in (None, spoken):
            yield f"{kind} {name} {spoken.value}", row, mail


def told(kind: str, name: str, language: Language = FR) -> str:
    """The text of a sample with ordinary spaces."""
    return SETTINGS[kind, name, language][1].text.replace(N, " ")


def ours(row: OutboxRow, text: str) -> str:
    """Our own words: what a person wrote is taken out, line by line."""
    for name in ("text", "news", "question", "said", "subject", "given_name"):
        for line in str(row.context.get(name) or "").split("\n"):
            text = text.replace(line.strip(), "…") if line.strip() else text
    return text.replace("“la 1” ou “la 2”", "…").replace("'1' or '2'", "…")


def test_every_kind_has_its_situations_in_both_languages() -> None:
    for kind in samples.KINDS:
        assert list(samples.named(kind, FR)) == list(samples.named(kind, EN)), kind
        assert samples.named(kind, FR)
    assert len(SETTINGS) >= 100


def test_text_and_html_say_the_same() -> None:
    for name, _, mail in mails():
        assert html_words(mail.html) == text_words(mail.text), name


def test_customers_are_spoken_to_as_people() -> None:
    for name, row, mail in mails():
        forbidden = NEVER_SAID[Language(str(row.context["language"]))]
        for shown in (mail.text, " ".join(html_words(mail.html))):
            found = forbidden.search(ours(row, shown))
            assert found is None, (name, found)


@pytest.mark.parametrize("wrong", WRONG_SPACING)
def test_french_text_and_html_keep_the_spacing_of_the_oqlf(wrong: str) -> None:
    pattern = re.compile(wrong)
    for name, row, mail in mails(language=FR):
        for shown in (mail.text, " ".join(html_words(mail.html))):
            found = pattern.search(ours(row, shown))
            assert found is None, (name, found)


def test_english_has_no_french_spacing_and_one_dot_after_pm() -> None:
    for name, row, mail in mails(language=EN):
        own = ours(row, mail.text)
        assert N not in own, name
        assert "«" not in own, name
        assert "m.." not in own, name


def test_a_date_stands_in_full_once_at_most() -> None:
    for name, row, mail in mails():
        language = Language(str(row.context["language"]))
        body = re.split(r"\n(?:Billet|Ticket) AZ-", ours(row, mail.text))[0]
        assert len(re.findall(FULL[language], body)) <= 1, name
    for name, row, mail in mails("status-update"):
        promised = row.context["next_at"] or row.context["resolution_due"]
        if promised:
            language = Language(str(row.context["language"]))
            assert len(re.findall(FULL[language], mail.text)) == 1, name


def test_the_subject_is_the_customers_own_and_a_strangers_is_ours() -> None:
    for name, row, mail in mails():
        own = row.context["subject"] or (
            "Votre message" if row.context["language"] == "fr" else "Your message"
        )
        assert mail.subject == f"[AZ-{row.ticket}] {own}", name


def test_reference_and_priority_come_last() -> None:
    for name, row, mail in mails():
        billet = "Billet" if row.context["language"] == "fr" else "Ticket"
        body, _, footer = mail.text.partition(f"\n{billet} AZ-")
        assert footer.startswith(f"{row.ticket} ·"), name
        if row.kind != "credit":  # its one sentence names the ticket that the money is for
            assert "AZ-" not in body, name
        if row.kind == "status-update":
            assert f"({row.context['priority']})" in footer.split("\n")[0], name


def test_the_html_names_its_language_and_loads_nothing() -> None:
    for name, row, mail in mails():
        assert f'<html lang="{row.context["language"]}-CA"' in mail.html, name
        assert not re.search(r"<img|<link|<script|url\(|src=|\bon\w+=", mail.html, re.IGNORECASE), name
        shown = str(row.context.get("text") or "")
        for href in links(mail.html):
            assert href.startswith(("mailto:support", "tel:+1")) or href in shown, name
        assert "prefers-color-scheme: dark" in mail.html, name


def test_every_one_tap_answer_stands_in_the_text_too() -> None:
    for name, row, mail in mails(*AUTOMATIC):
        taps = [href for href in links(mail.html) if href.startswith("mailto:")]
        answers = [parse_qs(urlsplit(href).query)["body"][0] for href in taps]
        first = answers[0].rstrip(" :") if answers else ""
        assert first in mail.text.replace(N, " "), name
        assert all("#" not in href for href in taps), name
        assert bool(taps) is bool(re.search(r"Répondez «|Reply \"|suffit|is enough", mail.text)), name
        assert row.kind in ("status-update", "reminder") or not taps, name


def test_an_apology_is_made_once_and_only_when_we_are_late() -> None:
    for name, row, mail in mails(*AUTOMATIC):
        sorry = len(re.findall(r"regrettons|sorry", mail.text))
        assert sorry == (1 if row.context.get("late") and row.context.get("sorry") is not False else 0), name


def test_strangers_read_neither_a_name_nor_a_quote() -> None:
    row = samples.named("reminder", FR)["first"]
    mail = render(replace(row, context={**row.context, "known": False}))
    assert "Sylvie" not in mail.text
    assert "Quelles dates" not in mail.text
    assert "Rapport" not in mail.text + mail.subject
    assert "et la question est dans ce message-là" in mail.text


@given(
    st.text(st.characters(categories=("L",)), min_size=8, max_size=30),
    st.text(st.characters(categories=("L",)), min_size=8, max_size=30),
    st.sampled_from(["status-update", "reminder", "closed"]),
    st.sampled_from(list(Language)),
)
@settings(max_examples=60)
def test_a_row_that_does_not_say_who_is_known_tells_nothing_of_what_a_stranger_wrote(
    subject: str, name: str, kind: str, language: Language
) -> None:
    for row in samples.named(kind, language).values():
        facts = {key: value for key, value in row.context.items() if key != "known"}
        given_them = {**facts, "subject": subject, "given_name": name}
        kept = {key: value for key, value in given_them.items() if key in ("said", "question")}
        theirs = {**given_them, **dict.fromkeys(kept, subject)}
        without = {**facts, "subject": "", "given_name": "", **dict.fromkeys(kept, "")}
        assert render(replace(row, context=theirs)).message == render(replace(row, context=without)).message


def test_an_owners_own_wording_cannot_tell_a_stranger_anything_either(tmp_path: Path) -> None:
    folder = tmp_path / "fr" / "reminder"
    folder.mkdir(parents=True)
    words = "{{ given_name }} {{ subject }} {{ quoted }} {{ question }}."
    (folder / "body.txt.j2").write_text(words, encoding="utf-8")
    (folder / "subject.txt.j2").write_text("{{ ref }} {{ subject }}", encoding="utf-8")
    row = samples.named("reminder", FR)["first"]
    composer = Composer(SAMPLE_DESK, tmp_path)
    assert "Quelles dates" in composer.render(row, row.queued_at).text
    stranger = composer.render(replace(row, context={**row.context, "known": False}), row.queued_at)
    assert stranger.text.split("\n")[0] == "."
    assert stranger.subject == "AZ-1057"


def test_what_a_person_decided_to_send_keeps_its_subject_where_nothing_is_said_of_the_reader() -> None:
    for kind in DECIDED_BY_PEOPLE:
        row = next(iter(samples.named(kind, FR).values()))
        facts = {key: value for key, value in row.context.items() if key != "known"}
        assert render(replace(row, context=facts)).subject == render(row).subject


def test_the_samples_of_the_voice_page_word_for_word() -> None:
    assert told("status-update", "nothing").startswith(
        "Bonjour Karim,\n\nRien de nouveau depuis le message d’Alex à 11 h 15 : « Je regarde le pilote de "
        "l’imprimante et je vous reviens. » Alex a toujours votre billet.\n\nLa résolution est prévue au "
        "plus "
        "tard mercredi 4 novembre à 10 h 30. Vous aurez de nos nouvelles d’ici mercredi à 10 h 15, plus tôt "
        "s’il y en a.\n\nQuelque chose a changé de votre côté? Répondez à ce courriel. Vous aimez mieux "
        "n’avoir que les vraies nouvelles? Répondez « moins ».\n\nSoutien Azimut POS\n\n"
        "Billet AZ-1049 · priorité élevée (P2)\n"
    )
    assert told("status-update", "nothing", EN).startswith(
        "Hi Karim,\n\nNothing new since Alex's message at 11:15 a.m.: \"I'm looking at the printer driver "
        "and "
        "will get back to you.\" Alex still has your ticket.\n\nIt's to be solved by 10:30 a.m. on "
        "Wednesday, "
        "November 4. You'll hear from us by 10:15 a.m. on Wednesday, sooner if there's news.\n\n"
    )
    assert told("reminder", "first").startswith(
        "Bonjour Sylvie,\n\nIl nous manque votre réponse pour continuer. Alex vous demandait jeudi :\n\n"
        "  « Quelles dates avez-vous choisies dans le rapport? »\n\nPas le temps cette semaine? Répondez "
        "« plus tard », avec une date si vous voulez, et nous attendons. C’est réglé? Répondez « réglé ».\n\n"
        "Sans nouvelles, nous fermerons le billet le lundi 16 novembre. Vous pourrez le rouvrir en "
        "répondant à "
        "n’importe lequel de nos courriels.\n\nSoutien Azimut POS\n\n"
        "Billet AZ-1057 · le délai de résolution est suspendu jusqu’à votre réponse\n"
    )
    assert "On Thursday Alex asked:\n\n" in told("reminder", "first", EN)
    assert told("resolved", "words").endswith(
        "Vous pouvez le relancer.\n\nAlex\n\nSoutien Azimut POS\n\n________\n\nPour nous, c’est réglé. Si "
        "tout va "
        "bien, vous n’avez rien à faire. Si ça revient ou s’il manque quelque chose, répondez à ce "
        "courriel : le "
        "billet rouvre aussitôt.\n\nBillet AZ-1057 · résolu le lundi 9 novembre 2026 à 14 h 30\n\n"
        + told("resolved", "words").rstrip("\n").rpartition("\n")[2]
        + "\n"
    )
    assert "Ticket AZ-1057 · solved Monday, November 9, 2026, at 2:30 p.m.\n" in told("resolved", "words", EN)
    assert (
        "Votre billet AZ-1049 a été réglé après l’heure promise. Un crédit de 31,25 $, avant taxes, sera "
        "porté à "
        "votre prochaine facture." in told("credit", "solved")
    )
    assert "A credit of $31.25, before taxes, will appear on your next invoice." in told(
        "credit", "solved", EN
    )


def test_an_update_says_who_has_the_ticket_and_nothing_that_is_not_so() -> None:
    assert "personne n’a encore pu prendre votre billet" in told("status-update", "no-holder")
    assert "Personne n’a votre billet en main pour l’instant." in told("status-update", "released")
    assert "» Sam a votre billet." in told("status-update", "other-holder")
    assert "Du nouveau de la part d’Alex :\n\n  « Le pilote est remplacé." in told("status-update", "news")
    assert "Rien de nouveau" not in told("status-update", "news")
    for name, _, mail in mails():
        assert not re.search(r"relanc[eé]r? l’équipe|avance", mail.text), name


def test_a_missed_promise_is_owned_and_no_longer_promised() -> None:
    late = told("status-update", "late")
    assert late.startswith(
        "Bonjour Karim,\n\nNous avons dépassé l’heure promise, aujourd’hui à 10 h 30, et nous le regrettons. "
        "Alex continue.\n\nVous aurez de nos nouvelles d’ici jeudi 5 novembre à 10 h, plus tôt s’il y en a.\n"
    )
    assert "La résolution est prévue" not in late
    assert "crédit" not in late
    on_time = samples.named("status-update", FR)["nothing"]
    gone = render(on_time, on_time.queued_at + timedelta(days=2)).text.replace(N, " ")
    assert "Nous avons dépassé l’heure promise, hier à 10 h 30, et nous le regrettons." in gone
    assert "d’ici" not in gone
    answer = told("status-update", "late-no-holder")
    assert (
        "Nous ne vous avons pas répondu à l’heure promise, aujourd’hui à 9 h, et nous le regrettons."
        in answer
    )
    assert "La résolution est prévue" in answer  # another promise, not yet missed
    again = told("status-update", "late-again")
    assert (
        "Rien de nouveau, et l’heure promise est toujours dépassée (aujourd’hui à 10 h 30). Alex continue."
        in again
    )
    unheard = told("status-update", "late-again-unheard")
    assert (
        "Nous ne vous avons toujours pas répondu; l’heure promise est passée (aujourd’hui à 9 h)." in unheard
    )


def test_a_change_says_why_and_what_is_promised_now() -> None:
    assert told("status-update", "eased").startswith(
        "Bonjour Karim,\n\nMerci, ça nous aide. Comme vous avez une autre caisse ou un autre moyen "
        "d’encaisser, "
        "la priorité passe à élevée (P2).\n\nAlex vous répond au plus tard mercredi 4 novembre à 11 h, et "
        "tout "
        "doit être réglé au plus tard jeudi à 18 h."
    )
    assert "Ça se gâte? Répondez « urgent »." in told("status-update", "eased")
    assert "urgent" not in told("status-update", "raised")
    assert "Nos heures d’ouverture changent" in told("status-update", "hours")
    assert "rattaché au compte de votre commerce" in told("status-update", "account")
    assert "réuni vos messages en un seul billet" in told("status-update", "merged")
    assert "Votre billet est rouvert.\n" in told("status-update", "reopened")
    assert "suspendu jusqu’à votre réponse" in told("status-update", "paused")


def test_the_two_questions_are_asked_only_of_a_p1_to_be_confirmed() -> None:
    for name, row, mail in mails("status-update"):
        asked = "seule caisse AzimutPOS?" in mail.text or "your only AzimutPOS till?" in mail.text
        assert asked is bool(row.context["questions"]), name
        taps = [h for h in links(mail.html) if "body=1%20" in h]
        assert (len(taps) == 3) is asked, name
    row = samples.named("status-update", FR)["provisional"]
    settled = render(replace(row, context={**row.context, "provisional": False}))
    assert "seule caisse" not in settled.text


def test_a_closing_never_promises_a_longer_time_than_there_is() -> None:
    """Reopening ends on December 16 at 10:05: the 15th is the last whole day."""
    assert "Répondez à ce courriel jusqu’au mardi 15 décembre : le billet rouvre" in told(
        "closed", "unanswered"
    )
    row = samples.named("closed", FR)["unanswered"]
    until = datetime.fromisoformat(str(row.context["reopen_until"]))
    last = render(row, until - timedelta(hours=1)).text
    assert f"jusqu’à 10{N}h{N}05{N}: le billet rouvre" in last
    assert "jusqu’à ce soir" in render(row, until - timedelta(hours=20)).text
    assert "rouvre aussitôt" not in render(row, until + timedelta(hours=1)).text


def test_an_answer_begins_with_the_persons_words_and_is_signed() -> None:
    for name, row, mail in mails("reply", "resolved"):
        words = str(row.context["text"])
        if not words:
            continue
        assert mail.text.startswith(words.strip().split("\n")[0].strip()), name
        assert re.search(r"^Alex$", mail.text, re.MULTILINE), name
        assert len(re.findall(r"^Alex$", mail.text, re.MULTILINE)) == 1, name
        assert "\n-- \n" not in mail.text
        assert "________" in mail.text
        assert "<hr" in mail.html
