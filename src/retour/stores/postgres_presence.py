"""Whether other processes work on this database: each holds a shared lock as long as it lives.

Who starts and is alone frees the leases of the process before, which can't settle any more. Where others live, or may
live, leases are left to run out. The lock goes with its connection, so a process that was killed leaves none behind.
"""

from __future__ import annotations

import asyncio

import asyncpg
import structlog

from retour.errors import ConfigError
from retour.stores.postgres_schema import connect
from retour.stores.postgres_writes import translate
from retour.stores.sql import statements

LOCK = 7_238_466
PAUSE_SECONDS = 1.0  # before a lost lock is asked for again
FREE = ("messages_free", "deliveries_free")
log = structlog.get_logger()


class Presence:
    """A connection of its own that holds the lock. `enter` makes one; `leave` ends it."""

    def __init__(self, url: str, db: asyncpg.Connection) -> None:
        self._url = url
        self._db = db
        self._left = False
        self._returning: asyncio.Task[None] | None = None

    @classmethod
    async def enter(cls, url: str, now: int) -> Presence:
        """Be there; free the leases of those who were, if nobody else is. Raises ConfigError."""
        db = await connect(url)
        if await db.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            for name in FREE:
                free = translate(statements()[name], "")
                await db.execute(free.text, *free.arguments({"now": now}))
        presence = cls(url, db)
        await presence._hold()
        return presence

    async def leave(self) -> None:
        """Let the lock go."""
        self._left = True
        if self._returning is not None:
            self._returning.cancel()
        await self._db.close()

    async def _hold(self) -> None:
        """Shared, and no longer alone: others may come."""
        await self._db.execute(f"SELECT pg_advisory_lock_shared({LOCK})")
        await self._db.execute(f"SELECT pg_advisory_unlock({LOCK})")
        self._db.add_termination_listener(self._lost)

    def _lost(self, _: asyncpg.Connection) -> None:
        """The database restarts, or the line is cut: come back, so that nobody takes this process for dead."""
        if not self._left:
            self._returning = asyncio.ensure_future(self._return())

    async def _return(self) -> None:
        while True:
            try:
                self._db = await connect(self._url)
                return await self._hold()
            except (ConfigError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("store_unreachable", error=str(error))
                await asyncio.sleep(PAUSE_SECONDS)
