"""An agent answers from a mail program of their own; the copy in the mailbox's Sent folder tells the desk.
Real Dovecot, real store, the running daemon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import Daemons, Desk, customer_mail, until
from tests.e2e.test_agents_at_work import Life

MARIE = "client1@shop1.example"


def copy(sender: str, words: str, number: int) -> bytes:
    """As Thunderbird files it, below the customer's own mail."""
    return (
        f"From: {sender}\r\nTo: {MARIE}\r\nSubject: Re: Imprimante 1\r\nMessage-ID: <own{number}@laptop>\r\n"
        "In-Reply-To: <mail1@shop1.example>\r\nReferences: <mail1@shop1.example>\r\n"
        "Date: Wed, 04 Nov 2026 10:20:00 -0500\r\nMIME-Version: 1.0\r\n"
        "User-Agent: Mozilla Thunderbird\r\n"
        "Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        f"{words}\r\n\r\nLe 04/11/2026 à 10:00, Client 1 a écrit :\r\n> Bonjour,\r\n"
    ).encode()


def file(desk: Desk, *mails: bytes) -> None:
    with desk._imap() as imap:
        imap.create("Sent")
        for mail in mails:
            imap.append("Sent", "(\\Seen)", "", mail)


def test_a_copy_in_the_sent_folder_is_the_agents_answer(
    make: Callable[..., Desk], smtp_process: Callable[..., SmtpProcess], daemons: Daemons
) -> None:
    desk = make(smtp_process().port, 'sent = "Sent"\n')
    file(desk, copy("Alex Roy <alex@azimutpos.com>", "Filed long before the desk began.", 1))
    pid = daemons.start(desk)
    until(lambda: desk.events("sent_folder_seen"), "the folder to be seen", desk)
    life = Life(desk)
    desk.deliver(customer_mail(1))
    life.gets("ack", MARIE)

    private = copy("Soutien <support@azimutpos.com>", "Merci pour le papier.", 2)
    file(desk, private.replace(MARIE.encode(), b"fournisseur@papier.example"))
    file(desk, copy("Alex Roy <support@azimutpos.com>", "Bonjour, le papier est à l'envers.", 3))
    ticket = answered(life)
    assert (ticket["state"], ticket["assignee"]) == ("open", "alex")
    (said,) = [m for m in ticket["messages"] if m["from"] == "support@azimutpos.com"]
    assert (said["direction"], said["text"]) == ("out", "Bonjour, le papier est à l'envers.")
    assert life.sent("reply", MARIE) == [], "the customer has it already"
    assert desk.mails_in("Sent") == 3, "nothing is moved or deleted there"

    assert daemons.stop(pid, desk) == 0, desk.log()
    assert desk.rows("SELECT count(*) FROM inbound_mail WHERE NOT moved AND mailbox = 'Sent'") == [(0,)]


def answered(life: Life) -> dict[str, Any]:
    def met() -> dict[str, Any] | None:
        ticket = life.ticket()
        return ticket if ticket["first_response"]["met"] else None

    return until(met, "the first response", life.desk)
