"""Statements by mail, and the past under other promises: what the figures of `report` do not show."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from daemon.core.actions import QueueMail
from daemon.core.dossier import Dossier, course_of
from daemon.core.policy import Policy
from daemon.core.reports.mailing import statement_mails
from daemon.core.reports.material import AccountCall, Material
from daemon.core.reports.month import Month, span
from daemon.core.reports.revision import revise
from daemon.core.sla.events import Absorbed, MergedAway, Replied, Resolved, TicketEvent
from daemon.core.sla.minutes import LoggedCall
from daemon.core.sla.promises import SlaVersion
from daemon.core.values import Coverage, Language, Plan, Priority, State
from tests.core.build import account, policy, ticket
from tests.core.dossiers import dossier
from tests.core.sla_cases import MONTREAL, at, shipped

NOW = at("2026-12-01 09:00")


def rules(**changed: object) -> Policy:
    version = replace(shipped(), rules=replace(shipped().rules, **changed))  # type: ignore[arg-type]
    return policy(sla=(version,), escalation=("direction@azimutpos.com",))


def opened(number: int, when: str, *events: TicketEvent, **changes: object) -> Dossier:
    one = ticket(number, account="A1", plan=Plan.OR, coverage=Coverage.PREMIUM, priority=Priority.P2)
    one = replace(one, opened_at=at(when), **changes)  # type: ignore[arg-type]
    opening = replace(dossier(one).opening, at=at(when))
    return dossier(one, *(events or (Replied(at=at(when), mail="m"),)), opening=opening)


def mails(policy_: Policy, *dossiers: Dossier) -> list[QueueMail]:
    month = Month("2026-11", policy_, NOW)
    month.add(Material(dossiers=dossiers))
    month.add(
        Material(
            calls=(
                AccountCall(ticket=1, account="A1", call=LoggedCall(at=at("2026-11-10 09:00"), minutes=7)),
            )
        )
    )
    directory = [
        account(
            key="A1", name="Boulangerie", plan=Plan.OR, billing_email="compta@a.example", language=Language.EN
        ),
        account(key="B2", name="Café", billing_email="compta@b.example"),
    ]
    found = statement_mails(month, directory, policy_, NOW).actions
    return [action for action in found if isinstance(action, QueueMail)]


def test_a_month_is_one_of_the_desks_zone() -> None:
    since, until = span("2026-11", MONTREAL)
    assert since == datetime(2026, 11, 1, 4, tzinfo=UTC)  # still daylight saving time
    assert until == datetime(2026, 12, 1, 5, tzinfo=UTC)
    assert span("2026-12", MONTREAL)[1] == datetime(2027, 1, 1, 5, tzinfo=UTC)


def test_managers_get_the_desks_statement_and_billing_contacts_none() -> None:
    found = mails(rules(), opened(1, "2026-11-03 10:30"))
    assert [mail.recipient for mail in found] == list(rules().managers)
    mail = found[-1]
    assert (mail.kind, mail.ticket, mail.recipient) == ("statement", None, "direction@azimutpos.com")
    assert len({mail.cause for mail in found}) == len(found)
    said = mail.context
    assert (said["month"], said["account"], said["customer"], said["language"]) == (
        "2026-11",
        "",
        False,
        "fr",
    )
    made = json.loads(json.dumps(said))["statement"]  # it is ready for the store
    assert (made["account"], made["opened"], made["usage"]) == (None, 1, None)
    assert made["lines"][0]["clock"] == "first_response"


def test_where_the_owner_wants_it_a_billing_contact_gets_their_own() -> None:
    """Who had nothing in the month hears nothing."""
    *ours, second = mails(rules(statement_to_billing=True), opened(1, "2026-11-03 10:30"))
    assert [mail.recipient for mail in ours] == list(rules().managers)
    assert second.recipient == "compta@a.example"
    said = second.context
    assert (said["account"], said["customer"], said["language"]) == ("Boulangerie", True, "en")
    made = json.loads(json.dumps(said))["statement"]
    assert (made["account"], made["usage"]["used"]) == ("A1", 7)


def stricter() -> SlaVersion:
    """P2 is to be resolved within three hours."""
    terms = {
        **shipped().priorities,
        Priority.P2: replace(shipped().priorities[Priority.P2], resolution=3 * 3600),
    }
    return replace(shipped(), name="stricter", priorities=terms)


def test_the_same_work_under_stricter_promises() -> None:
    """Solved after five hours: kept then, and late by two of three hours now, a quarter of 125 $."""
    one = opened(
        1,
        "2026-11-03 10:00",
        Replied(at=at("2026-11-03 10:30"), mail="m"),
        Resolved(at=at("2026-11-03 15:00")),
    )
    found = revise([one], rules(), stricter(), NOW)
    assert (found.version, found.tickets) == ("stricter", 1)
    assert sum(found.before.missed.values()) == 0
    (compared,) = found.compared
    assert [(m.clock.value, m.due) for m in compared.after.missed] == [("resolution", at("2026-11-03 13:00"))]
    assert compared.after.credit == Decimal("31.25")
    assert (found.before.credits, found.after.credits) == (Decimal("0.00"), Decimal("31.25"))


def test_credits_of_an_account_and_month_are_capped_at_its_price() -> None:
    """Each alone a whole price: the last tier is reached."""
    late = [opened(n, "2026-11-03 10:00", Resolved(at=at("2026-11-20 10:00"))) for n in (1, 2)]
    found = revise(late, rules(), stricter(), NOW)
    assert [one.after.credit for one in found.compared] == [Decimal("125.00")] * 2
    assert found.after.credits == Decimal("125.00")


def test_coverage_follows_the_plan_unless_it_is_the_accounts_own() -> None:
    plans = {**shipped().plans, Plan.OR: replace(shipped().plans[Plan.OR], coverage=Coverage.STANDARD)}
    revised = replace(shipped(), plans=plans)
    one = opened(1, "2026-11-06 17:30", priority=Priority.P1)
    one = replace(one, opening=replace(one.opening, priority=Priority.P1))
    (compared,) = revise([one], rules(), revised, NOW).compared
    # Around the clock: due on Friday at 21:30. In business hours: on Monday.
    assert [m.due for m in compared.before.missed] == [at("2026-11-06 21:30")]
    assert [m.due for m in compared.after.missed] == [at("2026-11-09 12:30")]


def test_a_merge_is_one_failure_under_both() -> None:
    """The younger ticket's breach is the survivor's. Under stricter promises the survivor has its own."""
    merged_at = at("2026-11-05 12:00")
    younger = opened(2, "2026-11-03 11:00", Replied(at=at("2026-11-03 11:30"), mail="m"))
    before = course_of(younger, rules(), merged_at)
    younger = replace(
        younger,
        events=(*younger.events, MergedAway(at=merged_at)),
        ticket=replace(younger.ticket, merged_into=1, state=State.CLOSED),
    )
    absorbed = Absorbed(at=merged_at, priority=Priority.P2, cycles=before.cycles)
    survivor = opened(1, "2026-11-03 10:00", Replied(at=at("2026-11-03 10:30"), mail="m"), absorbed)
    found = revise([survivor, younger], rules(), stricter(), at("2026-11-05 13:00"))
    assert found.before.missed["resolution"] == 1  # type: ignore[index] - a StrEnum's value
    assert found.after.missed["resolution"] == 1  # type: ignore[index]
    (compared,) = found.compared
    assert compared.ticket.id == 1
    # Under promises that neither missed, what the younger one brought along then is no failure either.
    terms = {
        **shipped().priorities,
        Priority.P2: replace(shipped().priorities[Priority.P2], resolution=45 * 3600),
    }
    milder = replace(shipped(), name="milder", priorities=terms)
    again = revise([survivor, younger], rules(), milder, at("2026-11-05 13:00"))
    assert again.after.missed["resolution"] == 0  # type: ignore[index]
