"""Deliveries on the pages: the list and its filter, one with its attempts, replay; executions and messages."""

from __future__ import annotations

import httpx
import pytest

from cast import ANN, SECRET, until
from outside.certificates import Authority
from outside.https import Endpoint, replying, serving
from retour import ids, limits
from retour.model import Delivery, DeliveryState
from retour.stores.handovers import GivenUp
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
    for word in ("webhook-signature", "Bearer (hidden)", "X-Key", "messageDeliveryFeedback", "First byte"):
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
    await house.retour.webhooks.pause(house.dev, webhook.id, ANN)
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        await house.execute(campaign, "delivered@example.com")
        await desk.until_waiting(2)
    assert (await ann.get(f"{LIST}?status=parked")).text.count("Paused</span><span") == 2
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
    assert limits.LIST_ROWS < 80


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
    assert "/replay" not in (await ann.get(path)).text
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


async def _failed(desk: Desk, authority: Authority, count: int) -> None:
    """So many deliveries that were given up, and a webhook that works now."""
    house = desk.house
    async with serving(tls=authority.server("127.0.0.1")) as receiver:
        await house.webhook(receiver.url("/x"), events=["delivered"])
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        people = [f"delivered+{number}@example.com" for number in range(count)]
        await house.execute(campaign, *people)
        await until(lambda: _refused(desk, count))
    claim = await house.retour.store.claim_deliveries(house.dev.id, ids.now() + limits.DAY, count)
    for delivery in claim.deliveries:
        await house.retour.store.write(_given_up(delivery))


def _given_up(delivery: Delivery) -> GivenUp:
    return GivenUp(
        sandbox=delivery.sandbox,
        delivery_id=delivery.id,
        message_id=delivery.message_id,
        sequence=delivery.sequence,
        replay="",
        fence=delivery.fence,
        attempts=delivery.attempts,
        now=ids.now(),
        state=DeliveryState.EXHAUSTED,
        trouble="connect_failed",
    )


async def _refused(desk: Desk, count: int) -> bool:
    rows = await desk.house.retour.shelves.deliveries(desk.house.dev.id)
    return sum(row.last_trouble == "connect_failed" and not row.leased for row in rows) == count


async def test_all_that_failed_goes_out_again_once_by_one_press(
    desk: Desk, ann: httpx.AsyncClient, authority: Authority
) -> None:
    await _failed(desk, authority, 3)
    text = (await ann.get(f"{LIST}?status=exhausted")).text
    assert "Replay all 3 failed" in text
    assert "nothing listens on port" in text
    page = await ann.get(f"{LIST}/replays?status=exhausted")
    assert "Replay 3 failed?" in page.text
    assert f"up to {limits.DISPATCH_SLOTS} at a time" in page.text
    assert (await ann.post(f"{LIST}/replays?status=exhausted")).headers["location"] == LIST
    rows = await desk.house.retour.shelves.deliveries(desk.house.dev.id)
    assert sum(bool(row.replay) for row in rows) == 3
    assert "what failed goes out again" in (await ann.get(LIST)).text
    assert "Replay all" not in (await ann.get(f"{LIST}?status=exhausted")).text
    assert "Nothing to replay" in (await ann.get(f"{LIST}/replays?status=exhausted")).text
    await ann.post(f"{LIST}/replays?status=exhausted")
    assert len(await desk.house.retour.shelves.deliveries(desk.house.dev.id)) == 6


async def test_one_press_takes_no_more_than_the_limit(
    desk: Desk, ann: httpx.AsyncClient, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REPLAYS", 2)
    await _failed(desk, authority, 3)
    assert "Replay all 2+ failed" in (await ann.get(f"{LIST}?status=exhausted")).text
    assert "press again for the rest" in (await ann.get(f"{LIST}/replays")).text
    await ann.post(f"{LIST}/replays?status=exhausted")
    assert "Replay all 1 failed" in (await ann.get(f"{LIST}?status=exhausted")).text


async def test_vera_sees_everything_and_is_offered_no_replay(desk: Desk, authority: Authority) -> None:
    await _failed(desk, authority, 1)
    vera = await desk.browser("vera")
    listed = (await vera.get(f"{LIST}?status=exhausted")).text
    (row,) = await desk.house.retour.shelves.deliveries(desk.house.dev.id)
    one = (await vera.get(f"{LIST}/{row.id}")).text
    assert "Gave up after" in one
    for text in (listed, one):
        assert "/replay" not in text
    assert (await vera.post(f"{LIST}/replays")).status_code == 403


async def test_a_script_gets_the_part_and_everybody_else_the_page(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    furnished = await furnish(desk, receiver)
    part = {"hx-request": "true", "hx-request-type": "partial"}
    for path in (LIST, furnished.path("/deliveries/{id}")):
        page, piece = await ann.get(path), await ann.get(path, headers=part)
        assert "<!doctype html>" in page.text
        assert "<!doctype html>" not in piece.text
        assert page.headers["vary"] == piece.headers["vary"] == "HX-Request-Type"
        restored = part | {"hx-request-type": "full", "hx-history-restore-request": "true"}
        assert "<!doctype html>" in (await ann.get(path, headers=restored)).text
    listed = await ann.get(f"{LIST}?q=&status=accepted&period=", headers=part)
    assert listed.headers["hx-push-url"] == f"{LIST}?status=accepted"


async def test_the_list_says_whom_it_is_about_and_the_tiles_count(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    await furnish(desk, receiver)
    text = (await ann.get(LIST)).text
    assert "delivered@example.com" in text
    assert "Order status" in text
    for name, number in (("Succeeded, 24 h", "2"), ("Retrying now", "0"), ("Failed, 24 h", "0")):
        assert f"<dt>{name}</dt><dd>{number}</dd>" in text
    assert "100% of attempts" in text
    for word in ("delivered@example.com", "DELIVERED@example.com"):
        assert (await ann.get(f"{LIST}?q={word}")).text.count('class="row"') == 2
    assert "No deliveries match" in (await ann.get(f"{LIST}?q=somebody@example.com")).text
    assert (await ann.get(f"{LIST}?period=1h&answer=2xx&feedback=sent")).text.count('class="row"') == 1
