"""The house behind its real server, so that a provider can post to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cast import House
from outside.certificates import Authority
from outside.https import Endpoint
from retour import ids
from retour.catalog.inputs import ConfigurationInput, SmsInput
from retour.model import Campaign, ChannelConfiguration
from smsproviders.serving import Site, served
from web.api.callers import UNITARY, Api, execution

BOB = "+15550101"


@dataclass
class Desk:
    """Ann's house at an address of its own, and her program that calls it."""

    house: House
    api: Api

    async def configure(self, provider: str, settings: dict[str, Any], **sms: Any) -> ChannelConfiguration:
        """A channel configuration for this provider."""
        given = ConfigurationInput(name=f"{provider} {ids.new_id()}", channel="sms", provider=provider)
        given.sms = SmsInput(sender_number="+15550100", **sms)
        given.provider_settings = settings
        return await self.house.retour.configurations.create(self.house.dev, given)

    async def campaign(self, provider: str, settings: dict[str, Any], **sms: Any) -> Campaign:
        """A live one that sends by this provider."""
        made = await self.configure(provider, settings, **sms)
        return await self.house.campaign(made.id, channel="sms", identity_namespace="phone")

    async def trouble(self, provider: str, settings: dict[str, Any]) -> str | None:
        """What Verify says is wrong with these settings; None where nothing is."""
        made = await self.configure(provider, settings)
        examined = await self.house.retour.relays.examine(self.house.dev, made)
        assert examined is not None
        return examined.trouble

    async def execute(self, campaign: Campaign, *addresses: str) -> str:
        """Ann's program writes to Bob; the execution's id."""
        body = execution(campaign.id, *(addresses or (BOB,)), namespace="phone")
        return str((await self.api.post(UNITARY, body, status=202))["executionId"])


@pytest.fixture
async def desk(site: Site) -> AsyncIterator[Desk]:
    """Served as `retour serve` serves it, and known by that address."""
    async with site.calling() as api:
        yield Desk(site.house, api)


def heard(receiver: Endpoint) -> list[dict[str, Any]]:
    """What the feedback webhook was told, in order."""
    return [json.loads(request.body)["messageDeliveryFeedback"] for request in receiver.requests]


def last_words(receiver: Endpoint) -> dict[str, tuple[str, str, str, str]]:
    """Number -> status, code, type and category of what was told last of it."""
    told = {}
    for request in receiver.requests:
        body = json.loads(request.body)
        feedback = body["messageDeliveryFeedback"]
        why = feedback["messageFailure"] or {"code": "", "type": "", "category": ""}
        words = (feedback["feedbackStatus"]["value"], why["code"], why["type"], why["category"])
        told[body["channelContext"]["profileNumber"]] = words
    return told


@pytest.fixture
async def site(tmp_path: Path, authority: Authority) -> AsyncIterator[Site]:
    """Acme and Other Ltd, served on this machine."""
    async with served(tmp_path, authority.write(tmp_path)) as made:
        yield made
