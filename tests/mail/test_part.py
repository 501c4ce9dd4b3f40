"""The header of a part is read once, and read as the standard class and mail-parser read it."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import compat32

import mailparser
import pytest

from daemon.core.values import Mail
from daemon.mail import header
from daemon.mail.addresses import addresses
from daemon.mail.parse import parse
from daemon.mail.part import Part
from tests.mail import threat_mails


def part(head: str) -> Part:
    top = BytesParser(Part, policy=compat32).parsebytes(f"{head}\n\n".encode())
    assert isinstance(top, Part)
    return top


def test_fields_are_found_in_order_without_case_and_unfolded() -> None:
    top = part("Received: one\nRECEIVED: two\n  folded\nTo: x@y.example")
    assert top.every("received") == ["one", "two folded"]
    assert (top.first("Received"), part("To: one\n two").first("to")) == ("one", "one two")
    assert (top.every("cc"), top.first("cc")) == ([], "")


def test_a_changed_field_is_not_remembered_as_it_was() -> None:
    top = part('Subject: before\nContent-Type: text/plain; name="before"')
    assert (top.first("subject"), top.file_name()) == ("before", "before")
    del top["subject"]
    assert top.first("subject") == ""
    top["Subject"] = "after"
    assert (top.first("subject"), top.get("SUBJECT")) == ("after", "after")
    del top["content-type"]
    top["Content-Type"] = "text/html; name=after"
    assert (top.media_type(), top.file_name()) == ("text/html", "after")
    top.set_raw("Subject", "once more")
    assert top.every("subject") == ["after", "once more"]


def test_a_parameter_is_the_first_of_its_name_whatever_its_form() -> None:
    top = part("Content-Type: text/plain; CHARSET=\"utf-8\"; charset=x; name*=iso-8859-1''%E9t%E9.txt; empty")
    assert top.parameter("charset") == "utf-8"
    assert top.file_name() == "été.txt"
    assert (top.parameter("empty"), top.parameter("none"), top.disposition()) == ("", "", "")


def test_a_charset_in_the_long_form_does_not_make_a_mail_unreadable() -> None:
    head = b"From: a@x.example\nContent-Type: text/plain; charset*=us-ascii''windows-1252\n\n"
    mail = parse(head + b"\xe9t\xe9\n")
    assert isinstance(mail, Mail)
    assert mail.text == "été"


@pytest.mark.parametrize("name", threat_mails.names())
def test_addresses_and_date_are_those_of_the_whole_parser(name: str) -> None:
    head = threat_mails.load(name)[0].partition(b"\n\n")[0][:20_000]
    top = BytesParser(Part, policy=compat32).parsebytes(head + b"\n\n", headersonly=True)
    assert isinstance(top, Part)
    for field in ("from", "to", "cc", "reply-to", "date"):
        found = top.every(field)[:1]
        del top[field]
        if found and found[0].isascii():
            top[field] = found[0]
    whole, read = mailparser.MailParser(top), header.read(top)
    assert (read.to, read.cc) == (addresses(whole.to), addresses(whole.cc))
    assert (read.reply_to, read.date) == (addresses(whole.reply_to), whole.date)
    assert read.senders == addresses(whole.from_) or not addresses(whole.from_)
