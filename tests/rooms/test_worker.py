"""The worker: stops by a flag, goes on whatever fails, keeps one endpoint's trouble from the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cast import House, a_house, until
from outside import hostile
from outside.certificates import Authority
from outside.https import Endpoint, serving
from retour import ids, limits
from retour.channels import Outgoing, Receipt
from retour.errors import Busy
from retour.model import Fact, FeedbackStatus, Lane, Sandbox
from retour.stores import RoomName
from retour.worker import Worker
from rooms.steps import Script, deliveries, message_of, told_of
from stores.desk import Desk

SENT = Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps come soon."""
    monkeypatch.setattr(limits, "SWEEP_SECONDS", 0.05)


async def test_stopping_lets_what_is_in_work_end_and_takes_nothing_more(house: House) -> None:
    going, gate = asyncio.Event(), asyncio.Event()

    async def slow(outgoing: Outgoing, now: int) -> Receipt:
        going.set()
        await gate.wait()
        return SENT

    house.retour.channels["simulated"] = Script(answers={"slow@acme.example": slow}, otherwise=SENT)
    campaign = await house.campaign(await house.simulated())
    worker = Worker(house.retour)
    running = asyncio.ensure_future(worker.run())
    first = await message_of(house, (await house.execute(campaign, "slow@acme.example")).id)
    async with asyncio.timeout(5):
        await going.wait()
    await worker.stop()
    second = await message_of(house, (await house.execute(campaign, "late@acme.example")).id)
    gate.set()
    async with asyncio.timeout(5):
        await running
    assert await told_of(house, first) == ["sent"]
    assert await told_of(house, second) == []


async def test_a_claim_that_is_answered_after_the_stop_is_still_worked_on(house: House) -> None:
    """The rows are leased: to drop them would keep them from everybody until the lease ends."""
    house.retour.channels["simulated"] = Script(otherwise=SENT)
    configuration = await house.simulated()
    campaign = await house.campaign(configuration)
    message = await message_of(house, (await house.execute(campaign, "bob@acme.example")).id)
    claiming, gate = asyncio.Event(), asyncio.Event()
    store: Any = house.retour.store
    original = store.claim_messages

    async def slow_claim(lane: Lane, now: int, limit: int) -> Any:
        claiming.set()
        await gate.wait()
        return await original(lane, now, limit)

    store.claim_messages = slow_claim
    worker = Worker(house.retour)
    running = asyncio.ensure_future(worker.run())
    async with asyncio.timeout(5):
        await claiming.wait()
    await worker.stop()
    gate.set()
    async with asyncio.timeout(5):
        await running
    assert await told_of(house, message) == ["sent"]


@pytest.mark.usefixtures("quick")
async def test_the_worker_goes_on_when_store_or_room_fail(house: House, receiver: Endpoint) -> None:
    troubles = [Busy(begun=False), RuntimeError("a bug")]
    store: Any = house.retour.store
    claim, lanes = store.claim_deliveries, store.due_lanes

    async def sometimes_claim(sandbox: str, now: int, limit: int) -> Any:
        if troubles:
            raise troubles.pop()
        return await claim(sandbox, now, limit)

    async def sometimes_lanes(room: RoomName, now: int) -> Any:
        if troubles:
            raise Busy(begun=False)
        return await lanes(room, now)

    store.claim_deliveries, store.due_lanes = sometimes_claim, sometimes_lanes
    await house.webhook(receiver.url("/feedback"))
    async with house.working():
        for _ in range(2):
            await house.execute(await _campaign(house), "sent@example.com")
        await receiver.arrived(2)
    assert troubles == []


async def _campaign(house: House) -> Any:
    found = await house.retour.configurations.list(house.dev)
    return await house.campaign(found[0].id if found else await house.simulated())


@pytest.mark.usefixtures("quick")
async def test_a_lost_ring_costs_a_sweep_and_nothing_else(house: House, receiver: Endpoint) -> None:
    campaign = await house.campaign(await house.simulated())
    await house.webhook(receiver.url("/feedback"))
    bell: Any = house.retour.bell
    bell.ring = bell.ring_at = lambda *what: None
    house.retour.sending.slots._ring = house.retour.dispatch.slots._ring = lambda lane: None
    worker = Worker(house.retour)
    running = asyncio.ensure_future(worker.run())
    await house.execute(campaign, "delivered@example.com")
    await receiver.arrived(2)
    await worker.stop()
    async with asyncio.timeout(5):
        await running


async def test_a_clock_that_is_set_back_stops_no_sweep(
    house: House, receiver: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SWEEP_SECONDS", 0.05)
    await house.webhook(receiver.url("/feedback"))
    sweeps = 0
    store: Any = house.retour.store
    lanes = store.due_lanes

    async def counted(room: RoomName, now: int) -> Any:
        nonlocal sweeps
        sweeps += 1
        return await lanes(room, now)

    store.due_lanes = counted

    async def swept(more: int) -> None:
        before = sweeps
        await until(lambda: _is(sweeps > before + more))

    async with house.working():
        await swept(2)
        real = ids.now
        monkeypatch.setattr(ids, "now", lambda: real() - limits.DAY)
        await swept(4)


async def _is(what: bool) -> bool:
    return what


# --- bulkheads ---


@pytest.fixture
async def open_house(tmp_path: Path, authority: Authority) -> AsyncIterator[House]:
    """A house that may post to this machine from production sandboxes too."""
    async with a_house(tmp_path, authority.write(tmp_path), target_allow="127.0.0.1/32") as made:
        yield made


async def _owe(house: House, sandbox: Sandbox, number: int) -> None:
    """So many messages whose `sent` is owed."""

    async def opener(now: int) -> Any:
        raise AssertionError("nobody reopens this store")

    desk = Desk(house.retour.store, opener)
    desk.now = ids.now()
    await desk.campaign(sandbox.id)
    await asyncio.gather(*(desk.accept(f"order-{each}", sandbox.id) for each in range(number)))
    claimed = (await desk.messages(sandbox.id, limit=number)).messages
    await asyncio.gather(*(desk.settle(message, FeedbackStatus.SENT) for message in claimed))


@pytest.mark.slow
async def test_a_hanging_endpoint_holds_its_own_slots_and_nobody_elses(
    open_house: House, authority: Authority, receiver: Endpoint
) -> None:
    house = open_house
    async with serving(hostile.hang, tls=authority.server("127.0.0.1")) as hanging:
        await house.webhook(hanging.url("/feedback"), sandbox=house.dev, deadline_seconds=1)
        await house.webhook(receiver.url("/feedback"), sandbox=house.other)
        await _owe(house, house.dev, limits.DISPATCH_SLOTS + 24)
        await _owe(house, house.other, 60)
        async with house.working():
            await receiver.arrived(60)
            await hanging.arrived(limits.DISPATCH_SLOTS)
            assert len(hanging.requests) == limits.DISPATCH_SLOTS
    assert {row.state for row in await deliveries(house)} == {"due"}
