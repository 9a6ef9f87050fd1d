"""Charlie of Other Ltd asks every question that there is about a sandbox, with Ann's ids. He gets nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from retour import limits
from retour.model import FeedbackStatus
from retour.stores.sql import statements
from stores.desk import ACME, OTHER, Desk

IDS = {
    "campaign_get": "campaign",
    "campaign_live": "campaign",
    "configuration_get": "relay",
    "configuration_health": "relay",
    "version_get": "v1",
    "message_get": "order-1",
    "delivery_get": "order-1.1",
    "alert_get": "hook",
}
QUESTIONS = sorted(
    name for name, text in statements().items() if text.startswith("SELECT") and ":sandbox" in text
)


async def furnish(desk: Desk, sandbox: str) -> dict[str, Any]:
    """One of everything; the values that find it."""
    await desk.webhook(sandbox)
    await desk.change("version_insert", sandbox=sandbox, id="v1", campaign_id="campaign", doc=b"{}")
    await desk.told("order-1", FeedbackStatus.SENT, FeedbackStatus.DELIVERED, sandbox=sandbox)
    (delivery,) = (await desk.deliveries(sandbox)).deliveries
    await desk.post(delivery, 500)
    await desk.deliveries(sandbox)
    desk.wait(5)
    await desk.deliveries(sandbox)
    await desk.accept("order-2", sandbox)
    await desk.messages(sandbox)
    ann: dict[str, Any] = {"namespace": "email", "user_id": "ann@acme.example", "doc": b"sealed"}
    await desk.change("profile_put", sandbox=sandbox, created_at=desk.now, modified_at=desk.now, **ann)
    await desk.accept("order-3", sandbox, address="ann@home.example")
    place: dict[str, Any] = {"sandbox": sandbox, "kind": "webhook", "id": "hook", "failing_since": desk.now}
    await desk.change("alert_hold", **place, now=desk.now, until=desk.now)
    (key,) = await desk.rows("request_key_get", sandbox=sandbox, request_id="order-1")
    return {
        "execution_id": key[1],
        "request_id": "order-1",
        "message_id": "order-1",
        "delivery_id": "order-1.1",
        "configuration_id": "relay",
        "version_id": "v1",
        "sequence": 1,
        "before": "~",
        "state": "",
        "tried": -1,
        "limit": 100,
        "now": desk.now,
        "namespace": "email",
        "user_id": "ann@acme.example",
        "address": "ann@home.example",
        "fold": 1,
        "channel": "email",
        "kind": "webhook",
        "after": "",
        "older_than": desk.now,
        **{f"id{number}": "ann@acme.example" for number in range(limits.RECIPIENTS)},
    }


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_question_is_answered_from_its_own_sandbox_only(desk: Desk, question: str) -> None:
    known = await furnish(desk, ACME)
    known["id"] = known["execution_id"] if question == "execution_get" else IDS.get(question)
    names = set(re.findall(r":(\w+)", statements()[question])) - {"sandbox"}
    values = {name: known[name] for name in names}
    mine = await desk.rows(question, sandbox=ACME, **values)
    theirs = await desk.rows(question, sandbox=OTHER, **values)
    assert mine not in ([], [(0,)])
    assert theirs in ([], [(0,)])
