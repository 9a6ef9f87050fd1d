"""The API behind its real server: what ASGI alone does not show."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import uvicorn

from cast import House, until
from retour import limits
from retour.cli.serve import _listen, _server_config
from retour.config import Settings
from retour.web.server import application
from web.api.callers import CAMPAIGNS, EXECUTIONS, UNITARY, Api, connect, execution, refusal, rows


@pytest.fixture
async def port(house: House) -> AsyncIterator[int]:
    """The house served as `retour serve` serves it."""
    settings = Settings(listen="127.0.0.1:0")
    listening = _listen(settings)
    server = uvicorn.Server(_server_config(settings, application(house.retour)))
    task = asyncio.ensure_future(server._serve([listening]))  # without signals

    async def started() -> bool:
        return server.started

    await until(started)
    yield listening.getsockname()[1]
    server.should_exit = True
    await task


@pytest.fixture
async def acme(house: House, port: int) -> AsyncIterator[Api]:
    """Acme's credential, over a socket."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield await connect(client, house.acme_credential, "dev")


async def raw(port: int, data: bytes) -> bytes:
    """Bytes as they are, and the answer until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(5):
        writer.write(data)
        await writer.drain()
        answer = await reader.read()
    writer.close()
    return answer


def head(acme: Api, *more: str) -> bytes:
    lines = [f"POST {UNITARY} HTTP/1.1", "host: x", "connection: close"]
    lines += [f"{name}: {value}" for name, value in acme.headers.items()]
    return "\r\n".join([*lines, *more, "", ""]).encode()


async def test_an_execution_is_accepted_and_can_be_read(house: House, acme: Api) -> None:
    made = await house.campaign(await house.simulated())
    answer = await acme.post(UNITARY, execution(made.id), status=202)
    assert (await acme.get(f"{EXECUTIONS}/{answer['executionId']}"))["campaignId"] == made.id


async def test_four_megabytes_and_a_byte_are_413_at_once(house: House, acme: Api, port: int) -> None:
    over = limits.REQUEST_BODY_BYTES + 1
    answer = await raw(port, head(acme, f"content-length: {over}"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"MSG-000112-413" in answer


async def test_endless_chunks_are_413_as_soon_as_they_are_too_many(
    house: House, acme: Api, port: int
) -> None:
    chunk = b"%x\r\n%s\r\n" % (1 << 20, b" " * (1 << 20))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head(acme, "transfer-encoding: chunked").replace(b"connection: close\r\n", b"") + chunk * 5)
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"}}}")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    refusal(await acme.call("POST", UNITARY, b" " * (limits.REQUEST_BODY_BYTES + 1)), 413, "000112")
    assert (await acme.call("GET", CAMPAIGNS)).status_code == 200


async def test_twenty_recipients_with_all_that_each_may_bring_are_taken(house: House, acme: Api) -> None:
    made = await house.campaign(await house.simulated())
    addresses = [f"user{number}@example.com" for number in range(20)]
    profile, context = {"x": "y" * 100_000}, {"x": "y" * 10_000}
    body = execution(made.id, *addresses, type="aep", profile=profile, context=context)
    assert len(json.dumps(body)) < limits.REQUEST_BODY_BYTES
    await acme.post(UNITARY, body, status=202)


async def test_who_stops_talking_does_not_keep_the_others_waiting(house: House, acme: Api, port: int) -> None:
    before = rows(house)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head(acme, "content-length: 1000") + b'{"requestId":')
    await writer.drain()
    assert (await acme.call("GET", CAMPAIGNS)).status_code == 200
    writer.close()
    await reader.read()
    assert rows(house) == before


async def test_head_has_no_body(acme: Api) -> None:
    answer = await acme.call("HEAD", CAMPAIGNS)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("line", ["GET / HTTP/9.9", "nonsense", "\x00\x01\x02"])
async def test_what_is_no_http_is_400(port: int, line: str) -> None:
    answer = await raw(port, f"{line}\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 4")


async def test_a_length_and_chunks_at_once_are_never_read_as_two_requests(acme: Api, port: int) -> None:
    smuggled = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    answer = await raw(port, head(acme, "content-length: 5", "transfer-encoding: chunked") + smuggled)
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert answer.startswith(b"HTTP/1.1 4")


async def test_the_server_does_not_say_what_it_is_made_of(acme: Api) -> None:
    answer = await replace(acme, token="x").call("GET", CAMPAIGNS)
    assert "server" not in answer.headers
