"""The pages' list of deliveries: filtered, newest first, never by reading more than a page may cost.

A list is a walk along one index. Where a filter may pass over many rows the walk ends after LIST_SCAN of them, and
whoever asked is told how far it came.
"""

from __future__ import annotations

from typing import Any

import msgspec

from retour import limits
from retour.model import ChannelKind, DeliveryState, FeedbackStatus, Timings, Value
from retour.stores import Row, Store
from retour.stores.shelves import DeliveryRow

NEWEST = "~"  # sorts after every id
COLUMNS = DeliveryRow.__struct_fields__
# The statements of a walk: what it reads, and where it has to end.
ALL = ("deliveries_newest", "deliveries_newest_edge")
OVER = ("deliveries_over", "deliveries_over_edge")
RETRYING = ("deliveries_retrying", "deliveries_retrying_edge")
TROUBLED = ("deliveries_troubled", "deliveries_troubled_edge")
NAMED = ("deliveries_named", "deliveries_named_edge")


class Sought(Value):
    """What to look for; everything absent means any.

    text: the id of a delivery, event, message, execution or request, or a recipient, exactly. failed: only those of
    which a try has failed, or only the others. codes: a status code from the first to before the second. unanswered:
    the last try had no answer. after: only ids greater than this one.
    """

    text: str = ""
    state: DeliveryState | None = None
    failed: bool | None = None
    feedback: FeedbackStatus | None = None
    codes: tuple[int, int] | None = None
    unanswered: bool = False
    after: str = ""

    @property
    def walk(self) -> tuple[str, str]:
        """The shortest walk that meets all of it."""
        if self.text:
            return NAMED
        if self.state in (DeliveryState.EXHAUSTED, DeliveryState.CANCELLED):
            return OVER
        if self.state is DeliveryState.DUE and self.failed:
            return RETRYING
        return TROUBLED if self.in_vain or self.failed else ALL

    @property
    def in_vain(self) -> bool:
        """Whether only what was tried in vain can meet it."""
        return self.unanswered or (self.codes is not None and not self.codes[0] <= 200 < self.codes[1])

    @property
    def absurd(self) -> bool:
        """Whether nothing can meet it."""
        return self.in_vain and (self.failed is False or self.state is DeliveryState.ACCEPTED)

    @property
    def picks(self) -> bool:
        """Whether rows of its walk may be passed over."""
        narrow = self.failed is False or (self.state is not None and self.walk in (ALL, TROUBLED))
        asked = self.feedback is not None or self.codes is not None or self.unanswered
        return narrow or asked or bool(self.text)

    def values(self) -> dict[str, Any]:
        """As the statements take it."""
        low, high = self.codes or (0, 0)
        return {
            "state": self.state or "",
            "failed": 0 if self.failed is None else 1 if self.failed else 2,
            "feedback": self.feedback or "",
            "low": low,
            "high": high,
            "unanswered": int(self.unanswered),
            "text": self.text,
        }


class LastTry(msgspec.Struct, frozen=True):
    """What a list tells of a delivery's newest attempt."""

    at: int
    status_code: int | None
    trouble: str | None
    detail: str
    timings: Timings


class DeliveryLine(Value):
    """A delivery with whom it is about. last: None before its first try, and once attempts were removed."""

    row: DeliveryRow
    user_id: str
    channel: ChannelKind | None
    campaign_id: str
    campaign: str
    last: LastTry | None

    @property
    def touched_at(self) -> int:
        """When it last changed, as far as its rows tell."""
        tried = self.last.at + self.last.timings.total if self.last else 0
        return max(self.row.created_at, self.row.settled_at or 0, tried)


class Found(Value):
    """A page. edge: the search ended at this id before it was full; empty when there is nothing older."""

    lines: tuple[DeliveryLine, ...]
    edge: str = ""


class Glance(Value):
    """What shows that a delivery has changed, by id: of the newest, and of the newest that failed."""

    newest: dict[str, Row]
    troubled: dict[str, Row]


