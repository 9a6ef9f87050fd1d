"""/journey/campaigns/service/campaigns, with AJO's names."""

from __future__ import annotations

from retour.catalog.inputs import CampaignInput
from retour.errors import Code
from retour.model import Scope
from retour.web import wire
from retour.web.api.calls import CHANGES, Answer, ApiRoute, Call

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


ONE = {200: wire.Campaign}
MADE = {201: wire.Campaign}
TAKEN = {202: wire.Campaign}
NOT_LIVE = (409, Code.CAMPAIGN_NOT_LIVE)
NOT_READY = (
    NOT_LIVE,
    (412, Code.VERSION_STALE),
    (422, Code.CAMPAIGN_INCOMPLETE),
    (422, Code.TEMPLATE_INVALID),
    (422, Code.SIMULATED_IN_PRODUCTION),
)
EACH = PATH + "/{id}"
ROUTES = (
    ApiRoute("POST", PATH, Scope.CONFIGURE, create, "Create a campaign", CampaignInput, MADE),
    ApiRoute("GET", PATH, Scope.READ, list_all, "List the campaigns", answers={200: wire.CampaignPage}),
    ApiRoute("GET", EACH, Scope.READ, get, "Get a campaign", answers=ONE),
    ApiRoute(
        "PUT",
        EACH,
        Scope.CONFIGURE,
        update,
        "Update a campaign",
        CampaignInput,
        ONE,
        refusals=(NOT_LIVE, *CHANGES),
    ),
    ApiRoute(
        "POST",
        EACH + "/publish",
        Scope.CONFIGURE,
        publish,
        "Publish a campaign",
        answers=TAKEN,
        refusals=NOT_READY,
    ),
    ApiRoute(
        "POST", EACH + "/stop", Scope.CONFIGURE, stop, "Stop a campaign", answers=TAKEN, refusals=(NOT_LIVE,)
    ),
    ApiRoute("POST", EACH + "/duplicate", Scope.CONFIGURE, duplicate, "Duplicate a campaign", answers=MADE),
)
