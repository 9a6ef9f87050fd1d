"""Transfers of libcurl on the running event loop: all its sockets behind one descriptor, looked at once a turn.

In place of pycurl's own driver, which gives each socket a reader of the loop for each transfer, takes it back after,
and calls back once more for each future: a tenth of the loop's CPU for a POST. epoll itself, and not `selectors`: what
that remembers of each socket took as long as the system calls.
What ends in one turn is told together.

A kept connection stays in epoll between two transfers, which is a system call less for each. What it tells meanwhile
(the other end has gone) takes it out.
"""

from __future__ import annotations

import asyncio
import math
import select
from contextlib import suppress
from functools import cache
from typing import Any, TypeAlias

import pycurl

from retour import limits

NEVER = math.inf
End: TypeAlias = tuple[int, str]  # libcurl's code and words
WELL: End = (pycurl.E_OK, "")


class Transfers:
    """Performs easy handles. For one event loop; close it there."""

    def __init__(self) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, limits.IN_FLIGHT)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._sockets = select.epoll()
        self._watched: dict[int, int] = {}  # those that epoll looks at, and what for; some may be closed
        self._wanted: set[int] = set()  # those that libcurl waits for now
        self._running: dict[pycurl.Curl, asyncio.Future[End]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = NEVER  # by the loop's clock, as libcurl wants it
        self._runs_out = NEVER  # the timer's own
        self._loop: asyncio.AbstractEventLoop | None = None

    async def perform(self, curl: pycurl.Curl) -> End:
        """Until it ends. Cancelled: it is given up at once."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._sockets.fileno(), self._look)
        done: asyncio.Future[End] = self._loop.create_future()
        self._running[curl] = done
        try:
            self._multi.add_handle(curl)
            return await done
        finally:
            if self._running.pop(curl, None) is not None:
                self._multi.remove_handle(curl)

    def close(self) -> None:
        """Give up what is performed, and close every connection."""
        for curl, done in self._running.items():
            self._multi.remove_handle(curl)
            done.cancel()
        self._running.clear()
        self._stop_timer()
        if self._loop is not None:
            self._loop.remove_reader(self._sockets.fileno())
        self._multi.close()
        self._sockets.close()

    # --- libcurl calls these; it must not be called back from within ---

    def opened(self, socket: int) -> None:
        """A socket is new, so that epoll does not know it: one of the same number that it looked at was closed."""
        self._watched.pop(socket, None)

    def _watch(self, what: int, socket: int, *_: Any) -> None:
        """What libcurl waits for on a socket now. It says so before it closes one."""
        if what in (pycurl.POLL_REMOVE, pycurl.POLL_NONE):
            self._wanted.discard(socket)
        else:
            self._wanted.add(socket)
            self._look_for(socket, _EVENTS[what])

    def _look_for(self, socket: int, events: int) -> None:
        known = self._watched.get(socket)
        if known == events:
            return
        self._watched[socket] = events
        if known is None:
            self._sockets.register(socket, events)
        else:
            self._sockets.modify(socket, events)

    def _set_timer(self, milliseconds: int) -> None:
        """When libcurl wants to be called without any socket being ready; -1: not at all.

        It changes its mind several times in a transfer. So a timer that runs out too early is left, and looks again.
        """
        if milliseconds < 0 or self._loop is None:
            self._due = NEVER
            return
        self._due = self._loop.time() + milliseconds / 1000
        if self._due < self._runs_out:
            self._start_timer(self._loop)

    def _start_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stop_timer()
        self._runs_out = self._due
        self._timer = loop.call_at(self._due, self._on_time, loop)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._runs_out = None, NEVER

    # --- the loop calls these ---

    def _on_time(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer, self._runs_out = None, NEVER
        if self._due > loop.time():
            if self._due != NEVER:
                self._start_timer(loop)
            return
        self._due = NEVER
        self._act(pycurl.SOCKET_TIMEOUT, 0)
        self._tell()

    def _look(self) -> None:
        """Some sockets are ready."""
        for socket, events in self._sockets.poll(0):
            if socket in self._wanted:
                self._act(socket, _ready(events))
            else:
                self._unwatch(socket)
        self._tell()

    def _unwatch(self, socket: int) -> None:
        """Nobody waits for it, or it is closed: libcurl finds out when it wants to use it."""
        self._watched.pop(socket, None)
        with suppress(OSError):
            self._sockets.unregister(socket)

    def _act(self, socket: int, events: int) -> None:
        """Let libcurl go on. When it can't, nothing of what it performs would ever end."""
        try:
            self._multi.socket_action(socket, events)
        except pycurl.error as error:
            for curl in list(self._running):
                self._end(curl, error.args)

    def _tell(self) -> None:
        """What has ended goes to whoever waits for it."""
        _, well, badly = self._multi.info_read()
        for curl in well:
            self._end(curl, WELL)
        for curl, code, message in badly:
            self._end(curl, (code, message))

    def _end(self, curl: pycurl.Curl, end: End) -> None:
        self._multi.remove_handle(curl)
        done = self._running.pop(curl)
        if not done.done():
            done.set_result(end)


_EVENTS = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


@cache
def _ready(events: int) -> int:
    """What libcurl calls these. An error or the other end's going is told by reading or writing."""
    reads, writes = events & ~select.EPOLLOUT, events & ~select.EPOLLIN
    return (pycurl.CSELECT_IN if reads else 0) | (pycurl.CSELECT_OUT if writes else 0)
