"""Who may, what is asked once more, what is held, and what an answer to it does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.commands.hearing import Answered, Held, Proof
from daemon.core.commands.judging import Ruling, judge
from daemon.core.commands.needs import needs
from daemon.core.commands.rights import proof, who
from daemon.core.commands.values import Why
from daemon.core.values import Attachment, Claim, ClaimKind, Participant, State
from tests.core.build import policy
from tests.core.commands.build import (
    ALEX,
    LUC,
    MARIE,
    NOW,
    SAM,
    events,
    hearing,
    mails,
    of,
    read,
    ruling,
    standing,
)
from tests.core.commands.test_judging import OFFER

TYPO = ".resoulu\nBonjour Marie,\nLe pilote est remplacé."


def held(found: Ruling, **changes: Any) -> Held:
    (one,) = of(found, act.HoldMail)
    given = {
        "cause": one.cause,
        "ticket": one.ticket,
        "agent": one.agent,
        "words": one.words,
        "yes": one.yes,
        "send": one.send,
        "attachments": one.attachments,
        "managers": one.managers,
    }
    return Held(**{**given, **changes})


def answer(text: str, found: Ruling, **changes: Any) -> Ruling:
    """The agent's answer to the transcript or confirm that `found` sent."""
    given: dict[str, Any] = {
        "answers": "transcript",
        "purpose": "confirm",
        "held": changes.pop("held", None) or held(found),
        "cause": "INBOX/7/12",
        "at": NOW + timedelta(minutes=3),
        "now": NOW + timedelta(minutes=3),
    }
    return ruling(text, **{**given, **changes})


# The mistyped command of voice.md, section 7


def test_a_wrong_command_does_nothing_and_gives_the_text_back() -> None:
    found = ruling(TYPO)
    assert not events(found)
    assert mails(found) == [("transcript", "alex@azimutpos.com")]
    context = of(found, act.QueueMail)[0].context
    assert context["what"] == "refused"
    assert context["text"] == "Bonjour Marie,\nLe pilote est remplacé."
    assert context["faults"] == [
        {
            "why": "unknown",
            "line": 1,
            "said": ".resoulu",
            "proposal": ".résolu",
            "expected": "",
            "detail": "",
            "at": None,
        }
    ]
    assert (context["yes"], context["send"]) == (["#résolu"], [])
    assert context["customer"] == "Marie"
    one = held(found)
    assert (one.words, one.yes, one.send, one.agent) == (context["text"], ("#résolu",), (), "alex")
    assert context["held"] == one.cause


def test_a_yes_does_what_was_meant() -> None:
    found = answer("oui", ruling(TYPO))
    assert not found.faults
    assert mails(found) == [("resolved", MARIE), ("transcript", "alex@azimutpos.com")]
    assert of(found, act.QueueMail)[0].context["text"] == "Bonjour Marie,\nLe pilote est remplacé."
    assert [(s.how, s.cause) for s in of(found, act.SettleHeld)] == [("yes", "held:INBOX/7/11")]
    assert (1042, "Resolved") in events(found)


def test_envoyer_sends_the_text_without_the_command() -> None:
    found = answer("envoyer", ruling(TYPO))
    assert mails(found) == [("reply", MARIE)]
    assert (1042, "Resolved") not in events(found)
    assert [s.how for s in of(found, act.SettleHeld)] == ["send"]


def test_a_no_drops_it_and_silence_changes_nothing() -> None:
    dropped = answer("non", ruling(TYPO))
    assert [s.how for s in of(dropped, act.SettleHeld)] == ["no"]
    assert mails(dropped) == []
    ignored = answer("Je le refais autrement demain matin.", ruling(TYPO))
    assert (of(ignored, act.SettleHeld), mails(ignored)) == ([], [])


def test_an_answer_counts_once_and_only_from_the_agent_who_was_asked() -> None:
    first = ruling(TYPO)
    assert [f.why for f in answer("oui", first, held=held(first, settled=True)).faults] == [Why.SETTLED]
    stranger = answer("oui", first, agent=SAM)
    assert [f.why for f in stranger.faults] == [Why.NOT_ALLOWED]
    assert mails(stranger) == [("transcript", "sam@azimutpos.com")]


