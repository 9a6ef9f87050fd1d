"""The overview of a sandbox: what needs a person now, how the last day went, and how to start."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from retour import ids, limits
from retour.model import Campaign, CampaignStatus
from retour.stores.delivery_shelves import DeliveryLine, Sought
from retour.web import wire
from retour.web.admin import amounts, attention, charts, figures, periods, readings, words
from retour.web.admin.attention import Seen
from retour.web.admin.guard import Page
from retour.web.admin.periods import Window
from retour.web.admin.visits import SandboxVisit

NEWEST = 5


async def show(visit: SandboxVisit) -> Response:
    """What to do, the last 24 hours, the newest deliveries; the first steps until they are done."""
    now = ids.now()
    campaigns = await visit.retour.campaigns.list(visit.sandbox)
    seen = await _seen(visit, campaigns, now)
    return visit.render(
        "overview.html",
        needs=attention.needs(seen, now),
        seen=seen,
        newest=await _newest(visit, seen.parked),
        **_started(seen, campaigns),
        **await _day(visit, now),
    )


async def _seen(visit: SandboxVisit, campaigns: list[Campaign], now: int) -> Seen:
    retour, sandbox = visit.retour, visit.sandbox
    webhook = await retour.webhooks.find(sandbox)
    retrying, _ = await retour.deliveries.retrying(sandbox.id)
    return Seen(
        webhook=webhook,
        status=await readings.webhook_status(retour.shelves, sandbox, webhook, now) if webhook else None,
        configurations=await retour.configurations.list(sandbox),
        campaigns=[one for one in campaigns if one.status is CampaignStatus.LIVE and one.enable_webhooks],
        parked=wire.is_parked(webhook, limits.CIRCUIT_FAILURES),
        waiting=await retour.shelves.waiting(sandbox.id),
        retrying=retrying,
        failed=await retour.deliveries.failed_since(sandbox.id, now - limits.FAILED_LOOK_BACK),
    )


def _started(seen: Seen, campaigns: list[Campaign]) -> dict[str, Any]:
    """How far the sandbox is."""
    told = seen.webhook is not None and seen.webhook.last_accepted_at is not None
    return {
        "empty": not campaigns and seen.webhook is None,
        "any_live": any(one.status is CampaignStatus.LIVE for one in campaigns),
        "told": told,
        "complete": bool(seen.configurations and seen.campaigns and told),
    }


async def _newest(visit: SandboxVisit, parked: bool) -> list[tuple[DeliveryLine, words.Status]]:
    """Deliveries, each with its state in words."""
    found = await visit.retour.deliveries.page(visit.sandbox.id, Sought(), limit=NEWEST)
    states = [wire.delivery_status(line.row, parked) for line in found.lines]
    return [(line, words.delivery_status(state)) for line, state in zip(found.lines, states, strict=True)]


async def _day(visit: SandboxVisit, now: int) -> dict[str, Any]:
    """The last 24 hours."""
    shelves, window = visit.retour.shelves, Window(period=periods.DAY_BY_QUARTERS, now=now)
    counts = await readings.counts(shelves, visit.sandbox, window, readings.MESSAGES)
    outcomes = figures.outcomes(counts, "", visit.sandbox.created_at)
    return {
        "tiles": await readings.tiles(shelves, visit.sandbox, counts, ""),
        "outcomes": charts.stacked(window.axis(), outcomes, amounts.count, amounts.short),
        "step": window.period.step,
    }


PAGES = (Page[SandboxVisit](path="/overview", get=show),)
