"""The dispatch room with a real store and a real endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import msgspec
import pytest

from cast import BOB, SECRET, House
from outside.certificates import Authority
from outside.https import Endpoint, serving
from retour import ids, limits
from retour.catalog.inputs import AuthenticationInput, HeaderInput, WebhookInput
from retour.catalog.webhooks import Made
from retour.model import Attempt, DeliveryState, Lane, Webhook
from retour.stores import RoomName
from rooms.steps import Clock, Conduct, deliveries, post_due, send_due

HEADER_SECRET = "the secret of a header"


class Scene:
    """Acme's webhook, its endpoint, and a campaign that sends to simulated addresses."""

    def __init__(self, house: House, clock: Clock, endpoint: Endpoint, conduct: Conduct) -> None:
        self.house = house
        self.clock = clock
        self.endpoint = endpoint
        self.conduct = conduct

    async def furnish(self) -> None:
        """What every test needs."""
        self.configuration = await self.house.simulated()
        self.campaign = await self.house.campaign(self.configuration)
        self.made: Made = await self.house.webhook(
            self.endpoint.url("/feedback"),
            headers=[HeaderInput(name="X-Key", value=HEADER_SECRET, secret=True)],
        )

    async def owe(self, address: str = "sent@example.com") -> None:
        """One message whose feedback is owed."""
        await self.house.execute(self.campaign, address)
        await send_due(self.house, self.configuration)

    async def post(self) -> None:
        """One round of dispatch."""
        await post_due(self.house)

    async def states(self) -> list[tuple[str, int]]:
        """State and counted tries of each delivery, the oldest first."""
        return [(row.state, row.attempts) for row in await deliveries(self.house)]

    async def attempts(self, place: int = 0) -> list[Attempt]:
        """The log of a delivery, the oldest one unless told otherwise."""
        row = (await deliveries(self.house))[place]
        return await self.house.retour.shelves.attempts(self.house.dev.id, row.id)

    async def webhook(self) -> Webhook:
        """As it is now."""
        return await self.house.retour.webhooks.get(self.house.dev, self.made.webhook.id)


@pytest.fixture
async def scene(house: House, clock: Clock, authority: Authority) -> AsyncIterator[Scene]:
    """Everything in place; nothing owed yet."""
    conduct = Conduct()
    async with serving(conduct, tls=authority.server("127.0.0.1")) as endpoint:
        made = Scene(house, clock, endpoint, conduct)
        await made.furnish()
        yield made


async def test_a_delivery_that_is_accepted_is_over(scene: Scene) -> None:
    await scene.owe()
    await scene.post()
    await scene.post()
    assert await scene.states() == [("accepted", 1)]
    (attempt,) = await scene.attempts()
    assert (attempt.status_code, attempt.accepted, attempt.counted, attempt.number) == (200, True, True, 1)
    assert len(scene.endpoint.requests) == 1


async def test_no_outage_of_four_days_exhausts_anything(scene: Scene) -> None:
    scene.conduct.status = 503
    for number in range(3):
        await scene.owe(f"sent+{number}@example.com")
    for _ in range(4 * 24):
        await scene.post()
        scene.clock.move(3600)
    assert {state for state, _ in await scene.states()} == {DeliveryState.DUE}
    assert len(scene.endpoint.requests) > limits.CIRCUIT_FAILURES
    scene.conduct.status = 200
    for _ in range(4):
        await scene.post()
        scene.clock.move(3600)
    scene.clock.move(86_400)
    await scene.post()
    assert {state for state, _ in await scene.states()} == {DeliveryState.ACCEPTED}


async def test_while_the_circuit_is_open_no_try_counts_and_one_delivery_probes(scene: Scene) -> None:
    scene.conduct.status = 500
    for number in range(limits.CIRCUIT_FAILURES):
        await scene.owe(f"sent+{number}@example.com")
    await scene.post()
    assert [attempts for _, attempts in await scene.states()] == [1] * limits.CIRCUIT_FAILURES
    scene.clock.move(60)
    before = len(scene.endpoint.requests)
    await scene.post()
    await scene.post()
    assert len(scene.endpoint.requests) == before + 1
    assert [attempts for _, attempts in await scene.states()] == [1] * limits.CIRCUIT_FAILURES


async def test_an_accepted_probe_rings_for_those_that_waited(scene: Scene) -> None:
    scene.conduct.status = 500
    for number in range(limits.CIRCUIT_FAILURES):
        await scene.owe(f"sent+{number}@example.com")
    await scene.post()
    scene.conduct.status = 200
    scene.clock.move(3600)
    bell = scene.house.retour.bell
    await bell.wait(RoomName.DISPATCH, 0)
    await scene.post()
    assert await bell.wait(RoomName.DISPATCH, 1) == {Lane(scene.house.dev.id)}
    await scene.post()
    assert {state for state, _ in await scene.states()} == {DeliveryState.ACCEPTED}


