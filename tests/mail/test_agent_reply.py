"""An agent's answer as mail programs send it: their words and commands without ours, and doubt where it is
due."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.core.commands.reading import read_reply
from daemon.core.commands.values import Setting, Verb
from daemon.core.policy import Agent
from daemon.core.values import Mail
from daemon.mail.agent_reply import AgentWords, agent_words, text_of
from daemon.mail.parse import parse
from tests.core.build import mail
from tests.mail.client_replies import REPLIES, Reply

OURS = (
    "P1 à confirmer · répondre avant 6 h 30 · personne ne l’a pris\n"
    "↩ Répondre à ce courriel : Marie Roy le lit. Répondre prend aussi le billet.\n\n"
    "Client        Boulangerie Roy · Platine · 52 min d’appel · aucun autre billet\n"
    "Note interne : cliente en retard de paiement"
)
SETTING = Setting(
    now=datetime(2026, 11, 9, 20, 20, tzinfo=UTC),
    zone=ZoneInfo("America/Toronto"),
    agents=(Agent(name="Alex Roy", handle="alex", addresses=("alex@azimutpos.com",)),),
    agent="alex",
)
FR = ".prendre\n#P 2\n.appel 12 vu\n\nBonjour Marie,\n\nJe regarde le pilote.\n\nAlex\n\n.attente jeudi"
EN = ".take\n#P 2\n.call 12 we tried it\n\nHi Marie,\n\nLooking at the driver.\n\nAlex\n\n.waiting Thursday"
VERBS = [Verb.TAKE, Verb.PRIORITY, Verb.CALL, Verb.WAIT]


def sent(reply: Reply, words: str) -> Mail:
    """The reply of that program, with an agent's words in it."""
    if "html" in reply.kind:
        said = "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in words.split("\n"))
    else:
        said = words
    body = reply.body.replace("{words}", said)
    found = parse(replace(reply, body=body).raw())
    assert isinstance(found, Mail)
    return found


@pytest.mark.parametrize("reply", REPLIES, ids=lambda r: f"{r.name}, {r.language}")
def test_commands_and_words_from_every_program(reply: Reply) -> None:
    words = agent_words(sent(reply, FR if reply.language == "fr" else EN))
    assert words.doubts == ()
    read = read_reply(words.text, SETTING)
    assert [c.verb for c in read.commands] == VERBS
    assert not read.faults
    said = " ".join(read.words.split())
    fr = "Bonjour Marie, Je regarde le pilote. Alex"
    assert said == (fr if reply.language == "fr" else "Hi Marie, Looking at the driver. Alex")


@pytest.mark.parametrize(
    ("markup", "verbs"),
    [
        ("<ul><li>.prendre</li><li>.p2</li></ul><p>Bonjour Marie,</p>", [Verb.TAKE, Verb.PRIORITY]),
        ("<p><b>#prendre</b></p><p>Bonjour Marie,</p>", [Verb.TAKE]),
        ("<p class=MsoNormal>#P&nbsp;2<o:p></o:p></p><p>Bonjour Marie,</p>", [Verb.PRIORITY]),
        ("<p>.pour <a href='mailto:luc@x.example'>luc@x.example</a></p><p>Bonjour Marie,</p>", [Verb.FOR]),
        ("<p>.pour <a href='mailto:luc@x.example'>Luc</a></p><p>Bonjour Marie,</p>", [Verb.FOR]),
        ("<p>.appel <a href='tel:12'>12</a></p><p>Bonjour Marie,</p>", [Verb.CALL]),
        ("<p>Bonjour Marie,</p><p>.r&eacute;solu</p><p>C’est fait.</p><p>Alex</p>", [Verb.RESOLVE]),
        ("<!-- .fermer --><p>.prendre</p><p style='display:none'>.spam</p><p>Bonjour</p>", [Verb.TAKE]),
    ],
)
def test_markup(markup: str, verbs: list[Verb]) -> None:
    raw = f"From: Alex <alex@azimutpos.com>\nContent-Type: text/html; charset=utf-8\n\n{markup}".encode()
    found = parse(raw)
    assert isinstance(found, Mail)
    read = read_reply(agent_words(found).text, SETTING)
    assert [c.verb for c in read.commands] == verbs
    assert not read.faults


def read_of(text: str, *, ours: str = "", subject: str = "Re: AZ-1042 Caisse gelée") -> AgentWords:
    raw = (
        f"From: Alex <alex@azimutpos.com>\nSubject: {subject}\n"
        f"Content-Type: text/plain; charset=utf-8\n\n{text}"
    ).encode()
    found = parse(raw)
    assert isinstance(found, Mail)
    return agent_words(found, ours)


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


