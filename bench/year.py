"""A year of a desk with 1,000 tickets through `sla simulate`: each is answered, and resolved a day or so
later, half of them after a question; one in fifty nobody takes care of. With --plain each is resolved by
one mail of an agent within five hours.

    python -m bench.year [--tickets 1000] [--plain]
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
START = datetime(2026, 1, 5, 14, tzinfo=UTC)
_SUBJECTS = ("Caisse gelée", "Imprimante muette", "Rapport incomplet", "Question de facture")


def scenario(tickets: int, *, plain: bool = False, seed: int = 1) -> str:
    dice = random.Random(seed)
    opened = sorted(START + timedelta(minutes=dice.randrange(360 * 24 * 60)) for _ in range(tickets))
    mails: list[tuple[datetime, str]] = []
    for number, at in enumerate(opened, 1001):
        kind = dice.choices(range(4), (5, 45, 30, 20))[0]
        sender = f"client{number}@boutique{number % 200}.example"
        mails.append(
            (
                at,
                f'from = "Client {number} <{sender}>"\nsubject = "{_SUBJECTS[kind]} {number}"\n'
                f'body = "Bonjour, voici le problème {number}."\nseverity = "S{kind + 1}"',
            )
        )
        agent = f'from = "alex@azimutpos.com"\nreply_to = "notification"\nticket = "AZ-{number}"'
        if plain:
            end = at + timedelta(minutes=dice.randrange(5, 300))
            mails.append((end, f'{agent}\nbody = "#résolu\\n\\nC’est remplacé."'))
            continue
        if dice.random() < 0.02:
            continue
        answer = at + timedelta(minutes=dice.randrange(5, 600))
        if dice.random() < 0.5:
            mails.append((answer, f'{agent}\nbody = "#attente\\n\\nQuelle version voyez-vous?"'))
            back = answer + timedelta(minutes=dice.randrange(10, 2000))
            mails.append(
                (back, f'from = "{sender}"\nreply_to = "reply"\nticket = "AZ-{number}"\nbody = "La 7.2."')
            )
            answer = back
        end = answer + timedelta(minutes=dice.randrange(30, 3000))
        mails.append((end, f'{agent}\nbody = "#résolu\\n\\nC’est remplacé."'))
    mails.sort(key=lambda one: one[0])
    head = f"start = {START.isoformat()}\nend = {(START + timedelta(days=365)).isoformat()}\n"
    return head + "".join(f"\n[[mail]]\nat = {at.isoformat()}\n{text}\n" for at, text in mails)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--tickets", type=int, default=1000)
    p.add_argument("--plain", action="store_true")
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "year.toml"
        path.write_text(scenario(args.tickets, plain=args.plain), encoding="utf-8")
        began = time.perf_counter()
        command = [sys.executable, "-m", "daemon", "sla", "simulate", str(path)]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        took = time.perf_counter() - began
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{args.tickets} tickets in a year: {took:.1f} s, {spent.ru_utime + spent.ru_stime:.1f} s CPU, "
        f"{len(told.splitlines())} lines told"
    )


if __name__ == "__main__":
    main()
