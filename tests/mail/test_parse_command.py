"""`azimut-support parse`: one JSON line per file, the keys of the contract, the others still served."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.cli import parse as command
from daemon.cli.failure import UsageFault

MAILS = Path(__file__).parent.parent / "fixtures" / "mails"
KEYS = [
    "file",
    "class",
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message_id",
    "in_reply_to",
    "references",
    "language",
    "new_text",
    "attachments",
    "masked",
    "defects",
    "bounce",
]


def _run(*arguments: str, config: str | None = None) -> int:
    top = argparse.ArgumentParser()
    top.add_argument("--config", default=config)
    command.register(top.add_subparsers())
    args = top.parse_args(["parse", *arguments])
    status: int = args.func(args)
    return status


def test_each_file_is_one_line_with_the_keys_of_the_contract(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    empty = tmp_path / "empty.eml"
    empty.write_bytes(b"")
    files = [str(MAILS / "01-panne-caisse-unique.eml"), str(empty), str(MAILS / "06-avis-de-non-remise.eml")]
    assert _run("--json", *files) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["file"] for line in lines] == files
    assert all([*line][: len(KEYS)] == KEYS for line in lines)
    assert [line["class"] for line in lines] == ["mail", "unreadable", "bounce"]
    assert lines[0]["date"] == "2026-11-02T07:10:01-05:00"
    assert lines[0]["from"] == "marie@boulangerieroy.example"
    assert lines[2]["bounce"] == {
        "recipient": "caisse@depanneurgagnon.example",
        "action": "failed",
        "status": "5.1.1",
    }


def test_a_missing_file_is_named_and_the_others_are_served(capsys: pytest.CaptureFixture[str]) -> None:
    good = str(MAILS / "02-cards-refused.eml")
    assert _run("/no/such.eml", good, str(MAILS)) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["file"] == good
    assert captured.err.splitlines()[0] == "azimut-support: /no/such.eml: No such file or directory"
    assert "Is a directory" in captured.err.splitlines()[1]


def test_a_dash_reads_paths_from_stdin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [str(MAILS / "02-cards-refused.eml"), str(MAILS / "05-gift-card-wish.eml")]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(names) + "\n\n"))
    assert _run("-") == 0
    assert [json.loads(line)["file"] for line in capsys.readouterr().out.splitlines()] == names


def test_the_configuration_named_gives_zone_address_and_phone_system(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(
        '[desk]\naddress = "sam@cafedurivage.example"\ntimezone = "Europe/Paris"\n'
        '[mail]\nvoicemail_senders = ["lea@librairieduquai.example"]\n',
        encoding="utf-8",
    )
    names = [str(MAILS / "02-cards-refused.eml"), str(MAILS / "05-gift-card-wish.eml")]
    assert _run(*names, config=str(config)) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["class"] for line in lines] == ["loop", "voicemail"]
    assert lines[0]["date"] == "2026-11-02T17:41:58+01:00"


@pytest.mark.parametrize("text", ["[desk", '[desk]\ntimezone = "Mars/Olympus"\n'])
def test_a_configuration_that_cannot_be_used_is_a_usage_fault(text: str, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(text, encoding="utf-8")
    with pytest.raises(UsageFault, match=r"c\.toml"):
        _run(str(MAILS / "02-cards-refused.eml"), config=str(config))


def test_parse_loads_no_heavy_library() -> None:
    code = (
        "import sys, argparse\nfrom daemon.cli import parse\n"
        f"parse.run(argparse.Namespace(files=[{str(MAILS / '01-panne-caisse-unique.eml')!r}], config=None))\n"
        "heavy = {'pydantic', 'spacy', 'numpy', 'tortoise', 'jinja2', 'asyncio', 'babel', 'selectolax'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
