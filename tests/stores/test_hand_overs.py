"""What is answered is committed, once; what a guard refuses leaves no trace."""

from __future__ import annotations

import asyncio

import pytest

from retour.model import FeedbackStatus, RecipientStatus
from retour.stores.handovers import Changed, Clash, Known, Repeated, Settled, Stale, Step, Written
from stores.desk import ACME, BOBS, OTHER, Desk

SENT, DELIVERED, DELAY = FeedbackStatus.SENT, FeedbackStatus.DELIVERED, FeedbackStatus.DELAY


async def test_an_accepted_execution_is_there_after_a_restart(desk: Desk) -> None:
    assert await desk.accept("order-1") == Written()
    await desk.reopen()
    (message,) = (await desk.messages()).messages
    assert (message.id, message.content) == ("order-1", b"sealed")
    assert len(await desk.rows("request_key_get", sandbox=ACME, request_id="order-1")) == 1


async def test_the_same_request_gets_the_first_answer(desk: Desk) -> None:
    first = desk.accepted("order-1")
    await desk.store.write(first)
    desk.wait(5)
    answer = await desk.accept("order-1")
    assert answer == Known(execution=first.execution)
    assert len((await desk.messages()).messages) == 1


async def test_the_first_answer_names_the_version_that_was_run(desk: Desk) -> None:
    first = desk.accepted("order-1")
    await desk.store.write(first)
    again = await desk.accept("order-1", version="v2")
    assert isinstance(again, Known)
    assert again.execution.campaign_version_id == "v1"


async def test_a_request_id_used_for_something_else_is_a_clash(desk: Desk) -> None:
    await desk.accept("order-1")
    assert await desk.accept("order-1", hash=b"another") == Clash(what="request_key")


async def test_charlie_may_use_the_request_id_that_ann_used(desk: Desk) -> None:
    await desk.campaign(OTHER)
    await desk.accept("order-1")
    assert await desk.accept("order-1", OTHER, hash=b"another") == Written()


async def test_two_equal_requests_in_one_commit_make_one_execution(desk: Desk) -> None:
    first, second = desk.accepted("order-1"), desk.accepted("order-1")
    answers = await asyncio.gather(*(desk.store.write(each) for each in (first, second)))
    assert answers == [Written(), Known(execution=first.execution)]


async def test_a_campaign_that_is_no_longer_live_accepts_nothing(desk: Desk) -> None:
    await desk.change("campaign_stop", sandbox=ACME, id="campaign", modified_at=desk.now)
    assert await desk.accept("order-1") == Stale()
    assert await desk.rows("request_key_get", sandbox=ACME, request_id="order-1") == []
    assert (await desk.messages()).messages == ()


async def test_a_version_that_was_published_over_accepts_nothing(desk: Desk) -> None:
    assert await desk.accept("order-1", version="v0") == Stale()


async def test_a_known_request_is_answered_after_the_campaign_has_stopped(desk: Desk) -> None:
    await desk.accept("order-1")
    await desk.change("campaign_stop", sandbox=ACME, id="campaign", modified_at=desk.now)
    assert isinstance(await desk.accept("order-1"), Known)


async def test_a_settled_message_keeps_its_events_in_order_and_loses_its_content(desk: Desk) -> None:
    await desk.told("order-1", SENT, DELIVERED)
    events = await desk.rows("events_of_message", sandbox=ACME, message_id="order-1")
    assert [(row[2], row[4]) for row in events] == [(1, "sent"), (2, "delivered")]
    assert [bytes(row[7]) for row in events] == [b"body of order-1.1", b"body of order-1.2"]
    assert (await desk.messages()).messages == ()


async def test_content_is_kept_until_it_is_dropped(desk: Desk) -> None:
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    await desk.settle(message, DELAY, due_at=desk.now + 1, drop_content=False)
    desk.wait(1)
    (again,) = (await desk.messages()).messages
    assert again.content == b"sealed"
    await desk.settle(again, SENT, due_at=desk.now + 1)
    desk.wait(1)
    assert (await desk.messages()).messages[0].content is None


