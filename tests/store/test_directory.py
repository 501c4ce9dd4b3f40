"""An import of customers: all of it or nothing, and what each account had when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core.values import Account, Coverage, Plan
from daemon.store import directory
from daemon.store.database import SqlStore
from daemon.store.directory import ImportRefused
from daemon.store.fields import from_microseconds
from tests.store.build import MARIE, NOW, account, asking

DAY = timedelta(days=1)


async def owner(store: SqlStore, address: str) -> str | None:
    found = (await store.snapshot(asking(sender=address))).account
    return found.key if found else None


async def plans(store: SqlStore, key: str) -> list[tuple[object, ...]]:
    rows = await store._connection.rows("SELECT * FROM account_plan WHERE account_id = ? ORDER BY id", [key])
    return [(r["plan"], r["coverage"], r["installs"], from_microseconds(r["since"])) for r in rows]


async def test_accounts_come_back_as_they_were_imported(store: SqlStore) -> None:
    bare = Account(key="A0", name="Sans rien", plan=Plan.GRATUIT, coverage=Coverage.STANDARD)
    assert await store.import_accounts([account(), bare], NOW) == 2
    assert await store.list_accounts() == [bare, account()]


async def test_accounts_that_are_not_named_stay(store: SqlStore) -> None:
    await store.import_accounts([account()], NOW)
    await store.import_accounts([account("A2", emails=(), domains=())], NOW)
    assert [a.key for a in await store.list_accounts()] == ["A1", "A2"]
    assert await owner(store, MARIE) == "A1"


async def test_plans_have_a_history_that_grows_only_with_a_change(store: SqlStore) -> None:
    await store.import_accounts([account()], NOW)
    await store.import_accounts([account(name="Autre nom")], NOW + DAY)
    await store.import_accounts([account(plan=Plan.BRONZE, coverage=Coverage.STANDARD)], NOW + 2 * DAY)
    await store.import_accounts([account(installs=None)], NOW + 3 * DAY)
    assert await plans(store, "A1") == [
        ("or", "premium", 1, NOW),
        ("bronze", "standard", 1, NOW + 2 * DAY),
        ("or", "premium", None, NOW + 3 * DAY),
    ]


async def test_addresses_and_domains_that_are_gone_lead_nowhere(store: SqlStore) -> None:
    await store.import_accounts([account()], NOW)
    await store.import_accounts([account(emails=("luc@x.example",), domains=("y.example",))], NOW)
    for address, key in (
        (MARIE, None),
        ("luc@x.example", "A1"),
        ("a@boulangerie.example", None),
        ("a@y.example", "A1"),
    ):
        assert await owner(store, address) == key


@pytest.mark.parametrize("batch", [1, 200])
@pytest.mark.parametrize("order", [1, -1])
async def test_an_address_moves_between_accounts_in_any_order(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, order: int, batch: int
) -> None:
    monkeypatch.setattr(directory, "BATCH", batch)
    await store.import_accounts([account(), account("A2", emails=("luc@x.example",), domains=())], NOW)
    swapped = [account(emails=("luc@x.example",)), account("A2", emails=(MARIE,), domains=())]
    await store.import_accounts(swapped[::order], NOW)
    assert (await owner(store, MARIE), await owner(store, "luc@x.example")) == ("A2", "A1")


async def test_everything_wrong_is_told_and_nothing_written(store: SqlStore) -> None:
    await store.import_accounts([account("A9", emails=("taken@x.example",), domains=())], NOW)
    before = await store.list_accounts()
    with pytest.raises(ImportRefused) as twice:
        await store.import_accounts([account(), account("A2"), account()], NOW)
    assert twice.value.faults == (f"{MARIE} belongs to both A1 and A2", "account A1 stands there twice")
    with pytest.raises(ImportRefused, match=r"taken@x\.example of A3 belongs to A9"):
        await store.import_accounts([account(), account("A3", emails=("taken@x.example",))], NOW)
    assert await store.list_accounts() == before


async def test_an_import_that_died_between_batches_is_finished_by_running_it_again(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "BATCH", 2)
    many = [account(f"A{n}", emails=(f"p{n}@x.example",), domains=(f"d{n}.example",)) for n in range(5)]
    plain, calls = directory.transaction, []

    async def dies(*args: object) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        await plain(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(directory, "transaction", dies)
        with pytest.raises(KeyboardInterrupt):
            await store.import_accounts(many, NOW)
    assert len(await store.list_accounts()) == 2
    await store.import_accounts(many, NOW + DAY)
    assert await store.list_accounts() == sorted(many, key=lambda a: a.key)
    assert [len(await plans(store, a.key)) for a in many] == [1] * 5


async def test_a_thousand_addresses_of_one_account_are_taken(store: SqlStore) -> None:
    many = tuple(f"p{n}@x.example" for n in range(1000))
    await store.import_accounts([replace(account(), emails=many)], NOW)
    assert await owner(store, "p999@x.example") == "A1"
