"""The open connections to the relay of one channel configuration: reused, bounded, let go when idle."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self

import aiosmtplib

from retour.channels.smtp_connection import Dialer, Progress
from retour.channels.smtp_replies import Stage
from retour.limits import SMTP_IDLE_SECONDS, SMTP_MESSAGES_PER_CONNECTION

FRESH_SECONDS = 1.0
"""A connection that was used so lately isn't asked with RSET first: a dead one is replaced anyway."""

PROBE_SECONDS = 5.0
"""For the answer to RSET or QUIT of a connection that lay idle; then it counts as dead."""


@dataclass
class Connection:
    """An open connection. `messages`: transactions begun on it. `clean`: its last one ended well."""

    client: aiosmtplib.SMTP
    messages: int = 0
    idle_since: float = 0.0
    clean: bool = True
    reused: bool = False


class Pool:
    """At most `size` connections. The newest idle one goes first, so that surplus ones grow old and go."""

    def __init__(self, dialer: Dialer, size: int, *, idle_seconds: float = SMTP_IDLE_SECONDS) -> None:
        self.dialer = dialer
        self._free = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._idle_seconds = idle_seconds
        self._reaper: asyncio.TimerHandle | None = None
        self._farewells: set[asyncio.Task[None]] = set()
        self._closed = False

    def borrow(self, progress: Progress) -> Loan:
        """`async with` a Loan: holds one of the pool's places."""
        return Loan(self, progress)

    async def close(self) -> None:
        """Say QUIT on what is idle; what is in use is closed when it comes back."""
        self._closed = True
        self._reap(everything=True)
        if self._farewells:
            await asyncio.gather(*self._farewells)

    async def take(self) -> Connection | None:
        """An idle connection that answers, or None."""
        loop = asyncio.get_running_loop()
        while self._idle:
            connection = self._idle.pop()
            connection.reused = True
            if not connection.client.is_connected:
                continue
            age = loop.time() - connection.idle_since
            trusted = connection.clean and age < FRESH_SECONDS
            if age < self._idle_seconds and (trusted or await _answers(connection)):
                return connection
            connection.client.close()
        return None

    def give_back(self, connection: Connection) -> None:
        """Keep it for the next message, unless it is dead, used up or the pool is closed."""
        if not connection.client.is_connected:
            return
        if self._closed or connection.messages >= SMTP_MESSAGES_PER_CONNECTION:
            self._bid_farewell(connection)
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)
        if self._reaper is None:
            self._wake_reaper()

    async def enter(self) -> None:
        """Wait for a free place."""
        await self._free.acquire()

    def leave(self) -> None:
        """Free the place."""
        self._free.release()

    def _wake_reaper(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = min(connection.idle_since for connection in self._idle)
        self._reaper = loop.call_at(oldest + self._idle_seconds, self._reap)

    def _reap(self, everything: bool = False) -> None:
        """Let go of what has been idle for too long; come again for the rest."""
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None
        before = asyncio.get_running_loop().time() - self._idle_seconds
        for connection in [each for each in self._idle if everything or each.idle_since <= before]:
            self._idle.remove(connection)
            self._bid_farewell(connection)
        if self._idle:
            self._wake_reaper()

    def _bid_farewell(self, connection: Connection) -> None:
        task = asyncio.get_running_loop().create_task(_quit(connection.client))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)


class Loan:
    """One place of the pool and the connection in it; `connect` gives another one if the first is dead."""

    def __init__(self, pool: Pool, progress: Progress) -> None:
        self._pool = pool
        self._progress = progress
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        self._progress.stage = Stage.ROOM
        await self._pool.enter()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """After an exception, or a cancelling, nobody knows what the connection would say next."""
        if self._connection is not None:
            if kind is not None:
                self._connection.client.close()
            self._pool.give_back(self._connection)
        self._pool.leave()

    async def connect(self, *, fresh: bool = False) -> Connection | str:
        """A connection ready for MAIL: an idle one unless `fresh`, else a new one; or why there is none."""
        self._progress.stage = Stage.CONNECT
        self._connection = None if fresh else await self._pool.take()
        if self._connection is None:
            opened = await self._pool.dialer.open(self._progress)
            if isinstance(opened, str):
                return opened
            self._connection = Connection(client=opened)
        return self._connection


async def _answers(connection: Connection) -> bool:
    """RSET: ends what the last message left open, and shows that somebody is there."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await connection.client.rset()
    except (aiosmtplib.SMTPException, OSError):
        return False
    return True


async def _quit(client: aiosmtplib.SMTP) -> None:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()