def test_attachments_of_the_held_mail_go_along_with_the_yes() -> None:
    file = Attachment(name="pilote.zip", media_type="application/zip", size=9, sha256="ab")
    found = answer("envoyer", ruling(TYPO, attachments=(file,)))
    (mail,) = of(found, act.QueueMail)
    assert [a["name"] for a in mail.context["attachments"]] == ["pilote.zip"]


def test_a_yes_is_not_offered_where_it_is_not_sure() -> None:
    found = ruling(".attente zorglub\nBonjour Marie, et alors?")
    context = of(found, act.QueueMail)[0].context
    assert (context["yes"], context["send"]) == (None, [])
    assert [f.why for f in answer("oui", found).faults] == [Why.NOTHING_ASKED]
    nothing = ruling("#zorglub")
    assert of(nothing, act.QueueMail)[0].context["send"] == []


def test_what_was_right_beside_the_slip_is_kept_for_envoyer() -> None:
    context = of(ruling(".p1\n.resoulu\nJe regarde le pilote."), act.QueueMail)[0].context
    assert (context["yes"], context["send"]) == (["#p1", "#résolu"], ["#p1"])


def test_of_a_contradiction_neither_is_carried_out() -> None:
    context = of(ruling(".p1\n.p3\nJe regarde le pilote."), act.QueueMail)[0].context
    assert (context["yes"], context["send"]) == (None, [])


def test_a_yes_to_nothing() -> None:
    assert [f.why for f in ruling("oui", answers="notice").faults] == [Why.NOTHING_ASKED]


def test_what_the_yes_would_do_may_have_become_impossible() -> None:
    found = answer(
        "oui", ruling(".atente\nBonjour Marie, quelles dates?"), standing=standing(state=State.RESOLVED)
    )
    assert [f.why for f in found.faults] == [Why.STATE]
    assert not of(found, act.SettleHeld)  # it can be answered again
    assert not of(found, act.HoldMail)


# Questions of ours that need no held mail


@pytest.mark.parametrize("text", ["ok", "oui", "OK j’arrive", "prendre", "yes"])
def test_an_alarm_is_taken_with_a_word(text: str) -> None:
    found = ruling(text, answers="alarm", purpose="command")
    assert [a.assignee for a in of(found, act.SetAssignee)] == ["alex"]


def test_a_no_to_an_alarm_takes_nothing() -> None:
    assert not of(ruling("non", answers="alarm"), act.SetAssignee)


def test_a_yes_to_it_works_again_resolves_at_the_customer_s_word() -> None:
    found = ruling("oui", answers="confirm", about="works", standing=standing(works=True))
    (resolved,) = [a.event for a in of(found, act.AddEvent) if type(a.event).__name__ == "Resolved"]
    assert resolved.confirms


def test_a_yes_to_a_proposal_accepts_it_after_one_more_question() -> None:
    found = ruling("oui", answers="proposal", agent=SAM, standing=standing(offered=OFFER))
    assert mails(found) == [("confirm", "sam@azimutpos.com")]
    done = answer("oui", found, agent=SAM, standing=standing(offered=OFFER))
    assert [a.accepted for a in of(done, act.DecideCredit)] == [True]


# Who may


def test_an_alias_and_an_escalation_address_are_known() -> None:
    assert who("alex@azimutpos.com", policy()) == policy().agents[0]
    boss = who("direction@azimutpos.com", policy())
    assert boss is not None
    assert (boss.manager, boss.addresses) == (True, ("direction@azimutpos.com",))
    assert who(MARIE, policy()) is None


def claim(**changes: Any) -> Claim:
    given: dict[str, Any] = {"kind": ClaimKind.TOKEN, "ticket": 1042, "purpose": "agent", "for_sender": True}
    return Claim(**{**given, **changes})


@pytest.mark.parametrize(
    ("claims", "authenticated", "expected"),
    [
        ([claim()], False, (Proof.TOKEN, "agent")),
        ([claim(purpose="command")], False, (Proof.TOKEN, "command")),
        ([claim(ticket=0)], False, (Proof.DESK_TOKEN, "agent")),
        ([claim(ticket=1043)], False, (Proof.NONE, "")),  # another ticket's
        ([claim(for_sender=False)], False, (Proof.NONE, "")),  # somebody else's
        ([claim(purpose="customer")], False, (Proof.NONE, "")),  # a customer's
        ([claim(kind=ClaimKind.SIGNED_ID)], False, (Proof.NONE, "")),
        ([claim(kind=ClaimKind.SUBJECT)], True, (Proof.AUTHENTICATED, "")),
        ([claim()], True, (Proof.AUTHENTICATED, "agent")),
        ([], False, (Proof.NONE, "")),
    ],
)
def test_proof(claims: list[Claim], authenticated: bool, expected: tuple[Proof, str]) -> None:
    assert proof(claims, 1042, authenticated=authenticated) == expected


