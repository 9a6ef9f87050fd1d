"""The list of deliveries, live: server-sent events (WHATWG HTML, 9.2) of rows that are new or changed.

An event's id is the time up to which everything was told. A browser that comes back names the last one it had
(Last-Event-ID), and is told what has changed since; a page names the time at which it was made.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from retour import ids, limits
from retour.errors import Busy
from retour.stores.delivery_shelves import DeliveryLine
from retour.watching import News, Watcher
from retour.web import wire
from retour.web.admin import pages, sessions
from retour.web.admin.forms import deliveries as filters
from retour.web.admin.forms.deliveries import Filter
from retour.web.admin.guard import Page
from retour.web.admin.views.deliveries import PATH, listed
from retour.web.admin.visits import SandboxVisit

HEADERS = {"x-accel-buffering": "no"}
AGAIN_MS = 1_000  # a browser waits so long before it comes back
NEW, CHANGED, RELOAD = "delivery-new", "delivery-changed", "delivery-reload"


class Told(NamedTuple):
    """What a stream's list is, for the rows that are sent to it."""

    visit: SandboxVisit
    chosen: Filter


async def stream(visit: SandboxVisit) -> Response:
    """Rows as they come, until the browser leaves, the session ends, or the service stops. 429 for too many of one."""
    watching, person = visit.retour.watching, visit.person.user_id
    watching.admit(person)
    told = Told(visit, filters.read(visit.request.query_params) or Filter())

    async def messages() -> AsyncIterator[str]:
        async with watching.watch(visit.sandbox.id, person) as watcher:
            async for message in _messages(told, watcher):
                yield message

    return StreamingResponse(messages(), headers=HEADERS, media_type="text/event-stream")


async def _messages(told: Told, watcher: Watcher) -> AsyncIterator[str]:
    """What was missed, then what happens; in between a line that keeps proxies from closing the connection."""
    visit = told.visit
    yield f"retry: {AGAIN_MS}\n\n"
    at = since(visit.request)
    try:
        yield await _message(told, await visit.retour.watching.since(visit.sandbox.id, at))
    except Busy:
        yield _event(RELOAD, "", at)
    while not watcher.ended:
        news = await watcher.next(limits.LIVE_BEAT_SECONDS)
        if news is not None:
            at = news.at
            yield await _message(told, news)
        elif not watcher.ended:
            if not await _still_here(visit):
                return
            yield f": here\nid: {at}\n\n"


def since(request: Request) -> int:
    """From when on the browser has to be told; now, where it says nothing that makes sense."""
    named = request.headers.get("last-event-id") or request.query_params.get("since") or ""
    return min(int(named), ids.now()) if named.isdecimal() and len(named) < 20 else ids.now()


async def _still_here(visit: SandboxVisit) -> bool:
    """Whether who opened the stream is signed in and a member still."""
    person = await sessions.person_of(visit.retour, visit.request)
    return person is not None and any(one.org == visit.sandbox.org for one in person.memberships)


async def _message(told: Told, news: News) -> str:
    """Events for what has changed, each with a row; one that says to load the list anew when it is too much."""
    if news.much:
        return _event(RELOAD, "", news.at)
    webhook = await told.visit.retour.webhooks.find(told.visit.sandbox)
    parked = wire.is_parked(webhook, limits.CIRCUIT_FAILURES)
    return "".join(_row(told, line, parked, news.at) for line in news.lines) or f"id: {news.at}\n\n"


def _row(told: Told, line: DeliveryLine, parked: bool, at: int) -> str:
    status, row = wire.delivery_status(line.row, parked), line.row
    belongs = filters.meets(told.chosen, status, row.feedback_status, row.last_code)
    values = {"entry": listed(line, parked), "here": told.visit.here, "query": told.chosen.query()}
    text = pages.ENVIRONMENT.get_template("deliveries/row_alone.html").render(values | {"panel": None})
    return _event(NEW if belongs else CHANGED, text, at)


def _event(name: str, data: str, at: int) -> str:
    """One event; each line of its data has a field of its own."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\nid: {at}\n{lines}\n"


PAGE = Page[SandboxVisit](path=PATH + "/stream", get=stream)
