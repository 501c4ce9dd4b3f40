"""`classify` and `model` as a user meets them: keys, exit statuses, and words when something is wrong."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest

from daemon.cli import model
from daemon.cli.failure import CommandFailed, UsageFault

KEYS = [
    "id",
    "intent",
    "language",
    "severity",
    "confidence",
    "other_means",
    "installs",
    "priority",
    "provisional",
    "rule",
    "evidence",
    "missing",
]
DEAD = {
    "subject": "Caisse gelée",
    "body": "Plus rien ne répond, impossible d'encaisser quoi que ce soit depuis 9h.",
}


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    model.register(parser.add_subparsers(required=True))
    args = parser.parse_args(arguments)
    status: int = args.func(args)
    return status


def lines(tmp_path: Path, *rows: object) -> str:
    path = tmp_path / "mails.jsonl"
    path.write_text(
        "".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in rows), encoding="utf-8"
    )
    return str(path)


def test_each_line_is_answered_in_order_with_every_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [DEAD | {"id": n, "installs": installs} for n, installs in enumerate((None, 1, 3))]
    assert run("classify", "--jsonl", lines(tmp_path, *rows)) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(answer) for answer in answers] == [KEYS] * 3
    assert [answer["id"] for answer in answers] == [0, 1, 2]
    assert [(a["priority"], a["provisional"], a["rule"]) for a in answers] == [
        ("P1", True, "P1-provisional"),
        ("P1", False, "P1-single"),
        ("P2", False, "P2-many"),
    ]
    assert {"facet", "text", "weight"} == set(answers[0]["evidence"][0])


def test_a_mail_that_is_no_ticket_has_neither_severity_nor_priority(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    thanks = {"id": "t", "subject": "Re: merci", "body": "Merci beaucoup pour votre aide, bonne journée!"}
    assert run("classify", "--jsonl", lines(tmp_path, thanks)) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["intent"] == "thanks"
    assert (answer["severity"], answer["priority"], answer["provisional"]) == (None, None, False)


def test_lines_come_from_stdin_and_empty_ones_are_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"\n{json.dumps(DEAD | {'id': 'x'})}\n\n"))
    assert run("classify", "--jsonl") == 0
    assert json.loads(capsys.readouterr().out)["id"] == "x"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("{not json", "is not JSON"),
        ("[1]", "holds a list"),
        ('{"id": 1}', "neither subject nor body"),
        ('{"subject": 3, "body": ""}', "subject holds 3"),
        ('{"subject": "", "body": "", "installs": "two"}', "installs holds 'two'"),
        ('{"subject": "", "body": "", "installs": true}', "installs holds True"),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_what_was_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, complaint: str
) -> None:
    with pytest.raises(UsageFault, match=r"mails\.jsonl: line 2: ") as caught:
        run("classify", "--jsonl", lines(tmp_path, DEAD, row))
    assert complaint in str(caught.value)
    assert 'expected an object {"id"' in str(caught.value)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_bytes_that_are_no_utf8_are_a_usage_fault(tmp_path: Path) -> None:
    path = tmp_path / "latin1.jsonl"
    path.write_bytes(b'{"subject": "gel\xe9e", "body": ""}\n')
    with pytest.raises(UsageFault, match="is not UTF-8"):
        run("classify", "--jsonl", str(path))


@pytest.mark.parametrize("flag", [[], ["--jsonl"]])
def test_a_missing_file_is_a_usage_fault(tmp_path: Path, flag: list[str]) -> None:
    with pytest.raises(UsageFault, match=r"nowhere.*No such file"):
        run("classify", *flag, str(tmp_path / "nowhere"))


def test_a_mail_file_is_classified_by_its_new_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(
        "From: a@boutique.example\r\nTo: support@azimutpos.com\r\nMessage-ID: <m1@boutique.example>\r\n"
        "Subject: Caisse gelee\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        "Plus rien ne répond, impossible d'encaisser. C'est notre seule caisse.\r\n".encode()
    )
    assert run("classify", str(path)) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == KEYS
    assert (answer["id"], answer["priority"], answer["rule"]) == ("m1@boutique.example", "P1", "P1-single")


def test_a_file_that_is_no_mail_fails_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "empty.eml"
    path.write_bytes(b"")
    with pytest.raises(CommandFailed, match=r"empty\.eml"):
        run("classify", str(path))


def test_evaluate_prints_one_document_or_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("model", "evaluate", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert {"severity", "intent", "by_language", "by_difficulty", "of_s1"} <= set(report)
    assert {"accuracy", "macro_f1", "recall", "precision", "ece"} <= set(report["severity"])
    assert run("model", "evaluate") == 0
    assert "| severity, hard |" in capsys.readouterr().out
