"""A lease is held by one; who lost it can't settle; a try counts when it is taken."""

from __future__ import annotations

import asyncio

from retour import limits
from retour.model import DeliveryState, FeedbackStatus
from retour.stores.handovers import Stale, Written
from stores.desk import ACME, BOBS, OTHER, Desk

SENT, DELIVERED = FeedbackStatus.SENT, FeedbackStatus.DELIVERED


async def test_two_claims_of_messages_never_share_a_row(desk: Desk) -> None:
    for number in range(10):
        await desk.accept(f"order-{number}")
    claims = await asyncio.gather(*(desk.messages(limit=4) for _ in range(5)))
    ids = [message.id for claim in claims for message in claim.messages]
    assert sorted(ids) == [f"order-{number}" for number in range(10)]


async def test_two_claims_of_deliveries_never_share_a_row(desk: Desk) -> None:
    await desk.webhook()
    for number in range(10):
        await desk.told(f"order-{number}", SENT)
    claims = await asyncio.gather(*(desk.deliveries(limit=4) for _ in range(5)))
    ids = [delivery.id for claim in claims for delivery in claim.deliveries]
    assert sorted(ids) == [f"order-{number}.1" for number in range(10)]


async def test_what_is_not_due_yet_is_not_taken(desk: Desk) -> None:
    await desk.accept("order-1", due_at=desk.now + limits.SECOND)
    assert (await desk.messages()).messages == ()
    desk.wait(1)
    assert len((await desk.messages()).messages) == 1


async def test_the_oldest_is_taken_first(desk: Desk) -> None:
    await desk.accept("late", due_at=desk.now)
    await desk.accept("early", due_at=desk.now - limits.SECOND)
    assert [message.id for message in (await desk.messages(limit=1)).messages] == ["early"]


async def test_an_expired_lease_is_taken_again_and_its_first_holder_cannot_settle(desk: Desk) -> None:
    await desk.accept("order-1")
    (first,) = (await desk.messages()).messages
    desk.wait(limits.SENDING_LEASE / limits.SECOND - 1)
    assert (await desk.messages()).messages == ()
    desk.wait(1)
    (second,) = (await desk.messages()).messages
    assert second.fence > first.fence
    assert await desk.settle(first, SENT) == Stale()
    assert await desk.settle(second, SENT) == Written(owed=1)


async def test_the_lease_of_a_delivery_is_the_webhooks_deadline_and_ten_seconds(desk: Desk) -> None:
    await desk.webhook(deadline=30)
    await desk.told("order-1", SENT)
    (first,) = (await desk.deliveries()).deliveries
    assert first.due_at == desk.now + 40 * limits.SECOND
    desk.wait(39)
    assert await desk.names() == []
    desk.wait(1)
    (second,) = (await desk.deliveries()).deliveries
    assert second.fence > first.fence
    assert await desk.post(first) == Stale()
    assert await desk.post(second) == Written()


async def test_a_settled_row_cannot_be_settled_again(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.post(delivery)
    assert await desk.post(delivery, 500) == Stale()
    assert len(await desk.rows("attempts_of", sandbox=ACME, delivery_id=delivery.id)) == 1


async def test_a_try_counts_when_it_is_taken_and_so_does_each_claim_without_an_outcome(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    for number in (1, 2, 3):
        (delivery,) = (await desk.deliveries()).deliveries
        assert (delivery.attempts, delivery.taken) == (number, number)
        desk.wait(20)


async def test_an_outcome_ends_the_count_of_claims_and_says_which_tries_count(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (first,) = (await desk.deliveries()).deliveries
    await desk.post(first, 500, attempts=0)
    desk.wait(5)
    (second,) = (await desk.deliveries()).deliveries
    assert (second.attempts, second.taken, second.fence) == (1, 1, 2)
    assert second.first_attempt_at == first.first_attempt_at


async def test_leases_of_the_process_before_are_freed_at_the_start(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    await desk.accept("order-2")
    (message,) = (await desk.messages()).messages
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.reopen()
    assert await desk.settle(message, SENT) == Stale()
    assert await desk.post(delivery) == Stale()
    (again,) = (await desk.messages()).messages
    assert (again.taken, again.attempts) == (2, 2)
    assert await desk.names() == ["order-1.1"]


async def test_what_waited_is_not_made_due_by_the_start(desk: Desk) -> None:
    await desk.accept("order-1", due_at=desk.now + limits.MINUTE)
    await desk.reopen()
    assert (await desk.messages()).messages == ()


async def test_a_claim_sees_its_own_sandbox_only(desk: Desk) -> None:
    for sandbox in (BOBS, OTHER):
        await desk.campaign(sandbox)
    for sandbox in (ACME, BOBS, OTHER):
        await desk.webhook(sandbox)
        await desk.accept("order-1", sandbox)
    for sandbox in (ACME, BOBS, OTHER):
        (message,) = (await desk.messages(sandbox)).messages
        assert message.sandbox == sandbox
        await desk.settle(message, SENT)
    (delivery,) = (await desk.deliveries(OTHER)).deliveries
    assert (delivery.sandbox, delivery.body) == (OTHER, b"body of order-1.1")
    assert await desk.names(OTHER) == []
    assert await desk.names(ACME) == await desk.names(BOBS) == ["order-1.1"]


async def test_settling_in_one_sandbox_changes_nothing_in_another(desk: Desk) -> None:
    await desk.campaign(OTHER)
    for sandbox in (ACME, OTHER):
        await desk.webhook(sandbox)
        await desk.told("order-1", SENT, DELIVERED, sandbox=sandbox)
    (mine,) = (await desk.deliveries()).deliveries
    (theirs,) = (await desk.deliveries(OTHER)).deliveries
    assert await desk.post(mine) == Written(owed=1)
    assert await desk.names(OTHER) == []
    assert await desk.state_of(theirs.id, OTHER) == DeliveryState.DUE
    await desk.delete_webhook()
    assert await desk.state_of("order-1.2", OTHER) == DeliveryState.DUE


async def test_another_configuration_of_the_same_sandbox_is_another_lane(desk: Desk) -> None:
    await desk.accept("order-1", configuration="second relay")
    assert (await desk.messages()).messages == ()
    assert len((await desk.messages(name="second relay")).messages) == 1
