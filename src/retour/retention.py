"""Retention: what is old enough goes, in commits of at most a thousand rows, for some seconds at a time.

Bodies of events go first; after a longer time whole messages, with their events, deliveries, attempts and, after the
last of them, their execution. Never anything of which a delivery is still due.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from retour import limits
from retour.model import Value
from retour.stores import Row, Store
from retour.stores.handovers import Changed, Step, Written

BATCH = 1_000  # rows per commit
ROUND_SECONDS = 5.0  # then the rest waits for the next round
START: tuple[int, str, int] = (0, "", 0)


class Ages(Value):
    """How long is kept what is over: bodies of events; messages with all that belongs to them. Days."""

    bodies: int = limits.KEEP_BODIES_DAYS
    attempts: int = limits.KEEP_ATTEMPTS_DAYS


class Retention:
    """Goes on where its last round stopped, so that what must stay is not looked at again and again."""

    def __init__(self, store: Store, ages: Ages) -> None:
        self._store = store
        self._ages = ages
        self._event = START
        self._place = ("", "")  # sandbox, message

    async def run(self, now: int) -> bool:
        """One round. True: the time is up and there may be more to remove."""
        end = time.monotonic() + ROUND_SECONDS
        old = now - self._ages.bodies * limits.DAY
        bodies = await self._bodies(old, end) | await self._mails(old, end)
        return await self._messages(now - self._ages.attempts * limits.DAY, end) or bodies

    async def _bodies(self, before: int, end: float) -> bool:
        """Those of events recorded before that, the oldest first."""
        while time.monotonic() < end:
            at, message, sequence = self._event
            place = {"at": at, "message_id": message, "sequence": sequence}
            rows = await self._store.read("events_old", older_than=before, **place, limit=BATCH)
            await self._write([_without_body(row) for row in rows if not row[4]])
            self._event = (rows[-1][0], rows[-1][2], rows[-1][3]) if len(rows) == BATCH else START
            if len(rows) < BATCH:
                return False
        return True

    async def _mails(self, before: int, end: float) -> bool:
        """Mails that came back before that, the oldest first."""
        step = Step(statement="returned_mails_expire", values={"before": before, "limit": BATCH})
        while time.monotonic() < end:
            answer = await self._store.write(Changed(steps=(step,)))
            if not isinstance(answer, Written) or answer.changed < BATCH:
                return False
        return True

    async def _messages(self, before: int, end: float) -> bool:
        """Those accepted before that and over, sandbox by sandbox, the oldest first."""
        sandbox, after = self._place
        while time.monotonic() < end:
            if not sandbox and not (sandbox := await self._next_sandbox("")):
                return False
            values = {"sandbox": sandbox, "after": after, "older_than": before, "limit": BATCH}
            rows = await self._store.read("messages_old", **values)
            old = [row for row in rows if row[2] < before]
            await self._prune(sandbox, old, before)
            after = old[-1][0] if old else after
            if len(old) < BATCH:
                sandbox, after = await self._next_sandbox(sandbox), ""
            self._place = (sandbox, after)
            if not sandbox:
                return False
        return True

    async def _next_sandbox(self, after: str) -> str:
        rows = await self._store.read("sandbox_after", after=after)
        return str(rows[0][0]) if rows else ""

    async def _prune(self, sandbox: str, old: list[Row], before: int) -> None:
        """As many messages to a commit as have BATCH rows together."""
        steps: list[Step] = []
        size = 0
        for message, execution, _, held, rows, attempts in old:
            while attempts > BATCH // 2:
                await self._write([_attempts(sandbox, message, before)])
                attempts -= BATCH // 2
            if size + attempts + rows + 2 > BATCH:
                await self._write(steps)
                steps, size = [], 0
            steps += (
                _attempts_alone(sandbox, message, before, attempts)
                if held
                else _all(sandbox, message, execution, before)
            )
            size += attempts + (0 if held else rows + 2)
        await self._write(steps)

    async def _write(self, steps: list[Step]) -> None:
        if steps:
            await self._store.write(Changed(steps=tuple(steps)))
            await asyncio.sleep(0)


def _without_body(row: Row) -> Step:
    _, sandbox, message, sequence, _ = row
    values = {"sandbox": sandbox, "message_id": message, "sequence": sequence, "nothing": b""}
    return Step(statement="event_body_remove", values=values)


def _attempts(sandbox: str, message: str, before: int) -> Step:
    values = {"sandbox": sandbox, "message_id": message, "older_than": before, "limit": BATCH // 2}
    return Step(statement="attempts_prune", values=values)


def _attempts_alone(sandbox: str, message: str, before: int, attempts: int) -> list[Step]:
    """Of what is still due its oldest tries go, and the rest stays."""
    return [_attempts(sandbox, message, before)] if attempts else []


def _all(sandbox: str, message: str, execution: str, before: int) -> list[Step]:
    place: dict[str, Any] = {"sandbox": sandbox, "message_id": message}
    return [
        _attempts(sandbox, message, before),
        Step(statement="deliveries_prune", values=place),
        Step(statement="events_prune", values=place),
        Step(statement="provider_refs_erase", values={"sandbox": sandbox, "id": message}),
        Step(statement="message_prune", values=place),
        Step(statement="execution_prune", values={"sandbox": sandbox, "id": execution}),
    ]
