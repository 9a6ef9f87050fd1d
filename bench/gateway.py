"""An SMS provider, as cheap as can be, a process of its own: it takes every message, and posts a delivery report of it
a moment later, as providers do: what is not taken is posted again.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import deque
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
import uvloop

from bench.load import Client
from bench.sinks import Arrivals, Https, serve
from retour import limits

MOMENT_SECONDS = 0.05  # from the answer to the report
AGAIN_SECONDS = 0.2
CONNECTIONS = limits.CALLBACKS_AT_ONCE
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"


class Submit(msgspec.Struct):
    """What the channel configuration says is sent (Space.gateway)."""

    to: str
    text: str
    dlr: str


class Post(NamedTuple):
    """A report on its way. port: of the service."""

    port: int
    request: bytes


class Reports:
    """Posts reports on kept connections, to one service."""

    def __init__(self) -> None:
        self._due: deque[Post] = deque()
        self._idle: deque[Client] = deque()
        self._busy: dict[Client, Post] = {}
        self._open = 0

    def post(self, post: Post) -> None:
        """Now, or when a connection is free."""
        self._due.append(post)
        self._send()

    def answered(self, client: Client, status: int, _: int) -> None:
        """Taken, or to be posted again."""
        post = self._busy.pop(client)
        self._idle.append(client)
        if status != 200:
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.post, post)
        self._send()

    def lost(self, client: Client, _: Exception | None) -> None:
        """The service hangs up on who is silent for long."""
        self._open -= 1
        if client in self._idle:
            self._idle.remove(client)
        if client in self._busy:
            self.post(self._busy.pop(client))

    def _send(self) -> None:
        while self._due and self._idle:
            client, post = self._idle.popleft(), self._due.popleft()
            self._busy[client] = post
            client.call(post.request, 0)
        if self._due and self._open < CONNECTIONS:
            self._open += 1
            self._connecting = asyncio.ensure_future(self._connect(self._due[0].port))

    async def _connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, client = await loop.create_connection(lambda: Client(self), "127.0.0.1", port)
        except OSError:  # the service has ended
            self._open -= 1
            return
        self._idle.append(client)
        self._send()


class Gateway(Https):
    """One connection of the provider."""

    reports = Reports()
    numbers = itertools.count()

    def answer(self, body: bytes) -> bytes:
        """See Https."""
        submit = msgspec.json.decode(body, type=Submit)
        name = f"gw-{next(self.numbers)}"
        self.arrivals.note(submit.to.encode())
        asyncio.get_running_loop().call_later(MOMENT_SECONDS, self.reports.post, _report(submit.dlr, name))
        answer = msgspec.json.encode({"id": name})
        return ANSWER % (len(answer), answer)


def _report(address: str, name: str) -> Post:
    place = urlsplit(address)
    body = msgspec.json.encode({"id": name, "status": "DELIVRD"})
    head = f"POST {place.path}?{place.query} HTTP/1.1\r\nhost: {place.netloc}\r\ncontent-type: application/json\r\n"
    return Post(place.port or 80, f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


if __name__ == "__main__":
    arrivals = Arrivals()
    uvloop.run(serve(lambda: Gateway(arrivals), arrivals, *sys.argv[2:4]))
