"""An endpoint for tests: a small HTTP/1.1 server, with TLS if wanted, that records every request as it came.

    async with serving() as endpoint:                             # answers 200 to everything
        ... endpoint.url("/feedback"), endpoint.requests[0].body

    async with serving(replying(503, headers=(("Retry-After", "5"),)), tls=authority.server("hooks.test")): ...

What it answers is a behaviour: an async function that gets the Exchange. Those nobody wants are in `hostile`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

Behaviour = Callable[["Exchange"], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """One request as it came. connection: 1 for the first connection, 2 for the second …"""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int
    head: bytes

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        return next((value for other, value in self.headers if other.lower() == name.lower()), None)


@dataclass
class Exchange:
    """A request and the wire to answer it on. If nothing closes it, the connection is kept for the next."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """These bytes, as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def reply(
        self, status: int = 200, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """A whole answer with its length."""
        lines = [f"HTTP/1.1 {status} {_phrase(status)}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def close(self) -> None:
        """Hang up, however far the answer is."""
        self.writer.close()


@dataclass
class Endpoint:
    """A running server. requests: all so far; connections: how many were opened."""

    host: str
    port: int
    scheme: str
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    def url(self, path: str = "/", host: str | None = None) -> str:
        """A URL that leads here, by another name if one is given."""
        name = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{self.scheme}://{name}:{self.port}{path}"

    async def arrived(self, count: int = 1, seconds: float = 5) -> list[Request]:
        """Wait until so many requests have come."""
        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    async def note(self, request: Request) -> None:
        """Record a request and tell who waits for it."""
        async with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()


def replying(status: int = 200, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()) -> Behaviour:
    """Answer everything the same way."""

    async def reply(exchange: Exchange) -> None:
        await exchange.reply(status, body, headers)

    return reply


@asynccontextmanager
async def serving(
    behaviour: Behaviour | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Endpoint]:
    """A server, on a free port unless one is named; every connection is closed at the end."""
    behaviour = behaviour or replying()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        endpoint.connections += 1
        with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
            await _serve(endpoint, behaviour, reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, host, port, ssl=tls, limit=1 << 20)
    bound = server.sockets[0].getsockname()[1]
    endpoint = Endpoint(host, bound, "https" if tls else "http")
    try:
        yield endpoint
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _serve(
    endpoint: Endpoint, behaviour: Behaviour, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    connection = endpoint.connections
    while not writer.is_closing():
        try:
            request = await _read(reader, connection)
        except asyncio.IncompleteReadError:
            return
        await endpoint.note(request)
        await behaviour(Exchange(request, reader, writer))


async def _read(reader: asyncio.StreamReader, connection: int) -> Request:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, path, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name, value.strip()) for name, _, value in pairs)
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return Request(method, path, headers, await reader.readexactly(length), connection, head)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in {known.value for known in HTTPStatus} else "Unknown"
