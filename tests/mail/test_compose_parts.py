"""The pieces of composing: header fields, blocks of a text, self-help files, shipped files, the preview."""

from __future__ import annotations

import argparse
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.cli import preview
from daemon.cli.failure import UsageFault
from daemon.core.values import Language
from daemon.mail import blocks, customers_samples, headers, self_help
from daemon.settings import resources
from daemon.settings.faults import ConfigError
from daemon.settings.resources import resource

one_line = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=120).map(
    lambda s: " ".join(s.split())
)


@given(one_line)
def test_any_line_of_text_survives_a_subject_field(value: str) -> None:
    raw = headers.field("Subject", headers.text(value))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert all(len(line) <= 76 or b" " not in line.strip() for line in raw.split(b"\r\n")[1:])
    read = message_from_bytes(raw + b"\r\n", policy=policy.default)
    assert list(read.keys()) == ["Subject"]
    assert " ".join(str(read["Subject"]).split()) == value


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y", "a\nb", "a\rb", "é", "a\r\n\r\nb", "a\r\n\tb", "\x00"])
def test_a_field_never_begins_another_one(value: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        headers.field("Subject", value)


def test_a_line_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="998"):
        headers.field("X", "a" * 1000)


@given(one_line)
def test_any_name_survives_an_address_field(name: str) -> None:
    raw = headers.field("From", headers.mailbox(name, "support@azimutpos.com"))
    read = message_from_bytes(raw + b"\r\n", policy=policy.default)["From"]
    assert [a.addr_spec for a in read.addresses] == ["support@azimutpos.com"]
    assert len(read.addresses) == 1


def test_names_are_spelled_as_simply_as_they_can_be() -> None:
    assert headers.mailbox("Soutien Azimut POS", "a@b.c") == "Soutien Azimut POS <a@b.c>"
    assert headers.mailbox("Roy, Marie", "a@b.c") == '"Roy, Marie" <a@b.c>'
    assert headers.mailbox('P1 "x" \\', "a@b.c") == '"P1 \\"x\\" \\\\" <a@b.c>'
    assert headers.mailbox("", "a@b.c") == "a@b.c"
    assert headers.mailbox("=?utf-8?q?x?=", "a@b.c").startswith("=?utf-8?B?")


def test_a_reference_stays_readable_before_an_encoded_subject() -> None:
    assert headers.text("[AZ-1042] gelée").startswith("[AZ-1042] =?utf-8?B?")
    assert headers.text("AZ-1042 gelée").startswith("AZ-1042 =?utf-8?B?")


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=300))
def test_a_part_arrives_as_it_left(content: str) -> None:
    kind, body = headers.alternative([("plain", content)], "seed")
    assert max(body) < 128
    assert all(len(line) <= 76 and not line.startswith((b".", b"From ")) for line in body.split(b"\r\n"))
    raw = headers.field("Content-Type", kind) + b"\r\n" + body
    parts = message_from_bytes(raw).get_payload()
    assert isinstance(parts, list)
    payload = parts[0].get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode("utf-8").replace("\r\n", "\n") == content


def test_a_text_is_read_into_blocks() -> None:
    found = blocks.read(
        "Bonjour,\n\nUne phrase\nqui suit. Liste :\n1. un\n   suite\n2. deux\nFin.\n\n– a;\n– b.\n\n"
        "[taps]\n\n"
        f"[en] English?\n\n----\nBillet{blocks.BREAK} AZ-1\n\n________\nFin"
    )
    assert [(b.kind, b.lines, b.small, b.language) for b in found] == [
        ("paragraph", ("Bonjour,",), False, ""),
        ("paragraph", ("Une phrase qui suit. Liste :",), False, ""),
        ("steps", ("un suite", "deux"), False, ""),
        ("paragraph", ("Fin.",), False, ""),
        ("list", ("a;", "b."), False, ""),
        ("taps", (), False, ""),
        ("paragraph", ("English?",), False, "en"),
        ("paragraph", ("Billet", "AZ-1"), True, ""),
        ("rule", (), True, ""),
        ("paragraph", ("Fin",), True, ""),
    ]
    assert blocks.as_text(found, "fr") == (
        "Bonjour,\n\nUne phrase qui suit. Liste :\n\n  1. un suite\n  2. deux\n\nFin.\n\n  – a;\n  – b.\n\n"
        "English?\n\nBillet\nAZ-1\n\n________\n\nFin\n"
    )


