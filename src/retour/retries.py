"""When again: pure functions of what happened and of the clock.

Times are microseconds, schedules are seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from retour import limits

SECONDS = re.compile(r"[0-9]+")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ENOUGH_DIGITS = 9  # more seconds than that are beyond every cap


def next_try(
    attempts: int,
    now: int,
    *,
    schedule: Sequence[int],
    jitter: float,
    random: Callable[[], float],
    repeats: bool = False,
) -> int | None:
    """When to try again after `attempts` tries that counted; None when the schedule is used up.

    jitter: the share by which a pause is made longer or shorter (0.2: from 80 to 120 %), so that what failed
    together does not come back together. random: gives a number from 0 to 1.
    repeats: the last pause goes on for ever.
    """
    place = max(attempts, 1) - 1
    if repeats:
        place = min(place, len(schedule) - 1)
    if place >= len(schedule):
        return None
    pause = schedule[place] * limits.SECOND
    return now + round(pause * (1 + jitter * (2 * random() - 1)))


def retry_after(headers: Iterable[tuple[str, str]], now: int) -> int | None:
    """The earliest time that Retry-After allows, at most RETRY_AFTER_MAX away; None without a usable one.

    RFC 9110, 10.2.3: seconds or an HTTP-date. A date that is past means now.
    """
    for name, value in headers:
        if name.lower() == "retry-after":
            pause = _pause(value.strip(), now)
            return None if pause is None else now + min(pause, limits.RETRY_AFTER_MAX)
    return None


def _pause(value: str, now: int) -> int | None:
    if SECONDS.fullmatch(value):
        return limits.RETRY_AFTER_MAX if len(value) > ENOUGH_DIGITS else int(value) * limits.SECOND
    try:
        date = parsedate_to_datetime(value)
        return max(_micros(date) - now, 0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _micros(date: datetime) -> int:
    """A date without a zone (RFC 9110's asctime form, or `-0000`) is UTC."""
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return int((date - EPOCH).total_seconds()) * limits.SECOND


def probe_pause(now: int, failing_since: int, bounds: tuple[int, int]) -> int:
    """How long to wait before the next probe: a quarter of the time it has been failing, bounded.

    So the first probe comes early, and an outage of a night is noticed to be over within minutes.
    """
    shortest, longest = bounds
    return min(max((now - failing_since) // 4, shortest), longest)
