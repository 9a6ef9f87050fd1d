"""Tallies: what happened is counted with what is written, folded with age, read in steps, the same on each store."""

from __future__ import annotations

import asyncio

import msgspec
from hypothesis import given
from hypothesis import strategies as some

from retour import limits
from retour.model import FeedbackStatus, Timings
from retour.retention import Ages, Retention
from retour.stores import tallies
from retour.stores.handovers import Repeated, Stale, Written
from retour.stores.shelves import Shelves
from retour.stores.tallies import TallyKind
from retour.upkeep import Upkeep
from stores.desk import ACME, NOW, OTHER, Desk

SENT, BOUNCE = FeedbackStatus.SENT, FeedbackStatus.BOUNCE
START = NOW - NOW % limits.HOUR
END = START + 1_000 * limits.DAY


async def counted(desk: Desk, *kinds: TallyKind, sandbox: str = ACME) -> dict[str, int]:
    """Everything of these kinds, by key."""
    rows = await Shelves(desk.store).tallies(sandbox, START, END, END - START, kinds)
    return {row.key: row.n for row in rows}


async def tidy(desk: Desk) -> None:
    """A round of housekeeping, which knows ACME."""
    await Upkeep(desk.store, Retention(desk.store, Ages(bodies=3_650, attempts=3_650))).run(desk.now)