ATTRIBUTION = "Le 9 nov. 2026 à 09:15, Soutien <support@azimutpos.com> a écrit :"


@pytest.mark.parametrize(
    "text",
    [f"{ATTRIBUTION}\n{quoted(OURS)}", quoted(OURS), f"\n\n{ATTRIBUTION}\n\n{quoted(OURS)}\n"],
)
def test_a_reply_without_a_word_says_nothing(text: str) -> None:
    """Then everything is kept as new, for a customer's sake; here it is the notification."""
    assert read_of(text, ours=OURS) == AgentWords(text="")


def test_our_lines_that_stayed_are_doubted() -> None:
    """A program that quotes without marks and without an introduction."""
    kept = read_of(f"Je regarde.\n\n{OURS}", ours=OURS)
    assert "P1 à confirmer · répondre avant 6 h 30 · personne ne l’a pris" in kept.doubts
    assert len(kept.doubts) == 3


def test_a_line_of_ours_that_was_wrapped_anew_is_doubted() -> None:
    text = "Je regarde.\n\nNote interne : cliente en\nretard de paiement, Note interne"
    assert read_of(text, ours=OURS).doubts == ("Note interne : cliente en",)


@pytest.mark.parametrize(
    "line",
    [
        "↩ Répondre à ce courriel : Marie Roy le lit.",
        "support+abcdefghijklmnopqrstuvwxyz23456722@azimutpos.com",
        "AZ-1042·abcdefghijklmnop",
    ],
)
def test_signs_of_ours_are_doubted_without_knowing_the_mail(line: str) -> None:
    assert read_of(f"Je regarde.\n{line}").doubts == (line,)


def test_a_forwarded_mail_is_kept_whole_and_doubted() -> None:
    block = "-----Message d'origine-----\nDe : Luc <luc@x.example>\nObjet : caisse"
    text = f"À ouvrir.\n\n{block}\n\nFigée.\n{quoted('x')}"
    kept = read_of(text, subject="TR : caisse figée")
    assert "Figée." in kept.text
    assert kept.doubts


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour Marie,\n\nJe regarde le pilote de l’imprimante et je vous reviens.\n\nAlex",
        f"Je regarde.\n\n{ATTRIBUTION}\n{quoted(OURS)}",
        f"{ATTRIBUTION}\n{quoted('Quelles dates?')}\n\nCelles d’octobre.",
    ],
)
def test_clean_answers_raise_no_doubt(text: str) -> None:
    kept = read_of(text, ours=OURS)
    assert kept.doubts == ()
    assert kept.text


RENDERED = (
    b"From: Soutien <support@azimutpos.com>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\n'
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Note interne : cliente en retard de paiement\r\n\r\n"
    b"  La caisse est gel=C3=A9e depuis ce matin.\r\n\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>HTML</p>\r\n--b--\r\n"
)
"""As an outbox row keeps it."""


def test_the_text_of_a_mail_of_ours_is_what_its_reader_saw() -> None:
    text = text_of(RENDERED)
    assert "cliente en retard de paiement" in text
    assert "gelée depuis ce matin" in text
    assert "HTML" not in text
    assert text_of(b"From: x\r\nContent-Type: text/html\r\n\r\n<p>x</p>") == ""
    assert text_of(b"") == ""


def test_an_agent_may_repeat_the_customers_words_and_not_ours() -> None:
    ours = text_of(RENDERED, ["Bonjour,\nLa caisse est gelée depuis ce matin."])
    assert "gelée" not in ours
    told = "Vous disiez :\n\nLa caisse est gelée depuis ce matin."
    assert read_of(told, ours=ours).doubts == ()
    kept = read_of("Bonjour,\n\nNote interne : cliente en retard de paiement", ours=ours)
    assert kept.doubts == ("Note interne : cliente en retard de paiement",)


LINES = st.lists(
    st.sampled_from(["", "Je regarde.", "> cité", ATTRIBUTION, ".prendre", "-- ", "Alex", *OURS.split("\n")]),
    max_size=12,
)


@example(lines=["Je regarde.", "> cité"])
@given(lines=LINES)
def test_nothing_of_ours_goes_on_without_a_doubt(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = agent_words(mail("alex@azimutpos.com", text=text, new_text=text), OURS)
    if found.doubts or not found.text:
        return
    telling = [line for line in OURS.split("\n") if len(line) >= 24]
    assert not any(line in found.text for line in (*telling, "> cité"))
