"""Some cases of each kind, the same at every run; `make fuzz` tries a hundred thousand others."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.__main__ import KINDS
from fuzz.running import Tally, run

pytestmark = pytest.mark.slow  # seconds in all

SEED = 7
FEW = {"executions": 300, "templates": 300, "webhooks": 150, "replies": 150}
MANY = {"executions": 3_000, "templates": 4_000, "webhooks": 600, "replies": 800}
TAKEN = {
    "executions": "202",
    "templates": "rendered",
    "webhooks": "taken, then connect_failed",
    "replies": "sent",
}


async def tallied(name: str, folder: Path, count: int, first: int = 0) -> Tally:
    async with KINDS[name](folder) as kind:
        return await run(kind, SEED, count, first)


@pytest.mark.parametrize("name", KINDS)
async def test_some_of_everything(name: str, tmp_path: Path) -> None:
    """Some are refused and some are taken, without which it would say nothing."""
    tally = await tallied(name, tmp_path, FEW[name])
    assert tally.failures == []
    assert len(tally.outcomes) > 2
    assert tally.outcomes[TAKEN[name]] > FEW[name] / 20, tally.line()


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
async def test_more_of_everything(name: str, tmp_path: Path) -> None:
    tally = await tallied(name, tmp_path, MANY[name], FEW[name])
    assert tally.failures == []
