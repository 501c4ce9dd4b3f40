"""What we signed is read back; what anybody changed, guessed or copied from elsewhere is not."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.commands.rights import addresses_of
from daemon.core.policy import Agent
from daemon.core.values import Address, BounceReport, ClaimKind
from daemon.mail.tokens import (
    Purpose,
    TokenKey,
    TokenReader,
    address_token,
    bounced_rows,
    claims,
    footer_token,
    is_ours,
    load_or_create_secret,
    message_id,
    read_address_token,
    read_message_id,
    read_verp,
    verp,
)
from daemon.settings.faults import ConfigError
from tests.core.build import MARIE, mail, policy

KEY = TokenKey(b"k" * 32)
OTHER = TokenKey(b"o" * 32)
DESK = "support@azimutpos.com"
TODAY = date(2026, 11, 7)
LATER = TODAY + timedelta(days=60)

tickets = st.integers(1, 2**31 - 1)
base32 = st.sampled_from("abcdefghijklmnopqrstuvwxyz234567")


def token(ticket: int = 1042, recipient: str = MARIE, purpose: Purpose = Purpose.CUSTOMER) -> str:
    return address_token(KEY, ticket, recipient, purpose, LATER)


def mid(ticket: int | None = 1042, row: int = 17, cause: str = "ack:INBOX/7/11") -> str:
    return message_id(KEY, ticket, row, "ack", cause, "azimutpos.com")


@given(tickets, st.sampled_from(list(Purpose)), st.emails())
def test_an_address_token_says_ticket_purpose_and_reader(ticket: int, purpose: Purpose, reader: str) -> None:
    made = address_token(KEY, ticket, reader, purpose, LATER)
    claim = read_address_token(KEY, made, reader.upper(), TODAY)
    assert claim is not None
    assert (claim.kind, claim.ticket, claim.purpose) == (ClaimKind.TOKEN, ticket, purpose.name.lower())
    assert claim.for_sender
    assert len(f"support+{made}") <= 64
    assert made.isalnum()
    assert made == made.lower()


def test_a_token_in_another_hand_still_names_its_ticket_but_is_not_made_for_that_sender() -> None:
    claim = read_address_token(KEY, token(), "paul@boulangerieroy.example", TODAY)
    assert claim is not None
    assert not claim.for_sender


def test_a_token_is_an_agents_at_any_of_their_addresses() -> None:
    """Our mail went to the first; the answer comes from an alias, or the other way round."""
    alex = ("alex@azimutpos.com", "aroy@azimutpos.com")
    for made_for in alex:
        made = token(recipient=made_for, purpose=Purpose.AGENT)
        for sender in alex:
            claim = read_address_token(KEY, made, sender, TODAY, alex)
            assert claim is not None
            assert claim.for_sender
        other = read_address_token(KEY, made, "sam@azimutpos.com", TODAY, ("sam@azimutpos.com",))
        assert other is not None
        assert not other.for_sender


def test_a_token_may_be_of_the_desk_and_no_ticket() -> None:
    claim = read_address_token(KEY, token(0, purpose=Purpose.COMMAND), MARIE, TODAY)
    assert claim is not None
    assert (claim.ticket, claim.purpose, claim.for_sender) == (0, "command", True)


@given(st.data())
def test_no_character_of_a_token_can_be_changed(data: st.DataObject) -> None:
    made = token()
    at = data.draw(st.integers(0, len(made) - 1))
    other = data.draw(base32.filter(lambda c: c != made[at]))
    assert read_address_token(KEY, made[:at] + other + made[at + 1 :], MARIE, TODAY) is None


def test_a_token_has_one_spelling() -> None:
    made = token()
    twins = [made[:-1] + last for last in "abcdefghijklmnopqrstuvwxyz234567" if last != made[-1]]
    assert [twin for twin in twins if read_address_token(KEY, twin, MARIE, TODAY)] == []


@given(st.text(base32, min_size=34, max_size=34) | st.text(max_size=80))
def test_no_guess_is_a_token(guess: str) -> None:
    assert read_address_token(KEY, guess, MARIE, TODAY) is None


def test_a_token_holds_until_its_last_day_and_survives_capitals() -> None:
    assert read_address_token(KEY, token().upper(), MARIE, LATER) is not None
    assert read_address_token(KEY, token(), MARIE, LATER + timedelta(days=1)) is None


def test_another_key_reads_nothing() -> None:
    assert read_address_token(OTHER, token(), MARIE, TODAY) is None
    assert read_message_id(OTHER, mid()) is None
    assert read_verp(OTHER, verp(KEY, 17)) is None


def test_tokens_for_two_readers_or_two_purposes_are_two_tokens() -> None:
    made = {token(), token(recipient="alex@azimutpos.com"), *(token(purpose=p) for p in Purpose)}
    assert len(made) == 1 + len(Purpose)


def test_a_message_id_is_stable_and_names_its_ticket() -> None:
    assert mid() == mid()
    assert mid().startswith("az.1042.17.")
    claim = read_message_id(KEY, f"<{mid()}>")
    assert claim is not None
    assert (claim.kind, claim.ticket) == (ClaimKind.SIGNED_ID, 1042)


def test_two_desks_grown_from_one_database_make_two_message_ids() -> None:
    assert mid(cause="ack:INBOX/7/11") != mid(cause="ack:INBOX/8/11")


@given(st.data())
def test_no_character_of_a_message_id_can_be_changed(data: st.DataObject) -> None:
    made = mid()
    at = data.draw(st.integers(0, len(made) - 1))
    other = data.draw(st.sampled_from("abz0179.@-").filter(lambda c: c != made[at]))
    assert read_message_id(KEY, made[:at] + other + made[at + 1 :]) is None


@pytest.mark.parametrize(
    "guess",
    [
        "",
        "<>",
        "az.1042.17@azimutpos.com",
        "az.1042.17.00000000.aaaaaaaaaaaaaaaa@azimutpos.com",
        "notify-1-1@x",
    ],
)
def test_a_made_up_message_id_matches_nothing(guess: str) -> None:
    assert read_message_id(KEY, guess) is None


def test_a_mail_without_ticket_is_ours_but_claims_no_ticket() -> None:
    made = mid(ticket=None)
    assert read_message_id(KEY, made) is None
    assert is_ours(mail(message_id=made), KEY)


def test_our_own_mail_that_comes_back_is_known_and_a_strangers_is_not() -> None:
    assert is_ours(mail(message_id=mid()), KEY)
    assert not is_ours(mail(message_id="m1@client.example"), KEY)
    assert not is_ours(mail(message_id=mid().replace("az.1042", "az.1043")), KEY)


@given(st.integers(1, 10**17))
def test_a_bounce_address_names_its_row(row: int) -> None:
    assert read_verp(KEY, f"support+{verp(KEY, row)}") == row
    assert read_verp(KEY, verp(KEY, row).upper()) == row
    assert read_verp(KEY, verp(KEY, row).replace(f"b{row}-", f"b{row + 1}-")) is None
    assert len(f"support+{verp(KEY, row)}") <= 64


@pytest.mark.parametrize(
    "local", ["support", "b17", "b0-aaaaaaaaaaaaaaaa", "support+b17-aaaaaaaaaaaaaaaa", ""]
)
def test_a_made_up_bounce_address_names_no_row(local: str) -> None:
    assert read_verp(KEY, local) is None


def test_one_signature_never_passes_for_another_kind() -> None:
    mac = verp(KEY, 1042).partition("-")[2]
    assert not claims(mail(text=f"AZ-1042·{mac}", subject="x"), KEY, DESK, TODAY)
    footer = footer_token(KEY, 17).partition("·")[2]
    assert read_verp(KEY, f"b17-{footer}") is None


def test_all_evidence_of_a_mail_is_found_strongest_first() -> None:
    found = claims(
        mail(
            to=(Address(address=f"support+{token(7)}@azimutpos.com"),),
            in_reply_to=(mid(8),),
            references=(mid(10, row=1), "x@y", mid(9, row=2)),
            text=f"Bonjour\n> Soutien\n> {footer_token(KEY, 11)}\n",
            subject="Re: [AZ-12] caisse, voir aussi az-13",
        ),
        KEY,
        DESK,
        TODAY,
    )
    assert [(c.kind, c.ticket) for c in found] == [
        (ClaimKind.TOKEN, 7),
        (ClaimKind.SIGNED_ID, 8),
        (ClaimKind.SIGNED_ID, 9),
        (ClaimKind.SIGNED_ID, 10),
        (ClaimKind.BODY_TOKEN, 11),
        (ClaimKind.SUBJECT, 12),
        (ClaimKind.SUBJECT, 13),
    ]


@pytest.mark.parametrize("where", ["to", "cc", "delivered_to"])
def test_a_token_is_found_wherever_the_desk_is_addressed(where: str) -> None:
    address = f"support+{token().upper()}@mx.azimutpos.com"
    given_to = (address,) if where == "delivered_to" else (Address(address=address),)
    assert claims(mail(**{where: given_to, "subject": "x"}), KEY, DESK, TODAY)[0].ticket == 1042


def test_a_plus_address_of_somebody_else_is_no_evidence() -> None:
    other = Address(address=f"marie+{token()}@boulangerieroy.example")
    assert not claims(mail(to=(other,), subject="x"), KEY, DESK, TODAY)


@pytest.mark.parametrize(
    "changed", ["AZ-1043·{mac}", "AZ-1042·{flip}", "AZ-1042 {mac}", "AZ-99999999999·{mac}"]
)
def test_a_changed_footer_is_no_evidence(changed: str) -> None:
    mac = footer_token(KEY, 1042).partition("·")[2]
    flip = ("a" if mac[0] != "a" else "b") + mac[1:]
    assert not claims(mail(text=changed.format(mac=mac, flip=flip), subject="x"), KEY, DESK, TODAY)


@pytest.mark.parametrize(
    "subject", ["AZ-0", "AZ-99999999999", "GAZ-12", "AZ-12b", "xAZ-12", "AZ 12", "az-12-3"]
)
def test_what_is_not_quite_a_reference_is_none(subject: str) -> None:
    assert not claims(mail(subject=subject), KEY, DESK, TODAY)


@given(st.text(max_size=300), st.text(max_size=300), st.lists(st.text(max_size=60), max_size=5))
def test_any_text_can_be_searched_for_evidence(subject: str, text: str, ids: list[str]) -> None:
    searched = mail(subject=subject, text=text, in_reply_to=tuple(ids), references=tuple(ids))
    assert all(c.kind is ClaimKind.SUBJECT for c in claims(searched, KEY, DESK, TODAY))


def test_a_report_names_rows_by_its_address_and_by_the_id_it_returns() -> None:
    report = mail(
        sender="mailer-daemon@videotron.example",
        delivered_to=(f"support+{verp(KEY, 17)}@azimutpos.com",),
        bounce=BounceReport(
            recipient=MARIE, action="failed", status="5.1.1", original_message_id=mid(row=18)
        ),
    )
    assert bounced_rows(report, KEY, DESK) == (17, 18)


def test_the_reader_judges_expiry_by_the_clock_it_was_given() -> None:
    sent = mail(to=(Address(address=f"support+{token()}@azimutpos.com"),), subject="x")
    in_time = TokenReader(KEY, DESK, lambda: datetime(2026, 11, 7, tzinfo=UTC))
    too_late = TokenReader(KEY, DESK, lambda: datetime(2027, 3, 1, tzinfo=UTC))
    assert in_time.claims(sent)
    assert not too_late.claims(sent)
    assert in_time.bounced_rows(sent) == ()
    assert in_time.is_ours(mail(message_id=mid()))


def test_the_key_does_not_show_itself() -> None:
    assert "kkk" not in repr(KEY)


def test_a_secret_is_made_once_for_us_alone_and_then_read(tmp_path: Path) -> None:
    path = tmp_path / "data" / "token-key"
    made = load_or_create_secret(path)
    assert len(made) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_secret(path) == made
    assert [p.name for p in path.parent.iterdir()] == ["token-key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "token-key"
    path.write_bytes(b"s" * 64)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_or_create_secret(path)


@pytest.mark.parametrize("held", [b"", b"\n", b"short"])
def test_a_secret_that_is_too_short_is_refused_never_replaced(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "token-key"
    path.touch(mode=0o600)
    path.write_bytes(held)
    with pytest.raises(ConfigError, match="restore it"):
        load_or_create_secret(path)
    assert path.read_bytes() == held


def test_a_secret_that_is_a_folder_or_out_of_reach_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="secret_file"):
        load_or_create_secret(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="secret_file"):
        load_or_create_secret(tmp_path / "file" / "token-key")


def test_of_two_that_start_at_once_both_use_the_first_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token-key"
    link = os.link

    def somebody_was_quicker(source: Path, target: Path) -> None:
        path.touch(mode=0o600)
        path.write_bytes(b"f" * 64)
        link(source, target)

    monkeypatch.setattr(os, "link", somebody_was_quicker)
    assert load_or_create_secret(path) == b"f" * 64
    assert [p.name for p in tmp_path.iterdir()] == ["token-key"]


def test_the_reader_knows_an_agents_other_addresses() -> None:
    made = token(recipient="alex@azimutpos.com", purpose=Purpose.AGENT)
    answer = mail("aroy@azimutpos.com", to=(Address(address=f"support+{made}@azimutpos.com"),), subject="x")
    rules = policy(
        agents=(Agent(name="Alex", handle="alex", addresses=("alex@azimutpos.com", "aroy@azimutpos.com")),)
    )

    def reader(*known: Callable[[str], Sequence[str]]) -> TokenReader:
        return TokenReader(KEY, DESK, lambda: datetime(2026, 11, 7, tzinfo=UTC), *known)

    assert [c.for_sender for c in reader().claims(answer)] == [False]
    assert [c.for_sender for c in reader(partial(addresses_of, policy=rules)).claims(answer)] == [True]
