"""Where the service keeps its rows: a file of its own (SQLite), or a PostgreSQL of the benchmark's own.

That PostgreSQL waits for the disk, as one with somebody's data does. It speaks on a Unix socket alone, and lies where
temporary files lie (TMPDIR), wherever the rest of the data is put.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import apsw

from bench import measure
from outside.postgres import Cluster

SQLITE, POSTGRESQL = "sqlite", "postgresql"
OPTIONS = ("max_connections=60", "shared_buffers=128MB", "listen_addresses=")
WAITING = "SELECT COUNT(*) FROM delivery WHERE state = 'due'"


class Database(Protocol):
    """One service's rows. url: what RETOUR_DATABASE is; empty for a file in its data directory."""

    url: str

    def waiting(self, data: Path) -> int:
        """Deliveries that are due. data: the service's data directory."""

    def cpu_seconds(self) -> float:
        """User and system time of the database's own processes so far; 0 when it has none."""


class Embedded:
    """SQLite, in the service's process."""

    url = ""

    def waiting(self, data: Path) -> int:
        """See Database."""
        db = apsw.Connection(str(data / "retour.db"), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            rows = db.execute(WAITING).fetchall()
        finally:
            db.close()
        return int(str(rows[0][0]))

    def cpu_seconds(self) -> float:
        """See Database."""
        return 0.0


class Served:
    """A database of the cluster."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self._name = name
        self.url = cluster.url(name)

    def waiting(self, data: Path) -> int:
        """See Database."""
        return int(self._cluster.sql(WAITING, self._name))

    def cpu_seconds(self) -> float:
        """See Database."""
        return measure.family_cpu_seconds(self._cluster.pid)


class Databases:
    """Gives each service a new database."""

    def __init__(self, cluster: Cluster | None = None) -> None:
        self._cluster = cluster

    @contextmanager
    def new(self) -> Iterator[Database]:
        """One; it is gone afterwards."""
        if self._cluster is None:
            yield Embedded()
            return
        name = self._cluster.create()
        try:
            yield Served(self._cluster, name)
        finally:
            self._cluster.drop(name)


@contextmanager
def databases(kind: str) -> Iterator[Databases]:
    """kind: SQLITE or POSTGRESQL, whose server runs until the block ends."""
    if kind == SQLITE:
        yield Databases()
        return
    cluster = Cluster(OPTIONS)
    cluster.start()
    try:
        yield Databases(cluster)
    finally:
        cluster.stop("immediate")
        cluster.remove()
