"""A webhook or a relay that fails again and again is probed by one row at a time, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from retour import limits
from retour.model import Delivery, FeedbackStatus, Message
from retour.stores.handovers import Relay, Written
from stores.desk import ACME, Desk

SENT, DELAY, ERROR = FeedbackStatus.SENT, FeedbackStatus.DELAY, FeedbackStatus.ERROR


async def fail(desk: Desk, delivery: Delivery, seconds: float = 5) -> None:
    """A failed try; the row is due again at once, the circuit may be probed after so long."""
    until = desk.now + round(seconds * limits.SECOND)
    await desk.post(delivery, 500, due_at=desk.now, open_until=until)


async def failing(desk: Desk, orders: int = 3) -> None:
    """A webhook whose circuit is open for five seconds, with some deliveries due."""
    await desk.webhook()
    for number in range(orders):
        await desk.told(f"order-{number}", SENT)
    for _ in range(limits.CIRCUIT_FAILURES):
        await fail(desk, (await desk.deliveries(limit=1)).deliveries[0])


async def test_the_circuit_opens_after_so_many_failures_in_a_row_and_not_before(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    since = desk.now
    for _ in range(limits.CIRCUIT_FAILURES - 1):
        await fail(desk, (await desk.deliveries()).deliveries[0])
        desk.wait(1)
    claim = await desk.deliveries()
    assert (len(claim.deliveries), claim.probe) == (1, False)
    await fail(desk, claim.deliveries[0])
    assert (await desk.deliveries()).deliveries == ()
    state = await desk.webhook_state()
    assert (state["failures"], state["failing_since"]) == (limits.CIRCUIT_FAILURES, since)


async def test_a_success_in_between_starts_the_count_again(desk: Desk) -> None:
    await desk.webhook()
    for number in range(2):
        await desk.told(f"order-{number}", SENT)
    for _ in range(limits.CIRCUIT_FAILURES - 1):
        await fail(desk, (await desk.deliveries(limit=1)).deliveries[0])
    await desk.post((await desk.deliveries(limit=1)).deliveries[0])
    await fail(desk, (await desk.deliveries(limit=1)).deliveries[0])
    assert (await desk.webhook_state())["failures"] == 1


async def test_an_open_circuit_is_probed_by_one_delivery_at_a_time(desk: Desk) -> None:
    await failing(desk)
    desk.wait(5)
    claim = await desk.deliveries()
    assert (len(claim.deliveries), claim.probe) == (1, True)
    assert (await desk.deliveries()).deliveries == ()
    await fail(desk, claim.deliveries[0], seconds=60)
    desk.wait(59)
    assert (await desk.deliveries()).deliveries == ()
    desk.wait(1)
    assert (await desk.deliveries()).probe


async def test_a_probe_that_was_lost_is_followed_by_another(desk: Desk) -> None:
    await failing(desk)
    desk.wait(5)
    await desk.deliveries()
    desk.wait(20)
    assert (await desk.deliveries()).probe


async def test_an_accepted_probe_closes_the_circuit_and_everything_goes_on(desk: Desk) -> None:
    await failing(desk)
    desk.wait(5)
    (probe,) = (await desk.deliveries()).deliveries
    await desk.post(probe)
    state = await desk.webhook_state()
    assert (state["failures"], state["failing_since"], state["open_until"]) == (0, None, None)
    assert state["last_accepted_at"] == desk.now
    claim = await desk.deliveries()
    assert (len(claim.deliveries), claim.probe) == (2, False)


async def test_an_endpoint_that_is_gone_is_paused_by_itself(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.post(delivery, 410, gone=True, attempts=0, due_at=desk.now)
    state = await desk.webhook_state()
    assert (state["paused_at"], state["paused_by"]) == (desk.now, "endpoint")
    assert await desk.names() == []
    await desk.change("webhook_resume", sandbox=ACME, id="hook")
    assert await desk.names() == ["order-1.1"]


async def test_an_edit_lets_an_open_circuit_be_probed_at_once(desk: Desk) -> None:
    await failing(desk)
    edit: dict[str, Any] = {
        "channels": 3,
        "events": 255,
        "format": "extended",
        "order_wait": 60,
        "deadline": 10,
    }
    place: dict[str, Any] = {
        "sandbox": ACME,
        "id": "hook",
        "version": 1,
        "doc": b"{}",
        "now": desk.now,
        "by": "ann",
    }
    assert await desk.change("webhook_update", **(place | edit)) == Written(changed=1)
    assert (await desk.deliveries()).probe


# --- the relay ---


async def health(desk: Desk) -> tuple[int, int | None, int | None]:
    row = (await desk.rows("configuration_get", sandbox=ACME, id="relay"))[0]
    return row[4], row[5], row[6]


async def waiting(desk: Desk, orders: int) -> None:
    """A relay that failed once, so that its circuit is open for a minute, and messages due after it."""
    for number in range(orders):
        await desk.accept(f"order-{number}")
    (first,) = (await desk.messages(limit=1)).messages
    await desk.relay_fails(first, delayed=True)


async def hold(desk: Desk, message: Message) -> None:
    """It is told `delay` and sleeps until it expires."""
    sleep = {"due_at": message.expires_at, "waits_for_relay": True, "delayed": True, "drop_content": False}
    await desk.settle(message, DELAY, attempts=message.attempts - 1, **sleep)


async def test_while_the_relay_fails_what_is_due_is_told_and_not_tried(desk: Desk) -> None:
    await waiting(desk, 3)
    claim = await desk.messages()
    assert (len(claim.messages), claim.stuck, claim.probe) == (2, True, False)
    assert await health(desk) == (1, desk.now, desk.now + limits.MINUTE)


async def test_what_was_told_is_not_told_again(desk: Desk) -> None:
    await waiting(desk, 2)
    (told,) = (await desk.messages()).messages
    await desk.settle(told, DELAY, due_at=desk.now, delayed=True, waits_for_relay=True, drop_content=False)
    assert (await desk.messages()).messages == ()


async def test_what_expires_while_the_relay_fails_is_taken_to_be_told(desk: Desk) -> None:
    await desk.accept("order-2", expires_at=desk.now + limits.SECOND)
    (first,) = (await desk.messages()).messages
    await desk.relay_fails(first, seconds=60, delayed=True, due_at=desk.now)
    desk.wait(1)
    claim = await desk.messages()
    assert (claim.stuck, [message.id for message in claim.messages]) == (True, ["order-2"])


async def test_a_failing_relay_is_probed_by_one_message_at_a_time(desk: Desk) -> None:
    await waiting(desk, 1)
    await desk.accept("later", due_at=desk.now + limits.MINUTE)
    desk.wait(60)
    claim = await desk.messages()
    assert (len(claim.messages), claim.probe) == (1, True)
    assert (await desk.messages()).stuck


async def test_messages_that_are_only_told_do_not_hold_the_probe_back(desk: Desk) -> None:
    await waiting(desk, 1)
    desk.wait(59)
    await desk.accept("new")
    assert (await desk.messages()).stuck
    desk.wait(1)
    claim = await desk.messages()
    assert (claim.probe, [message.id for message in claim.messages]) == (True, ["order-0"])


async def test_a_relay_that_works_again_wakes_everything_that_waited_for_it(desk: Desk) -> None:
    await waiting(desk, 3)
    for message in (await desk.messages()).messages:
        await hold(desk, message)
    desk.wait(60)
    (probe,) = (await desk.messages()).messages
    await desk.settle(probe, SENT, relay=Relay())
    assert await health(desk) == (0, None, None)
    assert {message.id for message in (await desk.messages()).messages} == {"order-1", "order-2"}


async def test_a_deferred_message_is_not_woken_by_the_relay(desk: Desk) -> None:
    await desk.accept("deferred")
    (deferred,) = (await desk.messages()).messages
    await desk.settle(deferred, DELAY, due_at=desk.now + limits.HOUR, delayed=True, drop_content=False)
    await waiting(desk, 1)
    desk.wait(60)
    (probe,) = (await desk.messages()).messages
    await desk.settle(probe, SENT, relay=Relay())
    assert (await desk.messages()).messages == ()


@pytest.mark.parametrize("relay_told", [True, False], ids=["it expired", "it was given up"])
async def test_when_the_probing_message_is_over_another_takes_its_turn(desk: Desk, relay_told: bool) -> None:
    await waiting(desk, 2)
    (sleeper,) = (await desk.messages()).messages
    await hold(desk, sleeper)
    desk.wait(60)
    (probe,) = (await desk.messages()).messages
    assert probe.id == "order-0"
    trouble = Relay(trouble="The relay refused the login.", open_until=desk.now + 30 * limits.SECOND)
    await desk.settle(probe, ERROR, relay=trouble if relay_told else None)
    desk.wait(30)
    claim = await desk.messages()
    assert (claim.probe, [message.id for message in claim.messages]) == (True, ["order-1"])


async def test_a_sleeper_that_was_woken_to_probe_is_not_told_again(desk: Desk) -> None:
    await waiting(desk, 4)
    for sleeper in (await desk.messages()).messages:
        await hold(desk, sleeper)
    desk.wait(60)
    (probe,) = (await desk.messages()).messages
    await desk.relay_fails(probe, seconds=30, delayed=True)
    desk.wait(30)

    assert (await desk.messages()).probe
    assert (await desk.messages()).messages == ()


@pytest.mark.parametrize("how", ["accepted", "edited"])
async def test_an_edited_or_working_relay_takes_all_that_is_due(desk: Desk, how: str) -> None:
    await waiting(desk, 3)
    if how == "edited":
        place: dict[str, Any] = {"sandbox": ACME, "id": "relay", "version": 1}
        values: dict[str, Any] = {"name": "relay", "doc": b"{}", "modified_at": desk.now}
        await desk.change("configuration_update", guard=True, **(place | values))
        wake: dict[str, Any] = {"sandbox": ACME, "configuration_id": "relay", "now": desk.now}
        await desk.change("messages_wake", **wake)
        expected = 3
    else:
        desk.wait(60)
        (probe,) = (await desk.messages()).messages
        await desk.settle(probe, SENT, relay=Relay())
        expected = 2
    claim = await desk.messages()
    assert (len(claim.messages), claim.stuck, claim.probe) == (expected, False, False)
