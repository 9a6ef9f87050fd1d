"""The floor: what the same work costs without the service. Each loop runs in a process of its own.

libcurl: POSTs by pycurl's multi interface driven by epoll, nothing else. commit: batches of rows committed to SQLite
with the service's settings. smtp: mail transactions over plain sockets, to see what the sink can take.
"""

from __future__ import annotations

import asyncio
import resource
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pycurl
import uvloop

from retour.model import Value
from retour.stores.sqlite import connect

BODY_BYTES = 1_000  # about a feedback event with its framing
ROW_BYTES = 600
ROWS_A_COMMIT = 64
HEADERS = ("content-type: application/json", "authorization: Bearer " + "t" * 190, "Expect:")
LETTER = b"Subject: Hello\r\n\r\n" + b"A line of text that says nothing at all.\r\n" * 12 + b".\r\n"


class Bare(Value):
    """What one piece of work costs: CPU of the loop's process, and its time by the clock (median)."""

    cpu_seconds: float
    wall_seconds: float


def post(port: int, authority: Path, number: int, at_once: int) -> Bare:
    """CPU of one POST over TLS on kept connections."""
    return _child("post", str(port), str(authority), str(number), str(at_once))


def commit(folder: Path, number: int) -> Bare:
    """CPU of a row, and the time of a commit of ROWS_A_COMMIT rows."""
    return _child("commit", str(folder), str(number))


def mail(port: int, number: int, at_once: int) -> Bare:
    """CPU of one mail transaction, asked line by line."""
    return _child("mail", str(port), str(number), str(at_once))


def _child(*words: str) -> Bare:
    command = [sys.executable, "-m", "bench.bare", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=120)
    return msgspec.json.decode(done.stdout, type=Bare)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# --- libcurl ---


class _Poster:
    """libcurl's multi interface, its sockets watched by epoll."""

    def __init__(self, url: str, authority: str, at_once: int) -> None:
        self._url = url
        self._multi = pycurl.CurlMulti()
        self._poll = select.epoll()
        self._watched: set[int] = set()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._idle = [_handle(authority) for _ in range(at_once)]

    def run(self, number: int) -> None:
        """So many POSTs."""
        left, busy = number, 0
        while left or busy:
            while left and self._idle:
                self._multi.add_handle(_dialled(self._idle.pop(), self._url, left))
                left, busy = left - 1, busy + 1
                self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            for number_, events in self._poll.poll(0.01) or [(pycurl.SOCKET_TIMEOUT, 0)]:
                self._multi.socket_action(number_, _as_curl(events))
            busy -= self._finish()

    def _watch(self, what: int, socket: int, *_: Any) -> None:
        if what == pycurl.POLL_REMOVE:
            if socket in self._watched:
                self._watched.discard(socket)
                self._poll.unregister(socket)
            return
        events = select.EPOLLIN if what != pycurl.POLL_OUT else 0
        events |= select.EPOLLOUT if what != pycurl.POLL_IN else 0
        if socket in self._watched:
            self._poll.modify(socket, events)
        else:
            self._watched.add(socket)
            self._poll.register(socket, events)

    def _finish(self) -> int:
        _, good, bad = self._multi.info_read(1_000)
        if bad or any(curl.getinfo(pycurl.RESPONSE_CODE) != 200 for curl in good):
            raise RuntimeError(f"the receiver did not take a bare POST: {bad}")
        for curl in good:
            self._multi.remove_handle(curl)
        self._idle += good
        return len(good)


def _as_curl(events: int) -> int:
    return (pycurl.CSELECT_IN if events & ~select.EPOLLOUT else 0) | (
        pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
    )


def _handle(authority: str) -> Any:
    curl = pycurl.Curl()
    curl.setopt(pycurl.CAINFO, authority)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.WRITEFUNCTION, lambda data: None)
    return curl


def _dialled(curl: Any, url: str, number: int) -> Any:
    """With all that differs from request to request."""
    signature = (
        "webhook-id: " + f"{number:036}",
        "webhook-timestamp: 1790000000",
        "webhook-signature: v1," + "s" * 44,
    )
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.POSTFIELDS, b"%0*d" % (BODY_BYTES, number))
    curl.setopt(pycurl.HTTPHEADER, [*HEADERS, *signature])
    return curl


def _post(port: str, authority: str, number: str, at_once: str) -> Bare:
    poster = _Poster(f"https://127.0.0.1:{port}/feedback", authority, int(at_once))
    poster.run(2 * int(at_once))  # the handshakes are not what is measured
    return _timed(lambda: poster.run(int(number)), int(number))


def _timed(work: Callable[[], None], number: int) -> Bare:
    cpu, began = _cpu(), time.monotonic()
    work()
    return Bare(cpu_seconds=(_cpu() - cpu) / number, wall_seconds=(time.monotonic() - began) / number)


# --- SQLite ---


def _commit(folder: str, number: str) -> Bare:
    db = connect(Path(folder) / "bare.db")
    db.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, doc)")
    seconds, cpu, doc = [], _cpu(), b"x" * ROW_BYTES
    for _ in range(int(number)):
        began = time.monotonic()
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO row (doc) VALUES (?)", [(doc,)] * ROWS_A_COMMIT)
        db.execute("COMMIT")
        seconds.append(time.monotonic() - began)
    cost = (_cpu() - cpu) / (int(number) * ROWS_A_COMMIT)
    return Bare(cpu_seconds=cost, wall_seconds=sorted(seconds)[len(seconds) // 2])


# --- SMTP ---


async def _transactions(port: int, number: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    lines = (b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n", b"DATA\r\n", LETTER)
    for _ in range(number):
        for line in lines:
            writer.write(line)
            await reader.readline()
    writer.close()


def _mail(port: str, number: str, at_once: str) -> Bare:
    async def all_of_them() -> None:
        each = int(number) // int(at_once)
        await asyncio.gather(*(_transactions(int(port), each) for _ in range(int(at_once))))

    return _timed(lambda: uvloop.run(all_of_them()), int(number))


if __name__ == "__main__":
    loops: dict[str, Callable[..., Bare]] = {"post": _post, "commit": _commit, "mail": _mail}
    sys.stdout.buffer.write(msgspec.json.encode(loops[sys.argv[1]](*sys.argv[2:])))
