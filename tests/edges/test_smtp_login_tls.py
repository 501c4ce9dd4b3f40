"""TLS that is verified or nothing, and a login that is tried once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from daemon.core.values import Outcome
from daemon.edges.smtp import opening
from tests.edges.smtp_rig import certificate_for, pool_for, send
from tests.servers.smtp_peer import SmtpPeer

LOGIN = ("support@azimutpos.com", "correct-hørse-battery")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate_for(tmp_path_factory.mktemp("certificate"), "IP:127.0.0.1")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for another host."""
    return certificate_for(tmp_path_factory.mktemp("foreign"), "DNS:elsewhere.example")


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_mail_goes_over_a_verified_connection_after_a_login(
    tls: str, certificate: tuple[Path, Path]
) -> None:
    both, chain = certificate
    async with (
        SmtpPeer(tls=tls, certificate=both, login=LOGIN, auth_required=True) as peer,  # type: ignore[arg-type]
        pool_for(peer, ca_file=chain) as pool,
    ):
        deliveries = [await send(pool) for _ in range(2)]
        assert [d.outcome for d in deliveries] == [Outcome.ACCEPTED] * 2
        assert peer.logins == ["PLAIN"]
        assert peer.connections == 1


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_certificate_of_an_unknown_authority_gets_no_login_and_no_mail(
    tls: str, certificate: tuple[Path, Path]
) -> None:
    async with (
        SmtpPeer(tls=tls, certificate=certificate[0], login=LOGIN) as peer,  # type: ignore[arg-type]
        pool_for(peer) as pool,
    ):
        delivery = await send(pool)
        assert delivery.outcome is Outcome.UNREACHABLE
        assert "certificate" in delivery.text
        assert "AUTH" not in peer.verbs()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_certificate_for_another_host_gets_no_login_and_no_mail(
    tls: str, foreign: tuple[Path, Path]
) -> None:
    both, chain = foreign
    async with (
        SmtpPeer(tls=tls, certificate=both, login=LOGIN) as peer,  # type: ignore[arg-type]
        pool_for(peer, ca_file=chain) as pool,
    ):
        delivery = await send(pool)
        assert delivery.outcome is Outcome.UNREACHABLE
        assert "must name this host" in delivery.text
        assert "AUTH" not in peer.verbs()


async def test_a_server_that_offers_no_starttls_gets_nothing_in_clear() -> None:
    async with SmtpPeer(login=LOGIN) as peer, pool_for(peer, tls="starttls") as pool:
        delivery = await send(pool)
        assert delivery.outcome is Outcome.UNREACHABLE
        assert "STARTTLS" in delivery.text
        assert peer.verbs() == ["EHLO"]


async def test_a_server_that_refuses_starttls_gets_nothing_in_clear(certificate: tuple[Path, Path]) -> None:
    both, chain = certificate
    async with (
        SmtpPeer(tls="starttls", certificate=both, login=LOGIN) as peer,
        pool_for(peer, ca_file=chain) as pool,
    ):
        peer.script("STARTTLS", "454 4.7.0 TLS not available")
        assert (await send(pool)).outcome is Outcome.UNREACHABLE
        assert peer.verbs() == ["EHLO", "STARTTLS"]


async def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    async with SmtpPeer() as peer, pool_for(peer, tls="implicit", ca_file=tmp_path / "no.pem") as pool:
        delivery = await send(pool)
        assert delivery.outcome is Outcome.UNREACHABLE
        assert "no.pem" in delivery.text
        assert peer.connections == 0


async def test_a_password_is_not_sent_in_clear_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_on_loopback", lambda client: False)
    async with SmtpPeer(login=LOGIN) as peer, pool_for(peer) as pool:
        delivery = await send(pool)
        assert delivery.outcome is Outcome.UNREACHABLE
        assert "in clear" in delivery.text
        assert peer.logins == []


async def test_a_refused_login_is_tried_once_and_not_again_for_every_mail() -> None:
    async with SmtpPeer(login=LOGIN) as peer, pool_for(peer, secret=lambda: "wrong") as pool:
        deliveries = [await send(pool) for _ in range(5)]
        assert {d.outcome for d in deliveries} == {Outcome.UNREACHABLE}
        assert all("535" in d.text and LOGIN[0] in d.text for d in deliveries)
        assert {d.code for d in deliveries} == {535}
        assert len({d.text for d in deliveries}) == 1, "told again in the same words"
        assert peer.logins == ["PLAIN"]
        assert peer.connections == 1
        assert 50 < pool.status().retry_in <= 60, "in minutes: providers lock accounts"


async def test_a_login_that_is_deferred_is_tried_again_soon() -> None:
    async with SmtpPeer(login=LOGIN) as peer, pool_for(peer) as pool:
        peer.script("AUTH", "454 4.7.0 temporary authentication failure")
        assert (await send(pool)).outcome is Outcome.UNREACHABLE
        assert 0 < pool.status().retry_in <= 1


async def test_the_password_is_read_anew_for_every_login() -> None:
    passwords = iter([LOGIN[1], LOGIN[1]])
    read = []

    def secret() -> str:
        read.append(next(passwords))
        return read[-1]

    async with SmtpPeer(login=LOGIN) as peer, pool_for(peer, secret=secret) as pool:
        await send(pool)
        peer.drop_all()
        assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert len(read) == 2


async def test_a_password_that_cannot_be_read_is_told_without_a_connection() -> None:
    def secret() -> str:
        raise FileNotFoundError("no password: smtp-password does not exist")

    async with SmtpPeer(login=LOGIN) as peer, pool_for(peer, secret=secret) as pool:
        delivery = await send(pool)
        assert delivery.outcome is Outcome.UNREACHABLE
        assert "smtp-password does not exist" in delivery.text
        assert peer.connections == 0


async def test_a_server_that_offers_no_login_is_not_sent_mail_without_one() -> None:
    async with SmtpPeer() as peer, pool_for(peer, username="support", secret=lambda: "x") as pool:
        delivery = await send(pool)
        assert delivery.outcome is Outcome.UNREACHABLE
        assert "no login" in delivery.text
        assert "MAIL" not in peer.verbs()


async def test_a_secret_is_in_no_text_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("aiosmtplib", "daemon", "azimut", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    secret = "s3cret-of-the-desk"
    async with SmtpPeer(login=LOGIN) as peer, pool_for(peer, secret=lambda: secret) as pool:
        delivery = await send(pool)
        told = delivery.text + repr(pool.status()) + repr(pool._server)
    assert secret not in told
    ours = [r for r in caplog.records if r.name != "mail.log"]  # the peer's own log is the server's affair
    assert all(secret not in r.getMessage() for r in ours)
