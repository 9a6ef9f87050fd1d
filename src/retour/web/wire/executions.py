"""An execution as it is shown: what became of each recipient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from retour import model
from retour.catalog.inputs import told
from retour.model import FeedbackStatus, RecipientStatus
from retour.web.wire.shapes import Answer, Instant, raw, time_of


class ExecutionAccepted(Answer):
    """AJO's imExecutionResponse."""

    execution_id: str
    request_id: str
    created_at: Instant
    created_by: str
    modified_at: Instant
    modified_by: str


class Event(Answer):
    """A feedback event with its body, null once that is removed."""

    id: str
    sequence: int
    status: FeedbackStatus
    at: Instant
    body: Annotated[
        msgspec.Raw, told(anyOf=[{"$ref": "#/components/schemas/FeedbackEvent"}, {"type": "null"}])
    ]


class Recipient(Answer):
    """One recipient of an execution, with its events."""

    user_id: str
    message_id: str
    status: RecipientStatus
    events: list[Event]


class Execution(Answer):
    """An execution with its recipients, in the request's order."""

    execution_id: str
    request_id: str
    campaign_id: str
    campaign_version_id: str
    created_at: Instant
    created_by: str
    recipients: list[Recipient]


def accepted(value: model.Execution) -> ExecutionAccepted:
    """The answer to who asked for it."""
    at = time_of(value.created_at)
    return ExecutionAccepted(
        execution_id=value.id,
        request_id=value.request_id,
        created_at=at,
        created_by=value.created_by,
        modified_at=at,
        modified_by=value.created_by,
    )


def execution(value: model.Execution, recipients: Iterable[Recipient]) -> Execution:
    """An execution with its recipients."""
    return Execution(
        execution_id=value.id,
        request_id=value.request_id,
        campaign_id=value.campaign_id,
        campaign_version_id=value.campaign_version_id,
        created_at=time_of(value.created_at),
        created_by=value.created_by,
        recipients=list(recipients),
    )


def recipient(
    message_id: str, user_id: str, status: RecipientStatus, events: Iterable[model.Event]
) -> Recipient:
    """One recipient with its events."""
    told_ = [event(value) for value in events]
    return Recipient(user_id=user_id, message_id=message_id, status=status, events=told_)


def event(value: model.Event) -> Event:
    """A feedback event with its body as JSON."""
    return Event(
        id=value.id,
        sequence=value.sequence,
        status=value.status,
        at=time_of(value.at),
        body=raw(value.body),
    )
