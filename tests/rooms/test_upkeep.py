"""The housekeeping: what has outlived its age goes, in small commits."""

from __future__ import annotations

from typing import Any

import pytest

from cast import House
from outside.https import Endpoint
from retour import ids, limits, retention, upkeep
from retour.config import Settings, check
from retour.errors import Code, ConfigError, Conflict
from retour.model import DeliveryState, Lane
from rooms.steps import Clock, deliveries, message_of, post_due, send_due
from web.api.callers import rows

DAY = limits.DAY


@pytest.mark.parametrize(
    ("bodies", "attempts", "word"),
    [(0, 90, "BODIES"), (30, 29, "ATTEMPTS"), (3_651, 3_651, "BODIES"), (91, 90, "BODIES"), (1, 30, "")],
)
def test_what_is_kept_has_bounds(bodies: int, attempts: int, word: str) -> None:
    settings = Settings(keep_bodies_days=bodies, keep_attempts_days=attempts)
    if word:
        with pytest.raises(ConfigError, match=f"RETOUR_KEEP_{word}_DAYS"):
            check(settings)
    else:
        assert check(settings) == settings


async def test_a_request_id_may_be_used_again_after_its_age(house: House) -> None:
    campaign = await house.campaign(await house.simulated())
    first = await house.execute(campaign, "delivered@example.com", request_id="request-1")
    await house.retour.upkeep.run(ids.now())
    again = await house.execute(campaign, "delivered@example.com", request_id="request-1")
    assert again.id == first.id
    await house.retour.upkeep.run(ids.now() + limits.REQUEST_KEY_AGE)
    later = await house.execute(campaign, "delivered@example.com", request_id="request-1")
    assert later.id != first.id


async def test_more_than_a_batch_of_old_request_ids_goes_in_one_round(house: House) -> None:
    campaign = await house.campaign(await house.simulated())
    many = upkeep.BATCH // 10 + 1
    original, upkeep.BATCH = upkeep.BATCH, upkeep.BATCH // 10
    try:
        for number in range(many):
            await house.execute(campaign, "sent@example.com", request_id=f"request-{number}")
        await house.retour.upkeep.run(ids.now() + limits.REQUEST_KEY_AGE)
    finally:
        upkeep.BATCH = original
    assert await house.retour.shelves.first_answer(house.dev.id, "request-0") is None
    assert await house.retour.shelves.first_answer(house.dev.id, f"request-{many - 1}") is None


async def posted(house: House, receiver: Endpoint, address: str = "sent@example.com") -> str:
    """A message that was sent and told; its id."""
    configuration = await house.simulated()
    campaign = await house.campaign(configuration)
    if await house.retour.webhooks.find(house.dev) is None:
        await house.webhook(receiver.url("/x"))
    execution = await house.execute(campaign, address)
    await send_due(house, configuration)
    await post_due(house)
    return await message_of(house, execution.id)


async def kept(house: House, message: str) -> list[bytes]:
    """The bodies of its events."""
    return [event.body for event in await house.retour.shelves.events(house.dev.id, message)]


async def test_bodies_go_after_their_time_and_everything_else_stays(house: House, receiver: Endpoint) -> None:
    message = await posted(house, receiver)
    await house.retour.upkeep.run(ids.now() + limits.KEEP_BODIES_DAYS * DAY - DAY)
    assert b"" not in await kept(house, message)
    await house.retour.upkeep.run(ids.now() + limits.KEEP_BODIES_DAYS * DAY)
    assert await kept(house, message) == [b""]
    (row,) = await deliveries(house)
    assert len(await house.retour.shelves.attempts(house.dev.id, row.id)) == 1
    with pytest.raises(Conflict, match=f"Kept for {limits.KEEP_BODIES_DAYS} days") as refused:
        await house.retour.webhooks.replay(house.dev, row.id)
    assert refused.value.code is Code.BODY_REMOVED


