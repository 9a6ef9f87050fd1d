"""/journey/campaigns/service/campaigns, with AJO's names."""

from __future__ import annotations

from retour.catalog.inputs import CampaignInput
from retour.model import Scope
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call

PATH = "/journey/campaigns/service/campaigns"


async def create(call: Call) -> Answer:
    """201 the draft."""
    given = await call.body(CampaignInput)
    return 201, wire.campaign(await call.retour.campaigns.create(call.sandbox, given))


async def list_all(call: Call) -> Answer:
    """200 all of the sandbox, the last changed first."""
    return 200, wire.page(wire.campaign(value) for value in await call.retour.campaigns.list(call.sandbox))


async def get(call: Call) -> Answer:
    """200 one."""
    return 200, wire.campaign(await call.retour.campaigns.get(call.sandbox, call.id))


async def update(call: Call) -> Answer:
    """200 the changed draft."""
    version, given = call.version(), await call.body(CampaignInput)
    return 200, wire.campaign(await call.retour.campaigns.update(call.sandbox, call.id, version, given))


async def publish(call: Call) -> Answer:
    """202 the campaign, LIVE."""
    return 202, wire.campaign(await call.retour.campaigns.publish(call.sandbox, call.id))


async def stop(call: Call) -> Answer:
    """202 the campaign, STOPPED."""
    return 202, wire.campaign(await call.retour.campaigns.stop(call.sandbox, call.id))


async def duplicate(call: Call) -> Answer:
    """201 the copy, a draft."""
    return 201, wire.campaign(await call.retour.campaigns.duplicate(call.sandbox, call.id))


ROUTES = (
    ApiRoute("POST", PATH, Scope.CONFIGURE, create),
    ApiRoute("GET", PATH, Scope.READ, list_all),
    ApiRoute("GET", PATH + "/{id}", Scope.READ, get),
    ApiRoute("PUT", PATH + "/{id}", Scope.CONFIGURE, update),
    ApiRoute("POST", PATH + "/{id}/publish", Scope.CONFIGURE, publish),
    ApiRoute("POST", PATH + "/{id}/stop", Scope.CONFIGURE, stop),
    ApiRoute("POST", PATH + "/{id}/duplicate", Scope.CONFIGURE, duplicate),
)
