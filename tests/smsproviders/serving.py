"""A house that is served by HTTP on this machine, so that a provider's fake can post to it as the provider would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from cast import House, a_house, until
from outside.https import Endpoint
from retour.catalog.inputs import ConfigurationInput, SmsInput
from retour.cli.serve import _listen, _server_config
from retour.config import Settings
from retour.model import Campaign, ChannelConfiguration, Sandbox
from retour.web.server import application
from rooms.steps import message_of, told_of
from web.api.callers import UNITARY, Api, connect, execution

SENDER = "+15550199"
EVERY = ["sent", "delivered", "bounce", "error", "denylist", "exclude"]


@dataclass
class Site:
    """The house and its public address."""

    house: House
    url: str

    async def configure(
        self, provider: str, settings: dict[str, Any], sandbox: Sandbox | None = None
    ) -> ChannelConfiguration:
        """A channel configuration at a provider."""
        given = ConfigurationInput(name=f"by {provider}", channel="sms", provider=provider)
        given.sms = SmsInput(sender_number=SENDER)
        given.provider_settings = settings
        return await self.house.retour.configurations.create(sandbox or self.house.dev, given)

    def address(self, configuration: ChannelConfiguration) -> str:
        """Where the provider posts to."""
        return self.house.retour.callbacks.address(configuration) or ""

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[Api]:
        """Acme's program, over a socket."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            yield await connect(client, self.house.acme_credential, "dev")


@asynccontextmanager
async def served(folder: Path, ca_file: Path) -> AsyncIterator[Site]:
    """Acme and Other Ltd, on a port of their own."""
    listening = _listen(Settings(listen="127.0.0.1:0"))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with a_house(folder, ca_file, public_url=url) as house:
        server = uvicorn.Server(_server_config(Settings(), application(house.retour)))
        task = asyncio.ensure_future(server._serve([listening]))  # without signals

        async def started() -> bool:
            return server.started

        await until(started)
        yield Site(house, url)
        server.should_exit = True
        await task


async def execute(acme: Api, campaign: Campaign, *numbers: str) -> None:
    """One message for each of these numbers, in one call."""
    people = [{"type": "external", "userId": number, "namespace": "phone"} for number in numbers]
    await acme.post(UNITARY, execution(campaign.id) | {"recipients": people}, status=202)


async def sent_to(site: Site, campaign: Campaign, number: str) -> str:
    """Ann writes to this number; the message's id."""
    execution = await site.house.execute(campaign, number)
    return await message_of(site.house, execution.id)


async def is_told(house: House, message: str, wanted: list[str]) -> bool:
    """Whether this and no more was recorded of it."""
    return await told_of(house, message) == wanted


def heard(receiver: Endpoint) -> dict[str, list[str]]:
    """What the webhook was told of each number, in order: `bounce 30005 Hard`, `denylist`, `sent` …"""
    found: dict[str, list[str]] = {}
    for request in receiver.requests:
        body = json.loads(request.body)
        number = body["channelContext"]["profileNumber"]
        found.setdefault(number, []).append(_in_short(body["messageDeliveryFeedback"]))
    return found


def _in_short(told: dict[str, Any]) -> str:
    failure = told.get("messageFailure")
    why = f" {failure['code']} {failure['type']}" if failure else ""
    return str(told["feedbackStatus"]["value"]) + why
