"""The product in sentences: an accepted execution reaches its webhook."""

from __future__ import annotations

import json
from typing import Any

from cast import House
from outside.https import Endpoint


def bodies(receiver: Endpoint) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in receiver.requests]


def statuses(receiver: Endpoint) -> list[str]:
    return [body["messageDeliveryFeedback"]["feedbackStatus"]["value"] for body in bodies(receiver)]


async def test_an_accepted_execution_is_told_as_sent_then_delivered(house: House, receiver: Endpoint) -> None:
    campaign = await house.campaign(await house.simulated())
    await house.webhook(receiver.url("/feedback"))
    async with house.working():
        execution = await house.execute(campaign, "delivered@example.com", request_id="request-1")
        await receiver.arrived(2)
    assert statuses(receiver) == ["sent", "delivered"]
    assert {body["requestId"] for body in bodies(receiver)} == {"request-1"}
    assert {body["messageExecution"]["messageExecutionID"] for body in bodies(receiver)} == {execution.id}
    assert [body["retour"]["sequence"] for body in bodies(receiver)] == [1, 2]
