"""What only the embedded store has: a file, a lock, a disk that fills up, an operator's sqlite3 beside it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest

from retour import limits
from retour.errors import Busy, ConfigError, StoreInUse
from retour.model import FeedbackStatus, Lane
from retour.stores import MessageClaim, sqlite, sqlite_writes
from retour.stores.handovers import Answer, Handover, Written
from retour.stores.sql import Statement, migrations
from retour.stores.sqlite import SqliteStore
from retour.stores.sqlite_jobs import Inbox, Job
from stores.desk import NOW, Desk

SENT = FeedbackStatus.SENT
SHORT = 0.2  # seconds: COMMIT_SECONDS of these tests
FOREVER = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
PAGE, HOLE = 4_096, 40_000  # bytes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "retour.db"


@pytest.fixture
async def desk(file: Path) -> AsyncIterator[Desk]:
    """Ann's desk."""
    made = Desk(await SqliteStore.open(file, NOW), partial(SqliteStore.open, file))
    await made.campaign()
    yield made
    await made.store.close()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Busy comes soon."""
    monkeypatch.setattr(limits, "COMMIT_SECONDS", SHORT)


class Connections:
    """Those that the store opened, in order; the writer's and the reader's are the last two."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[apsw.Connection] = []
        original = sqlite.connect

        def connect(path: Path) -> apsw.Connection:
            self.opened.append(original(path))
            return self.opened[-1]

        monkeypatch.setattr(sqlite, "connect", connect)

    def pages(self, most: int) -> None:
        """How many pages the file may have."""
        for connection in self.opened[1:]:
            connection.execute(f"PRAGMA max_page_count = {most}")


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    """Asked for before the desk."""
    return Connections(monkeypatch)


def names_beside(file: Path) -> list[str]:
    """What is beside the store."""
    return sorted(path.name for path in file.parent.iterdir())


def read(file: Path) -> bytes:
    """The whole file."""
    return file.read_bytes()


async def begun(writing: asyncio.Future[Any]) -> bool:
    """How a write ended that came too late."""
    with pytest.raises(Busy) as caught:
        await writing
    return caught.value.begun


# --- one thread that writes ---


def test_a_statement_is_planned_once_whatever_is_bound_to_it(file: Path) -> None:
    with closing(sqlite.connect(file)) as db:
        assert db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1) == 1


def a_job() -> Job:
    future = asyncio.get_running_loop().create_future()
    return Job(lambda db: None, future, None, patient=False, alone=False)


async def test_what_one_turn_of_the_loop_brings_goes_to_the_thread_together() -> None:
    loop = asyncio.get_running_loop()
    inbox = Inbox(loop)
    jobs = [a_job() for _ in range(3)]
    asking = [inbox.ask(job) for job in jobs]
    assert await asyncio.to_thread(inbox.take, 1) == (jobs, False)
    inbox.end()
    assert await asyncio.to_thread(inbox.take, 1) == ([], True)
    for job in jobs:
        job.outcome = "done"
        job.tell()
    assert await asyncio.gather(*asking) == ["done"] * 3


# --- another program holds the database ---


@pytest.mark.usefixtures("short")
async def test_a_locked_database_is_busy_in_time_and_what_was_taken_back_is_never_written(
    desk: Desk, file: Path
) -> None:
    with closing(apsw.Connection(str(file))) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        writes = [asyncio.ensure_future(desk.accept(f"order-{number}")) for number in range(3)]
        assert [await begun(write) for write in writes] == [False] * 3
        assert time.monotonic() - started < SHORT * 3
        other.execute("ROLLBACK")
    assert await desk.accept("order-3") == Written()
    assert [message.id for message in (await desk.messages()).messages] == ["order-3"]


async def test_a_lock_that_ends_in_time_is_only_a_delay(desk: Desk, file: Path) -> None:
    with closing(apsw.Connection(str(file))) as other:
        other.execute("BEGIN IMMEDIATE")
        write = asyncio.ensure_future(desk.accept("order-1"))
        done, _ = await asyncio.wait([write], timeout=0.05)
        assert not done
        other.execute("ROLLBACK")
    assert await write == Written()


@pytest.mark.usefixtures("short")
async def test_what_was_begun_is_said_to_be_unknown_and_what_stood_behind_it_is_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = sqlite_writes.apply

    def slow(db: apsw.Connection, handover: Handover) -> Answer:
        time.sleep(SHORT * 2)  # the writer's thread: a disk that takes long
        return original(db, handover)

    monkeypatch.setattr(sqlite_writes, "apply", slow)
    first = asyncio.ensure_future(desk.accept("order-1"))
    await asyncio.wait([first], timeout=SHORT / 4)
    second = asyncio.ensure_future(desk.accept("order-2"))
    assert await begun(first) is True
    assert await begun(second) is False
    monkeypatch.setattr(sqlite_writes, "apply", original)
    assert await desk.accept("order-3") == Written()
    assert {message.id for message in (await desk.messages()).messages} == {"order-1", "order-3"}


