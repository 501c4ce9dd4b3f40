"""Every mail to a customer keeps the rules of the voice, in every situation and both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.values import Language, OutboxRow, Plan, Priority
from daemon.mail import quoting, samples
from tests.mail.outgoing import html_words, links, render, text_words
from tests.mail.voice import FULL, NEVER_SAID, WRONG_SPACING

FR, EN = Language.FR, Language.EN
N = "\u00a0"


def situations(language: Language) -> Iterator[OutboxRow]:
    """plan x priority x rule x open or closed x known, stranger, late, or on a holiday; then rare ones."""
    for plan in Plan:
        for priority, rules in samples.RULES.items():
            for rule in rules:
                for closed in (False, True):
                    yield samples.ack(language, plan, priority, rule=rule, closed=closed)
                    yield samples.ack(
                        language,
                        plan,
                        priority,
                        rule=rule,
                        closed=closed,
                        known=False,
                        given_name="",
                        subject="",
                        evidence=[],
                        uncertain_language=True,
                        recognized=False,
                    )
                    yield samples.ack(
                        language,
                        plan,
                        priority,
                        rule=rule,
                        closed=closed,
                        late=True,
                        oversize=True,
                        oncall=False,
                        missing=["nature", "noticed", "affected", "steps"],
                        phone="",
                        minutes_left=1,
                        closed_why="fête du Travail" if closed else None,
                    )
                    yield samples.ack(
                        language,
                        plan,
                        priority,
                        rule=rule,
                        closed=closed,
                        recognized=True,
                        oncall=rule == "P1-single",
                        missing=["nature"],
                        closed_why="Jour de l’an" if closed else None,
                        evidence=["la caisse\nest gelée", "elle dit «erreur»"],
                    )
    yield samples.ack(language, rule="P1-provisional", missing=["steps"])
    yield samples.ack(language, priority=Priority.P2, rule="voicemail")


MAILS = [(row, render(row)) for language in Language for row in situations(language)]
NOTICES = [(row, render(row)) for language in Language for row in samples.every("notice", language)]
FRENCH = [(r, m) for r, m in MAILS if r.context["language"] == "fr"]
ENGLISH = [(r, m) for r, m in MAILS if r.context["language"] == "en"]


def words_of(row: OutboxRow, text: str) -> str:
    """Our own words: what the customer wrote and the line in the other language are taken out."""
    evidence = row.context["evidence"]
    assert isinstance(evidence, list)
    quoted = quoting.pieces(map(str, evidence))
    for theirs in [row.context["subject"], *quoted, row.context["given_name"]]:
        text = text.replace(str(theirs), "…") if theirs else text
    return text.replace("English? Just reply in English.", "").replace(
        "Français? Répondez simplement en français.", ""
    )


def test_every_situation_is_covered() -> None:
    assert len(FRENCH) == len(ENGLISH) == 2 + 6 * 7 * 2 * 4


def test_text_and_html_say_the_same() -> None:
    for row, mail in [*MAILS, *NOTICES]:
        assert html_words(mail.html) == text_words(mail.text), row.context


def test_french_customers_are_spoken_to_as_people() -> None:
    forbidden = NEVER_SAID[FR]
    for row, mail in FRENCH:
        assert not forbidden.search(words_of(row, mail.text)), row.context
        assert not forbidden.search(words_of(row, " ".join(html_words(mail.html)))), row.context


def test_english_customers_are_spoken_to_as_people() -> None:
    forbidden = NEVER_SAID[EN]
    for row, mail in ENGLISH:
        assert not forbidden.search(words_of(row, mail.text)), row.context


@pytest.mark.parametrize("wrong", WRONG_SPACING)
def test_french_text_and_html_keep_the_spacing_of_the_oqlf(wrong: str) -> None:
    pattern = re.compile(wrong)
    for row, mail in FRENCH:
        for shown in (mail.text, " ".join(html_words(mail.html))):
            found = pattern.search(words_of(row, shown))
            assert found is None, (found, row.context)


def test_english_has_no_french_spacing_and_one_dot_after_pm() -> None:
    for row, mail in ENGLISH:
        ours = words_of(row, mail.text)
        assert N not in ours
        assert "«" not in ours
        assert "m.." not in ours
        assert not re.search(r"\d ?h \d", ours)


def test_one_date_stands_in_full_and_only_once() -> None:
    for row, mail in MAILS:
        language = Language(str(row.context["language"]))
        full = re.findall(FULL[language], mail.text)
        assert len(full) == 1, (full, row.context)


def test_the_html_names_its_language_and_loads_nothing() -> None:
    for row, mail in [*MAILS, *NOTICES]:
        assert f'<html lang="{row.context["language"]}-CA"' in mail.html
        assert not re.search(r"https?:|<img|<link|<script|url\(|src=|\bon\w+=", mail.html, re.IGNORECASE)
        assert all(href.startswith(("mailto:support", "tel:+1")) for href in links(mail.html))
        assert 'name="color-scheme"' in mail.html
        assert "prefers-color-scheme: dark" in mail.html


def test_an_english_hour_is_never_parted_at_the_end_of_a_line() -> None:
    html = render(samples.ack(EN, Plan.ARGENT, Priority.P3)).html
    assert '<span style="white-space:nowrap;">11:20 a.m.</span>' in html
    assert "4:20 p.m.</span>" in html


def test_the_phone_is_a_link_and_only_paying_plans_are_told_it() -> None:
    for row, mail in MAILS:
        told = bool(row.context["phone"])
        assert ("555-0142" in mail.text) is told, row.context
        assert ("tel:+14185550142" in links(mail.html)) is told


def test_reference_priority_and_plan_come_last() -> None:
    for row, mail in MAILS:
        body, _, footer = mail.text.partition("\nBillet " if row.context["language"] == "fr" else "\nTicket ")
        assert footer.startswith("AZ-1042 · ")
        assert "AZ-" not in body
        assert row.context["priority"] in footer.split("\n")[0]


def test_the_first_sentence_says_that_the_message_is_there() -> None:
    for row, mail in MAILS:
        first = mail.text.split("\n")[2]
        assert first.startswith(
            ("Nous avons votre message", "Votre message")
            if row.context["language"] == "fr"
            else ("We have your message", "Your message", "Your voice message")
        )


def test_every_mail_says_when_a_person_answers() -> None:
    for row, mail in FRENCH:
        assert re.search(rf"(?:répond|écrit) (?:avant|au plus tard) .*\d{N}h", mail.text), row.context
    for row, mail in ENGLISH:
        assert re.search(r"(?:answer|write to) you (?:before|by) .*(?:[ap]\.m\.|noon)", mail.text), (
            row.context
        )


def test_the_two_questions_are_asked_only_of_a_p1_to_be_confirmed() -> None:
    for row, mail in MAILS:
        asked = "seule caisse AzimutPOS?" in mail.text or "your only AzimutPOS till?" in mail.text
        assert asked is row.context["provisional"]
        assert bool(re.search(r"^ +1\. ", mail.text, re.MULTILINE)) is asked
        assert ("1 oui, 2 non" in mail.text or "1 yes, 2 no" in mail.text) is asked


def test_only_what_is_missing_is_asked_for() -> None:
    text = render(samples.ack(FR, Plan.ARGENT, Priority.P3, missing=["noticed"])).text
    assert (
        f"Une précision nous aiderait{N}: depuis quand vous le remarquez. Répondez à ce courriel.\n" in text
    )
    assert "étape par étape" not in text
    assert "capture d’écran" not in text
    assert "capture d’écran" in render(samples.ack(FR, Plan.OR, Priority.P2, missing=["steps"])).text
    assert "précision" not in render(samples.ack(FR, Plan.ARGENT, Priority.P3, missing=[])).text
    assert "précision" not in render(samples.ack(missing=["steps"])).text
    assert "précision" not in render(samples.ack(FR, Plan.OR, Priority.P4, missing=["steps"])).text


def test_a_stopped_till_is_asked_for_its_screen_and_for_nothing_else() -> None:
    everything = ["nature", "noticed", "affected", "steps"]
    for rule, priority in (("P1-single", "P1"), ("P2-many", "P2"), ("P2-other-means", "P2")):
        row = samples.ack(FR, Plan.ARGENT, Priority(priority), rule=rule, missing=everything)
        assert "Un message s’affiche? Envoyez-nous une photo de l’écran" in render(row).text
        assert "précision" not in render(row).text
        row.context["missing"] = ["noticed", "affected", "steps"]
        assert "photo" not in render(row).text
    assert "photo" not in render(samples.ack(missing=everything)).text
    assert "photo of it" in render(samples.ack(EN, rule="P1-single", missing=everything)).text


def test_nobody_is_said_to_be_on_call_or_to_be_rung_without_one() -> None:
    for row, mail in MAILS:
        if not row.context["oncall"]:
            assert not re.search(r"\b(?:garde|sonne|alerte|on call|alerted)\b", mail.text), row.context
    closed = render(samples.ack(FR, Plan.ARGENT, closed=True, oncall=True)).text
    assert "garde" not in closed
    # The words wait for the alarm mail; until the core says so, nobody reads them.
    assert "sonne chez la personne de garde" in render(samples.ack(oncall=True)).text


def test_a_closed_desk_says_so_and_when_it_opens() -> None:
    for row, mail in FRENCH:
        shut = not row.context["open_now"]
        if shut and not row.context["late"]:
            assert re.search(rf"lundi (?:9{N}novembre )?à 9{N}h", mail.text), row.context
        assert ("tout de suite" in mail.text) is (
            not shut and not row.context["late"] and row.context["priority"] in ("P2", "P3")
        )
    holiday = render(
        samples.ack(FR, Plan.ARGENT, Priority.P2, closed=True, closed_why="fête du Travail")
    ).text
    assert f"Nous sommes fermés (fête du Travail) et commençons dès l’ouverture, lundi à 9{N}h." in holiday


def test_an_apology_is_made_once_and_only_when_we_are_late() -> None:
    for row, mail in MAILS:
        sorry = len(re.findall(r"regrettons|sorry", mail.text))
        assert sorry == (1 if row.context["late"] else 0)


def test_a_promise_in_the_past_is_not_made_again() -> None:
    row = samples.ack(FR, Plan.ARGENT, Priority.P3, late=True)
    text = render(row, row.queued_at + timedelta(days=1)).text
    assert (
        f"L’heure prévue pour notre réponse, 11{N}h{N}20, est passée{N}: une personne vous écrit dès" in text
    )
    assert f"Tout doit être réglé au plus tard vendredi 6{N}novembre à 16{N}h{N}20." in text
    gone = render(row, row.queued_at + timedelta(days=5)).text
    assert f"L’heure prévue pour notre réponse, jeudi 5{N}novembre à 11{N}h{N}20, est passée" in gone
    assert f"devait être réglé au plus tard vendredi à 16{N}h{N}20; ce délai est passé aussi." in gone
    english = render(samples.ack(EN, late=True), row.queued_at + timedelta(days=5)).text
    assert "has passed: a person" in english
    assert "that time has passed too" in english
    fourth = samples.ack(FR, Plan.ARGENT, Priority.P4, late=True)
    assert "ce que nous pouvons faire" in render(fourth, fourth.queued_at + timedelta(days=2)).text
    assert "ce que nous pouvons faire" not in render(fourth, fourth.queued_at + timedelta(days=8)).text


def test_a_low_priority_fits_a_question_as_well_as_a_wish() -> None:
    for row, mail in MAILS:
        if row.context["priority"] == "P4":
            assert not re.search(r"idée|idea|doit être réglé|to be settled|tout de suite", mail.text)
    french = render(samples.ack(FR, Plan.ARGENT, Priority.P4)).text.replace(N, " ")
    assert (
        "Votre message est bien arrivé. Une personne vous répond au plus tard jeudi 5 novembre à 16 h 20. "
        "S’il faut plus de temps, vous saurez au plus tard le mercredi 11 à 16 h 20 ce que nous "
        "pouvons faire.\n"
    ) in french
    english = render(samples.ack(EN, Plan.ARGENT, Priority.P4)).text
    assert "you'll know by 4:20 p.m. on Wednesday the 11th what we can do." in english


def test_two_promises_of_one_day_name_it_once() -> None:
    second = render(samples.ack(FR, Plan.ARGENT, Priority.P2)).text.replace(N, " ")
    assert "jeudi 5 novembre à 9 h 20, et tout doit être réglé au plus tard à 16 h 20 le même jour." in second


def test_the_reason_of_a_priority_claims_only_what_is_known() -> None:
    many = render(samples.ack(FR, Plan.OR, Priority.P2, rule="P2-many")).text
    assert "car vous avez d’autres caisses. Aucune ne peut vendre? Répondez" in many
    means = render(samples.ack(FR, Plan.OR, Priority.P2, rule="P2-other-means")).text
    assert "car vous dites pouvoir encaisser autrement." in means
    for _, mail in MAILS:
        assert not re.search(
            r"rejoint ce billet|joins this ticket|nous vous écrivons|we'll write to you", mail.text
        )


def test_a_subject_is_quoted_within_a_sentence_only_where_it_reads_well() -> None:
    def first(subject: str) -> str:
        return render(samples.ack(FR, Plan.ARGENT, Priority.P3, subject=subject)).text.split("\n")[2]

    assert first("Rapport incomplet").startswith(f"Votre message «{N}Rapport incomplet{N}» est bien arrivé.")
    for other in ("Pourquoi ça bloque?", "URGENT", "Le message « erreur 4 »", 'Il dit "erreur"', "x " * 40):
        assert first(other).startswith("Votre message est bien arrivé.")


def test_a_person_who_never_wrote_is_told_that_nothing_is_asked_of_them() -> None:
    for row, mail in MAILS:
        told = "Vous n’avez rien à faire." in mail.text or "There's nothing for you to do." in mail.text
        assert told is not row.context["known"]


def test_only_an_unknown_address_is_asked_about_a_paid_plan() -> None:
    for row, mail in MAILS:
        asked = "un forfait payant?" in mail.text or "have a paid plan?" in mail.text
        assert asked is not row.context["recognized"]


def test_the_line_in_the_other_language_stands_only_where_it_is_uncertain() -> None:
    for row, mail in MAILS:
        line = "English? Just reply" in mail.text or "Français? Répondez" in mail.text
        assert line is row.context["uncertain_language"]
        if line:
            other = "en" if row.context["language"] == "fr" else "fr"
            assert f'<p lang="{other}-CA"' in mail.html


def test_english_mail_is_signed_in_english() -> None:
    for _, mail in ENGLISH:
        assert "\nAzimut POS Support\n" in mail.text
        assert b"\r\nFrom: Azimut POS Support <support@azimutpos.com>" in b"\r\n" + mail.message
    assert "\nSoutien Azimut POS\n" in FRENCH[0][1].text


@given(
    st.text(st.characters(categories=("L",)), min_size=8, max_size=30),
    st.text(st.characters(categories=("L",)), min_size=8, max_size=30),
    st.sampled_from(list(Priority)),
    st.sampled_from(list(Language)),
    st.booleans(),
)
@settings(max_examples=60)
def test_a_stranger_reads_nothing_of_what_a_stranger_wrote(
    subject: str, name: str, priority: Priority, language: Language, closed: bool
) -> None:
    row = samples.ack(
        language,
        Plan.GRATUIT,
        priority,
        closed=closed,
        known=False,
        subject=subject,
        given_name=name,
        evidence=[subject],
    )
    mail = render(row)
    clean = render(replace(row, context={**row.context, "subject": "", "given_name": "", "evidence": []}))
    assert mail.message == clean.message
    assert mail.subject == ("[AZ-1042] Votre message" if language is FR else "[AZ-1042] Your message")


def test_the_samples_of_the_voice_page_word_for_word() -> None:
    urgent = render(samples.ack(closed=True, oncall=True)).text.replace(N, " ")
    assert urgent.startswith(
        "Bonjour Marie,\n\nNous avons votre message et nous le traitons comme une urgence. L’alerte vient de "
        "partir à la personne de garde : elle vous répond avant 6 h 30. Le problème doit être réglé avant "
        "9 h 30, ce samedi 7 novembre.\n\nDeux questions pour l’aider :\n\n  1. Est-ce votre seule caisse "
        "AzimutPOS?\n"
    )
    stranger = render(
        samples.ack(FR, Plan.GRATUIT, closed=True, known=False, given_name="", subject="", evidence=[])
    ).text.replace(N, " ")
    assert stranger.startswith(
        "Bonjour,\n\nNous avons votre message. Soyons francs : notre équipe est fermée jusqu’au lundi 9 "
        "novembre à 9 h. Votre billet sera en tête de la file et une personne vous écrit au plus tard à 10 h "
        "le même jour.\n\nD’ici là, ces deux gestes règlent souvent une caisse gelée :\n"
    )
    third = render(samples.ack(FR, Plan.ARGENT, Priority.P3)).text.replace(N, " ")
    assert (
        "Votre message « Rapport des ventes incomplet » est bien arrivé. Une personne vous répond au plus "
        "tard jeudi 5 novembre à 11 h 20, et tout doit être réglé au plus tard vendredi à 16 h 20.\n\nNous "
        "commençons tout de suite. Trois précisions nous aideraient :\n"
    ) in third
    assert third.count("Boîte vocale : 418 555-0142 · forfait Argent, 22 minutes d’appel ce mois-ci.") == 1


def test_a_notice_says_what_happened_to_whom_and_what_to_do() -> None:
    for row, mail in NOTICES:
        what, text = row.context["what"], mail.text
        assert "À faire" in text or "To do: " in text
        assert text.split("\n")[1].startswith("↩ ")
        failed = what in ("bounce", "bounce_perhaps", "undeliverable", "colleague")
        for fact in ("recipient", "error") if failed else ("sender",):
            assert str(row.context[fact]) in text
    assert any("run --resume" in mail.text for _, mail in NOTICES)
    assert "AZ-1042" in render(samples.notice(ticket=1042)).subject
    assert render(samples.notice(ticket_subject="")).subject == "AZ-1042 (sans objet)"


def test_a_notice_in_french_gives_its_reasons_in_french() -> None:
    told = render(samples.notice(what="quarantine")).text.replace(N, " ")
    assert "– Raison : aucun expéditeur n’est indiqué" in told
    other = render(samples.notice(what="quarantine", reason="cannot be read (ValueError)")).text
    assert "cannot be read (ValueError)" in other


def test_a_breaker_says_which_limit_was_reached() -> None:
    usual = render(samples.notice(what="breaker")).text.replace(N, " ")
    assert "sont suspendus : cette adresse en a reçu trop en une heure.\n" in usual
    same = samples.notice(EN, "breaker", reason="same_text_per_address")
    assert (
        "have stopped: this address has written the same thing several times in one hour.\n"
        in render(same).text
    )


@pytest.mark.parametrize(
    ("reason", "french", "english"),
    [
        (
            "tickets_per_address",
            "robot@alarmes.example a ouvert trop de billets en une heure : ses courriels s’ajoutent à son "
            "dernier billet, AZ-1042.",
            "robot@alarmes.example has opened too many tickets in one hour: its e-mails are added to its "
            "last ticket, AZ-1042.",
        ),
        (
            "mails_per_ticket",
            "Le billet AZ-1042 a reçu trop de courriels en une heure, le dernier de robot@alarmes.example : "
            "ils y sont tous, mais ils n’y changent plus rien.",
            "Ticket AZ-1042 has received too many e-mails in one hour, the last of them from "
            "robot@alarmes.example: they are all there, but they no longer change anything on it.",
        ),
        (
            "reopens_per_ticket",
            "Le billet AZ-1042 a été rouvert trop de fois en une heure : le dernier courriel de "
            "robot@alarmes.example y est, mais il ne l’a pas rouvert.",
            "Ticket AZ-1042 has been reopened too many times in one hour: the last e-mail from "
            "robot@alarmes.example is on it, but has not reopened it.",
        ),
        (
            "acks_desk",
            "Tous les accusés de réception sont suspendus : le service en a envoyé trop en une heure.",
            "All acknowledgements have stopped: the desk has sent too many of them in one hour.",
        ),
    ],
)
def test_a_breaker_names_address_ticket_and_rule(reason: str, french: str, english: str) -> None:
    for language, words in ((FR, french), (EN, english)):
        about = "" if reason == "acks_desk" else "AZ-1042"
        mail = render(samples.notice(language, "breaker", reason=reason, about=about))
        first, second, *_ = mail.text.replace(N, " ").split("\n")
        assert first == words
        assert second.startswith("↩")
        assert "suspendues pour" not in mail.subject
        assert "stopped for" not in mail.subject


def test_a_report_that_anybody_may_have_written_does_not_claim_that_mail_stops() -> None:
    for language in Language:
        text = render(samples.notice(language, "bounce_perhaps")).text
        assert "plus aucun courriel automatique" not in text
        assert "no automatic e-mail goes" not in text.replace("\n", " ")


def test_a_notice_says_what_its_reader_does_not_know_yet() -> None:
    assert "ne sait pas encore que son message est arrivé" in render(samples.notice()).text
    reply = render(samples.notice(mail_kind="reply")).text
    assert "ne sait pas ce que nous lui avons écrit" in reply
    assert "son message est arrivé" not in reply


def test_a_notice_that_no_template_knows_is_still_a_mail() -> None:
    row = samples.notice()
    mail = render(replace(row, context={**row.context, "what": "disk", "reason": "no space left"}))
    assert "Le service a remarqué ceci" in mail.text
    assert "no space left" in mail.text