@pytest.mark.parametrize("wrong", [{"revision": 7}, {"fence": 7}, {"message_id": "another"}])
async def test_a_guard_that_misses_writes_nothing(desk: Desk, wrong: dict[str, object]) -> None:
    await desk.webhook()
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    assert await desk.settle(message, SENT, **wrong) == Stale()
    assert await desk.rows("events_of_message", sandbox=ACME, message_id="order-1") == []
    assert await desk.names() == []
    assert await desk.settle(message, SENT) == Written(owed=1)


async def test_two_who_decided_on_the_same_revision_cannot_both_tell(desk: Desk) -> None:
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    twice = [desk.settled(message, SENT), desk.settled(message, DELIVERED)]
    answers = await asyncio.gather(*(desk.store.write(each) for each in twice))
    assert answers == [Written(owed=1), Stale()]
    assert len(await desk.rows("events_of_message", sandbox=ACME, message_id="order-1")) == 1


async def test_a_fact_told_twice_is_recorded_once_and_leaves_no_gap(desk: Desk) -> None:
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    await desk.settle(message, SENT, due_at=desk.now)
    (again,) = (await desk.messages()).messages
    assert await desk.settle(again, SENT, DELIVERED) == Repeated(facts=("sent",))
    assert await desk.settle(again, DELIVERED) == Written(owed=1)
    events = await desk.rows("events_of_message", sandbox=ACME, message_id="order-1")
    assert [(row[2], row[4]) for row in events] == [(1, "sent"), (2, "delivered")]


async def test_a_sequence_given_twice_is_an_error_and_not_swallowed(desk: Desk) -> None:
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    double = desk.settled(message, SENT, SENT, facts=["one", "two"])
    events = [owing.event for owing in double.owings]
    assert [event.sequence for event in events] == [1, 2]
    wrong = desk.settled(message, SENT, facts=["other"]).owings
    clashing = Settled(
        **{name: getattr(double, name) for name in double.__struct_fields__} | {"owings": wrong * 2}
    )
    assert await desk.store.write(clashing) == Repeated(facts=("other",))
    renamed = (wrong[0], desk.settled(message, SENT, facts=["third"]).owings[0])
    clashing = Settled(
        **{name: getattr(double, name) for name in double.__struct_fields__} | {"owings": renamed}
    )
    with pytest.raises(Exception, match=r"(?i)unique"):
        await desk.store.write(clashing)
    assert await desk.rows("events_of_message", sandbox=ACME, message_id="order-1") == []


async def test_a_failed_step_undoes_the_steps_before_it(desk: Desk) -> None:
    await desk.webhook(BOBS)
    new = {"sandbox": ACME, "id": "second", "name": "second", "doc": b"{}", "created_at": desk.now}
    insert = Step(statement="configuration_insert", values=new)
    stale = Step(statement="webhook_delete", values={"sandbox": ACME, "id": "hook"}, guard=True)
    clash = Step(statement="configuration_insert", values=new | {"id": "third"})
    assert await desk.store.write(Changed(steps=(insert, stale))) == Stale()
    assert await desk.store.write(Changed(steps=(insert, clash))) == Clash(what="configuration_insert")
    assert await desk.rows("configuration_get", sandbox=ACME, id="second") == []


async def test_the_second_of_two_edits_is_stale(desk: Desk) -> None:
    edit = {"sandbox": ACME, "id": "campaign", "name": "new", "doc": b"{}", "modified_at": desk.now}
    answers = await asyncio.gather(
        *(desk.change("campaign_update", guard=True, version=2, **edit) for _ in range(2))
    )
    assert answers == [Written(changed=1), Stale()]


async def test_the_status_of_a_recipient_is_read_as_settled(desk: Desk) -> None:
    await desk.told("order-1", SENT, status=RecipientStatus.SENT)
    assert (await desk.rows("message_get", sandbox=ACME, id="order-1"))[0][9] == "sent"