EVERYTHING = [
    ".prendre",
    ".p1",
    ".résolu",
    ".voir",
    ".public x",
    ".appel 5",
    "Bonjour Marie, je regarde.",
    ".spam",
]


@pytest.mark.parametrize("text", EVERYTHING)
@pytest.mark.parametrize(
    "more", [{"proof": Proof.NONE}, {"proof": Proof.NONE, "purpose": ""}, {"denied": True}]
)
def test_a_forged_mail_does_nothing_and_its_text_goes_to_the_real_agent(
    text: str, more: dict[str, Any]
) -> None:
    found = ruling(text, **more)
    assert {f.why for f in found.faults} == {Why.NOT_PROVEN}
    assert mails(found) == [("transcript", "alex@azimutpos.com")]
    context = of(found, act.QueueMail)[0].context
    assert (context["yes"], context["send"], context["held"]) == (None, None, None)
    assert [m.role for m in of(found, act.AddMessage)] == ["unverified"]
    assert {type(a) for a in found.actions} == {act.AddMessage, act.QueueMail}
    assert found.asked == ()


@pytest.mark.parametrize(
    "more",
    [{"proof": Proof.NONE, "purpose": ""}, {"purpose": "agent"}, {"purpose": "command"}, {"denied": True}],
)
@pytest.mark.parametrize("text", ["oui", "envoyer", "non"])
def test_a_forged_answer_settles_nothing(text: str, more: dict[str, Any]) -> None:
    """The Message-ID of a transcript may be copied, and a notification's token is none for a yes."""
    found = answer(text, ruling(TYPO), **more)
    assert {f.why for f in found.faults} == {Why.NOT_PROVEN}
    assert not of(found, act.SettleHeld)
    assert [kind for kind, _ in mails(found)] == ["transcript"]


def test_an_authenticated_yes_needs_no_token() -> None:
    assert of(answer("oui", ruling(TYPO), purpose="", proof=Proof.AUTHENTICATED), act.SettleHeld)


def test_a_forged_line_is_no_news() -> None:
    found = ruling("Payez ici.", answers="confirm", about="update", proof=Proof.NONE, purpose="")
    assert {f.why for f in found.faults} == {Why.NOT_PROVEN}
    assert not of(found, act.SaveNews)


def test_no_text_of_a_one_tap_command_goes_on() -> None:
    found = ruling("public Payez ici.", answers="", purpose="command")
    assert {f.why for f in found.faults} == {Why.TEXT_NOT_ALLOWED}


def test_where_a_program_lost_the_token_the_authenticated_sender_suffices() -> None:
    found = ruling("Bonjour Marie,\n\nJe regarde.", purpose="", proof=Proof.AUTHENTICATED)
    assert mails(found) == [("reply", MARIE)]


@pytest.mark.parametrize("text", ["liste", f"pour {LUC}"])
def test_without_a_token_it_is_asked_at_the_agent_s_own_address(text: str) -> None:
    loose = {"standing": None, "answers": "", "purpose": "", "proof": Proof.NONE}
    found = ruling(text, **loose)
    assert mails(found) == [("confirm", "alex@azimutpos.com")]
    assert (found.asked, found.on_behalf) == ((), None)
    done = answer("oui", found, standing=None)
    assert done.asked or done.on_behalf
    sure = ruling(text, **{**loose, "proof": Proof.AUTHENTICATED})
    assert sure.asked or sure.on_behalf


def test_a_forwarded_mail_is_kept_for_the_yes() -> None:
    text = f".pour {LUC}\n\nDe : Luc\n\nElle est figée."
    found = ruling(text, standing=None, answers="", purpose="", proof=Proof.NONE)
    done = answer("oui", found, standing=None)
    assert done.on_behalf is not None
    assert "Elle est figée." in done.on_behalf.words


