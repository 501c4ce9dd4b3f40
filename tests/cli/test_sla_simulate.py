"""`sla simulate SCENARIO`: the whole desk on a virtual clock, told as the contract has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import azimut
from tests.cli.desk import REPOSITORY

KEYS = ["at", "event", "kind", "to", "subject", "ticket", "text", "detail"]
STORY = """
start = 2026-11-02T08:00:00-05:00
end   = 2026-11-03T18:00:00-05:00
[[customer]]
account = "A1"
plan = "or"
installs = 1
emails = ["marie@boulangerie.example"]
[[mail]]
at = 2026-11-02T09:10:00-05:00
from = "Marie Roy <marie@boulangerie.example>"
subject = "La caisse est gelée"
body = "Plus rien ne répond, impossible d'encaisser. C'est notre seule caisse."
severity = "S1"
"""
TAKEN = """
[[mail]]
at = 2026-11-02T09:22:00-05:00
from = "alex@azimutpos.com"
reply_to = "notification"
body = "#prendre\\nBonjour Marie, je regarde."
"""


@pytest.fixture
def tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Play this scenario; its timeline. `status` is what the command must end with."""

    def play(text: str, status: int = 0) -> list[dict[str, Any]]:
        file = tmp_path / "scenario.toml"
        file.write_text(text, encoding="utf-8")
        ended, out, err = azimut(capsys, "sla", "simulate", file, "--json")
        assert (ended, err if ended == 0 else "") == (status, ""), err
        return [json.loads(line) for line in out.splitlines()]

    return play


def at(entry: dict[str, Any]) -> str:
    return str(entry["at"])[5:16].replace("T", " ")


def sent(timeline: list[dict[str, Any]], kind: str) -> list[str]:
    """When and to whom mails of this kind went."""
    return [f"{at(e)} {e['to']}" for e in timeline if e["event"] == "sent" and e["kind"] == kind]


def test_an_emergency_is_told_from_its_mail_to_its_breach(tell: Any) -> None:
    timeline = tell(STORY + TAKEN)
    assert all(list(entry) == KEYS for entry in timeline)
    instants = [datetime.fromisoformat(entry["at"]) for entry in timeline]
    assert instants == sorted(instants)
    assert all(entry["at"].endswith("-05:00") for entry in timeline)
    assert sent(timeline, "ack") == ["11-02 09:10 marie@boulangerie.example"]
    assert sent(timeline, "notification") == ["11-02 09:10 alex@azimutpos.com"]
    alarms = ["11-02 09:10", "11-02 09:15", "11-02 09:20"]
    assert sent(timeline, "alarm") == [f"{when} alex@azimutpos.com" for when in alarms]
    (state,) = [e for e in timeline if e["event"] == "state"]
    assert (at(state), state["ticket"]) == ("11-02 09:22", "AZ-1001")
    assert state["detail"] == {"from": "new", "to": "open", "by": "alex"}
    (reply,) = [e for e in timeline if e["kind"] == "reply"]
    assert (at(reply), reply["to"]) == ("11-02 09:22", "marie@boulangerie.example")
    assert "Bonjour Marie, je regarde." in reply["text"]
    (breach,) = [e for e in timeline if e["event"] == "breach"]
    assert (at(breach), breach["kind"]) == ("11-02 13:10", "resolution")
    assert breach["detail"] == {"clock": "resolution", "due": "2026-11-02T13:10:00-05:00"}
    assert sent(timeline, "breach") == ["11-02 13:10 direction@azimutpos.com"]
    (credit,) = [e for e in timeline if e["event"] == "credit"]
    assert credit["detail"] == {"amount": "125.00", "state": "proposed"}


