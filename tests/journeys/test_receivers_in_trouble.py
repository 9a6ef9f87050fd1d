"""Whatever an endpoint does, nothing is lost, the deadline holds and memory stays flat."""

from __future__ import annotations

import asyncio
import json
import resource
import time

import pytest

from cast import House, until
from outside import hostile
from outside.certificates import Authority
from outside.https import Behaviour, Endpoint, Exchange, replying, serving
from retour.model import Attempt

TROUBLES: dict[str, tuple[Behaviour, str | None]] = {
    "500": (replying(500), None),
    "hanging": (hostile.hang, "timeout"),
    "dripping": (hostile.drip, "timeout"),
    "a redirect to the metadata address": (hostile.redirecting("http://169.254.169.254/latest"), None),
    "hanging up": (hostile.close_unanswered, "connection_lost"),
    "a body cut off": (hostile.close_mid_body, "connection_lost"),
}
RECIPIENTS = 20
SEQUENCES = [1, 2]


def troubled_once(trouble: Behaviour) -> Behaviour:
    """In trouble at the first request, well from the second on."""
    seen: list[Exchange] = []

    async def behave(exchange: Exchange) -> None:
        seen.append(exchange)
        await (trouble(exchange) if len(seen) == 1 else exchange.reply())

    return behave


def sequences(endpoint: Endpoint) -> list[int]:
    return [json.loads(request.body)["retour"]["sequence"] for request in endpoint.requests]


async def attempts(house: House) -> list[Attempt]:
    """Of all deliveries, the first try first."""
    rows = await house.retour.shelves.deliveries(house.dev.id)
    found = [attempt for row in rows for attempt in await house.retour.shelves.attempts(house.dev.id, row.id)]
    return sorted(found, key=lambda attempt: attempt.at)


@pytest.mark.slow
@pytest.mark.parametrize("name", TROUBLES)
async def test_an_endpoint_in_trouble_gets_everything_later_and_in_order(
    house: House, authority: Authority, name: str
) -> None:
    behaviour, word = TROUBLES[name]
    async with serving(troubled_once(behaviour), tls=authority.server("127.0.0.1")) as endpoint:
        campaign = await house.campaign(await house.simulated())
        await house.webhook(endpoint.url("/feedback"), deadline_seconds=1)
        async with house.working():
            await house.execute(campaign, "delivered@example.com")
            await endpoint.arrived(3, seconds=20)
        first = (await attempts(house))[0]
    assert sequences(endpoint) == [1, 1, 2]
    assert len({request.header("webhook-id") for request in endpoint.requests}) == len(SEQUENCES)
    assert endpoint.requests[0].body == endpoint.requests[1].body
    assert first.trouble == word
    assert first.timings.total < 2_000_000


@pytest.mark.parametrize("behaviour", [hostile.endless, hostile.gzip_bomb], ids=["endless", "gzip bomb"])
async def test_a_2xx_that_never_ends_is_taken_as_accepted_and_costs_no_memory(
    house: House, authority: Authority, behaviour: Behaviour
) -> None:
    async with serving(behaviour, tls=authority.server("127.0.0.1")) as endpoint:
        campaign = await house.campaign(await house.simulated())
        await house.webhook(endpoint.url("/feedback"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with house.working():
            await house.execute(campaign, *(f"sent+{number}@example.com" for number in range(RECIPIENTS)))
            await until(lambda: all_settled(house))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    kept = await attempts(house)
    assert all(attempt.accepted for attempt in kept)
    assert all(len(attempt.response_body.encode()) <= 4 * 16 * 1024 for attempt in kept)
    assert grown < 64 * 1024  # KiB; the test server's own buffers are in it


async def all_settled(house: House) -> bool:
    rows = await house.retour.shelves.deliveries(house.dev.id)
    return len(rows) == RECIPIENTS and all(row.settled_at is not None for row in rows)


@pytest.mark.slow
async def test_an_endpoint_that_is_down_for_a_minute_misses_nothing(
    house: House, authority: Authority
) -> None:
    tls = authority.server("127.0.0.1")
    async with serving(tls=tls) as endpoint:
        port, url = endpoint.port, endpoint.url("/feedback")
    campaign = await house.campaign(await house.simulated())
    await house.webhook(url)
    async with house.working():
        for number in range(3):
            people = [f"delivered+{number}-{person}@example.com" for person in range(20)]
            await house.execute(campaign, *people)
        down_until = time.monotonic() + 60
        await until(lambda: passed(down_until), seconds=70)
        async with serving(tls=tls, port=port) as back:
            await back.arrived(2 * 60, seconds=60)
    told = [
        (json.loads(request.body)["messageExecution"]["messageProfileID"], sequence)
        for request, sequence in zip(back.requests, sequences(back), strict=True)
    ]
    assert len(told) == len(set(told)) == 2 * 60
    assert all(told.index((message, 1)) < told.index((message, 2)) for message, _ in told)


async def passed(moment: float) -> bool:
    await asyncio.sleep(0.2)
    return time.monotonic() > moment
