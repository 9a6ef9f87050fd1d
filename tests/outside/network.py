"""A network of the tests' own, with loopback alone, for programs that listen on every address."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
"""namespaces(7): of the network."""

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def alone() -> Iterator[None]:
    """This thread, and what it starts, in a network namespace that is gone with the last of them. Needs root."""
    with open("/proc/thread-self/ns/net", "rb") as home:
        _must(_libc.unshare, CLONE_NEWNET)
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            _must(_libc.setns, home.fileno(), CLONE_NEWNET)


def _must(call: Callable[..., int], *arguments: int) -> None:
    if call(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
