"""Per message in order, with a bounded wait; a replay is on its own."""

from __future__ import annotations

import pytest

from retour import limits
from retour.model import Delivery, FeedbackStatus
from retour.stores.handovers import Stale, Written
from stores.desk import ACME, Desk

SENT, DELIVERED, BOUNCE = FeedbackStatus.SENT, FeedbackStatus.DELIVERED, FeedbackStatus.BOUNCE


async def only(desk: Desk) -> Delivery:
    """The one delivery that may be taken now."""
    (delivery,) = (await desk.deliveries()).deliveries
    return delivery


async def replay(desk: Desk, original: str, name: str) -> None:
    """Owe an event once more."""
    values = {"sandbox": ACME, "id": name, "original": original, "now": desk.now}
    assert await desk.change("delivery_replay", guard=True, **values) == Written(changed=1)


async def test_the_second_event_waits_and_is_woken_when_the_first_is_accepted(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    first = await only(desk)
    assert first.sequence == 1
    assert await desk.names() == []
    assert await desk.post(first) == Written(owed=1)
    assert await desk.names() == ["order-1.2"]


async def test_giving_up_the_first_wakes_the_second(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    assert await desk.give_up(await only(desk)) == Written(owed=1)
    assert await desk.state_of("order-1.1") == "exhausted"
    assert await desk.names() == ["order-1.2"]


async def test_a_first_that_was_refused_keeps_the_second_waiting_for_a_minute_at_most(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, BOUNCE)
    await desk.post(await only(desk), 500, due_at=desk.now + limits.HOUR)
    desk.wait(59)
    assert await desk.names() == []
    desk.wait(1)
    assert await desk.names() == ["order-1.2"]


async def test_the_wait_is_as_long_as_the_webhook_says(desk: Desk) -> None:
    await desk.webhook(order_wait=5)
    await desk.told("order-1", SENT, BOUNCE)
    await desk.post(await only(desk), 500, due_at=desk.now + limits.HOUR)
    desk.wait(5)
    assert await desk.names() == ["order-1.2"]


async def test_no_order_wanted_means_none_kept(desk: Desk) -> None:
    await desk.webhook(order_wait=0)
    await desk.told("order-1", SENT, DELIVERED)
    assert await desk.names() == ["order-1.1", "order-1.2"]


async def test_a_first_that_was_never_tried_gates_the_second_beyond_its_wait(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    desk.wait(3600)
    first = await only(desk)
    assert first.sequence == 1
    assert await desk.names() == []
    assert await desk.post(first) == Written(owed=1)
    assert await desk.names() == ["order-1.2"]


async def test_a_failed_probe_leaves_the_first_before_the_second(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    desk.wait(3600)
    await desk.post(await only(desk), 500, attempts=0, due_at=desk.now)
    assert (await only(desk)).sequence == 1


async def test_three_events_are_taken_one_after_the_other(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED, BOUNCE)
    for sequence in (1, 2, 3):
        delivery = await only(desk)
        assert delivery.sequence == sequence
        await desk.post(delivery)


async def test_an_event_recorded_after_its_predecessor_was_accepted_is_due_at_once(desk: Desk) -> None:
    await desk.webhook()
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    await desk.settle(message, SENT, due_at=desk.now)
    await desk.post(await only(desk))
    (message,) = (await desk.messages()).messages
    assert await desk.settle(message, DELIVERED) == Written(owed=1)
    assert await desk.names() == ["order-1.2"]


async def test_other_messages_are_not_kept_waiting(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    await desk.told("order-2", SENT, DELIVERED)
    assert await desk.names() == ["order-1.1", "order-2.1"]


async def test_a_second_in_its_own_pause_is_not_woken_early(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    first = await only(desk)
    await desk.post(first, 500, due_at=desk.now + 100 * limits.SECOND)
    desk.wait(60)
    await desk.post(await only(desk), 500, due_at=desk.now + limits.HOUR)
    desk.wait(40)
    assert await desk.post(await only(desk)) == Written()
    assert await desk.names() == []


async def test_a_replay_neither_waits_nor_lets_originals_wait(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    await desk.post(await only(desk))
    await replay(desk, "order-1.1", "replay-1")
    taken = await only(desk)
    assert (taken.id, taken.sequence, taken.replay, taken.body) == (
        "replay-1",
        1,
        "replay-1",
        b"body of order-1.1",
    )
    await desk.told("order-2", SENT, DELIVERED)
    await replay(desk, "order-2.2", "replay-2")
    assert await desk.names() == ["order-2.1", "replay-2"]


async def test_an_event_does_not_wait_for_the_replay_of_its_predecessor(desk: Desk) -> None:
    await desk.webhook()
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    await desk.settle(message, SENT, due_at=desk.now)
    await desk.post(await only(desk))
    await replay(desk, "order-1.1", "replay-1")
    (message,) = (await desk.messages()).messages
    await desk.settle(message, DELIVERED)
    assert await desk.names() == ["order-1.2", "replay-1"]


async def test_a_replay_that_is_accepted_wakes_no_original(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    await replay(desk, "order-1.1", "replay-1")
    claimed = {each.id: each for each in (await desk.deliveries()).deliveries}
    assert set(claimed) == {"order-1.1", "replay-1"}
    assert await desk.post(claimed["replay-1"]) == Written()
    assert await desk.names() == []


@pytest.mark.parametrize("original", ["order-1.1", "of nobody"])
async def test_a_replay_without_a_webhook_is_refused(desk: Desk, original: str) -> None:
    await desk.told("order-1", SENT)
    values = {"sandbox": ACME, "id": "replay-1", "original": original, "now": desk.now}
    assert await desk.change("delivery_replay", guard=True, **values) == Stale()
