"""What is wrong is found: an answer, an exception, a bug in the log, a case that takes long, one that never ends."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import pytest
import structlog

from fuzz import running
from fuzz.running import Broken, run

log = structlog.get_logger()


class Spoilt:
    """Case 1 goes wrong, in the way that is asked for."""

    name = "spoilt"

    def __init__(self, how: str) -> None:
        self.how = how
        self.count = 0

    async def one(self, chance: Random, trail: list[Any]) -> str:
        """See Kind."""
        trail.append(chance.randrange(1_000))
        self.count += 1
        if self.count == 2:
            self._go_wrong()
        return "good"

    def _go_wrong(self) -> None:
        if self.how == "raises":
            raise Broken("503")
        if self.how == "logs":
            try:
                raise KeyError("a bug")
            except KeyError:
                log.exception("row_failed")
        while self.how in ("takes long", "never ends"):
            if self.how == "takes long" and time.process_time() > self._until():
                break

    def _until(self) -> float:
        self._end = getattr(self, "_end", time.process_time() + 0.05)
        return self._end


@pytest.mark.parametrize(
    ("how", "why"),
    [("raises", "503"), ("logs", "a bug"), ("takes long", "s of CPU"), ("never ends", "over 0.3 s of CPU")],
)
async def test_what_goes_wrong_is_told_and_the_rest_goes_on(
    how: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SECONDS", 0.04)
    monkeypatch.setattr(running, "BROKEN_OFF_CPU", 0.3)
    tally = await run(Spoilt(how), seed=1, count=3)
    ((failure),) = tally.failures
    assert failure.number == 1
    assert why in failure.why
    assert (tally.cases, tally.outcomes["failed"]) == (3, 1)
    assert failure.trail == repr(Random("1 spoilt 1").randrange(1_000))
