"""What the core gets to know of the configuration."""

from __future__ import annotations

from pathlib import Path

from daemon.core.policy import Agent, Limits
from daemon.core.values import Language
from daemon.settings.load import policy
from tests.settings.desk_files import load

TEXT = """
[desk]
address = "aide@shop.example"
name = "Aide"
timezone = "America/Vancouver"
language = "en"
phone = "418 555-0142"
plus_addressing = false
escalation = ["boss@shop.example"]
oncall = ["nuit@shop.example"]
[imap]
trusted_authserv = ["mx.shop.example"]
[mail]
voicemail_senders = ["@phones.example"]
voicemail_p1 = false
[limits]
acks_per_address = 1
same_text_per_address = 2
tickets_per_address = 3
mails_per_ticket = 4
reopens_per_ticket = 5
acks_desk = 6
[[agents]]
name = "Alex Roy"
handle = "alex"
address = "alex@shop.example"
aliases = ["nuit@shop.example"]
manager = true
[[agents]]
name = "Sam Côté"
handle = "sam"
address = "sam@shop.example"
"""


def test_the_policy_says_what_the_configuration_says(tmp_path: Path) -> None:
    settings = load(tmp_path, TEXT)
    found = policy(settings)
    assert (found.desk_address, found.desk_name) == ("aide@shop.example", "Aide")
    assert (found.timezone, found.language) == ("America/Vancouver", Language.EN)
    assert (found.phone, found.plus_addressing) == ("418 555-0142", False)
    assert (found.escalation, found.oncall) == (("boss@shop.example",), ("nuit@shop.example",))
    assert found.trusted_authserv == ("mx.shop.example",)
    assert found.voicemail_senders == ("@phones.example",)
    assert found.voicemail_p1 is False
    assert found.limits == Limits(
        acks_per_address=1,
        same_text_per_address=2,
        tickets_per_address=3,
        mails_per_ticket=4,
        reopens_per_ticket=5,
        acks_desk=6,
    )
    assert found.agents == (
        Agent(
            name="Alex Roy",
            handle="alex",
            addresses=("alex@shop.example", "nuit@shop.example"),
            manager=True,
        ),
        Agent(name="Sam Côté", handle="sam", addresses=("sam@shop.example",)),
    )
    assert found.managers == ("alex@shop.example", "boss@shop.example")
    assert found.sla is settings.sla
    assert found.sla
