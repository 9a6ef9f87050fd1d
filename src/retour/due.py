"""Slots: how many rows of a lane may be in work, and what happens to a row whose work has a bug.

A lane has slots of its own, so that one hanging endpoint or relay holds those and no more (bulkhead).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from retour import limits
from retour.model import Lane

log = structlog.get_logger()


class Slots:
    """Free places per lane and in the room."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._busy: Counter[Lane] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def free(self, lane: Lane, places: int) -> int:
        """How many more rows of this lane may be taken now, of the `places` that it has."""
        return max(0, min(places - self._busy[lane], limits.IN_FLIGHT - len(self._tasks)))

    def start(self, lane: Lane, work: Coroutine[Any, Any, None], freed: Callable[[Lane], None]) -> None:
        """Work on one row; `freed` hears when its place is free again."""
        self._busy[lane] += 1
        task = asyncio.ensure_future(self._watched(lane, work))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._end(done, lane, freed))

    async def _watched(self, lane: Lane, work: Coroutine[Any, Any, None]) -> None:
        """A bug in one row is logged and never stops the others; its lease runs out and it is taken again."""
        try:
            await work
        except Exception:
            log.exception("row_failed", room=self._room, sandbox=lane.sandbox)

    def _end(self, task: asyncio.Task[None], lane: Lane, freed: Callable[[Lane], None]) -> None:
        self._tasks.discard(task)
        self._busy[lane] -= 1
        if not self._busy[lane]:
            del self._busy[lane]
        freed(lane)

    async def finish(self, seconds: float) -> None:
        """Let what is in work end, for so long; stop, do not cancel."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
