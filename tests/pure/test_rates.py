"""A token bucket: a second's calls at once, then as many a second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour.limits import SECOND
from retour.rates import Bucket, Rate, take

START = 1_800_000_000 * SECOND


def let_in(rate: Rate, now: int, calls: int, key: str = "acme") -> int:
    """How many of so many calls at that instant."""
    return sum(rate.take(key, now) == 0 for _ in range(calls))


def test_a_second_s_calls_are_let_in_at_once_and_one_more_is_not() -> None:
    assert let_in(Rate(500), START, 600) == 500


def test_it_fills_by_the_second_and_never_over_a_second_s_worth() -> None:
    rate = Rate(10)
    assert let_in(rate, START, 20) == 10
    assert let_in(rate, START + SECOND // 2, 20) == 5
    assert let_in(rate, START + 100 * SECOND, 20) == 10


@pytest.mark.parametrize("per_second", [1, 3, 7, 500, 5_000])
def test_who_waits_as_long_as_told_is_let_in_and_not_a_microsecond_before(per_second: int) -> None:
    rate = Rate(per_second)
    let_in(rate, START, per_second)
    wait = rate.take("acme", START)
    assert wait == -(-SECOND // per_second)
    assert rate.take("acme", START + wait - 1) == 1
    assert rate.take("acme", START + wait) == 0


def test_each_key_has_a_bucket_of_its_own() -> None:
    rate = Rate(2)
    assert let_in(rate, START, 5) == 2
    assert let_in(rate, START, 5, "other") == 2


def test_a_clock_that_goes_back_neither_opens_nor_shuts_the_gate() -> None:
    rate = Rate(2)
    assert let_in(rate, START, 5) == 2
    assert let_in(rate, START - 60 * SECOND, 5) == 0
    assert let_in(rate, START - 59 * SECOND, 5) == 2


@given(st.integers(1, 5_000), st.lists(st.integers(0, SECOND // 10), max_size=60))
def test_no_pattern_of_calls_gets_more_than_the_rate_and_a_second_s_worth(
    per_second: int, pauses: list[int]
) -> None:
    bucket: Bucket | None = None
    now, accepted = START, 0
    for pause in pauses:
        now += pause
        for _ in range(per_second // 10 + 1):
            bucket, wait = take(bucket, per_second, now)
            accepted += wait == 0
    assert accepted * SECOND <= per_second * (SECOND + now - START)
