"""The feed of feedback events as it is shown."""

from __future__ import annotations

from typing import Annotated

import msgspec

from retour.catalog.inputs import told
from retour.model import ChannelKind, FeedbackStatus
from retour.stores.event_shelves import FeedPage, FeedRow
from retour.web.wire.shapes import Answer, Instant, raw, time_of


class FeedEvent(Answer):
    """A feedback event. body: as the webhook posts it in the format "extended"; null once it is removed."""

    id: str
    message_id: str
    sequence: int
    status: FeedbackStatus
    channel: ChannelKind
    at: Instant
    body: Annotated[
        msgspec.Raw, told(anyOf=[{"$ref": "#/components/schemas/FeedbackEvent"}, {"type": "null"}])
    ]


class FeedInfo(Answer):
    """Where the feed stands. next: what `after` takes to go on, now or later; never null."""

    count: int
    next: str


class EventFeed(Answer, rename={"page": "_page"}):
    """Feedback events in the order of their ids, which are time-ordered."""

    data: list[FeedEvent]
    page: FeedInfo


def event_feed(page: FeedPage) -> EventFeed:
    """A page of the feed."""
    data = [_event(row) for row in page.rows]
    return EventFeed(data=data, page=FeedInfo(count=len(data), next=page.further))


def _event(row: FeedRow) -> FeedEvent:
    return FeedEvent(
        id=row.id,
        message_id=row.message_id,
        sequence=row.sequence,
        status=row.status,
        channel=row.channel,
        at=time_of(row.at),
        body=raw(row.body),
    )
