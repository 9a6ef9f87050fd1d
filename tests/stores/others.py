"""Who else is at the same database: another process, an operator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg

from stores.conftest import on_postgres
from stores.desk import NOW, Desk


@asynccontextmanager
async def a_desk(url: str) -> AsyncIterator[Desk]:
    """A process of its own, as far as the database can tell."""
    made = Desk(await on_postgres(url, NOW), partial(on_postgres, url))
    try:
        yield made
    finally:
        await made.store.close()


@asynccontextmanager
async def an_operator(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody with psql."""
    db = await asyncpg.connect(url)
    try:
        yield db
    finally:
        await db.close()
