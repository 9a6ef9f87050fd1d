"""The planner's figures of young tables.

To a planner that has never looked at a table every index that begins with the sandbox is as good as the key, and it
reads all rows of the sandbox by it. PostgreSQL looks by itself once a minute at most; a service that is new or was just
restored has written thousands of rows by then. So the store has it look when it has written many more than are known.
"""

from __future__ import annotations

import asyncpg
import structlog

TABLES = (
    "message",
    "delivery",
    "event",
    "attempt",
    "execution",
    "request_key",
    "profile",
    "provider_ref",
    "early_report",
)
FIRST, FACTOR, LAST = 200, 5, 125_000  # hand-overs; after the last the figures can't be wrong by much
KNOWN = "SELECT MIN(reltuples) FROM pg_class WHERE oid IN ('message'::regclass, 'delivery'::regclass)"
log = structlog.get_logger()


class Statistics:
    """Counts hand-overs; says when it is time to look."""

    def __init__(self) -> None:
        self._written = 0
        self._next = FIRST

    def due(self, written: int) -> bool:
        """So many more were written. Whether somebody should `refresh` now."""
        self._written += written
        if self._written < self._next or self._next > LAST:
            return False
        while self._next <= self._written:
            self._next *= FACTOR
        return True

    async def refresh(self, pool: asyncpg.Pool) -> None:
        """Look, unless the figures are those of an older and larger store. A role that may not is let be."""
        try:
            async with pool.acquire() as db:
                if await db.fetchval(KNOWN) < self._written:
                    await db.execute(f"ANALYZE {', '.join(TABLES)}")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            log.warning("statistics_not_refreshed", error=str(error))