def test_the_customers_next_words_reach_the_agent_and_meet_the_promise(tell: Any) -> None:
    timeline = tell(
        STORY
        + TAKEN
        + """
[[mail]]
at = 2026-11-02T09:40:00-05:00
from = "marie@boulangerie.example"
reply_to = "reply"
body = "Merci! Le redémarrage n'a rien changé."
severity = "S1"
[[mail]]
at = 2026-11-02T10:30:00-05:00
from = "alex@azimutpos.com"
reply_to = "notification"
body = "C'est réglé de notre côté.\\n#résolu"
"""
    )
    assert sent(timeline, "notification") == [
        "11-02 09:10 alex@azimutpos.com",
        "11-02 09:40 alex@azimutpos.com",
    ]
    again = [e for e in timeline if e["kind"] == "notification"][1]
    assert "Le redémarrage n'a rien changé." in again["text"]
    assert "je regarde" not in again["text"].split("Pourquoi")[0]  # the quote is cut
    assert sent(timeline, "resolved") == ["11-02 10:30 marie@boulangerie.example"]
    states = [(at(e), e["detail"]["to"]) for e in timeline if e["event"] == "state"]
    assert ("11-02 10:30", "resolved") in states
    assert not [e for e in timeline if e["event"] == "breach"]
    assert {e["ticket"] for e in timeline} == {"AZ-1001"}


def test_a_bounce_takes_back_the_answer(tell: Any) -> None:
    """The address takes no mail: agents are told, and a credit needs no answer to be due."""
    timeline = tell(STORY + TAKEN + '[[bounce]]\nat = 2026-11-02T09:45:00-05:00\nof = "reply"\n')
    (told,) = [e for e in timeline if e["kind"] == "notice"]
    assert (at(told), told["to"]) == ("11-02 09:45", "alex@azimutpos.com")
    assert "marie@boulangerie.example" in told["text"]


def test_a_breach_is_true_at_its_instant_though_nobody_was_there(tell: Any) -> None:
    """The daemon is down from before the mail until after the promise."""
    down = '[[outage]]\nwhat = "daemon"\nfrom = 2026-11-02T09:00:00-05:00\nto = 2026-11-02T16:00:00-05:00\n'
    timeline = tell(STORY + down)
    breaches = [(at(e), e["kind"]) for e in timeline if e["event"] == "breach"]
    assert breaches == [("11-02 10:10", "first_response"), ("11-02 13:10", "resolution")]
    assert sent(timeline, "ack") == ["11-02 16:00 marie@boulangerie.example"]
    assert {at(e) for e in timeline if e["event"] == "sent"} >= {"11-02 16:00"}
    assert min(at(e) for e in timeline if e["event"] == "sent") == "11-02 16:00"


@pytest.mark.parametrize("what", ["imap", "smtp"])
def test_what_an_outage_held_up_goes_on_when_it_is_over(tell: Any, what: str) -> None:
    down = f'[[outage]]\nwhat = "{what}"\nfrom = 2026-11-02T09:00:00-05:00\nto = 2026-11-02T09:30:00-05:00\n'
    timeline = tell(STORY.replace("11-03T18", "11-02T12") + down)
    (ack,) = sent(timeline, "ack")
    assert "11-02 09:30" <= ack[:11] <= "11-02 09:46"  # the next try


