"""/ajo/config/channel-configurations."""

from __future__ import annotations

from retour.catalog.inputs import ConfigurationInput
from retour.model import Lane, Scope
from retour.stores import RoomName
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call

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


ROUTES = (
    ApiRoute("POST", PATH, Scope.CONFIGURE, create),
    ApiRoute("GET", PATH, Scope.READ, list_all),
    ApiRoute("GET", PATH + "/{id}", Scope.READ, get),
    ApiRoute("PUT", PATH + "/{id}", Scope.CONFIGURE, update),
)
