"""`docs/threats.md` names a test or gives a reason for every case of the catalogue, and its names exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.mail import threat_mails

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| ([A-Z]\d{2}) \| ([^|]+) \| (.+) \|$", (ROOT / "docs" / "threats.md").read_text(), re.MULTILINE
)
NAMED = re.compile(r"[\w/]+\.py::(?:\w+|\*)")
MAIL = re.compile(r"\bmail (\d{3})\b")


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


def test_every_case_stands_there_once() -> None:
    names = [name for name, _, _ in ROWS]
    assert len(names) == len(set(names)) == 160


@pytest.mark.parametrize(
    ("name", "proof"), [(name, proof) for name, _, proof in ROWS], ids=lambda value: value[:3]
)
def test_a_case_has_a_test_that_exists_or_a_reason(name: str, proof: str) -> None:
    named = NAMED.findall(proof)
    mails = MAIL.findall(proof)
    assert named or mails or proof.startswith("Note: "), name
    for test in named:
        file, _, function = test.partition("::")
        assert (ROOT / "tests" / file).is_file(), test
        assert function == "*" or function in functions_of(file), test
    played = {mail[:3] for mail in threat_mails.names()}
    assert set(mails) <= played


def test_every_mail_of_the_set_stands_in_the_page() -> None:
    named = {mail for _, _, proof in ROWS for mail in MAIL.findall(proof)}
    assert {mail[:3] for mail in threat_mails.names()} == named


def _imports(folder: str) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "daemon" / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


def test_reading_and_composing_open_no_connection() -> None:
    """Whatever a mail holds, no pixel is fetched and no link is followed: nothing there could."""
    net = {"socket", "ssl", "http", "urllib3", "requests", "httpx", "aiohttp", "smtplib", "imaplib", "ftplib"}
    for folder in ("mail", "core"):
        assert not _imports(folder) & net
    asked = [p for p in (ROOT / "daemon" / "mail").rglob("*.py") if "urllib.request" in p.read_text("utf-8")]
    assert asked == []


def test_no_archive_is_ever_opened() -> None:
    for folder in ("mail", "core", "loops"):
        assert not _imports(folder) & {"zipfile", "tarfile", "gzip", "bz2", "lzma", "zlib", "shutil"}
