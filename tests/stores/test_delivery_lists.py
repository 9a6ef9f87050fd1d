"""Lists of deliveries on each store: what a filter finds, how far it looks, and that it always walks by an index."""

from __future__ import annotations

import re
from typing import Any

import apsw
import pytest

from retour import ids, limits
from retour.model import DeliveryState, FeedbackStatus
from retour.stores import delivery_shelves
from retour.stores.delivery_shelves import DeliveryShelves, Sought
from retour.stores.sql import migrations, statements
from retour.watching import differing, torn
from stores.desk import ACME, BOBS, Desk

SENT, DELIVERED = FeedbackStatus.SENT, FeedbackStatus.DELIVERED
LISTS = {
    "deliveries_newest": "delivery_id", "deliveries_newest_edge": "delivery_id", "deliveries_over": "delivery_over",
    "deliveries_over_edge": "delivery_over", "deliveries_retrying": "delivery_retrying",
    "deliveries_retrying_edge": "delivery_retrying", "deliveries_troubled": "delivery_troubled",
    "deliveries_troubled_edge": "delivery_troubled", "deliveries_glance": "delivery_id",
    "deliveries_troubled_glance": "delivery_troubled", "deliveries_retrying_count": "delivery_retrying",
    "deliveries_failed_count": "delivery_over", "deliveries_to_replay": "delivery_over", "delivery_line": "delivery_id",
}  # fmt: skip


def plan_of(name: str) -> list[str]:
    """How SQLite would run a statement."""
    db = apsw.Connection(":memory:")
    db.execute("\n".join(script for _, script in migrations()))
    text = statements()[name]
    values = dict.fromkeys(re.findall(r":(\w+)", text), 1)
    return [str(row[3]) for row in db.execute("EXPLAIN QUERY PLAN " + text, values)]


@pytest.mark.parametrize(("name", "index"), sorted(LISTS.items()))
def test_a_list_walks_by_its_index_and_sorts_nothing(name: str, index: str) -> None:
    plan = plan_of(name)
    assert any(re.match(rf"SEARCH d USING (COVERING )?INDEX {index} ", line) for line in plan), plan
    assert [line for line in plan if "TEMP B-TREE" in line] == []
    assert [line for line in plan if re.match(r"SCAN [dmcae]\b", line)] == []


def test_a_word_is_looked_up_by_indexes_alone() -> None:
    plan = plan_of("deliveries_named")
    assert any(
        "SEARCH d USING INDEX sqlite_autoindex_delivery_1 (sandbox=? AND message_id=?)" in line
        for line in plan
    )
    assert [line for line in plan if re.match(r"SCAN (?!f\b|people\b|places\b)\w+", line)] == []
    whole_sandboxes = [line for line in plan if line.endswith("(sandbox=?)")]
    assert whole_sandboxes == []
    assert [line for line in plan if "TEMP B-TREE" in line] == []


def test_every_walk_is_checked() -> None:
    walks = [getattr(delivery_shelves, name) for name in ("ALL", "OVER", "RETRYING", "TROUBLED")]
    assert {statement for walk in walks for statement in walk} <= set(LISTS)


def test_what_is_accepted_at_once_stands_in_no_index_of_what_failed() -> None:
    script = next(text for number, text in migrations() if number == 8)
    made = re.findall(r"CREATE INDEX \w+ ON delivery \([^)]*\)( WHERE [^;]*)?;", script)
    assert made
    assert all(
        "last_trouble IS NOT NULL" in where or "IN ('exhausted', 'cancelled')" in where for where in made
    )


async def _found(desk: Desk, sandbox: str = ACME, **sought: Any) -> list[str]:
    page = await DeliveryShelves(desk.store).page(sandbox, Sought(**sought))
    return [line.row.id for line in page.lines]


async def test_what_is_new_is_found_by_each_of_its_names_in_its_own_sandbox(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    rows = (await DeliveryShelves(desk.store).page(ACME, Sought())).lines
    assert len(rows) == 2
    assert [line.row.id for line in rows] == sorted((line.row.id for line in rows), reverse=True)
    one = rows[0].row
    everything = sorted(line.row.id for line in rows)
    assert await _found(desk, text=one.id) == [one.id]
    assert await _found(desk, text=one.event_id) == [one.id]
    assert sorted(await _found(desk, text=one.message_id)) == everything
    assert sorted(await _found(desk, text=one.request_id)) == everything
    assert sorted(await _found(desk, text=rows[0].user_id.upper())) == everything
    assert await _found(desk, text="nobody@example.com") == []
    for text in ("", one.id, one.event_id, one.message_id, one.request_id, rows[0].user_id):
        assert await _found(desk, BOBS, text=text) == []


async def test_filters_pick_by_feedback_state_and_answer(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    assert len(await _found(desk, feedback=SENT)) == 1
    assert await _found(desk, feedback=FeedbackStatus.BOUNCE) == []
    assert len(await _found(desk, state=DeliveryState.DUE, failed=False)) == 2
    assert await _found(desk, state=DeliveryState.DUE, failed=True) == []
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.post(delivery)
    assert await _found(desk, state=DeliveryState.ACCEPTED) == [delivery.id]
    assert await _found(desk, codes=(200, 300)) == [delivery.id]
    assert await _found(desk, codes=(500, 600)) == []
    assert await _found(desk, unanswered=True) == []


async def test_what_failed_and_was_cancelled_is_found_and_can_be_replayed_once(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    shelf = DeliveryShelves(desk.store)
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.give_up(delivery)
    assert await _found(desk, state=DeliveryState.EXHAUSTED) == [delivery.id]
    assert await shelf.failed_since(ACME, 0) == 1
    assert await shelf.to_replay(ACME, Sought(), 10) == [delivery.id]
    assert await shelf.to_replay(BOBS, Sought(), 10) == []
    await desk.change("delivery_replay", sandbox=ACME, id=ids.new_id(), original=delivery.id, now=desk.now)
    assert await shelf.to_replay(ACME, Sought(), 10) == []
    assert len(await _found(desk, text=delivery.event_id)) == 2


async def test_a_search_says_how_far_it_came(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIST_SCAN", 2)
    await desk.webhook()
    for number in range(3):
        await desk.told(f"order-{number}", SENT)
    shelf = DeliveryShelves(desk.store)
    everything = [line.row.id for line in (await shelf.page(ACME, Sought())).lines]
    found = await shelf.page(ACME, Sought(state=DeliveryState.DUE, feedback=SENT))
    assert ([line.row.id for line in found.lines], found.edge) == (everything[:2], everything[2])
    assert (await shelf.page(ACME, Sought(feedback=SENT), limit=2)).edge == ""
    assert (await shelf.page(ACME, Sought())).edge == ""


async def test_a_glance_shows_what_has_changed(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    shelf = DeliveryShelves(desk.store)
    before = await shelf.glance(ACME)
    assert differing(before, await shelf.glance(ACME)) == []
    await desk.told("order-2", SENT)
    (delivery, *_) = (await desk.deliveries()).deliveries
    after = await shelf.glance(ACME)
    assert len(differing(before, after)) == 2
    assert delivery.id in differing(before, after)
    assert not torn(before, after)
    assert (await shelf.glance(BOBS)).newest == {}
