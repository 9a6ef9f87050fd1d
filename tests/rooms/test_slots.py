"""Slots: a lane holds its own places and no more, and nobody is forgotten when the room is full."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import pytest

from retour import due, ids, limits
from retour.due import Slots, insist
from retour.errors import Busy
from retour.model import Lane

ACME, OTHER = Lane("acme"), Lane("other")


class Work:
    """Rows that are in work until let go."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.done = 0

    async def row(self) -> None:
        """One of them."""
        await self.gate.wait()
        self.done += 1

    def rows(self, number: int) -> list[Coroutine[None, None, None]]:
        """Some."""
        return [self.row() for _ in range(number)]


def slots() -> tuple[Slots, list[Lane]]:
    rung: list[Lane] = []
    return Slots("test", rung.append), rung


async def test_a_lane_gets_its_places_and_no_more() -> None:
    made, _ = slots()
    work = Work()
    assert made.take(ACME, 4) == 4
    made.fill(ACME, 4, work.rows(4), more=True)
    assert made.take(ACME, 4) == 0
    assert made.take(OTHER, 4) == 4
    made.fill(OTHER, 4, [], more=False)
    work.gate.set()
    await made.finish(5)
    assert work.done == 4
    assert made.take(ACME, 4) == 4


async def test_places_are_taken_before_the_claim_is_answered() -> None:
    made, _ = slots()
    assert made.take(ACME, 4) == 4
    assert made.take(ACME, 4) == 0
    made.fill(ACME, 4, [], more=False)
    assert made.take(ACME, 4) == 4


async def test_places_that_were_not_needed_are_given_back() -> None:
    made, _ = slots()
    work = Work()
    made.fill(ACME, made.take(ACME, 4), work.rows(1), more=False)
    assert made.take(ACME, 4) == 3
    work.gate.set()
    await made.finish(5)


@pytest.mark.parametrize(("more", "rung_lanes"), [(True, [ACME]), (False, [])])
async def test_a_lane_is_rung_for_a_free_place_when_it_had_more(more: bool, rung_lanes: list[Lane]) -> None:
    made, rung = slots()
    made.fill(ACME, made.take(ACME, 1), [asyncio.sleep(0)], more=more)
    await made.finish(5)
    await asyncio.sleep(0)
    assert rung == rung_lanes


async def test_a_lane_that_was_refused_because_its_places_were_taken_is_rung_later() -> None:
    made, rung = slots()
    work = Work()
    made.fill(ACME, made.take(ACME, 1), work.rows(1), more=False)
    assert made.take(ACME, 1) == 0
    work.gate.set()
    await made.finish(5)
    await asyncio.sleep(0)
    assert rung == [ACME]


async def test_a_lane_that_found_the_room_full_is_rung_when_anybody_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "IN_FLIGHT", 3)
    made, rung = slots()
    work = Work()
    assert made.take(ACME, 16) == 3
    made.fill(ACME, 3, work.rows(3), more=False)
    assert made.take(OTHER, 16) == 0
    work.gate.set()
    await made.finish(5)
    await asyncio.sleep(0)
    assert rung == [OTHER]


async def test_a_bug_in_one_row_frees_its_place_and_harms_no_other() -> None:
    async def bug() -> None:
        raise RuntimeError("a bug")

    made, _ = slots()
    work = Work()
    work.gate.set()
    made.fill(ACME, made.take(ACME, 4), [bug(), work.row()], more=False)
    await made.finish(5)
    await asyncio.sleep(0)
    assert work.done == 1
    assert made.take(ACME, 4) == 4


async def test_finishing_waits_no_longer_than_told_and_cancels_nobody() -> None:
    made, _ = slots()
    work = Work()
    made.fill(ACME, made.take(ACME, 1), work.rows(1), more=False)
    await made.finish(0.01)
    assert work.done == 0
    work.gate.set()
    await made.finish(5)
    assert work.done == 1


# --- handing over to a store that is busy ---


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two writes."""
    monkeypatch.setattr(due, "PAUSE_SECONDS", 0.0)


@pytest.mark.usefixtures("soon")
async def test_an_outcome_is_handed_over_again_until_the_store_takes_it() -> None:
    answers = [Busy(begun=True), Busy(begun=False), "written"]

    async def write() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Busy):
            raise answer
        return str(answer)

    assert await insist(write, ids.now() + limits.MINUTE) == "written"


@pytest.mark.usefixtures("soon")
async def test_after_the_lease_nobody_insists() -> None:
    tries: list[int] = []

    async def write() -> None:
        tries.append(1)
        raise Busy(begun=False)

    with pytest.raises(Busy):
        await insist(write, ids.now())
    assert len(tries) == 1