async def test_a_message_is_counted_on_its_whole_way(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.post(delivery, 500)
    desk.wait(6)
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.post(delivery)
    assert await counted(desk, TallyKind.ACCEPTED) == {"email": 1}
    assert await counted(desk, TallyKind.FEEDBACK) == {"email:sent": 1}
    assert await counted(desk, TallyKind.ANSWER) == {"500": 1, "200": 1}
    assert await counted(desk, TallyKind.LATENCY) == {"0": 2}
    assert await counted(desk, TallyKind.REASON) == {}


async def test_what_failed_is_counted_by_its_code(desk: Desk) -> None:
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    settled = desk.settled(message, BOUNCE)
    owings = tuple(msgspec.structs.replace(owing, code="22") for owing in settled.owings)
    await desk.store.write(msgspec.structs.replace(settled, owings=owings))
    assert await counted(desk, TallyKind.FEEDBACK, TallyKind.REASON) == {
        "email:bounce": 1,
        "email:bounce:22": 1,
    }


async def test_a_try_without_an_answer_is_counted_by_its_trouble_and_its_time(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    attempted = desk.attempted(delivery, 500)
    slow = msgspec.structs.replace(
        attempted.attempt, status_code=None, trouble="timeout", timings=Timings(total=10 * limits.SECOND)
    )
    await desk.store.write(msgspec.structs.replace(attempted, attempt=slow))
    assert await counted(desk, TallyKind.ANSWER) == {"timeout": 1}
    assert await counted(desk, TallyKind.LATENCY) == {str(tallies.bucket_of(10_000)): 1}


async def test_what_was_not_written_is_not_counted(desk: Desk) -> None:
    await desk.accept("order-1")
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    assert isinstance(await desk.settle(message, SENT), Written)
    assert await desk.settle(message, SENT) == Stale()
    assert await counted(desk, TallyKind.ACCEPTED, TallyKind.FEEDBACK) == {"email": 1, "email:sent": 1}


async def test_what_is_repeated_is_not_counted_again(desk: Desk) -> None:
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    await desk.settle(message, SENT, due_at=desk.now)
    (message,) = (await desk.messages()).messages
    assert await desk.settle(message, SENT) == Repeated(facts=("sent",))
    assert await counted(desk, TallyKind.FEEDBACK) == {"email:sent": 1}


async def test_hand_overs_of_one_commit_are_counted_together_each_in_its_sandbox(desk: Desk) -> None:
    await desk.campaign(OTHER)
    both = [desk.accept(f"order-{number}", sandbox) for number in range(5) for sandbox in (ACME, OTHER)]
    await asyncio.gather(*both, desk.accept("order-0"))
    assert await counted(desk, TallyKind.ACCEPTED) == {"email": 5}
    assert await counted(desk, TallyKind.ACCEPTED, sandbox=OTHER) == {"email": 5}


async def test_counts_outlive_a_restart(desk: Desk) -> None:
    await desk.accept("order-1")
    await desk.reopen()
    await desk.accept("order-2")
    assert await counted(desk, TallyKind.ACCEPTED) == {"email": 2}


async def test_counts_are_read_in_steps(desk: Desk) -> None:
    for name, seconds in (("order-1", 60), ("order-2", 60), ("order-3", 600)):
        desk.wait(seconds)
        await desk.accept(name)
    first = desk.now - 660 * limits.SECOND
    since = first - first % limits.MINUTE
    shelves = Shelves(desk.store)
    rows = await shelves.tallies(ACME, since, END, 5 * limits.MINUTE, [TallyKind.ACCEPTED])
    assert [(row.at - since, row.key, row.n) for row in rows] == [
        (0, "email", 2),
        (10 * limits.MINUTE, "email", 1),
    ]
    assert await shelves.tallies(ACME, since, since, limits.MINUTE, [TallyKind.ACCEPTED]) == []
    assert await shelves.tallies(ACME, since, END, limits.MINUTE, [TallyKind.FEEDBACK]) == []


async def test_old_minutes_become_hours_and_old_hours_go(desk: Desk) -> None:
    await desk.change("sandbox_insert", id=ACME, org="acme", name="prod", type="production", created_at=0)
    desk.now = START
    for name in ("order-1", "order-2"):
        await desk.accept(name)
        desk.wait(1_800)
    await desk.accept("order-3")
    hours = [(START, 2), (START + limits.HOUR, 1)]
    for age in (0, 26, 48):
        desk.now = START + age * limits.HOUR
        await tidy(desk)
        rows = await Shelves(desk.store).tallies(ACME, START, END, limits.HOUR, [TallyKind.ACCEPTED])
        assert [(row.at, row.n) for row in rows] == hours
    (row, _) = await Shelves(desk.store).tallies(ACME, START, END, limits.MINUTE, [TallyKind.ACCEPTED])
    assert row.n == 2, "the minutes are gone"
    desk.now = START + limits.TALLY_HOURS_AGE + limits.HOUR // 2
    await tidy(desk)
    assert await counted(desk, TallyKind.ACCEPTED) == {"email": 1}


async def test_two_who_fold_at_once_count_nothing_twice_and_late_ones_are_added(desk: Desk) -> None:
    await desk.change("sandbox_insert", id=ACME, org="acme", name="prod", type="production", created_at=0)
    desk.now = START
    await desk.accept("order-1")
    desk.now += 48 * limits.HOUR
    await asyncio.gather(tidy(desk), tidy(desk))
    assert await counted(desk, TallyKind.ACCEPTED) == {"email": 1}
    desk.now = START + limits.MINUTE
    await desk.accept("order-2")
    desk.now += 48 * limits.HOUR
    await tidy(desk)
    assert await counted(desk, TallyKind.ACCEPTED) == {"email": 2}
    assert await desk.rows("tally_first", sandbox=ACME, width="minute", older_than=END) == []


async def test_one_answer_has_its_limit(desk: Desk) -> None:
    values = {"sandbox": ACME, "since": START, "until": END, "step": limits.MINUTE, "kinds": ",accepted,"}
    for name in ("order-1", "order-2"):
        await desk.accept(name)
        desk.wait(60)
    assert len(await desk.rows("tallies_of", **values, limit=1)) == 1
    assert limits.TALLY_ROWS >= limits.DAY // limits.MINUTE * 12


# --- buckets ---


@given(some.floats(tallies.FASTEST, tallies.SLOWEST))
def test_a_duration_lies_in_its_bucket(milliseconds: float) -> None:
    low, high = tallies.bounds(tallies.bucket_of(milliseconds))
    assert low * 0.999 <= milliseconds <= high * 1.001


@given(some.lists(some.floats(tallies.FASTEST, tallies.SLOWEST), min_size=1, max_size=50))
def test_a_quantile_is_at_most_ten_percent_off(durations: list[float]) -> None:
    counts: dict[int, int] = {}
    for duration in durations:
        counts[tallies.bucket_of(duration)] = counts.get(tallies.bucket_of(duration), 0) + 1
    for share in (0.5, 0.95, 0.99):
        told = tallies.quantile(counts, share)
        exact = next(d for place, d in enumerate(sorted(durations), 1) if place >= share * len(durations))
        assert told is not None
        assert abs(told / exact - 1) < 0.1


def test_durations_beyond_the_ends_are_counted_at_the_ends() -> None:
    assert [tallies.bucket_of(milliseconds) for milliseconds in (0, 0.05)] == [0, 0]
    assert tallies.bucket_of(3_600_000) == tallies.BUCKETS - 1
    assert tallies.quantile({}, 0.5) is None


def test_a_2xx_without_trouble_was_accepted() -> None:
    answers = ["200", "204", "301", "500", "timeout", "2"]
    assert [key for key in answers if tallies.accepted(key)] == ["200", "204"]
