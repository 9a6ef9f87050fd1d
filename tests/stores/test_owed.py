"""An event is owed as the webhook is when the event is recorded; without one it is parked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from retour import limits
from retour.model import ChannelBits, ChannelKind, DeliveryState, FeedbackStatus, status_bits
from retour.stores.handovers import Changed, Clash, Step, Written
from stores.desk import ACME, OTHER, Desk

SENT, DELIVERED, DELAY = FeedbackStatus.SENT, FeedbackStatus.DELIVERED, FeedbackStatus.DELAY


async def adopt(desk: Desk, wanted: str = ",sent,delivered,", **columns: object) -> None:
    """A webhook is created for what is parked, as the catalog does it."""
    values = {
        "sandbox": ACME,
        "id": "new",
        "doc": b"{}",
        "channels": 3,
        "events": 255,
        "format": "ajo",
        "order_wait": 60,
        "deadline": 10,
        "now": desk.now,
        "by": "bob",
    }
    place = {"sandbox": ACME, "now": desk.now}
    steps = (
        Step(statement="webhook_insert", values=values | columns),
        Step(statement="deliveries_cancel_unwanted", values=place | {"wanted": wanted}),
        Step(statement="deliveries_adopt", values=place | {"webhook_id": "new", "format": "ajo"}),
    )
    assert isinstance(await desk.store.write(Changed(steps=steps)), Written)


async def recorded(desk: Desk) -> int:
    return len(await desk.rows("events_of_message", sandbox=ACME, message_id="order-1"))


async def test_a_campaign_without_webhooks_records_and_owes_nothing(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, wanted=False)
    assert await recorded(desk) == 1
    assert await desk.state_of("order-1.1") == "missing"


@pytest.mark.parametrize(
    "choice",
    [{"channels": int(ChannelBits.SMS)}, {"events": status_bits(DELIVERED)}],
    ids=["channel", "status"],
)
async def test_what_was_not_chosen_is_recorded_and_not_owed(desk: Desk, choice: dict[str, Any]) -> None:
    await desk.webhook(**choice)
    await desk.told("order-1", SENT)
    assert await recorded(desk) == 1
    assert await desk.state_of("order-1.1") == "missing"


@pytest.mark.parametrize("channel", ChannelKind)
async def test_a_chosen_channel_is_owed(desk: Desk, channel: ChannelKind) -> None:
    await desk.webhook(channels=int(ChannelBits.of(channel)))
    await desk.accept("order-1", channel=channel)
    (message,) = (await desk.messages()).messages
    assert await desk.settle(message, SENT) == Written(owed=1)


@pytest.mark.parametrize("status", FeedbackStatus)
async def test_each_status_can_be_chosen_alone(desk: Desk, status: FeedbackStatus) -> None:
    await desk.webhook(events=status_bits(status))
    await desk.told("order-1", *FeedbackStatus)
    (delivery,) = (await desk.deliveries()).deliveries
    (row,) = await desk.rows("delivery_get", sandbox=ACME, id=delivery.id)
    assert status in row


async def test_a_paused_webhook_is_owed_and_not_posted_to(desk: Desk) -> None:
    await desk.webhook()
    await desk.change("webhook_pause", sandbox=ACME, id="hook", now=desk.now, by="ann")
    await desk.told("order-1", SENT)
    assert await desk.names() == []
    await desk.change("webhook_resume", sandbox=ACME, id="hook")
    assert await desk.names() == ["order-1.1"]


async def test_pausing_does_not_touch_what_is_leased(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.change("webhook_pause", sandbox=ACME, id="hook", now=desk.now, by="ann")
    assert await desk.post(delivery) == Written()
    assert await desk.state_of("order-1.1") == DeliveryState.ACCEPTED


async def test_without_a_webhook_the_default_events_are_parked(desk: Desk) -> None:
    await desk.told("order-1", SENT, DELAY)
    assert await desk.state_of("order-1.1") == DeliveryState.DUE
    assert await desk.state_of("order-1.2") == "missing"
    assert await desk.names() == []


async def test_what_is_parked_may_be_adopted_by_a_new_webhook_as_far_as_it_wants_it(desk: Desk) -> None:
    await desk.told("order-1", SENT, DELIVERED)
    await adopt(desk, wanted=",delivered,")
    assert await desk.state_of("order-1.1") == DeliveryState.CANCELLED
    desk.wait(60)
    (delivery,) = (await desk.deliveries()).deliveries
    assert (delivery.id, delivery.webhook_id, delivery.format) == ("order-1.2", "new", "ajo")


async def test_what_is_parked_for_another_channel_is_cancelled_at_creation(desk: Desk) -> None:
    await desk.told("order-1", SENT)
    await adopt(desk, channels=int(ChannelBits.SMS))
    assert await desk.state_of("order-1.1") == DeliveryState.CANCELLED


async def test_a_new_webhook_that_wants_no_order_adopts_without_order(desk: Desk) -> None:
    await desk.told("order-1", SENT, DELIVERED)
    await adopt(desk, order_wait=0)
    desk.wait(60)
    assert await desk.names() == ["order-1.1", "order-1.2"]


async def test_what_is_parked_may_be_cancelled_by_a_new_webhook(desk: Desk) -> None:
    await desk.told("order-1", SENT)
    await desk.change("deliveries_cancel", sandbox=ACME, now=desk.now)
    await desk.webhook()
    assert await desk.names() == []
    await desk.told("order-2", SENT)
    assert await desk.names() == ["order-2.1"]


async def test_what_nobody_came_for_is_given_up_with_a_trace(desk: Desk) -> None:
    await desk.campaign(OTHER)
    await desk.webhook(OTHER)
    await desk.told("order-1", SENT)
    await desk.told("order-1", SENT, sandbox=OTHER)
    desk.wait(15 * 86_400)
    await desk.change("deliveries_expire", now=desk.now, before=desk.now - limits.PARKED_AGE)
    assert await desk.state_of("order-1.1") == DeliveryState.EXHAUSTED
    assert (await desk.rows("delivery_get", sandbox=ACME, id="order-1.1"))[0][16] == "no_webhook"
    assert await desk.state_of("order-1.1", OTHER) == DeliveryState.DUE


async def test_deleting_the_webhook_cancels_what_is_pending(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    await desk.delete_webhook()
    assert [await desk.state_of(f"order-1.{n}") for n in (1, 2)] == [DeliveryState.CANCELLED] * 2


async def test_what_is_leased_when_its_webhook_is_deleted_is_cancelled_at_its_settling(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.delete_webhook()
    assert await desk.state_of("order-1.1") == DeliveryState.DUE
    await desk.webhook(name="second")
    assert await desk.post(delivery, 500) == Written()
    row = (await desk.rows("delivery_get", sandbox=ACME, id="order-1.1"))[0]
    assert (row[9], row[13]) == (DeliveryState.CANCELLED, desk.now)
    assert len(await desk.rows("attempts_of", sandbox=ACME, delivery_id="order-1.1")) == 1


async def test_a_try_that_was_accepted_after_the_deletion_stays_accepted(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.delete_webhook()
    await desk.post(delivery)
    assert await desk.state_of("order-1.1") == DeliveryState.ACCEPTED


async def test_a_try_for_a_deleted_webhook_says_nothing_about_its_successor(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.delete_webhook()
    await desk.webhook(name="second")
    await desk.post(delivery, 500)
    assert (await desk.webhook_state())["failures"] == 0


async def test_of_fifty_webhooks_made_at_once_one_is_left(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.webhook(name=f"hook-{number}") for number in range(50)))
    assert answers.count(Written(changed=1)) == 1
    assert answers.count(Clash(what="webhook_insert")) == 49
    assert len(await desk.rows("webhook_of", sandbox=ACME)) == 1


async def test_a_lease_lost_in_a_crash_after_the_deletion_is_cancelled_at_the_start(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    await desk.deliveries()
    await desk.delete_webhook()
    await desk.reopen()
    assert await desk.state_of("order-1.1") == DeliveryState.CANCELLED
