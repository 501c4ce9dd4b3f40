"""`classify` and `model`: the classifier on its own, for one mail or many, and its training and figures. The
only commands that import spaCy, and only when they run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from daemon.cli.failure import CommandFailed, UsageFault

if TYPE_CHECKING:
    from classifiers.examples import Example
    from classifiers.pipeline import Reading, Triage

_EXPECTED = 'expected an object {"id", "subject", "body", "installs": number or null}'


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    one = sub.add_parser(
        "classify",
        help="what the classifier reads in a mail",
        description="Read a mail file (.eml), or with --jsonl one JSON object per line, and print one JSON "
        "object per mail.",
    )
    one.add_argument(
        "--jsonl",
        action="store_true",
        help='lines of {"id", "subject", "body", "installs"} instead of a mail',
    )
    one.add_argument("file", nargs="?", metavar="FILE", help="default: stdin")
    one.set_defaults(func=classify)

    model = sub.add_parser("model", help="train or evaluate the classifier")
    actions = model.add_subparsers(dest="action", metavar="ACTION", required=True)
    train = actions.add_parser("train", help="build the pipeline from the corpus")
    train.add_argument("--seed", type=int, metavar="N", help="of the folds (default: the shipped model's)")
    train.add_argument("--out", metavar="DIR", help="where to write it (default: the shipped model's place)")
    train.add_argument(
        "--encoder",
        choices=("keep", "train", "none"),
        default="keep",
        help="keep the shipped one (default), train it anew (needs `pip install azimut-support[train]` and "
        "half an hour), or do without",
    )
    train.add_argument(
        "--from-store",
        action="store_true",
        help="also on the mails of this desk that agents have corrected (#p1, #p3, #p4, #spam); the model is "
        "written only if it is no worse on the frozen test",
    )
    train.set_defaults(func=train_model)
    evaluate = actions.add_parser("evaluate", help="the model's figures on mails it was not trained on")
    evaluate.add_argument("--json", action="store_true", help="one JSON document")
    evaluate.set_defaults(func=evaluate_model)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A mail to classify; `installs` is the directory's number."""

    id: object
    subject: str
    body: str
    installs: int | None


def classify(args: argparse.Namespace) -> int:
    """Print one object per mail, in order. A line that is none stops the command before it is classified."""
    asked = _lines(args.file) if args.jsonl else iter([_mail(args.file)])
    triage: Triage | None = None
    for mail in asked:
        triage = triage or _triage()
        reading = triage.classify(mail.subject, mail.body)
        print(json.dumps(as_json(mail.id, reading, mail.installs), ensure_ascii=False))  # noqa: T201 - data
    return 0


def as_json(id_: object, reading: Reading, installs: int | None) -> dict[str, object]:
    """The object of contract.md, every key always there. Severity and priority are null when the intent is no
    ticket, and the confidence is then the intent's; the pipeline computes a severity all the same, for a
    ticket opened despite it. The rule is then "severity": it has no row for a mail without one."""
    from classifiers import p1_rule

    ticket = reading.intent == "ticket"
    ruling = p1_rule.decide(reading.severity, installs, reading.installs, reading.other_means)
    return {
        "id": id_,
        "intent": reading.intent,
        "language": reading.language,
        "severity": reading.severity if ticket else None,
        "confidence": reading.confidence if ticket else reading.intent_confidence,
        "other_means": reading.other_means,
        "installs": reading.installs,
        "priority": ruling.priority if ticket else None,
        "provisional": ticket and ruling.provisional,
        "rule": ruling.rule if ticket else "severity",
        "evidence": [{"facet": e.facet, "text": e.text, "weight": e.weight} for e in reading.evidence],
        "missing": list(reading.missing),
    }


def train_model(args: argparse.Namespace) -> int:
    """Train on the corpus without its held-out mails, write the model and say how good it is on those."""
    from classifiers import examples, train
    from classifiers.encoder import EncoderFault
    from classifiers.publish import Encoding, NotPromoted, publish

    out = Path(args.out) if args.out else None
    more = _of_desk(args) if args.from_store else []
    try:
        report = publish(
            out,
            seed=train.SEED if args.seed is None else args.seed,
            encoding=Encoding(args.encoder),
            more=more,
            progress=_progress,
        )
    except (examples.CorpusFault, EncoderFault, NotPromoted) as fault:
        raise CommandFailed(str(fault)) from fault
    except OSError as trouble:
        raise CommandFailed(
            f"{trouble.filename or out}: {trouble.strerror}: cannot write the model"
        ) from trouble
    sys.stdout.write(_table(report))
    return 0


