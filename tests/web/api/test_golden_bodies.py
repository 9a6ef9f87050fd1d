"""What arrives at the webhook, from the call to the wire: Adobe's payload, key for key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cast import House
from outside.https import Endpoint, Request
from pure.test_payloads import EMAIL_SAMPLE, SMS_SAMPLE
from retour import ids, limits
from retour.catalog.inputs import ContentInput
from web.api.callers import UNITARY, WEBHOOKS, Api, execution, webhook

OURS = {"_id", "timestamp", "retour"}
CURL = {"host", "user-agent", "accept", "content-type", "content-length"}
ADDRESSES = {"email": "bounce@example.com", "sms": "+15555550123"}
SAMPLES: dict[str, dict[str, Any]] = {"email": json.loads(EMAIL_SAMPLE), "sms": json.loads(SMS_SAMPLE)}


def keys(value: Any, path: str = "") -> set[str]:
    """The path of every key; a namespace is a value that stands where keys do."""
    if isinstance(value, dict):
        names = {name: "*" if path == "identityMap." else name for name in value}
        return {path + names[name] for name in value} | {
            inner for name in value for inner in keys(value[name], f"{path}{names[name]}.")
        }
    return {inner for item in value for inner in keys(item, path)} if isinstance(value, list) else set()


FAILURE = {f"messageDeliveryFeedback.messageFailure.{key}" for key in ("category", "type", "code", "reason")}


async def posted(
    house: House,
    acme: Api,
    receiver: Endpoint,
    channel: str,
    text: str = "Hello",
    **more: Any,
) -> tuple[dict[str, Any], Request]:
    """The execution's answer, and the last event's request."""
    content: dict[str, Any] = {"content": ContentInput(text=text)} if channel == "sms" else {}
    made = await house.campaign(
        await house.simulated(channel),
        channel=channel,
        identity_namespace=None if channel == "email" else "Phone",
        **content,
    )
    await acme.post(WEBHOOKS, webhook(url=receiver.url("/x"), headers=[], **more))
    person = {"namespace": "email" if channel == "email" else "Phone"}
    body = execution(made.id, ADDRESSES[channel], request_id="8NoByJneShCdCGRnrGS1t1m3CdA73dhR", **person)
    async with house.working():
        answer = await acme.post(UNITARY, body, status=202)
        await receiver.arrived(1 if channel == "email" else 2)
    return answer, receiver.requests[-1]


@pytest.mark.parametrize("channel", ["email", "sms"])
async def test_exact_adobe_payload_and_no_header_of_ours(
    house: House, acme: Api, receiver: Endpoint, channel: str
) -> None:
    plain: dict[str, Any] = {"format": "ajo", "signed": False, "authentication": {"type": "none"}}
    answer, request = await posted(house, acme, receiver, channel, **plain)
    assert (request.method, request.header("content-type")) == ("POST", "application/json")
    assert {name.lower() for name, _ in request.headers} <= CURL
    body = json.loads(request.body)
    assert keys(body) - FAILURE == keys(SAMPLES[channel]) - FAILURE
    assert list(body) == list(SAMPLES[channel])
    assert body["requestId"] == "8NoByJneShCdCGRnrGS1t1m3CdA73dhR"
    assert body["imsOrg"] == "acme@Org"
    assert body["sandbox"] == {"id": house.dev.id, "name": "dev"}
    assert (body["channel"], body["eventType"]) == (channel, "message.feedback")
    assert body["messageExecution"]["messageExecutionID"] == answer["executionId"]
    assert body["messageExecution"]["campaignType"] == "ApiTriggered"


async def test_a_bounce_has_adobe_s_failure(house: House, acme: Api, receiver: Endpoint) -> None:
    _, request = await posted(house, acme, receiver, "email", format="ajo")
    feedback = json.loads(request.body)["messageDeliveryFeedback"]
    assert feedback["feedbackStatus"] == {"value": "bounce"}
    assert set(feedback["messageFailure"]) == {"category", "type", "code", "reason"}
    assert feedback["messageFailure"]["code"].isdecimal()


@pytest.mark.parametrize("form", ["ajo", "extended"])
async def test_a_text_message_is_told_as_in_adobe_s_sample(
    house: House, acme: Api, receiver: Endpoint, form: str
) -> None:
    _, request = await posted(house, acme, receiver, "sms", "a" * 161, format=form)
    body, sample = json.loads(request.body), SAMPLES["sms"]
    feedback, adobe_s = body["messageDeliveryFeedback"], sample["messageDeliveryFeedback"]
    told_at = feedback.pop("deliveryTimestamp")
    assert feedback == {name: value for name, value in adobe_s.items() if name != "deliveryTimestamp"}
    assert len(told_at) == len(adobe_s["deliveryTimestamp"])
    assert 0 <= ids.now() - ids.parse_iso(told_at) < limits.HOUR
    assert body["channelContext"] == sample["channelContext"]


async def test_an_e_mail_tells_nothing_of_parts(house: House, acme: Api, receiver: Endpoint) -> None:
    _, request = await posted(house, acme, receiver, "email")
    feedback = json.loads(request.body)["messageDeliveryFeedback"]
    names = ("encoding", "numberOfMessageParts", "deliveryTimestamp")
    assert [feedback[name] for name in names] == [None, None, None]


@pytest.mark.parametrize("channel", ["email", "sms"])
async def test_extended_is_the_union_of_both_samples_and_what_is_ours(
    house: House, acme: Api, receiver: Endpoint, channel: str
) -> None:
    _, request = await posted(house, acme, receiver, channel)
    body = json.loads(request.body)
    union = keys(SAMPLES["email"]) | keys(SAMPLES["sms"])
    assert set(body) - OURS == {path for path in union if "." not in path}
    assert (
        keys({name: value for name, value in body.items() if name not in OURS}) - FAILURE == union - FAILURE
    )
    assert set(body["retour"]) == {"sequence", "final", "amends", "messageId", "provider", "complaint"}
    assert body["_id"] == request.header("webhook-id")
    assert ids.parse_iso(body["timestamp"]) <= ids.now()
    assert (request.header("authorization") or "").startswith("Bearer eyJ")
    assert (request.header("webhook-signature") or "").startswith("v1,")
