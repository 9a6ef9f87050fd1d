"""The stores that the suite runs over. A new plug is one row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from outside.postgres import Cluster
from retour.stores import Store
from retour.stores.postgres import PostgresStore
from retour.stores.postgres_schema import prepare
from retour.stores.postgres_writes import GIVEN_CLOCK
from retour.stores.sqlite import SqliteStore
from stores.desk import Desk, Opener


async def sqlite(folder: Path, now: int) -> Store:
    """The embedded store, in a file of its own."""
    return await SqliteStore.open(folder / "retour.db", now)


async def on_postgres(url: str, now: int) -> Store:
    """The scale-out store, in a database that is there. Its leases go by the clock that tests move."""
    return await PostgresStore.open(url, now, GIVEN_CLOCK)


@pytest.fixture(scope="session")
def migrated(cluster: Cluster) -> str:
    """The name of a database with the schema."""
    name = cluster.create()
    asyncio.run(prepare(cluster.url(name)))
    return name


@pytest.fixture
def database(cluster: Cluster, migrated: str) -> str:
    """The URL of a database with the schema and no rows."""
    cluster.empty(migrated)
    return cluster.url(migrated)


PLUGS = ["sqlite", pytest.param("postgres", marks=pytest.mark.peer("postgres"))]


@pytest.fixture(params=PLUGS)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens one store, again and again the same."""
    if request.param == "sqlite":
        return partial(sqlite, tmp_path)
    return partial(on_postgres, request.getfixturevalue("database"))


@pytest.fixture
async def desk(opener: Opener) -> AsyncIterator[Desk]:
    """A desk at a fresh store where Ann has a live campaign and a relay."""
    made = Desk(await opener(0), opener)
    await made.campaign()
    await made.configuration()
    yield made
    await made.store.close()
