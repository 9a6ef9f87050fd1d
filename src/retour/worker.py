"""The worker: keeps the rooms working. Look at what was rung for, and once a second at everything that is due."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Protocol

import structlog

from retour import ids, limits
from retour.app import Retour
from retour.due import Slots
from retour.errors import Busy
from retour.model import Lane
from retour.stores import RoomName
from retour.upkeep import EVERY_SECONDS, SOON_SECONDS

FINISH_SECONDS = 20.0  # what is in work at a stop may end; the rest is taken again at the next start
log = structlog.get_logger()


class Room(Protocol):
    """A room that takes due rows."""

    slots: Slots

    async def run_due(self, lane: Lane, now: int) -> None:
        """Take and work on what is due in a lane."""


class Worker:
    """Runs until told to stop; by a flag, never by cancelling, so that no row is left half done."""

    def __init__(self, retour: Retour) -> None:
        self._retour = retour
        self._stopping = asyncio.Event()
        self._rooms: dict[RoomName, Room] = {
            RoomName.SENDING: retour.sending,
            RoomName.DISPATCH: retour.dispatch,
            RoomName.REPORTS: retour.reports,
        }

    async def run(self) -> None:
        """Every room at once, the housekeeping and the alerts. Ends when stopped and what is in work has ended."""
        rooms = [self._keep(name, room) for name, room in self._rooms.items()]
        await asyncio.gather(*rooms, self._tidy(), self._watch())
        await asyncio.gather(*(room.slots.finish(FINISH_SECONDS) for room in self._rooms.values()))

    async def stop(self) -> None:
        """Take nothing more; `run` ends soon."""
        self._stopping.set()
        for name in self._rooms:
            self._retour.bell.ring(name, Lane(""))

    async def _keep(self, name: RoomName, room: Room) -> None:
        """Do what is due, then wait for bell or clock. Nothing that goes wrong ends this but the stop."""
        next_sweep = 0.0  # of the clock that nobody sets back
        while not self._stopping.is_set():
            lanes = await self._retour.bell.wait(name, limits.SWEEP_SECONDS)
            if time.monotonic() >= next_sweep:
                next_sweep = time.monotonic() + limits.SWEEP_SECONDS
                lanes |= await self._sweep(name, ids.now())
            await asyncio.gather(*(self._look(name, room, lane) for lane in lanes))

    async def _tidy(self) -> None:
        """The housekeeping, now and every hour; sooner when a round left something."""
        while not self._stopping.is_set():
            more = False
            try:
                more = await self._retour.upkeep.run(ids.now())
                more = await self._retour.uploads.go_on(ids.now()) or more
            except Exception:
                log.exception("upkeep_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), SOON_SECONDS if more else EVERY_SECONDS)

    async def _watch(self) -> None:
        """Tell of what has been failing; beside the rooms, so that an e-mail keeps none of them waiting."""
        while not self._stopping.is_set():
            try:
                await self._retour.alerts.run(ids.now())
            except Busy:
                log.warning("store_busy", room="alerts")
            except Exception:
                log.exception("alerts_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), limits.ALERT_SECONDS)

    async def _sweep(self, name: RoomName, now: int) -> frozenset[Lane]:
        """Lanes with due rows that nobody rang for."""
        try:
            return frozenset(await self._retour.store.due_lanes(name, now))
        except Exception:
            log.exception("sweep_failed", room=name)
            return frozenset()

    async def _look(self, name: RoomName, room: Room, lane: Lane) -> None:
        """One lane; trouble with it is logged and does not keep the others waiting."""
        if self._stopping.is_set() or not lane.sandbox:
            return
        try:
            await room.run_due(lane, ids.now())
        except Busy:
            log.warning("store_busy", room=name, sandbox=lane.sandbox)
        except Exception:
            log.exception("lane_failed", room=name, sandbox=lane.sandbox)
