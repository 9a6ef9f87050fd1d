"""A hundred thousand addresses in one file, by the suppression API: told on the way, and in effect at its end."""

from __future__ import annotations

import time

import pytest

from cast import House, until
from rooms.steps import message_of, send_due, told_of
from web.api.callers import Api
from web.api.test_suppression import HEADER, UPLOADS, upload_file

ROWS = 100_000
CPU_SECONDS = 20


@pytest.mark.slow
async def test_a_hundred_thousand_rows_take_seconds_and_hold_at_once(house: House, acme: Api) -> None:
    """By the CPU's clock, which neighbours don't bend."""
    rows = "".join(f"EMAIL,person{number}@luma.example,left in spring\n" for number in range(ROWS))
    begin = time.process_time()
    steps = await _handled(acme, (HEADER + rows).encode())
    assert time.process_time() - begin < CPU_SECONDS
    assert steps == sorted(steps)
    assert len(set(steps)) > 10, "progress is told"
    assert steps[-1] == ROWS
    configuration = await house.simulated()
    written = await house.execute(await house.campaign(configuration), f"person{ROWS - 1}@luma.example")
    await send_due(house, configuration)
    assert await told_of(house, await message_of(house, written.id)) == ["denylist"]


async def _handled(api: Api, raw: bytes) -> list[int]:
    """Upload a file; how many of its records were handled, each time it was asked, until all were."""
    answer = await upload_file(api, raw)
    assert answer.status_code == 201, answer.text
    path, steps = f"{UPLOADS}/{answer.json()['success']['jobId']}", [0]

    async def over() -> bool:
        job = await api.get(path)
        steps.append(job["handledCount"])
        return bool(job["status"] == "COMPLETE")

    await until(over, seconds=300)
    return steps
