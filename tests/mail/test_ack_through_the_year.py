"""The acknowledgement as the core really decides it, at any hour of two years, read for sense."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.core.actions import QueueMail
from daemon.core.decide import Inbound, on_mail
from daemon.core.policy import Intake
from daemon.core.sending import Send, on_send
from daemon.core.values import Coverage, Language, OutboxRow, Plan, SendState
from daemon.mail.compose import Rendered
from daemon.settings.sla import load_sla
from tests.core.build import MARIE, account, arrival, findings, mail, policy, snapshot
from tests.mail.outgoing import html_words, render, text_words

SLA = load_sla(Path(__file__).parents[2] / "config" / "sla.toml")
MONTREAL = ZoneInfo("America/Toronto")
START = datetime(2026, 1, 1, 5, tzinfo=UTC)
DAYS = (
    "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|"
    "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
)
FULL = re.compile(rf"(?:{DAYS}),? (?:\d+(?:er)?\u00a0\w+|[A-Z][a-z]+ \d+)")
DETAILS = ("nature", "noticed", "affected", "steps")


def acknowledged(
    opened: datetime,
    severity: str,
    plan: Plan,
    language: Language,
    delay: timedelta = timedelta(0),
    other_means: str = "unknown",
    installs: int | None = None,
) -> tuple[OutboxRow, Rendered, datetime]:
    """What a mail that arrived at `opened` is answered with, and when it leaves."""
    premium = Coverage.PREMIUM if plan in (Plan.OR, Plan.PLATINE) else Coverage.STANDARD
    customer = account(plan=plan, coverage=premium, installs=installs) if plan is not Plan.GRATUIT else None
    inbound = Inbound(
        arrival=arrival(opened),
        mail=mail(),
        claims=(),
        findings=findings(severity, language=language, other_means=other_means, missing=DETAILS),
        raw=b"raw",
    )
    rules = policy(sla=SLA, oncall=("nuit@azimutpos.com",))
    decision = on_mail(inbound, snapshot(account=customer), rules, Intake(), opened)
    (queued,) = [a for a in decision.actions if isinstance(a, QueueMail) and a.kind == "ack"]
    row = OutboxRow(
        id=17,
        version=1,
        kind="ack",
        ticket=1042,
        recipient=MARIE,
        cause=queued.cause,
        context=queued.context,
        rank=queued.rank,
        state=SendState.QUEUED,
        attempts=0,
        queued_at=opened,
        due_at=opened,
    )
    now = opened + delay
    last_look = on_send(row, now)
    assert isinstance(last_look, Send)
    row.context.update(last_look.context)
    return row, render(row, now), now


moments = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
anything = given(
    moments,
    st.sampled_from(["S1", "S2", "S3", "S4"]),
    st.sampled_from(list(Plan)),
    st.sampled_from(list(Language)),
    st.sampled_from([0, 0, 0, 1, 9, 30, 100, 300]).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from(["yes", "no", "unknown"]),
    st.sampled_from([None, 1, 3]),
)
CHRISTMAS_EVE = datetime(2026, 12, 24, 23, 30, tzinfo=MONTREAL)
LATE_IN_NOVEMBER = datetime(2026, 11, 26, 17, 59, tzinfo=MONTREAL)


@anything
@example(CHRISTMAS_EVE, "S1", Plan.PLATINE, Language.EN, timedelta(0), "unknown", None)
@example(CHRISTMAS_EVE, "S1", Plan.ARGENT, Language.FR, timedelta(0), "unknown", None)
@example(LATE_IN_NOVEMBER, "S4", Plan.BASE, Language.FR, timedelta(hours=30), "unknown", None)
@settings(max_examples=150, deadline=None)
def test_the_first_day_that_is_promised_is_told_in_full(
    opened: datetime,
    severity: str,
    plan: Plan,
    language: Language,
    delay: timedelta,
    other_means: str,
    installs: int | None,
) -> None:
    _, sent, _ = acknowledged(opened, severity, plan, language, delay, other_means, installs)
    # When the message came is told first where we are late: a day that is over needs no date.
    told = re.sub(r"Votre message .*? nous est parvenu|Your message .*? reached us", "", sent.text)
    days = list(re.finditer(rf"\b(?:{DAYS})\b", told))
    if days:
        assert FULL.match(told, days[0].start()), told


@anything
@settings(max_examples=150, deadline=None)
def test_every_paragraph_is_whole_sentences(
    opened: datetime,
    severity: str,
    plan: Plan,
    language: Language,
    delay: timedelta,
    other_means: str,
    installs: int | None,
) -> None:
    _, sent, _ = acknowledged(opened, severity, plan, language, delay, other_means, installs)
    signature = "Soutien Azimut POS" if language is Language.FR else "Azimut POS Support"
    for line in sent.text.strip().split("\n")[2:]:
        bare = line.strip(" ")
        assert "  " not in bare, line
        assert not re.search(r" [.,]|\.\.|,,|\bNone\b(?! of them)|[{}]|\b(\w{2,}) \1\b", bare), line
        if bare and bare != signature and not bare.startswith(("AZ-", "Billet AZ-", "Ticket AZ-")):
            assert bare.endswith((".", "?", ";", "\u00a0:", ":")), line
    assert html_words(sent.html) == text_words(sent.text)


@anything
@settings(max_examples=150, deadline=None)
def test_no_hour_that_is_past_is_promised_and_a_closed_desk_is_still_closed(
    opened: datetime,
    severity: str,
    plan: Plan,
    language: Language,
    delay: timedelta,
    other_means: str,
    installs: int | None,
) -> None:
    row, sent, now = acknowledged(opened, severity, plan, language, delay, other_means, installs)
    first = datetime.fromisoformat(str(row.context["first_response_due"]))
    kept = re.search(r"vous (?:répond|écrit) (?:avant|au plus tard)|you (?:before|by) ", sent.text)
    assert bool(kept) is (first > now), sent.text
    assert bool(re.search(r"est passée|has passed:", sent.text)) is (first <= now)
    opens_at = row.context["opens_at"]
    shut = opens_at is not None and datetime.fromisoformat(str(opens_at)) > now
    if not shut:
        assert not re.search(
            r"fermée?s? |ouvrons|dès l’ouverture|is closed|as soon as we open|We open", sent.text
        )
    elif severity == "S1" and row.context["priority"] == "P1":
        assert re.search(r"est fermée jusqu’|is closed until", sent.text)


@anything
@settings(max_examples=100, deadline=None)
def test_nobody_is_told_of_an_alarm_that_has_not_gone_out(
    opened: datetime,
    severity: str,
    plan: Plan,
    language: Language,
    delay: timedelta,
    other_means: str,
    installs: int | None,
) -> None:
    row, sent, _ = acknowledged(opened, severity, plan, language, delay, other_means, installs)
    if re.search(r"\b(?:garde|sonne|alerte|on call|alerted)\b", sent.text):
        assert row.context["priority"] == "P1"
        assert row.context["open_now"], "the alarm waits for the opening"
        assert not delay, "it lay as long as this mail did"


def test_a_holiday_is_named_in_small_letters_within_its_sentence() -> None:
    labour_day = datetime(2026, 9, 7, 10, tzinfo=MONTREAL)
    french = acknowledged(labour_day, "S1", Plan.ARGENT, Language.FR)[1].text.replace("\u00a0", " ")
    assert "notre équipe est fermée jusqu’au mardi 8 septembre à 9 h (fête du Travail)." in french
    assert "une personne vous écrit au plus tard à 10 h le même jour." in french
    english = acknowledged(labour_day, "S2", Plan.ARGENT, Language.EN)[1].text
    assert "We're closed (Labour Day) and will start as soon as we open, at 9 a.m. on Tuesday." in english


def test_every_french_holiday_of_two_years_stands_in_small_letters() -> None:
    names = set()
    for day in range(2 * 365):
        noon = datetime(2026, 1, 1, 12, tzinfo=MONTREAL) + timedelta(days=day)
        row, sent, _ = acknowledged(noon, "S2", Plan.ARGENT, Language.FR)
        if row.context["closed_why"]:
            found = re.search(r"fermés \((.*?)\)", sent.text)
            assert found, sent.text
            names.add(found[1])
    assert names >= {"fête du Travail", "jour de l’An", "Vendredi saint", "fête nationale du Québec"}
    assert not [n for n in names if n.startswith(("Fête", "Jour", "Lundi"))]


@pytest.mark.parametrize(("hour", "told"), [(23, "11:59 p.m."), (20, "11:59 p.m. today, Friday, November 6")])
def test_a_limit_at_midnight_is_told_as_the_minute_before(hour: int, told: str) -> None:
    opened = datetime(2026, 11, 6, hour, tzinfo=MONTREAL)
    text = acknowledged(opened, "S1", Plan.OR, Language.EN)[1].text
    assert f"before {told}" in text
    assert "midnight" not in text
    french = acknowledged(opened, "S1", Plan.OR, Language.FR)[1].text.replace("\u00a0", " ")
    assert "samedi 7 novembre à 0 h" in french


def test_a_mail_held_until_after_the_opening_speaks_of_now() -> None:
    saturday = datetime(2026, 11, 7, 5, 30, tzinfo=MONTREAL)
    _, sent, _ = acknowledged(saturday, "S1", Plan.ARGENT, Language.FR, timedelta(hours=52))
    text = sent.text.replace("\u00a0", " ")
    assert "Votre message de samedi à 5 h 30 nous est parvenu" in text
    assert "avant 10 h" in text
    assert "fermée" not in text
    assert "En attendant, ces deux gestes" in text


def test_only_an_address_we_do_not_know_is_asked_about_a_paid_plan() -> None:
    opened = datetime(2026, 11, 4, 10, tzinfo=MONTREAL)
    assert (
        "Votre commerce a un forfait payant?" in acknowledged(opened, "S2", Plan.GRATUIT, Language.FR)[1].text
    )
    row, _, _ = acknowledged(opened, "S2", Plan.ARGENT, Language.FR)
    row.context.update(plan="gratuit", minutes_left=None, phone="")  # on file, without a paid plan
    assert "forfait payant" not in render(row).text
