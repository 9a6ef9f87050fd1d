"""Whatever happens in whatever order: no delivery is lost, sequences have no gap, nobody shares a lease."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from outside.postgres import Cluster
from retour.model import Delivery, FeedbackStatus
from retour.stores.handovers import Stale, Written
from stores.conftest import on_postgres, sqlite
from stores.desk import ACME, Desk, Opener

T = TypeVar("T")
STATUSES = (FeedbackStatus.SENT, FeedbackStatus.DELAY, FeedbackStatus.DELIVERED)


class Deliveries(RuleBasedStateMachine):
    """A webhook, and Ann's messages on their way to it."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._folder = tempfile.TemporaryDirectory()
        opener = self.opener(Path(self._folder.name))
        self.desk = Desk(self._run(opener(0)), opener)
        self.held: dict[str, tuple[Delivery, int]] = {}
        self.lost: list[Delivery] = []
        self.events: dict[str, int] = {}
        self.accepted: set[str] = set()
        self.tried: set[str] = set()
        for making in (self.desk.campaign(), self.desk.configuration(), self.desk.webhook()):
            self._run(making)

    def opener(self, folder: Path) -> Opener:
        """Of the store that is asked."""
        return partial(sqlite, folder)

    def _run(self, work: Awaitable[T]) -> T:
        return self._loop.run_until_complete(work)

    def teardown(self) -> None:
        try:
            self._run(self._everything_is_accepted_in_the_end())
        finally:
            self._run(self.desk.store.close())
            self._loop.close()
            self._folder.cleanup()

    async def _everything_is_accepted_in_the_end(self) -> None:
        self.desk.wait(86_400)
        while claimed := (await self.desk.deliveries()).deliveries:
            for delivery in claimed:
                assert isinstance(await self.desk.post(delivery), Written)
                self.accepted.add(delivery.id)
            self.desk.wait(86_400)
        owed = {f"{name}.{number + 1}" for name, count in self.events.items() for number in range(count)}
        assert self.accepted == owed

    @rule(events=st.integers(1, 3))
    def record(self, events: int) -> None:
        """A message and what is learned about it at once."""
        name = f"order-{len(self.events)}"
        self.events[name] = events
        self._run(self.desk.told(name, *STATUSES[:events]))

    @rule(seconds=st.sampled_from([1, 21, 61]))
    def wait(self, seconds: int) -> None:
        """Time goes by; leases may run out."""
        self.desk.wait(seconds)
        for name, (delivery, until) in list(self.held.items()):
            if until <= self.desk.now:
                del self.held[name]
                self.lost.append(delivery)

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        """A worker takes some."""
        claim = self._run(self.desk.deliveries(limit=limit))
        before = set(self.tried)
        for delivery in claim.deliveries:
            assert delivery.id not in self.held, "two hold the same row"
            assert delivery.id not in self.accepted, "an accepted row was taken again"
            first = f"{delivery.message_id}.{delivery.sequence - 1}"
            assert delivery.sequence == 1 or first in before, "taken before its predecessor was ever tried"
            self.held[delivery.id] = (delivery, delivery.due_at)
            self.tried.add(delivery.id)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), status=st.sampled_from([200, 500]))
    def settle(self, data: st.DataObject, status: int) -> None:
        """A worker tells how it went."""
        name = data.draw(st.sampled_from(sorted(self.held)))
        delivery, _ = self.held.pop(name)
        assert isinstance(self._run(self.desk.post(delivery, status)), Written)
        if status == 200:
            self.accepted.add(name)

    @precondition(lambda self: self.held)
    @rule()
    def hang(self) -> None:
        """Whoever holds something hangs until the lease is over, and others take it."""
        self.wait(21)
        self.claim(4)

    @precondition(lambda self: self.lost)
    @rule()
    def settle_too_late(self) -> None:
        """A worker that lost its lease comes back. While nobody has taken the row it is still his."""
        delivery = self.lost.pop()
        answer = self._run(self.desk.post(delivery, 200))
        if isinstance(answer, Written):
            assert delivery.id not in self.held
            assert delivery.id not in self.accepted
            self.accepted.add(delivery.id)
        else:
            assert answer == Stale()

    @rule()
    def crash(self) -> None:
        """The process ends; nobody who held something can settle it."""
        self._run(self.desk.reopen())
        for delivery, _ in self.held.values():
            assert self._run(self.desk.post(delivery, 200)) == Stale()
        self.held.clear()

    @invariant()
    def sequences_have_no_gap(self) -> None:
        """1, 2, 3 … for each message."""
        for name, count in self.events.items():
            rows = self._run(self.desk.rows("events_of_message", sandbox=ACME, message_id=name))
            assert [row[2] for row in rows] == list(range(1, count + 1))

    @invariant()
    def what_is_not_accepted_is_still_due(self) -> None:
        """No delivery is lost."""
        owed = sum(self.events.values())
        assert self._run(self.desk.rows("deliveries_waiting", sandbox=ACME)) == [(owed - len(self.accepted),)]


STEPS = settings(max_examples=40, stateful_step_count=25, deadline=None)
Deliveries.TestCase.settings = STEPS
TestDeliveries = pytest.mark.slow(Deliveries.TestCase)


@pytest.mark.peer("postgres")
def test_on_postgres_whatever_happens_no_delivery_is_lost(cluster: Cluster, migrated: str) -> None:
    class OnPostgres(Deliveries):
        """Each run without the rows of the one before."""

        def opener(self, folder: Path) -> Opener:
            cluster.empty(migrated)
            return partial(on_postgres, cluster.url(migrated))

    run_state_machine_as_test(OnPostgres, settings=STEPS)
