"""Deliveries: what was owed to the webhook, each attempt, and once more."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from retour import checks, ids, limits
from retour.model import DeliveryState, DeliveryStatus, Role
from retour.stores.shelves import DeliveryRow, Removed
from retour.web import wire
from retour.web.admin import words
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/deliveries"
ONE = PATH + "/{id}"
ROWS = 50
NEWEST = "~"  # sorts after every id


async def listing(visit: SandboxVisit) -> Response:
    """A page of them, newest first; the filter and the place are in the address."""
    query = visit.request.query_params
    chosen, before = query.get("status", ""), query.get("before", "")
    if chosen and chosen not in [*DeliveryStatus]:
        return RedirectResponse(visit.here + PATH, 303)
    webhook = await visit.retour.webhooks.find(visit.sandbox)
    parked = wire.is_parked(webhook, limits.CIRCUIT_FAILURES)
    found = await _page(visit, chosen, before or NEWEST, parked)
    rows = [(row, words.delivery_status(wire.delivery_status(row, parked))) for row in found[:ROWS]]
    return visit.render(
        "deliveries/list.html",
        rows=rows,
        webhook=webhook,
        chosen=chosen,
        statuses=[(status.value, words.DELIVERIES[status]) for status in DeliveryStatus],
        older=_query(chosen, rows[-1][0].id) if len(found) > ROWS else "",
        newest=_query(chosen, "") if before else "",
    )


def _query(status: str, before: str) -> str:
    """`?status=…&before=…`, as far as they say anything."""
    return "?" + urlencode({name: value for name, value in (("status", status), ("before", before)) if value})


async def _page(visit: SandboxVisit, chosen: str, before: str, parked: bool) -> list[DeliveryRow]:
    """One more than fits, to know whether there are older ones."""
    state, tried = _asked(chosen, parked)
    if state is None:
        return []
    return await visit.retour.shelves.deliveries(
        visit.sandbox.id, before=before, state=state, tried=tried, limit=ROWS + 1
    )


def _asked(status: str, parked: bool) -> tuple[str | None, int]:
    """State and tries to ask the store for; None when nothing can have this status now."""
    if status in ("", *DeliveryState):
        return status, -1
    if status == DeliveryStatus.PARKED:
        return (DeliveryState.DUE, -1) if parked else (None, -1)
    return (None, -1) if parked else (DeliveryState.DUE, int(status == DeliveryStatus.RETRYING))


async def show(visit: SandboxVisit) -> Response:
    """One of them: what happens next, each attempt with what was sent and answered, the body."""
    row = await _row(visit)
    shelves, sandbox = visit.retour.shelves, visit.sandbox.id
    webhook = await visit.retour.webhooks.find(visit.sandbox)
    state = wire.delivery_status(row, wire.is_parked(webhook, limits.CIRCUIT_FAILURES))
    body = await visit.retour.dispatch.body_of(sandbox, row.message_id, row.sequence, row.format)
    why = Removed.NO if body else await shelves.removed(sandbox, row.message_id, row.sequence)
    return visit.render(
        "deliveries/read.html",
        row=row,
        removed=words.removed(why, visit.retour.settings.keep_bodies_days) if why else "",
        status=words.delivery_status(state),
        next_step=words.next_step(row, state, ids.now()),
        attempts=list(reversed(await shelves.attempts(sandbox, row.id))),
        message=await shelves.message(sandbox, row.message_id),
        body=body,
        has_webhook=webhook is not None,
    )


async def _row(visit: SandboxVisit) -> DeliveryRow:
    row = await visit.retour.shelves.delivery(visit.sandbox.id, visit.id)
    if row is None:
        raise checks.missing("delivery")
    return row


async def ask_replay(visit: SandboxVisit) -> Response:
    """A delivered event is sent again only after a question."""
    return visit.render("deliveries/replay.html", row=await _row(visit))


async def replay(visit: SandboxVisit) -> Response:
    """Owe the event once more, at once; then to the new delivery."""
    new = await visit.retour.webhooks.replay(visit.sandbox, visit.id)
    visit.wake()
    return visit.see(f"{visit.here}{PATH}/{new}", "replayed")


PAGES = (
    Page[SandboxVisit](path=PATH, get=listing),
    Page[SandboxVisit](path=ONE, get=show),
    Page[SandboxVisit](
        path=ONE + "/replay", get=ask_replay, post=replay, role=Role.DEVELOPER, to_post=Role.DEVELOPER
    ),
)
