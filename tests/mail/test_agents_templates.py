"""Every mail to agents and managers: it renders, its HTML says what its text says, it tells where a reply
goes, and everything that a command can come to has its sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core import commands
from daemon.core.commands.notifying import Occasion
from daemon.core.commands.queueing import SMALL_ROOM
from daemon.core.commands.reading import read_reply
from daemon.core.commands.values import Setting, Verb, Why
from daemon.core.commands.vocabulary import known
from daemon.core.policy import Agent
from daemon.core.sla.noncompliance import Ground
from daemon.core.values import ClockName, Language, OutboxRow, Priority, State
from daemon.mail import agents_receipts, agents_samples, agents_wording, samples
from daemon.mail.agent_reply import agent_words
from daemon.mail.compose import Rendered
from daemon.mail.short import Short, size, span
from daemon.settings.resources import resource
from tests.core.build import mail as arrived
from tests.mail.outgoing import COMPOSER, html_words, links, read_back, render
from tests.mail.voice import WRONG_SPACING, N

FR, EN = Language.FR, Language.EN
ZONE = ZoneInfo("America/Toronto")
NOW = datetime(2026, 11, 4, 13, 20, tzinfo=ZONE)
SETTING = Setting(
    now=NOW, zone=ZONE, agents=(Agent(name="Sam", handle="sam", addresses=("sam@azimutpos.com",)),), bare=True
)
TEMPLATES = resource("templates", "email")
MAILS: list[tuple[str, OutboxRow, Rendered]] = [
    (name, row, render(row))
    for language in Language
    for kind in agents_samples.KINDS
    for name, row in agents_samples.named(kind, language).items()
]


def sample(kind: str, name: str, language: Language = FR, **changes: Any) -> OutboxRow:
    row = agents_samples.named(kind, language)[name]
    return replace(row, context={**row.context, **changes})


def text_of(kind: str, name: str, language: Language = FR, **changes: Any) -> str:
    return render(sample(kind, name, language, **changes)).text.replace(N, " ")


def language_of(row: OutboxRow) -> Language:
    return Language(str(row.context["language"]))


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from (line.strip() for line in value.split("\n"))
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def ours(row: OutboxRow, text: str) -> str:
    """Our own words: what the row brought, and how commands are written, taken out."""
    theirs = {w for w in strings(row.context) if len(w) > 10 or " " in w or w.startswith((".", "#"))}
    for words in sorted(theirs, key=len, reverse=True):
        text = text.replace(words, "…")
    return text.replace("12:00-18:00", "…")


def test_every_kind_has_its_situations_in_both_languages() -> None:
    for kind in agents_samples.KINDS:
        assert agents_samples.named(kind, FR).keys() == agents_samples.named(kind, EN).keys()
    assert len(MAILS) > 200


def test_nothing_of_the_machinery_shows() -> None:
    for name, _, mail in MAILS:
        for shown in (mail.text, mail.subject, "\n".join(html_words(mail.html))):
            left = re.search(
                r"\{\{|\{%|\bNone\b|\[(?:lead|head|quote|words|taps)\]|\x0b|^\|", shown, re.MULTILINE
            )
            assert left is None, (name, left)
            assert not re.search(r"  ·|· ·|· ?\n", shown), name
        assert mail.text.strip(), name
        assert mail.subject.strip(), name


def test_text_and_html_say_the_same() -> None:
    def flat(lines: list[str]) -> list[str]:
        return [word for line in lines for word in re.split(r"[ \n]+", line) if word]

    for name, _, mail in MAILS:
        written = [re.sub(r"^  [–-] ", "", line) for line in mail.text.split("\n")]
        assert flat(html_words(mail.html)) == flat(written), name
    html = render(sample("notification", "new")).html
    assert (
        f"<br>«{N}gelée{N}» · «{N}je peux rien encaisser{N}»<br>" in html
    )  # lines of their own, as in the text


def test_the_second_line_says_where_a_reply_goes() -> None:
    for name, row, mail in MAILS:
        lines = mail.text.split("\n")
        marked = [line for line in lines if line.startswith("↩ ")]
        if row.context.get("customer") is True:
            assert not marked
            continue
        assert marked == lines[1:2], name
        reaches = row.kind == "notification" and bool(row.context["readers"])
        kept = re.search(f'entre nous|between us|«{N}ok{N}»|"ok"|n’atteint aucun|reaches no', marked[0])
        quoted = row.context.get("about") == "update"
        assert bool(kept) is not (reaches or quoted), name


def test_agent_reply_knows_our_mails_by_that_line() -> None:
    for name, row, mail in MAILS:
        if row.context.get("customer") is True:
            continue
        answer = arrived(new_text=f"Bonjour,\n\nC’est fait.\n\n{mail.text}")
        assert agent_words(answer).doubts, name


def test_our_words_are_those_of_people() -> None:
    never = {
        FR: re.compile(r"veuillez|ne pas répondre|tient à cœur|!|\bsla\b|\btickets?\b", re.IGNORECASE),
        EN: re.compile(r"\bplease\b|do not reply|valued|!|\bsla\b", re.IGNORECASE),
    }
    for name, row, mail in MAILS:
        found = never[language_of(row)].search(ours(row, mail.text))
        assert found is None, (name, found)


@pytest.mark.parametrize("wrong", WRONG_SPACING[:-1])
def test_french_keeps_the_spacing_of_the_oqlf(wrong: str) -> None:
    pattern = re.compile(wrong)
    for name, row, mail in MAILS:
        if language_of(row) is FR:
            text = mail.text.split("\n", 1)[1] if row.context.get("oncall") else mail.text
            found = pattern.search(ours(row, text))
            assert found is None, (name, found)


def test_english_has_no_french_spacing() -> None:
    for name, row, mail in MAILS:
        if language_of(row) is EN:
            text = ours(row, mail.text)
            assert not re.search(rf"{N}|«|’|m\.\.", text), name


def test_the_subject_is_constant_for_the_life_of_a_ticket() -> None:
    for name, row, mail in MAILS:
        if row.ticket:
            wanted = str(row.context["subject"])
            ref = f"AZ-{row.ticket}"
            assert mail.subject.startswith(f"{ref} "), name
            assert mail.subject.endswith("…") or mail.subject == f"{ref} {wanted}" or not wanted, name
    for language, nothing in ((FR, "AZ-1042 (sans objet)"), (EN, "AZ-1042 (no subject)")):
        assert render(sample("notification", "new", language, subject="")).subject == nothing


def test_priority_and_account_stand_in_the_name_of_the_sender() -> None:
    told = read_back(render(sample("notification", "answer")))
    assert parseaddr(str(told["From"])) == ("P2 · Boulangerie Roy", "support@azimutpos.com")
    assert parseaddr(str(read_back(render(sample("alarm", "first")))["From"]))[0] == "P1 · Boulangerie Roy"
    assert parseaddr(str(read_back(render(sample("breach", "resolution")))["From"]))[0] == "P2 · Café Karim"
    assert (
        parseaddr(str(read_back(render(sample("transcript", "unknown")))["From"]))[0] == "Soutien Azimut POS"
    )


def test_html_loads_nothing_and_escapes_what_came_by_mail() -> None:
    evil = "<script>alert(1)</script>"
    for row in (
        sample("notification", "new", text=evil, subject=evil, author=evil, account=evil, readers=[evil]),
        sample("transcript", "unknown", text=evil, customer=evil),
        sample("escalation", "warning", lines=[{**_line(), "subject": evil, "account": evil}]),
    ):
        html = render(row).html
        assert "<script" not in html
        assert "&lt;script&gt;" in html
    for name, row, mail in MAILS:
        assert not re.search(r"https?:|<img|<link|url\(|src=|\bon\w+=", mail.html, re.IGNORECASE), name
        assert f'<html lang="{row.context["language"]}-CA"' in mail.html


def _line() -> dict[str, Any]:
    lines = sample("escalation", "warning").context["lines"]
    assert isinstance(lines, list)
    return dict(lines[0])


@given(st.text(max_size=200))
@settings(max_examples=60)
def test_no_text_of_a_customer_leaves_its_quotation(theirs: str) -> None:
    forged = f"{theirs}\n\n----\n[taps]\n\n| a | b\n[lead] x\n\n↩ Répondre\n– y"
    text = render(sample("notification", "internal", text=forged)).text
    body = text.split("\n\nPourquoi P1")[0]
    quoted = body.split("\n\n", 2)[2].split("\n1 pièce")[0].split("\n")
    assert all(not line or line.startswith("  ") for line in quoted)
    for mark in ("  ----", "  [taps]", "  | a | b", "  [lead] x", "  ↩ Répondre", "  – y"):
        assert mark in quoted


def taps(mail: Rendered) -> list[tuple[str, str]]:
    """(text that a one-tap link writes, address it goes to)."""
    found = []
    for href in links(mail.html):
        if href.startswith("mailto:"):
            parts = urlsplit(href)
            found.append((parse_qs(parts.query)["body"][0], unquote(parts.path)))
    return found


def test_every_tap_is_one_command_that_is_understood() -> None:
    tapped = set()
    for name, _, mail in MAILS:
        for body, address in taps(mail):
            read = read_reply(body, SETTING)
            assert (len(read.commands), read.faults, read.words) == (1, (), ""), (name, body)
            assert "#" not in body
            assert address.startswith("support+"), name
            tapped.add(read.commands[0].verb)
    assert tapped >= {Verb.TAKE, Verb.RESOLVE, Verb.REOPEN, Verb.CREDIT, Verb.YES, Verb.NO, Verb.SEND}


def test_every_command_that_a_mail_names_exists() -> None:
    for name, row, mail in MAILS:
        for word in re.findall(r"(?<![\w.@])\.([^\W\d_]+(?:-\w+)*[1-4]?)(?![\w.@-])", ours(row, mail.text)):
            assert known(word), (name, word)


def test_every_fault_has_its_sentence_and_its_sample() -> None:
    faults = [one for each in agents_receipts.FAULTS.values() for one in each["faults"]]
    assert {one["why"] for one in faults} == {why.value for why in Why}
    for language in Language:
        for why in Why:
            blank = {"why": why.value, "line": 1, "said": ".x", "proposal": "", "expected": "", "detail": ""}
            text = text_of("transcript", "missing", language, faults=[blank])
            assert f"({why.value})" not in text, why
        odd = text_of("transcript", "missing", language, faults=[{**faults[0], "why": "other"}])
        assert "(other)" in odd


def _literals(keyword: str, call: str = "") -> set[str]:
    """Every text that core/commands hands over under this keyword."""
    found: set[str] = set()
    for path in Path(str(commands.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (not call or getattr(node.func, "id", "") == call):
                for argument in node.keywords:
                    if argument.arg == keyword:
                        value = argument.value
                        sides = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
                        found |= {str(one.value) for one in sides if isinstance(one, ast.Constant)}
    return found - {""}


@pytest.mark.parametrize("language", list(Language))
def test_every_deed_has_its_sentence_and_its_sample(language: Language) -> None:
    keys = _literals("said", "Deed")
    assert {"already", "credit_accepted", "assigned", "will_wait"} <= keys
    source = (TEMPLATES / language.value / "deeds.txt.j2").read_text(encoding="utf-8")
    for key in keys:
        assert f'"{key}"' in source, key
        assert f"done_{key}" in agents_receipts.DONE, key


@pytest.mark.parametrize("language", list(Language))
def test_every_form_that_a_fault_expects_is_shown(language: Language) -> None:
    expected = _literals("expected")
    assert {"agent", "minutes", "decision"} <= expected
    for form in expected:
        fault = {"why": "missing", "line": 1, "said": ".x", "proposal": "", "expected": form, "detail": ""}
        text = text_of("transcript", "missing", language, faults=[fault])
        examples = re.findall(
            r"[«\"] ?(\.[^»\"]+?) ?[»\"]", text.partition("« .x »")[2] or text.partition('".x"')[2]
        )
        assert examples, form
        for example in examples:
            read = read_reply(example, SETTING)
            assert (len(read.commands), read.faults) == (1, ()), example


@pytest.mark.parametrize("language", list(Language))
def test_every_value_of_the_core_has_its_words(language: Language) -> None:
    source = "".join(
        (TEMPLATES / language.value / name).read_text(encoding="utf-8")
        for name in ("team.txt.j2", "shown.txt.j2")
    )
    rules = ("P1-single", "P1-provisional", "P2-many", "P2-other-means", "severity")
    more = ("agent", "answer", "urgent", "merge", "voicemail", "stub")
    for value in (
        *State,
        *ClockName,
        *rules,
        *more,
        *(v for v in Verb if v not in {Verb.YES, Verb.NO, Verb.SEND}),
    ):
        assert f'"{value}"' in source, value
    assert {"new", "answer", "third_party", "assigned", "taken", "shown"} == set(Occasion)
    assert set(Ground) == {Ground.REPEATED, Ground.GRAVE}
    assert len(Priority) == 4


def test_the_samples_of_the_voice_page() -> None:
    told = text_of("notification", "new").split("\n")
    assert told[0] == "P1 à confirmer · répondre avant 6 h 30 · personne ne l’a pris"
    assert told[1] == "↩ Répondre à ce courriel : Marie Roy le lit. Répondre prend aussi le billet."
    english = text_of("notification", "new", EN).split("\n")
    assert english[0] == "P1 to be confirmed · answer before 6:30 a.m. · nobody has it"
    assert english[1] == "↩ Reply to this e-mail: Marie Roy reads it. Replying also takes the ticket."
    assert "Marie Roy (marie@boulangerieroy.example), sam. 7 nov. à 5 h 30\n" in "\n".join(told)
    assert "Sat., Nov. 7, 5:30 a.m.\n" in "\n".join(english)
    wrong = text_of("transcript", "unknown")
    assert wrong.startswith(
        "Rien n’est parti à Karim et rien n’a changé.\n"
        "↩ Répondre à ce courriel reste entre nous : « oui », « envoyer » ou rien.\n\n"
        "Ligne 1 : « .resoulu » n’est pas une commande. Vouliez-vous « .résolu »?\n"
    )
    assert "Il reste du temps : régler avant 14 h 01 (dans 41 minutes)." in wrong
    assert "\n  Bonjour Karim,\n\n  Le pilote est remplacé" in wrong


def test_the_first_line_says_what_presses_and_who_has_it() -> None:
    def first(name: str, language: Language = FR, **changes: Any) -> str:
        return text_of("notification", name, language, **changes).split("\n")[0]

    assert first("answer") == "P2 · régler avant 16 h 30 · pris par Alex Roy"
    assert first("late") == "P2 · régler : en retard depuis 10 h 30 · pris par Alex Roy"
    assert first("waiting") == "P2 · en attente du client · pris par Alex Roy"
    assert first("late", EN) == "P2 · solve: overdue since 10:30 a.m. · Alex Roy has it"
    tomorrow = {"clock": "resolution", "due": "2026-11-05T10:30:00-05:00", "breached": False}
    assert first("answer", first=tomorrow).startswith("P2 · régler avant jeudi 10 h 30 ·")
    far = {**tomorrow, "due": "2026-12-01T10:30:00-05:00"}
    assert first("answer", first=far).startswith("P2 · régler avant le mardi 1er décembre à 10 h 30 ·")


def test_a_status_update_that_is_due_is_no_breach() -> None:
    clock = {"clock": "status_update", "due": "2026-11-04T12:00:00-05:00", "paused": False, "left": None}
    shown = text_of("notification", "answer", clocks=[{**clock, "breached": None, "source": "sla"}])
    assert "nouvelle au client : attendue depuis 12 h\n" in shown


def test_the_second_line_names_those_who_will_read() -> None:
    def second(**changes: Any) -> str:
        return text_of("notification", "new", **changes).split("\n")[1]

    assert second(readers=["A", "B"]).startswith("↩ Répondre à ce courriel : A et B le lisent.")
    assert "A, B et C le lisent" in second(readers=["A", "B", "C"])
    assert "A et 3 autres le lisent" in second(readers=["A", "B", "C", "D"])
    assert "prend aussi" not in second(takes=False)
    assert second(readers=[], takes=False) == "↩ Répondre à ce courriel reste entre nous."
    assert "n’atteint aucun client" in second(readers=[], unreachable=True, takes=False)


def test_a_priority_is_explained_by_the_words_that_decided_it() -> None:
    assert "« gelée » · « je peux rien encaisser »" in text_of("notification", "new")
    by_hand = text_of("notification", "new", rule="agent")
    assert "Pourquoi P1  décidée par l’équipe\n" in by_hand
    assert "« gelée »" not in by_hand
    assert 'take any payments"\n' in text_of("notification", "new", EN)
    assert 'take any payments"\n' not in text_of("notification", "new", EN, rule="agent")
    assert "Pourquoi" not in text_of("notification", "new", rule="", evidence=[])
    assert "les deux questions sont parties" not in text_of("notification", "new", asked_two=False)


def test_files_are_said_to_be_attached_only_where_they_are() -> None:
    assert "ecran.jpg (412 Ko, jointe)" in text_of("notification", "new")
    talk = text_of("notification", "assigned")
    assert "ecran.jpg (412 Ko, jointe)" in talk
    row = sample("notification", "new")
    assert "ecran.jpg (412 Ko, au dossier)" in COMPOSER.render(row, row.queued_at, {}).text.replace(N, " ")
    large = {"attachments": [{**row.context["attachments"][0], "size": SMALL_ROOM + 1}], "room": SMALL_ROOM}
    to_all = text_of("notification", "new", **large)
    assert "ecran.jpg (2,9 Mo, lourde : va à qui prend le billet)" in to_all
    assert "large: goes to whoever takes the ticket)" in text_of("notification", "new", EN, **large)
    assert "ecran.jpg (2,9 Mo, au dossier)" in text_of("notification", "new", takes=False, **large)
    assert "Note interne d’Alex Roy, mar. 3 nov. à 11 h 20\n" in talk


def test_an_offer_stands_only_where_it_is_held() -> None:
    for name, row, mail in MAILS:
        if row.kind == "transcript" and row.context["what"] == "refused":
            offered = bool(re.search(r"^(?:oui|yes|envoyer|send) ", mail.text, re.MULTILINE))
            assert offered is (row.context["held"] is not None), name
            assert bool(taps(mail)) is offered, name
    same = text_of("transcript", "collision")
    assert "« envoyer » ou rien" in same
    assert "envoyer  envoyer ce texte à Karim tel quel, et faire #résolu\n" in same
    assert "\noui " not in same
    both = text_of("transcript", "unknown")
    assert "oui      envoyer ce texte à Karim, et faire #résolu\n" in both
    assert "envoyer  envoyer ce texte à Karim, sans plus\n" in both
    assert text_of("transcript", "repaired").startswith("Rien n’a changé.\n")
    assert re.search(r"^oui +faire #résolu$", text_of("transcript", "repaired"), re.MULTILINE)


def test_a_receipt_says_what_was_done_and_whether_the_text_went_out() -> None:
    assert text_of("transcript", "done").startswith("C’est fait, et votre texte part à Karim.\n")
    assert text_of("transcript", "done_closed").startswith("C’est fait.\n")
    assert text_of("transcript", "done_closed", customer="", spoke=True).startswith(
        "C’est fait, et votre texte part au client.\n"
    )
    accepted = text_of("transcript", "done_credit_accepted")
    assert (
        "crédit de 25,00 $, avant taxes, accepté : c’est ce qui reste sous le plafond de novembre 2026."
        in accepted
    )
    everything = text_of("transcript", "done", EN)
    assert "12 min call noted, 2 minutes of it beyond the plan, to be charged." in everything
    assert "Thursday, December 24: closed from noon to 6 p.m.; times to come" in everything
    assert "ouvert" not in text_of("transcript", "done_closed").split("\n\n")[-1]


def test_what_waits_for_a_yes() -> None:
    works = text_of("confirm", "works")
    assert works.startswith("Karim Haddad dit que ça marche : est-ce réglé?\n↩ Répondre à ce courriel reste")
    assert "\n  C’est beau, ça marche!\n\n  Merci\n" in works
    update = text_of("confirm", "update")
    assert update.startswith(
        "Une mise à jour part à Karim dans 15 minutes (13 h 35) : quoi de neuf?\n↩ Répondre"
    )
    assert "Karim lira vos mots" in update.split("\n")[1]
    assert text_of("confirm", "update_unsaid").startswith(
        "Une mise à jour part au client bientôt : quoi de neuf?"
    )
    asked = text_of("confirm", "command")
    assert "\n  – .fusion AZ-1043\n" in asked
    assert "oui  faire #fusion AZ-1043\n" in asked
    assert [body for body, _ in taps(render(sample("confirm", "command")))] == ["oui", "non"]
    assert [body for body, _ in taps(render(sample("confirm", "update")))] == ["non"]


def test_on_call_gets_one_short_line_of_ascii_first() -> None:
    for language in Language:
        for name, row in agents_samples.named("alarm", language).items():
            first = render(row).text.split("\n")[0]
            paged = re.match(r"P1 (?:AZ-1042 |x\d+: AZ-1042 )[ -~]*$", first) and len(first) < 160
            assert bool(paged) is bool(row.context["oncall"]), name
    many = text_of("alarm", "several_oncall").split("\n")[0]
    assert many.startswith("P1 x33: AZ-1042 AZ-1043 ")
    assert many.endswith(". Prendre: repondez PRENDRE AZ-1042")
    line = text_of("alarm", "oncall").split("\n")[0]
    assert line == (
        "P1 AZ-1042 Boulangerie Roy 418 555-0199: gelee, je peux rien encaisser. Repondre avant 6:30. "
        "Prendre: repondez OK"
    )
    assert "tel:+14185550199" in links(render(sample("alarm", "oncall")).html)
    wordy = text_of("alarm", "wordy").split("\n")[0]
    assert re.search("418 555-0199: .*Prendre: repondez OK$", wordy)
    late = sample("alarm", "oncall", first_due="2026-11-07T05:00:00-05:00")
    assert ". EN RETARD. Prendre" in render(late).text.split("\n")[0]


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=60))
def test_a_pager_line_is_ascii_and_short_whatever_it_tells(head: str, words: str, tail: str) -> None:
    line = agents_wording.pager(head, words, tail)
    assert re.fullmatch("[ -~]{0,159}", line)
    if len(head) + len(tail) < 100 and tail.isascii() and tail.isprintable() and "  " not in tail:
        assert line.endswith(tail)


def test_an_alarm_says_how_often_it_rang_and_never_stale_times() -> None:
    assert "Alerte 3 : personne n’a pris ce billet." in text_of("alarm", "again")
    last = text_of("alarm", "last")
    assert "C’est la dernière alerte : 5 avant elle" in last
    assert "réponse en retard depuis 5 h 30." in last.split("\n")[0]
    assert "aucun numéro au dossier" in last
    row = sample("alarm", "first")
    later = render(row, row.queued_at + timedelta(hours=2)).text.replace(N, " ")
    assert later.startswith("Une urgence : Boulangerie Roy, réponse en retard depuis 6 h 30.\n")
    assert "avant 6 h 30" not in later


def test_warnings_are_one_mail_that_names_each_ticket() -> None:
    two = render(sample("escalation", "warnings"))
    assert two.subject == "2 billets à tenir bientôt"
    assert re.findall(r"^AZ-(\d+)  75", two.text, re.MULTILINE) == ["1049", "1057"]
    assert "X-Azimut-Ticket" not in two.message.decode("ascii").partition("\r\n\r\n")[0]
    one = text_of("escalation", "warning")
    assert one.startswith("Résolution avant 14 h 01, dans 41 minutes · pris par Alex Roy.\n")
    free = text_of("escalation", "warning", lines=[{**_line(), "holder": ""}])
    assert "« prendre » vous le donne" in free
    assert text_of("escalation", "quiet").startswith("2 mises à jour de suite sans rien de neuf.\n")
    assert "le crédit proposé atteint son plus haut palier" in text_of("escalation", "last_tier")


def test_a_breach_says_what_was_promised_and_whether_it_was_kept_late() -> None:
    told = text_of("breach", "resolution")
    assert told.startswith("Résolution en retard depuis 10 h 30 · Café Karim · pris par Alex Roy.\n")
    assert "résolution au plus tard le mer. 4 nov. à 10 h 30 (9 h de service)\n" in told
    late = text_of("breach", "resolution", met="2026-11-04T12:00:00-05:00")
    assert late.startswith("Résolution tenue en retard · ")
    assert "le mer. 4 nov. à 12 h\n" in late
    assert "crédit" not in text_of("breach", "response")


def test_a_mail_speaks_of_one_ticket() -> None:
    """The reference in the subject and at the foot is that of the facts between them."""
    for name, row, mail in MAILS:
        if row.kind in ("escalation", "breach", "proposal") and row.ticket:
            assert set(re.findall(r"AZ-\d+", mail.text)) == {f"AZ-{row.ticket}"}, name


def test_a_question_about_money_says_what_a_yes_does() -> None:
    granted = text_of("confirm", "credit")
    assert granted.startswith("Accorder un crédit de 31,25 $, avant taxes? Il manque votre « oui ».\n")
    assert "oui  l’accorder, et l’écrire à Karim\n" in granted
    assert "#crédit" not in granted
    assert "oui  le refuser; le client n’en sait rien\n" in text_of("confirm", "credit_refused")
    assert "non  ne rien décider; la proposition tient toujours\n" in granted
    assert "Grant a credit of $31.25, before taxes?" in text_of("confirm", "credit", EN)


def test_an_explanation_says_why_a_promise_is_later_than_its_target() -> None:
    told = text_of("transcript", "explain")
    assert "heures d’ouverture), mais pas avant le mer. 4 nov. à 14 h 01, à cause du changement du " in told
    assert "continuous)" not in told
    english = text_of("transcript", "explain", EN)
    assert "business hours), but not before Wed., Nov. 4, 2:01 p.m., because of the change of" in english


def test_a_proposal_leaves_the_conclusion_to_people() -> None:
    credit = text_of("proposal", "credit")
    assert credit.startswith("Crédit proposé : 31,25 $ à Café Karim.\n")
    assert "« oui » l’accorde, « non » le refuse" in credit.split("\n")[1]
    assert "25 % du forfait Or, 125,00 $ par mois, avant taxes" in credit
    assert "2 h 30 de retard" in credit
    assert "ne laisse que" not in credit
    assert "Le plafond du mois ne laisse que 25,00 $" in text_of("proposal", "capped")
    assert f"31,25{N}$" in render(sample("proposal", "credit")).text
    assert "$31.25" in text_of("proposal", "credit", EN)
    assert "Plafond" not in text_of("proposal", "credit", given=None, left=None)
    first = {"given": "0", "left": "125.00"}
    assert "rien d’accordé encore, il reste 125,00 $" in text_of("proposal", "credit", **first)
    assert "nothing granted yet, $125.00 left" in text_of("proposal", "credit", EN, **first)
    for language, words in ((FR, "pourrait invoquer la clause 6"), (EN, "could invoke clause 6")):
        for name in ("finding", "grave"):
            assert words in text_of("proposal", name, language)
    assert [body for body, _ in taps(render(sample("proposal", "credit")))] == [
        ".crédit accepter AZ-1049",
        ".crédit refuser AZ-1049",
    ]


def test_a_statement_draws_what_its_figures_say() -> None:
    mail = render(sample("statement", "account"))
    assert mail.text.startswith(f"Novembre 2026 · Café Karim{N}: 21 promesses tenues sur 23.\n")
    shares = [int(width) for width in re.findall(r'class="bar" width="(\d+)%"', mail.html)]
    assert shares == [100, 81, 100, 90, 84, 100, 100]  # 9/11, 19/21 and 11/13 rounded down
    assert (
        "AZ-1050  résolution · P2 · promise pour le mer. 4 nov. à 10 h 30 · pas encore"
        in mail.text.replace(N, " ")
    )
    assert f"62,50{N}$ · proposé" in mail.text
    assert f"65{N}minutes, dont 5 de plus que le forfait{N}: 10,00{N}$" in mail.text
    empty = text_of("statement", "empty")
    assert "aucune promesse n’arrivait à terme" in empty
    assert "Crédits" not in empty
    desk = text_of("statement", "desk")
    assert re.search("tout le service.*Forfait Or", desk, re.DOTALL)
    assert "Détail" not in desk
    assert "azimut-support" not in text_of("statement", "customer")


def test_a_statement_of_thousands_stays_a_mail() -> None:
    row = sample("statement", "desk")
    made = row.context["statement"]
    assert isinstance(made, dict)
    many = [{**made["lines"][0], "ticket": 2000 + number} for number in range(3000)]
    text = render(sample("statement", "desk", statement={**made, "lines": many})).text
    assert text.count("AZ-2") == 100
    assert "Et 2900 autres" in text


def test_facts_that_only_some_mails_of_a_kind_have_may_be_missing() -> None:
    for kind in agents_samples.KINDS:
        for name, row in agents_samples.named(kind, FR).items():
            usual = agents_wording.defaults(kind).keys() - {"about", "shown", "what", "lines"}
            bare = {key: value for key, value in row.context.items() if key not in usual}
            assert render(replace(row, context=bare)).text, (kind, name)


def test_managers_are_told_of_a_ticket_that_the_desk_cannot_follow() -> None:
    for language, title, line in (
        (FR, "Le billet AZ-1042 n’est plus suivi", "Le billet AZ-1042 ne peut plus être suivi : ses alertes"),
        (EN, "Ticket AZ-1042 is no longer followed", "Ticket AZ-1042 can no longer be followed: its alarms"),
    ):
        row = samples.notice(language, "brake")
        told = {**row.context, "what": "tick", "about": "AZ-1042", "error": "ValueError", "reason": ""}
        row = replace(row, context=told)
        mail = render(row)
        assert mail.subject == title
        assert mail.text.replace(N, " ").startswith(line)
        assert "ValueError" in mail.text


def test_instants_and_amounts_of_time_are_told_short() -> None:
    told = Short(NOW, ZONE, FR)
    assert told.at(NOW) == f"13{N}h{N}20"
    assert told.at(NOW + timedelta(days=1)) == f"jeudi 13{N}h{N}20"
    assert told.at(NOW - timedelta(days=6)) == f"jeudi 13{N}h{N}20"
    assert told.at(NOW + timedelta(days=7)) == f"le mercredi 11{N}novembre à 13{N}h{N}20"
    assert told.pager(NOW) == "13:20"
    assert told.pager(NOW + timedelta(days=1)) == "11-05 13:20"
    assert told.stretch(NOW, NOW + timedelta(hours=1)) == f"mer. 4{N}nov. de 13{N}h{N}20 à 14{N}h{N}20"
    assert (
        Short(NOW, ZONE, EN).stretch(NOW, NOW + timedelta(hours=1)) == "Wed., Nov. 4, 1:20 p.m. to 2:20 p.m."
    )
    assert told.dated(datetime(2026, 12, 1, 9, tzinfo=ZONE)) == f"mar. 1er{N}déc. à 9{N}h"
    assert Short(NOW, ZONE, EN).dated(datetime(2026, 5, 1, 9, tzinfo=ZONE)) == "Fri., May 1, 9 a.m."
    assert told.gap(NOW + timedelta(hours=50)) == f"2{N}jours"
    assert span(50 * 3600, FR) == f"50{N}h"
    assert span(59, FR) == "moins d’une minute"
    assert span(9_000, FR) == f"2{N}h{N}30"
    assert span(9_000, EN) == "2 h 30 min"
    assert span(60, EN) == "1 minute"
    assert size(0, FR) == f"1{N}Ko"
    assert size(1_300_000, FR) == f"1,2{N}Mo"
    assert size(1_300_000, EN) == "1.2 MB"
