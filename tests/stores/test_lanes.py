"""The sweep finds every lane that has something to take, and no other."""

from __future__ import annotations

import pytest

from retour import limits
from retour.model import FeedbackStatus, Lane
from retour.stores import RoomName
from stores.desk import ACME, BOBS, OTHER, Desk

SENT = FeedbackStatus.SENT


async def lanes(desk: Desk, room: RoomName) -> list[Lane]:
    return sorted(await desk.store.due_lanes(room, desk.now))


async def test_an_empty_store_has_no_lanes(desk: Desk) -> None:
    assert [await lanes(desk, room) for room in RoomName] == [[], [], []]


async def test_every_configuration_with_due_messages_is_a_lane_and_no_other(desk: Desk) -> None:
    for sandbox in (OTHER, BOBS):
        await desk.campaign(sandbox)
    for sandbox, configuration in ((ACME, "b"), (ACME, "a"), (ACME, "a"), (BOBS, "z"), (OTHER, "a")):
        await desk.accept(f"order-{desk.now}", sandbox, configuration=configuration)
        desk.wait(1)
    await desk.accept("later", configuration="c", due_at=desk.now + limits.HOUR)
    assert await lanes(desk, RoomName.SENDING) == [
        Lane(BOBS, "z"),
        Lane(ACME, "a"),
        Lane(ACME, "b"),
        Lane(OTHER, "a"),
    ]


async def test_a_lane_whose_messages_are_all_taken_is_none_until_the_lease_ends(desk: Desk) -> None:
    await desk.accept("order-1")
    await desk.messages()
    assert await lanes(desk, RoomName.SENDING) == []
    desk.wait(limits.SENDING_LEASE / limits.SECOND)
    assert await lanes(desk, RoomName.SENDING) == [Lane(ACME, "relay")]


async def test_every_sandbox_with_due_deliveries_is_a_lane_and_no_other(desk: Desk) -> None:
    for sandbox in (ACME, BOBS, OTHER):
        await desk.webhook(sandbox)
        if sandbox != ACME:
            await desk.campaign(sandbox)
        await desk.told("order-1", SENT, sandbox=sandbox)
    await desk.post((await desk.deliveries(BOBS)).deliveries[0])
    assert await lanes(desk, RoomName.DISPATCH) == [Lane(ACME), Lane(OTHER)]


@pytest.mark.parametrize("why", ["missing", "paused", "failing"])
async def test_a_parked_sandbox_is_no_lane(desk: Desk, why: str) -> None:
    if why != "missing":
        await desk.webhook()
    await desk.told("order-1", SENT)
    if why == "paused":
        await desk.change("webhook_pause", sandbox=ACME, id="hook", now=desk.now, by="ann")
    if why == "failing":
        for _ in range(limits.CIRCUIT_FAILURES):
            (delivery,) = (await desk.deliveries()).deliveries
            await desk.post(delivery, 500, due_at=desk.now)
    assert await lanes(desk, RoomName.DISPATCH) == []
    if why == "failing":
        desk.wait(5)
        assert await lanes(desk, RoomName.DISPATCH) == [Lane(ACME)]


async def test_a_great_many_lanes_are_all_found(desk: Desk) -> None:
    names = [f"configuration-{number:03}" for number in range(200)]
    for name in names:
        await desk.accept(name, configuration=name)
    assert await lanes(desk, RoomName.SENDING) == [Lane(ACME, name) for name in names]