def test_the_same_scenario_gives_the_same_bytes(tmp_path: Path) -> None:
    """Whatever the hashes of this process are."""
    file = tmp_path / "scenario.toml"
    file.write_text(STORY + TAKEN, encoding="utf-8")
    command = [sys.executable, "-m", "daemon", "sla", "simulate", str(file), "--json"]
    outputs = {
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=REPOSITORY,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert b"AZ-1001" in outputs.pop()


def test_an_answer_to_nothing_ends_the_story_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scenario.toml"
    wrong = TAKEN.replace('"notification"', '"reminder"')
    file.write_text(STORY + wrong, encoding="utf-8")
    status, out, err = azimut(capsys, "sla", "simulate", file, "--json")
    assert status == 2
    assert err == (
        f'{file}: mail.2.reply_to is "reminder": expected a kind of mail that alex@azimutpos.com has received'
        " before 2026-11-02T09:22:00-05:00\n"
    )
    assert '"kind": "ack"' in out  # what was played until then


def test_people_read_lines_under_their_days(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, page = tmp_path / "scenario.toml", tmp_path / "page.html"
    file.write_text(STORY.replace("C'est notre", "<script>alert()</script> C'est notre") + TAKEN, "utf-8")
    status, out, _ = azimut(capsys, "sla", "simulate", file, "--html", page)
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "Mon 2026-11-02"
    assert lines[1] == "  09:10     AZ-1001   ack to marie@boulangerie.example: [AZ-1001] La caisse est gelée"
    assert "  09:22     AZ-1001   state: new to open, by alex" in lines
    written = page.read_text("utf-8")
    assert "Plus rien ne répond" in written  # what came in
    assert "Bonjour Marie, je regarde." in written
    assert "<iframe sandbox srcdoc=" in written
    assert "&lt;script&gt;alert()" in written
    assert "<script" not in written
    assert 'src="http' not in written
    assert (
        written.index("La caisse est gel")
        < written.index("new to open")
        < written.index("breach: resolution")
    )


def test_strangers_and_no_customers_need_no_configuration(tell: Any) -> None:
    """Nobody is in the directory, and the sender is unknown: gratuit."""
    head, _, rest = STORY.partition("[[customer]]")
    (ack, *_) = tell(head + "[[mail]]" + rest.partition("[[mail]]")[2])
    assert (ack["kind"], ack["to"]) == ("ack", "marie@boulangerie.example")


def test_a_file_of_a_mail_arrives_as_it_is(tell: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.eml").write_bytes(b"\x00\x01 this is no mail")
    head = STORY.split("[[mail]]")[0]
    timeline = tell(head + '[[mail]]\nat = 2026-11-02T09:00:00-05:00\nfile = "broken.eml"\n')
    (found,) = [e for e in timeline if e["event"] == "quarantined"]
    assert (at(found), found["ticket"]) == ("11-02 09:00", "AZ-1001")
    assert found["detail"]["reason"]


def test_a_waiting_ticket_is_reminded_and_closed(tell: Any) -> None:
    """Reminders after 2 and 4 business days, closing after 7, counted from the question."""
    timeline = tell(
        STORY.replace("11-03T18", "11-20T18")
        + TAKEN.replace("#prendre\\nBonjour Marie, je regarde.", "Quelle version avez-vous?\\n#attente")
    )
    assert [when[:11] for when in sent(timeline, "reminder")] == ["11-04 09:22", "11-06 09:22"]
    assert sent(timeline, "closed") == ["11-11 09:22 marie@boulangerie.example"]
    assert [e["detail"]["to"] for e in timeline if e["event"] == "state"] == ["open", "waiting", "closed"]
    assert not [e for e in timeline if e["event"] == "breach"]


def test_managers_get_the_statement_on_the_first_working_day(tell: Any) -> None:
    """November ends on a Monday; the desk opens on Tuesday at nine."""
    timeline = tell(STORY.replace("11-03T18", "12-02T18") + TAKEN)
    (mail,) = [e for e in timeline if e["kind"] == "statement"]
    assert (at(mail), mail["to"], mail["ticket"]) == ("12-01 09:00", "direction@azimutpos.com", None)
    assert "Novembre 2026" in mail["text"]
    assert "AZ-1001" in mail["text"]  # whose resolution was missed


def test_arguments_that_do_not_go_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.toml"
    for arguments, said in [
        ((), "expected a scenario file"),
        ((file, "--history"), "expected no scenario"),
        (("--history",), "expected --sla FILE"),
        ((file, "--sla", file), "--sla goes with --history"),
    ]:
        status, out, err = azimut(capsys, "sla", "simulate", *arguments)
        assert (status, out) == (2, "")
        assert said in err
