"""What happened, as lists, searches and the feed of events show it: reads by walks that are never long."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from retour import ids, limits
from retour.model import Attempt, ChannelKind, FeedbackStatus, Value
from retour.stores import Row, Store
from retour.stores.shelves import DeliveryRow

NEWEST = "~"  # sorts after every id
T = TypeVar("T", bound=Value)
USUAL = (FeedbackStatus.SENT, FeedbackStatus.DELIVERED)  # the others have an index of their own


class Asked(Value):
    """Which events. Empty: any. since: microseconds. before: those with a smaller id (of events)."""

    status: str = ""
    channel: str = ""
    campaign: str = ""
    since: int = 0
    before: str = NEWEST

    @property
    def picks(self) -> bool:
        """Whether events are looked at in vain."""
        return bool(self.status or self.channel or self.campaign)


class EventRow(Value):
    """A feedback event with what is known of its message; body empty once it is removed."""

    id: str
    message_id: str
    sequence: int
    status: FeedbackStatus
    channel: ChannelKind
    at: int
    user_id: str
    address: str
    campaign_id: str
    execution_id: str
    request_id: str
    body: bytes


class Found(Value):
    """Some of what was asked for. further: where to go on, empty at the end. cut: the walk ended for its length."""

    rows: tuple[EventRow, ...]
    further: str = ""
    cut: bool = False


class Life(Value):
    """Where a message stands; `leased`, `waits_for_relay`, `erased` and `kept` (its content) are so or not."""

    configuration_id: str
    version_id: str
    expires_at: int
    due_at: int | None
    leased: bool
    waits_for_relay: bool
    erased: bool
    kept: bool


class FeedRow(Value):
    """A feedback event as the feed has it."""

    id: str
    message_id: str
    sequence: int
    status: FeedbackStatus
    channel: ChannelKind
    at: int
    body: bytes


class FeedPage(Value):
    """Events in the order of their ids. further: what the next page goes on after."""

    rows: tuple[FeedRow, ...]
    further: str


class EventShelves:
    """Reads about events and messages."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, sandbox: str, asked: Asked, limit: int) -> Found:
        """The newest first, after a walk along EVENTS_SCANNED events at most."""
        kind = "troubles" if asked.status and asked.status not in USUAL else "events"
        place = {"sandbox": sandbox, "before": asked.before, "from_id": ids.first_id(asked.since)}
        floor = await self._floor(kind, place) if asked.picks else ""
        values = {"status": asked.status, "channel": asked.channel, "campaign": asked.campaign}
        place["from_id"] = floor or place["from_id"]
        rows = await self._rows(kind, **place, **values, limit=limit + 1)
        if len(rows) > limit:
            return Found(rows=rows[:limit], further=rows[limit - 1].id)
        return Found(rows=rows, further=floor, cut=bool(floor))

    async def _floor(self, kind: str, place: dict[str, Any]) -> str:
        """The id at which the walk ends; empty when it ends by itself."""
        scan = limits.EVENTS_SCANNED
        if kind == "troubles":
            rows = await self._store.read("troubles_floor", **place, scan=scan)
        else:
            rows = await self._store.read("events_floor", **place, scan=scan)
        return str(rows[0][0]) if rows else ""

    async def _rows(self, kind: str, **values: Any) -> tuple[EventRow, ...]:
        if kind == "troubles":
            rows = await self._store.read("troubles_page", **values)
        else:
            rows = await self._store.read("events_page", **values)
        return tuple(_as(EventRow, row) for row in rows)

    async def told_of(self, sandbox: str, message_id: str) -> tuple[EventRow, ...]:
        """The last events of a message, the newest first."""
        place = {"sandbox": sandbox, "message_id": message_id}
        rows = await self._store.read("events_told_of", **place, limit=limits.EVENTS_OF_MESSAGE)
        return tuple(_as(EventRow, row) for row in rows)

    async def messages_to(self, sandbox: str, who: str, before: str, limit: int) -> list[str]:
        """Ids of messages for this user id or to this address, the newest first."""
        rows = await self._store.read("messages_to", sandbox=sandbox, who=who, before=before, limit=limit)
        return [row[0] for row in rows]

    async def campaign_names(self, sandbox: str) -> dict[str, str]:
        """Of the newest campaigns, by id."""
        rows = await self._store.read("campaign_names", sandbox=sandbox, limit=limits.CAMPAIGNS_OFFERED)
        return {row[0]: row[1] for row in rows}

    async def campaign_name(self, sandbox: str, campaign_id: str) -> str:
        """Empty for one that is not there."""
        rows = await self._store.read("campaign_name", sandbox=sandbox, id=campaign_id)
        return str(rows[0][0]) if rows else ""

    async def find_event(self, sandbox: str, event_id: str) -> tuple[str, int] | None:
        """Message and sequence of an event."""
        rows = await self._store.read("event_find", sandbox=sandbox, id=event_id)
        return (rows[0][0], rows[0][1]) if rows else None

    async def life(self, sandbox: str, message_id: str) -> Life | None:
        """Where a message stands."""
        rows = await self._store.read("message_life", sandbox=sandbox, id=message_id)
        return _as(Life, rows[0]) if rows else None

    async def deliveries_of(self, sandbox: str, message_id: str) -> list[DeliveryRow]:
        """Of a message, by event; a replay after the delivery that it repeats."""
        place = {"sandbox": sandbox, "message_id": message_id}
        rows = await self._store.read("deliveries_of_message", **place, limit=limits.DELIVERIES_OF_MESSAGE)
        return [_as(DeliveryRow, row) for row in rows]

    async def attempts_of(self, sandbox: str, message_id: str) -> list[Attempt]:
        """Of all deliveries of a message, the first one first."""
        place = {"sandbox": sandbox, "message_id": message_id}
        rows = await self._store.read("attempts_told", **place, limit=limits.ATTEMPTS_OF_MESSAGE)
        return [msgspec.json.decode(row[0], type=Attempt) for row in rows]

    # --- the feed ---

    async def feed(self, sandbox: str, after: str, status: str, limit: int, now: int) -> FeedPage:
        """What follows `after`, up to where nothing can be committed any more that belongs before it."""
        until = await self._settled_until(sandbox, now)
        place = {"sandbox": sandbox, "after": after}
        ceiling = until
        if status:
            scan = limits.EVENTS_SCANNED
            rows = await self._store.read("events_ceiling", **place, last=until, scan=scan - 1)
            ceiling = rows[0][0] if rows else until
        found = await self._store.read("events_feed", **place, last=ceiling, status=status, limit=limit)
        feed = tuple(_as(FeedRow, row) for row in found)
        end = feed[-1].id if len(feed) == limit else max(after, ceiling)
        return FeedPage(rows=feed, further=end)

    async def _settled_until(self, sandbox: str, now: int) -> str:
        """Whatever may still be committed has a greater id.

        What a try teaches is made into events while its message is leased, and committed within the lease; what is
        reported later, at once. So the feed ends before the first claim of those that are leased, and, as a commit
        takes time and clocks differ, FEED_LAG before that.
        """
        rows = await self._store.read("message_first_lease", sandbox=sandbox, ended=now - limits.FEED_LAG)
        first = rows[0][0]
        claimed = min(now, first - limits.SENDING_LEASE) if first else now
        return ids.first_id(claimed - limits.FEED_LAG)


def _as(kind: type[T], row: Row) -> T:
    """A row whose columns are the fields."""
    values = dict(zip(kind.__struct_fields__, row, strict=True))
    return msgspec.convert(values, kind, strict=False)  # 0 and 1 become a bool
