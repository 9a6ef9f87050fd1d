"""Work for the threads of the embedded store: jobs, and the inbox in which they wait.

Made and answered on the loop's thread, done on another. To wake a thread is dear (it asks for the interpreter at once),
so what one turn of the loop brings goes to it together, and one timer watches over all that wait.
"""

from __future__ import annotations

import asyncio
import queue
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any

import apsw

from retour import limits
from retour.errors import Busy
from retour.stores.handovers import Handover


class Job:
    """One piece of work for a thread, and the future that hears of it. `begun` is set once, under the gate.

    handover: what it writes, if it writes one. patient: once begun, its outcome is waited for. alone: it takes no
    transaction of ours. late: when it is too late to begin, by the loop's clock.
    """

    __slots__ = (
        "alone", "begun", "future", "handover", "late", "outcome", "patient", "withdrawn", "work",
    )  # fmt: skip

    def __init__(
        self,
        work: Callable[[apsw.Connection], Any],
        future: asyncio.Future[Any],
        handover: Handover | None,
        patient: bool,
        alone: bool,
    ) -> None:
        self.work = work
        self.future = future
        self.handover = handover
        self.patient = patient
        self.alone = alone
        self.late = 0.0
        self.outcome: Any = None
        self.begun = False
        self.withdrawn = False

    def tell(self) -> None:
        """Give the outcome to whoever still waits (on the loop's thread)."""
        if self.future.done():
            return
        if isinstance(self.outcome, BaseException):
            self.future.set_exception(self.outcome)
        else:
            self.future.set_result(self.outcome)


class Inbox:
    """Where jobs wait for a thread. One that was not begun in COMMIT_SECONDS is taken back."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._turn: list[Job] = []
        self._jobs: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._watched: deque[Job] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._gate = Lock()

    # --- the loop's thread ---

    def ask(self, job: Job) -> asyncio.Future[Any]:
        """Its outcome. It raises Busy when it is taken back, or whatever the outcome is."""
        if not self._turn:
            self._loop.call_soon(self._send)
        self._turn.append(job)
        self._watch(job)
        return job.future

    def end(self) -> None:
        """After what waits now."""
        self._send()
        self._jobs.put(None)
        if self._timer is not None:
            self._timer.cancel()

    def _send(self) -> None:
        if self._turn:
            self._jobs.put(self._turn)
            self._turn = []

    def _watch(self, job: Job) -> None:
        """Jobs are late in the order in which they came."""
        job.late = self._loop.time() + limits.COMMIT_SECONDS
        while self._watched and self._watched[0].future.done():
            self._watched.popleft()
        self._watched.append(job)
        if self._timer is None:
            self._timer = self._loop.call_at(job.late, self._look)

    def _look(self) -> None:
        """Take back what is late."""
        self._timer = None
        while self._watched:
            job = self._watched[0]
            if not job.future.done():
                if job.late > self._loop.time():
                    self._timer = self._loop.call_at(job.late, self._look)
                    return
                self._take_back(job)
            self._watched.popleft()

    def _take_back(self, job: Job) -> None:
        """Too late: what was not begun will not be; of what was begun the outcome is unknown.

        A claim is patient: rows that are leased while nobody waits for them are lost until the lease ends, and
        each time counts as taken.
        """
        with self._gate:
            job.withdrawn = not job.begun
        if job.withdrawn or not job.patient:
            job.future.set_exception(Busy(begun=job.begun))

    # --- the thread that does them ---

    def take(self, most: int) -> tuple[list[Job], bool]:
        """All that wait, at least one turn's and little more than `most`; and whether that is the end."""
        jobs: list[Job] = []
        while True:
            turn = self._jobs.get()
            if turn is None:
                return jobs, True
            jobs += turn
            if len(jobs) >= most or self._jobs.empty():
                return jobs, False

    def begin(self, jobs: list[Job]) -> list[Job]:
        """Those not taken back meanwhile; from here on nobody can. Called when the database is ours to write."""
        with self._gate:
            live = [job for job in jobs if not job.withdrawn]
            for job in live:
                job.begun = True
        return live
