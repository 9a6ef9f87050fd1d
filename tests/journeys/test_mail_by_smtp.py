"""E-mail by a real SMTP conversation: what the relay says, and what the webhook hears of it."""

from __future__ import annotations

import json

import pytest

from cast import House, until
from outside.https import Endpoint
from outside.service import free_port
from outside.smtp import Conduct, relay
from retour.catalog.inputs import ConfigurationInput, EmailInput, SmtpInput
from retour.model import Lane, RecipientStatus
from retour.stores import RoomName

WAITING = 30


def told(receiver: Endpoint) -> dict[str, list[str]]:
    """Recipient -> what was told of the message, in order."""
    heard: dict[str, list[str]] = {}
    for request in receiver.requests:
        body = json.loads(request.body)
        recipient = body["channelContext"]["profileAddress"]
        heard.setdefault(recipient, []).append(body["messageDeliveryFeedback"]["feedbackStatus"]["value"])
    return heard


async def test_a_mail_that_the_relay_takes_is_sent_and_never_called_delivered(
    house: House, receiver: Endpoint
) -> None:
    async with relay(Conduct()) as mx:
        campaign = await house.campaign(await house.relay(mx.port))
        await house.webhook(receiver.url("/feedback"))
        async with house.working():
            await house.execute(campaign, "jane@example.com")
            await receiver.arrived(1)
    assert told(receiver) == {"jane@example.com": ["sent"]}
    assert b"Subject: Hello" in mx.messages[0].content


async def test_a_refused_recipient_is_a_hard_bounce_and_the_next_one_is_sent(
    house: House, receiver: Endpoint
) -> None:
    async with relay(Conduct(answers={"RCPT": "550 5.1.1 User unknown"})) as mx:
        campaign = await house.campaign(await house.relay(mx.port))
        await house.webhook(receiver.url("/feedback"))
        async with house.working():
            await house.execute(campaign, "nobody@example.com")
            await receiver.arrived(1)
            mx.conduct.answers.clear()
            await house.execute(campaign, "jane@example.com")
            await receiver.arrived(2)
    assert told(receiver) == {"nobody@example.com": ["bounce"], "jane@example.com": ["sent"]}
    failure = json.loads(receiver.requests[0].body)["messageDeliveryFeedback"]["messageFailure"]
    assert failure == {"category": "sync", "type": "Hard", "code": "10", "reason": "Invalid Recipient"}


@pytest.mark.slow
async def test_a_relay_that_is_down_holds_messages_back_tells_delay_once_and_is_probed_by_one(
    house: House, receiver: Endpoint
) -> None:
    port = free_port()
    campaign = await house.campaign(await house.relay(port))
    await house.webhook(receiver.url("/feedback"))
    people = [f"person-{number}@example.com" for number in range(WAITING)]
    async with house.working():
        for start in range(0, WAITING, 10):
            await house.execute(campaign, *people[start : start + 10])
        await receiver.arrived(WAITING)
        assert set(map(tuple, told(receiver).values())) == {("delay",)}
        async with relay(Conduct(), port=port) as mx:
            await receiver.arrived(2 * WAITING, seconds=30)
    assert told(receiver) == {person: ["delay", "sent"] for person in people}
    assert len(mx.messages) == WAITING


@pytest.mark.slow
async def test_a_refused_login_loses_nothing_and_the_new_password_is_used_at_once(
    house: House, receiver: Endpoint
) -> None:
    conduct = Conduct(login=(b"luma", b"the right password"), login_required=True, login_in_clear=True)
    async with relay(conduct) as mx:
        configuration = await house.relay(mx.port, username="luma", password="an old password")
        campaign = await house.campaign(configuration)
        await house.webhook(receiver.url("/feedback"))
        async with house.working():
            await house.execute(campaign, "jane@example.com")
            await receiver.arrived(1)
            await correct_password(house, configuration, mx.port)
            await receiver.arrived(2, seconds=10)
    assert told(receiver) == {"jane@example.com": ["delay", "sent"]}


async def correct_password(house: House, configuration: str, port: int) -> None:
    """As Ann would on the page."""
    stored = await house.retour.configurations.get(house.dev, configuration)
    assert stored.health.failures > 0
    given = ConfigurationInput(name=stored.name, channel="email", provider="smtp")
    given.email = EmailInput(sender_name="Luma", sender_email="no-reply@luma.example")
    given.smtp = SmtpInput(host="127.0.0.1", port=port, username="luma", password="the right password")
    await house.retour.configurations.update(house.dev, configuration, stored.version, given)
    house.retour.bell.ring(RoomName.SENDING, Lane(house.dev.id, configuration))


@pytest.mark.slow
async def test_a_relay_that_never_comes_back_ends_in_error_25_when_the_retry_period_ends(
    house: House, receiver: Endpoint
) -> None:
    campaign = await house.campaign(await house.relay(free_port(), retry_period_minutes=0.05))
    await house.webhook(receiver.url("/feedback"))
    async with house.working():
        execution = await house.execute(campaign, "jane@example.com")
        await receiver.arrived(2, seconds=15)
        await until(lambda: ended(house, execution.id))
    assert told(receiver) == {"jane@example.com": ["delay", "error"]}
    failure = json.loads(receiver.requests[1].body)["messageDeliveryFeedback"]["messageFailure"]
    assert (failure["code"], failure["reason"]) == ("25", "Admin Failure")


async def ended(house: House, execution: str) -> bool:
    ((_, _, status),) = await house.retour.shelves.recipients(house.dev.id, execution)
    return status is RecipientStatus.ERROR
