"""Ports below HTTP: one that tells whether anybody ever connected, and one that says the same to everybody."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from threading import Thread


@dataclass
class Trap:
    """A listening port that nobody serves; the kernel takes connections all the same, so none goes unseen."""

    listening: socket.socket
    port: int

    @property
    def touched(self) -> bool:
        """Whether somebody has connected since the last time this was asked."""
        try:
            self.listening.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@contextmanager
def trap(host: str = "127.0.0.1") -> Iterator[Trap]:
    """A trap on a free port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        listening.setblocking(False)
        yield Trap(listening, listening.getsockname()[1])


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[int]:
    """A port that says the same bytes to everybody at once and then waits for them to go."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        with suppress(ConnectionError):
            while await reader.read(1_024):
                pass
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@contextmanager
def resetting() -> Iterator[int]:
    """A port whose connections are reset as soon as they stand, by a thread, so that it can be at any moment."""

    def reset_each() -> None:
        with suppress(OSError):  # closed: the end
            while True:
                connection, _ = listening.accept()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=reset_each)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
