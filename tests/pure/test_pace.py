"""How fast messages leave: so many a second, hardly more together than one by one, and pauses."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from retour.limits import SECOND
from retour.rates import Pace, Turn

START = 1_800_000_000 * SECOND


def departures(per_second: float, seconds: int, places: int = 8, late: int = 0) -> list[int]:
    """When messages leave of a lane that always has more, looked at when it is rung and up to `late` after that."""
    pace, now, chance = Pace(), START, random.Random(7)
    left: list[int] = []
    while now < START + seconds * SECOND:
        turn = pace.take("lane", per_second, places, now)
        left += [now] * turn.number
        now = max(turn.next_at, now + 1) + round(chance.random() * late)
    return left


def in_any(left: list[int], seconds: float) -> list[int]:
    """How many left in that long, from each departure on."""
    width = round(seconds * SECOND)
    return [sum(at <= one < at + width for one in left) for at in left if at + width <= left[-1]]


@pytest.mark.parametrize("late", [0, SECOND // 50])
def test_fifty_a_second_are_kept_within_five_percent_in_any_ten_seconds(late: int) -> None:
    counts = in_any(departures(50, 30, late=late), 10)
    assert counts
    assert 475 <= min(counts) <= max(counts) <= 525


@pytest.mark.parametrize("per_second", [1.0, 5.0, 10.0, 50.0, 200.0])
def test_no_second_has_more_than_a_tenth_over(per_second: float) -> None:
    assert max(in_any(departures(per_second, 10, places=64), 1)) <= per_second + max(1, per_second / 10)


def test_less_than_one_a_second_is_as_many_seconds_apart() -> None:
    left = departures(0.2, 60)
    assert {later - earlier for earlier, later in pairwise(left)} == {5 * SECOND}


@pytest.mark.parametrize("per_second", [0.3, 3.0, 7.0, 333.0])
@pytest.mark.parametrize(("late", "number"), [(0, 1), (-2, 0)])
def test_who_comes_when_told_may_start_and_not_before(per_second: float, late: int, number: int) -> None:
    pace = Pace()
    pace.take("lane", per_second, 1_000, START)
    turn = pace.take("lane", per_second, 1, START)
    assert turn.number == 0
    assert pace.take("lane", per_second, 1, turn.next_at + late).number == number


def test_what_did_not_start_is_given_back_and_no_more_than_a_tenth_of_a_second_is_saved() -> None:
    pace = Pace()
    assert pace.take("lane", 50, 8, START).number == 5
    pace.give_back("lane", 3)
    assert pace.take("lane", 50, 8, START).number == 3
    pace.give_back("lane", 3)
    pace.give_back("lane", 3)
    assert pace.take("lane", 50, 8, START).number == 5


def test_without_a_limit_all_may_start() -> None:
    assert Pace().take("lane", None, 64, START) == Turn(64, START)


def test_a_pause_holds_one_lane_until_its_end_and_is_never_made_shorter() -> None:
    pace = Pace()
    pace.pause("lane", START + 10)
    pace.pause("lane", START + 5)
    assert pace.take("lane", None, 8, START + 9) == Turn(0, START + 10)
    assert pace.take("lane", 50, 8, START + 9) == Turn(0, START + 10)
    assert pace.take("lane", None, 8, START + 10).number == 8
    assert pace.take("another", None, 8, START).number == 8


def test_a_clock_that_goes_back_fills_nothing_and_empties_nothing() -> None:
    pace = Pace()
    pace.take("lane", 1, 1, START)
    assert pace.take("lane", 1, 1, START - SECOND).number == 0
    assert pace.take("lane", 1, 1, START).number == 1