def evaluate_model(args: argparse.Namespace) -> int:
    from classifiers import examples
    from classifiers.publish import judge

    try:
        report = judge(_triage())
    except examples.CorpusFault as fault:
        raise CommandFailed(str(fault)) from fault
    if args.json:
        print(json.dumps(report, ensure_ascii=False))  # noqa: T201 - data goes to stdout
    else:
        sys.stdout.write(_table(report))
    return 0


def _of_desk(args: argparse.Namespace) -> list[Example]:
    """The mails that agents have corrected, as examples. Raises CommandFailed when there are none."""
    from classifiers.examples import of_desk
    from daemon.cli.stored import settings_of, with_store

    found = [
        of_desk(
            id_=f"desk {one.ticket} {one.field}",
            subject=one.subject,
            body=one.text,
            language=one.language,
            **{one.field: one.became},
        )
        for one in with_store(settings_of(args), lambda store: store.corrections())
    ]
    if not found:
        raise CommandFailed("the store holds no corrections: agents make them with #p1, #p3, #p4 and #spam")
    _progress(f"{len(found)} mails that agents corrected")
    return found


def _triage() -> Triage:
    from classifiers.pipeline import ModelFault, load

    try:
        return load()
    except ModelFault as fault:
        raise CommandFailed(str(fault)) from fault


def _progress(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - progress goes to stderr


def _table(report: dict[str, object]) -> str:
    from classifiers.card import figures

    return figures(report)


def _mail(name: str | None) -> _Asked:
    from daemon.core.values import Mail
    from daemon.mail.parse import parse

    try:
        raw = Path(name).read_bytes() if name else sys.stdin.buffer.read()
    except (OSError, ValueError) as trouble:
        raise UsageFault(_unreadable(name, trouble)) from trouble
    mail = parse(raw)
    if not isinstance(mail, Mail):
        raise CommandFailed(f"{name or 'stdin'}: {mail.reason}: expected a mail (.eml)")
    return _Asked(id=mail.message_id, subject=mail.subject, body=mail.new_text, installs=None)


def _lines(name: str | None) -> Iterator[_Asked]:
    shown = name or "stdin"
    try:
        stream: TextIO = Path(name).open(encoding="utf-8") if name else sys.stdin  # noqa: SIM115 - closed below
    except (OSError, ValueError) as trouble:
        raise UsageFault(_unreadable(name, trouble)) from trouble
    number = 0
    with stream:
        try:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield _asked(line, f"{shown}: line {number}")
        except UnicodeDecodeError as trouble:
            raise UsageFault(f"{shown}: after line {number}: is not UTF-8: {_EXPECTED}") from trouble


def _asked(line: str, where: str) -> _Asked:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as trouble:
        raise UsageFault(f"{where}: is not JSON ({trouble}): {_EXPECTED}") from trouble
    if not isinstance(row, dict):
        raise UsageFault(f"{where}: holds a {type(row).__name__}: {_EXPECTED}")
    subject, body, installs = row.get("subject"), row.get("body"), row.get("installs")
    for key, text in (("subject", subject), ("body", body)):
        if not isinstance(text, str | None):
            raise UsageFault(f"{where}: {key} holds {text!r}: {_EXPECTED}")
    if isinstance(installs, bool) or not isinstance(installs, int | None):
        raise UsageFault(f"{where}: installs holds {installs!r}: {_EXPECTED}")
    if subject is None and body is None:
        raise UsageFault(f"{where}: has neither subject nor body: {_EXPECTED}")
    return _Asked(id=row.get("id"), subject=subject or "", body=body or "", installs=installs)


def _unreadable(name: str | None, trouble: OSError | ValueError) -> str:
    reason = trouble.strerror if isinstance(trouble, OSError) and trouble.strerror else str(trouble)
    return f"{name or 'stdin'}: {reason}: expected a readable file"
