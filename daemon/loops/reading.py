"""What can be said of a mail without the store: parsed, classified, its evidence collected; of an agent's
mail its own words, and with the store's answer what of them may be ours. It decides and writes nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from daemon.core.agency.wanting import is_automatic, wanted, writer
from daemon.core.decide import Inbound
from daemon.core.matching import Lookup, Snapshot, lookup
from daemon.core.policy import Policy
from daemon.core.values import Arrival, Claim, Mail
from daemon.mail.agent_reply import agent_words, text_of
from daemon.ports import Opened, Opener, RawMail, ReadingFault

log = logging.getLogger("azimut.intake")


class Evidence(Protocol):
    """What `mail.tokens` reads out of a mail with the desk's key."""

    def claims(self, mail: Mail) -> tuple[Claim, ...]: ...

    def bounced_rows(self, mail: Mail) -> tuple[int, ...]: ...

    def is_ours(self, mail: Mail) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A mail as far as it can be told without the store. One of `inbound` with `lookup`, or the `fault` that
    reading it met."""

    arrival: Arrival
    data: bytes = field(repr=False)
    inbound: Inbound | None = None
    lookup: Lookup | None = None
    fault: Exception | None = None

    @property
    def contents(self) -> dict[str, bytes]:
        """What is to be kept as files should this mail be kept, by its sha256."""
        mail = self.inbound.mail if self.inbound is not None else None
        if not isinstance(mail, Mail):
            return {}
        return {a.sha256: a.content for a in mail.attachments if a.content or a.size == 0}


class Glasses:
    def __init__(self, *, opener: Opener, evidence: Evidence, policy: Policy) -> None:
        self._opener = opener
        self._evidence = evidence
        self._policy = policy

    async def read(
        self, arrivals: Sequence[Arrival], raws: Sequence[RawMail], *, sent: bool = False
    ) -> list[Reading]:
        """Any fault of one mail is that mail's alone. `sent`: they lay in the Sent folder, so one of us wrote
        them and the model is not asked. Raises `Unavailable` when nothing can be read now."""
        opened = await self._opener.open(raws, classified=not sent)
        return [
            self._reading(arrival, raw.data, found, sent)
            for arrival, raw, found in zip(arrivals, raws, opened, strict=True)
        ]

    async def message_id(self, raw: RawMail) -> str:
        """Its Message-ID, or one that stands for a mail that cannot be read. Raises `Unavailable`."""
        (opened,) = await self._opener.open([raw], classified=False)
        return opened.mail.message_id if isinstance(opened, Opened) else f"uid-{raw.uid}"

    def _reading(self, arrival: Arrival, data: bytes, opened: Opened | ReadingFault, sent: bool) -> Reading:
        if isinstance(opened, ReadingFault):
            return Reading(arrival=arrival, data=data, fault=opened)
        if opened.unclassified is not None:
            fault = opened.unclassified
            fields = {"uid": arrival.uid, "fault": fault.name, "trace": fault.trace}
            log.error("classifier_failed", extra={"fields": fields})
        mail = opened.mail
        readable = mail if isinstance(mail, Mail) else None
        try:
            claims = self._evidence.claims(readable) if readable else ()
            rows = self._evidence.bounced_rows(readable) if readable and readable.bounce else ()
            inbound = Inbound(
                arrival=arrival,
                mail=mail,
                claims=claims,
                findings=opened.findings,
                raw=data,
                ours=readable is not None and self._evidence.is_ours(readable),
            )
            asked = lookup(mail, claims, arrival.internaldate, rows)
            asked = replace(asked, acks_counted=self._policy.limits.acks_desk)
            if readable is not None and sent:
                inbound = with_words(inbound, readable)
                asked = replace(asked, agent=True)
            elif readable is not None and writer(readable, self._policy) is not None:
                inbound = with_words(inbound, readable)
                asked = wanted(asked, readable, inbound.words, self._policy, arrival.internaldate)
        except Exception as fault:  # noqa: BLE001 - whoever settles this mail sets it aside with the reason
            return Reading(arrival=arrival, data=data, fault=fault)
        return Reading(arrival=arrival, data=data, inbound=inbound, lookup=asked)


def with_words(inbound: Inbound, mail: Mail, snapshot: Snapshot | None = None) -> Inbound:
    """An agent's mail with their own words; once the store has told which mail of ours it answers, with the
    lines that stand in that one among its doubts. What a program wrote in an agent's name is nobody's."""
    if is_automatic(mail):
        return inbound
    row = snapshot.answered if snapshot is not None else None
    ours = text_of(row.message, _customers_words(row.context)) if row is not None and row.message else ""
    found = agent_words(mail, ours)
    return replace(inbound, words=found.text, doubts=found.doubts)


def _customers_words(context: Mapping[str, object]) -> Iterator[str]:
    """What of a mail to an agent the customer had written."""
    yield str(context.get("text", ""))
    conversation = context.get("conversation")
    for said in conversation if isinstance(conversation, list) else ():
        if isinstance(said, Mapping) and said.get("direction") == "in":
            yield str(said.get("text", ""))
