"""The embedded store: SQLite by apsw, one writer thread with group commit, one reader thread.

Why apsw: it brings its own SQLite; those before 3.51.3 can corrupt a WAL that two connections use
(sqlite.org/wal.html#walresetbug), and most systems still ship one. One process holds the file (a lock beside
it); more processes use another store.
"""

from __future__ import annotations

import asyncio
import fcntl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

import apsw
import structlog

from retour import limits
from retour.errors import Busy, ConfigError, StoreInUse
from retour.model import Lane
from retour.stores import DeliveryClaim, EarlyReport, MessageClaim, RoomName, Row, plans, sqlite_writes
from retour.stores.handovers import Answer, Handover
from retour.stores.plans import Ask
from retour.stores.sql import migrations
from retour.stores.sqlite_jobs import Inbox, Job
from retour.stores.sqlite_troubles import told

OLDEST = (3, 51, 3)
BATCH = 512  # hand-overs per commit; more only lengthens the wait of the first
ERASED = "erased"  # the setting that says that people were erased since the last start
REWRITTEN_BYTES = 1024 * 1024 * 1024  # some ten seconds
READ_SECONDS = 1.0  # an open cursor keeps the WAL from being reset
FLAGS = (
    apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
)  # a lock for each step else
WHOLE = (apsw.FullError, apsw.IOError, apsw.CorruptError, apsw.NotADBError)  # errors of the whole transaction
T = TypeVar("T")
log = structlog.get_logger()


