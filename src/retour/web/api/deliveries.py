"""/ajo/feedback/deliveries: what was owed to the webhook, every attempt, and once more."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from retour import checks, limits
from retour.catalog.inputs import between
from retour.errors import Code, Invalid
from retour.model import DeliveryState, DeliveryStatus, Lane, Scope
from retour.stores import RoomName
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call

PATH = "/ajo/feedback/deliveries"
PAGE_LIMIT = (1, 1_000)


class Query(msgspec.Struct):
    """What a list takes. after: the `_page.next` of the page before."""

    status: DeliveryStatus | UnsetType = UNSET
    after: str | UnsetType = UNSET
    limit: Annotated[int, between(PAGE_LIMIT)] = 50


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
    return 200, wire.delivery_detail(row, await _parked(call), body, attempts)


async def replay(call: Call) -> Answer:
    """202 the new delivery of the same event."""
    new = await call.retour.webhooks.replay(call.sandbox, call.id, call.caller.actor)
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


EACH = PATH + "/{id}"
ROUTES = (
    ApiRoute(
        "GET",
        PATH,
        Scope.READ,
        list_page,
        "List the deliveries",
        answers={200: wire.DeliveryPage},
        query=Query,
        refusals=((400, Code.INVALID_FIELDS),),
    ),
    ApiRoute("GET", EACH, Scope.READ, get, "Get a delivery", answers={200: wire.DeliveryDetail}),
    ApiRoute(
        "POST",
        EACH + "/replay",
        Scope.EXECUTE,
        replay,
        "Replay a delivery",
        answers={202: wire.Delivery},
        refusals=((409, Code.NOT_FOUND), (409, Code.BODY_REMOVED)),
    ),
)
