"""Many hand-overs at once are each on their own."""

from __future__ import annotations

import asyncio

import pytest

from retour.errors import Busy
from retour.model import FeedbackStatus
from retour.stores.handovers import Answer, Clash, Handover, Known, Repeated, Settled, Stale, Written
from stores.desk import ACME, Desk

SENT = FeedbackStatus.SENT


async def test_a_hand_over_with_an_error_does_not_harm_its_neighbours(desk: Desk) -> None:
    await desk.accept("order-0")
    (message,) = (await desk.messages()).messages
    good = desk.settled(message, SENT)
    bad = Settled(**{name: getattr(good, name) for name in good.__struct_fields__} | {"status": object()})
    writes: list[Handover] = [desk.accepted("order-1"), bad, good, desk.accepted("order-2")]
    answers = await asyncio.gather(*(desk.store.write(each) for each in writes), return_exceptions=True)
    assert [answers[0], *answers[2:]] == [Written(), Written(owed=1), Written()]
    assert isinstance(answers[1], Exception)
    assert not isinstance(answers[1], Busy)
    assert {message.id for message in (await desk.messages()).messages} == {"order-1", "order-2"}


async def test_an_unknown_statement_is_an_error_of_its_own(desk: Desk) -> None:
    with pytest.raises(KeyError):
        await desk.change("no_such_statement")
    assert await desk.accept("order-1") == Written()


async def test_a_missing_value_is_an_error_and_not_an_empty_column(desk: Desk) -> None:
    with pytest.raises(KeyError):
        await desk.change("setting_put", name="half")
    assert await desk.rows("setting_get", name="half") == []


async def test_a_thousand_mixed_hand_overs_are_answered_each(desk: Desk) -> None:
    for number in range(100):
        await desk.accept(f"old-{number}")
    claimed = (await desk.messages()).messages
    fresh = [desk.accepted(f"new-{number}") for number in range(400)]
    settled = [desk.settled(message, SENT) for message in claimed]
    writes: list[Handover] = [*fresh, *settled, *fresh, *settled]
    answers: list[Answer] = await asyncio.gather(*(desk.store.write(each) for each in writes))
    assert answers[:500] == [Written()] * 400 + [Written(owed=1)] * 100
    assert all(isinstance(answer, Known) for answer in answers[500:900])
    assert answers[900:] == [Stale()] * 100
    await desk.reopen()
    assert len((await desk.messages(limit=1000)).messages) == 400
    assert await desk.rows("deliveries_waiting", sandbox=ACME) == [(100,)]


async def test_the_answers_come_in_the_order_in_which_the_hand_overs_were_given(desk: Desk) -> None:
    answered: list[int] = []

    async def write(number: int) -> None:
        await desk.accept(f"order-{number}")
        answered.append(number)

    await asyncio.gather(*(write(number) for number in range(50)))
    assert answered == list(range(50))


async def test_one_that_is_undone_after_its_first_step_takes_none_of_its_neighbours_along(desk: Desk) -> None:
    await desk.webhook()
    for number in range(3):
        await desk.accept(f"old-{number}")
    first, second, third = (await desk.messages()).messages
    await desk.settle(second, SENT, due_at=desk.now)
    (second,) = (await desk.messages()).messages
    known = desk.settled(second, SENT)  # its fact is recorded already: found out when the message is settled
    stopped = desk.accepted("new-1", version="v0")  # its request id is taken before the campaign is looked at
    writes: list[Handover] = [
        desk.settled(first, SENT),
        known,
        stopped,
        desk.settled(third, SENT),
        desk.accepted("new-2"),
    ]
    answers = await asyncio.gather(*(desk.store.write(each) for each in writes))
    assert answers == [Written(owed=1), Repeated(facts=("sent",)), Stale(), Written(owed=1), Written()]
    assert await desk.accept("new-1") == Written()
    assert isinstance(await desk.settle(second, FeedbackStatus.DELIVERED), Written)


async def test_hand_overs_about_the_same_thing_at_once_follow_each_other(desk: Desk) -> None:
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    writes: list[Handover] = [
        desk.accepted("order-2"),
        desk.settled(message, SENT),
        desk.accepted("order-2"),
        desk.settled(message, SENT),
        desk.accepted("order-2", hash=b"another"),
    ]
    answers = await asyncio.gather(*(desk.store.write(each) for each in writes))
    assert answers[:2] == [Written(), Written(owed=1)]
    assert isinstance(answers[2], Known)
    assert answers[3:] == [Stale(), Clash(what="request_key")]