class SqliteStore:
    """See stores.Store. `open` makes one; it must be closed."""

    def __init__(self, path: Path, lock: IO[str]) -> None:
        self.path = path
        self._lock = lock
        self._loop = asyncio.get_running_loop()
        self._writes, self._reads = Inbox(self._loop), Inbox(self._loop)
        self._threads = [
            threading.Thread(target=self._write_loop, name="retour-writer", daemon=True),
            threading.Thread(target=self._read_loop, name="retour-reader", daemon=True),
        ]

    @classmethod
    async def open(cls, path: Path, now: int) -> SqliteStore:
        """Lock the file, migrate, free the leases of the process before, start the threads. Raises ConfigError."""
        _refuse_old_sqlite()
        with told(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600, exist_ok=True)  # noqa: ASYNC240 - before anything is served; the log gets the mode
            lock = lock_file(path)
        try:
            with told(path):
                _prepare(path, now)
        except BaseException:
            lock.close()
            raise
        store = cls(path, lock)
        for thread in store._threads:
            thread.start()
        return store

    async def write(self, handover: Handover) -> Answer:
        """See Store.write."""
        answer: Answer = await self._ask(
            self._writes, lambda db: sqlite_writes.apply(db, handover), handover=handover
        )
        return answer

    async def claim_messages(self, lane: Lane, now: int, limit: int) -> MessageClaim:
        """See Store.claim_messages."""
        claim: MessageClaim = await self._ask(
            self._writes, lambda db: sqlite_writes.claim_messages(db, lane, now, limit), patient=True
        )
        return claim

    async def claim_deliveries(self, sandbox: str, now: int, limit: int) -> DeliveryClaim:
        """See Store.claim_deliveries."""
        claim: DeliveryClaim = await self._ask(
            self._writes, lambda db: sqlite_writes.claim_deliveries(db, sandbox, now, limit), patient=True
        )
        return claim

    async def claim_reports(self, sandbox: str, now: int, limit: int) -> tuple[EarlyReport, ...]:
        """See Store.claim_reports."""
        claim: tuple[EarlyReport, ...] = await self._ask(
            self._writes, lambda db: sqlite_writes.claim_reports(db, sandbox, now, limit), patient=True
        )
        return claim

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
        question = Ask(statement, values, rows=True)
        rows: list[Row] = await self._ask(self._reads, lambda db: sqlite_writes.run(db, question))
        return rows

    async def between(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run something short on the writer's connection between two commits, in no transaction."""
        done: T = await self._ask(self._writes, work, patient=True, alone=True)
        return done

    async def close(self) -> None:
        """See Store.close."""
        self._writes.end()
        self._reads.end()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self._lock.close()

    def _ask(
        self,
        inbox: Inbox,
        work: Callable[[apsw.Connection], Any],
        handover: Handover | None = None,
        patient: bool = False,
        alone: bool = False,
    ) -> asyncio.Future[Any]:
        return inbox.ask(Job(work, self._loop.create_future(), handover, patient, alone))

    # --- the writer's thread ---

    def _write_loop(self) -> None:
        db = connect(self.path)
        stop = False
        while not stop:
            jobs, stop = self._writes.take(BATCH)
            self._commit(db, [job for job in jobs if not job.alone])
            for job in self._writes.begin([job for job in jobs if job.alone]):
                job.outcome = _outcome(db, job.work)
            self._loop.call_soon_threadsafe(_tell_all, jobs)
        _empty_log(db)
        db.close()

    def _commit(self, db: apsw.Connection, jobs: list[Job]) -> None:
        """One transaction for all; a hand-over that fails is undone alone, a failed commit fails them all."""
        if not jobs:
            return
        try:
            db.execute("BEGIN IMMEDIATE")
            begun = self._writes.begin(jobs)
            if not _without_a_hitch(db, begun):
                _each_alone(db, begun)
            sqlite_writes.count(db, [(job.handover, job.outcome) for job in begun if job.handover])
            db.execute("COMMIT")
        except apsw.Error as error:
            log.error("store_commit_failed", error=str(error), handovers=len(jobs))
            if db.in_transaction:
                db.execute("ROLLBACK")
            for job in jobs:  # after an I/O error the log may hold the commit all the same
                job.outcome = Busy(begun=isinstance(error, apsw.IOError))

    # --- the reader's thread ---

    def _read_loop(self) -> None:
        db = connect(self.path)
        db.execute("PRAGMA query_only = 1")
        stop = False
        while not stop:
            jobs, stop = self._reads.take(1)
            for job in jobs:
                if not job.withdrawn:
                    job.outcome = _read_in_time(db, job.work)
                    self._loop.call_soon_threadsafe(_tell_all, [job])
        db.close()


def connect(path: Path) -> apsw.Connection:
    """A connection as this store needs it, for one thread: WAL, every commit on the disk before it is answered.

    QPSG: a statement is planned once. Without it some are planned again for each value that is bound, which took
    three quarters of the time of those that settle a message or a delivery (sqlite.org/queryplanner-ng.html).
    """
    db = apsw.Connection(str(path), flags=FLAGS)
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    db.set_busy_timeout(round(limits.COMMIT_SECONDS * 1000))
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")
    db.execute("PRAGMA temp_store = MEMORY")
    return db


def _empty_log(db: apsw.Connection) -> None:
    """Into the file itself, or, on a full disk, left for the next start."""
    try:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except apsw.Error as error:
        log.warning("store_log_left", error=str(error))


def _prepare(path: Path, now: int) -> None:
    """The newest schema, and no lease of the process before."""
    db = connect(path)
    try:
        migrate(db)
        free_leases(db, now)
        _rewrite_after_erasing(path, db)
    finally:
        db.close()


def free_leases(db: apsw.Connection, now: int) -> None:
    """What another process held is due."""
    with db:
        for name in ("messages_free", "deliveries_free"):
            sqlite_writes.run(db, Ask(name, {"now": now}))


def _rewrite_after_erasing(path: Path, db: apsw.Connection) -> None:
    """Rewrite the file when people were erased from it, unless that would take long.

    secure_delete overwrites what is deleted, but not what SQLite left in unused parts of pages when it moved rows.
    """
    erased = sqlite_writes.run(db, Ask("setting_get", {"name": ERASED}, rows=True))
    if erased and path.stat().st_size <= REWRITTEN_BYTES:
        db.execute("VACUUM")
        db.execute("DELETE FROM setting WHERE name = ?", (ERASED,))


def migrate(db: apsw.Connection) -> None:
    """Apply the migrations that this file has not seen, each in a transaction of its own."""
    seen = int(str(db.execute("PRAGMA user_version").fetchall()[0][0]))
    newest = max(number for number, _ in migrations())
    if seen > newest:
        raise ConfigError(
            f"The store is at version {seen}, this retour knows {newest}. Install the newer retour."
        )
    for number, script in migrations():
        if number > seen:
            with db:
                db.execute(script)
                db.execute(f"PRAGMA user_version = {number}")


def _refuse_old_sqlite() -> None:
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < OLDEST:
        raise ConfigError(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt its log. Install apsw 3.51.3 or newer."
        )


def lock_file(path: Path) -> IO[str]:
    """One process per file. The lock goes with the process, so a crash leaves none behind."""
    lock = path.with_suffix(".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreInUse(
            f"Another retour uses {path}. An SQLite store serves one process: stop the other one, or give this one "
            "a data directory of its own (RETOUR_DATA_DIR)."
        ) from None
    return lock


def _without_a_hitch(db: apsw.Connection, jobs: list[Job]) -> bool:
    """Whether all could be done with nothing to undo. A savepoint for each would have their pages copied."""
    for job in jobs:
        before = db.total_changes()
        try:
            job.outcome = job.work(db)
        except WHOLE:
            raise
        except Exception:  # it has one again, and tells it
            return False
        if plans.undone(job.outcome) and db.total_changes() != before:
            return False
    return True


def _each_alone(db: apsw.Connection, jobs: list[Job]) -> None:
    """Begin again, so that each can be undone."""
    db.execute("ROLLBACK")
    db.execute("BEGIN IMMEDIATE")
    for job in jobs:
        job.outcome = _in_savepoint(db, job.work)


def _in_savepoint(db: apsw.Connection, work: Callable[[apsw.Connection], Any]) -> Any:
    """The work's answer, or its error with everything of it undone. WHOLE goes up."""
    db.execute("SAVEPOINT handover")
    try:
        answer = work(db)
    except WHOLE:
        raise
    except Exception as error:  # a bug in one hand-over must not take its neighbours along
        db.execute("ROLLBACK TO handover")
        db.execute("RELEASE handover")
        return error
    if plans.undone(answer):
        db.execute("ROLLBACK TO handover")
    db.execute("RELEASE handover")
    return answer


def _outcome(db: apsw.Connection, work: Callable[[apsw.Connection], Any]) -> Any:
    """What came of it, or its error."""
    try:
        return work(db)
    except Exception as error:  # told to whoever asked
        return error


def _read_in_time(db: apsw.Connection, work: Callable[[apsw.Connection], Any]) -> Any:
    """The rows, or Busy after READ_SECONDS."""
    deadline = time.monotonic() + READ_SECONDS
    db.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        return work(db)
    except apsw.InterruptError:
        return Busy(begun=False)
    except Exception as error:  # told to whoever asked
        return error


def _tell_all(jobs: list[Job]) -> None:
    for job in jobs:
        job.tell()
