"""Deliveries and their attempts as they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from retour import model
from retour.catalog.inputs import told
from retour.model import DeliveryState, DeliveryStatus, FeedbackStatus
from retour.stores.shelves import DeliveryRow
from retour.web.wire.shapes import Answer, Instant, Page, raw, time_of, time_or_none

EVENTS = [{"$ref": f"#/components/schemas/{name}"} for name in ("FeedbackEvent", "AdobeFeedbackEvent")]
Headers = list[Annotated[list[str], told(minItems=2, maxItems=2)]]


class Delivery(Answer):
    """One feedback event owed to the webhook. nextAttemptAt: null while one is under way, too."""

    id: str
    event_id: str
    message_id: str
    request_id: str
    feedback_status: FeedbackStatus
    status: DeliveryStatus
    attempts: int
    next_attempt_at: Instant | None
    replay: bool
    last_status_code: int | None
    last_trouble: str | None
    created_at: Instant
    settled_at: Instant | None


class DeliveryPage(Page[Delivery]):
    """Deliveries, newest first."""


class Timings(Answer):
    """Milliseconds from the start of a try to the end of each phase; null where it did not get that far."""

    name: float | None
    connect: float | None
    tls: float | None
    first_byte: float | None
    total: float


class Attempt(Answer):
    """One try. Secrets in it are hidden. trouble: why there was no answer, null if there was one."""

    id: str
    number: int
    at: Instant
    url: str
    accepted: bool
    counted: bool
    status_code: int | None
    trouble: str | None
    detail: str
    address: str | None
    request_headers: Headers
    response_headers: Headers
    response_body: str
    timings: Timings


class DeliveryDetail(Delivery):
    """A delivery with the body that is posted, null once it is removed, and every attempt."""

    body: Annotated[msgspec.Raw, told(anyOf=[*EVENTS, {"type": "null"}])]
    attempt_log: list[Attempt]


def delivery_status(row: DeliveryRow, parked: bool) -> DeliveryStatus:
    """`due` as a person wants to know it. parked: the sandbox's webhook is paused, missing or being probed."""
    if row.state is not DeliveryState.DUE:
        return DeliveryStatus(row.state)
    if parked:
        return DeliveryStatus.PARKED
    return DeliveryStatus.RETRYING if row.last_trouble else DeliveryStatus.PENDING


def is_parked(value: model.Webhook | None, threshold: int) -> bool:
    """Whether deliveries of a sandbox wait for its webhook."""
    return value is None or value.paused_at is not None or value.health.failures >= threshold


def delivery(row: DeliveryRow, parked: bool) -> Delivery:
    """A delivery as lists show it."""
    waiting = row.state is DeliveryState.DUE and not parked and not row.leased
    return Delivery(
        id=row.id,
        event_id=row.event_id,
        message_id=row.message_id,
        request_id=row.request_id,
        feedback_status=row.feedback_status,
        status=delivery_status(row, parked),
        attempts=row.attempts,
        next_attempt_at=time_or_none(row.due_at) if waiting else None,
        replay=bool(row.replay),
        last_status_code=row.last_code,
        last_trouble=row.last_trouble,
        created_at=time_of(row.created_at),
        settled_at=time_or_none(row.settled_at),
    )


def delivery_detail(
    row: DeliveryRow, parked: bool, body: bytes, attempts: Iterable[model.Attempt]
) -> DeliveryDetail:
    """A delivery as it is shown alone."""
    return DeliveryDetail(
        **msgspec.structs.asdict(delivery(row, parked)),
        body=raw(body),
        attempt_log=[attempt(value) for value in attempts],
    )


def attempt(value: model.Attempt) -> Attempt:
    """One try, with its phases in milliseconds. Secrets in it were hidden when it was noted."""
    return Attempt(
        id=value.id,
        number=value.number,
        at=time_of(value.at),
        url=value.url,
        accepted=value.accepted,
        counted=value.counted,
        status_code=value.status_code,
        trouble=value.trouble,
        detail=value.detail,
        address=value.address,
        request_headers=[list(pair) for pair in value.request_headers],
        response_headers=[list(pair) for pair in value.response_headers],
        response_body=value.response_body,
        timings=_timings(value.timings),
    )


def _timings(value: model.Timings) -> Timings:
    return Timings(
        name=_milliseconds(value.name),
        connect=_milliseconds(value.connect),
        tls=_milliseconds(value.tls),
        first_byte=_milliseconds(value.first_byte),
        total=value.total / 1000,
    )


def _milliseconds(micros: int | None) -> float | None:
    return None if micros is None else micros / 1000
