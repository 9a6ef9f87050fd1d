"""Case after case, each with a `Random` of its own: the seed, the kind and the number make it again.

A case fails by an answer that there must not be, by anything raised, by a line in the log that tells of a bug, and by
taking more than SECONDS of this process's CPU (the clock says more of the neighbours than of the case). What never
ends is broken off.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import time
import traceback
from collections import Counter
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from types import FrameType
from typing import Any, Protocol

import structlog

SECONDS = 1.0
BROKEN_OFF_CPU = 20.0
BROKEN_OFF = 60.0  # by the clock: it waits for something that never comes
SHOWN = 2_000  # characters of a case that failed


class Broken(AssertionError):
    """What there must not be."""


class Hang(BaseException):
    """No bug of the case may swallow it."""


class Kind(Protocol):
    """One kind of case."""

    name: str

    async def one(self, chance: Random, trail: list[Any]) -> str:
        """Make a case, leave it in the trail, try it; what came of it, in a word. Raises."""


@dataclass
class Failure:
    """Which case, why, and what it was."""

    number: int
    why: str
    trail: str


@dataclass
class Tally:
    """What came of the cases of one kind. slowest: CPU seconds and the case's number."""

    kind: str
    seed: int
    cases: int = 0
    cpu: float = 0.0
    slowest: tuple[float, int] = (0.0, 0)
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def line(self) -> str:
        """For people."""
        found = ", ".join(f"{count:,} {word}" for word, count in self.outcomes.most_common(12))
        seconds, number = self.slowest
        return (
            f"{self.kind}: {self.cases:,} cases, {len(self.failures)} failed, {self.cpu:.0f} s of CPU, "
            f"slowest {seconds * 1e3:.0f} ms (case {number}); {found}"
        )


async def run(kind: Kind, seed: int, count: int, first: int = 0) -> Tally:
    """The cases from `first` on."""
    tally = Tally(kind.name, seed)
    with _bugs_in_the_log() as bugs, _broken_off(), _own_garbage():
        for number in range(first, first + count):
            await _one(kind, number, tally, bugs)
    return tally


async def _one(kind: Kind, number: int, tally: Tally, bugs: list[str]) -> None:
    """One case, timed. What is raised is its failure, whatever it is."""
    trail: list[Any] = []
    why: str | None = None
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, BROKEN_OFF_CPU)
    try:
        async with asyncio.timeout(BROKEN_OFF):
            tally.outcomes[await kind.one(Random(f"{tally.seed} {kind.name} {number}"), trail)] += 1
    except (Exception, Hang):
        why = traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    spent = time.process_time() - began
    why = why or (f"{spent:.1f} s of CPU" if spent > SECONDS else None) or ("\n".join(bugs) or None)
    bugs.clear()
    tally.cases, tally.cpu = tally.cases + 1, tally.cpu + spent
    tally.slowest = max(tally.slowest, (spent, number))
    if why is not None:
        tally.outcomes["failed"] += 1
        tally.failures.append(Failure(number, why, _shown(trail)))


def _shown(trail: list[Any]) -> str:
    return "\n".join(repr(part)[:SHOWN] for part in trail)


@contextmanager
def _broken_off() -> Iterator[None]:
    """A timer of CPU seconds; Python's own loops and regular expressions heed it."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hang(f"over {BROKEN_OFF_CPU:g} s of CPU")

    before = signal.signal(signal.SIGPROF, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _own_garbage() -> Iterator[None]:
    """As `retour serve` does: what is there before is never looked through again, at the cost of a case."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _bugs_in_the_log() -> Iterator[list[str]]:
    """What is logged with a traceback: a bug that was caught so that it stops nobody else."""
    bugs: list[str] = []

    def look(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        if event.get("exc_info"):
            bugs.append(f"{event['event']}\n{traceback.format_exc()}")
        raise structlog.DropEvent

    before = structlog.get_config()["processors"]
    structlog.configure(processors=[look])
    try:
        yield bugs
    finally:
        structlog.configure(processors=before)
