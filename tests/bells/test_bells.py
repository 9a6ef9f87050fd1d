"""The bell says "look now"; it may be rung often, early and by anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from retour.bells import Bell
from retour.bells.local import HORIZON, LocalBell
from retour.model import Lane

ACME, OTHER = Lane("acme"), Lane("other")
ROOM, ANOTHER = "sending", "dispatch"
PLUGS: dict[str, Callable[[], Bell]] = {"local": LocalBell}


@pytest.fixture(params=PLUGS)
def bell(request: pytest.FixtureRequest) -> Bell:
    """A bell of each kind."""
    return PLUGS[request.param]()


async def test_who_waits_hears_which_lanes_were_rung(bell: Bell) -> None:
    waiting = asyncio.ensure_future(bell.wait(ROOM, 5))
    await asyncio.sleep(0)
    bell.ring(ROOM, ACME)
    bell.ring(ROOM, OTHER)
    assert await waiting == {ACME, OTHER}


async def test_a_ring_before_the_wait_is_heard_once(bell: Bell) -> None:
    bell.ring(ROOM, ACME)
    bell.ring(ROOM, ACME)
    assert await bell.wait(ROOM, 5) == {ACME}
    assert await bell.wait(ROOM, 0.01) == frozenset()
    bell.ring(ROOM, OTHER)
    assert await bell.wait(ROOM, 5) == {OTHER}


async def test_a_room_does_not_hear_the_bell_of_another(bell: Bell) -> None:
    bell.ring(ANOTHER, ACME)
    assert await bell.wait(ROOM, 0.01) == frozenset()
    assert await bell.wait(ANOTHER, 5) == {ACME}


async def test_a_ring_for_later_comes_at_its_time(bell: Bell) -> None:
    bell.ring_at(ROOM, ACME, due_at=50_000, now=0)
    assert await bell.wait(ROOM, 0) == frozenset()
    assert await bell.wait(ROOM, 5) == {ACME}


async def test_the_earliest_of_several_times_counts(bell: Bell) -> None:
    bell.ring_at(ROOM, ACME, due_at=30_000_000, now=0)
    bell.ring_at(ROOM, ACME, due_at=20_000, now=0)
    bell.ring_at(ROOM, ACME, due_at=40_000_000, now=0)
    assert await bell.wait(ROOM, 5) == {ACME}


async def test_a_time_that_is_past_rings_now(bell: Bell) -> None:
    bell.ring_at(ROOM, ACME, due_at=0, now=1_000_000)
    assert await bell.wait(ROOM, 5) == {ACME}


async def test_each_lane_has_a_time_of_its_own(bell: Bell) -> None:
    bell.ring_at(ROOM, ACME, due_at=10_000, now=0)
    bell.ring_at(ROOM, OTHER, due_at=20_000, now=0)
    heard: set[Lane] = set()
    async with asyncio.timeout(5):
        while heard != {ACME, OTHER}:
            heard |= await bell.wait(ROOM, 5)


async def test_what_is_far_away_keeps_no_timer() -> None:
    bell = LocalBell()
    for number in range(1_000):
        bell.ring_at(ROOM, Lane(f"sandbox-{number}"), due_at=HORIZON + 1, now=0)
    assert bell._alarms == {}