def test_a_token_of_one_ticket_asks_before_it_touches_another() -> None:
    others = {1043: standing(1043)}
    found = ruling(".prendre 1043", others=others)
    assert mails(found) == [("confirm", "alex@azimutpos.com")]
    assert not events(found)
    done = answer("oui", found, others=others)
    assert [a.ticket for a in of(done, act.SetAssignee)] == [1043]
    assert not ruling(".prendre 1042", others={}).faults
    assert of(
        ruling("prendre 1043", others=others, proof=Proof.DESK_TOKEN, answers="digest"), act.SetAssignee
    )


MONEY = [".crédit accepter", ".effacer", ".horaire 2026-12-24 fermé", ".fusion 1043"]


@pytest.mark.parametrize("text", MONEY)
def test_for_managers_and_asked_once_more(text: str) -> None:
    more: dict[str, Any] = {
        "standing": standing(offered=OFFER),
        "others": {1043: standing(1043, account="luc", requester=LUC, opened_at=NOW)},
        "proof": Proof.AUTHENTICATED,
    }
    refused = ruling(text, **more)
    assert [f.why for f in refused.faults] == [Why.NOT_ALLOWED]
    asked = ruling(text, **more, agent=SAM)
    assert mails(asked) == [("confirm", "sam@azimutpos.com")]
    assert [h.managers for h in of(asked, act.HoldMail)] == [True]
    done = answer("oui", asked, **more, agent=SAM)
    assert not done.faults
    kinds = (act.DecideCredit, act.EraseTicket, act.DeclareHours, act.MergeTickets)
    assert any(isinstance(a, kinds) for a in done.actions)
    assert not any(isinstance(a, kinds) for a in asked.actions)


@pytest.mark.parametrize(
    ("text", "given", "asked"),
    [
        (".crédit accepter", "0", {"accept": True, "amount": "31.25"}),
        (".crédit accepter 20 $", "0", {"accept": True, "amount": "20.00"}),
        (".crédit accepter", "100.00", {"accept": True, "amount": "25.00"}),
        (".crédit refuser", "0", {"accept": False, "amount": "31.25"}),
        (".crédit accepter 1042 1043", "0", None),
        (".horaire 2026-12-24 fermé", "0", None),
    ],
)
def test_a_question_about_money_names_the_amount(text: str, given: str, asked: object) -> None:
    """What a yes would give, the month's cap counted; of several at once the lines stand for themselves."""
    offer = replace(OFFER, given=Decimal(given))
    others = {1043: standing(1043, offered=offer)}
    found = ruling(text, standing=standing(offered=offer), others=others, agent=SAM)
    (mail,) = [a for a in of(found, act.QueueMail) if a.kind == "confirm"]
    assert mail.context["credit"] == asked


def test_any_manager_may_say_yes_to_what_only_managers_may() -> None:
    boss = who("direction@azimutpos.com", policy())
    more = {"standing": standing(offered=OFFER)}
    asked = ruling(".crédit accepter", **more, agent=SAM)
    assert of(answer("oui", asked, **more, agent=boss), act.DecideCredit)
    assert [f.why for f in answer("oui", asked, **more, agent=ALEX).faults] == [Why.NOT_ALLOWED]


def test_merging_within_an_account_is_everybody_s() -> None:
    found = ruling(".fusion 1043", others={1043: standing(1043, opened_at=NOW)}, proof=Proof.AUTHENTICATED)
    assert of(found, act.MergeTickets)
    strangers = {1043: standing(1043, account=None, requester=LUC)}
    apart = ruling(
        ".fusion 1043", standing=standing(account=None), others=strangers, proof=Proof.AUTHENTICATED
    )
    assert [f.why for f in apart.faults] == [Why.NOT_ALLOWED]


# Looked at twice

