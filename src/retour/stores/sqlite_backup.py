"""Backup and restore of the embedded store: SQLite's backup API, a few pages at a time.

The pages are copied on the writer's own connection between two commits: what is committed meanwhile goes into the copy
as well, so it never starts anew, no reader holds the log, and no writer waits for longer than a step.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import apsw

from retour.errors import Busy, Code, ConfigError, Conflict
from retour.model import Value
from retour.stores import Store, sqlite_writes
from retour.stores.plans import Ask
from retour.stores.sql import migrations
from retour.stores.sqlite import SqliteStore, free_leases, lock_file, migrate

T = TypeVar("T")
STEP_PAGES = 256  # of 4 KiB: about a millisecond
PAUSE_SECONDS = 0.5
MAGIC = b"SQLite format 3\x00"
KEY_CHECK = "key_check"
TROUBLES = (OSError, apsw.Error)
NOT_OURS = "{file} is not a backup of retour."


class State(StrEnum):
    """How far a backup has come."""

    NONE = "none"
    COPYING = "copying"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"


class Standing(Value):
    """A backup: pages copied, pages in all, and why it failed."""

    state: State = State.NONE
    copied: int = 0
    pages: int = 0
    trouble: str = ""


class Backups:
    """One backup at a time of the running store. The command line asks how it stands."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._standing = Standing()
        self._task: asyncio.Task[None] | None = None

    async def backup(self, file: str, force: bool) -> Standing:
        """Begin one into this file. Raises Conflict: it is there, one is under way, or the store has its own way."""
        if not isinstance(self._store, SqliteStore):
            title = "The store is PostgreSQL: back it up with pg_dump or with its archive."
            raise Conflict(Code.EXISTS, title)
        if self._task is not None and not self._task.done():
            raise Conflict(Code.EXISTS, "A backup is under way. Wait until it ends.")
        target = Path(file)
        if why := await asyncio.to_thread(_why_not, target, self._store.path, force):
            raise Conflict(Code.EXISTS, why)
        self._standing = Standing(state=State.COPYING)
        self._task = asyncio.ensure_future(self._run(self._store, target))
        return self._standing

    async def backup_state(self) -> Standing:
        """How the last one stands."""
        return self._standing

    async def close(self) -> None:
        """One that is under way is given up, and leaves nothing behind."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, store: SqliteStore, target: Path) -> None:
        """Copy, check, put in its place."""
        try:
            with _partial(target) as partial:
                await self._copy(store, partial)
                self._move(State.CHECKING)
                await asyncio.to_thread(_check_and_keep, partial, target)
            self._move(State.DONE)
        except TROUBLES as error:
            self._standing = Standing(state=State.FAILED, trouble=f"{target} could not be written: {error}.")

    async def _copy(self, store: SqliteStore, partial: Path) -> None:
        copy = await _between(store, lambda db: _Copy(db, partial))
        try:
            while not copy.done:
                await _between(store, lambda db: copy.step())
                self._standing = Standing(state=State.COPYING, copied=copy.copied, pages=copy.pages)
        finally:
            await _between(store, lambda db: copy.close())

    def _move(self, state: State) -> None:
        self._standing = Standing(state=state, copied=self._standing.copied, pages=self._standing.pages)


def _why_not(target: Path, store: Path, force: bool) -> str | None:
    """Why nothing may be written there: only an older backup is replaced, and only when that was asked for."""
    if not target.exists():
        return None
    if target.samefile(store):
        return f"{target} is the store itself. Choose another file."
    if not force:
        return f"{target} is there already. Add --force to replace it."
    with target.open("rb") as file:
        older = file.read(len(MAGIC)) == MAGIC
    return None if older else f"{target} is not a backup, so it is not replaced. Choose another file."


async def _between(store: SqliteStore, work: Callable[[apsw.Connection], T]) -> T:
    """A backup has time: a store that was busy is asked again."""
    while True:
        try:
            return await store.between(work)
        except Busy:
            await asyncio.sleep(PAUSE_SECONDS)


class _Copy:
    """A database on its way into a file, which is a plain one at the end: no log beside it."""

    def __init__(self, source: apsw.Connection, target: Path) -> None:
        self._target = apsw.Connection(str(target))
        self._target.execute("PRAGMA synchronous = OFF")  # it is synchronised once, at the end
        self._backup = self._target.backup("main", source, "main")
        self.done = False
        self.copied = self.pages = 0

    def step(self) -> None:
        """A few pages more."""
        self.done = self._backup.step(STEP_PAGES)
        self.pages = self._backup.page_count
        self.copied = self.pages - self._backup.remaining

    def close(self) -> None:
        """Finish, or give up."""
        self._backup.close(True)
        if self.done:
            self._target.execute("PRAGMA journal_mode = DELETE")
        self._target.close()


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """A file beside the target for its owner only, which is gone afterwards if it was not put in its place."""
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield partial
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            partial.with_name(partial.name + suffix).unlink(missing_ok=True)


def _check_and_keep(partial: Path, target: Path) -> None:
    """On the disk, sound, and only then under its name."""
    db = apsw.Connection(str(partial), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        _check_integrity(db, partial)
    finally:
        db.close()
    _synchronise(partial)
    partial.replace(target)
    _synchronise(target.parent)


def _check_integrity(db: apsw.Connection, file: Path) -> None:
    found = str(db.execute("PRAGMA integrity_check(1)").fetchall()[0][0])
    if found != "ok":
        raise apsw.CorruptError(f"{file} is damaged: {found}")


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- restore ---


def restore(
    source: Path, target: Path, verify: Callable[[str], object], now: int, told: Callable[[int, int], None]
) -> None:
    """A backup as the store of a service that does not run: checked, migrated, without leases.

    verify: takes the key check value, raises ConfigError when the master key is another one. told: pages copied,
    pages in all. Raises ConfigError with what to do; then there is no store.
    """
    with lock_file(target):
        if target.exists():
            raise ConfigError(f"There is a store at {target} already. Restore into an empty data directory.")
        try:
            _restore(source, target, verify, now, told)
        except TROUBLES as error:
            raise ConfigError(f"{source} could not be restored: {error}.") from error


def _restore(
    source: Path, target: Path, verify: Callable[[str], object], now: int, told: Callable[[int, int], None]
) -> None:
    db = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        _check_backup(db, source, verify)
        with _partial(target) as partial:
            _copy_at_once(db, partial, told)
            _make_ready(partial, now)
            _check_and_keep(partial, target)
    finally:
        db.close()


def _check_backup(db: apsw.Connection, source: Path, verify: Callable[[str], object]) -> None:
    """Sound, ours, of a version that we know, and of our master key."""
    try:
        version = int(str(db.execute("PRAGMA user_version").fetchall()[0][0]))
        _check_integrity(db, source)
    except apsw.NotADBError as error:
        raise ConfigError(NOT_OURS.format(file=source)) from error
    newest = migrations()[-1][0]
    if version > newest:
        raise ConfigError(
            f"{source} is of version {version}, this retour knows {newest}. Install the newer retour."
        )
    if version < 1:
        raise ConfigError(NOT_OURS.format(file=source))
    rows = sqlite_writes.run(db, Ask("setting_get", {"name": KEY_CHECK}, rows=True))
    if not rows:
        raise ConfigError(NOT_OURS.format(file=source))
    verify(str(rows[0][0]))


def _copy_at_once(db: apsw.Connection, partial: Path, told: Callable[[int, int], None]) -> None:
    copy = _Copy(db, partial)
    try:
        while not copy.done:
            copy.step()
            told(copy.copied, copy.pages)
    finally:
        copy.close()


def _make_ready(partial: Path, now: int) -> None:
    db = apsw.Connection(str(partial))
    try:
        migrate(db)
        free_leases(db, now)
    finally:
        db.close()
