"""The real commands in processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 30.0


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Ours without settings, with this data directory."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RETOUR_")}
    return clean | {"RETOUR_DATA_DIR": str(data_dir)} | more


def retour(
    env: dict[str, str], *arguments: str, most_bytes: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end. most_bytes: what it may write to one file, as on a disk that is nearly full."""
    command = [sys.executable, "-m", "retour", *arguments]
    if most_bytes is not None:
        command = ["prlimit", f"--fsize={most_bytes}", *command]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)


@contextmanager
def started(env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that stays up; it is ended by Ctrl-C at the latest.

    Whose tests run in the background of a shell inherit that SIGINT is ignored; the command must not.
    """
    command = ["env", "--default-signal=INT", sys.executable, "-m", "retour", *arguments]
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)


def next_line(process: subprocess.Popen[str]) -> str:
    """The next line that it prints; the end of its output is a failure, with what it said instead."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(
            f"ended with {process.wait()}: {process.stderr.read() if process.stderr else ''}"
        )
    return line.rstrip("\n")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
