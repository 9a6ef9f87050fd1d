"""Deliveries on the pages: the list and its filter, one with its attempts, replay; executions and messages."""

from __future__ import annotations

import httpx

from cast import SECRET, until
from outside.certificates import Authority
from outside.https import Endpoint, replying, serving
from retour.model import DeliveryState
from retour.web.admin.views import deliveries
from web.admin.desk import DEV, Desk, Read
from web.admin.walk import furnish

LIST = f"{DEV}/deliveries"


async def test_a_delivery_shows_each_attempt_with_what_was_sent_and_answered(
    desk: Desk, ann: httpx.AsyncClient, authority: Authority
) -> None:
    answer = replying(201, b'{"ok": true, "word": "caf\xc3\xa9"}', (("X-Server", "mine"),))
    async with serving(answer, tls=authority.server("127.0.0.1")) as receiver:
        furnished = await furnish(desk, receiver)
    text = (await ann.get(furnished.path("/deliveries/{id}"))).text
    for word in ("Succeeded", "Your endpoint accepted it after 1 attempt.", "201", "X-Server", "café"):
        assert word in text, word
    for word in ("webhook-signature", "Bearer (hidden)", "X-Key", "messageDeliveryFeedback", "Ended"):
        assert word in text, word
    assert SECRET not in text
    assert "delivered@example.com" in text


async def test_the_filter_stands_in_the_address_and_says_when_nothing_matches(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    furnished = await furnish(desk, receiver)
    one = furnished.path("/deliveries/{id}")
    assert one in (await ann.get(f"{LIST}?status=accepted")).text
    for status in ("pending", "retrying", "parked", "exhausted", "cancelled"):
        answer = (await ann.get(f"{LIST}?status={status}")).text
        assert one not in answer
        assert "No deliveries match" in answer
        assert Read(answer).data["status"] == [status]
    assert (await ann.get(f"{LIST}?status=%3Cscript%3E")).status_code == 303


async def test_what_waits_for_a_paused_webhook_is_paused_and_not_pending(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    house = desk.house
    webhook = (await house.webhook(receiver.url("/x"))).webhook
    await house.retour.webhooks.pause(house.dev, webhook.id, "ann@acme.example")
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        await house.execute(campaign, "delivered@example.com")
        await desk.until_waiting(2)
    assert (await ann.get(f"{LIST}?status=parked")).text.count("Paused</span></a>") == 2
    assert "No deliveries match" in (await ann.get(f"{LIST}?status=pending")).text
    assert receiver.requests == []


async def test_pages_go_on_where_the_one_before_ended(desk: Desk, ann: httpx.AsyncClient) -> None:
    house = desk.house
    campaign = await house.campaign(await house.simulated())
    people = [f"delivered+{number}@example.com" for number in range(20)]
    async with house.working():
        await house.execute(campaign, *people)
        await house.execute(campaign, *people)
        await desk.until_waiting(80)
    seen: list[str] = []
    path = LIST
    while path:
        page = Read((await ann.get(path)).text)
        links = [value for tag, name, value in page.attributes if tag == "a" and name == "href"]
        seen += [link for link in links if link.startswith(LIST + "/")]
        path = next((link for link in links if "before=" in link), "")
    assert len(seen) == len(set(seen)) == 80
    assert deliveries.ROWS < 80


async def test_replay_owes_the_event_once_more_and_asks_first_when_it_was_delivered(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    house = desk.house
    furnished = await furnish(desk, receiver)
    path = furnished.path("/deliveries/{id}")
    assert "Replay a delivered event?" in (await ann.get(f"{path}/replay")).text
    before = len(receiver.requests)
    async with house.working():
        new = (await ann.post(f"{path}/replay")).headers["location"]
        assert new != path
        await receiver.arrived(before + 1)
        await until(lambda: _accepted(desk, new.rpartition("/")[2]))
    assert receiver.requests[-1].body == receiver.requests[before - 1].body
    assert "Replayed" in (await ann.get(new)).text
    assert "replay</span>" in (await ann.get(LIST)).text


async def _accepted(desk: Desk, delivery: str) -> bool:
    row = await desk.house.retour.shelves.delivery(desk.house.dev.id, delivery)
    return row is not None and row.state is DeliveryState.ACCEPTED


async def test_without_a_webhook_there_is_no_replay(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    house = desk.house
    furnished = await furnish(desk, receiver)
    await house.retour.webhooks.delete(house.dev, furnished.ids["feedback-webhooks"])
    path = furnished.path("/deliveries/{id}")
    assert "Replay" not in (await ann.get(path)).text
    answer = await ann.post(f"{path}/replay")
    assert answer.status_code == 409
    assert "no feedback webhook" in answer.text


async def test_from_a_delivery_to_its_message_and_its_execution(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    furnished = await furnish(desk, receiver)
    message, execution = furnished.path("/messages/{id}"), furnished.path("/executions/{id}")
    delivery = (await ann.get(furnished.path("/deliveries/{id}"))).text
    assert message in delivery
    assert execution in delivery
    assert "delivered@example.com" in (await ann.get(execution)).text
    text = (await ann.get(message)).text
    assert text.index(">sent<") < text.index(">delivered<", text.index(">sent<"))
