"""Text is kept as it was given and compared by its bytes, whatever language the database sorts in."""

from __future__ import annotations

from typing import Any

from retour.model import FeedbackStatus
from retour.stores.handovers import Relay
from stores.desk import ACME, Desk

NAMES = ("~", "b", "B", "ä", "a b", "ab", "Ä", "🎈", "_", "A")


async def test_lists_are_in_order_of_bytes(desk: Desk) -> None:
    await desk.change("organization_insert", id="acme", name="Acme", created_at=desk.now)
    for name in NAMES:
        made: dict[str, Any] = {
            "id": name,
            "org": "acme",
            "name": name,
            "type": "development",
            "created_at": desk.now,
        }
        await desk.change("sandbox_insert", **made)
    listed = [row[2] for row in await desk.rows("sandboxes_of", org="acme")]
    assert listed == sorted(NAMES, key=str.encode)


async def test_a_page_goes_on_after_the_last_id_by_its_bytes(desk: Desk) -> None:
    await desk.webhook()
    for name in ("Order", "order", "orDer", "zebra", "Zebra"):
        await desk.told(name, FeedbackStatus.SENT)
    seen: list[str] = []
    before = "~"
    values = {"sandbox": ACME, "state": "", "tried": -1, "limit": 2}
    while rows := await desk.rows("deliveries_page", before=before, **values):
        seen += [row[2] for row in rows]
        before = rows[-1][0]
    assert seen == ["zebra", "order", "orDer", "Zebra", "Order"]


async def test_a_name_that_no_text_can_hold_is_found_nowhere_and_is_no_error(desk: Desk) -> None:
    await desk.accept("order-1")
    assert await desk.rows("request_key_get", sandbox=ACME, request_id="order-1\0") == []
    assert await desk.rows("credential_get", client_id="\0") == []


async def test_what_the_world_says_with_odd_characters_is_written_all_the_same(desk: Desk) -> None:
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    relay = Relay(trouble="550 \0 🎈 ä", open_until=desk.now)
    await desk.settle(message, due_at=desk.now, relay=relay)
    state = (await desk.rows("configuration_get", sandbox=ACME, id="relay"))[0]
    assert "🎈 ä" in state[7]
