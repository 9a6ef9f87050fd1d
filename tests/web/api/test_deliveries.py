"""GET /ajo/feedback/deliveries[/{id}]: what was owed to the webhook, and every attempt."""

from __future__ import annotations

from typing import Any

from cast import House, until
from outside.https import Endpoint, replying, serving
from web.api.callers import DELIVERIES, WEBHOOKS, Api, refusal, webhook

ROW = {
    "id", "eventId", "messageId", "requestId", "feedbackStatus", "status", "attempts", "nextAttemptAt", "replay",
    "lastStatusCode", "lastTrouble", "createdAt", "settledAt",
}  # fmt: skip


async def sent(house: House, acme: Api, campaign_id: str, *addresses: str, status: str = "accepted") -> None:
    """Executed, and told to the webhook until every delivery has this status."""
    campaign = await house.retour.campaigns.get(house.dev, campaign_id)
    await house.execute(campaign, *addresses, request_id="r-1")

    async def told() -> bool:
        listed = (await acme.get(f"{DELIVERIES}?status={status}"))["data"]
        return len(listed) == 2 * len(addresses)

    async with house.working():
        await until(told)


async def test_the_newest_come_first_with_what_the_contract_names(
    house: House, acme: Api, campaign_id: str, receiver: Endpoint
) -> None:
    await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    await sent(house, acme, campaign_id, "delivered@example.com")
    listed = (await acme.get(DELIVERIES))["data"]
    assert [set(found) for found in listed] == [ROW, ROW]
    assert [found["feedbackStatus"] for found in listed] == ["delivered", "sent"]
    for found in listed:
        assert (found["requestId"], found["attempts"], found["lastStatusCode"]) == ("r-1", 1, 200)
        assert (found["nextAttemptAt"], found["replay"]) == (None, False)
    one = await acme.get(f"{DELIVERIES}/{listed[0]['id']}")
    assert set(one) == ROW | {"body", "attemptLog"}
    assert one["body"]["messageDeliveryFeedback"]["feedbackStatus"]["value"] == "delivered"
    assert [(attempt["number"], attempt["accepted"]) for attempt in one["attemptLog"]] == [(1, True)]


async def test_pages_follow_one_another_without_a_gap(
    house: House, acme: Api, campaign_id: str, receiver: Endpoint
) -> None:
    await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    await sent(house, acme, campaign_id, *(f"delivered+{number}@example.com" for number in range(4)))
    every = [found["id"] for found in (await acme.get(DELIVERIES))["data"]]
    assert len(every) == 8
    seen: list[str] = []
    after = ""
    for _ in range(4):
        page: dict[str, Any] = await acme.get(f"{DELIVERIES}?limit=3&after={after}")
        seen += [found["id"] for found in page["data"]]
        after = page["_page"]["next"]
        if after is None:
            break
    assert seen == every
    assert (await acme.get(f"{DELIVERIES}?after={every[-1]}"))["data"] == []


async def test_a_refused_delivery_is_retrying_and_can_be_asked_for(
    house: House, acme: Api, campaign_id: str
) -> None:
    async with serving(replying(500, b"no")) as endpoint:
        await acme.post(WEBHOOKS, webhook(url=endpoint.url("/x"), orderWaitSeconds=0))
        await sent(house, acme, campaign_id, "delivered@example.com", status="retrying")
    (found, _) = (await acme.get(f"{DELIVERIES}?status=retrying"))["data"]
    assert (found["attempts"], found["lastStatusCode"], found["settledAt"]) == (1, 500, None)
    assert found["nextAttemptAt"] is not None
    for other in ("pending", "parked", "accepted", "exhausted", "cancelled"):
        assert (await acme.get(f"{DELIVERIES}?status={other}"))["data"] == []


async def test_a_wrong_query_is_told_with_its_name(acme: Api) -> None:
    for query, path in (
        ("status=due", "status"),
        ("status=x", "status"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=%C2%B2", "limit"),
        ("limit=1e3", "limit"),
        (f"limit={'9' * 5_000}", "limit"),
    ):
        assert path in refusal(await acme.call("GET", f"{DELIVERIES}?{query}"), 400, "000111"), query


async def test_a_strange_place_to_go_on_is_an_empty_page_or_the_first(acme: Api) -> None:
    for after in ("", "%00", "%FF", "'%20OR%201=1--", "~", "x" * 5_000):
        assert (await acme.get(f"{DELIVERIES}?after={after}"))["data"] == []


async def test_what_is_not_there_is_404(acme: Api) -> None:
    refusal(await acme.call("GET", f"{DELIVERIES}/nothing"), 404, "000120")
