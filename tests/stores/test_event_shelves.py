"""What lists, searches and the feed of events ask of a store, the same on each."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from retour import ids, limits
from retour.model import ChannelKind, FeedbackStatus, Message
from retour.stores.event_shelves import NEWEST, Asked, EventShelves
from retour.stores.handovers import Settled
from stores.desk import ACME, OTHER, RELAY, Desk
from stores.test_statements import plan_of

SENT, DELIVERED, BOUNCE = FeedbackStatus.SENT, FeedbackStatus.DELIVERED, FeedbackStatus.BOUNCE


def timed(settled: Settled, at: int) -> Settled:
    """With ids as the feedback room makes them: ordered by time."""
    owings = tuple(
        msgspec.structs.replace(
            owing,
            event=msgspec.structs.replace(owing.event, id=f"{ids.first_id(at)}-7{number:03x}-8000-{0:012x}"),
        )
        for number, owing in enumerate(settled.owings)
    )
    return msgspec.structs.replace(settled, owings=owings)


async def tell(desk: Desk, message: Message, *statuses: FeedbackStatus) -> None:
    """Recorded now."""
    await desk.store.write(timed(desk.settled(message, *statuses), desk.now))


async def told(desk: Desk, name: str, *statuses: FeedbackStatus, sandbox: str = ACME, **more: str) -> None:
    """A message that was sent, with these events, a second after the one before."""
    desk.wait(1)
    await desk.accept(name, sandbox, **more)
    (message,) = (await desk.messages(sandbox)).messages
    await tell(desk, message, *statuses)


async def names(shelves: EventShelves, asked: Asked, limit: int = 100, sandbox: str = ACME) -> list[str]:
    """`message.sequence` of a page."""
    found = await shelves.page(sandbox, asked, limit)
    return [f"{row.message_id}.{row.sequence}" for row in found.rows]


async def walk(shelves: EventShelves, asked: Asked, limit: int) -> list[str]:
    """Page after page to the end."""
    seen: list[str] = []
    for _ in range(50):
        found = await shelves.page(ACME, asked, limit)
        seen += [f"{row.message_id}.{row.sequence}" for row in found.rows]
        if not found.further:
            return seen
        asked = msgspec.structs.replace(asked, before=found.further)
    raise AssertionError("no end")


async def test_the_newest_come_first_and_each_filter_picks(desk: Desk) -> None:
    shelves = EventShelves(desk.store)
    await told(desk, "a", SENT, DELIVERED)
    await told(desk, "b", SENT, BOUNCE, channel=ChannelKind.SMS)
    middle = desk.now
    await told(desk, "c", SENT)
    assert await names(shelves, Asked()) == ["c.1", "b.2", "b.1", "a.2", "a.1"]
    assert await names(shelves, Asked(status="sent")) == ["c.1", "b.1", "a.1"]
    assert await names(shelves, Asked(status="bounce")) == ["b.2"]
    assert await names(shelves, Asked(status="error")) == []
    assert await names(shelves, Asked(channel="sms")) == ["b.2", "b.1"]
    assert await names(shelves, Asked(status="bounce", channel="email")) == []
    assert await names(shelves, Asked(campaign="campaign", status="delivered")) == ["a.2"]
    assert await names(shelves, Asked(campaign="another")) == []
    assert await names(shelves, Asked(since=middle)) == ["c.1", "b.2", "b.1"]
    assert await names(shelves, Asked(), sandbox=OTHER) == []


@pytest.mark.parametrize(
    "asked", [Asked(), Asked(status="sent"), Asked(status="bounce"), Asked(channel="email")]
)
async def test_pages_follow_one_another_without_a_gap(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    monkeypatch.setattr(limits, "EVENTS_SCANNED", 3)
    shelves = EventShelves(desk.store)
    for number in range(6):
        await told(desk, f"m{number}", SENT, *([BOUNCE] if number % 2 else [DELIVERED]))
    wanted = [
        f"m{number}.{sequence}"
        for number in reversed(range(6))
        for sequence, status in ((2, "bounce" if number % 2 else "delivered"), (1, "sent"))
        if asked.status in ("", status)
    ]
    for limit in (1, 2, 100):
        assert await walk(shelves, asked, limit) == wanted


async def test_a_walk_ends_at_its_length_and_says_where(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EVENTS_SCANNED", 3)
    shelves = EventShelves(desk.store)
    for number in range(4):
        await told(desk, f"m{number}", SENT, DELIVERED)
    found = await shelves.page(ACME, Asked(campaign="another"), 10)
    assert (found.rows, found.cut) == ((), True)
    assert ids.id_time(found.further) == desk.now - limits.SECOND
    whole = await shelves.page(ACME, Asked(), 10)
    assert (len(whole.rows), whole.cut, whole.further) == (8, False, "")


async def test_messages_to_somebody_come_newest_first_by_id_and_by_address(desk: Desk) -> None:
    shelves = EventShelves(desk.store)
    await desk.accept("m1", user_id="Ann@acme.example", address="Ann@acme.example")
    await desk.accept("m2", user_id="C-1", namespace="CRM", address="ann@ACME.example")
    await desk.accept("m3", user_id="ann@acme.example")
    await desk.accept("m4", sandbox=OTHER)

    async def to(who: str, before: str = NEWEST, limit: int = 10) -> Sequence[str]:
        return await shelves.messages_to(ACME, who, before, limit)

    assert await to("ANN@acme.example") == ["m3", "m2", "m1"]
    assert await to("ann@acme.example", limit=2) == ["m3", "m2"]
    assert await to("ann@acme.example", before="m2") == ["m1"]
    assert await to("C-1") == ["m2"]
    assert await to("c-1") == []  # capitals count in ids that are no address
    assert await to("") == []


# --- the feed ---


async def feed(desk: Desk, after: str = "", status: str = "", limit: int = 100) -> tuple[list[str], str]:
    """`message.sequence` of a page, and where to go on."""
    page = await EventShelves(desk.store).feed(ACME, after, status, limit, desk.now)
    return [f"{row.message_id}.{row.sequence}" for row in page.rows], page.further


async def test_the_feed_has_everything_once_in_its_order(desk: Desk) -> None:
    for number in range(3):
        await told(desk, f"m{number}", SENT, DELIVERED)
    assert (await feed(desk))[0] == []  # too young
    desk.wait(20)
    everything, end = await feed(desk)
    assert everything == ["m0.1", "m0.2", "m1.1", "m1.2", "m2.1", "m2.2"]
    seen, after = [], ""
    for _ in range(4):
        page, after = await feed(desk, after, limit=2)
        seen += page
    assert seen == everything
    assert (await feed(desk, end))[0] == []


async def test_what_is_committed_late_is_not_missed(desk: Desk) -> None:
    """An event is made, its commit takes long, and a younger one is there before it."""
    await desk.accept("slow")
    (slow,) = (await desk.messages()).messages
    late = timed(desk.settled(slow, SENT), desk.now)
    await told(desk, "quick", SENT)
    desk.wait(60)
    seen, after = await feed(desk)
    assert seen == []  # the slow one would come before the quick one
    await desk.store.write(late)
    seen, after = await feed(desk, after)
    assert seen == ["slow.1", "quick.1"]


async def test_what_is_only_told_of_while_the_relay_fails_holds_the_feed_too(desk: Desk) -> None:
    await desk.accept("first")
    (first,) = (await desk.messages()).messages
    await desk.relay_fails(first)
    await desk.accept("stuck")
    claim = await desk.messages()
    assert claim.stuck
    (stuck,) = claim.messages
    late = timed(desk.settled(stuck, FeedbackStatus.DELAY), desk.now)
    desk.wait(30)
    assert (await feed(desk))[0] == []
    _, after = await feed(desk)
    await desk.store.write(late)
    assert (await feed(desk, after))[0] == ["stuck.1"]


async def test_a_lease_that_is_long_over_holds_nothing_up(desk: Desk) -> None:
    """Its process is gone; the relay fails, so that nobody takes the message again."""
    await desk.accept("lost")
    await desk.messages()
    await told(desk, "quick", SENT)
    desk.wait(120)
    assert (await feed(desk))[0] == ["quick.1"]


async def test_the_feed_of_a_rare_status_goes_on_where_it_looked_last(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EVENTS_SCANNED", 2)
    for number in range(3):
        await told(desk, f"m{number}", SENT, *([BOUNCE] if number == 2 else [DELIVERED]))
    desk.wait(60)
    seen: list[str] = []
    after, asked = "", 0
    while not seen:
        seen, after = await feed(desk, after, status="bounce")
        asked += 1
    assert (seen, asked) == (["m2.2"], 3)
    assert (await feed(desk, after, status="bounce"))[0] == []


async def test_a_cursor_never_goes_back(desk: Desk) -> None:
    desk.wait(600)
    _, after = await feed(desk)
    desk.wait(-300)
    assert await feed(desk, after) == ([], after)


async def test_a_message_s_life_and_what_was_posted_of_it(desk: Desk) -> None:
    shelves = EventShelves(desk.store)
    await desk.webhook()
    await desk.accept("m1")
    life = await shelves.life(ACME, "m1")
    assert life is not None
    assert (life.configuration_id, life.kept, life.leased, life.due_at) == (RELAY, True, False, desk.now)
    (message,) = (await desk.messages()).messages
    assert (await shelves.life(ACME, "m1")) != life
    await tell(desk, message, SENT, DELIVERED)
    (first,) = (await desk.deliveries()).deliveries
    await desk.post(first, 500)
    after = await shelves.life(ACME, "m1")
    assert after is not None
    assert (after.kept, after.leased, after.due_at) == (False, False, None)
    assert [(row.sequence, row.attempts) for row in await shelves.deliveries_of(ACME, "m1")] == [
        (1, 1),
        (2, 0),
    ]
    assert [one.status_code for one in await shelves.attempts_of(ACME, "m1")] == [500]
    event = (await shelves.told_of(ACME, "m1"))[0]
    assert await shelves.find_event(ACME, event.id) == ("m1", 2)
    assert await shelves.find_event(OTHER, event.id) is None
    assert await shelves.life(OTHER, "m1") is None
    assert await shelves.told_of(OTHER, "m1") == ()
    assert await shelves.deliveries_of(OTHER, "m1") == []


@pytest.mark.parametrize(
    ("name", "index"),
    [("events_floor", "event_id"), ("events_page", "event_id"), ("troubles_floor", "event_trouble"),
     ("troubles_page", "event_trouble"), ("event_find", "event_id"), ("events_ceiling", "event_id"),
     ("events_feed", "event_id"), ("message_first_lease", "message_leased"), ("messages_to", "message_person"),
     ("messages_to", "message_address")],
)  # fmt: skip
def test_each_walk_goes_along_an_index(name: str, index: str) -> None:
    plan = [line.replace("COVERING ", "") for line in plan_of(name)]
    assert any(f"USING INDEX {index} " in line for line in plan)
    assert [
        line for line in plan if line.startswith(("SCAN event", "SCAN message", "SCAN e", "SCAN m"))
    ] == []
