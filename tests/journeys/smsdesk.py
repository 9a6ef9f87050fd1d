"""Ann's desk for text messages: a house whose door for callbacks is open, a provider, a receiver of feedback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from cast import House
from outside.https import Endpoint
from retour.catalog.inputs import ConfigurationInput, SmsInput
from retour.model import Campaign, ChannelConfiguration, FeedbackStatus
from retour.web.server import application

EVERYTHING = [status for status in FeedbackStatus if status is not FeedbackStatus.COMPLAINT]
JANE = "+15550101"


@dataclass
class SmsDesk:
    """A live campaign by a provider. client: posts to the house as the provider does."""

    house: House
    receiver: Endpoint
    configuration: ChannelConfiguration
    campaign: Campaign
    client: httpx.AsyncClient

    @property
    def address(self) -> str:
        """Where the provider posts to."""
        return self.house.retour.callbacks.address(self.configuration) or ""

    def told(self, number: str = JANE) -> list[str]:
        """What the webhook heard of the messages to a number, in order: `sent`, `bounce 2 Soft`."""
        return [in_short(feedback) for feedback in self.feedback(number)]

    def feedback(self, number: str = JANE) -> list[dict[str, Any]]:
        """The same as it came: `messageDeliveryFeedback`."""
        bodies = [json.loads(request.body) for request in self.receiver.requests]
        return [
            body["messageDeliveryFeedback"]
            for body in sorted(bodies, key=lambda body: body["retour"]["sequence"])
            if body["channelContext"]["profileNumber"] == number
        ]


def in_short(feedback: dict[str, Any]) -> str:
    """A status and why."""
    failure = feedback["messageFailure"]
    why = f" {failure['code']} {failure['type']}" if failure else ""
    return f"{feedback['feedbackStatus']['value']}{why}"


@asynccontextmanager
async def sms_desk(
    house: House, receiver: Endpoint, provider: str, settings: dict[str, Any], **sms: Any
) -> AsyncIterator[SmsDesk]:
    """The rooms at work for Ann's campaign by this provider."""
    given = ConfigurationInput(name="text", channel="sms", provider=provider, provider_settings=settings)
    given.sms = SmsInput(sender_number="+15550199", **sms)
    configuration = await house.retour.configurations.create(house.dev, given)
    campaign = await house.campaign(configuration.id, channel="sms", identity_namespace="phone")
    await house.webhook(receiver.url("/feedback"), events=EVERYTHING)
    transport = httpx.ASGITransport(app=application(house.retour))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client,
        house.working(),
    ):
        yield SmsDesk(house, receiver, configuration, campaign, client)
