"""A message's page: its whole life on one line, for e-mail and SMS, simulated and by SMTP."""

from __future__ import annotations

import httpx
import pytest

from cast import until
from outside.certificates import Authority
from outside.https import Endpoint, replying, serving
from outside.smtp import Conduct, relay
from retour import limits
from retour.retention import Ages, Retention
from web.admin.desk import DEV, Desk
from web.admin.test_events import told


async def page(desk: Desk, client: httpx.AsyncClient, execution_id: str) -> str:
    """The page of the only recipient's message."""
    ((message, _, _),) = await desk.house.retour.shelves.recipients(desk.house.dev.id, execution_id)
    answer = await client.get(f"{DEV}/messages/{message}")
    assert answer.status_code == 200
    return answer.text


async def until_told(desk: Desk, execution_id: str) -> None:
    """Until the only recipient's message has an event."""
    shelves, sandbox = desk.house.retour.shelves, desk.house.dev.id
    ((message, _, _),) = await shelves.recipients(sandbox, execution_id)

    async def so() -> bool:
        return bool(await shelves.events(sandbox, message))

    await until(so)


def check_order(text: str, *words: str) -> None:
    """They stand there in this order."""
    at = 0
    for word in words:
        assert word in text[at:], word
        at = text.index(word, at) + len(word)


