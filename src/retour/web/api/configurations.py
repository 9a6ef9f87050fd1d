"""/ajo/config/channel-configurations."""

from __future__ import annotations

from retour.catalog.inputs import ConfigurationInput
from retour.errors import Code
from retour.model import Lane, Scope
from retour.stores import RoomName
from retour.web import wire
from retour.web.api.calls import CHANGES, Answer, ApiRoute, Call

PATH = "/ajo/config/channel-configurations"


async def create(call: Call) -> Answer:
    """201 the configuration."""
    given = await call.body(ConfigurationInput)
    return 201, wire.configuration(await call.retour.configurations.create(call.sandbox, given))


async def list_all(call: Call) -> Answer:
    """200 all of the sandbox."""
    found = await call.retour.configurations.list(call.sandbox)
    return 200, wire.page(wire.configuration(value) for value in found)


async def get(call: Call) -> Answer:
    """200 one."""
    return 200, wire.configuration(await call.retour.configurations.get(call.sandbox, call.id))


async def update(call: Call) -> Answer:
    """200 the new version; messages that waited for the relay are tried at once."""
    version, given = call.version(), await call.body(ConfigurationInput)
    made = await call.retour.configurations.update(call.sandbox, call.id, version, given)
    call.retour.bell.ring(RoomName.SENDING, Lane(call.sandbox.id, made.id))
    return 200, wire.configuration(made)


ONE = {200: wire.ChannelConfiguration}
MADE = {201: wire.ChannelConfiguration}
ALL = {200: wire.ChannelConfigurationPage}
EXISTS = (409, Code.EXISTS)
LED_AWAY = (422, Code.SECRET_REQUIRED)
EACH = PATH + "/{id}"
ROUTES = (
    ApiRoute(
        "POST",
        PATH,
        Scope.CONFIGURE,
        create,
        "Create a channel configuration",
        ConfigurationInput,
        MADE,
        refusals=(EXISTS,),
    ),
    ApiRoute("GET", PATH, Scope.READ, list_all, "List the channel configurations", answers=ALL),
    ApiRoute("GET", EACH, Scope.READ, get, "Get a channel configuration", answers=ONE),
    ApiRoute(
        "PUT",
        EACH,
        Scope.CONFIGURE,
        update,
        "Update a channel configuration",
        ConfigurationInput,
        ONE,
        refusals=(EXISTS, LED_AWAY, *CHANGES),
    ),
)
