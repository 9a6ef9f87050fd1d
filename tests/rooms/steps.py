"""Rooms one step at a time: a clock that tests move, an endpoint and a channel that do as they are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from cast import House
from outside.https import Exchange
from retour import ids, limits
from retour.channels import Outgoing, Receipt
from retour.model import ChannelKind, Lane, Sandbox
from retour.stores import Row
from retour.stores.shelves import DeliveryRow

PATIENCE = 20.0  # seconds that a step may take


class Clock:
    """Stands in for `ids.now`: the real time, moved on."""

    def __init__(self) -> None:
        self._real = ids.now
        self._ahead = 0

    def __call__(self) -> int:
        return self._real() + self._ahead

    def move(self, seconds: float) -> None:
        """Some time goes by."""
        self._ahead += round(seconds * limits.SECOND)


@dataclass
class Conduct:
    """An endpoint that answers the same until it is told otherwise."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.reply(self.status, headers=self.headers)


@dataclass
class Script:
    """A channel whose relay and recipients do what `answers` says, by address; else as `otherwise` says."""

    answers: dict[str, Callable[[Outgoing, int], Awaitable[Receipt]]] = field(default_factory=dict)
    otherwise: Receipt = field(default_factory=Receipt)
    tried: list[str] = field(default_factory=list)
    kinds: tuple[ChannelKind, ...] = (ChannelKind.EMAIL,)
    repeats: bool = True

    async def send(self, outgoing: Outgoing, now: int) -> Receipt:
        """See channels.Channel."""
        self.tried.append(outgoing.address)
        if outgoing.address in self.answers:
            return await self.answers[outgoing.address](outgoing, now)
        return self.otherwise

    async def close(self) -> None:
        """Nothing is open."""


async def send_due(house: House, configuration: str) -> None:
    """One round of the sending room, to its end."""
    await house.retour.sending.run_due(Lane(house.dev.id, configuration), ids.now())
    await house.retour.sending.slots.finish(PATIENCE)


async def post_due(house: House, sandbox: Sandbox | None = None) -> None:
    """One round of the dispatch room, to its end."""
    await house.retour.dispatch.run_due(Lane((sandbox or house.dev).id), ids.now())
    await house.retour.dispatch.slots.finish(PATIENCE)


async def told(house: House) -> list[str]:
    """What was recorded of the newest message, as `status` or `status code`, in order."""
    newest = (await house.retour.store.read("deliveries_page", **page(house)))[0][2]
    return await told_of(house, newest)


async def told_of(house: House, message_id: str) -> list[str]:
    """What was recorded of this message."""
    events = await house.retour.shelves.events(house.dev.id, message_id)
    return [event.status.value for event in events]


def page(house: House) -> dict[str, object]:
    """The newest deliveries."""
    return {"sandbox": house.dev.id, "before": "~", "state": "", "tried": -1, "limit": 50}


async def deliveries(house: House) -> list[DeliveryRow]:
    """Every delivery of Ann's sandbox, the oldest first."""
    return (await house.retour.shelves.deliveries(house.dev.id))[::-1]


async def message_of(house: House, execution: str) -> str:
    """The first message of an execution."""
    return (await house.retour.shelves.recipients(house.dev.id, execution))[0][0]


async def row_of(house: House, message_id: str) -> Row:
    """A message as lists show it."""
    return (await house.retour.store.read("message_get", sandbox=house.dev.id, id=message_id))[0]
