"""One bound session with an SMSC: what waits for an answer, what comes in, and its end.

The library's own client is not used: it answers each deliver_sm by itself before anybody has written down what it
says. Here a deliver_sm is answered when whoever hears it is done with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog

from retour import ids
from retour.channels.smpp_pdus import (
    DELIVER_SM,
    ENQUIRE_LINK,
    HEADER,
    NACK,
    RESPONSE,
    SUBMIT_SM,
    UNBIND,
    Pdu,
    delivered,
    header,
    pdu,
)
from retour.limits import (
    SECOND,
    SMPP_ANSWER_SECONDS,
    SMPP_ENQUIRE_SECONDS,
    SMPP_FRESH_SECONDS,
    SMPP_HEARD_AT_ONCE,
    SMPP_PDU_BYTES,
    SMPP_PDUS,
)
from retour.rates import Rate
from retour.smsproviders.smpp import Delivered
from retour.smsproviders.smpp_codes import (
    LATER,
    OK,
    UNKNOWN_COMMAND,
    WRONG_PARAMETER_LENGTH,
)

log = structlog.get_logger()

Hear = Callable[[Delivered], Awaitable[int]]
"""Takes what came in, and says with which status it is answered."""

SEQUENCES = 0x7FFFFFFF
UNBIND_SECONDS = 1.0  # for the answer; it changes nothing


class NotSent(Exception):
    """The session had ended before the submit went out: nothing is known to the SMSC."""


class Unanswered(Exception):
    """The submit went out and no answer came: nobody knows whether the SMSC took it."""


class Session:
    """A connection that is bound, or about to be.

    window: how many submits may wait for an answer. smsc: what the SMSC calls itself, once it is bound.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int, hear: Hear
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.window = asyncio.Semaphore(window)
        self._hear = hear
        self._rate = Rate(SMPP_PDUS)
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Pdu | None]] = {}
        self._heard: set[asyncio.Task[None]] = set()
        self._closing = False
        self._leaving: asyncio.Task[None] | None = None
        self._last_heard = asyncio.get_running_loop().time()
        self.smsc = ""
        self.ended = asyncio.Event()
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._watch())]

    @property
    def usable(self) -> bool:
        """Whether it takes submits."""
        return not (self._closing or self.ended.is_set())

    def info(self, name: str) -> Any:
        """What the connection knows of itself: `peercert`, `ssl_object`."""
        return self._writer.get_extra_info(name)

    async def submit(self, make: Callable[[int], bytes]) -> Pdu:
        """The answer to a submit_sm, made for a sequence number. Hold the window. Raises NotSent or Unanswered."""
        answer = await self.ask(SUBMIT_SM, make)
        if answer is None or answer.command not in (SUBMIT_SM | RESPONSE, NACK):
            raise Unanswered
        return answer

    async def ask(
        self, command: int, make: Callable[[int], bytes] | None = None, seconds: float = SMPP_ANSWER_SECONDS
    ) -> Pdu | None:
        """A request, and the answer to it; None where none came. Raises NotSent."""
        if self.ended.is_set():
            raise NotSent
        self._sequence = sequence = self._sequence % SEQUENCES + 1
        answer: asyncio.Future[Pdu | None] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = answer
        try:
            self._writer.write(make(sequence) if make else pdu(command, sequence))
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(sequence, None)

    def leave(self) -> None:
        """Close it, without waiting for that: others may still have an answer coming."""
        self._closing = True
        if self._leaving is None:
            self._leaving = asyncio.create_task(self.close())

    async def close(self) -> None:
        """Take no more submits, let what is on its way be answered, unbind, go."""
        self._closing = True
        while self._waiting and not self.ended.is_set():
            await asyncio.wait([*self._waiting.values()])
        if self._heard:
            await asyncio.wait([*self._heard], timeout=SMPP_ANSWER_SECONDS)
        with suppress(NotSent):
            await self.ask(UNBIND, seconds=UNBIND_SECONDS)
        self.end()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(OSError):
            await self._writer.wait_closed()

    def end(self) -> None:
        """It is over: nothing that waits will be answered."""
        self.ended.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(None)
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._writer.close()

    async def wake(self) -> None:
        """After a silence, ask whether the SMSC is there: a submit into a dead connection is in doubt for ever.

        Raises NotSent.
        """
        silent = asyncio.get_running_loop().time() - self._last_heard
        if self.usable and silent > SMPP_FRESH_SECONDS and await self.ask(ENQUIRE_LINK) is None:
            self.end()
        if not self.usable:
            raise NotSent

    async def _watch(self) -> None:
        """Ask in each silence; who does not answer is gone."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(max(0.1, self._last_heard + SMPP_ENQUIRE_SECONDS - loop.time()))
            if (
                loop.time() - self._last_heard >= SMPP_ENQUIRE_SECONDS
                and await self.ask(ENQUIRE_LINK) is None
            ):
                self.end()
                return

    async def _read(self) -> None:
        """Everything that comes, to the end of the connection."""
        try:
            while True:
                self._take(await self._next())
                await self._writer.drain()  # who does not read what he asked for is not read either
                await self._pace()
        except (OSError, EOFError, _Garbled) as error:
            log.debug("smpp_read_ended", why=type(error).__name__)
        finally:
            self.end()

    async def _pace(self) -> None:
        """Not faster than our own messages need: an SMSC is a stranger, and others are served beside it."""
        while wait := self._rate.take("pdu", ids.now()):  # noqa: ASYNC110 - a bucket rings for nobody
            await asyncio.sleep(wait / SECOND)

    async def _next(self) -> Pdu:
        head = await self._reader.readexactly(HEADER.size)
        length = int.from_bytes(head[:4])
        if not HEADER.size <= length <= SMPP_PDU_BYTES:
            raise _Garbled
        raw = head + await self._reader.readexactly(length - HEADER.size)
        self._last_heard = asyncio.get_running_loop().time()
        return header(raw)

    def _take(self, came: Pdu) -> None:
        if came.command & RESPONSE:
            answer = self._waiting.get(came.sequence)
            if answer is not None and not answer.done():
                answer.set_result(came)
        elif came.command == DELIVER_SM:
            self._deliver(came)
        elif came.command in (ENQUIRE_LINK, UNBIND):
            self._answer(came, OK)
            if came.command == UNBIND:
                self.leave()
        else:
            self._writer.write(pdu(NACK, came.sequence, UNKNOWN_COMMAND))

    def _deliver(self, came: Pdu) -> None:
        """Answered when it has been heard. Too many at once are asked to come again."""
        found = delivered(came.raw)
        if found is None:
            log.warning("smpp_deliver_garbled", octets=len(came.raw))
            self._answer(came, WRONG_PARAMETER_LENGTH)
        elif len(self._heard) >= SMPP_HEARD_AT_ONCE:
            self._answer(came, LATER)
        else:
            task = asyncio.create_task(self._hear_and_answer(came, found))
            self._heard.add(task)
            task.add_done_callback(self._heard.discard)

    async def _hear_and_answer(self, came: Pdu, found: Delivered) -> None:
        self._answer(came, await self._hear(found))

    def _answer(self, came: Pdu, status: int) -> None:
        """deliver_sm_resp has a message id, which is unused (4.6.2)."""
        body = b"\0" if came.command == DELIVER_SM else b""
        if not self.ended.is_set():
            self._writer.write(pdu(came.command | RESPONSE, came.sequence, status, body))


class _Garbled(Exception):
    """What came is no PDU."""
