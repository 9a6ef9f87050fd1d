"""Behaviours of endpoints that nobody wants, for `https.serving`. Those that last, last until hung up on."""

from __future__ import annotations

import asyncio
import gzip

from outside.https import Behaviour, Exchange

CHUNK = b"x" * 16_384
OPEN_END = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"


async def hang(exchange: Exchange) -> None:
    """Take the request and never answer."""
    await exchange.reader.read()


async def drip(exchange: Exchange) -> None:
    """A 200 whose body comes a byte at a time, for ever."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    await _repeat(exchange, b"x", 0.02)


async def drip_headers(exchange: Exchange) -> None:
    """A 200 whose headers never end, one every 20 ms."""
    await exchange.send(b"HTTP/1.1 200 OK\r\n")
    await _repeat(exchange, b"X-Drip: 1\r\n", 0.02)


async def endless(exchange: Exchange) -> None:
    """A 200 with a body without end, as fast as it is taken."""
    await exchange.send(OPEN_END)
    await _repeat(exchange, CHUNK, 0)


async def endless_chunks(exchange: Exchange) -> None:
    """The same in chunks."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await _repeat(exchange, b"4000\r\n" + CHUNK + b"\r\n", 0)


async def huge_headers(exchange: Exchange) -> None:
    """A 200 with 64 KiB of headers."""
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1_000) for number in range(64))
    await exchange.send(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n")


async def huge_header_line(exchange: Exchange) -> None:
    """One header line without end."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    await _repeat(exchange, CHUNK, 0)


async def gzip_bomb(exchange: Exchange) -> None:
    """20 MB of zeros in 20 kB, said to be gzip."""
    bomb = gzip.compress(bytes(20_000_000), 9)
    await exchange.reply(200, bomb, (("Content-Encoding", "gzip"),))


async def close_unanswered(exchange: Exchange) -> None:
    """Take the request and hang up."""
    exchange.close()


async def close_mid_body(exchange: Exchange) -> None:
    """Promise 1,000 bytes, send ten, hang up."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789")
    exchange.close()


async def close_mid_chunk(exchange: Exchange) -> None:
    """Leave out the last chunk."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    exchange.close()


async def continue_first(exchange: Exchange) -> None:
    """Two 1xx answers before the real one."""
    await exchange.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    await exchange.reply(202, b"taken")


async def continue_for_ever(exchange: Exchange) -> None:
    """1xx answers and never a real one."""
    await _repeat(exchange, b"HTTP/1.1 100 Continue\r\n\r\n", 0.02)


async def gibberish(exchange: Exchange) -> None:
    """What an SSH or HTTP/0.9 server would say."""
    await exchange.send(b"SSH-2.0-OpenSSH_9.9\r\n")
    exchange.close()


def redirecting(to: str, status: int = 302) -> Behaviour:
    """Point somewhere else."""

    async def redirect(exchange: Exchange) -> None:
        await exchange.reply(status, b"", (("Location", to),))

    return redirect


def closing_kept_connections() -> Behaviour:
    """Answer the first request of a connection, and hang up on its second without a byte."""
    seen: set[int] = set()

    async def close_on_reuse(exchange: Exchange) -> None:
        if exchange.request.connection in seen:
            exchange.close()
            return
        seen.add(exchange.request.connection)
        await exchange.reply(200, b"first")

    return close_on_reuse


async def _repeat(exchange: Exchange, data: bytes, seconds: float) -> None:
    """Until the other side hangs up: `drain` raises ConnectionError then."""
    while not exchange.writer.is_closing():
        await exchange.send(data)
        await asyncio.sleep(seconds)
