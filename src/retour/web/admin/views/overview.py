"""The overview of a sandbox: what needs attention, and how to start."""

from __future__ import annotations

from starlette.responses import Response

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
        attention=_attention(webhook, configurations),
        webhook=webhook,
        configurations=configurations,
        campaigns=campaigns,
        live=live,
        with_webhook=_with_webhook(live),
        waiting=await visit.retour.shelves.waiting(visit.sandbox.id),
    )


def _attention(
    webhook: Webhook | None, configurations: list[ChannelConfiguration]
) -> list[tuple[str, words.Status, str]]:
    """Name, state and path of what is paused or failing."""
    rows = []
    if webhook is not None:
        rows.append((webhook.name, words.webhook_status(webhook), f"/feedback-webhooks/{webhook.id}"))
    rows += [
        (configuration.name, words.configuration_status(configuration), "/channel-configurations")
        for configuration in configurations
    ]
    return [row for row in rows if row[1].word in ("Paused", "Failing")]


def _with_webhook(live: list[Campaign]) -> list[Campaign]:
    return [campaign for campaign in live if campaign.enable_webhooks]


PAGES = (Page[SandboxVisit](path="/overview", get=show),)
