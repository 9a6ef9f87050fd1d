"""Slots: how many rows of a lane may be in work, and what happens to a row whose work has a bug.

A lane has slots of its own, so that one hanging endpoint or relay holds those and no more (bulkhead).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any, TypeVar

import structlog

from retour import ids, limits
from retour.errors import Busy
from retour.model import Lane

PAUSE_SECONDS = 0.5  # between two writes to a store that is busy
T = TypeVar("T")
log = structlog.get_logger()


class Slots:
    """Places per lane and in the room. A lane is rung when it has more due and a place is free again."""

    def __init__(self, room: str, ring: Callable[[Lane], None]) -> None:
        self._room = room
        self._ring = ring
        self._busy: Counter[Lane] = Counter()
        self._all = 0
        self._more: dict[Lane, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, lane: Lane, places: int) -> int:
        """As many of the lane's `places` as are free now. Whoever takes them must `fill` them."""
        free = max(0, min(places - self._busy[lane], limits.IN_FLIGHT - self._all))
        self._count(lane, free)
        if not free:
            self._more[lane] = None
        return free

    def fill(self, lane: Lane, taken: int, work: Iterable[Coroutine[Any, Any, None]], more: bool) -> None:
        """Work on these rows, at most as many as were taken, and give the other places back.

        more: the lane may have more due; look again when one of these is done.
        """
        start = asyncio.get_running_loop().create_task
        tasks = [start(row) for row in work]
        for task in tasks:
            self._tasks.add(task)
            task.add_done_callback(partial(self._end, lane))
        self._count(lane, len(tasks) - taken)
        self._more.pop(lane, None)
        if more:
            self._more[lane] = None

    async def finish(self, seconds: float) -> None:
        """Let what is in work end, for so long; stop, do not cancel."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _end(self, lane: Lane, task: asyncio.Task[None]) -> None:
        """A place is free: for this lane, or, when the room was full, for the one that waits longest.

        A bug in one row is logged and never stops the others; its lease runs out and it is taken again.
        """
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("row_failed", room=self._room, sandbox=lane.sandbox, exc_info=bug)
        was_full = self._all >= limits.IN_FLIGHT
        self._tasks.discard(task)
        self._count(lane, -1)
        if lane in self._more:
            self._ring(lane)
        if was_full and self._more:
            self._ring(next(iter(self._more)))

    def _count(self, lane: Lane, change: int) -> None:
        self._all += change
        self._busy[lane] += change
        if not self._busy[lane]:
            del self._busy[lane]


async def insist(write: Callable[[], Awaitable[T]], until: int) -> T:
    """Hand over an outcome as long as the lease lasts (microseconds): what is not written is done again.

    Safe to repeat: when an unknown outcome was in fact written, the guard answers Stale. Raises Busy at the end.
    """
    while True:
        try:
            return await write()
        except Busy:
            if ids.now() >= until:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