SENT = "Bonjour Marie,\n\nJe regarde le pilote.\n\nAlex"
CAUTIONS: list[tuple[str, dict[str, Any], Why, str]] = [
    (SENT, {"standing": standing(answered=Answered(by="Sam", at=NOW, words="…"))}, Why.COLLISION, "…"),
    ("Bonjour Luc,\n\nJe regarde.", {}, Why.GREETING, "Luc"),
    ("Hi Luke!\n\nLooking.", {}, Why.GREETING, "Luke"),
    ("Bonjour Marie,\n\nVous trouverez ci-joint le pilote.", {}, Why.ATTACHMENT, "ci-joint"),
    ("Hi Marie,\n\nThe driver is attached.", {}, Why.ATTACHMENT, "is attached"),
    ("Bonjour Marie,\n\nComme pour AZ-1043.", {}, Why.OTHER_TICKET, "AZ-1043"),
    (f"Bonjour Marie,\n\nÉcrivez à {LUC}.", {"foreign": {LUC}}, Why.OTHER_ADDRESS, LUC),
    (SENT, {"doubts": ("Client en retard",)}, Why.DOUBTFUL_CUT, "Client en retard"),
    ("Bonjour Marie, voir #résolu.", {}, Why.WITHIN_LINE, "#résolu"),
]


@pytest.mark.parametrize(
    ("text", "more", "why", "said"), CAUTIONS, ids=[str(why) for _, _, why, _ in CAUTIONS]
)
def test_held_and_asked_and_envoyer_suffices(text: str, more: dict[str, Any], why: Why, said: str) -> None:
    found = ruling(text, **more)
    assert [(f.why, f.said) for f in found.faults] == [(why, said)]
    assert mails(found) == [("transcript", "alex@azimutpos.com")]
    assert not of(found, act.SetAssignee)
    done = answer("envoyer", found, **{k: v for k, v in more.items() if k == "standing"})
    assert mails(done) == [("reply", MARIE)]
    assert of(done, act.QueueMail)[0].context["text"] == text


@pytest.mark.parametrize(
    "text",
    [
        SENT,
        "Bonjour,\n\nJe regarde.",
        "Bonjour madame,\n\nJe regarde.",
        "Bonjour Mme Roy,\n\nJe regarde.",
        "Bonjour à tous,\n\nJe regarde.",
        "Bonjour MARIE,\n\nVotre billet AZ-1042 avance.",
        "Luc passera demain.",
        "La pièce est jointe au boîtier? Sinon, joignez-moi au téléphone.",
    ],
)
def test_what_is_right_is_sent_at_once(text: str) -> None:
    assert mails(ruling(text)) == [("reply", MARIE)]


def test_who_is_not_known_by_a_given_name_cannot_be_greeted_wrongly() -> None:
    shop = standing(participants=(Participant(address=MARIE, name="Boulangerie Roy"),))
    assert mails(ruling("Bonjour Luc,\n\nJe regarde.", standing=shop)) == [("reply", MARIE)]


def test_a_colleague_on_the_ticket_may_be_greeted() -> None:
    both = standing(
        participants=(Participant(address=MARIE, name="Marie Roy"), Participant(address=LUC, name="Luc Roy"))
    )
    assert not ruling("Bonjour Luc,\n\nJe regarde.", standing=both).faults


def test_with_the_attachment_there_is_no_doubt() -> None:
    file = Attachment(name="p.zip", media_type="application/zip", size=1, sha256="a")
    assert not ruling("Bonjour Marie, le pilote est ci-joint.", attachments=(file,)).faults


def test_a_slip_does_not_hide_the_wrong_name() -> None:
    found = ruling(".resoulu\nBonjour Luc,\nLe pilote est remplacé.")
    told = of(found, act.QueueMail)[0].context["faults"]
    assert [f["why"] for f in told] == ["unknown", "greeting"]


def test_a_caution_keeps_the_commands_for_the_yes() -> None:
    found = ruling(".résolu\nBonjour Luc,\nC’est fait.")
    assert (held(found).yes, held(found).send) == (("#résolu",), ("#résolu",))


def test_what_the_store_is_asked_for() -> None:
    asked = needs(read(".prendre 1043 1044\n.compte Roy\n.fusion 1044"), read(f".pour {LUC}"))
    assert (asked.tickets, asked.accounts, asked.addresses) == ((1043, 1044), ("Roy",), (LUC,))


def test_every_refusal_is_told_in_one_mail_to_the_configured_address() -> None:
    """From may be an alias, or forged: the transcript never goes there."""
    from daemon.core.values import Address

    for text in (".resoulu", ".attente", ".crédit accepter", ".prendre 1099"):
        found = judge(hearing(text, sender=Address(address="alex@icloud.example")))
        assert mails(found) == [("transcript", "alex@azimutpos.com")]
        assert of(found, act.QueueMail)[0].cause == "transcript:INBOX/7/11:alex@azimutpos.com"
