"""The bell of one process: sets in memory and the loop's own timers."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from retour.model import Lane

HORIZON = 60_000_000  # later than that the sweep finds it as well


class LocalBell:
    """See bells.Bell."""

    def __init__(self) -> None:
        self._rung: defaultdict[str, set[Lane]] = defaultdict(set)
        self._events: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._alarms: dict[tuple[str, Lane], tuple[int, asyncio.TimerHandle]] = {}

    def ring(self, room: str, lane: Lane) -> None:
        """See Bell.ring."""
        self._rung[room].add(lane)
        self._events[room].set()

    def ring_at(self, room: str, lane: Lane, due_at: int, now: int) -> None:
        """One timer per lane, for its earliest time; what is due later and set none is found by the sweep."""
        if due_at - now > HORIZON:
            return
        earliest = self._alarms.get((room, lane))
        if earliest is not None and earliest[0] <= due_at:
            return
        if earliest is not None:
            earliest[1].cancel()
        delay = max(0.0, (due_at - now) / 1_000_000)
        timer = asyncio.get_running_loop().call_later(delay, self._alarm, room, lane)
        self._alarms[room, lane] = (due_at, timer)

    def _alarm(self, room: str, lane: Lane) -> None:
        self._alarms.pop((room, lane), None)
        self.ring(room, lane)

    async def wait(self, room: str, seconds: float) -> frozenset[Lane]:
        """See Bell.wait."""
        event = self._events[room]
        if not event.is_set():
            try:
                async with asyncio.timeout(seconds):
                    await event.wait()
            except TimeoutError:
                return frozenset()
        event.clear()
        rung = frozenset(self._rung[room])
        self._rung[room].clear()
        return rung
