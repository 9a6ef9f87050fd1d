"""Ids, secrets and the clock.

Ids are time-ordered, so that keys are appended and partitions can be cut by them.

The clock is integer microseconds since 1970 (UTC) everywhere; `iso` and `parse_iso` are its only other form.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

POOL_BYTES = 8_192  # one system call for a thousand ids: uuid4 alone was 7 % of the CPU
VARIANT = {f"{digit:x}": f"{8 + digit % 4:x}" for digit in range(16)}  # its first two bits are 1 and 0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EXECUTION_EPOCH = 1_577_836_800_000_000  # 2020-01-01: keeps the time part at 15 digits until 2051
EXECUTION_RANDOM = 10**9


class _Source:
    """Pooled randomness and two clocks that never stand still, for one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool = ""
        self._used = 0
        self._ticks = 0
        self._micros = 0

    def next_uuid(self) -> tuple[int, str]:
        """The time in 1/4096 of a millisecond, later at each call; and sixteen random hexadecimal digits."""
        with self._lock:
            milliseconds, rest = divmod(time.time_ns(), 1_000_000)
            self._ticks = max(milliseconds << 12 | rest * 4_096 // 1_000_000, self._ticks + 1)
            return self._ticks, self._take()

    def next_execution(self) -> tuple[int, int]:
        """Microseconds, another number at each call, and a random number below EXECUTION_RANDOM."""
        with self._lock:
            self._micros = max(now(), self._micros + 1)
            return self._micros, int(self._take(), 16) % EXECUTION_RANDOM

    def _take(self) -> str:
        """Eight random bytes, as hexadecimal digits."""
        begin = self._used
        if begin >= len(self._pool):
            self._pool, begin = os.urandom(POOL_BYTES).hex(), 0
        self._used = begin + 16
        return self._pool[begin : self._used]


_source = _Source()


def _after_fork() -> None:
    """A child must not repeat its parent's randomness, nor wait for a lock that nobody there will release."""
    global _source
    _source = _Source()


os.register_at_fork(after_in_child=_after_fork)


def new_id() -> str:
    """A UUIDv7 as text, greater than every one before it in this process.

    48 bits of milliseconds, the version, 12 of their fraction, the variant, 62 random (RFC 9562, 5.7).
    """
    ticks, random = _source.next_uuid()
    when = f"{ticks:015x}"
    return f"{when[:8]}-{when[8:12]}-7{when[12:]}-{VARIANT[random[0]]}{random[1:4]}-{random[4:]}"


def new_execution_id() -> str:
    """`HUMA-` (AJO's prefix) and 24 digits: 15 of time and 9 random.

    Within a process the time part never repeats. Two processes that share 5,000 executions a second may
    expect to meet once in some years.
    """
    micros, random = _source.next_execution()
    return f"HUMA-{micros - EXECUTION_EPOCH:015d}{random:09d}"


def new_secret(size: int) -> str:
    """`size` random bytes as URL-safe text (RFC 4648, 5), without padding."""
    return secrets.token_urlsafe(size)


def now() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1_000


def iso(micros: int) -> str:
    """RFC 3339 with milliseconds, cut, not rounded: `2026-10-06T18:22:41.512Z`."""
    second, rest = divmod(micros, 1_000_000)
    return f"{_whole(second)}.{rest // 1_000:03d}Z"


@lru_cache(maxsize=64)  # a busy second writes its own date a thousand times
def _whole(second: int) -> str:
    return f"{EPOCH + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}"


def first_id(micros: int) -> str:
    """What sorts before every UUIDv7 of that millisecond or later, and after those before it."""
    digits = f"{max(micros, 0) // 1_000:012x}"
    return f"{digits[:8]}-{digits[8:]}"


def id_time(uuid: str) -> int:
    """When a UUIDv7 was made, to the millisecond; also of what `first_id` gives."""
    return int(uuid[:8] + uuid[9:13], 16) * 1_000


def parse_iso(text: str) -> int:
    """Microseconds of an ISO 8601 date and time; one without an offset is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // MICROSECOND
