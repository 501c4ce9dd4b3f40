"""Twelve days of a desk on a fast clock, killed between any two steps: what the ticker owes is sent all the
same, each of it once (sla.md, "Each step happens once, whatever is restarted")."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from daemon import app
from daemon.settings.model import Settings
from daemon.store.database import open_store
from tests.opening import Here
from tests.simulation.isolated import isolated
from tests.simulation.life import KEY, START, VirtualClock, classify, live
from tests.simulation.test_seeds import stage as stage
from tests.simulation.world import Chance, SimMailbox, SimSender, World

SEEDS = int(os.environ.get("AZIMUT_TICKER_SEEDS", "12"))
DAYS = timedelta(days=12)
SUBJECTS = ("xxxx", "x", "xx")  # S1, S2, S3: see `life.classify`

Story = Counter[tuple[str, str, str]]


def mail(number: int, subject: str) -> bytes:
    return (
        f"From: Client {number} <c{number}@shop{number}.example>\r\nTo: support@azimutpos.com\r\n"
        f"Subject: {subject}\r\nMessage-ID: <m{number}@shop{number}.example>\r\n"
        f"Date: Tue, 03 Nov 2026 10:00:00 -0500\r\n\r\nLa caisse ne marche plus. {number}\r\n"
    ).encode()


async def serve(settings: Settings, world: World) -> None:
    """A life: until twelve days are over and nothing is left to send."""
    async with open_store(settings.store.url, settings.desk.data_dir, create=False) as store:

        async def open_mailbox() -> SimMailbox:
            await world.visit()
            return SimMailbox(world)

        edges = app.Edges(
            open_mailbox=open_mailbox,
            sender=SimSender(world),
            opener=Here(classify),
            clock=VirtualClock(world),
            jitter=lambda: 0.0,
            longest_sleep=DAYS.total_seconds(),
        )
        desk = await app.wire(settings, store, KEY, edges)
        serving = asyncio.create_task(app.serve(desk))
        left = (START + DAYS - world.now()).total_seconds()
        await asyncio.wait([serving], timeout=max(left, 0.0))
        for _ in range(60):
            if serving.done() or not (await store.counts())["outbox"]:
                break
            await asyncio.sleep(60)
        desk.stop.set()
        await serving


def play(settings: Settings, template: Path, kills: list[int]) -> tuple[Story, int]:
    """What was sent, by kind, ticket and reader; and the steps of the last life."""
    database = settings.desk.data_dir / "desk.sqlite3"
    for old in settings.desk.data_dir.glob("desk.sqlite3*"):
        old.unlink()
    shutil.copy(template, database)
    world = World(1, Chance(), START)
    for number, subject in enumerate(SUBJECTS):
        world.deliver(mail(number, subject))
    for kill_at in kills:
        live(world, lambda: serve(settings, world), kill_at)
    steps = live(world, lambda: serve(settings, world), None)
    copies: dict[str, set[bytes]] = {}
    for one in world.accepted:
        copies.setdefault(one.message_id, set()).add(one.data)
    assert all(len(same) == 1 for same in copies.values()), "a repeat that is not the same mail"
    unique = {one.message_id: one for one in world.accepted}
    return Counter((one.kind, one.ticket, one.recipient) for one in unique.values()), steps


def patient(settings: Settings) -> Settings:
    """The mailbox tells of new mail by itself: twelve days of polling would be 34,560 looks."""
    return replace(settings, imap=settings.imap.model_copy(update={"poll_interval": 86400.0}))


def test_without_a_kill_the_ticker_sends_what_is_owed(stage: tuple[Settings, Path]) -> None:
    settings, template = stage
    told, _ = isolated(lambda: play(patient(settings), template, []))
    kinds = Counter({kind: 0 for kind, _, _ in told})
    for (kind, _, _), number in told.items():
        kinds[kind] += number
    assert kinds["ack"] == kinds["notification"] == len(SUBJECTS)
    assert kinds["alarm"] >= 6
    assert kinds["status-update"] > 20
    assert kinds["escalation"] > 4
    assert kinds["breach"] > 2


@pytest.mark.parametrize("seed", range(SEEDS))
def test_killed_between_any_two_steps_it_sends_the_same(seed: int, stage: tuple[Settings, Path]) -> None:
    settings, template = stage

    def both() -> tuple[Story, Story, int]:
        whole, steps = play(patient(settings), template, [])
        dice = random.Random(seed)
        kills = sorted(dice.randint(1, steps) for _ in range(dice.randint(1, 4)))
        # Each life begins where the last ended: a kill comes so many steps after that.
        gaps = [max(b - a, 1) for a, b in zip([0, *kills], kills, strict=False)]
        return whole, play(patient(settings), template, gaps)[0], len(kills)

    whole, killed, kills = isolated(both)
    steady = {one: number for one, number in whole.items() if one[0] != "status-update"}
    assert {one: number for one, number in killed.items() if one[0] != "status-update"} == steady
    # An update counts from the one before it. A start may put it off by a minute, until waiting mail is taken
    # in, and then the last one falls behind the twelfth day.
    for one in whole.keys() - steady.keys():
        assert whole[one] - kills <= killed[one] <= whole[one]
