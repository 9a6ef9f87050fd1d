"""/ajo/feedback/events: a feed of every feedback event, for readers that ask instead of being told."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from retour import checks, ids
from retour.catalog.inputs import between, told
from retour.errors import Code, Invalid
from retour.model import FeedbackStatus, Scope
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call

PATH = "/ajo/feedback/events"
PAGE_LIMIT = (1, 1_000)
CURSOR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}(?:-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?")


class Query(msgspec.Struct):
    """What the feed takes. after: the `_page.next` of the page before."""

    status: FeedbackStatus | UnsetType = UNSET
    after: Annotated[str, told(pattern=f"^{CURSOR.pattern}$")] | UnsetType = UNSET
    limit: Annotated[int, between(PAGE_LIMIT)] = 50


async def feed(call: Call) -> Answer:
    """200 the events that follow `after`, the oldest first. Whoever goes on with `_page.next` misses none."""
    status, after, limit = _query(call)
    page = await call.retour.event_shelves.feed(call.sandbox.id, after, status, limit, ids.now())
    return 200, wire.event_feed(page)


def _query(call: Call) -> tuple[str, str, int]:
    problems = checks.Problems()
    given = call.request.query_params
    status, after, limit = given.get("status", ""), given.get("after", ""), given.get("limit", "50")
    if status:
        problems.add("status", checks.one_of(status, [*FeedbackStatus], "The status"))
    problems.need("after", not after or CURSOR.fullmatch(after) is not None, "Use _page.next of an answer.")
    low, high = PAGE_LIMIT
    good = limit.isdecimal() and len(limit) < 5 and low <= int(limit) <= high
    problems.need("limit", good, f"Use {low} to {high:,}.")
    if problems.fields:
        raise Invalid(Code.INVALID_FIELDS, "The query is wrong.", tuple(problems.fields))
    return status, after, int(limit)


ROUTES = (
    ApiRoute(
        "GET",
        PATH,
        Scope.READ,
        feed,
        "Read the feed of events",
        answers={200: wire.EventFeed},
        query=Query,
        refusals=((400, Code.INVALID_FIELDS),),
    ),
)
