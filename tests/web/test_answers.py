"""Vera answers a text message of Ann's: her provider's word for STOP comes by a callback, and holds at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from cast import House
from retour.catalog.inputs import ConfigurationInput, SmsInput
from retour.channels import Receipt
from retour.model import ChannelConfiguration, ChannelKind, Fact, FeedbackStatus, Sandbox
from retour.suppression import EntryKind, ListName
from retour.web.server import application
from rooms.steps import Script, message_of, send_due, told_of

VERA = "+31612345678"


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """The provider, on the other side of HTTP."""
    transport = httpx.ASGITransport(app=application(house.retour))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as made:
        yield made


async def configure(house: House, sandbox: Sandbox | None = None, **more: Any) -> ChannelConfiguration:
    """A provider that tells what people write back."""
    given = ConfigurationInput(name="shop-texts", channel="sms", provider="custom")
    given.sms = SmsInput(sender_number="+15550100")
    given.provider_settings = {
        "providerUrl": "https://127.0.0.1:1/send",
        "payload": {"to": "{{toNumber}}", "text": "{{message}}"},
        "authType": "none",
        "inboundMapping": {"list": "messages", "message": "text", "from": "msisdn", "to": "to"},
        **more,
    }
    return await house.retour.configurations.create(sandbox or house.dev, given)


async def answer(
    house: House, client: httpx.AsyncClient, at: ChannelConfiguration, *texts: str
) -> httpx.Response:
    """The provider posts what Vera wrote."""
    said = [{"msisdn": VERA.removeprefix("+"), "to": "15550100", "text": text} for text in texts]
    address = house.retour.callbacks.address(at) or ""
    return await client.post(address, json={"messages": said})


async def listed(house: House, sandbox: Sandbox) -> Any:
    """What a sandbox's denylist says of Vera."""
    shelves = house.retour.suppressed
    return await shelves.entry(sandbox.id, ListName.SUPPRESSED, EntryKind.NUMBER, VERA)


async def test_stop_holds_from_the_next_message_on_and_start_ends_it(
    house: House, client: httpx.AsyncClient
) -> None:
    script = Script(
        otherwise=Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),)), kinds=(ChannelKind.SMS,)
    )
    house.retour.channels["custom"] = script
    at = await configure(house)
    campaign = await house.campaign(at.id, channel="sms", identity_namespace="Phone")
    told = []
    for said in (("Thanks!",), ("Stop", "STOP"), ("start",)):
        assert (await answer(house, client, at, *said)).status_code == 200
        execution = await house.execute(campaign, VERA)
        await send_due(house, at.id)
        told += await told_of(house, await message_of(house, execution.id))
    assert told == ["sent", "denylist", "sent"]


async def test_what_vera_wrote_and_her_number_stand_in_no_log(
    house: House, client: httpx.AsyncClient
) -> None:
    at = await configure(house)
    with capture_logs() as logs:
        await answer(house, client, at, "STOP", "my secret is 17")
    (line,) = [one for one in logs if one["event"] == "callback_taken"]
    assert (line["opted_out"], line["nothing"]) == (1, 1)
    assert not [word for word in ("STOP", "secret", VERA[1:]) if word in str(logs)]


async def test_it_is_written_down_with_the_configuration_that_heard_it(
    house: House, client: httpx.AsyncClient
) -> None:
    await answer(house, client, await configure(house), "Stop")
    entry = await listed(house, house.dev)
    assert (entry.comment, entry.made_by) == ("STOP", "shop-texts")


async def test_whoever_answers_charlie_says_nothing_to_ann(house: House, client: httpx.AsyncClient) -> None:
    at = await configure(house, house.other)
    await answer(house, client, at, "STOP")
    assert await listed(house, house.dev) is None
    assert await listed(house, house.other) is not None


async def test_who_only_says_that_vera_wrote_is_not_believed(house: House, client: httpx.AsyncClient) -> None:
    signed: dict[str, Any] = {
        "signatureHeader": "x-signature",
        "signatureSecret": "a secret that Mallory does not know",
    }
    at = await configure(house, **signed)
    assert (await answer(house, client, at, "STOP")).status_code == 403
    assert await listed(house, house.dev) is None


@pytest.mark.parametrize("sender", ["", "Luma", "0", "+", "9" * 5_000, "\u202e+31612345678\x00", "12345"])
async def test_what_is_no_number_of_a_person_changes_nothing(
    house: House, client: httpx.AsyncClient, sender: str
) -> None:
    address = house.retour.callbacks.address(await configure(house)) or ""
    said = {"messages": [{"msisdn": sender, "text": "STOP"}, {"msisdn": None, "text": ["STOP"]}, "STOP"]}
    assert (await client.post(address, json=said)).status_code == 200
    assert await house.retour.suppressed.count(house.dev.id, ListName.SUPPRESSED) == 0