class DeliveryShelves:
    """Reads lists of deliveries."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, sandbox: str, sought: Sought, before: str = NEWEST, limit: int = limits.LIST_ROWS
    ) -> Found:
        """The newest before an id, at most `limit`."""
        if sought.absurd:
            return Found(lines=())
        walk, edge = sought.walk[0], await self._edge(sandbox, sought, before)
        after = sought.after if sought.text else max(sought.after, edge)
        place = {"sandbox": sandbox, "before": before, "after": after, "limit": limit}
        skip = limits.LIST_SCAN_MESSAGES
        rows = await self._store.read(walk, **sought.values() | place, skip=skip)
        if sought.text:
            named = sorted({row[0] for row in rows}, reverse=True)[:limit]
            return await self._read(sandbox, named, edge if len(named) < limit else "")
        return Found(lines=tuple(_line(row) for row in rows), edge=edge if len(rows) < limit else "")

    async def _read(self, sandbox: str, ids: list[str], edge: str) -> Found:
        """These, one by one."""
        found = [line for one in ids if (line := await self.line(sandbox, one)) is not None]
        return Found(lines=tuple(found), edge=edge)

    async def _edge(self, sandbox: str, sought: Sought, before: str) -> str:
        """The id at which the search has to end; empty where it comes to its own end before."""
        if not sought.picks:
            return ""
        skip = limits.LIST_SCAN_MESSAGES if sought.text else limits.LIST_SCAN
        place = {"sandbox": sandbox, "before": before, "after": sought.after}
        rows = await self._store.read(sought.walk[1], **sought.values() | place, skip=skip)
        return str(rows[0][0]) if rows else ""

    async def line(self, sandbox: str, delivery_id: str) -> DeliveryLine | None:
        """One of them."""
        rows = await self._store.read("delivery_line", sandbox=sandbox, id=delivery_id)
        return _line(rows[0]) if rows else None

    async def glance(self, sandbox: str) -> Glance:
        """The marks of LIVE_ROWS of each kind."""
        newest = await self._store.read("deliveries_glance", sandbox=sandbox, limit=limits.LIVE_ROWS)
        troubled = await self._store.read(
            "deliveries_troubled_glance", sandbox=sandbox, limit=limits.LIVE_ROWS
        )
        return Glance(
            newest={row[0]: tuple(row[1:]) for row in newest},
            troubled={row[0]: tuple(row[1:]) for row in troubled},
        )

    async def retrying(self, sandbox: str) -> tuple[int, int | None]:
        """How many, counted to one more than LIST_COUNT, and when the first of them is tried next."""
        rows = await self._store.read(
            "deliveries_retrying_count", sandbox=sandbox, limit=limits.LIST_COUNT + 1
        )
        return int(rows[0][0]), rows[0][1]

    async def failed_since(self, sandbox: str, since: int) -> int:
        """How many were given up since, of the newest LIST_COUNT and one."""
        rows = await self._store.read(
            "deliveries_failed_count", sandbox=sandbox, since=since, limit=limits.LIST_COUNT + 1
        )
        return int(rows[0][0])

    async def to_replay(self, sandbox: str, sought: Sought, limit: int) -> list[str]:
        """Ids of those that failed and can be sent again, the oldest first: see the statement."""
        asked = msgspec.structs.replace(sought, text="", state=DeliveryState.EXHAUSTED)
        edge = await self._edge(sandbox, asked, NEWEST)
        place = {"sandbox": sandbox, "after": max(asked.after, edge), "limit": limit}
        rows = await self._store.read("deliveries_to_replay", **asked.values() | place)
        return [str(row[0]) for row in rows]


def _line(row: Row) -> DeliveryLine:
    values = dict(zip(COLUMNS, row, strict=False))
    values["leased"] = bool(values["leased"])
    user_id, channel, campaign_id, campaign, doc = row[len(COLUMNS) :]
    return DeliveryLine(
        row=msgspec.convert(values, DeliveryRow),
        user_id=user_id or "",
        channel=ChannelKind(channel) if channel else None,
        campaign_id=campaign_id or "",
        campaign=campaign or "",
        last=msgspec.json.decode(doc, type=LastTry) if doc else None,
    )
