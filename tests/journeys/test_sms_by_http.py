"""A text message by a provider of Ann's own choice: what it answers and posts, and what the webhook hears of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
from structlog.testing import capture_logs

from cast import House, until
from journeys.smsdesk import JANE, sms_desk
from outside.https import Endpoint, Exchange, serving
from retour.catalog.inputs import ConfigurationInput, SmsInput
from retour.errors import Invalid

STATUSES = {
    "DELIVRD": "delivered",
    "UNDELIV": {"status": "bounce", "type": "soft", "reason": "Not delivered"},
    "UNDELIV/1": {"status": "bounce", "type": "hard", "reason": "Unknown subscriber"},
    "STOPPED": "denylist",
}


@dataclass
class Gateway:
    """Answers each submit as it is told, and remembers what came."""

    status: int = 202
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b'{"id":"abc-1"}'
    hangs_up: bool = False
    came: list[dict[str, Any]] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def __call__(self, exchange: Exchange) -> None:
        self.came.append(json.loads(exchange.request.body))
        await self.open.wait()
        if self.hangs_up:
            exchange.close()
        else:
            await exchange.reply(self.status, self.body, self.headers)


def settings(endpoint: Endpoint, **more: Any) -> dict[str, Any]:
    """A gateway that takes JSON and names messages by an id of its own."""
    payload = {
        "to": "{{toNumber}}",
        "text": "{{message}}",
        "ref": "{{clientReference}}",
        "dlr": "{{callbackUrl}}",
    }
    mapping = {"messageId": "id", "status": "status", "code": "code", "timestamp": "at", "parts": "parts"}
    told = {"providerUrl": endpoint.url("/send"), "payload": payload, "messageIdPath": "id"}
    return told | {"feedbackMapping": mapping, "statuses": STATUSES} | more


async def test_a_report_that_names_the_message_by_the_provider_s_id_is_told(
    house: House, receiver: Endpoint
) -> None:
    async with (
        serving(Gateway()) as endpoint,
        sms_desk(house, receiver, "custom", settings(endpoint)) as desk,
    ):
        await house.execute(desk.campaign, JANE)
        await receiver.arrived(1)
        report = {"id": "abc-1", "status": "DELIVRD", "at": "2026-11-24T12:00:00Z", "parts": "1"}
        assert (await desk.client.post(desk.address, json=report)).status_code == 200
        assert (await desk.client.post(desk.address, json=report)).status_code == 200
        await receiver.arrived(2)
        assert desk.told() == ["sent", "delivered"]
        delivered = desk.feedback()[-1]
        assert (delivered["numberOfMessageParts"], delivered["deliveryTimestamp"]) == (
            "1",
            "2026-11-24T12:00:00.000Z",
        )


async def test_a_report_that_comes_before_the_answer_to_the_submit_waits_for_it(
    house: House, receiver: Endpoint
) -> None:
    gateway = Gateway()
    async with serving(gateway) as endpoint, sms_desk(house, receiver, "custom", settings(endpoint)) as desk:
        gateway.open.clear()
        await house.execute(desk.campaign, JANE)
        await until(lambda: _true(bool(gateway.came)))
        assert (await desk.client.post(gateway.came[0]["dlr"], json={"status": "UNDELIV"})).status_code == 200
        assert (
            await desk.client.post(desk.address, json={"id": "abc-1", "status": "DELIVRD"})
        ).status_code == 200
        assert desk.told() == []
        gateway.open.set()
        await receiver.arrived(3)
        assert desk.told()[0] == "sent"
        assert sorted(desk.told()[1:]) == ["bounce UNDELIV Soft", "delivered"]


async def test_the_log_has_a_line_for_a_report_that_tells_nothing_and_none_for_one_that_is_told(
    house: House, receiver: Endpoint
) -> None:
    async with (
        serving(Gateway()) as endpoint,
        sms_desk(house, receiver, "custom", settings(endpoint)) as desk,
    ):
        await house.execute(desk.campaign, JANE)
        await receiver.arrived(1)
        with capture_logs() as logs:
            for _ in range(2):
                await desk.client.post(desk.address, json={"id": "abc-1", "status": "DELIVRD"})
        (line,) = [one for one in logs if one["event"] == "callback_taken"]
        assert (line["reports"], line["known"]) == (1, 1)


async def test_what_the_table_calls_hard_lists_the_number_and_the_next_message_is_not_sent(
    house: House, receiver: Endpoint
) -> None:
    gateway = Gateway()
    async with serving(gateway) as endpoint, sms_desk(house, receiver, "custom", settings(endpoint)) as desk:
        await house.execute(desk.campaign, JANE)
        await receiver.arrived(1)
        await desk.client.post(desk.address, json={"id": "abc-1", "status": "UNDELIV", "code": "1"})
        await receiver.arrived(2)
        await house.execute(desk.campaign, JANE)
        await receiver.arrived(3)
        assert desk.told() == ["sent", "denylist", "bounce 1 Hard"]  # two messages, by their sequence
        assert len(gateway.came) == 1


async def test_who_answers_stop_gets_no_more_and_after_start_again(house: House, receiver: Endpoint) -> None:
    gateway = Gateway()
    inbound = {"message": "text", "from": "msisdn"}
    async with serving(gateway) as endpoint:
        told = settings(endpoint, inboundMapping=inbound)
        async with sms_desk(house, receiver, "custom", told) as desk:
            stop = {"msisdn": JANE.removeprefix("+"), "text": " Stop. "}
            assert (await desk.client.post(desk.address, json=stop)).status_code == 200
            await house.execute(desk.campaign, JANE)
            await receiver.arrived(1)
            assert (desk.told(), gateway.came) == (["denylist"], [])
            await desk.client.post(desk.address, json={"msisdn": JANE, "text": "START"})
            await house.execute(desk.campaign, JANE)
            await receiver.arrived(2)
            assert (len(gateway.came), sorted(desk.told())) == (1, ["denylist", "sent"])


async def test_a_submit_whose_answer_is_lost_is_not_repeated_and_a_report_amends_what_was_told(
    house: House, receiver: Endpoint
) -> None:
    gateway = Gateway(hangs_up=True)
    async with serving(gateway) as endpoint, sms_desk(house, receiver, "custom", settings(endpoint)) as desk:
        await house.execute(desk.campaign, JANE)
        await receiver.arrived(1)
        assert desk.told() == ["error uncertain Ignored"]
        assert len(gateway.came) == 1
        await desk.client.post(gateway.came[0]["dlr"], json={"status": "DELIVRD"})
        await receiver.arrived(2)
        assert desk.told() == ["error uncertain Ignored", "delivered"]
        bodies = sorted(
            (json.loads(r.body) for r in receiver.requests), key=lambda b: b["retour"]["sequence"]
        )
        assert bodies[1]["retour"]["amends"] == bodies[0]["_id"]


@pytest.mark.slow
async def test_a_provider_that_takes_no_more_is_asked_again_and_delay_told_once(
    house: House, receiver: Endpoint
) -> None:
    gateway = Gateway(status=429, headers=(("Retry-After", "1"),), body=b"")
    async with serving(gateway) as endpoint, sms_desk(house, receiver, "custom", settings(endpoint)) as desk:
        await house.execute(desk.campaign, JANE)
        await receiver.arrived(1)
        assert desk.told() == ["delay 429 Ignored"]
        gateway.status, gateway.headers, gateway.body = 202, (), b'{"id":"x"}'
        await receiver.arrived(2, seconds=20)
        assert desk.told() == ["delay 429 Ignored", "sent"]


async def test_refused_credentials_are_trouble_of_ours_and_a_corrected_configuration_sends_what_waits(
    house: House, receiver: Endpoint
) -> None:
    gateway = Gateway(status=401, body=b"")
    async with serving(gateway) as endpoint, sms_desk(house, receiver, "custom", settings(endpoint)) as desk:
        await house.execute(desk.campaign, JANE)
        await receiver.arrived(1)
        assert desk.told() == ["delay 70 Ignored"]
        stored = await house.retour.configurations.get(house.dev, desk.configuration.id)
        assert "refuses our credentials (401)" in (stored.health.trouble or "")
        gateway.status, gateway.body = 202, b'{"id":"x"}'
        given = ConfigurationInput(name="text", channel="sms", provider="custom")
        given.sms, given.provider_settings = SmsInput(sender_number="+15550199"), settings(endpoint)
        await house.retour.configurations.update(house.dev, stored.id, stored.version, given)
        await receiver.arrived(2)
        assert desk.told() == ["delay 70 Ignored", "sent"]


async def test_an_access_token_is_got_once_and_again_when_it_is_refused(
    house: House, receiver: Endpoint
) -> None:
    tokens: list[str] = []
    good = ["1"]

    async def conduct(exchange: Exchange) -> None:
        if exchange.request.path == "/token":
            form = dict(parse_qsl(exchange.request.body.decode()))
            assert (form["grant_type"], form["client_secret"]) == ("client_credentials", "s3cret")
            tokens.append(str(len(tokens) + 1))
            body = {"access_token": tokens[-1], "token_type": "bearer", "expires_in": 3600}
            await exchange.reply(200, json.dumps(body).encode())
        elif exchange.request.header("authorization") == f"Bearer {good[0]}":
            await exchange.reply(202, b'{"id":"x"}')
        else:
            await exchange.reply(401)

    async with serving(conduct) as endpoint:
        oauth = {
            "authType": "oauth2",
            "tokenUrl": endpoint.url("/token"),
            "clientId": "c",
            "clientSecret": "s3cret",
        }
        async with sms_desk(house, receiver, "custom", settings(endpoint, **oauth)) as desk:
            await house.execute(desk.campaign, "+15550101", "+15550102")
            await receiver.arrived(2)
            good[0] = str(len(tokens) + 1)
            await house.execute(desk.campaign, "+15550103")
            await receiver.arrived(3)
            assert desk.told("+15550103") == ["sent"]
    assert len(tokens) <= 3


async def test_a_tampered_callback_is_403_and_a_reader_of_charlie_s_sandbox_finds_nothing(
    house: House, receiver: Endpoint
) -> None:
    gateway = Gateway()
    signed = {"signatureHeader": "X-Signature", "signatureSecret": "sesame"}
    async with (
        serving(gateway) as endpoint,
        sms_desk(house, receiver, "custom", settings(endpoint, **signed)) as desk,
    ):
        await house.execute(desk.campaign, JANE)
        await receiver.arrived(1)
        forged = await desk.client.post(desk.address, json={"id": "abc-1", "status": "DELIVRD"})
        assert forged.status_code == 403
        charlie = await _charlie_s(house, endpoint)
        address = house.retour.callbacks.address(charlie) or ""
        assert (await desk.client.post(address, json={"id": "abc-1", "status": "DELIVRD"})).status_code == 200
        mark = gateway.came[0]["ref"]
        answer = await desk.client.post(f"{address}?m={mark}", json={"status": "DELIVRD"})
        assert (answer.status_code, desk.told()) == (200, ["sent"])


async def _charlie_s(house: House, endpoint: Endpoint) -> Any:
    given = ConfigurationInput(name="text", channel="sms", provider="custom")
    given.sms, given.provider_settings = SmsInput(sender_number="+15550198"), settings(endpoint)
    return await house.retour.configurations.create(house.other, given)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"providerUrl": "ftp://x.example/"}, "providerUrl"),
        ({"providerUrl": "http://sms.example/"}, "providerUrl"),
        ({"payload": {"to": "{{toNumber}}"}}, "payload"),
        ({"payload": {"a": "{{toNumber}} {{message}} {{nobody}}"}}, "payload"),
        ({"payload": "text"}, "payload"),
        ({"statuses": {"x": "nowhere"}}, "statuses"),
        ({"feedbackMapping": {"stat": "x"}}, "feedbackMapping"),
        ({"authType": "basic", "username": "ann"}, "password"),
        ({"authType": "magic"}, "authType"),
        ({"signatureSecret": "s"}, "signatureHeader"),
        ({"headers": {"X": 1}}, "headers"),
        ({"unheard": 1}, "unheard"),
    ],
)
async def test_what_can_t_work_is_refused_at_its_field(
    house: House, change: dict[str, Any], field: str
) -> None:
    async with serving() as endpoint:
        given = ConfigurationInput(name="text", channel="sms", provider="custom")
        given.sms, given.provider_settings = SmsInput(sender_number="+15550199"), settings(endpoint) | change
        with pytest.raises(Invalid) as refused:
            await house.retour.configurations.create(house.dev, given)
    assert f"providerSettings.{field}" in [problem.path for problem in refused.value.fields]


async def test_a_stored_secret_is_not_led_to_another_host_by_an_edit(
    house: House, receiver: Endpoint
) -> None:
    async with serving() as endpoint, serving() as elsewhere:
        secret = {"authType": "bearer", "apiToken": "t0ken"}
        async with sms_desk(house, receiver, "custom", settings(endpoint, **secret)) as desk:
            stored = await house.retour.configurations.get(house.dev, desk.configuration.id)
            given = ConfigurationInput(name="text", channel="sms", provider="custom")
            given.sms = SmsInput(sender_number="+15550199")
            given.provider_settings = settings(elsewhere, authType="bearer")
            with pytest.raises(Invalid, match="Enter every secret again"):
                await house.retour.configurations.update(house.dev, stored.id, stored.version, given)
            given.provider_settings = settings(endpoint, authType="bearer")
            after = await house.retour.configurations.update(house.dev, stored.id, stored.version, given)
    assert after.provider_settings is not None
    assert stored.provider_settings is not None
    assert after.provider_settings.secrets == stored.provider_settings.secrets


async def _true(value: bool) -> bool:
    return value
