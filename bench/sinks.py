"""Where mail and feedback end: an SMTP sink and an HTTPS receiver, each a process of its own, as cheap as can be.

Kinds: `smtp`; `https`; `told`, which tells the statuses of a recipient apart; `sms`, in gateway.py. All say yes to
everything and remember when each recipient's message first came. Spoken to by lines on standard input and output; the
end of the input ends them. Times are the machine's monotonic clock, one for all processes.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httptools
import msgspec
import uvloop

ADDRESS = re.compile(rb'"profileAddress":"([^"]*)"')
NUMBER = re.compile(rb'"profileNumber":"([^"]*)"')
STATUS = re.compile(rb'"feedbackStatus":\{"value":"([^"]*)"')
PATH = re.compile(rb"<([^>]*)>")
GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
END_OF_DATA = b"\r\n.\r\n"
REPLIES = {
    b"EHLO": b"250-sink\r\n250-SIZE 10000000\r\n250 8BITMIME\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
TAKEN = b"250 2.0.0 Ok: queued as 4F2A91C03B\r\n"
YES = b"250 2.0.0 Ok\r\n"
BACKLOG = 256


class Arrivals:
    """When each recipient's message first came."""

    def __init__(self) -> None:
        self.first: dict[bytes, int] = {}
        self.all = 0
        self._wanted = 0
        self._enough = asyncio.Event()

    def note(self, key: bytes) -> None:
        """It came now."""
        self.all += 1
        self.first.setdefault(key, time.monotonic_ns())
        if len(self.first) >= self._wanted:
            self._enough.set()

    async def wait(self, number: int, seconds: float) -> bool:
        """Whether so many different ones came in time."""
        self._wanted = number
        self._enough.clear()
        if len(self.first) < number:
            try:
                await asyncio.wait_for(self._enough.wait(), seconds)
            except TimeoutError:
                return False
        return True


class Https(asyncio.Protocol):
    """One connection of the receiver: 200 to every request."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.arrivals = arrivals
        self._body: list[bytes] = []
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: Any) -> None:
        """Of asyncio."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        """Of httptools."""
        self._body.append(part)

    def on_message_complete(self) -> None:
        """Of httptools."""
        body = b"".join(self._body)
        self._body.clear()
        self._transport.write(self.answer(body))

    def answer(self, body: bytes) -> bytes:
        """Note what came, and by which recipient; what is answered to it."""
        self.arrivals.note(_found(ADDRESS, body))
        return GOOD


class Told(Https):
    """The same, for recipients who are told of more than once."""

    def answer(self, body: bytes) -> bytes:
        """See Https."""
        self.arrivals.note(_found(NUMBER, body) + b" " + _found(STATUS, body))
        return GOOD


def _found(pattern: re.Pattern[bytes], body: bytes) -> bytes:
    found = pattern.search(body)
    return found[1] if found else b""


class Smtp(asyncio.Protocol):
    """One connection of the mail sink: it takes every message and keeps none."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._rest = b""
        self._recipient = b""
        self._in_data = False

    def connection_made(self, transport: Any) -> None:
        """Of asyncio."""
        self._transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        self._rest += data
        while self._step():
            pass

    def _step(self) -> bool:
        """Take one line or one message; False when there is none yet."""
        taken, mark, rest = self._rest.partition(END_OF_DATA if self._in_data else b"\r\n")
        if not mark:
            return False
        self._rest = rest
        if self._in_data:
            self._in_data = False
            self._arrivals.note(self._recipient)
            self._transport.write(TAKEN)
        else:
            self._obey(taken)
        return True

    def _obey(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"RCPT":
            found = PATH.search(line)
            self._recipient = found[1] if found else b""
        self._in_data = verb == b"DATA"
        self._transport.write(REPLIES.get(verb, YES))


KINDS: dict[str, Callable[[Arrivals], asyncio.Protocol]] = {"https": Https, "told": Told, "smtp": Smtp}


async def serve(
    made: Callable[[], asyncio.Protocol], arrivals: Arrivals, certificate: str = "", key: str = ""
) -> None:
    """Listen, then do what the lines on standard input say. certificate: for TLS."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(made, "127.0.0.1", 0, ssl=context, backlog=BACKLOG)
    _say(server.sockets[0].getsockname()[1])
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        await _answer(line.decode().split(), arrivals)


async def _answer(words: list[str], arrivals: Arrivals) -> None:
    if words[0] == "wait":
        _say(await arrivals.wait(int(words[1]), float(words[2])))
    elif words[0] == "times":
        _say({key.decode(): at for key, at in arrivals.first.items()})
    elif words[0] == "all":
        _say(arrivals.all)


def _say(value: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


class Sink:
    """A sink's process, as the benchmark sees it. `with` it."""

    def __init__(self, kind: str, certificate: Path | str = "", key: Path | str = "") -> None:
        module = "bench.gateway" if kind == "sms" else "bench.sinks"
        self._command = [sys.executable, "-m", module, kind, str(certificate), str(key)]

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe)
        self.pid = self._process.pid
        self.port: int = self._hear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def wait(self, number: int, seconds: float) -> None:
        """Until messages for so many different recipients came. Raises TimeoutError."""
        if not self._ask(f"wait {number} {seconds}"):
            raise TimeoutError(f"only {len(self.times())} of {number} came within {seconds:g} s")

    def times(self) -> dict[str, int]:
        """When each recipient's message first came (monotonic nanoseconds)."""
        return dict(self._ask("times"))

    def all(self) -> int:
        """How many came, repeats as well."""
        return int(self._ask("all"))

    def _ask(self, line: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> Any:
        assert self._process.stdout is not None
        return msgspec.json.decode(self._process.stdout.readline())


if __name__ == "__main__":
    came = Arrivals()
    uvloop.run(serve(partial(KINDS[sys.argv[1]], came), came, *sys.argv[2:4]))