async def test_a_probe_that_is_told_to_come_later_is_the_last_one_until_then(scene: Scene) -> None:
    scene.conduct.status = 500
    for number in range(limits.CIRCUIT_FAILURES):
        await scene.owe(f"sent+{number}@example.com")
    await scene.post()
    scene.conduct.status, scene.conduct.headers = 503, (("Retry-After", "3600"),)
    scene.clock.move(60)
    await scene.post()
    before = len(scene.endpoint.requests)
    scene.clock.move(3_500)
    await scene.post()
    assert len(scene.endpoint.requests) == before
    scene.clock.move(101)
    await scene.post()
    assert len(scene.endpoint.requests) == before + 1


async def test_a_delivery_is_exhausted_when_the_endpoint_takes_others_and_never_this_one(
    scene: Scene,
) -> None:
    tries = len(limits.WEBHOOK_SCHEDULE) + 1
    await scene.owe("sent+refused@example.com")
    for number in range(tries):
        scene.conduct.status = 422
        await scene.post()
        scene.conduct.status = 200
        await scene.owe(f"sent+{number}@example.com")
        await scene.post()
        scene.clock.move(limits.WEBHOOK_SCHEDULE[min(number, tries - 2)] * 1.25)
    states = await scene.states()
    assert states[0] == (DeliveryState.EXHAUSTED, tries)
    assert states[1:] == [(DeliveryState.ACCEPTED, 1)] * tries
    log = await scene.attempts()
    assert [attempt.number for attempt in log] == list(range(1, tries + 1))
    assert {attempt.status_code for attempt in log} == {422}


async def test_410_pauses_the_webhook_and_keeps_the_delivery(scene: Scene) -> None:
    scene.conduct.status = 410
    await scene.owe()
    await scene.post()
    await scene.post()
    webhook = await scene.webhook()
    assert webhook.paused_by == "endpoint"
    assert await scene.states() == [(DeliveryState.DUE, 0)]
    scene.conduct.status = 200
    await scene.house.retour.webhooks.resume(scene.house.dev, webhook.id)
    await scene.post()
    assert await scene.states() == [(DeliveryState.ACCEPTED, 1)]
    assert len(scene.endpoint.requests) == 2


async def test_retry_after_is_waited_for(scene: Scene) -> None:
    scene.conduct.status, scene.conduct.headers = 503, (("Retry-After", "600"),)
    await scene.owe()
    await scene.post()
    scene.clock.move(590)
    await scene.post()
    assert len(scene.endpoint.requests) == 1
    scene.clock.move(11)
    await scene.post()
    assert len(scene.endpoint.requests) == 2


def as_entered(url: str, format_: str) -> WebhookInput:
    """An edit that keeps the secrets."""
    return WebhookInput(
        name="Order status",
        channels=["email", "sms"],
        url=url,
        authentication=AuthenticationInput(type="jwt", claims={"iss": "retour"}),
        headers=[HeaderInput(name="X-Key", secret=True)],
        format=format_,
    )


async def test_each_try_sends_the_same_bytes_to_the_address_of_the_moment(scene: Scene) -> None:
    scene.conduct.status = 500
    await scene.owe()
    await scene.post()
    edit = as_entered(scene.endpoint.url("/elsewhere"), "ajo")
    await scene.house.retour.webhooks.update(scene.house.dev, scene.made.webhook.id, 1, edit, BOB)
    scene.clock.move(10)
    scene.conduct.status = 200
    await scene.post()
    await scene.owe()
    await scene.post()
    first, second, third = scene.endpoint.requests
    assert (first.path, second.path) == ("/feedback", "/elsewhere")
    assert first.body == second.body
    assert first.header("webhook-id") == second.header("webhook-id")
    assert b'"retour"' in second.body
    assert b'"retour"' not in third.body


async def test_a_webhook_made_anew_is_never_mistaken_for_the_one_before(
    scene: Scene, authority: Authority
) -> None:
    await scene.owe()
    await scene.post()
    async with serving(tls=authority.server("127.0.0.1")) as other:
        await scene.house.retour.webhooks.delete(scene.house.dev, scene.made.webhook.id)
        stale = scene.house.retour.shelves._webhooks.get(scene.house.dev.id)
        await scene.house.webhook(other.url("/new"))
        assert stale is not None
        scene.house.retour.shelves._webhooks.keep(scene.house.dev.id, stale)  # as in another process
        await scene.owe()
        await scene.post()
        assert [request.path for request in other.requests] == ["/new"]
    assert len(scene.endpoint.requests) == 1