@pytest.mark.usefixtures("short")
async def test_a_claim_that_was_begun_is_waited_for_so_that_no_row_is_leased_to_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = sqlite_writes.claim_messages

    def slow(db: apsw.Connection, lane: Lane, now: int, limit: int) -> MessageClaim:
        time.sleep(SHORT * 2)  # the writer's thread: a disk that takes long
        return original(db, lane, now, limit)

    await desk.accept("order-1")
    monkeypatch.setattr(sqlite_writes, "claim_messages", slow)
    assert [message.id for message in (await desk.messages()).messages] == ["order-1"]


async def test_a_closed_store_is_busy_and_does_not_hang(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(await SqliteStore.open(file, NOW), partial(SqliteStore.open, file))
    await desk.store.close()
    monkeypatch.setattr(limits, "COMMIT_SECONDS", 0.05)
    with pytest.raises(Busy):
        await desk.accept("order-1")
    with pytest.raises(Busy):
        await desk.rows("organizations_all")


# --- the disk ---


async def test_a_full_disk_is_busy_leaves_nothing_half_written_and_ends_with_space(
    connections: Connections, desk: Desk
) -> None:
    await desk.webhook()
    connections.pages(1)
    big = b"x" * 100_000
    writes = [asyncio.ensure_future(desk.accept(f"order-{number}", content=big)) for number in range(5)]
    assert [await begun(write) for write in writes] == [False] * 5
    assert await desk.rows("due_message_lanes", now=desk.now) == []
    for number in range(5):
        assert await desk.rows("request_key_get", sandbox="acme-prod", request_id=f"order-{number}") == []
    connections.pages(100_000)
    assert await desk.accept("order-1", content=big) == Written()
    await desk.reopen()
    assert [message.content for message in (await desk.messages()).messages] == [big]


async def test_a_failed_commit_leaves_no_open_transaction(connections: Connections, desk: Desk) -> None:
    connections.pages(1)
    with pytest.raises(Busy):
        await desk.accept("order-1", content=b"x" * 100_000)
    assert not any(connection.in_transaction for connection in connections.opened[1:])
    connections.pages(100_000)


async def test_an_io_error_undoes_everything_and_says_that_the_outcome_is_unknown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = sqlite_writes.apply
    troubles = [apsw.IOError("disk I/O error")]

    def apply(db: apsw.Connection, handover: Handover) -> Answer:
        answer = original(db, handover)
        if troubles:
            raise troubles.pop()
        return answer

    monkeypatch.setattr(sqlite_writes, "apply", apply)
    writes = [asyncio.ensure_future(desk.accept(f"order-{number}")) for number in range(2)]
    assert [await begun(write) for write in writes] == [True, True]
    assert await desk.rows("due_message_lanes", now=desk.now) == []
    assert await desk.accept("order-0") == Written()


# --- reads ---


async def test_a_read_without_end_is_ended_and_the_next_one_works(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "READ_SECONDS", 0.1)
    monkeypatch.setitem(sqlite_writes.SQL, "forever", Statement(FOREVER, ()))
    started = time.monotonic()
    with pytest.raises(Busy):
        await desk.rows("forever")
    assert time.monotonic() - started < 1
    assert await desk.rows("organizations_all") == []


async def test_a_read_sees_what_was_answered(desk: Desk) -> None:
    for number in range(50):
        await desk.accept(f"order-{number}")
        assert await desk.rows("request_key_get", sandbox="acme-prod", request_id=f"order-{number}")


async def test_the_reader_cannot_write(desk: Desk) -> None:
    with pytest.raises(apsw.ReadOnlyError):
        await desk.rows("setting_put", name="a", value="b")


# --- opening and closing ---


async def test_a_second_store_on_the_same_file_is_refused_with_a_way_out(desk: Desk, file: Path) -> None:
    with pytest.raises(StoreInUse, match="stop the other one, or give this one a data directory of its own"):
        await SqliteStore.open(file, NOW)
    assert await desk.accept("order-1") == Written()


SECOND_PROCESS = """
import asyncio, sys
from pathlib import Path
from retour.errors import StoreInUse
from retour.stores.sqlite import SqliteStore

async def main():
    try:
        await SqliteStore.open(Path(sys.argv[1]), 0)
    except StoreInUse as error:
        print(error)

asyncio.run(main())
"""


async def test_a_second_process_is_refused_too(desk: Desk, file: Path) -> None:
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SECOND_PROCESS, str(file), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await second.communicate()
    assert told.decode().startswith(f"Another retour uses {file}. An SQLite store serves one process")
    assert await desk.accept("order-1") == Written()


def spoil(file: Path, start: bytes, at: int) -> None:
    """Write this, and a hole behind it."""
    with file.open("r+b" if file.exists() else "wb") as spoilt:
        spoilt.seek(at)
        spoilt.write(start + bytes(HOLE))


def held(file: Path) -> bytes:
    """What is in it."""
    return file.read_bytes()


async def test_a_newer_schema_is_refused_and_the_file_is_free_again(file: Path) -> None:
    await (await SqliteStore.open(file, NOW)).close()
    newest = max(number for number, _ in migrations())
    with closing(apsw.Connection(str(file))) as other:
        other.execute(f"PRAGMA user_version = {newest + 1}")
    for _ in range(2):
        with pytest.raises(ConfigError, match=f"at version {newest + 1}.*Install the newer retour"):
            await SqliteStore.open(file, NOW)
    with closing(apsw.Connection(str(file))) as other:
        other.execute(f"PRAGMA user_version = {newest}")
    await (await SqliteStore.open(file, NOW)).close()


async def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await SqliteStore.open(file, NOW)).close()
    newest = max(number for number, _ in migrations())
    broken = (newest + 1, "CREATE TABLE half (id TEXT); CREATE TABLE setting (name TEXT);")
    monkeypatch.setattr(sqlite, "migrations", lambda: [*migrations(), broken])
    with pytest.raises(apsw.SQLError):
        await SqliteStore.open(file, NOW)
    with closing(apsw.Connection(str(file))) as other:
        assert other.execute("PRAGMA user_version").fetchall() == [(newest,)]
        assert other.execute("SELECT name FROM sqlite_schema WHERE name = 'half'").fetchall() == []


