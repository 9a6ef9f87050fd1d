"""Tallies: how much of what happened in a minute, counted where it is written, so that no report reads the rows.

A store adds the counts of a hand-over in the transaction that writes it. What each kind counts, and its keys:

    accepted   messages taken at intake           the channel: `email`, `sms`
    feedback   feedback events recorded           channel and status: `email:sent`, `sms:bounce`
    reason     those with a failure or exclusion  channel, status and its code: `email:bounce:22`
    answer     HTTP tries of deliveries           the status code or the trouble's word: `200`, `timeout`
    latency    the same tries by their duration   the number of a bucket (`bucket_of`)

A minute is kept for TALLY_MINUTES_AGE, then its counts stand in its hour, for TALLY_HOURS_AGE (upkeep.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from retour import limits
from retour.stores.handovers import Accepted, Answer, Attempted, Handover, Owing, Reported, Settled, Written

FASTEST, SLOWEST = 0.1, 60_000.0  # milliseconds: what is faster or slower is counted there
RATIO = 1.2  # of a bucket's bounds: its middle is never more than 10 % off
BUCKETS = math.ceil(math.log(SLOWEST / FASTEST, RATIO))
_PER_RATIO = 1 / math.log(RATIO)


class TallyKind(StrEnum):
    """What is counted; see above."""

    ACCEPTED = "accepted"
    FEEDBACK = "feedback"
    REASON = "reason"
    ANSWER = "answer"
    LATENCY = "latency"


class Tally(NamedTuple):
    """So many (n) of a kind and key in the step that begins at `at`."""

    at: int
    kind: TallyKind
    key: str
    n: int


class Place(NamedTuple):
    """What is counted apart. at: the start of the minute."""

    sandbox: str
    at: int
    kind: TallyKind
    key: str


def total(written: Iterable[tuple[Handover, Answer]]) -> dict[Place, int]:
    """The counts of some hand-overs by their answers, each place once, in an order that is everybody's."""
    found: dict[Place, int] = {}
    for handover, answer in written:
        for place in of(handover, answer):
            found[place] = found.get(place, 0) + 1
    return dict(sorted(found.items()))


def of(handover: Handover, answer: Answer) -> Sequence[Place]:
    """Where a hand-over counts, once each; nowhere unless it was written."""
    if not isinstance(answer, Written):
        return ()
    match handover:
        case Attempted():
            return _attempted(handover)
        case Settled() | Reported():
            return _told(handover.owings)
        case Accepted():
            return _accepted(handover)
        case _:
            return ()


def _accepted(handover: Accepted) -> list[Place]:
    at, kind = _minute(handover.execution.created_at), TallyKind.ACCEPTED
    return [Place(message.sandbox, at, kind, message.channel) for message in handover.messages]


def _attempted(handover: Attempted) -> tuple[Place, ...]:
    attempt = handover.attempt
    bucket = bucket_of(attempt.timings.total / 1_000)
    return _tried(handover.sandbox, _minute(handover.now), attempt.trouble or attempt.status_code, bucket)


@lru_cache(maxsize=4096)  # asked for every try
def _tried(sandbox: str, at: int, answer: str | int | None, bucket: int) -> tuple[Place, ...]:
    return (
        Place(sandbox, at, TallyKind.ANSWER, str(answer)),
        Place(sandbox, at, TallyKind.LATENCY, str(bucket)),
    )


def _told(owings: tuple[Owing, ...]) -> list[Place]:
    places = []
    for owing in owings:
        sandbox, at = owing.event.sandbox, _minute(owing.event.at)
        key = f"{owing.event.channel}:{owing.event.status}"
        places.append(Place(sandbox, at, TallyKind.FEEDBACK, key))
        if owing.code is not None:
            places.append(Place(sandbox, at, TallyKind.REASON, f"{key}:{owing.code}"))
    return places


def _minute(now: int) -> int:
    return now - now % limits.MINUTE


# --- what keys say ---


def accepted(key: str) -> bool:
    """Whether an `answer` of this key was accepted: a 2xx without trouble."""
    return len(key) == 3 and key[0] == "2" and key.isdecimal()


def bucket_of(milliseconds: float) -> int:
    """The number of the bucket of a duration, from 0 to BUCKETS - 1."""
    if milliseconds <= FASTEST:
        return 0
    return min(int(math.log(milliseconds / FASTEST) * _PER_RATIO), BUCKETS - 1)


def bounds(bucket: int) -> tuple[float, float]:
    """From and to which duration in milliseconds a bucket counts."""
    return FASTEST * RATIO**bucket, FASTEST * RATIO ** (bucket + 1)


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The duration in milliseconds that this share (0 to 1) did not exceed, within 10 %; None without any.

    counts: how many, by bucket.
    """
    wanted, reached = share * sum(counts.values()), 0
    for bucket in sorted(counts):
        reached += counts[bucket]
        if reached >= wanted:
            low, high = bounds(bucket)
            return math.sqrt(low * high)
    return None
