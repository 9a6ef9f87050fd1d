"""The quick start of README.md, typed word for word into a shell that knows nothing, in a fresh copy of the tree.

The ports are those of the README. Where another program holds one, the test is skipped and names it.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pages import blocks, page, sections
from house.tree import ROOT, files

PORTS = (8080, 8443)
SECONDS = 240  # with the download of every dependency, on a slow line
VERIFIED = re.compile(r"^[\d:]{8}  Sent +delivered@example\.com  requestId \w+  verified$")
READY = {"serve": "retour serves on http://127.0.0.1:8080", "listen": "Listening on https://127.0.0.1:8443"}


def commands() -> list[str]:
    """The lines of the quick start."""
    (block,) = blocks(sections(page("README.md"), 2)["Quick start"], "sh")
    return block.splitlines()


class Shell:
    """A shell whose lines are typed one by one, and whose output is read as it comes."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._process = subprocess.Popen(
            ["/bin/bash", "--norc"],
            cwd=folder,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.printed: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def type(self, line: str) -> None:
        """One line and Enter."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def wait(self, what: re.Pattern[str], until: float) -> str:
        """The next printed line that fits, before that time; fails with everything that was printed."""
        while (left := until - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            if what.search(line):
                return line
        raise AssertionError(f"{what.pattern!r} was not printed:\n" + "\n".join(self.printed))

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.printed.append(line.rstrip("\n"))
            self._lines.put(self.printed[-1])
        self._lines.put(None)

    def end(self) -> None:
        """The shell and all that it started."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(timeout=40)
        self._reader.join(timeout=40)
        self._process.stdin.close()
        self._process.stdout.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    folder, home = tmp_path / "retour", tmp_path / "home"
    home.mkdir()
    for path in files():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    made = Shell(folder, home)
    yield made
    made.end()


@pytest.fixture
def free_ports() -> None:
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                pytest.skip(f"port {port} of the quick start is taken: {error.strerror}")


@pytest.mark.slow
@pytest.mark.usefixtures("free_ports")
def test_the_quick_start_ends_with_a_verified_webhook(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    until = began + SECONDS
    for command in commands():
        shell.type(command)
        name = command.split()[1] if command.endswith("&") else ""
        shell.wait(re.compile(READY[name]), until) if name else _finish(shell, until)
    if not any(VERIFIED.match(line) for line in shell.printed):
        shell.wait(VERIFIED, until)
    with capsys.disabled():
        print(f"\nquick start: first verified webhook after {time.monotonic() - began:.0f} s")


def _finish(shell: Shell, until: float) -> None:
    """Wait for the command's end, as the prompt would show it; it must have gone well."""
    shell.type("echo status $?")
    line = shell.wait(re.compile(r"^status \d+$"), until)
    assert line == "status 0", "\n".join(shell.printed)
