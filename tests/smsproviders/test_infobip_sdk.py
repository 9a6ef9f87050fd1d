"""Infobip's own SDK takes the cloud of the tests for Infobip, our requests for its own, and reads reports as we do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import pytest

from outside.infobip import DELIVERED, INVALID, UNDELIVERABLE, Error, Infobip, infobip
from retour.smsproviders import PROVIDERS
from retour.smsproviders.shapes import Posted, Reply, Report
from smsproviders.conftest import BOB
from smsproviders.payloads import Case, cases

pytestmark = pytest.mark.slow  # to import the SDK takes seconds, so it is done in the tests
FILE = PROVIDERS["infobip"]
URL = "https://retour.example/callbacks/infobip/token"
OURS = [case for case in cases("request") if case.provider == "infobip"]


@pytest.fixture
async def cloud() -> AsyncIterator[Infobip]:
    """Infobip."""
    async with infobip() as made:
        yield made


def of_sdk(part: str = "") -> Any:
    """A module of the SDK. Types are not looked at: it has a thousand modules."""
    return import_module("infobip_api_client" + (f".{part}" if part else ""))


async def send(cloud: Infobip, message: dict[str, Any], key: str = "") -> Any:
    """By the SDK, aimed at the cloud of the test."""
    sdk = of_sdk()
    given = {"messages": [message], "options": {"includeSmsCountInResponse": True}}
    request = of_sdk("models").SmsRequest.from_dict(given)
    client = sdk.ApiClient(sdk.Configuration(host=cloud.url, api_key=key or cloud.key))
    return await asyncio.to_thread(sdk.SmsApi(client).send_sms_messages, request)


def message(to: str = BOB, **more: Any) -> dict[str, Any]:
    """What the SDK is given."""
    return {"sender": "Luma", "destinations": [{"to": to, **more}], "content": {"text": "Hello"}}


async def test_the_sdk_sends_and_is_told_of_a_rejection(cloud: Infobip) -> None:
    cloud.rejected["15550102"] = INVALID
    taken = (await send(cloud, message(messageId="m1"))).messages[0]
    assert (taken.message_id, taken.status.group_name, taken.details.message_count) == ("m1", "PENDING", 1)
    rejected = (await send(cloud, message("15550102"))).messages[0]
    assert (rejected.status.group_id, rejected.status.name) == (5, "REJECTED_DESTINATION")
    again = (await send(cloud, message(messageId="m1"))).messages[0]
    assert again.status.name == "REJECTED_DUPLICATE_MESSAGE_ID"
    assert list(cloud.messages) == ["m1"]


async def test_the_sdk_is_refused_as_the_api_says(cloud: Infobip) -> None:
    errors = of_sdk("exceptions")
    with pytest.raises(errors.UnauthorizedException):
        await send(cloud, message(), key="wrong")
    with pytest.raises(errors.BadRequestException) as told:
        await send(cloud, message("") | {"content": {"text": ""}})
    violations = [one["property"] for one in json.loads(told.value.body)["violations"]]
    assert violations == ["messages[0].destinations[0].to", "messages[0].content.text"]


@pytest.mark.parametrize("case", OURS, ids=lambda case: case.name)
def test_what_we_send_is_what_the_sdk_would_send(case: Case) -> None:
    made = json.loads(case.file.submit(case.text, case.settings, "").body)
    theirs = of_sdk("models").SmsRequest.from_dict(made)
    assert json.loads(theirs.to_json()) == made


async def test_the_sdk_and_we_read_the_same_in_a_report(cloud: Infobip) -> None:
    posted: list[dict[str, Any]] = []

    async def keep(body: dict[str, Any], url: str | None = None) -> Any:
        posted.append(body)

    cloud.post = keep  # type: ignore[method-assign]
    webhooks = {"callbackData": "mark", "delivery": {"url": URL}, "contentType": "application/json"}
    await send(cloud, message(messageId="m1") | {"webhooks": webhooks})
    await cloud.report("m1", DELIVERED)
    await cloud.report("m1", UNDELIVERABLE, Error(1, "EC_UNKNOWN_SUBSCRIBER", True))
    for body in posted:
        result = of_sdk("models").SmsDeliveryResult.from_json(json.dumps(body))
        (theirs,) = result.results
        ours = read(body)
        assert isinstance(ours, Report)
        assert ours.learned is not None
        facts = ours.learned.provider
        assert facts is not None
        code = theirs.error.id or theirs.status.id
        assert (facts.reference, facts.parts, facts.code) == (
            theirs.message_id,
            theirs.message_count,
            str(code),
        )
        assert facts.at == round(theirs.done_at.timestamp() * 1_000_000)
        assert ours.mark.split() == [theirs.callback_data, theirs.message_id]


def test_the_sdk_and_we_read_the_same_of_what_bob_writes() -> None:
    said = {"messageId": "i", "from": "15550101", "to": "15550100", "text": "Stop", "smsCount": 1}
    result = of_sdk("models").SmsInboundMessageResult.from_json(json.dumps({"results": [said]}))
    (theirs,) = result.results
    assert read({"results": [said]}) == Reply(sender=theirs.var_from, to=theirs.to, text=theirs.text)


def read(body: dict[str, Any]) -> Report | Reply:
    """The one thing in a callback, by our file."""
    (told,) = FILE.read(Posted(URL, {}, json.dumps(body).encode()), {})
    return told
