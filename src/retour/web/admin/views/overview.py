"""The overview of a sandbox: what needs attention, and how to start."""

from __future__ import annotations

from starlette.responses import Response

from retour import ids
from retour.model import Campaign, CampaignStatus, ChannelConfiguration, Webhook
from retour.web.admin import words
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit


async def show(visit: SandboxVisit) -> Response:
    """Small: attention, then the steps with what is done of them."""
    webhook = await visit.retour.webhooks.find(visit.sandbox)
    configurations = await visit.retour.configurations.list(visit.sandbox)
    campaigns = await visit.retour.campaigns.list(visit.sandbox)
    live = [campaign for campaign in campaigns if campaign.status is CampaignStatus.LIVE]
    return visit.render(
        "overview.html",
        attention=_attention(webhook, configurations, ids.now()),
        webhook=webhook,
        configurations=configurations,
        campaigns=campaigns,
        live=live,
        with_webhook=_with_webhook(live),
        waiting=await visit.retour.shelves.waiting(visit.sandbox.id),
    )


def _attention(
    webhook: Webhook | None, configurations: list[ChannelConfiguration], now: int
) -> list[tuple[str, words.Status, str]]:
    """Name, state and path of what is paused or failing; of what fails for long, for how long."""
    rows = []
    if webhook is not None:
        state = words.webhook_status(webhook)
        long = words.failing(webhook.health, now) if state.word == "Failing" else None
        rows.append((webhook.name, state, long, f"/feedback-webhooks/{webhook.id}"))
    for one in configurations:
        path = f"/channel-configurations?channel={one.channel}"
        rows.append((one.name, words.configuration_status(one), words.failing(one.health, now), path))
    return [
        (name, long or state, path) for name, state, long, path in rows if state.word in ("Paused", "Failing")
    ]


def _with_webhook(live: list[Campaign]) -> list[Campaign]:
    return [campaign for campaign in live if campaign.enable_webhooks]


PAGES = (Page[SandboxVisit](path="/overview", get=show),)