async def test_nothing_goes_of_what_is_still_due(house: House, receiver: Endpoint) -> None:
    message = await posted(house, receiver)
    (row,) = await deliveries(house)
    again = await house.retour.webhooks.replay(house.dev, row.id)
    much_later = ids.now() + 2 * limits.KEEP_ATTEMPTS_DAYS * DAY
    await house.retour.upkeep.run(much_later)
    assert b"" not in await kept(house, message)
    await post_due(house)
    assert len(receiver.requests) == 2
    assert receiver.requests[0].body == receiver.requests[1].body
    await house.retour.upkeep.run(much_later)
    assert await house.retour.shelves.delivery(house.dev.id, again) is None


async def test_what_is_over_goes_after_a_longer_time_with_all_that_belongs_to_it(
    house: House, receiver: Endpoint
) -> None:
    await posted(house, receiver)
    before = rows(house)
    await house.retour.upkeep.run(ids.now() + limits.KEEP_ATTEMPTS_DAYS * DAY - DAY)
    tables = ("attempt", "delivery", "event", "execution", "message")
    assert {name: rows(house)[name] for name in tables} == {name: before[name] for name in tables}
    await house.retour.upkeep.run(ids.now() + limits.KEEP_ATTEMPTS_DAYS * DAY)
    assert {name: rows(house)[name] for name in tables} == dict.fromkeys(tables, 0)


async def test_an_execution_stays_as_long_as_one_of_its_messages(house: House, clock: Clock) -> None:
    configuration = await house.simulated()
    campaign = await house.campaign(configuration, enable_webhooks=False)
    execution = await house.execute(campaign, "sent@example.com", "hold@example.com")
    message = await message_of(house, execution.id)
    claim = await house.retour.store.claim_messages(Lane(house.dev.id, configuration), ids.now(), 1)
    (held,) = claim.messages
    await send_due(house, configuration)
    await house.retour.upkeep.run(ids.now() + 2 * limits.KEEP_ATTEMPTS_DAYS * DAY)
    left = await house.retour.shelves.recipients(house.dev.id, execution.id)
    assert message == held.id
    assert [found[0] for found in left] == [message]
    assert await house.retour.shelves.execution(house.dev.id, execution.id) is not None


async def test_many_go_in_small_commits(
    house: House, receiver: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 8)
    configuration = await house.simulated()
    campaign = await house.campaign(configuration)
    await house.webhook(receiver.url("/x"))
    for number in range(9):
        await house.execute(campaign, f"sent+{number}@example.com")
    await send_due(house, configuration)
    await send_due(house, configuration)
    await post_due(house)
    sizes: list[int] = []
    write = house.retour.store.write

    async def counted(handover: Any) -> Any:
        before = sum(rows(house).values())
        answer = await write(handover)
        sizes.append(before - sum(rows(house).values()))
        return answer

    monkeypatch.setattr(house.retour.store, "write", counted)
    assert not await house.retour.upkeep.run(ids.now() + limits.KEEP_ATTEMPTS_DAYS * DAY)
    assert max(sizes[3:]) <= 8
    assert rows(house)["message"] == 0


async def test_a_round_that_runs_out_of_time_says_so_and_the_next_one_goes_on(
    house: House, receiver: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    await posted(house, receiver)
    later = ids.now() + limits.KEEP_ATTEMPTS_DAYS * DAY
    monkeypatch.setattr(retention, "ROUND_SECONDS", 0.0)
    assert await house.retour.upkeep.run(later)
    assert rows(house)["message"] == 1
    monkeypatch.undo()
    assert not await house.retour.upkeep.run(later)
    assert rows(house)["message"] == 0


async def test_old_tries_of_what_is_still_due_go_and_it_stays(house: House, clock: Clock) -> None:
    await house.webhook("https://127.0.0.1:1/x")
    configuration = await house.simulated()
    await house.execute(await house.campaign(configuration), "sent@example.com")
    await send_due(house, configuration)
    await post_due(house)
    (row,) = await deliveries(house)
    assert len(await house.retour.shelves.attempts(house.dev.id, row.id)) == 1
    await house.retour.upkeep.run(ids.now() + limits.KEEP_ATTEMPTS_DAYS * DAY)
    assert await house.retour.shelves.attempts(house.dev.id, row.id) == []
    assert [left.state for left in await deliveries(house)] == [DeliveryState.DUE]
