"""POST …/{id}/pause and …/resume: parking is a state of the webhook."""

from __future__ import annotations

from cast import House, until
from outside.https import Endpoint
from web.api.callers import DELIVERIES, WEBHOOKS, Api, refusal, rows, webhook


async def test_what_happens_while_it_is_paused_is_posted_after(
    house: House, acme: Api, campaign_id: str, receiver: Endpoint
) -> None:
    made = await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    place = f"{WEBHOOKS}/{made['id']}"
    paused = await acme.post(f"{place}/pause", status=200)
    assert (paused["status"], paused["pausedBy"]) == ("paused", acme.client_id)
    campaign = await house.retour.campaigns.get(house.dev, campaign_id)

    async def owed() -> bool:
        return rows(house)["delivery"] == 2

    async with house.working():
        await house.execute(campaign, "delivered@example.com")
        await until(owed)
        listed = (await acme.get(f"{DELIVERIES}?status=parked"))["data"]
        assert [(found["attempts"], found["nextAttemptAt"]) for found in listed] == [(0, None), (0, None)]
        assert receiver.requests == []
        resumed = await acme.post(f"{place}/resume", status=200)
        assert (resumed["status"], resumed["pausedAt"]) == ("active", None)
        await receiver.arrived(2)


async def test_doing_it_twice_changes_nothing(acme: Api) -> None:
    made = await acme.post(WEBHOOKS, webhook())
    place = f"{WEBHOOKS}/{made['id']}"
    paused = await acme.post(f"{place}/pause", status=200)
    assert await acme.post(f"{place}/pause", status=200) == paused
    resumed = await acme.post(f"{place}/resume", status=200)
    assert await acme.post(f"{place}/resume", status=200) == resumed


async def test_a_paused_one_can_be_changed_and_stays_paused(acme: Api) -> None:
    made = await acme.post(WEBHOOKS, webhook())
    place = f"{WEBHOOKS}/{made['id']}"
    paused = await acme.post(f"{place}/pause", status=200)
    answer = await acme.put(place, webhook(name="two"), paused["version"])
    assert (answer.status_code, answer.json()["status"]) == (200, "paused")


async def test_what_is_not_there_is_404(acme: Api) -> None:
    for deed in ("pause", "resume"):
        refusal(await acme.call("POST", f"{WEBHOOKS}/nothing/{deed}"), 404, "000120")
