"""The store socket: hand-overs in, claims by lane, plain reads by name.

A store is a plug that passes tests/stores. The SQL text is common (sql/); a plug brings its driver and what its
database does differently. Shelves (shelves.py) turn rows into nouns for every store alike.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

import msgspec

from retour.model import Delivery, Fact, Lane, Message, Value
from retour.stores.handovers import Answer, Handover

Row = tuple[Any, ...]


class RoomName(StrEnum):
    """The rooms that take due rows."""

    SENDING = "sending"
    DISPATCH = "dispatch"
    REPORTS = "reports"


class MessageClaim(Value):
    """Messages taken from a lane, and the configuration's state at that moment.

    probe: the relay was failing and one message is tried. stuck: the relay is failing and these are only told.
    version: of the channel configuration, 0 when it is gone. left_out: what ends a message that may not go, by its id.
    """

    messages: tuple[Message, ...] = ()
    version: int = 0
    failing_since: int | None = None
    probe: bool = False
    stuck: bool = False
    left_out: dict[str, Fact] = msgspec.field(default_factory=dict)


class DeliveryClaim(Value):
    """Deliveries taken for a sandbox, and the webhook's state at that moment. probe: its circuit is open."""

    deliveries: tuple[Delivery, ...] = ()
    webhook_id: str = ""
    version: int = 0
    failing_since: int | None = None
    last_accepted_at: int | None = None
    probe: bool = False


class EarlyReport(Value):
    """A report that came before what it is about was written down. See the table of that name.

    attempts: claims since it came, or since it was woken. doc: model.Learned as JSON.
    """

    sandbox: str
    id: str
    configuration_id: str
    reference: str
    message_id: str | None
    at: int
    due_at: int
    expires_at: int
    attempts: int = 0
    doc: bytes = b""


class Store(Protocol):
    """What rooms and shelves know of the database."""

    async def write(self, handover: Handover) -> Answer:
        """Answered after the commit. Raises Busy when it can't be begun or finished in COMMIT_SECONDS."""

    async def claim_messages(self, lane: Lane, now: int, limit: int) -> MessageClaim:
        """Take up to `limit` due messages of a lane; see MessageClaim for a failing relay."""

    async def claim_deliveries(self, sandbox: str, now: int, limit: int) -> DeliveryClaim:
        """Take up to `limit` due deliveries of a sandbox; none while its webhook is paused or missing."""

    async def claim_reports(self, sandbox: str, now: int, limit: int) -> tuple[EarlyReport, ...]:
        """Take up to `limit` due early reports of a sandbox, those that came first in front."""

    async def due_lanes(self, room: RoomName, now: int) -> list[Lane]:
        """Lanes with rows that may be taken now: the sweep that finds what the bell missed."""

    async def read(self, statement: str, **values: Any) -> list[Row]:
        """Rows of a named SELECT, as committed. Raises Busy when it takes too long."""

    async def close(self) -> None:
        """Finish what was handed over, then close."""
