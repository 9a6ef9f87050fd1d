"""The scale-out store: PostgreSQL 15 or newer by asyncpg, group commit per sandbox.

What a turn of the loop hands over for one sandbox is one transaction, and while it commits the next one gathers.
Sandboxes commit side by side, each on a connection of a small pool. Reads have a pool of their own, which can't write.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg
import structlog

from retour import limits
from retour.errors import Busy, ConfigError
from retour.model import Lane
from retour.stores import (
    DeliveryClaim,
    EarlyReport,
    MessageClaim,
    RoomName,
    Row,
    claims,
    plans,
    postgres_writes,
)
from retour.stores.handovers import Answer, Handover
from retour.stores.plans import Plan
from retour.stores.postgres_presence import Presence
from retour.stores.postgres_schema import prepare
from retour.stores.postgres_statistics import Statistics
from retour.stores.postgres_writes import DATABASE_CLOCK, Texts, UnknownError, unavailable

BATCH = 512  # hand-overs per commit; more only lengthens the wait of the first
CONNECTIONS = (1, 8)  # that write; more sandboxes at once wait for one
READERS = (1, 4)
WRITE_SECONDS = 10.0  # a statement that takes longer waits for a lock that nobody gives back
READ_SECONDS = 1.0
PAUSE_SECONDS = 0.05  # before a database that can't be reached is asked again
# What writes finds its rows by an index, in the index's order. To a planner whose figures are older than a backlog,
# reading and sorting all of it looks cheap (a claim of 16 out of 300,000 then took 2 s instead of 2 ms).
BY_INDEX = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
AGAIN = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,  # somebody has migrated
)
T = TypeVar("T")
log = structlog.get_logger()


class Job:
    """A hand-over, and the future that hears of it. `begun`: its transaction is open."""

    __slots__ = ("begun", "future", "handover")

    def __init__(self, handover: Handover) -> None:
        self.handover = handover
        self.future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.begun = False

    def begin(self) -> bool:
        """From here on its outcome is unknown; False when nobody waits for it any longer."""
        self.begun = not self.future.done()
        return self.begun

    def too_late(self) -> None:
        """What was not begun will not be; of what was begun the outcome is unknown."""
        self.fail(Busy(begun=self.begun))

    def tell(self, answer: Answer) -> None:
        """It is committed, or nothing of it was written."""
        if not self.future.done():
            self.future.set_result(answer)

    def fail(self, error: Exception) -> None:
        """It went wrong."""
        if not self.future.done():
            self.future.set_exception(error)


class PostgresStore:
    """See stores.Store. `open` makes one; it must be closed."""

    def __init__(self, presence: Presence, writers: asyncpg.Pool, readers: asyncpg.Pool, clock: str) -> None:
        self._presence = presence
        self._writers = writers
        self._readers = readers
        self._texts = Texts(clock)
        self._statistics = Statistics()
        self._part = secrets.token_hex(4)  # counts by itself, see tallies.py
        self._lines: dict[str, deque[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, url: str, now: int, clock: str = DATABASE_CLOCK) -> PostgresStore:
        """Migrate, free the leases of a process before unless another one lives, connect.

        clock: what leases go by, as SQL; other than the database's own for tests that move it. Raises ConfigError.
        """
        await prepare(url)
        presence = await Presence.enter(url, now)
        try:
            writers = await _pool(url, CONNECTIONS, WRITE_SECONDS, **BY_INDEX)
            readers = await _pool(url, READERS, READ_SECONDS, **BY_INDEX, default_transaction_read_only="on")
        except (OSError, asyncpg.PostgresError) as error:
            await presence.leave()
            raise ConfigError(f"RETOUR_DATABASE: {error}.") from error
        return cls(presence, writers, readers, clock)

    async def write(self, handover: Handover) -> Answer:
        """See Store.write."""
        job = Job(handover)
        timer = asyncio.get_running_loop().call_later(limits.COMMIT_SECONDS, job.too_late)
        self._stand_in_line(plans.sandbox(handover), job)
        try:
            return await job.future
        finally:
            timer.cancel()

    async def claim_messages(self, lane: Lane, now: int, limit: int) -> MessageClaim:
        """See Store.claim_messages."""
        return await self._claim(claims.take_messages(lane, now, limit))

    async def claim_deliveries(self, sandbox: str, now: int, limit: int) -> DeliveryClaim:
        """See Store.claim_deliveries."""
        return await self._claim(claims.take_deliveries(sandbox, now, limit))

    async def claim_reports(self, sandbox: str, now: int, limit: int) -> tuple[EarlyReport, ...]:
        """See Store.claim_reports."""
        return await self._claim(claims.take_reports(sandbox, now, limit))

    async def due_lanes(self, room: RoomName, now: int) -> list[Lane]:
        """See Store.due_lanes."""
        match room:
            case RoomName.SENDING:
                rows = await self.read("due_message_lanes", now=now)
            case RoomName.DISPATCH:
                rows = await self.read("due_delivery_lanes", now=now, threshold=limits.CIRCUIT_FAILURES)
            case RoomName.REPORTS:
                rows = await self.read("due_report_lanes", now=now)
        return [Lane(*row) for row in rows]

    async def read(self, statement: str, **values: Any) -> list[Row]:
        """See Store.read."""
        text = self._texts.plain[statement]
        arguments = text.arguments(values)
        try:
            async with asyncio.timeout(limits.COMMIT_SECONDS):
                return await self._read(text.text, arguments)
        except (TimeoutError, asyncpg.QueryCanceledError) as error:
            raise Busy(begun=False) from error

    async def close(self) -> None:
        """See Store.close."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._writers.close()
        await self._readers.close()
        await self._presence.leave()

    # --- hand-overs ---

    def _stand_in_line(self, sandbox: str, job: Job) -> None:
        """Behind those of its sandbox. Who is first starts the work, at the loop's next turn."""
        line = self._lines.get(sandbox)
        if line is None:
            line = self._lines[sandbox] = deque()
            self._start(self._work(sandbox, line))
        line.append(job)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, sandbox: str, line: deque[Job]) -> None:
        """Batch by batch, until nobody stands in line."""
        while line:
            await self._commit([line.popleft() for _ in range(min(len(line), BATCH))])
        del self._lines[sandbox]

    async def _commit(self, batch: list[Job]) -> None:
        """Until it is committed or refused, or nobody waits for it any longer."""
        while any(not job.future.done() for job in batch):
            try:
                return await self._try(batch)
            except AGAIN:
                continue
            except Exception as error:  # of whatever kind: told to whoever asked
                if isinstance(error, UnknownError):
                    return _fail(batch, Busy(begun=True))
                if not _out_of_order(error):
                    return await self._split(batch, error)
                await _wait(batch, error)
        return None

    async def _try(self, batch: list[Job]) -> None:
        """One transaction for all that still wait; a single one may be undone in it."""
        async with self._writers.acquire() as db:
            jobs = [job for job in batch if job.begin()]
            if len(jobs) > 1:
                handovers = [job.handover for job in jobs]
                answers = await postgres_writes.write(db, self._texts, handovers, self._part)
            else:
                answers = [
                    await postgres_writes.write_one(db, self._texts, job.handover, self._part) for job in jobs
                ]
        for job, answer in zip(jobs, answers, strict=True):
            job.tell(answer)
        if self._statistics.due(len(jobs)):
            self._start(self._statistics.refresh(self._writers))

    async def _split(self, batch: list[Job], error: Exception) -> None:
        """One of them can't be written: each is on its own, and that one hears why."""
        if len(batch) == 1:
            return batch[0].fail(error)
        for job in batch:
            await self._commit([job])
        return None

    # --- claims and reads ---

    async def _claim(self, plan: Plan[T]) -> T:
        """Patient once begun: rows that are leased while nobody waits for them are lost until the lease ends."""
        timeout = asyncio.timeout(limits.COMMIT_SECONDS)
        try:
            async with timeout, self._writers.acquire() as db:
                timeout.reschedule(None)
                return await postgres_writes.carry_out(db, self._texts, plan)
        except Exception as error:
            if isinstance(error, UnknownError):
                raise Busy(begun=True) from error
            if _out_of_order(error) or isinstance(error, AGAIN):
                raise Busy(begun=False) from error
            raise

    async def _read(self, text: str, arguments: tuple[Any, ...]) -> list[Row]:
        """Asked again as long as the database can't be reached; whoever asked sets an end to it."""
        while True:
            try:
                async with self._readers.acquire() as db:
                    return [tuple(row) for row in await db.fetch(text, *arguments)]
            except Exception as error:
                if not unavailable(error) or isinstance(error, asyncpg.QueryCanceledError):
                    raise
                log.warning("store_unreachable", error=str(error))
                await asyncio.sleep(PAUSE_SECONDS)


