"""Which ticket a mail belongs to, and whom to believe."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core.matching import RecordedMessage, Role, lookup, match
from daemon.core.values import BounceReport, Claim, ClaimKind, State, Unreadable
from tests.core.build import MARIE, T0, account, mail, policy, snapshot, ticket

STRANGER = "mallory@evil.test"
TOKEN = Claim(kind=ClaimKind.TOKEN, ticket=1042, purpose="customer", for_sender=True)
SIGNED = Claim(kind=ClaimKind.SIGNED_ID, ticket=1042)
SUBJECT = Claim(kind=ClaimKind.SUBJECT, ticket=1042)
COPIED = Claim(kind=ClaimKind.TOKEN, ticket=1042, purpose="customer", for_sender=False)
DMARC = "mx.azimutpos.com; dmarc=pass header.from=boulangerieroy.example"


@pytest.mark.parametrize("claim", [TOKEN, SIGNED, SUBJECT, COPIED])
def test_a_participant_is_believed_on_any_evidence(claim: Claim) -> None:
    found = match(mail(), [claim], snapshot(tickets=(ticket(),)), policy(), T0)
    assert found.ticket is not None
    assert (found.ticket.id, found.role) == (1042, Role.PARTICIPANT)


@pytest.mark.parametrize("claim", [TOKEN, SIGNED, SUBJECT, COPIED])
def test_a_stranger_with_copied_evidence_gets_a_ticket_of_their_own_marked_related(claim: Claim) -> None:
    found = match(mail(STRANGER), [claim], snapshot(tickets=(ticket(),)), policy(), T0)
    assert found.ticket is None
    assert found.related == 1042


def test_a_colleague_is_believed_only_when_the_receiving_server_vouches_for_them() -> None:
    paul = "paul@boulangerieroy.example"
    known = snapshot(tickets=(ticket(),), account=account())
    trusting = policy(trusted_authserv=("mx.azimutpos.com",))
    proven = match(mail(paul, authentication_results=(DMARC,)), [COPIED], known, trusting, T0)
    assert proven.role is Role.COLLEAGUE
    assert match(mail(paul), [COPIED], known, trusting, T0).ticket is None


def test_a_colleague_of_another_account_is_a_stranger() -> None:
    other = snapshot(tickets=(ticket(account="autre"),), account=account())
    trusting = policy(trusted_authserv=("mx.azimutpos.com",))
    letter = mail("paul@boulangerieroy.example", authentication_results=(DMARC,))
    assert match(letter, [COPIED], other, trusting, T0).ticket is None


def test_who_stood_on_the_answered_message_joins_as_third_party_and_nobody_else() -> None:
    message = RecordedMessage(message_id="m0@x", ticket=1042, people=(MARIE, "vendeur@fournisseur.test"))
    known = snapshot(tickets=(ticket(),), recorded=(message,))
    supplier = match(mail("vendeur@fournisseur.test", in_reply_to=("m0@x",)), [], known, policy(), T0)
    assert supplier.role is Role.THIRD_PARTY
    assert supplier.ticket is not None
    outsider = match(mail(STRANGER, references=("m0@x",)), [], known, policy(), T0)
    assert (outsider.ticket, outsider.related) == (None, 1042)


def test_stronger_evidence_decides_when_two_tickets_are_named() -> None:
    both = snapshot(tickets=(ticket(), ticket(1043)))
    claims = [Claim(kind=ClaimKind.SUBJECT, ticket=1043), SIGNED]
    found = match(mail(), claims, both, policy(), T0)
    assert found.ticket is not None
    assert found.ticket.id == 1042


def test_a_merged_ticket_redirects_to_the_one_that_survives() -> None:
    merged = ticket(1042, state=State.CLOSED, merged_into=1001)
    found = match(mail(), [TOKEN], snapshot(tickets=(merged, ticket(1001))), policy(), T0)
    assert found.ticket is not None
    assert found.ticket.id == 1001


def test_a_circle_of_merges_ends() -> None:
    one, two = ticket(1, merged_into=2), ticket(2, merged_into=1)
    assert match(
        mail(), [Claim(kind=ClaimKind.SUBJECT, ticket=1)], snapshot(tickets=(one, two)), policy(), T0
    )


def test_evidence_of_a_long_closed_ticket_is_void() -> None:
    closed = ticket(state=State.CLOSED, closed_at=T0 - timedelta(days=61))
    assert match(mail(), [TOKEN], snapshot(tickets=(closed,)), policy(), T0).ticket is None
    recent = ticket(state=State.CLOSED, closed_at=T0 - timedelta(days=59))
    assert match(mail(), [TOKEN], snapshot(tickets=(recent,)), policy(), T0).ticket is not None


def test_a_second_cry_for_help_joins_the_open_emergency() -> None:
    emergency = ticket(1050)
    assert match(mail(), [], snapshot(open_p1=emergency), policy(), T0).ticket == emergency


def test_an_agent_speaks_as_agent_never_as_customer() -> None:
    found = match(mail("alex@azimutpos.com"), [SIGNED], snapshot(tickets=(ticket(),)), policy(), T0)
    assert found.role is Role.AGENT


def test_a_claim_on_a_ticket_that_does_not_exist_is_nothing() -> None:
    assert match(mail(), [TOKEN], snapshot(), policy(), T0) == match(mail(), [], snapshot(), policy(), T0)


def test_empty_ids_are_never_looked_up_and_hostile_references_are_bounded() -> None:
    letter = mail(in_reply_to=("", "a@x"), references=("", *(f"{n}@x" for n in range(3000))))
    wanted = lookup(letter, [], T0)
    assert "" not in wanted.recorded_ids
    assert wanted.recorded_ids[:2] == ("a@x", "2999@x")
    assert len(wanted.recorded_ids) == 50


def test_a_report_asks_for_the_rows_it_tells_of() -> None:
    report = BounceReport(recipient=MARIE, action="failed", status="5.1.1", original_message_id="az.1@x")
    wanted = lookup(mail("mailer-daemon@x", bounce=report), [], T0, bounced_rows=(9,))
    assert (wanted.outbox_ids, wanted.outbox_rows, wanted.bounced) == (("az.1@x",), (9,), MARIE)


def test_an_unreadable_mail_asks_only_whether_it_was_seen() -> None:
    wanted = lookup(Unreadable(reason="no From", message_id="u@x", fingerprint="f"), [], T0)
    assert (wanted.message_id, wanted.sender, wanted.tickets) == ("u@x", "", ())


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        ("", ()),
        ("boulangerieroy.example", ("boulangerieroy.example",)),
        ("lists.boulangerieroy.example", ("lists.boulangerieroy.example", "boulangerieroy.example")),
    ],
)
def test_a_list_is_looked_for_under_every_end_of_its_domain(domain: str, asked: tuple[str, ...]) -> None:
    assert lookup(mail(list_domain=domain), (), T0).list_domains == asked
