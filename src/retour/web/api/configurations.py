"""/ajo/config/channel-configurations."""

from __future__ import annotations

from retour.catalog.inputs import ConfigurationInput
from retour.errors import Code
from retour.model import ChannelConfiguration, Lane
from retour.stores import RoomName
from retour.web import wire
from retour.web.api.calls import Answer, Call, Noun

PATH = "/ajo/config/channel-configurations"


async def create(call: Call) -> Answer:
    """201 the configuration."""
    given = await call.body(ConfigurationInput)
    return 201, _shown(call, await call.retour.configurations.create(call.sandbox, given, call.caller.actor))


async def list_all(call: Call) -> Answer:
    """200 all of the sandbox."""
    found = await call.retour.configurations.list(call.sandbox)
    return 200, wire.page(_shown(call, value) for value in found)


async def get(call: Call) -> Answer:
    """200 one."""
    return 200, _shown(call, await call.retour.configurations.get(call.sandbox, call.id))


async def update(call: Call) -> Answer:
    """200 the new version; messages that waited for the relay are tried at once."""
    version, given = call.version(), await call.body(ConfigurationInput)
    made = await call.retour.configurations.update(call.sandbox, call.id, version, given, call.caller.actor)
    call.retour.bell.ring(RoomName.SENDING, Lane(call.sandbox.id, made.id))
    return 200, _shown(call, made)


def _shown(call: Call, value: ChannelConfiguration) -> wire.ChannelConfiguration:
    return wire.configuration(value, call.retour.callbacks.address(value))


EXISTS = (409, Code.EXISTS)
LED_AWAY = (422, Code.SECRET_REQUIRED)
NOUN = Noun(
    PATH,
    "a channel configuration",
    "the channel configurations",
    ConfigurationInput,
    wire.ChannelConfiguration,
    wire.ChannelConfigurationPage,
)
ROUTES = NOUN.rows(create, list_all, get, update, created=(EXISTS,), updated=(EXISTS, LED_AWAY))
