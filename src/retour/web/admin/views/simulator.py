"""The simulator: which address leads to which outcome, and a call to try it with."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from retour import ids
from retour.channels.simulated import DELAY_SECONDS_MAX, PROVIDER
from retour.model import Campaign, CampaignStatus, ChannelKind, SandboxType
from retour.web.admin import samples, simulations
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/simulator"


async def show(visit: SandboxVisit) -> Response:
    """The table of a channel (`?channel=`), and the call for one of its addresses (`?to=`)."""
    asked = visit.request.query_params.get("channel", "")
    channel = ChannelKind(asked) if asked in [*ChannelKind] else ChannelKind.EMAIL
    rows = simulations.simulations(channel)
    to = visit.request.query_params.get("to", "")
    address = to if to in [row.address for row in rows] else rows[0].address
    values: dict[str, Any] = {"channel": channel, "rows": rows, "address": address}
    values |= {"codes": simulations.codes(), "most_seconds": DELAY_SECONDS_MAX}
    values |= {"production": visit.sandbox.type is SandboxType.PRODUCTION}
    campaign = await _campaign(visit, channel)
    return visit.render(
        "reference/simulator.html", **values, campaign=campaign, **_calls(visit, campaign, address)
    )


async def _campaign(visit: SandboxVisit, channel: ChannelKind) -> Campaign | None:
    """The live campaign with a simulated configuration that was changed last."""
    found = await visit.retour.configurations.list(visit.sandbox)
    simulated = {row.id for row in found if row.provider == PROVIDER}
    for campaign in await visit.retour.campaigns.list(visit.sandbox):
        live = campaign.status is CampaignStatus.LIVE and campaign.channel is channel
        if live and campaign.configuration_id in simulated:
            return campaign
    return None


def _calls(visit: SandboxVisit, campaign: Campaign | None, address: str) -> dict[str, str]:
    if campaign is None:
        return {}
    base_url = visit.retour.settings.base_url
    call = samples.Call(request_id=f"try-{ids.new_id()}", address=address)
    request = samples.request(base_url, visit.sandbox, campaign, call)
    return {"token_request": samples.token_request(base_url), "request": request}


PAGES = (Page[SandboxVisit](path=PATH, get=show),)
