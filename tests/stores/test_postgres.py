"""What only PostgreSQL has: other processes, the database's clock, a server that goes away, an operator's own locks."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from outside.postgres import Cluster
from retour import ids, limits
from retour.errors import Busy
from retour.model import FeedbackStatus, Lane
from retour.stores import postgres, postgres_statistics, postgres_writes
from retour.stores.handovers import Answer, Known, Stale, Written
from retour.stores.postgres import PostgresStore
from retour.stores.postgres_writes import DATABASE_CLOCK, GIVEN_CLOCK, Texts
from retour.stores.sql import statements
from stores.desk import ACME, RELAY, Desk
from stores.others import a_desk, an_operator

pytestmark = pytest.mark.peer("postgres")
SENT = FeedbackStatus.SENT
SHORT = 0.3  # seconds: COMMIT_SECONDS of these tests
FOREVER = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
TIME = re.compile(r"(?:.*_)?(?:now|at|until|before)")  # names of parameters that hold microseconds


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    """Ann's desk."""
    async with a_desk(database) as made:
        await made.campaign()
        await made.configuration()
        yield made


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Busy comes soon."""
    monkeypatch.setattr(limits, "COMMIT_SECONDS", SHORT)


async def begun(writing: asyncio.Future[Any]) -> bool:
    """How a write ended that came too late."""
    with pytest.raises(Busy) as caught:
        await writing
    return caught.value.begun


# --- other processes ---


async def test_two_processes_never_share_a_row(desk: Desk, database: str) -> None:
    for number in range(40):
        await desk.accept(f"order-{number}")
    async with a_desk(database) as second:
        claims = await asyncio.gather(*(each.messages(limit=3) for each in (desk, second) * 10))
    taken = [message.id for claim in claims for message in claim.messages]
    assert sorted(taken) == sorted(f"order-{number}" for number in range(40))


async def test_of_two_processes_that_settle_the_same_message_one_is_stale(desk: Desk, database: str) -> None:
    await desk.webhook()
    for number in range(10):
        await desk.accept(f"order-{number}")
    claimed = (await desk.messages()).messages
    async with a_desk(database) as second:
        settling = [each.settle(message, SENT) for message in claimed for each in (desk, second)]
        answers: list[Answer] = await asyncio.gather(*settling)
    assert answers.count(Written(owed=1)) == answers.count(Stale()) == 10
    assert await desk.rows("deliveries_waiting", sandbox=ACME) == [(10,)]


async def test_of_two_processes_that_accept_the_same_request_one_hears_the_first_answer(
    desk: Desk, database: str
) -> None:
    async with a_desk(database) as second:
        accepting = [each.accept(f"order-{number}") for number in range(20) for each in (desk, second)]
        answers: list[Answer] = await asyncio.gather(*accepting)
    assert answers.count(Written()) == sum(isinstance(answer, Known) for answer in answers) == 20
    assert len((await desk.messages()).messages) == 20


async def test_two_processes_send_one_probe_to_a_failing_relay(desk: Desk, database: str) -> None:
    for number in range(10):
        await desk.accept(f"order-{number}")
    (first,) = (await desk.messages(limit=1)).messages
    await desk.relay_fails(first, seconds=1)
    async with a_desk(database) as second:
        desk.wait(2)
        second.now = desk.now
        claims = await asyncio.gather(*(each.messages(limit=1) for each in (desk, second) * 3))
    assert sum(len(claim.messages) for claim in claims if claim.probe) == 1


async def test_leases_of_a_process_that_lives_are_left_alone_by_one_that_starts(
    desk: Desk, database: str
) -> None:
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    async with a_desk(database) as second:
        assert (await second.messages()).messages == ()
    assert await desk.settle(message, SENT) == Written(owed=1)


async def test_who_lost_the_line_is_not_taken_for_dead(desk: Desk, database: str) -> None:
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    async with an_operator(database) as operator:
        await operator.execute(f"SELECT pg_terminate_backend(pid) {SHARED_LOCK}")
        async with asyncio.timeout(10):
            while not await operator.fetch(f"SELECT pid {SHARED_LOCK}"):  # noqa: ASYNC110 - rings for nobody
                await asyncio.sleep(0.01)
    async with a_desk(database) as second:
        assert (await second.messages()).messages == ()
    assert await desk.settle(message, SENT) == Written(owed=1)


SHARED_LOCK = (
    "FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


# --- whose clock ---


async def test_a_lease_goes_by_the_clock_of_the_database(desk: Desk, database: str) -> None:
    await desk.accept("order-1", due_at=ids.now())
    store = await PostgresStore.open(database, ids.now())
    ahead = ids.now() + limits.DAY
    (message,) = (await store.claim_messages(Lane(ACME, RELAY), ahead, 1)).messages
    assert abs(message.due_at - ids.now() - limits.SENDING_LEASE) < limits.MINUTE  # type: ignore[operator]
    again = await store.claim_messages(Lane(ACME, RELAY), ahead, 1)
    await store.close()
    assert again.messages == ()


async def test_a_row_that_is_due_by_the_clock_of_the_room_is_taken_although_the_databases_is_behind(
    desk: Desk, database: str
) -> None:
    soon = ids.now() + limits.MINUTE
    await desk.accept("order-1", due_at=soon)
    store = await PostgresStore.open(database, ids.now())
    claim = await store.claim_messages(Lane(ACME, RELAY), soon, 1)
    await store.close()
    assert [message.id for message in claim.messages] == ["order-1"]


@pytest.mark.parametrize("clock", [DATABASE_CLOCK, GIVEN_CLOCK])
async def test_every_statement_is_understood_and_no_time_is_taken_for_a_small_number(
    database: str, clock: str
) -> None:
    texts = Texts(clock)
    async with an_operator(database) as db:
        for named in (texts.plain, texts.counted):
            for name, statement in named.items():
                prepared = await db.prepare(statement.text)
                kinds = [kind.name for kind in prepared.get_parameters()]
                of = dict(zip(statement.names, kinds, strict=False))
                assert not {kind for each, kind in of.items() if TIME.fullmatch(each)} & {"int2", "int4"}, (
                    name
                )


@pytest.mark.parametrize(
    "name",
    ["message_claim", "message_claim_stuck", "message_leased", "message_wake_one", "message_settle", "delivery_claim",
     "delivery_leased", "delivery_settle", "delivery_wake_next", "delivery_owe", "event_body", "due_message_lanes",
     "due_delivery_lanes"],
)  # fmt: skip
async def test_the_hot_statements_find_their_rows_by_an_index(database: str, name: str) -> None:
    statement = Texts(DATABASE_CLOCK).counted[name]
    async with an_operator(database) as db:
        await db.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        await db.execute(f"PREPARE hot AS {statement.text}")
        nothing = ", ".join(["NULL"] * (len(statement.names) + 1))
        plan = [row[0] for row in await db.fetch(f"EXPLAIN EXECUTE hot ({nothing})")]
    assert [line for line in plan if "Seq Scan on" in line and "webhook" not in line] == []


async def test_a_young_store_is_looked_at_before_its_first_minute_is_over(
    desk: Desk, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_statistics, "TABLES", ("message",))
    monkeypatch.setattr(postgres_statistics, "KNOWN", "SELECT -1")
    looked = "SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'message'"
    async with an_operator(database) as operator:
        before = await operator.fetchval(looked)
        await asyncio.gather(*(desk.accept(f"order-{number}") for number in range(postgres_statistics.FIRST)))
        await desk.reopen()
        async with asyncio.timeout(10):
            while await operator.fetchval(looked) == before:  # noqa: ASYNC110 - the server counts when it likes
                await asyncio.sleep(0.05)


def test_the_figures_are_looked_at_after_200_hand_overs_and_each_time_they_are_five_times_as_many() -> None:
    statistics = postgres_statistics.Statistics()
    looked = [number for number in range(1, 200_001) if statistics.due(1)]
    assert looked == [200, 1_000, 5_000, 25_000, 125_000]


# --- somebody else's locks ---


@pytest.mark.usefixtures("short")
async def test_behind_a_lock_the_outcome_of_what_was_begun_is_unknown_and_what_stood_in_line_is_taken_back(
    desk: Desk, database: str
) -> None:
    async with an_operator(database) as operator, operator.transaction():
        await operator.execute("LOCK TABLE request_key")
        started = time.monotonic()
        first = asyncio.ensure_future(desk.accept("order-1"))
        await asyncio.wait([first], timeout=SHORT / 3)
        second = asyncio.ensure_future(desk.accept("order-2"))
        assert [await begun(first), await begun(second)] == [True, False]
        assert time.monotonic() - started < SHORT * 3
    assert await desk.accept("order-3") == Written()
    assert {message.id for message in (await desk.messages()).messages} == {"order-1", "order-3"}


async def test_another_sandbox_does_not_wait_behind_that_lock(desk: Desk, database: str) -> None:
    await desk.campaign("other-prod")
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    async with an_operator(database) as operator, operator.transaction():
        await operator.execute("SELECT 1 FROM message WHERE sandbox = $1 FOR UPDATE", ACME)
        held = asyncio.ensure_future(desk.settle(message, SENT))
        assert await desk.accept("order-1", "other-prod") == Written()
        assert not held.done()
    assert await held == Written(owed=1)


@pytest.mark.usefixtures("short")
async def test_a_claim_that_was_begun_is_waited_for_so_that_no_row_is_leased_to_nobody(
    desk: Desk, database: str
) -> None:
    await desk.accept("order-1")
    async with an_operator(database) as operator:
        transaction = operator.transaction()
        await transaction.start()
        await operator.execute("LOCK TABLE message")
        claiming = asyncio.ensure_future(desk.messages())
        await asyncio.wait([claiming], timeout=SHORT * 2)
        await transaction.commit()
    assert [message.id for message in (await claiming).messages] == ["order-1"]


async def test_a_deadlock_with_somebody_else_is_tried_again(
    desk: Desk, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "COMMIT_SECONDS", 30)
    for number in (1, 2):
        await desk.accept(f"order-{number}")
    claimed = (await desk.messages()).messages
    async with an_operator(database) as operator:
        touch = "UPDATE message SET expires_at = expires_at + 1 WHERE id = $1"
        transaction = operator.transaction()
        await transaction.start()
        await operator.execute(touch, "order-2")
        settling = [asyncio.ensure_future(desk.settle(message, SENT)) for message in claimed]
        async with asyncio.timeout(10):
            while not await operator.fetch("SELECT 1 FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        try:
            await operator.execute(touch, "order-1")
        except asyncpg.DeadlockDetectedError:
            await transaction.rollback()
        else:
            await transaction.commit()
    assert await asyncio.gather(*settling) == [Written(owed=1)] * 2


# --- a server that goes away ---


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_of_the_server_is_only_a_delay(
    desk: Desk, cluster: Cluster, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "COMMIT_SECONDS", 30)  # a machine that is busy takes its time to start one
    await desk.accept("order-0")
    await asyncio.to_thread(cluster.stop, mode)
    writing = [asyncio.ensure_future(desk.accept(f"order-{number}")) for number in (1, 2)]
    reading = asyncio.ensure_future(desk.rows("request_key_get", sandbox=ACME, request_id="order-0"))
    await asyncio.to_thread(cluster.start)
    assert await asyncio.gather(*writing) == [Written(), Written()]
    assert len(await reading) == 1
    taken = {message.id for message in (await desk.messages()).messages}
    assert taken == {"order-0", "order-1", "order-2"}


@pytest.mark.usefixtures("short")
async def test_a_server_that_stays_away_is_busy_in_time_and_what_was_taken_back_is_never_written(
    desk: Desk, cluster: Cluster
) -> None:
    await asyncio.to_thread(cluster.stop)
    try:
        started = time.monotonic()
        writes = [asyncio.ensure_future(desk.accept(f"order-{number}")) for number in range(3)]
        assert [await begun(write) for write in writes] == [False] * 3
        for asking in (desk.messages(), desk.rows("organizations_all")):
            assert await begun(asyncio.ensure_future(asking)) is False
        assert time.monotonic() - started < SHORT * 5
    finally:
        await asyncio.to_thread(cluster.start)
    assert await desk.accept("order-3") == Written()
    assert [message.id for message in (await desk.messages()).messages] == ["order-3"]


async def test_connections_that_are_cut_in_mid_work_lose_nothing_and_write_nothing_twice(
    desk: Desk, database: str
) -> None:
    cutting = asyncio.ensure_future(cut_connections(database, times=8))
    answers: list[Answer] = []
    for number in range(40):
        answers.append(await until_written(desk, f"order-{number}"))
    await cutting
    assert all(isinstance(answer, Written | Known) for answer in answers)
    taken = [message.id for message in (await desk.messages()).messages]
    assert sorted(taken) == sorted(f"order-{number}" for number in range(40))


async def cut_connections(url: str, times: int) -> None:
    """An operator ends all others, again and again."""
    others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    async with an_operator(url) as operator:
        for _ in range(times):
            await operator.execute(f"SELECT pg_terminate_backend(pid) {others}")
            await asyncio.sleep(0.02)


async def until_written(desk: Desk, name: str) -> Answer:
    """As a caller does it: the same request again when the outcome is unknown."""
    while True:
        try:
            return await desk.accept(name)
        except Busy:
            continue


async def test_a_closed_store_is_busy_and_does_not_hang(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_desk(database) as desk:
        pass
    monkeypatch.setattr(limits, "COMMIT_SECONDS", 0.05)
    for asking in (desk.accept("order-1"), desk.rows("organizations_all"), desk.messages()):
        with pytest.raises(Busy):
            await asking


async def test_what_was_handed_over_before_the_end_is_written(database: str) -> None:
    async with a_desk(database) as desk:
        await desk.campaign()
        writing = [asyncio.ensure_future(desk.accept(f"order-{number}")) for number in range(50)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*writing) == [Written()] * 50


# --- reads ---


async def test_a_read_without_end_is_ended_and_the_next_one_works(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "READ_SECONDS", 0.1)
    monkeypatch.setattr(postgres_writes, "statements", lambda *_: {**statements(), "forever": FOREVER})
    async with a_desk(database) as desk:
        started = time.monotonic()
        with pytest.raises(Busy):
            await desk.rows("forever")
        assert time.monotonic() - started < 1
        assert await desk.rows("organizations_all") == []


async def test_a_read_sees_what_was_answered(desk: Desk) -> None:
    for number in range(50):
        await desk.accept(f"order-{number}")
        assert await desk.rows("request_key_get", sandbox=ACME, request_id=f"order-{number}")


async def test_the_reader_cannot_write(desk: Desk) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await desk.rows("setting_put", name="a", value="b")