@pytest.mark.parametrize("start", [b"This is a letter, and no database. ", b"SQLite format 3\0"])
async def test_a_file_that_is_no_store_is_told_and_left_as_it_is(file: Path, start: bytes) -> None:
    spoil(file, start, 0)
    with pytest.raises(ConfigError, match=f"{file} can't be opened: file is not a database.*retour restore"):
        await SqliteStore.open(file, NOW)
    assert held(file) == start + bytes(HOLE)


async def test_a_damaged_store_is_told_and_not_mended(file: Path) -> None:
    await (await SqliteStore.open(file, NOW)).close()
    spoil(file, b"", at=PAGE)
    with pytest.raises(ConfigError, match=f"{file} can't be opened: .* malformed.*retour restore"):
        await SqliteStore.open(file, NOW)


async def test_a_directory_in_the_place_of_the_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{tmp_path} can't be opened: .*must be able to write"):
        await SqliteStore.open(tmp_path, NOW)


async def test_an_sqlite_that_corrupts_its_log_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(ConfigError, match=r"SQLite 3\.51\.2 can corrupt its log"):
        await SqliteStore.open(file, NOW)
    assert names_beside(file) == []


async def test_the_log_is_empty_after_the_store_was_closed(file: Path) -> None:
    desk = Desk(await SqliteStore.open(file, NOW), partial(SqliteStore.open, file))
    await desk.campaign()
    await desk.accept("order-1", content=b"a reset link")
    log = file.with_name(file.name + "-wal")
    assert log.stat().st_size > 0
    await desk.store.close()
    assert not log.exists() or log.stat().st_size == 0


async def test_the_log_is_emptied_even_while_somebody_looks_on(file: Path) -> None:
    desk = Desk(await SqliteStore.open(file, NOW), partial(SqliteStore.open, file))
    with closing(apsw.Connection(str(file))) as other:
        await desk.campaign()
        other.execute("SELECT COUNT(*) FROM campaign").fetchall()
        await desk.store.close()
        assert file.with_name(file.name + "-wal").stat().st_size == 0


async def test_content_that_was_dropped_is_nowhere_in_the_file(desk: Desk, file: Path) -> None:
    await desk.accept("order-1", content=b"a sealed reset link" * 2_000)
    (message,) = (await desk.messages()).messages
    await desk.settle(message, SENT)
    await desk.reopen()
    assert b"a sealed reset link" not in read(file)


async def test_the_file_is_for_its_owner_only(desk: Desk, file: Path) -> None:
    await desk.accept("order-1")
    for path in file.parent.glob("retour.db*"):
        assert path.stat().st_mode & 0o077 == 0, path.name


async def test_each_commit_is_on_the_disk_before_it_is_answered(connections: Connections, desk: Desk) -> None:
    await desk.accept("order-1")
    for connection in connections.opened[1:]:
        assert connection.execute("PRAGMA synchronous").fetchall() == [(2,)]
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
