"""How many calls a second are let in: a token bucket for each sandbox, in the memory of this process."""

from __future__ import annotations

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