async def test_what_was_owed_to_a_deleted_webhook_is_cancelled_and_not_posted_to_the_next(
    scene: Scene,
) -> None:
    await scene.owe()
    claim = await scene.house.retour.store.claim_deliveries(scene.house.dev.id, ids.now(), 1)
    await scene.house.retour.webhooks.delete(scene.house.dev, scene.made.webhook.id)
    await scene.house.webhook(scene.endpoint.url("/new"))
    scene.clock.move(60)
    await scene.post()
    assert len(claim.deliveries) == 1
    assert scene.endpoint.requests == []
    assert (await deliveries(scene.house))[0].state is DeliveryState.CANCELLED


async def test_no_secret_is_in_the_log_of_attempts_or_anywhere_in_the_file(scene: Scene) -> None:
    await scene.owe()
    await scene.post()
    (attempt,) = await scene.attempts()
    (request,) = scene.endpoint.requests
    token = request.header("authorization")
    assert request.header("x-key") == HEADER_SECRET
    assert token is not None
    logged = msgspec.json.encode(attempt).decode()
    for secret in (HEADER_SECRET, SECRET, token.removeprefix("Bearer ")):
        assert secret not in logged
    assert ("Authorization", "Bearer (hidden)") in attempt.request_headers
    assert ("X-Key", "(hidden)") in attempt.request_headers
    file = scene.house.retour.settings.database_file
    stored = file.read_bytes() + file.with_name(file.name + "-wal").read_bytes()
    assert HEADER_SECRET.encode() not in stored
    assert SECRET.encode() not in stored


async def test_a_test_of_the_endpoint_hides_the_secrets_too(scene: Scene) -> None:
    attempt = await scene.house.retour.dispatch.test(await scene.webhook())
    assert attempt.status_code == 200
    assert HEADER_SECRET not in msgspec.json.encode(attempt).decode()
    assert await scene.states() == []


async def test_a_delivery_taken_again_and_again_without_an_outcome_is_given_up_unposted(
    scene: Scene,
) -> None:
    await scene.owe()
    for _ in range(limits.TAKEN_TOO_OFTEN):
        await scene.house.retour.store.claim_deliveries(scene.house.dev.id, ids.now(), 1)
        scene.clock.move(60)
    await scene.post()
    (row,) = await deliveries(scene.house)
    assert (row.state, row.last_trouble) == (DeliveryState.EXHAUSTED, "taken_too_often")
    assert scene.endpoint.requests == []


async def test_a_bug_in_one_row_does_not_stop_the_others(scene: Scene) -> None:
    for number in range(3):
        await scene.owe(f"sent+{number}@example.com")
    await scene.house.retour.webhooks.update(
        scene.house.dev, scene.made.webhook.id, 1, as_entered(scene.endpoint.url("/feedback"), "ajo"), BOB
    )
    await scene.owe("sent+broken@example.com")
    broken = (await deliveries(scene.house))[-1]
    with apsw.Connection(str(scene.house.retour.settings.database_file)) as outside:
        outside.execute("UPDATE event SET body = x'00' WHERE id = ?", (broken.event_id,))
    outside.close()
    await scene.post()
    assert [state for state, _ in await scene.states()] == [DeliveryState.ACCEPTED] * 3 + [DeliveryState.DUE]


async def test_the_second_event_follows_the_first_at_once(scene: Scene) -> None:
    await scene.owe("delivered@example.com")
    await scene.post()
    assert len(scene.endpoint.requests) == 1
    await scene.post()
    bodies = [msgspec.json.decode(request.body) for request in scene.endpoint.requests]
    assert [body["retour"]["sequence"] for body in bodies] == [1, 2]
    assert [body["retour"]["final"] for body in bodies] == [False, True]


async def test_a_store_that_is_busy_for_a_moment_loses_no_outcome(scene: Scene, tmp_path: Path) -> None:
    await scene.owe()
    claim = await scene.house.retour.store.claim_deliveries(scene.house.dev.id, ids.now(), 1)
    before, limits.COMMIT_SECONDS = limits.COMMIT_SECONDS, 0.1
    outside = apsw.Connection(str(scene.house.retour.settings.database_file))
    outside.execute("BEGIN IMMEDIATE")
    try:
        scene.house.retour.dispatch.slots.fill(
            ("busy", ""),  # type: ignore[arg-type]
            0,
            [scene.house.retour.dispatch.deliver(claim.deliveries[0], claim)],
            more=False,
        )
        await scene.endpoint.arrived(1)
        await scene.house.retour.dispatch.slots.finish(0.3)
        outside.execute("ROLLBACK")
        await scene.house.retour.dispatch.slots.finish(10)
    finally:
        limits.COMMIT_SECONDS = before
        outside.close()
    assert await scene.states() == [(DeliveryState.ACCEPTED, 1)]
    assert len(scene.endpoint.requests) == 1
