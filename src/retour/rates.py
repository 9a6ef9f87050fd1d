"""How many a second: token buckets in the memory of this process. Rate lets calls in, Pace lets messages out."""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

from retour.kept import Kept
from retour.limits import SECOND


class Bucket(NamedTuple):
    """What is left at an instant, in millionths of a call, so that nothing is lost by rounding."""

    level: int
    at: int


class Rate:
    """A number of calls a second for each key, and a second's worth at once."""

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self._buckets: Kept[Bucket] = Kept()

    def take(self, key: Any, now: int) -> int:
        """0 when the call is let in, else how long until one will be (microseconds)."""
        bucket, wait = take(self._buckets.get(key), self.per_second, now)
        self._buckets.keep(key, bucket)
        return wait


def take(bucket: Bucket | None, per_second: int, now: int) -> tuple[Bucket, int]:
    """One call more: the bucket after it, and how long to wait instead (see Rate.take). None is a full bucket.

    A clock that goes back fills nothing and empties nothing.
    """
    most = per_second * SECOND
    level = most if bucket is None else min(most, bucket.level + max(0, now - bucket.at) * per_second)
    if level >= SECOND:
        return Bucket(level - SECOND, now), 0
    return Bucket(level, now), -(-(SECOND - level) // per_second)


class Turn(NamedTuple):
    """How many may start now, and when the next one may if these do (microseconds)."""

    number: int
    next_at: int


class Pace:
    """A number a second for each key, hardly more of them together than one by one; and pauses.

    What is taken and not used is given back.
    """

    def __init__(self) -> None:
        self._buckets: Kept[Bucket] = Kept()
        self._pauses: Kept[int] = Kept()

    def take(self, key: Any, per_second: float | None, wanted: int, now: int) -> Turn:
        """Up to `wanted`; per_second None: no limit."""
        paused_until = self._pauses.get(key) or 0
        if paused_until > now:
            return Turn(0, paused_until)
        if per_second is None:
            return Turn(wanted, now)
        bucket, turn = take_some(self._buckets.get(key), per_second, wanted, now)
        self._buckets.keep(key, bucket)
        return turn

    def give_back(self, key: Any, number: int) -> None:
        """So many did not start."""
        bucket = self._buckets.get(key)
        if bucket is not None and number:
            self._buckets.keep(key, Bucket(bucket.level + number * SECOND, bucket.at))

    def pause(self, key: Any, until: int) -> None:
        """Nothing starts before that."""
        self._pauses.keep(key, max(until, self._pauses.get(key) or 0))


def take_some(bucket: Bucket | None, per_second: float, wanted: int, now: int) -> tuple[Bucket, Turn]:
    """The bucket after it, and what may start. It holds a tenth of a second's worth and one at least, so that what a
    provider counts by the second is kept in each. None is a full one."""
    most = round(max(1.0, per_second / 10) * SECOND)
    level = most
    if bucket is not None:
        level = min(most, bucket.level + int(max(0, now - bucket.at) * per_second))
    number = min(wanted, level // SECOND)
    level -= number * SECOND
    missing = max(0, SECOND - level)
    return Bucket(level, now), Turn(number, now + ceil(missing / per_second))
