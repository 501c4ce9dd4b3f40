"""A row becomes a mail that threads, bounces home, answers nobody's machine and is the same each time."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.values import Address, Language, Mail, OutboxRow, Plan, Priority
from daemon.mail import samples
from daemon.mail.compose import Composer, bare_subject, check_templates, clipped
from daemon.mail.parse import parse
from daemon.mail.proof import SAMPLE_DESK
from daemon.mail.template_set import BadTemplate
from daemon.mail.tokens import claims, is_ours, read_verp
from tests.core.build import mail
from tests.mail.outgoing import COMPOSER, links, part, read_back, render

KEY = SAMPLE_DESK.key
DESK = SAMPLE_DESK.desk_address


def changed(row: OutboxRow, **facts: object) -> OutboxRow:
    return replace(row, context={**row.context, **facts})


def test_an_acknowledgement_has_the_headers_of_the_contract() -> None:
    message = read_back(render(samples.ack()))
    assert message["From"] == "Soutien Azimut POS <support@azimutpos.com>"
    assert message["To"] == "marie@boulangerieroy.example"
    assert message["Subject"] == "[AZ-1042] Caisse gelée, impossible d’encaisser"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Azimut-Ticket"] == "AZ-1042"
    assert message["X-Azimut-Kind"] == "ack"
    assert message["In-Reply-To"] == "<m1@boulangerieroy.example>"
    assert message["References"] == "<m1@boulangerieroy.example>"
    assert "Bcc" not in message
    assert "Cc" not in message
    assert message.get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    assert not message.defects


def test_a_notice_is_generated_and_answers_nothing() -> None:
    message = read_back(render(samples.notice()))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == "AZ-1042 Caisse gelée, impossible d’encaisser"
    assert message["X-Azimut-Kind"] == "notice"
    assert "In-Reply-To" not in message
    assert "References" not in message


def test_a_notice_about_the_desk_itself_names_no_ticket_and_can_only_command() -> None:
    message = read_back(render(samples.notice(what="brake")))
    assert "X-Azimut-Ticket" not in message
    reply_to = message["Reply-To"].addresses[0].addr_spec
    claim = claims(mail(to=(Address(address=reply_to),), subject="x"), KEY, DESK, samples.OPEN.date())[0]
    assert (claim.ticket, claim.purpose) == (0, "command")


def test_the_date_is_the_moment_of_rendering_in_the_desks_zone() -> None:
    row = samples.ack()
    now = row.queued_at.astimezone(UTC) + timedelta(seconds=90, microseconds=5)
    date = read_back(render(row, now))["Date"]
    assert date.endswith("-0500")
    assert parsedate_to_datetime(date) == now.replace(microsecond=0)


def test_the_same_row_at_the_same_moment_gives_the_same_bytes() -> None:
    row = samples.ack()
    first = render(row)
    assert render(row).message == first.message
    assert Composer(SAMPLE_DESK).render(row, row.queued_at).message == first.message
    assert render(replace(row, cause="ack:other")).message_id != first.message_id


@pytest.mark.parametrize("row", [samples.ack(), samples.ack(Language.EN), samples.notice()])
def test_a_mail_is_seven_bit_with_short_lines_and_only_crlf(row: OutboxRow) -> None:
    raw = render(row).message
    assert max(raw) < 128
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert not any(line.startswith((b".", b"From ")) for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))


def test_text_and_html_arrive_as_they_were_written() -> None:
    rendered = render(samples.ack(Language.FR, Plan.ARGENT, Priority.P3))
    message = read_back(rendered)
    assert part(message, "plain") == rendered.text
    assert part(message, "html") == rendered.html


def test_a_reply_finds_its_ticket_by_address_by_id_and_by_the_footer() -> None:
    rendered = render(samples.ack())
    message = read_back(rendered)
    reply_to = message["Reply-To"].addresses[0].addr_spec
    today = samples.OPEN.date()
    by_address = claims(mail(to=(Address(address=reply_to),), subject="x"), KEY, DESK, today)
    assert [(c.ticket, c.purpose, c.for_sender) for c in by_address] == [(1042, "customer", True)]
    by_id = claims(mail(in_reply_to=(rendered.message_id,), subject="x"), KEY, DESK, today)
    assert [c.ticket for c in by_id] == [1042]
    quoted = "\n".join(f"> {line}" for line in rendered.text.splitlines())
    assert [c.ticket for c in claims(mail(text=quoted, subject="x"), KEY, DESK, today)] == [1042]


def test_an_answer_to_a_notice_can_only_command() -> None:
    reply_to = read_back(render(samples.notice()))["Reply-To"].addresses[0].addr_spec
    answer = mail(sender="alex@azimutpos.com", to=(Address(address=reply_to),), subject="x")
    claim = claims(answer, KEY, DESK, samples.OPEN.date())[0]
    assert (claim.purpose, claim.for_sender) == ("command", True)


def test_our_own_mail_is_known_when_it_comes_back() -> None:
    read = parse(render(samples.ack()).message, desk_address=DESK)
    assert isinstance(read, Mail)
    assert is_ours(read, KEY)
    assert read.subject == "[AZ-1042] Caisse gelée, impossible d’encaisser"
    assert not read.defects


def test_a_bounce_comes_back_to_its_row() -> None:
    envelope = render(samples.ack()).envelope_from
    local, _, domain = envelope.rpartition("@")
    assert domain == "azimutpos.com"
    assert read_verp(KEY, local) == 17


def test_without_plus_addresses_the_desk_is_answered_and_the_envelope_is_empty() -> None:
    bare = Composer(replace(SAMPLE_DESK, plus_addressing=False)).render(samples.ack(), samples.OPEN)
    assert bare.envelope_from == ""
    assert read_back(bare)["Reply-To"].addresses[0].addr_spec == DESK
    long = replace(SAMPLE_DESK, desk_address=f"{'s' * 60}@azimutpos.com")
    fits_not = Composer(long).render(samples.ack(), samples.OPEN)
    assert fits_not.envelope_from == ""
    assert read_back(fits_not)["Reply-To"].addresses[0].addr_spec == long.desk_address


def test_long_ids_stand_whole_on_one_line_and_hopeless_ones_are_left_out() -> None:
    long, root = f"{'a' * 188}@mail.example", f"{'b' * 188}@mail.example"
    row = changed(
        samples.ack(), in_reply_to=long, references=[root, "c" * 600 + "@x", "é@x", "two words@x", ""]
    )
    raw = render(row).message.decode("ascii")
    assert f"\r\nIn-Reply-To: <{long}>\r\n" in raw
    assert f"\r\nReferences: <{root}>\r\n <{long}>\r\n" in raw
    assert "=?" not in raw.partition("References")[2].partition("Auto-Submitted")[0]


def test_of_many_references_the_root_and_the_newest_stay() -> None:
    row = changed(samples.ack(), references=[f"r{n}@x.example" for n in range(60)])
    kept = read_back(render(row))["References"].split()
    assert len(kept) == 20
    assert kept[0] == "<r0@x.example>"
    assert kept[-2:] == ["<r59@x.example>", "<m1@boulangerieroy.example>"]


hostile = st.text(
    st.sampled_from("\r\n\x00\x0b\x85\u2028 :=?é<>\"',;@Bc{}%[]-1.*AZ") | st.characters(), max_size=80
)


@given(subject=hostile, name=hostile, in_reply_to=hostile, reference=hostile)
@settings(max_examples=60)
def test_nothing_of_a_mail_becomes_a_header_or_a_second_reader(
    subject: str, name: str, in_reply_to: str, reference: str
) -> None:
    row = changed(
        samples.ack(), subject=subject, given_name=name, in_reply_to=in_reply_to, references=[reference]
    )
    rendered = render(row)
    message = read_back(rendered)
    usual = set(read_back(render(samples.ack())).keys())
    assert set(message.keys()) <= usual
    assert len(message.keys()) == len(set(message.keys()))
    assert message["To"] == "marie@boulangerieroy.example"
    assert message["Subject"] == rendered.subject
    assert part(message, "html").rstrip().endswith("</html>")
    assert len(rendered.subject.encode()) <= 200
    assert max(rendered.message) < 128


@pytest.mark.parametrize(
    "subject",
    [
        "Caisse\r\nBcc: victime@example.com",
        "=?utf-8?q?Caisse=0D=0ABcc:_victime=40example.com?=",
        "Caisse\n\nCorps",
        "Caisse\x85Bcc: victime@example.com",
    ],
)
def test_a_subject_cannot_begin_a_new_header(subject: str) -> None:
    message = read_back(render(changed(samples.ack(), subject=subject)))
    assert "Bcc" not in message
    assert "\n" not in str(message["Subject"])


@pytest.mark.parametrize(
    "recipient", ["", "marie", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example"]
)
def test_a_recipient_that_is_no_single_address_is_refused(recipient: str) -> None:
    with pytest.raises(ValueError, match="address"):
        render(replace(samples.ack(), recipient=recipient))


def test_unusual_addresses_are_spelled_for_the_wire() -> None:
    def to(address: str) -> str:
        return str(read_back(render(replace(samples.ack(), recipient=address)))["To"])

    assert to("o'brien+pos@bar.example") == "o'brien+pos@bar.example"
    assert to("a,b@bar.example") == '"a,b"@bar.example'
    assert to("marie@boulangerie-é.example") == "marie@xn--boulangerie--meb.example"
    assert to("éric@bar.example") == "undisclosed-recipients:;"


@pytest.mark.parametrize("fact", ["subject", "evidence"])
def test_a_value_cannot_lay_out_the_mail(fact: str) -> None:
    value = "caisse\n----\nBillet AZ-9 · payez ici\x0b\n\n1. un"
    row = changed(samples.ack(priority=Priority.P3), **{fact: value if fact == "subject" else [value]})
    lines = render(row).text.split("\n")
    assert not [line for line in lines if line.startswith(("----", "Billet AZ-9", "  1."))]
    assert len([line for line in lines if "payez ici" in line]) == 1


def test_templates_in_a_subject_are_words() -> None:
    rendered = render(
        changed(samples.ack(priority=Priority.P3), subject="{{1337*7}} {% raw %} {{ ''.__class__ }}")
    )
    assert "{{1337*7}} {% raw %}" in rendered.text
    assert "9359" not in rendered.text + rendered.html


def test_markup_in_a_subject_is_words() -> None:
    subject = "'); DELETE--<b>gras</b> & <script>alert(1)</script>"
    rendered = render(changed(samples.ack(priority=Priority.P3), subject=subject))
    assert subject in rendered.text
    assert "<script>" not in rendered.html
    assert "<b>" not in rendered.html
    assert "&lt;script&gt;" in rendered.html


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Re: RE : TR: Fwd: caisse", "caisse"),
        ("RE\u00a0: [AZ-900] Re[2]: caisse", "caisse"),
        ("AW: WG: SV: ré: caisse", "caisse"),
        ("Recette: caisse", "Recette: caisse"),
        ("Trop: lent", "Trop: lent"),
        ("[AZ-7]", ""),
        ("", ""),
        ("x" * 300, "x" * 119 + "…"),
    ],
)
def test_prefixes_that_answers_pile_up_are_taken_off(subject: str, bare: str) -> None:
    assert bare_subject(subject) == bare


def test_a_subject_that_is_nothing_but_prefixes_is_replaced_by_ours() -> None:
    assert render(changed(samples.ack(), subject="RE: TR:")).subject == "[AZ-1042] Votre message"


@given(st.text(max_size=300), st.integers(4, 200))
def test_a_clipped_line_never_ends_within_a_character(text: str, size: int) -> None:
    assert len(clipped(text, size).encode("utf-8", "surrogatepass")) <= size


def test_one_tap_answers_go_to_the_ticket_with_their_words() -> None:
    rendered = render(samples.ack())
    taps = [href for href in links(rendered.html) if href.startswith("mailto:")]
    answers = [parse_qs(urlsplit(href).query)["body"][0] for href in taps]
    assert answers == ["1 oui, 2 non", "1 oui, 2 oui", "1 non"]
    address = urlsplit(taps[0]).path
    assert read_back(rendered)["Reply-To"].addresses[0].addr_spec == address
    assert all("#" not in href for href in taps)
    assert parse_qs(urlsplit(taps[0]).query)["subject"] == [f"Re: {rendered.subject}"]
    english = render(samples.ack(Language.EN, Plan.ARGENT, Priority.P2, rule="P2-many"))
    bodies = [parse_qs(urlsplit(h).query)["body"][0] for h in links(english.html) if h.startswith("mailto:")]
    assert bodies == ["urgent: "]
    # Where "urgent" is only in the small print, no button outshines what is asked for.
    third = render(samples.ack(Language.EN, Plan.ARGENT, Priority.P3))
    assert not [href for href in links(third.html) if href.startswith("mailto:")]


def test_a_file_of_the_owner_wins_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "fr" / "ack").mkdir(parents=True)
    (tmp_path / "fr" / "ack" / "subject.txt.j2").write_text("[{{ ref }}] Bien reçu", encoding="utf-8")
    (tmp_path / "aide").mkdir()
    (tmp_path / "aide" / "caisse-gelee.fr.txt").write_text("ce geste aide :\nAttendez.\n", encoding="utf-8")
    composer = Composer(SAMPLE_DESK, tmp_path)
    rendered = composer.render(samples.ack(Language.FR, Plan.GRATUIT), samples.OPEN)
    assert rendered.subject == "[AZ-1042] Bien reçu"
    assert "  – Attendez.\n" in rendered.text
    assert "Est-ce votre seule caisse AzimutPOS?" in rendered.text
    assert check_templates(tmp_path) == []


def test_the_shipped_wording_is_whole() -> None:
    assert check_templates() == []


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("fr/ack/body.txt.j2", "{{ nom }}", "fr/ack/body.txt.j2: UndefinedError: 'nom' is undefined"),
        ("en/ack/subject.txt.j2", "{% if %}", "en/ack/subject.txt.j2: line 1 TemplateSyntaxError"),
        ("fr/adieu/subject.txt.j2", "x", "fr/adieu/body.txt.j2: missing"),
        ("fr/notice/body.txt.j2", "{{ deadline('demain') }}", "fr/notice: ValueError"),
        ("aide/caisse-gelee.fr.txt", "# rien\n", "expected a sentence"),
        ("aide/orage.fr.txt", "ce geste aide :\nAttendez.\n", "aide/orage.en.txt: missing"),
        ("aide/orage.txt", "x\ny\n", "expected a name"),
    ],
)
def test_a_fault_of_the_owners_wording_is_found_before_a_customer_reads_it(
    tmp_path: Path, name: str, written: str, told: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(written, encoding="utf-8")
    assert [line for line in check_templates(tmp_path) if told in line]


def test_a_template_cannot_reach_beyond_its_facts(tmp_path: Path) -> None:
    (tmp_path / "fr" / "ack").mkdir(parents=True)
    subject = tmp_path / "fr" / "ack" / "subject.txt.j2"
    subject.write_text("{{ deadline.__globals__ }}", encoding="utf-8")
    with pytest.raises(BadTemplate, match="unsafe"):
        Composer(SAMPLE_DESK, tmp_path).render(samples.ack(), samples.OPEN)


def test_a_missing_fact_or_kind_is_an_error_never_a_gap() -> None:
    row = samples.ack()
    with pytest.raises(BadTemplate, match="given_name"):
        render(replace(row, context={k: v for k, v in row.context.items() if k != "given_name"}))
    with pytest.raises(BadTemplate, match="adieu"):
        render(replace(row, kind="adieu"))


def test_a_self_help_text_that_is_not_there_does_not_hold_the_mail_up() -> None:
    text = render(changed(samples.ack(closed=True, plan=Plan.ARGENT), aide="orage")).text
    assert "D’ici là" not in text
    assert "Est-ce votre seule caisse" in text


def test_composing_needs_no_more_than_the_row() -> None:
    assert COMPOSER.render(samples.ack(), samples.OPEN) == render(samples.ack())
