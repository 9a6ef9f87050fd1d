"""Ann writes to Bob by Infobip: from the execution to the provider, and from its reports to her feedback webhook."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from outside.https import Endpoint
from outside.infobip import (
    DELIVERED,
    EXPIRED,
    INVALID,
    NO_ERROR,
    UNDELIVERABLE,
    Error,
    Infobip,
    Status,
    infobip,
)
from retour import segments
from retour.ids import parse_iso
from retour.smsproviders import PROVIDERS
from retour.smsproviders.shapes import Got, Taken, Text
from smsproviders.conftest import BOB, Desk, heard, last_words

FILE = PROVIDERS["infobip"]
TO_OPERATOR = Status(3, "DELIVERED", 2, "DELIVERED_TO_OPERATOR")
TO = BOB.lstrip("+")


@pytest.fixture
async def cloud() -> AsyncIterator[Infobip]:
    """Infobip."""
    async with infobip() as made:
        yield made


def entered(cloud: Infobip, **more: Any) -> dict[str, Any]:
    """What Ann enters."""
    return {"baseUrl": cloud.url, "apiKey": cloud.key} | more


async def test_from_the_execution_to_the_webhook(desk: Desk, cloud: Infobip, receiver: Endpoint) -> None:
    await desk.house.webhook(receiver.url("/feedback"))
    campaign = await desk.campaign("infobip", entered(cloud))
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(1)
        ((name, message),) = cloud.messages.items()
        assert (message["sender"], message["to"], message["content"]) == (
            "15550100",
            TO,
            {"text": "Hello"},
        )
        for status in (TO_OPERATOR, DELIVERED, DELIVERED):
            assert (await cloud.report(name, status)).status_code == 200
        await receiver.arrived(2)
    sent, delivered = heard(receiver)
    assert (sent["feedbackStatus"], delivered["feedbackStatus"]) == (
        {"value": "sent"},
        {"value": "delivered"},
    )
    assert (sent["numberOfMessageParts"], delivered["numberOfMessageParts"]) == ("1", "1")
    assert parse_iso(delivered["deliveryTimestamp"]) > 0
    assert json.loads(receiver.requests[1].body)["retour"]["provider"]["reference"] == name


NO_CREDITS = Status(5, "REJECTED", 12, "REJECTED_NOT_ENOUGH_CREDITS")
FAILURES = {
    "+15550110": (UNDELIVERABLE, Error(1, "EC_UNKNOWN_SUBSCRIBER", True), ("bounce", "1", "Hard", "async")),
    "+15550111": (UNDELIVERABLE, Error(27, "EC_ABSENT_SUBSCRIBER"), ("bounce", "27", "Soft", "async")),
    "+15550112": (EXPIRED, Error(27, "EC_ABSENT_SUBSCRIBER"), ("bounce", "15", "Ignored", "async")),
    "+15550113": (NO_CREDITS, NO_ERROR, ("error", "12", "Ignored", "async")),
}


async def test_what_fails_later_is_told_with_the_provider_s_code(
    desk: Desk, cloud: Infobip, receiver: Endpoint
) -> None:
    await desk.house.webhook(receiver.url("/feedback"))
    campaign = await desk.campaign("infobip", entered(cloud))
    async with desk.house.working():
        await desk.execute(campaign, *FAILURES)
        await receiver.arrived(len(FAILURES))
        for name, message in list(cloud.messages.items()):
            status, error, _ = FAILURES[f"+{message['to']}"]
            await cloud.report(name, status, error)
        await receiver.arrived(2 * len(FAILURES))
    assert last_words(receiver) == {number: told for number, (_, _, told) in FAILURES.items()}


async def test_a_rejection_inside_a_200_is_told_at_once(
    desk: Desk, cloud: Infobip, receiver: Endpoint
) -> None:
    await desk.house.webhook(receiver.url("/feedback"))
    cloud.rejected[TO] = INVALID
    campaign = await desk.campaign("infobip", entered(cloud))
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(1)
    (failed,) = heard(receiver)
    assert failed["feedbackStatus"] == {"value": "bounce"}
    assert failed["messageFailure"] == {
        "category": "sync",
        "type": "Hard",
        "code": "52",
        "reason": "Invalid recipient",
    }


async def test_a_number_on_infobip_s_blocklist_is_told_as_denylist(
    desk: Desk, cloud: Infobip, receiver: Endpoint
) -> None:
    await desk.house.webhook(receiver.url("/feedback"), events=["denylist"])
    cloud.rejected[TO] = Status(5, "REJECTED", 14, "REJECTED_DESTINATION")
    campaign = await desk.campaign("infobip", entered(cloud))
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(1)
    exclusion = heard(receiver)[0]["messageExclusion"]
    assert (exclusion["code"], exclusion["reason"]) == ("050104", "SMSNoConsent")


async def test_a_report_before_the_answer_to_the_submit_is_told_after_sent(
    desk: Desk, cloud: Infobip, receiver: Endpoint
) -> None:
    """Infobip is quick: its report comes while its answer is on the way."""
    await desk.house.webhook(receiver.url("/feedback"))
    early: list[int] = []

    async def report() -> None:
        early.append((await cloud.report(next(iter(cloud.messages)), DELIVERED)).status_code)

    cloud.before_answer = report
    campaign = await desk.campaign("infobip", entered(cloud))
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(2)
    assert early == [200]
    assert [one["feedbackStatus"]["value"] for one in heard(receiver)] == ["sent", "delivered"]


async def test_by_a_subscription_with_a_password(desk: Desk, cloud: Infobip, receiver: Endpoint) -> None:
    await desk.house.webhook(receiver.url("/feedback"))
    settings = entered(cloud, callbackUser="retour", callbackPassword="sesame")
    made = await desk.configure("infobip", settings)
    address = desk.house.retour.callbacks.address(made) or ""
    campaign = await desk.house.campaign(made.id, channel="sms", identity_namespace="phone")
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(1)
        (name,) = cloud.messages
        assert "delivery" not in cloud.messages[name]["webhooks"]
        for password, status in (("Charlie's guess", 403), ("sesame", 200)):
            cloud.subscription = (address, ("retour", password))
            assert (await cloud.report(name, DELIVERED)).status_code == status
        await receiver.arrived(2)
    assert [one["feedbackStatus"]["value"] for one in heard(receiver)] == ["sent", "delivered"]


async def test_what_bob_answers_comes_to_the_denylist(desk: Desk, cloud: Infobip, receiver: Endpoint) -> None:
    await desk.house.webhook(receiver.url("/feedback"), events=["sent", "denylist"])
    made = await desk.configure("infobip", entered(cloud))
    campaign = await desk.house.campaign(made.id, channel="sms", identity_namespace="phone")
    said = {"messageId": "i", "from": TO, "to": "15550100", "text": "Stop", "smsCount": 1}
    answer = await cloud.post({"results": [said]}, desk.house.retour.callbacks.address(made))
    assert answer.status_code == 200
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(1)
    assert heard(receiver)[0]["feedbackStatus"] == {"value": "denylist"}
    assert cloud.messages == {}


async def test_verify_says_what_infobip_says(desk: Desk, cloud: Infobip) -> None:
    assert await desk.trouble("infobip", entered(cloud)) is None
    refused = await desk.trouble("infobip", entered(cloud, apiKey="wrong"))
    assert refused == "Infobip refuses the API key (401). Correct it."
    cloud.instead.append((403, (), b"{}"))
    assert "only a message can show" in (await desk.trouble("infobip", entered(cloud)) or "")
    elsewhere = await desk.trouble("infobip", entered(cloud, baseUrl=f"{cloud.url}/elsewhere"))
    assert elsewhere == "The answer (404) is not one of Infobip's API. Check the base URL."


async def test_the_same_message_twice_is_taken_once(cloud: Infobip) -> None:
    """Its id is our mark: a try again after a lost answer finds out that it was taken."""
    counted = segments.count("Hello")
    out = Text(
        mark="a" * 56, to=BOB, sender="Luma", text="Hello", callback="", minutes=60, now=0,
        encoding=counted.encoding, parts=counted.parts,
    )  # fmt: skip
    request = FILE.submit(out, entered(cloud), "")
    outcomes = []
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(2):
            got = await client.post(request.url, content=request.body, headers=dict(request.headers))
            outcomes.append(FILE.answer(Got(status=got.status_code, headers={}, body=got.content), out, {}))
    assert [outcome.references for outcome in outcomes if isinstance(outcome, Taken)] == [("a" * 56,)] * 2
    assert len(cloud.messages) == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"callbackUser": "retour"}, "callbackPassword"),
        ({"callbackPassword": "sesame"}, "callbackUser"),
        ({"contentTemplateId": "ct"}, "principalEntityId"),
    ],
)
def test_settings_that_can_t_work_are_told_at_their_field(more: dict[str, Any], field: str) -> None:
    assert list(FILE.wrong({"baseUrl": "https://x.example", "apiKey": "k"} | more)) == [field]
