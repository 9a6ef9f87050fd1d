"""A PostgreSQL cluster of the tests' own, from the machine's binaries: no service is touched, no port is opened.

It speaks on a Unix socket in a directory of its own, and sorts as people do (ICU), so that a store that leaves order to
the database is found out. Nothing waits for the disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from outside.programs import program

USER = "postgres"
PORT = "5432"  # only the socket's name
OPTIONS = (
    "fsync=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=32MB",
    "listen_addresses=",
)
SORTED = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")

EMPTY = """
DO $$ DECLARE place text; BEGIN
  FOR place IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'store_version' LOOP
    EXECUTE format('DELETE FROM %I', place);
  END LOOP;
END $$
"""


class Cluster:
    """`start` it, `create` databases, `stop` it, `remove` it at the end. options: of the server."""

    def __init__(self, options: tuple[str, ...] = OPTIONS) -> None:
        self._options = options
        self.folder = Path(tempfile.mkdtemp(prefix="retour-pg-"))
        self._numbers = count(1)
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            shutil.chown(self.folder, USER, USER)
        self._run("initdb", "--pgdata", self._data, "--username", USER, "--auth=trust", "--no-sync", *SORTED)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        """Until it takes connections."""
        places = (f"unix_socket_directories={self.folder}", f"port={PORT}")
        options = " ".join(f"-c {option}" for option in (*self._options, *places))
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "--wait", "--pgdata", self._data, "--log", log, "--options", options)

    @property
    def pid(self) -> int:
        """Of the server that runs."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def stop(self, mode: str = "fast") -> None:
        """fast: as an operator would; immediate: as a power cut would."""
        self._run("pg_ctl", "stop", "--wait", "--pgdata", self._data, "--mode", mode)

    def remove(self) -> None:
        """Stopped before."""
        shutil.rmtree(self.folder)

    def create(self) -> str:
        """The name of a new, empty database."""
        name = f"retour_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def empty(self, name: str) -> None:
        """Remove the rows of every table but the schema's version: far quicker than a new database."""
        self.sql(EMPTY, name)

    def drop(self, name: str) -> None:
        """With whoever is connected to it."""
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        """What RETOUR_DATABASE is for it."""
        place = urlencode({"host": str(self.folder), "port": PORT})
        return f"postgresql://{USER}@/{name}?{place}"

    def sql(self, text: str, name: str = USER) -> str:
        """Run it; what was found, without decoration."""
        place = ("--host", str(self.folder), "--port", PORT, "--username", USER, "--dbname", name)
        return self._run(
            "psql", *place, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", text
        )

    def _run(self, name: str, *arguments: str) -> str:
        path = program(name)
        assert path is not None, f"{name} is missing"
        other = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
        run: Callable[..., subprocess.CompletedProcess[bytes]] = subprocess.run
        with tempfile.TemporaryFile() as told:  # a server that pg_ctl starts would keep a pipe open
            done = run([path, *arguments], stdout=told, stderr=told, cwd="/", check=False, **other)
            told.seek(0)
            said = told.read().decode()
        assert done.returncode == 0, f"{name}: {said}"
        return said.strip()