@given(st.text(max_size=300))
def test_any_writing_can_be_read(written: str) -> None:
    for block in blocks.read(written):
        assert block.kind in ("paragraph", "list", "steps", "rule", "taps")


def test_a_self_help_text_has_a_sentence_and_steps() -> None:
    found = self_help.read("# pour l’équipe\nce geste aide :\n\nAttendez 10 secondes.\n", Language.FR)
    assert found.intro == "ce geste aide\u00a0:"
    assert found.steps == ("Attendez 10\u00a0secondes.",)
    for bad in ("", "# x\n", "une phrase :\n", "x :\n" + "y\n" * 7):
        with pytest.raises(ValueError, match="expected a sentence"):
            self_help.read(bad, Language.FR)


def test_shipped_files_are_found_in_a_checkout_and_in_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (resource("templates", "email") / "layout.html.j2").is_file()
    assert resource("mails").name == "mails"
    wheel = tmp_path / "_data"
    (wheel / "mails").mkdir(parents=True)
    monkeypatch.setattr(resources, "_WHEEL", wheel)
    assert resource("mails") == wheel / "mails"
    with pytest.raises(ConfigError, match="install it again"):
        resource("nothing", "here")


def run_preview(*arguments: str) -> int:
    top = argparse.ArgumentParser()
    top.add_argument("--config")
    preview.register(top.add_subparsers())
    args = top.parse_args(["preview", *arguments])
    status: int = args.func(args)
    return status


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZIMUT_SUPPORT_CONFIG", raising=False)


def test_a_preview_shows_subject_text_and_html(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_preview("ack", "--lang", "en", "--plan", "argent", "--priority", "P3") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Subject: [AZ-1042] Sales report incomplete\n\nHi Sylvie,\n")
    assert "Silver plan" in shown
    assert shown.rstrip().endswith("</html>")


def test_a_preview_writes_its_html_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "ack.html"
    assert run_preview("ack", "--html", str(target), "--stranger", "--closed") == 0
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    shown = capsys.readouterr().out
    assert "Votre message" in shown
    assert "<html" not in shown


def test_a_preview_of_a_notice_tells_what_it_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_preview("notice", "--what", "brake") == 0
    assert "run --resume" in capsys.readouterr().out


@pytest.mark.parametrize("kind", customers_samples.KINDS)
def test_a_preview_shows_every_situation_of_what_customers_read(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_preview(kind) == 0
    first = capsys.readouterr().out
    shown = set()
    for what in customers_samples.named(kind, Language.EN):
        assert run_preview(kind, "--what", what, "--lang", "en") == 0
        shown.add(capsys.readouterr().out)
    assert len(shown) == len(customers_samples.named(kind, Language.EN))
    assert "[AZ-10" in first
    assert run_preview(kind, "--stranger") == 0
    assert "Votre message" in capsys.readouterr().out.split("\n")[0]


def test_a_preview_tells_the_priority_that_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_preview("status-update", "--priority", "P3") == 0
    assert "priorité moyenne (P3)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("adieu",),
        ("reply", "--what", "adieu"),
        ("notice", "--what", "adieu"),
        ("ack", "--priority", "P3", "--rule", "P2-many"),
    ],
)
def test_a_preview_of_what_does_not_exist_says_what_does(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageFault, match="expected one of"):
        run_preview(*arguments)
