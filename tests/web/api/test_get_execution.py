"""GET /ajo/im/executions/{executionId}: what became of each recipient."""

from __future__ import annotations

from cast import House, until
from web.api.callers import EXECUTIONS, UNITARY, WEBHOOKS, Api, execution, refusal, webhook


async def test_recipients_come_in_the_request_s_order_with_their_events(
    house: House, acme: Api, campaign_id: str
) -> None:
    addresses = ["bounce@example.com", "delivered@example.com", "another@example.com"]
    made = await acme.post(UNITARY, execution(campaign_id, *addresses, request_id="r-1"), status=202)
    place = f"{EXECUTIONS}/{made['executionId']}"
    queued = await acme.get(place)
    assert {person["status"] for person in queued["recipients"]} == {"queued"}

    async def told() -> bool:
        found = await acme.get(place)
        return all(person["status"] in ("delivered", "bounced") for person in found["recipients"])

    async with house.working():
        await until(told)
    found = await acme.get(place)
    assert set(found) == {
        "executionId",
        "requestId",
        "campaignId",
        "campaignVersionId",
        "createdAt",
        "createdBy",
        "recipients",
    }
    assert (found["requestId"], found["campaignId"]) == ("r-1", campaign_id)
    assert [person["userId"] for person in found["recipients"]] == addresses
    for person in found["recipients"]:
        assert set(person) == {"userId", "messageId", "status", "events"}
        sequences = [event["sequence"] for event in person["events"]]
        assert sequences == list(range(1, len(sequences) + 1))
        assert sequences
    last = found["recipients"][1]["events"][-1]
    assert (last["status"], last["body"]["requestId"]) == ("delivered", "r-1")


async def test_an_execution_without_a_webhook_tells_its_events_all_the_same(
    house: House, acme: Api, campaign_id: str
) -> None:
    made = await acme.post(WEBHOOKS, webhook())
    assert (await acme.call("DELETE", f"{WEBHOOKS}/{made['id']}")).status_code == 204
    answer = await acme.post(UNITARY, execution(campaign_id, "delivered@example.com"), status=202)

    async def told() -> bool:
        found = await acme.get(f"{EXECUTIONS}/{answer['executionId']}")
        return len(found["recipients"][0]["events"]) == 2

    async with house.working():
        await until(told)


async def test_what_is_not_there_is_404(acme: Api) -> None:
    for word in ("HUMA-1", "x", "%00", "%F0%9F%92%A9", "a" * 3_000):
        refusal(await acme.call("GET", f"{EXECUTIONS}/{word}"), 404, "000120")
