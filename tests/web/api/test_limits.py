"""What a call may bring, and how many calls a second: refused before anything is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cast import House, a_house
from retour import ids, limits
from web.api.callers import EXECUTIONS, HIGH, UNITARY, Api, browser_of, connect, execution, refusal, rows

RATE, HIGH_RATE = 2, 3


@dataclass
class Clock:
    """Stands still until a test moves it."""

    now: int

    def wait(self, seconds: float) -> None:
        self.now += round(seconds * limits.SECOND)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(ids.now())
    monkeypatch.setattr(ids, "now", lambda: made.now)
    return made


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[House]:
    """A house that takes two calls a second in each sandbox, three in high throughput mode."""
    async with a_house(tmp_path, intake_rate=RATE, intake_rate_high=HIGH_RATE) as made:
        yield made


@pytest.fixture
async def caller(slow: House) -> AsyncIterator[Api]:
    """Acme's credential in dev of that house."""
    async with browser_of(slow) as client:
        yield await connect(client, slow.acme_credential, "dev")


async def asked(api: Api, calls: int, path: str = UNITARY, body: Any = b"{}") -> list[int]:
    """The statuses of so many calls."""
    return [(await api.call("POST", path, body)).status_code for _ in range(calls)]


# --- how many ---


async def test_over_its_rate_a_sandbox_is_told_when_to_call_again(
    slow: House, caller: Api, clock: Clock
) -> None:
    made = await slow.campaign(await slow.simulated())
    for _ in range(RATE):
        await caller.post(UNITARY, execution(made.id), status=202)
    before, late = rows(slow), execution(made.id)
    answer = await caller.call("POST", UNITARY, late)
    context = refusal(answer, 429, "000106")
    assert (answer.headers["retry-after"], context["retryAfter"]) == ("1", "1")
    assert rows(slow) == before
    clock.wait(int(answer.headers["retry-after"]))
    await caller.post(UNITARY, late, status=202)


async def test_every_call_counts_whatever_becomes_of_it(caller: Api, clock: Clock) -> None:
    assert await asked(caller, RATE + 2) == [400, 400, 429, 429]
    clock.wait(0.5)
    assert await asked(caller, 2) == [400, 429]


async def test_a_repeated_call_counts_too(slow: House, caller: Api, clock: Clock) -> None:
    made = await slow.campaign(await slow.simulated())
    assert await asked(caller, RATE + 1, body=execution(made.id)) == [202, 202, 429]


async def test_who_may_not_call_does_not_count(slow: House, caller: Api, clock: Clock) -> None:
    for _ in range(RATE + 1):
        refusal(await caller.call("POST", UNITARY, b"{}", x_api_key="wrong"), 403, "000101")
        assert (await caller.call("GET", UNITARY)).status_code == 405
        assert (await caller.call("GET", f"{EXECUTIONS}/x")).status_code == 404
    assert await asked(caller, RATE + 1) == [400, 400, 429]


async def test_high_throughput_has_a_rate_of_its_own(caller: Api, clock: Clock) -> None:
    assert await asked(caller, HIGH_RATE + 1, HIGH) == [400, 400, 400, 429]
    assert await asked(caller, RATE + 1) == [400, 400, 429]


async def test_each_sandbox_has_a_rate_of_its_own(slow: House, caller: Api, clock: Clock) -> None:
    charlie = await connect(caller.client, slow.other_credential, "prod")
    for api in (caller, caller.at("prod"), charlie):
        assert await asked(api, RATE + 1) == [400, 400, 429]


async def test_the_body_of_a_call_too_many_is_not_read(caller: Api, clock: Clock) -> None:
    await asked(caller, RATE)
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b" " * 100_000

    answer = await caller.client.post(UNITARY, content=chunks(), headers=caller.headers)
    assert (answer.status_code, read) == (429, 0)


# --- how much ---


def context_of(size: int) -> dict[str, str]:
    """A context of so many bytes of JSON."""
    return {"a": "x" * (size - len('{"a":""}'))}


async def test_a_request_takes_200_kib_of_context(house: House, acme: Api, campaign_id: str) -> None:
    good = execution(campaign_id, context=context_of(limits.CONTEXT_BYTES))
    await acme.post(UNITARY, good, status=202)
    before = rows(house)
    answer = await acme.call(
        "POST", UNITARY, execution(campaign_id, context=context_of(limits.CONTEXT_BYTES + 1))
    )
    refusal(answer, 400, "000113")
    assert "204,801 bytes; at most 204,800" in answer.json()["title"]
    assert rows(house) == before


async def test_the_context_of_all_recipients_counts_together(acme: Api, campaign_id: str) -> None:
    people = [f"user{number}@example.com" for number in range(20)]
    each = limits.CONTEXT_BYTES // 20
    await acme.post(UNITARY, execution(campaign_id, *people, context=context_of(each)), status=202)
    body = execution(campaign_id, *people, context=context_of(each + 1))
    refusal(await acme.call("POST", UNITARY, body), 400, "000113")


async def test_only_context_counts_as_context(acme: Api, campaign_id: str) -> None:
    body = execution(campaign_id, profile={"a": "x" * limits.CONTEXT_BYTES}, context={"b": "y"})
    await acme.post(UNITARY, body, status=202)


async def test_letters_count_as_they_travel_in_utf_8(acme: Api, campaign_id: str) -> None:
    half = limits.CONTEXT_BYTES // 2
    body = execution(campaign_id, context={"a": "é" * (half - 4)})
    await acme.post(UNITARY, body, status=202)
    body = execution(campaign_id, context={"a": "é" * (half - 3)})
    refusal(await acme.call("POST", UNITARY, body), 400, "000113")


async def test_a_profile_to_keep_has_at_most_100_kib(house: House, acme: Api, campaign_id: str) -> None:
    good = execution(campaign_id, type="aep", profile=context_of(limits.PROFILE_BYTES))
    await acme.post(UNITARY, good, status=202)
    before = rows(house)
    bad = execution(campaign_id, "new@example.com", type="aep", profile=context_of(limits.PROFILE_BYTES + 1))
    context = refusal(await acme.call("POST", UNITARY, bad), 400, "000111")
    assert "102,401 bytes" in context["recipients[0].profile"]
    assert rows(house) == before


async def test_the_limits_are_the_same_in_high_throughput_mode(house: House, acme: Api) -> None:
    made = await house.campaign(await house.simulated(), high_throughput_mode=True)
    body = execution(made.id, context=context_of(limits.CONTEXT_BYTES))
    await acme.post(HIGH, body, status=202)
    body = execution(made.id, context=context_of(limits.CONTEXT_BYTES + 1))
    refusal(await acme.call("POST", HIGH, body), 400, "000113")
