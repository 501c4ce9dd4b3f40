"""An agent's words become a person's mail: as they were written, with their files, threading, and never a
machine's."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.commands.queueing import ROOM, SMALL_ROOM
from daemon.core.values import Address, Language, OutboxRow
from daemon.mail import customers_samples, samples
from daemon.mail.compose import Composer, MissingContent, enclosed
from daemon.mail.customers_samples import reply
from daemon.mail.proof import SAMPLE_DESK
from daemon.mail.speech import in_brief, paragraphs, signed, spoken
from daemon.mail.tokens import claims
from daemon.mail.verbatim import lines
from tests.core.build import mail
from tests.mail.outgoing import COMPOSER, html_words, links, part, read_back, render

FR, EN = Language.FR, Language.EN
AT = samples.OPEN
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400


def file(name: str = "écran.png", media_type: str = "image/png", content: bytes = PNG) -> dict[str, object]:
    sha256 = hashlib.sha256(content).hexdigest()
    return {"name": name, "media_type": media_type, "size": len(content), "sha256": sha256}


def with_files(*files: dict[str, object], kind: str = "reply") -> OutboxRow:
    row = reply(FR, AT, attachments=list(files))
    return replace(row, kind=kind)


def team(kind: str, **facts: object) -> OutboxRow:
    """A row for an agent. Only its addresses and files are looked at."""
    return replace(samples.notice(FR), kind=kind, context={**samples.notice(FR).context, **facts})


def test_a_persons_answer_has_a_persons_headers() -> None:
    row = reply(FR, AT, references=["m0@boulangerieroy.example"])
    rendered = render(row)
    message = read_back(rendered)
    assert message["From"] == '"Alex, Soutien Azimut POS" <support@azimutpos.com>'
    assert message["Reply-To"].addresses[0].display_name == "Soutien Azimut POS"
    assert message["X-Azimut-Kind"] == "reply"
    assert message["In-Reply-To"] == "<m1@boulangerieroy.example>"
    assert message["References"] == "<m0@boulangerieroy.example> <m1@boulangerieroy.example>"
    assert "Auto-Submitted" not in message
    assert "X-Auto-Response-Suppress" not in message
    assert part(message, "plain") == rendered.text
    assert not message.defects


def test_a_ticket_marked_as_solved_without_a_word_is_the_desks_own_mail() -> None:
    silent = read_back(render(customers_samples.named("resolved", FR)["silent"]))
    assert silent["Auto-Submitted"] == "auto-generated"
    assert silent["From"] == "Soutien Azimut POS <support@azimutpos.com>"
    spoken_for = read_back(render(customers_samples.named("resolved", FR)["words"]))
    assert "Auto-Submitted" not in spoken_for
    for kind in ("status-update", "reminder", "closed", "credit"):
        row = next(iter(customers_samples.named(kind, EN).values()))
        message = read_back(render(row))
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["X-Auto-Response-Suppress"] == "All"
        assert message["From"] == "Azimut POS Support <support@azimutpos.com>"


def test_a_bounce_of_a_persons_words_comes_home_where_the_mailbox_takes_no_plus() -> None:
    bare = Composer(replace(SAMPLE_DESK, plus_addressing=False))
    assert bare.render(reply(FR, AT), AT).envelope_from == SAMPLE_DESK.desk_address
    assert bare.render(customers_samples.closing(FR, AT), AT).envelope_from == ""


def test_the_words_go_as_they_were_written() -> None:
    words = (
        "  Bonjour,\n\n1. un\n2. deux\n- trois\n| a | b |\n\n----\n[taps]\n[quote] x\n________\n\tcode  ici\n"
        "{{ 7*7 }} <b>gras</b> & https://azimutpos.example/a?b=1&c=2.\n\n-- \nfin"
    )
    rendered = render(reply(FR, AT, text=words))
    shown = rendered.text.split("\n\nAlex\nSoutien")[0]
    assert shown.split("\n") == [line.rstrip() for line in words.expandtabs(4).strip("\n").split("\n")]
    assert "&lt;b&gt;gras&lt;/b&gt;" in rendered.html
    assert links(rendered.html) == ["https://azimutpos.example/a?b=1&c=2"]
    assert 'href="https://azimutpos.example/a?b=1&amp;c=2"' in rendered.html
    assert "<ol" not in rendered.html
    assert "<table width" not in rendered.html
    assert rendered.html.count("<hr") == 1


def test_no_word_of_a_long_answer_is_lost() -> None:
    words = "\n".join(f"ligne {number} " + "x" * 60 for number in range(4_000))
    rendered = render(reply(FR, AT, text=words))
    assert rendered.text.count("ligne ") == 4_000
    assert " ".join(html_words(rendered.html)).count("ligne ") == 4_000


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", 'https://x.example/"onclick=1', "https://x.example/<script>", "data:text/html,x"],
)
def test_only_a_web_address_becomes_a_link_and_it_cannot_leave_its_quotes(href: str) -> None:
    html = render(reply(FR, AT, text=f"Voyez {href} ici")).html
    assert all(found.startswith("https://x.example/") for found in links(html))
    assert 'onclick=1"' not in html.replace("&#34;", "~")
    assert "<script" not in html


def test_files_go_along_as_they_are() -> None:
    notes = b"notes\n.point\nFrom moi\n"
    row = with_files(
        file(), file("notes de caisse.txt", "text/plain", notes), file('a"b.eml', "message/rfc822", b"x")
    )
    assert len(enclosed(row)) == 3
    contents = {hashlib.sha256(content).hexdigest(): content for content in (PNG, notes, b"x")}
    rendered = COMPOSER.render(row, AT, contents)
    message = read_back(rendered)
    assert message.get_content_type() == "multipart/mixed"
    files = list(message.iter_attachments())
    assert [one.get_filename() for one in files] == ["écran.png", "notes de caisse.txt", "a_b.eml"]
    assert [one.get_content_type() for one in files] == [
        "image/png",
        "text/plain",
        "application/octet-stream",
    ]
    assert [one.get_payload(decode=True) for one in files] == [PNG, notes, b"x"]
    assert all(one.get_content_disposition() == "attachment" for one in files)
    assert part(message, "plain") == rendered.text
    assert part(message, "html") == rendered.html
    assert max(rendered.message) < 128
    assert max(map(len, rendered.message.split(b"\r\n"))) <= 998
    assert b"\n" not in rendered.message.replace(b"\r\n", b"")
    assert COMPOSER.render(row, AT, contents).message == rendered.message
    assert not message.defects
    assert not any(one.defects for one in files)


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_name_and_type_of_a_file_survive(name: str, media_type: str) -> None:
    row = with_files(file(name, media_type, b"abc"))
    files = list(read_back(COMPOSER.render(row, AT, {enclosed(row)[0]: b"abc"})).iter_attachments())
    assert [one.get_payload(decode=True) for one in files] == [b"abc"]
    assert files[0].get_filename()


def test_an_answer_never_leaves_without_one_of_its_files() -> None:
    row = with_files(file(), file("b.txt", "text/plain", b"b"))
    with pytest.raises(MissingContent, match="is not there"):
        COMPOSER.render(row, AT, {enclosed(row)[0]: PNG})
    with pytest.raises(ValueError, match="is not there"):
        COMPOSER.render(row, AT)
    assert COMPOSER.render(reply(FR, AT), AT)


def test_a_notification_takes_along_what_fits_and_goes_out_without_the_rest() -> None:
    small, large = (
        file("a.txt", "text/plain", b"a"),
        {**file("b.mp4", "video/mp4", b"b"), "size": ROOM},
    )
    row = team("notification", attachments=[small, large, small], conversation=[{"attachments": [small]}, {}])
    assert enclosed(row) == (small["sha256"],)
    assert enclosed(team("notification", attachments=[large])) == (large["sha256"],)
    assert enclosed(team("notification", attachments=[large, small], room=SMALL_ROOM)) == (small["sha256"],)
    assert enclosed(team("transcript", attachments=[small])) == ()
    assert enclosed(replace(reply(FR, AT), kind="ack")) == ()


@pytest.mark.parametrize(
    ("kind", "facts", "purpose", "tapped"),
    [
        ("notice", {}, "command", "command"),
        ("notification", {}, "agent", "command"),
        ("transcript", {"held": None}, "command", "command"),
        ("transcript", {"held": "held:1"}, "confirm", "confirm"),
        ("confirm", {}, "confirm", "confirm"),
        ("breach", {}, "command", "command"),
        ("digest", {}, "command", "command"),
    ],
)
@pytest.mark.parametrize("ticket", [1042, None])
def test_an_agents_answer_may_do_what_its_mail_is_for_and_a_tap_never_reaches_a_customer(
    kind: str, facts: dict[str, object], purpose: str, tapped: str, ticket: int | None
) -> None:
    from daemon.mail import addressing

    row = replace(team(kind, **facts), ticket=ticket)

    def read(address: str) -> tuple[int, str, bool]:
        sent = mail(sender="alex@azimutpos.com", to=(Address(address=address),), subject="x")
        claim = claims(sent, SAMPLE_DESK.key, SAMPLE_DESK.desk_address, AT.date())[0]
        return claim.ticket, claim.purpose or "", claim.for_sender

    assert read(addressing.reply_address(SAMPLE_DESK, row, AT)) == (ticket or 0, purpose, True)
    assert read(addressing.tap_address(SAMPLE_DESK, row, AT)) == (ticket or 0, tapped, True)


def test_a_customers_mail_without_a_ticket_is_answered_to_the_desk() -> None:
    from daemon.mail import addressing

    row = replace(reply(FR, AT), ticket=None)
    assert addressing.reply_address(SAMPLE_DESK, row, AT) == SAMPLE_DESK.desk_address


def test_a_customers_tap_carries_its_words_and_an_agents_what_it_answers() -> None:
    from daemon.mail.addressing import tap

    theirs = urlsplit(tap("support+x@azimutpos.com", "[AZ-1] Été & co", "", "plus tard"))
    assert theirs.path == "support+x@azimutpos.com"
    assert parse_qs(theirs.query) == {"subject": ["Re: [AZ-1] Été & co"], "body": ["plus tard"]}
    agents = parse_qs(urlsplit(tap("support+x@azimutpos.com", "AZ-1 x", "az.1@azimutpos.com", "oui")).query)
    assert agents["In-Reply-To"] == ["<az.1@azimutpos.com>"]
    reminder = render(customers_samples.reminder(EN, AT))
    taps = [parse_qs(urlsplit(href).query) for href in links(reminder.html)]
    assert [one["body"] for one in taps] == [["later"], ["solved"]]
    assert all("In-Reply-To" not in one for one in taps)


def test_a_reply_address_lives_two_years() -> None:
    address = read_back(render(reply(FR, AT)))["Reply-To"].addresses[0].addr_spec
    answer = mail(to=(Address(address=address),), subject="x")

    def found(day: date) -> int:
        return len(claims(answer, SAMPLE_DESK.key, SAMPLE_DESK.desk_address, day))

    assert (found(date(2028, 11, 3)), found(date(2028, 11, 4))) == (1, 0)


@pytest.mark.parametrize(
    ("text", "is_signed"),
    [
        ("Voilà.\n\nAlex", True),
        ("Voilà.\n\n— Alex.", True),
        ("Voilà.\nAlex\nSoutien Azimut POS", True),
        ("Voilà.\nAlex Roy", True),
        ("Alex s’en occupe.", False),
        ("Demandez à Alex\net il vous dira tout de ce qui s’est passé", False),
        ("Alex\n\nVoilà.\n\nun\n\ndeux\n\ntrois", False),
        ("", False),
    ],
)
def test_a_person_signs_once(text: str, is_signed: bool) -> None:
    assert signed(text, "Alex") is is_signed


def test_nobody_without_a_name_signs() -> None:
    assert not signed("Voilà.", "")
    assert "\nSoutien Azimut POS\n" in render(reply(FR, AT, text="Voilà.", agent="")).text


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        ("Bonjour Karim,\n\nJe regarde.", "Je regarde."),
        ("Bonjour,", "Bonjour,"),
        ("Bonjour Karim, je regarde.", "Bonjour Karim, je regarde."),
        ("Il dit «\u00a0erreur\u00a0» encore", "Il dit “erreur” encore"),
        (
            "Une phrase assez longue pour compter ici. " * 6,
            ("Une phrase assez longue pour compter ici. " * 4).strip(),
        ),
        ("mot " * 80, "mot " * 49 + "mot…"),
        ("x" * 400, "x" * 199 + "…"),
    ],
)
def test_a_message_is_quoted_in_brief(text: str, brief: str) -> None:
    assert in_brief(text, FR) == brief
    assert len(in_brief(text, FR)) <= 201


def test_words_between_quotation_marks_keep_their_own() -> None:
    assert spoken(lines("un «\u00a0b\u00a0»\ndeux"), "fr") == "«\u00a0un “b”\x0bdeux\u00a0»"
    assert spoken(lines('un "b"'), "en") == "\"un 'b'\""
    assert paragraphs(["", "a", "b", "", "", "c"]) == [["a", "b"], ["c"]]