async def test_an_e_mail_from_acceptance_to_the_webhook_s_answer(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    house = desk.house
    await house.webhook(receiver.url("/x"))
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        execution = await house.execute(campaign, "delivered@example.com")
        await receiver.arrived(2)
        await desk.until_waiting(0)
    text = await page(desk, ann, execution.id)
    check_order(
        text, "Accepted", "Rendered", "Handed over (simulated)", "#1", "simulated: sent", "Delivery of #1",
        "Succeeded", "Attempt 1:", "200", "Frozen payload", "messageDeliveryFeedback", "Delivered", "#2",
        "Delivery of #2", "Next", "Nothing more is expected.",
    )  # fmt: skip
    assert f'href="{DEV}/executions/{execution.id}"' in text
    assert f'href="{DEV}/campaigns/{campaign.id}"' in text
    for row in await house.retour.shelves.deliveries(house.dev.id):
        assert f'href="{DEV}/deliveries/{row.id}"' in text
    assert "<p>Hello</p>" not in text
    assert "&lt;p&gt;Hello" not in text


async def test_a_text_message_that_can_not_be_delivered(desk: Desk, ann: httpx.AsyncClient) -> None:
    house = desk.house
    campaign = await house.campaign(await house.simulated("sms"), channel="sms", identity_namespace="phone")
    execution = await told(house, campaign, "+15550101")
    text = await page(desk, ann, execution.id)
    check_order(
        text, "SMS", "Accepted", "Bounced", "Unknown Subscriber (code SIM-10, Hard).", "Told at once."
    )
    assert "It waits until the feedback webhook takes events again." in text


async def test_a_mail_that_the_relay_took_shows_its_reply(desk: Desk, ann: httpx.AsyncClient) -> None:
    house = desk.house
    async with relay(Conduct()) as mx:
        campaign = await house.campaign(await house.relay(mx.port))
        async with house.working():
            execution = await house.execute(campaign, "jane@example.com")
            await until_told(desk, execution.id)
        text = await page(desk, ann, execution.id)
    check_order(
        text, "Rendered", "Handed over to the relay", "The mail host said: 250", "It is with the next hop."
    )


async def test_a_mail_that_waits_says_when_it_goes_again_and_until_when(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    house = desk.house
    async with relay(Conduct(answers={"RCPT": "451 4.7.1 Greylisted"})) as mx:
        campaign = await house.campaign(await house.relay(mx.port))
        async with house.working():
            execution = await house.execute(campaign, "jane@example.com")
            await until_told(desk, execution.id)
        text = await page(desk, ann, execution.id)
    check_order(
        text,
        "Kept, sealed",
        "Delayed",
        "451 4.7.1 Greylisted",
        "Next",
        "Next try at the relay",
        "Given up in",
    )


async def test_a_mail_whose_relay_is_down_says_so(desk: Desk, ann: httpx.AsyncClient) -> None:
    house = desk.house
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        execution = await house.execute(campaign, "relay-down@example.com")
        await until_told(desk, execution.id)
    assert "It waits for the relay, which can&#39;t be used now" in await page(desk, ann, execution.id)


async def test_each_failed_attempt_at_the_webhook_is_there_and_the_next_one(
    desk: Desk, ann: httpx.AsyncClient, authority: Authority
) -> None:
    house = desk.house
    campaign = await house.campaign(await house.simulated())
    async with serving(replying(503, b"no"), tls=authority.server("127.0.0.1")) as endpoint:
        await house.webhook(endpoint.url("/x"), order_wait_seconds=0)
        async with house.working():
            execution = await house.execute(campaign, "sent@example.com")

            async def tried() -> bool:
                rows = await house.retour.shelves.deliveries(house.dev.id)
                return bool(rows) and rows[0].last_code == 503

            await until(tried)
    check_order(await page(desk, ann, execution.id), "Retrying", "Next attempt in", "Attempt 1:", "503")


async def test_an_event_that_nobody_wanted_is_not_owed(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated(), enable_webhooks=False)
    execution = await told(desk.house, campaign, "bounce@example.com")
    assert "Not owed to a webhook." in await page(desk, ann, execution.id)


async def test_of_somebody_who_was_erased_states_and_times_are_left(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    execution = await told(desk.house, campaign, "bounce@example.com")
    await desk.house.retour.erasure.erase(desk.house.dev, "email", "bounce@example.com")
    text = await page(desk, ann, execution.id)
    assert "The person was erased" in text
    assert "The person was erased, and this body with them." in text
    assert "bounce@example.com" not in text
    check_order(text, "Accepted", "Bounced", "#1")


async def test_of_an_old_event_the_line_stays_and_the_body_is_gone(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    house = desk.house
    await house.webhook("https://127.0.0.1:8443/x")
    campaign = await house.campaign(await house.simulated(), enable_webhooks=False)
    execution = await told(house, campaign, "bounce@example.com")
    later = execution.created_at + 40 * limits.DAY
    await Retention(house.retour.store, Ages()).run(later)
    text = await page(desk, ann, execution.id)
    check_order(text, "Bounced", "Kept for 30 days. This body was removed.")


async def test_what_does_not_fit_on_the_page_is_said(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = desk.house
    await house.webhook(receiver.url("/x"))
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        execution = await house.execute(campaign, "delivered@example.com")
        await receiver.arrived(2)
        await desk.until_waiting(0)
    more = "There were more deliveries or attempts than fit here."
    assert more not in await page(desk, ann, execution.id)
    monkeypatch.setattr(limits, "ATTEMPTS_OF_MESSAGE", 1)
    text = await page(desk, ann, execution.id)
    assert more in text
    assert text.count("Attempt 1:") == 1
    monkeypatch.setattr(limits, "ATTEMPTS_OF_MESSAGE", 200)
    monkeypatch.setattr(limits, "DELIVERIES_OF_MESSAGE", 1)
    assert more in await page(desk, ann, execution.id)


async def test_vera_reads_it_and_charlie_finds_nothing(desk: Desk) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    execution = await told(desk.house, campaign, "bounce@example.com")
    assert "Bounced" in await page(desk, await desk.browser("vera"), execution.id)
    ((message, _, _),) = await desk.house.retour.shelves.recipients(desk.house.dev.id, execution.id)
    charlie = await desk.browser("charlie")
    for path in (f"/messages/{message}", f"/executions/{execution.id}"):
        assert (await charlie.get(DEV + path)).status_code == 404
        assert (await charlie.get("/admin/other@Org/prod" + path)).status_code == 404
