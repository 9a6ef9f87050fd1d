"""/ajo/feedback/deliveries: what was owed to the webhook, every attempt, and once more."""

from __future__ import annotations

import msgspec

from retour import checks, limits
from retour.errors import Code, Invalid
from retour.model import DeliveryState, DeliveryStatus, Lane, Scope
from retour.stores import RoomName
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call

PATH = "/ajo/feedback/deliveries"
PAGE_LIMIT = (1, 1_000)


async def list_page(call: Call) -> Answer:
    """200 a page, newest first. Query: status, after (the id that the page before ended with), limit (50)."""
    status, limit = _query(call)
    parked = await _parked(call)
    state, tried = _state(status, parked)
    rows = []
    if state is not None:
        after = call.request.query_params.get("after") or "~"
        rows = await call.retour.shelves.deliveries(
            call.sandbox.id, before=after, state=state, tried=tried, limit=limit
        )
    following = rows[-1].id if len(rows) == limit else None
    return 200, wire.page((wire.delivery(row, parked) for row in rows), following)


async def get(call: Call) -> Answer:
    """200 the delivery with its body and attempts."""
    row = await call.retour.shelves.delivery(call.sandbox.id, call.id)
    if row is None:
        raise checks.missing("delivery")
    attempts = await call.retour.shelves.attempts(call.sandbox.id, row.id)
    body = await call.retour.dispatch.body_of(call.sandbox.id, row.message_id, row.sequence, row.format)
    shown = wire.delivery(row, await _parked(call))
    return 200, shown | {"body": msgspec.Raw(body), "attemptLog": [wire.attempt(value) for value in attempts]}


async def replay(call: Call) -> Answer:
    """202 the new delivery of the same event."""
    new = await call.retour.webhooks.replay(call.sandbox, call.id)
    call.retour.bell.ring(RoomName.DISPATCH, Lane(call.sandbox.id))
    row = await call.retour.shelves.delivery(call.sandbox.id, new)
    if row is None:
        raise checks.missing("delivery")
    return 202, wire.delivery(row, await _parked(call))


async def _parked(call: Call) -> bool:
    webhook = await call.retour.webhooks.find(call.sandbox)
    return wire.is_parked(webhook, limits.CIRCUIT_FAILURES)


def _query(call: Call) -> tuple[str, int]:
    problems = checks.Problems()
    status = call.request.query_params.get("status", "")
    if status:
        problems.add("status", checks.one_of(status, [*DeliveryStatus], "The status"))
    limit = call.request.query_params.get("limit", "50")
    low, high = PAGE_LIMIT
    good = limit.isdecimal() and len(limit) < 5 and low <= int(limit) <= high
    problems.need("limit", good, f"Use {low} to {high:,}.")
    if problems.fields:
        raise Invalid(Code.INVALID_FIELDS, "The query is wrong.", tuple(problems.fields))
    return status, int(limit)


def _state(status: str, parked: bool) -> tuple[str | None, int]:
    """What to ask the store for a status; None when nothing can have it now."""
    if status in ("", *DeliveryState):
        return status, -1
    if status == DeliveryStatus.PARKED:
        return (DeliveryState.DUE, -1) if parked else (None, -1)
    return (None, -1) if parked else (DeliveryState.DUE, int(status == DeliveryStatus.RETRYING))


ROUTES = (
    ApiRoute("GET", PATH, Scope.READ, list_page),
    ApiRoute("GET", PATH + "/{id}", Scope.READ, get),
    ApiRoute("POST", PATH + "/{id}/replay", Scope.EXECUTE, replay),
)
