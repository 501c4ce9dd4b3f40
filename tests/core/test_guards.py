"""The table of mail.md, "Is it ours to handle?"."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core.guards import Circumstances, Treatment, judge, may_join
from daemon.core.policy import Intake
from daemon.core.values import Disposition, MailClass
from tests.core.build import T0, arrival, mail, policy

A, Q, S = Treatment.ANSWER, Treatment.KEEP_QUIET, Treatment.SET_ASIDE


def circumstances(**changes: Any) -> Circumstances:
    given: dict[str, Any] = {
        "mail": mail(),
        "arrival": arrival(),
        "policy": policy(),
        "intake": Intake(),
        "in_directory": False,
    }
    return Circumstances(**{**given, **changes})


def automatic(*signs: str, mail_class: MailClass = MailClass.AUTO_REPLY) -> Any:
    return mail(mail_class=mail_class, signs=signs)


@pytest.mark.parametrize(
    ("case", "treatment", "filed_as"),
    [
        ({}, A, Disposition.RECORDED),
        ({"duplicate": True}, S, Disposition.DUPLICATE),
        ({"ours": True}, S, Disposition.LOOP),
        ({"mail": mail(mail_class=MailClass.LOOP)}, S, Disposition.LOOP),
        ({"mail": mail("support@azimutpos.com")}, S, Disposition.LOOP),
        ({"mail": mail(mail_class=MailClass.BOUNCE)}, S, Disposition.BOUNCE),
        ({"mail": mail(mail_class=MailClass.VOICEMAIL)}, Q, Disposition.RECORDED),
        ({"mail": automatic("auto-submitted:auto-replied"), "in_directory": True}, S, Disposition.RECORDED),
        ({"mail": automatic("ooo-subject"), "in_directory": True}, S, Disposition.RECORDED),
        ({"mail": automatic("mdn"), "in_directory": True}, S, Disposition.RECORDED),
        ({"mail": automatic("auto-submitted:auto-generated")}, S, Disposition.RECORDED),
        ({"mail": automatic("auto-submitted:auto-generated"), "in_directory": True}, Q, Disposition.RECORDED),
        ({"mail": automatic("null-return-path"), "in_directory": True}, Q, Disposition.RECORDED),
        ({"mail": automatic("null-return-path", "mdn"), "in_directory": True}, S, Disposition.RECORDED),
        ({"mail": automatic("list-id", mail_class=MailClass.LIST)}, S, Disposition.RECORDED),
        (
            {"mail": automatic("list-id", mail_class=MailClass.LIST), "in_directory": True},
            Q,
            Disposition.RECORDED,
        ),
        (
            {"mail": automatic("list-id", mail_class=MailClass.LIST), "list_in_directory": True},
            Q,
            Disposition.RECORDED,
        ),
        ({"mail": mail("alex@azimutpos.com")}, Q, Disposition.RECORDED),
    ],
)
def test_the_first_row_that_applies_decides(
    case: dict[str, Any], treatment: Treatment, filed_as: Disposition
) -> None:
    verdict = judge(circumstances(**case))
    assert (verdict.treatment, verdict.filed_as) == (treatment, filed_as)


def test_mail_older_than_the_first_start_is_recorded_and_never_answered() -> None:
    old = circumstances(intake=Intake(answer_since=T0 + timedelta(seconds=1)))
    assert judge(old).treatment is S
    assert not may_join(judge(old))
    assert judge(circumstances(intake=Intake(answer_since=T0))).treatment is A


def test_the_brake_holds_what_arrived_before_it_and_nothing_later() -> None:
    held = judge(circumstances(intake=Intake(braked=T0 + timedelta(seconds=1))))
    assert held.filed_as is Disposition.HELD
    assert judge(circumstances(intake=Intake(braked=T0))).treatment is A


def test_a_loop_a_duplicate_and_a_report_are_no_messages_of_a_conversation() -> None:
    for case in ({"ours": True}, {"duplicate": True}, {"mail": mail(mail_class=MailClass.BOUNCE)}):
        assert not may_join(judge(circumstances(**case)))
    assert may_join(judge(circumstances()))
    assert may_join(judge(circumstances(mail=automatic("ooo-subject"))))
