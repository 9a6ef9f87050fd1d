"""/journey/campaigns/service/campaigns, with AJO's names."""

from __future__ import annotations

from retour.catalog.inputs import CampaignInput
from retour.errors import Code
from retour.model import Scope
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call, Noun

PATH = "/journey/campaigns/service/campaigns"


async def create(call: Call) -> Answer:
    """201 the draft."""
    given = await call.body(CampaignInput)
    return 201, wire.campaign(await call.retour.campaigns.create(call.sandbox, given, call.caller.actor))


async def list_all(call: Call) -> Answer:
    """200 all of the sandbox, the last changed first."""
    return 200, wire.page(wire.campaign(value) for value in await call.retour.campaigns.list(call.sandbox))


async def get(call: Call) -> Answer:
    """200 one."""
    return 200, wire.campaign(await call.retour.campaigns.get(call.sandbox, call.id))


async def update(call: Call) -> Answer:
    """200 the changed draft."""
    version, given = call.version(), await call.body(CampaignInput)
    changed = await call.retour.campaigns.update(call.sandbox, call.id, version, given, call.caller.actor)
    return 200, wire.campaign(changed)


async def publish(call: Call) -> Answer:
    """202 the campaign, LIVE."""
    return 202, wire.campaign(await call.retour.campaigns.publish(call.sandbox, call.id, call.caller.actor))


async def stop(call: Call) -> Answer:
    """202 the campaign, STOPPED."""
    return 202, wire.campaign(await call.retour.campaigns.stop(call.sandbox, call.id, call.caller.actor))


async def duplicate(call: Call) -> Answer:
    """201 the copy, a draft."""
    return 201, wire.campaign(await call.retour.campaigns.duplicate(call.sandbox, call.id, call.caller.actor))


TAKEN = {202: wire.Campaign}
NOT_LIVE = (409, Code.CAMPAIGN_NOT_LIVE)
NOT_READY = (
    NOT_LIVE,
    (412, Code.VERSION_STALE),
    (422, Code.CAMPAIGN_INCOMPLETE),
    (422, Code.TEMPLATE_INVALID),
    (422, Code.SIMULATED_IN_PRODUCTION),
)
NOUN = Noun(PATH, "a campaign", "the campaigns", CampaignInput, wire.Campaign, wire.CampaignPage)
EACH = NOUN.each
ROUTES = (
    *NOUN.rows(create, list_all, get, update, updated=(NOT_LIVE,)),
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
    ApiRoute(
        "POST",
        EACH + "/duplicate",
        Scope.CONFIGURE,
        duplicate,
        "Duplicate a campaign",
        answers={201: wire.Campaign},
    ),
)
