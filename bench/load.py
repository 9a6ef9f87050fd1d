"""A caller of the API in a process of its own: raw HTTP/1.1 on kept connections, so that it costs little.

As fast as it goes, or at a fixed rate; then a call's latency counts from the moment when it was due, also if no
connection was free, so that a slow answer is not hidden by the calls that it held back.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter, deque
from typing import Any, Protocol

import httptools
import msgspec
import uvloop

from bench.measure import Percentiles, percentiles
from retour.model import Value

BODY = (
    '{{"requestId":"{name}","campaignId":"{campaign}","recipients":[{{"type":"{kind}","userId":"{name}",'
    '"namespace":"{namespace}","channelData":{{{address}}},"profile":{{"person":'
    '{{"name":{{"firstName":"Jane","lastName":"Doe"}}}},"loyalty":{{"tier":"gold","points":1290}}}},'
    '"context":{{"order":{{"number":"{name}","total":"129.90 EUR"}},"offer":"free shipping"}}}}]}}'
)
ADDRESSES = {
    "email": '"emailAddress":"{name}@example.com"',
    "phone": '"mobilePhoneNumber":"+49151{number:08}"',
}


class Order(Value):
    """What to call, how often.

    prefix: of the recipients' names. namespace: `email` or `phone`. first: the number of the first recipient. kind:
    `aep`, of whom a profile is looked up and kept (all of them are new), or `external`. rate: calls a second, 0 for
    as many as go.
    """

    port: int
    path: str
    headers: dict[str, str]
    campaign: str
    prefix: str
    number: int
    first: int = 0
    namespace: str = "email"
    kind: str = "aep"
    clients: int = 64
    rate: float = 0
    seconds: float = 120


class Outcome(Value):
    """What came of it: answers by status, seconds from the first call to the last answer, latencies."""

    statuses: dict[int, int]
    seconds: float
    latency: Percentiles


class Calling(Protocol):
    """Who calls."""

    def answered(self, client: Client, status: int, nanoseconds: int) -> None:
        """A call is over."""

    def lost(self, client: Client, error: Exception | None) -> None:
        """The service hung up."""


class Client(asyncio.Protocol):
    """One kept connection; one call at a time."""

    def __init__(self, caller: Calling) -> None:
        self._caller = caller
        self._since = 0
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: Any) -> None:
        """Of asyncio."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Of asyncio."""
        self._caller.lost(self, error)

    def on_message_complete(self) -> None:
        """Of httptools."""
        status = self._parser.get_status_code()
        self._parser = httptools.HttpResponseParser(self)
        self._caller.answered(self, status, time.monotonic_ns() - self._since)

    def call(self, request: bytes, since: int) -> None:
        """Send it; its latency counts from `since`."""
        self._since = since
        self._transport.write(request)


class Caller:
    """Makes the calls of an order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._next = 0
        self._statuses: Counter[int] = Counter()
        self._latencies: list[int] = []
        self._idle: deque[Client] = deque()  # in turns: the service hangs up on who is silent for long
        self._due: deque[int] = deque()
        self._done = asyncio.get_running_loop().create_future()
        lines = "".join(f"{name}: {value}\r\n" for name, value in order.headers.items())
        self._head = f"POST {order.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{lines}".encode()

    async def run(self) -> Outcome:
        """All of them. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        clients = [
            await loop.create_connection(lambda: Client(self), "127.0.0.1", self._order.port)
            for _ in range(self._order.clients)
        ]
        began = time.monotonic_ns()
        self._idle.extend(client for _, client in clients)
        if self._order.rate:
            pace = asyncio.ensure_future(self._pace(began))
        else:
            self._due.extend([0] * self._order.number)
            self._send()
        await asyncio.wait_for(asyncio.shield(self._done), self._order.seconds)
        if self._order.rate:
            await pace
        seconds = (time.monotonic_ns() - began) / 1e9
        return Outcome(statuses=dict(self._statuses), seconds=seconds, latency=percentiles(self._latencies))

    def answered(self, client: Client, status: int, nanoseconds: int) -> None:
        """A call is over: make the next one on its connection."""
        self._statuses[status] += 1
        self._latencies.append(nanoseconds)
        self._idle.append(client)
        if len(self._latencies) == self._order.number and not self._done.done():
            self._done.set_result(None)
        self._send()

    def lost(self, _: Client, error: Exception | None) -> None:
        """The service hung up, which is no part of the plan."""
        if not self._done.done():
            self._done.set_exception(ConnectionError(f"the service closed a connection: {error}"))

    async def _pace(self, began: int) -> None:
        for count in range(self._order.number):
            due = began + round(count * 1e9 / self._order.rate)
            await asyncio.sleep(max(0.0, (due - time.monotonic_ns()) / 1e9))
            self._due.append(due)
            self._send()

    def _send(self) -> None:
        """As many calls as are due and have a connection."""
        while self._due and self._idle:
            since = self._due.popleft() or time.monotonic_ns()
            self._idle.popleft().call(self._request(), since)

    def _request(self) -> bytes:
        order, number = self._order, self._order.first + self._next
        name = f"{order.prefix}{number}"
        self._next += 1
        address = ADDRESSES[order.namespace].format(name=name, number=number)
        fields = {"campaign": order.campaign, "kind": order.kind, "namespace": order.namespace}
        body = BODY.format(name=name, address=address, **fields).encode()
        return self._head + b"content-length: %d\r\n\r\n" % len(body) + body


def run(order: Order) -> Outcome:
    """The order, carried out by a process of its own. Raises RuntimeError unless every answer was a 202."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=msgspec.json.encode(order),
        capture_output=True,
        timeout=order.seconds + 30,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    outcome = msgspec.json.decode(done.stdout, type=Outcome)
    if outcome.statuses != {202: order.number}:
        raise RuntimeError(f"not every call was accepted: {outcome.statuses}")
    return outcome


async def _main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(await Caller(order).run()))


if __name__ == "__main__":
    uvloop.run(_main())
