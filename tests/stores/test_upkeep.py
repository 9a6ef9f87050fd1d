"""What housekeeping asks of a store: erasing, retention, alerts, the same on each."""

from __future__ import annotations

from typing import Any

from retour import limits
from retour.erasure import Erased, Erasure
from retour.model import FeedbackStatus, Sandbox, SandboxType
from retour.retention import Ages, Retention
from retour.stores.handovers import Repeated, Written
from stores.desk import ACME, OTHER, RELAY, Desk

ANN = "ann@acme.example"
PLACE = Sandbox(id=ACME, org="acme@Org", name="prod", type=SandboxType.PRODUCTION, created_at=0)
SENT, DELIVERED = FeedbackStatus.SENT, FeedbackStatus.DELIVERED


async def erase(desk: Desk, user_id: str = ANN, namespace: str = "email") -> Erased:
    """What it counts."""
    return await Erasure(desk.store).erase(PLACE, namespace, user_id)


async def bodies(desk: Desk, message: str) -> list[bytes]:
    """Of its events."""
    rows = await desk.rows("events_of_message", sandbox=ACME, message_id=message)
    return [bytes(row[7]) for row in rows]


async def test_a_person_goes_from_every_table(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT, DELIVERED)
    for delivery in (await desk.deliveries()).deliveries:
        await desk.post(delivery)
    profile: dict[str, Any] = {
        "sandbox": ACME,
        "namespace": "email",
        "user_id": ANN.upper(),
        "doc": b"sealed",
    }
    await desk.change("profile_put", **profile, created_at=desk.now, modified_at=desk.now)
    assert await erase(desk) == Erased(messages=1, events=2, deliveries=2, attempts=1, profiles=1)
    (message,) = await desk.rows("message_get", sandbox=ACME, id="order-1")
    assert ANN not in message
    assert await bodies(desk, "order-1") == [b"", b""]
    assert await desk.state_of("order-1.1") == "accepted"
    assert await desk.state_of("order-1.2") == "cancelled"
    assert await erase(desk) == Erased()


async def test_of_a_leased_message_nothing_more_is_recorded_and_nothing_is_due(desk: Desk) -> None:
    await desk.webhook()
    await desk.accept("order-1")
    (message,) = (await desk.messages()).messages
    assert (await erase(desk)).messages == 1
    answer = await desk.settle(message, SENT, due_at=desk.now, drop_content=False)
    assert answer == Repeated(facts=("sent",))
    assert await desk.settle(message, due_at=desk.now, drop_content=False) == Written()
    desk.wait(3_600)
    assert (await desk.messages()).messages == ()
    assert (await desk.deliveries()).deliveries == ()
    (found,) = await desk.rows("message_get", sandbox=ACME, id="order-1")
    assert found[9] == "excluded"


async def test_a_leased_delivery_is_not_tried_again_and_its_answer_not_kept(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    await erase(desk)
    assert await desk.post(delivery, 500) == Written()
    assert await desk.state_of("order-1.1") == "cancelled"
    assert await desk.rows("attempts_of", sandbox=ACME, delivery_id="order-1.1") == []


async def test_what_was_on_its_way_and_is_accepted_counts_as_that_and_leaves_no_attempt(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    await erase(desk)
    assert await desk.post(delivery) == Written()
    assert await desk.state_of("order-1.1") == "accepted"
    assert await desk.rows("attempts_of", sandbox=ACME, delivery_id="order-1.1") == []


async def test_capitals_count_in_ids_and_not_in_addresses(desk: Desk) -> None:
    await desk.accept("order-1", user_id="C-1", namespace="CRM", address="Ann@Home.example")
    assert await erase(desk, "c-1", "crm") == Erased()
    assert (await erase(desk, "ann@home.EXAMPLE")).messages == 1
    await desk.accept("order-2", user_id="C-1", namespace="CRM")
    assert (await erase(desk, "C-1", "crm")).messages == 1


async def test_another_sandbox_is_left_alone(desk: Desk) -> None:
    await desk.campaign(OTHER)
    await desk.accept("order-1", OTHER)
    assert await erase(desk) == Erased()


async def test_old_bodies_go_then_the_rest(desk: Desk) -> None:
    await desk.change("sandbox_insert", id=ACME, org="acme", name="prod", type="production", created_at=0)
    await desk.webhook()
    await desk.told("order-1", SENT)
    await desk.told("order-2", SENT)
    (first, _) = (await desk.deliveries()).deliveries
    await desk.post(first)
    retention = Retention(desk.store, Ages())
    desk.wait(limits.KEEP_BODIES_DAYS * 86_400 + 1)
    assert not await retention.run(desk.now)
    kept = {name: await bodies(desk, name) for name in ("order-1", "order-2")}
    assert kept.pop(first.message_id) == [b""]
    assert list(kept.values()) != [[b""]], "what is due keeps its body"
    desk.wait(limits.KEEP_ATTEMPTS_DAYS * 86_400)
    assert not await retention.run(desk.now)
    assert await desk.rows("message_get", sandbox=ACME, id=first.message_id) == []
    assert [bool(await bodies(desk, name)) for name in kept] == [True]


async def test_an_alert_is_held_by_one_at_a_time(desk: Desk) -> None:
    place: dict[str, Any] = {"sandbox": ACME, "kind": "webhook", "id": "hook", "failing_since": desk.now}
    hold: dict[str, Any] = {"now": desk.now, "until": desk.now + limits.MINUTE}
    assert await desk.change("alert_hold", **place, **hold) == Written(changed=1)
    assert await desk.change("alert_hold", **place, **hold) == Written(changed=0)
    desk.wait(61)
    again: dict[str, Any] = {"now": desk.now, "until": desk.now + limits.MINUTE}
    assert await desk.change("alert_hold", **place, **again) == Written(changed=1)
    await desk.change("alert_told", **place, told=limits.HOUR, now=desk.now)
    found = await desk.rows("alert_get", sandbox=ACME, kind="webhook", id="hook")
    assert [tuple(row) for row in found] == [(place["failing_since"], limits.HOUR, desk.now)]
    everything: dict[str, Any] = {"after_sandbox": "", "after_kind": "", "after": "", "limit": 9}
    assert [tuple(row) for row in await desk.rows("alerts_all", **everything)] == [(ACME, "webhook", "hook")]
    await desk.change("alert_end", sandbox=ACME, kind="webhook", id="hook")
    assert await desk.rows("alerts_all", **everything) == []


async def test_what_has_been_failing_is_found(desk: Desk) -> None:
    await desk.webhook()
    await desk.told("order-1", SENT)
    (delivery,) = (await desk.deliveries()).deliveries
    await desk.post(delivery, 500)
    await desk.accept("order-2")
    (message,) = (await desk.messages()).messages
    await desk.relay_fails(message)
    webhooks: dict[str, Any] = {"after": "", "limit": 9}
    relays: dict[str, Any] = {"after_sandbox": "", "after": "", "limit": 9}
    assert await desk.rows("webhooks_failing", before=desk.now - 1, **webhooks) == []
    assert await desk.rows("configurations_failing", before=desk.now - 1, **relays) == []
    (webhook,) = await desk.rows("webhooks_failing", before=desk.now, **webhooks)
    (relay,) = await desk.rows("configurations_failing", before=desk.now, **relays)
    assert (tuple(webhook), tuple(relay)) == ((ACME, "hook"), (ACME, RELAY))
