"""The live list behind its real server: what is told, to whom, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
import uvicorn

from cast import House, until
from outside.certificates import Authority
from outside.https import Endpoint, replying, serving
from retour import ids, limits
from retour.cli.serve import Server, _listen, _server_config
from retour.config import Settings
from retour.web.server import application
from web.admin.desk import DEV

STREAM = f"{DEV}/deliveries/stream"


@pytest.fixture
async def door(house: House) -> AsyncIterator[tuple[uvicorn.Server, str]]:
    """The house served as `retour serve` serves it, and where."""
    listening = _listen(Settings(listen="127.0.0.1:0"))
    settings = Settings(listen="127.0.0.1:0")
    server = Server(_server_config(settings, application(house.retour)), house.retour.watching)
    task = asyncio.ensure_future(server._serve([listening]))  # without signals

    async def started() -> bool:
        return server.started

    await until(started)
    yield server, f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await task


@asynccontextmanager
async def browser(house: House, url: str, name: str = "ann") -> AsyncIterator[httpx.AsyncClient]:
    """Somebody's, signed in."""
    headers = {"sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
        link = await house.retour.people.sign_in_link(getattr(house, name).email)
        assert (await client.post(f"/admin/sign-in/{link}")).status_code == 303
        yield client


async def events(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """The fields of each event; comments are left out."""
    found: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if line and name:
            found[name] = f"{found[name]}\n{value}" if name in found else value
        elif found:
            yield found
            found = {}


async def _next(stream: AsyncIterator[dict[str, str]], name: str, word: str = "") -> dict[str, str]:
    """The next event of this name that holds the word."""
    async with asyncio.timeout(20):
        async for event in stream:
            if event.get("event") == name and word in event["data"]:
                return event
    raise AssertionError(f"the stream ended without {name}")


async def test_what_happens_is_told_and_so_is_what_becomes_of_it(
    house: House, door: tuple[uvicorn.Server, str], receiver: Endpoint
) -> None:
    await house.webhook(receiver.url("/x"))
    campaign = await house.campaign(await house.simulated())
    async with browser(house, door[1]) as ann, ann.stream("GET", STREAM) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        stream = events(answer)
        async with house.working():
            await house.execute(campaign, "delivered@example.com")
            told = await _next(stream, "delivery-new", "Succeeded")
        assert "delivered@example.com" in told["data"]
        assert told["id"].isdecimal()


async def test_who_comes_back_is_told_what_was_missed_and_nothing_older(
    house: House, door: tuple[uvicorn.Server, str]
) -> None:
    campaign = await house.campaign(await house.simulated())
    await _sent(house, campaign, "delivered+before@example.com", 2)
    async with browser(house, door[1]) as ann:
        async with ann.stream("GET", STREAM, headers={"last-event-id": "17"}) as answer:
            stream = events(answer)
            told = [await _next(stream, "delivery-new") for _ in range(2)]
        assert all("before@example.com" in one["data"] for one in told)
        late = str(ids.now() + limits.DAY)
    known = await house.retour.watching.since(house.dev.id, int(late))
    assert (known.lines, known.much) == ((), False)


async def _sent(house: House, campaign: object, address: str, deliveries: int) -> None:
    """A message whose deliveries wait: nobody has made a webhook."""
    before = await house.retour.shelves.waiting(house.dev.id)

    async def so() -> bool:
        return await house.retour.shelves.waiting(house.dev.id) == before + deliveries

    async with house.working():
        await house.execute(campaign, address)  # type: ignore[arg-type]
        await until(so)


async def test_more_than_a_page_is_loaded_anew(house: House, door: tuple[uvicorn.Server, str]) -> None:
    campaign = await house.campaign(await house.simulated())
    people = [f"delivered+{number}@example.com" for number in range(20)]
    async with house.working():
        for _ in range(3):
            await house.execute(campaign, *people)

        async def so() -> bool:
            return await house.retour.shelves.waiting(house.dev.id) == 120

        await until(so)
    async with (
        browser(house, door[1]) as ann,
        ann.stream("GET", STREAM, headers={"last-event-id": "17"}) as answer,
    ):
        assert await _next(events(answer), "delivery-reload")


async def test_a_filter_takes_what_belongs_into_its_list(
    house: House, door: tuple[uvicorn.Server, str], authority: Authority
) -> None:
    async with serving(replying(503), tls=authority.server("127.0.0.1")) as failing:
        await house.webhook(failing.url("/x"))
        campaign = await house.campaign(await house.simulated())
        query = "?status=retrying&answer=5xx"
        async with (
            browser(house, door[1]) as ann,
            ann.stream("GET", STREAM + query) as answer,
            house.working(),
        ):
            await house.execute(campaign, "delivered@example.com")
            told = await _next(events(answer), "delivery-new")
    assert "Your endpoint answered 503 Service Unavailable." in told["data"]


async def test_a_stop_ends_every_stream_in_order(house: House, door: tuple[uvicorn.Server, str]) -> None:
    server, url = door
    async with browser(house, url) as ann, ann.stream("GET", STREAM) as answer:
        stream = answer.aiter_lines()
        assert await anext(stream) == "retry: 1000"
        server.should_exit = True
        rest = [line async for line in stream]  # a connection that is cut off raises
    assert rest


async def test_one_person_may_watch_so_many_lists_and_others_are_not_hindered(
    house: House, door: tuple[uvicorn.Server, str]
) -> None:
    url = door[1]
    async with browser(house, url) as ann, browser(house, url, "vera") as vera, AsyncExitStack() as open_ones:
        lines = []
        for _ in range(limits.LIVE_STREAMS):
            answer = await open_ones.enter_async_context(ann.stream("GET", STREAM))
            lines.append(answer.aiter_lines())
            assert await anext(lines[-1]) == "retry: 1000"
        refused = await ann.get(STREAM)
        assert refused.status_code == 429
        assert f"You watch {limits.LIVE_STREAMS} lists already." in refused.text
        async with vera.stream("GET", STREAM) as answer:
            assert answer.status_code == 200
        await open_ones.aclose()

        async def free() -> bool:
            async with ann.stream("GET", STREAM) as answer:
                return answer.status_code == 200

        await until(free)


async def test_charlie_and_strangers_hear_nothing(house: House, door: tuple[uvicorn.Server, str]) -> None:
    url = door[1]
    async with browser(house, url, "charlie") as charlie:
        assert (await charlie.get(STREAM)).status_code == 404
    async with httpx.AsyncClient(base_url=url, trust_env=False) as stranger:
        assert (await stranger.get(STREAM)).status_code == 303
