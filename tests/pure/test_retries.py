"""retries: the schedule, the receiver's own word, and the pauses between probes."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour import limits, retries

NOW = 1_791_310_961_000_000  # Tue, 06 Oct 2026 18:22:41 GMT
MOMENTS = st.integers(min_value=0, max_value=4 * 10**15)


def next_try(attempts: int, *, random: float = 0.5, repeats: bool = False) -> int | None:
    schedule = limits.WEBHOOK_SCHEDULE
    return retries.next_try(
        attempts, NOW, schedule=schedule, jitter=limits.JITTER, random=lambda: random, repeats=repeats
    )


def test_a_webhook_is_tried_eleven_times_in_three_days() -> None:
    pauses: list[int] = []
    while (due := next_try(len(pauses) + 1)) is not None:
        pauses.append((due - NOW) // limits.SECOND)
    assert tuple(pauses) == limits.WEBHOOK_SCHEDULE
    assert len(pauses) + 1 == 11
    assert sum(pauses) / 3_600 == pytest.approx(75.6, abs=0.1)


def test_jitter_goes_both_ways() -> None:
    assert next_try(1, random=0.0) == NOW + 4 * limits.SECOND
    assert next_try(1, random=1.0) == NOW + 6 * limits.SECOND


def test_a_repeating_schedule_never_ends() -> None:
    assert next_try(11) is None
    assert next_try(400, repeats=True) == NOW + 86_400 * limits.SECOND


def test_a_try_that_did_not_count_waits_like_the_first() -> None:
    assert next_try(0) == next_try(1)


@given(
    st.integers(min_value=0, max_value=30),
    st.lists(st.integers(min_value=1, max_value=100_000), min_size=1, max_size=12),
    st.floats(min_value=0, max_value=0.9),
    st.floats(min_value=0, max_value=1),
    st.booleans(),
)
def test_a_next_try_is_later_and_within_its_jitter(
    attempts: int, schedule: list[int], jitter: float, random: float, repeats: bool
) -> None:
    due = retries.next_try(
        attempts, NOW, schedule=schedule, jitter=jitter, random=lambda: random, repeats=repeats
    )
    if due is None:
        assert attempts > len(schedule)
        assert not repeats
        return
    pause = schedule[min(max(attempts, 1), len(schedule)) - 1] * limits.SECOND
    assert due > NOW
    assert abs(due - NOW - pause) <= pause * jitter + 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Tue, 06 Oct 2026 18:24:41 GMT", 120),
        ("Tuesday, 06-Oct-26 18:24:41 GMT", 120),
        ("Tue Oct  6 18:24:41 2026", 120),
        ("Tue, 06 Oct 2026 18:00:00 GMT", 0),
        ("99999999", 86_400),
        ("9" * 5_000, 86_400),
        ("Tue, 06 Oct 2099 18:24:41 GMT", 86_400),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(value: str, seconds: int) -> None:
    assert retries.retry_after([("content-type", "text/plain"), ("Retry-After", value)], NOW) == (
        NOW + seconds * limits.SECOND
    )


def test_a_date_without_a_zone_is_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EST5")
        time.tzset()
        due = retries.retry_after([("Retry-After", "Tue Oct  6 18:24:41 2026")], NOW)
    time.tzset()
    assert due == NOW + 120 * limits.SECOND


@pytest.mark.parametrize(
    "value", ["", "-5", "1.5", "soon", "١٢", "Tue, 41 Oct 2026 18:24:41 GMT", "1e3", "\0"]
)
def test_a_retry_after_that_makes_no_sense_is_ignored(value: str) -> None:
    assert retries.retry_after([("retry-after", value)], NOW) is None


def test_without_retry_after_there_is_nothing_to_wait_for() -> None:
    assert retries.retry_after([], NOW) is None


@given(st.text(max_size=60), MOMENTS)
def test_no_retry_after_breaks_or_waits_beyond_a_day(value: str, now: int) -> None:
    due = retries.retry_after([("Retry-After", value)], now)
    assert due is None or now <= due <= now + limits.RETRY_AFTER_MAX


@given(st.integers(min_value=0, max_value=86_000))
def test_a_date_ahead_is_kept_to_the_second(seconds: int) -> None:
    date = datetime(2026, 10, 6, 18, 22, 41, tzinfo=UTC) + timedelta(seconds=seconds)
    value = format_datetime(date, usegmt=True)
    assert retries.retry_after([("Retry-After", value)], NOW) == NOW + seconds * limits.SECOND


def test_probes_start_close_together_and_end_far_apart() -> None:
    bounds = limits.WEBHOOK_PROBE
    assert retries.probe_pause(NOW, NOW, bounds) == 5 * limits.SECOND
    assert retries.probe_pause(NOW + 4 * limits.MINUTE, NOW, bounds) == limits.MINUTE
    assert retries.probe_pause(NOW + limits.DAY, NOW, bounds) == 5 * limits.MINUTE


@given(MOMENTS, MOMENTS)
def test_a_probe_pause_stays_in_its_bounds_whatever_the_clock(now: int, since: int) -> None:
    shortest, longest = limits.RELAY_PROBE
    assert shortest <= retries.probe_pause(now, since, (shortest, longest)) <= longest
