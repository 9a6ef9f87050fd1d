"""POST …/deliveries/{id}/replay: the same event once more."""

from __future__ import annotations

import asyncio

from cast import House
from outside.https import Endpoint
from web.api.callers import DELIVERIES, WEBHOOKS, Api, refusal, webhook
from web.api.test_deliveries import sent


async def test_the_same_event_goes_again_with_the_same_id_and_bytes(
    house: House, acme: Api, campaign_id: str, receiver: Endpoint
) -> None:
    await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    await sent(house, acme, campaign_id, "delivered@example.com")
    original = (await acme.get(DELIVERIES))["data"][0]
    async with house.working():
        again = await acme.post(f"{DELIVERIES}/{original['id']}/replay", status=202)
        await receiver.arrived(3)
    assert again["id"] != original["id"]
    assert (again["eventId"], again["replay"]) == (original["eventId"], True)
    first, third = receiver.requests[1], receiver.requests[2]
    assert (third.body, third.header("webhook-id")) == (first.body, first.header("webhook-id"))


async def test_many_at_once_are_deliveries_of_their_own(
    house: House, acme: Api, campaign_id: str, receiver: Endpoint
) -> None:
    await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    await sent(house, acme, campaign_id, "delivered@example.com")
    place = f"{DELIVERIES}/{(await acme.get(DELIVERIES))['data'][0]['id']}/replay"
    made = await asyncio.gather(*(acme.post(place, status=202) for _ in range(10)))
    assert len({found["id"] for found in made}) == 10


async def test_without_a_webhook_there_is_nowhere_to_replay_to(
    house: House, acme: Api, campaign_id: str, receiver: Endpoint
) -> None:
    made = await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    await sent(house, acme, campaign_id, "delivered@example.com")
    original = (await acme.get(DELIVERIES))["data"][0]
    await acme.call("DELETE", f"{WEBHOOKS}/{made['id']}")
    refusal(await acme.call("POST", f"{DELIVERIES}/{original['id']}/replay"), 409, "000120")
    assert len((await acme.get(DELIVERIES))["data"]) == 2


async def test_what_is_not_there_is_404(acme: Api) -> None:
    refusal(await acme.call("POST", f"{DELIVERIES}/nothing/replay"), 404, "000120")
