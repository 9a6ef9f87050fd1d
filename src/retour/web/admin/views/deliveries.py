"""Deliveries: what was owed to the webhook, each attempt, and once more.

One address gives a whole page or the part of it that a script asked for (HX-Request-Type: partial). The list stands
beside an open delivery; on narrow screens the delivery takes the page.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import RedirectResponse, Response

from retour import checks, ids, limits
from retour.model import Attempt, DeliveryStatus, FeedbackStatus, Role, Value, Webhook
from retour.stores.delivery_shelves import NEWEST, DeliveryLine, Sought
from retour.stores.shelves import Removed
from retour.web import wire
from retour.web.admin import causes, curl_command, words
from retour.web.admin.causes import Entry, Phase
from retour.web.admin.forms import deliveries as filters
from retour.web.admin.forms.deliveries import Filter
from retour.web.admin.guard import Page
from retour.web.admin.views.delivery_tiles import at_most, tiles
from retour.web.admin.visits import SandboxVisit

PATH = "/deliveries"
ONE = PATH + "/{id}"
SIBLINGS = 20  # other deliveries of the same event
ID_CHARACTERS = 64


class Try(Value):
    """An attempt as the panel shows it."""

    attempt: Attempt
    sentence: str
    phases: tuple[Phase, ...]
    curl: str
    secrets: str


async def listing(visit: SandboxVisit) -> Response:
    """A page of them, newest first; the filter and the place are in the address."""
    chosen = filters.read(visit.request.query_params)
    if chosen is None:
        return RedirectResponse(visit.here + PATH, 303)
    listed = await _list(visit, chosen)
    if partial(visit):
        response = varying(visit.render("deliveries/rows.html", **listed))
        response.headers["hx-push-url"] = visit.here + PATH + chosen.query(before=listed["before"])
        return response
    whole = await _around(visit)
    return varying(visit.render("deliveries/list.html", panel=None, **listed, **whole))


async def show(visit: SandboxVisit) -> Response:
    """One of them: why it stands where it stands, what happens next, each attempt, the body; beside it the list."""
    panel = await _panel(visit)
    chosen = filters.read(visit.request.query_params) or Filter()
    if partial(visit):
        return varying(visit.render("deliveries/panel_alone.html", panel=panel, query=chosen.query()))
    listed, whole = await _list(visit, chosen), await _around(visit)
    return varying(visit.render("deliveries/list.html", panel=panel, **listed, **whole))


def partial(visit: SandboxVisit) -> bool:
    """Whether a script asks for a part, and not for the page to restore it."""
    return visit.request.headers.get("hx-request-type") == "partial"


def varying(response: Response) -> Response:
    """One address, two answers."""
    response.headers["vary"] = "HX-Request-Type"
    return response


# --- the list -------------------------------------------------------------------------------------------


async def _around(visit: SandboxVisit) -> dict[str, Any]:
    """What stands on the page beside list and panel."""
    return {
        "tiles": await tiles(visit, ids.now()),
        "statuses": [(status.value, words.DELIVERIES[status]) for status in DeliveryStatus],
        "feedbacks": [(status.value, status.value) for status in FeedbackStatus],
        "answers": list(filters.ANSWERS.items()),
        "periods": [(key, word) for key, (_, word) in filters.PERIODS.items()],
    }


async def _list(visit: SandboxVisit, chosen: Filter) -> dict[str, Any]:
    """The rows, and the ways to others."""
    now, before = ids.now(), visit.request.query_params.get("before", "")[:ID_CHARACTERS]
    webhook = await visit.retour.webhooks.find(visit.sandbox)
    parked = wire.is_parked(webhook, limits.CIRCUIT_FAILURES)
    asked = filters.sought(chosen, parked, now)
    lines, edge = await _page(visit, asked, before)
    shown = lines[: limits.LIST_ROWS]
    replayable = await _replayable(visit, chosen, asked, webhook)
    more = shown[-1].row.id if len(lines) > limits.LIST_ROWS else edge
    return {
        "entries": [listed(line, parked) for line in shown],
        "chosen": chosen,
        "query": chosen.query(),
        "before": before,
        "webhook": webhook,
        "now": now,
        "older": chosen.query(before=more) if more else "",
        "searched_to": ids.id_time(edge) if edge else None,
        "newest": ids.first_id(now),
        "request_id_days": limits.REQUEST_KEY_AGE // limits.DAY,
        "replayable": replayable,
        "replay_words": causes.replays(replayable),
    }


async def _page(visit: SandboxVisit, asked: Sought | None, before: str) -> tuple[list[DeliveryLine], str]:
    """One more than fits, to know whether there are older ones; and how far was searched, if not to the end."""
    if asked is None:
        return [], ""
    shelf, limit = visit.retour.deliveries, limits.LIST_ROWS + 1
    found = await shelf.page(visit.sandbox.id, asked, before or NEWEST, limit)
    return list(found.lines), found.edge


async def _replayable(
    visit: SandboxVisit, chosen: Filter, asked: Sought | None, webhook: Webhook | None
) -> str:
    """How many of the list can be replayed at once; empty where that is not offered."""
    offered = chosen.status == DeliveryStatus.EXHAUSTED and not chosen.q and visit.may(Role.DEVELOPER)
    if not offered or webhook is None or asked is None:
        return ""
    count = await visit.retour.replays.count(visit.sandbox, asked)
    return at_most(count, limits.REPLAYS) if count else ""


def listed(line: DeliveryLine, parked: bool) -> Entry:
    """A row with its words."""
    return causes.entry(line, wire.delivery_status(line.row, parked))


# --- one ------------------------------------------------------------------------------------------------


async def _panel(visit: SandboxVisit) -> dict[str, Any]:
    line = await _line(visit)
    row, shelves, sandbox = line.row, visit.retour.shelves, visit.sandbox.id
    webhook = await visit.retour.webhooks.find(visit.sandbox)
    parked = wire.is_parked(webhook, limits.CIRCUIT_FAILURES)
    body = await visit.retour.dispatch.body_of(sandbox, row.message_id, row.sequence, row.format)
    why = Removed.NO if body else await shelves.removed(sandbox, row.message_id, row.sequence)
    days = visit.retour.settings.keep_bodies_days
    removed = words.removed(why, days) if why else ""
    status = wire.delivery_status(row, parked)
    tries = await shelves.attempts(sandbox, row.id)
    return {
        "line": line,
        "row": row,
        "status": words.delivery_status(status),
        "cause": causes.cause(row, line.last),
        "outlook": causes.outlook(row, status, ids.now(), days, removed),
        "tries": [_try(attempt, body) for attempt in reversed(tries)],
        "message": await shelves.message(sandbox, row.message_id),
        "body": body,
        "removed": removed,
        "others": await _others(visit, line, parked),
        "may_replay": visit.may(Role.DEVELOPER) and webhook is not None and not removed,
    }


async def _line(visit: SandboxVisit) -> DeliveryLine:
    line = await visit.retour.deliveries.line(visit.sandbox.id, visit.id)
    if line is None:
        raise checks.missing("delivery")
    return line


async def _others(visit: SandboxVisit, line: DeliveryLine, parked: bool) -> list[Entry]:
    """Deliveries of the same event: the first one, and each replay."""
    same = Sought(text=line.row.event_id)
    found = await visit.retour.deliveries.page(visit.sandbox.id, same, limit=SIBLINGS)
    return [listed(other, parked) for other in found.lines if other.row.id != line.row.id]


def _try(attempt: Attempt, body: bytes) -> Try:
    return Try(
        attempt=attempt,
        sentence=causes.told(attempt.detail),
        phases=tuple(causes.phases(attempt.timings)),
        curl=curl_command.command(attempt, body) if body else "",
        secrets=words.listed(curl_command.secrets(attempt)),
    )


async def ask_replay(visit: SandboxVisit) -> Response:
    """A delivered event is sent again only after a question."""
    return visit.render("deliveries/replay.html", row=(await _line(visit)).row)


async def replay(visit: SandboxVisit) -> Response:
    """Owe the event once more, at once; then to the new delivery."""
    new = await visit.retour.webhooks.replay(visit.sandbox, visit.id, visit.person.actor)
    visit.wake()
    return visit.see(f"{visit.here}{PATH}/{new}", "replayed")


# --- many -----------------------------------------------------------------------------------------------


async def ask_replays(visit: SandboxVisit) -> Response:
    """How many go out again, how fast, and what happens; a page for who has no script."""
    chosen = _failed(visit)
    asked = filters.sought(chosen, False, ids.now())
    count = await visit.retour.replays.count(visit.sandbox, asked) if asked else 0
    return visit.render(
        "deliveries/replays.html",
        query=chosen.query(),
        number=at_most(count, limits.REPLAYS),
        count=count,
        replay_words=causes.replays(at_most(count, limits.REPLAYS)),
    )


async def replay_all(visit: SandboxVisit) -> Response:
    """Owe them once more; then to the list, where the new ones come first."""
    asked = filters.sought(_failed(visit), False, ids.now())
    done = await visit.retour.replays.run(visit.sandbox, asked or Sought(), visit.person.actor)
    visit.wake()
    return visit.see(visit.here + PATH, "replayed-all" if done.sent else "replayed-none")


def _failed(visit: SandboxVisit) -> Filter:
    """The list's filter, of those that failed. Nothing is looked for by a text here."""
    chosen = filters.read(visit.request.query_params) or Filter()
    return msgspec.structs.replace(chosen, status=DeliveryStatus.EXHAUSTED.value, q="")


PAGES = (
    Page[SandboxVisit](path=PATH, get=listing),
    Page[SandboxVisit](
        path=PATH + "/replays",
        get=ask_replays,
        post=replay_all,
        role=Role.DEVELOPER,
        to_post=Role.DEVELOPER,
    ),
    Page[SandboxVisit](path=ONE, get=show),
    Page[SandboxVisit](
        path=ONE + "/replay", get=ask_replay, post=replay, role=Role.DEVELOPER, to_post=Role.DEVELOPER
    ),
)
