"""How an attempt to send ends, against a real server that answers as it is told."""

from __future__ import annotations

import pytest

from daemon.core.values import Outcome
from tests.edges.smtp_rig import DESK, MAIL, MARIE, pool_for, send
from tests.servers.smtp_peer import DROP, SILENCE, TAKE_AND_DROP, TAKE_AND_SILENCE, SmtpPeer, Verb


async def test_an_accepted_mail_arrives_as_it_was_and_names_the_servers_words() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        peer.script("BODY", "250 2.0.0 queued as ABC123")
        delivery = await send(pool)
        (mail,) = peer.received
    assert (delivery.outcome, delivery.code) == (Outcome.ACCEPTED, 250)
    assert "queued as ABC123" in delivery.text
    assert (mail.envelope_from, mail.recipients, mail.data) == (DESK, (MARIE,), MAIL)


async def test_the_null_sender_is_put_on_the_wire_as_empty_brackets() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        delivery = await pool.send("", MARIE, MAIL)
    assert delivery.outcome is Outcome.ACCEPTED
    assert peer.lines[1].startswith("MAIL FROM:<> ")


@pytest.mark.parametrize(
    ("verb", "answer", "outcome"),
    [
        ("MAIL", "451 4.3.0 later", Outcome.DEFERRED),
        ("MAIL", "550 5.7.1 we do not like your sender", Outcome.DEFERRED),
        ("MAIL", "552 5.3.4 too big", Outcome.REFUSED),
        ("MAIL", "421 4.3.2 going down", Outcome.UNREACHABLE),
        ("MAIL", "530 5.7.0 authentication required", Outcome.UNREACHABLE),
        ("RCPT", "450 4.2.0 greylisted", Outcome.DEFERRED),
        ("RCPT", "421 4.7.0 too many errors", Outcome.DEFERRED),
        ("RCPT", "550 5.1.1 no such user", Outcome.REFUSED),
        ("RCPT", "503 5.5.1 bad sequence", Outcome.DEFERRED),
        ("DATA", "452 4.3.1 disk full", Outcome.DEFERRED),
        ("DATA", "554 5.5.1 no valid recipients", Outcome.REFUSED),
        ("BODY", "452 4.5.3 daily limit", Outcome.DEFERRED),
        ("BODY", "421 4.3.2 going down", Outcome.DEFERRED),
        # a provider's limit on us is no refusal of this mail, and waits for all
        ("MAIL", "550 5.4.5 Daily user sending limit exceeded", Outcome.UNREACHABLE),
        ("RCPT", "550 5.1.90 Your message can't be sent: daily limit reached", Outcome.UNREACHABLE),
        ("BODY", "550 5.4.5 Daily SMTP relay sending limit exceeded", Outcome.UNREACHABLE),
        (
            "BODY",
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
            Outcome.UNREACHABLE,
        ),
        ("RCPT", "552 5.2.2 mailbox full", Outcome.REFUSED),
        ("BODY", "552 5.3.4 too big", Outcome.REFUSED),
        ("BODY", "554 5.6.0 content refused", Outcome.REFUSED),
    ],
)
async def test_an_answer_is_sorted_by_its_phase_and_code(verb: Verb, answer: str, outcome: Outcome) -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        peer.script(verb, answer)
        delivery = await send(pool)
        assert (delivery.outcome, delivery.code) == (outcome, int(answer[:3]))
        assert answer[4:] in delivery.text
        assert peer.received == []
        # whatever it was, it concerned that mail: the next one goes
        assert (await send(pool)).outcome is Outcome.ACCEPTED


async def test_after_a_refusal_the_same_connection_starts_a_new_transaction() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        peer.refuse["gone@"] = "550 5.1.1 no such user"
        assert (await send(pool, "gone@boulangerie.example")).outcome is Outcome.REFUSED
        assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert peer.connections == 1
        assert peer.verbs() == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]


async def test_greylisting_is_deferred_until_the_server_has_seen_enough() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        peer.script("RCPT", "450 4.2.0 greylisted", times=2)
        outcomes = [(await send(pool)).outcome for _ in range(3)]
    assert outcomes == [Outcome.DEFERRED, Outcome.DEFERRED, Outcome.ACCEPTED]
    assert len(peer.received) == 1


