"""Many deliveries once more: those that a filter of the list finds failed, and that were not sent again since."""

from __future__ import annotations

import asyncio

from retour import limits
from retour.catalog.webhooks import Webhooks
from retour.errors import Conflict, NotFound
from retour.model import Actor, Sandbox, Value
from retour.stores.delivery_shelves import DeliveryShelves, Sought


class Replayed(Value):
    """How many go out again, and how many could not: without a body or a webhook by then."""

    sent: int
    refused: int


class Replays:
    """Replays what failed, at most REPLAYS of it at a time."""

    def __init__(self, webhooks: Webhooks, shelves: DeliveryShelves) -> None:
        self._webhooks = webhooks
        self._shelves = shelves

    async def count(self, sandbox: Sandbox, sought: Sought) -> int:
        """How many there are, counted to one more than REPLAYS."""
        return len(await self._shelves.to_replay(sandbox.id, sought, limits.REPLAYS + 1))

    async def run(self, sandbox: Sandbox, sought: Sought, by: Actor) -> Replayed:
        """Owe each of them once more, the oldest first. Cut short, it may be done again: what is sent is left out."""
        found = await self._shelves.to_replay(sandbox.id, sought, limits.REPLAYS)
        sent = 0
        for start in range(0, len(found), limits.REPLAYS_AT_ONCE):
            some = found[start : start + limits.REPLAYS_AT_ONCE]
            sent += sum(await asyncio.gather(*(self._one(sandbox, delivery, by) for delivery in some)))
        return Replayed(sent=sent, refused=len(found) - sent)

    async def _one(self, sandbox: Sandbox, delivery: str, by: Actor) -> bool:
        try:
            await self._webhooks.replay(sandbox, delivery, by)
        except (Conflict, NotFound):
            return False
        return True
