"""Seeds: every one is a different story of drops, delays, refusals, lost answers and kills; each replays
exactly. `AZIMUT_SEEDS=2000` plays more of them, `AZIMUT_SEED=17` one alone."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.settings.load import load_settings
from daemon.settings.model import Settings
from daemon.settings.resources import resource
from daemon.store.database import open_store
from tests.simulation.isolated import isolated
from tests.simulation.life import Plan, play
from tests.simulation.world import Chance

SEEDS = int(os.environ.get("AZIMUT_SEEDS", "60"))
ONE = os.environ.get("AZIMUT_SEED")


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Settings, Path]]:
    """Settings on a folder of one's own, and an empty, migrated store to start every seed from. In memory
    where the machine has such a place: a seed commits some hundred times."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="azimut-seeds-", dir=memory if memory.is_dir() else None))
    (folder / "data").mkdir()
    config = folder / "azimut-support.toml"
    config.write_text(
        f"""
        [desk]
        data_dir = "{folder / "data"}"
        sla = "{resource("config", "sla.toml")}"
        [imap]
        poll_interval = "30s"
        [smtp]
        host = "127.0.0.1"
        [store]
        url = "sqlite:///{folder / "data" / "desk.sqlite3"}"
        [[agents]]
        name = "Alex Roy"
        handle = "alex"
        address = "alex@azimutpos.com"
        """
    )
    settings = load_settings(config, environ={})
    template = folder / "template.sqlite3"

    async def make() -> None:
        async with open_store(f"sqlite:///{template}", folder, create=True):
            pass

    asyncio.run(make())
    yield settings, template
    shutil.rmtree(folder)


def plan(seed: int) -> Plan:
    dice = random.Random(seed * 7919 + 1)
    rough = dice.random()
    chance = Chance(
        drop=0.08 * rough * dice.random(),
        refuse_move=0.3 * rough * dice.random(),
        defer=0.5 * rough * dice.random(),
        lose_answer=0.3 * rough * dice.random(),
        unreachable=0.4 * rough * dice.random(),
        delay=3.0 * dice.random(),
    )
    return Plan(
        seed=seed,
        mails=dice.randint(1, 5),
        kills=dice.randint(0, 3),
        chance=chance,
        duplicates=dice.randint(0, 2),
        renumber=dice.random() < 0.2,
    )


@pytest.mark.parametrize("seed", [int(ONE)] if ONE else range(SEEDS))
def test_no_story_loses_or_doubles_anything(seed: int, stage: tuple[Settings, Path]) -> None:
    isolated(lambda: _summary(plan(seed), *stage))


def test_a_seed_replays_to_the_byte(stage: tuple[Settings, Path]) -> None:
    first, second = (isolated(lambda: _summary(plan(3), *stage)) for _ in range(2))
    assert first == second


def _summary(story: Plan, settings: Settings, template: Path) -> tuple[str, float]:
    """A digest of every byte that was sent, and how long it all took on the virtual clock."""
    world = play(story, settings, template)
    digest = hashlib.sha256()
    for mail in world.accepted:
        digest.update(mail.data)
    return digest.hexdigest(), world.elapsed