@pytest.mark.parametrize(("answer", "taken"), [(DROP, 0), (TAKE_AND_DROP, 1)])
async def test_a_connection_that_breaks_after_the_mail_leaves_its_fate_unknown(
    answer: str, taken: int
) -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        peer.script("BODY", answer)
        delivery = await send(pool)
        assert (delivery.outcome, delivery.code) == (Outcome.UNKNOWN, None)
        assert len(peer.received) == taken
        assert (await send(pool)).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(("answer", "taken"), [(SILENCE, 0), (TAKE_AND_SILENCE, 1)])
async def test_a_server_that_falls_silent_after_the_mail_leaves_its_fate_unknown(
    answer: str, taken: int
) -> None:
    async with SmtpPeer() as peer, pool_for(peer, data_timeout=0.05) as pool:
        peer.script("BODY", answer)
        delivery = await send(pool)
        assert delivery.outcome is Outcome.UNKNOWN
        assert len(peer.received) == taken


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [DROP, SILENCE])
async def test_a_fresh_connection_that_breaks_before_the_mail_defers_it(verb: Verb, answer: str) -> None:
    async with SmtpPeer() as peer, pool_for(peer, timeout=0.1) as pool:
        peer.script(verb, answer)
        delivery = await send(pool)
        assert (delivery.outcome, delivery.code) == (Outcome.DEFERRED, None)
        assert verb in delivery.text
        assert peer.received == []


@pytest.mark.parametrize("answer", ["421 4.3.2 too busy", "554 5.3.2 not you", DROP, SILENCE])
@pytest.mark.parametrize("verb", ["GREET", "EHLO"])
async def test_without_a_conversation_the_server_is_unreachable(verb: Verb, answer: str) -> None:
    async with SmtpPeer() as peer, pool_for(peer, timeout=0.1) as pool:
        peer.script(verb, answer)
        delivery = await send(pool)
    assert delivery.outcome is Outcome.UNREACHABLE
    assert f"127.0.0.1:{peer.port}" in delivery.text


async def test_a_refused_port_is_unreachable() -> None:
    async with SmtpPeer() as peer:
        await peer.stop()
        async with pool_for(peer) as pool:
            delivery = await send(pool)
            assert delivery.outcome is Outcome.UNREACHABLE
            assert pool.status().last_error == delivery.text
            assert pool.status().retry_in > 0


async def test_a_connection_lost_at_quit_makes_no_second_copy() -> None:
    async with SmtpPeer() as peer:
        peer.script("QUIT", DROP)
        async with pool_for(peer) as pool:
            assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert len(peer.received) == 1
        assert peer.verbs()[-1] == "QUIT"


async def test_an_answer_that_is_none_closes_the_connection_and_defers_the_mail() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        peer.script("RCPT", "what?")
        assert (await send(pool)).outcome is Outcome.DEFERRED
        assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert peer.connections == 2


async def test_an_answer_that_means_nothing_after_the_mail_leaves_its_fate_unknown() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        peer.script("BODY", "354 go on")
        assert (await send(pool)).outcome is Outcome.UNKNOWN


async def test_a_servers_words_are_bounded_and_bare_of_control_characters() -> None:
    async with SmtpPeer(utf8=True) as peer, pool_for(peer) as pool:
        peer.script("RCPT", "550 \x1b[31mred\x07 \u202eevil " + "x" * 2000)
        delivery = await send(pool)
    assert len(delivery.text) <= 320
    assert delivery.text.isprintable()
    assert "\\x1b[31mred" in delivery.text