async def _pool(url: str, sizes: tuple[int, int], seconds: float, **more: str) -> asyncpg.Pool:
    """Connections whose statements end in time. Nothing is reset between two users: all are this store."""
    lowest, highest = sizes
    settings = {
        "application_name": "retour",
        "statement_timeout": str(round(seconds * 1000)),
        "idle_in_transaction_session_timeout": str(round(WRITE_SECONDS * 2000)),
        "jit": "off",
        **more,
    }
    return await asyncpg.create_pool(
        url,
        min_size=lowest,
        max_size=highest,
        timeout=limits.COMMIT_SECONDS,
        command_timeout=WRITE_SECONDS * 1.5,
        max_cached_statement_lifetime=0,
        reset=_nothing,
        server_settings=settings,
    )


async def _nothing(_: asyncpg.Connection) -> None:
    """Between two users of a connection."""


def _out_of_order(error: Exception) -> bool:
    """Whether the database can't take writes now. One that only reads is on its way out or in."""
    return unavailable(error) or isinstance(error, asyncpg.ReadOnlySQLTransactionError)


def _fail(batch: list[Job], error: Exception) -> None:
    for job in batch:
        job.fail(error)


async def _wait(batch: list[Job], error: Exception) -> None:
    """Nothing of it was written; it is tried again in a moment."""
    log.warning("store_unreachable", error=str(error), handovers=len(batch))
    for job in batch:
        job.begun = False
    await asyncio.sleep(PAUSE_SECONDS)