@pytest.mark.parametrize(
    "recipient",
    [
        "no-at-sign",
        "@boulangerie.example",
        "marie@",
        "two@at@boulangerie.example",
        "ma rie@boulangerie.example",
        "marie@boulan gerie.example",
        "marie@boulangerie.example>\r\nRCPT TO:<thief@evil.example",
        "marie@boulangerie.example> NOTIFY=NEVER",
        "marie\x00@boulangerie.example",
        '"a b"@boulangerie.example',
        "<marie@boulangerie.example>",
        "marie@[127.0.0.1]",
        "marie@-boulangerie.example",
        "marie@boulangerie..example",
        "x" * 65 + "@boulangerie.example",
        "marie@" + "a" * 64 + ".example",
        "marie@" + "abcdefgh." * 30 + "example",
        "mari\udce9@boulangerie.example",
    ],
)
async def test_an_address_that_cannot_go_on_the_wire_is_refused_before_any_smtp(recipient: str) -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        delivery = await send(pool, recipient)
    assert delivery.outcome is Outcome.LOCAL
    assert peer.connections == 0


async def test_our_own_envelope_address_is_judged_like_any_other() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        delivery = await pool.send("support@azimutpos.com> SIZE=1", MARIE, MAIL)
    assert delivery.outcome is Outcome.LOCAL
    assert "our own envelope address" in delivery.text


async def test_a_domain_outside_ascii_goes_as_its_ascii_form() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        assert (await send(pool, "marie@café.example")).outcome is Outcome.ACCEPTED
    assert peer.received[0].recipients == ("marie@xn--caf-dma.example",)


async def test_a_local_part_outside_ascii_needs_a_server_that_takes_it() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        refused = await send(pool, "éric@boulangerie.example")
        assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert peer.verbs() == ["EHLO", "MAIL", "RCPT", "DATA"]
    async with SmtpPeer(utf8=True) as peer, pool_for(peer) as pool:
        accepted = await send(pool, "éric@boulangerie.example")
        assert "SMTPUTF8" in peer.lines[1]
    assert refused.outcome is Outcome.LOCAL
    assert "SMTPUTF8" in refused.text
    assert accepted.outcome is Outcome.ACCEPTED


async def test_8_bit_content_needs_a_server_that_takes_it() -> None:
    mail = "Subject: x\r\n\r\nDéjà fait.\r\n".encode()
    async with SmtpPeer(eight_bit=False) as peer, pool_for(peer) as pool:
        refused = await send(pool, message=mail)
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        accepted = await send(pool, message=mail)
        assert "BODY=8BITMIME" in peer.lines[1]
        assert peer.received[0].data == mail
    assert refused.outcome is Outcome.LOCAL
    assert "8BITMIME" in refused.text
    assert accepted.outcome is Outcome.ACCEPTED


async def test_a_mail_over_the_servers_limit_is_refused_before_its_content_is_sent() -> None:
    async with SmtpPeer(size_limit=1000) as peer, pool_for(peer) as pool:
        delivery = await send(pool, message=MAIL + b"x" * 900 + b"\r\n" + b"y" * 100)
    assert (delivery.outcome, delivery.code) == (Outcome.REFUSED, 552)
    assert "DATA" not in peer.verbs()


async def test_mail_to_a_domain_that_is_not_allowed_here_goes_nowhere() -> None:
    async with SmtpPeer() as peer, pool_for(peer, only_to=("Test.Example", "café.example")) as pool:
        kept = await send(pool)
        sent = [await send(pool, "a@TEST.example"), await send(pool, "a@café.example")]
    assert kept.outcome is Outcome.LOCAL
    assert "only_to" in kept.text
    assert [d.outcome for d in sent] == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert len(peer.received) == 2


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
async def test_a_mail_that_looks_like_smtp_is_one_mail_with_crlf_ends_on_the_wire(end: bytes) -> None:
    lines = [
        b"Subject: points", b"", b".", b"..", b".hidden", b"QUIT", b".", b"MAIL FROM:<thief@evil.example>",
        b"RCPT TO:<victim@evil.example>", b"DATA", b"", b".", b"the end",
    ]  # fmt: skip
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        delivery = await send(pool, message=end.join(lines))
        assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert delivery.outcome is Outcome.ACCEPTED
        assert [m.recipients for m in peer.received] == [(MARIE,), (MARIE,)]
        assert peer.received[0].data == b"\r\n".join([*lines, b""])
        assert peer.verbs() == ["EHLO", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA"]
        wire = bytes(peer.wire)
    assert wire.count(b"\r\n") == wire.count(b"\n") == wire.count(b"\r")
    assert wire.count(b"\r\n.\r\n") == 2
