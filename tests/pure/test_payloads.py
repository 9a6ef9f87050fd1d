"""payloads: what Adobe's own samples say, byte for byte where they say it, and every key always there."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour import payloads
from retour.model import (
    ChannelKind,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    ProviderFacts,
)
from retour.payloads import EventFacts

# Adobe Journey Optimizer, "Create feedback webhooks", payload of an e-mail event (the newest edition).
EMAIL_SAMPLE = b"""{
  "requestId": "8NoByJneShCdCGRnrGS1t1m3CdA73dhR",
  "imsOrg": "myImsOrg",
  "sandbox": {"id": "068abf40-575e-11ea-8512-9b1bfdb82603", "name": "prod"},
  "channel": "email",
  "eventType": "message.feedback",
  "messageExecution": {
    "messageExecutionID": "HUMA-26362805",
    "messageType": "transactional",
    "campaignID": "16f24a15-7e21-477c-848a-d5695ca7f137",
    "campaignVersionID": "2ca10c10-56dd-4505-87cd-fa5da84e7a5d",
    "campaignType": "ApiTriggered"
  },
  "messageDeliveryFeedback": {
    "feedbackStatus": {"value": "bounce"},
    "offers": null,
    "messageExclusion": null,
    "messageFailure": {"category": "sync", "type": "Ignored", "code": "25", "reason": "Admin Failure"},
    "retryCount": 0,
    "encoding": null,
    "numberOfMessageParts": null,
    "deliveryTimestamp": null
  },
  "identityMap": {"email": [{"id": "john.doe@luma.com", "primary": true}]}
}"""

# The same page, payload of an SMS event; "..." stands in it where it does here.
SMS_SAMPLE = b"""{
  "requestId": "4f1c2d9e-...",
  "imsOrg": "XXXX@AdobeOrg",
  "sandbox": {"id": "...", "name": "prod"},
  "channel": "sms",
  "eventType": "message.feedback",
  "channelContext": {"profileAddress": null, "profileNumber": "+15555550123"},
  "messageExecution": {
    "messageExecutionID": "UMA-...",
    "messageType": "marketing",
    "campaignID": "...",
    "campaignVersionID": "...",
    "messageID": "...",
    "messageProfileID": "...",
    "campaignType": "ApiTriggered"
  },
  "messageDeliveryFeedback": {
    "feedbackStatus": {"value": "delivered"},
    "offers": null,
    "messageExclusion": null,
    "messageFailure": null,
    "retryCount": null,
    "responseCode": null,
    "responseDurationMillis": null,
    "encoding": "GSM",
    "numberOfMessageParts": "2",
    "deliveryTimestamp": "2026-10-06T18:22:41.512Z"
  },
  "identityMap": {"Phone": [{"id": "+15555550123"}]}
}"""

# The page as the product was asked for has four lines less.
LATER_LINES = {
    "messageExecution": ("campaignType",),
    "messageDeliveryFeedback": ("encoding", "numberOfMessageParts", "deliveryTimestamp"),
}

EMAIL = EventFacts(
    org="myImsOrg",
    sandbox_id="068abf40-575e-11ea-8512-9b1bfdb82603",
    sandbox_name="prod",
    channel=ChannelKind.EMAIL,
    request_id="8NoByJneShCdCGRnrGS1t1m3CdA73dhR",
    execution_id="HUMA-26362805",
    campaign_id="16f24a15-7e21-477c-848a-d5695ca7f137",
    version_id="2ca10c10-56dd-4505-87cd-fa5da84e7a5d",
    content_id="content-1",
    message_id="message-1",
    namespace="email",
    user_id="john.doe@luma.com",
    address="john@luma.com",
    event_id="event-2",
    at=1_791_310_961_512_000,
    sequence=2,
    final=True,
    status=FeedbackStatus.BOUNCE,
    failure=Failure(
        category=FailureCategory.SYNC, type=FailureType.IGNORED, code="25", reason="Admin Failure"
    ),
    retry_count=0,
    provider=ProviderFacts(name="smtp", code="550", enhanced_code="5.7.1", text="denied", reference="4Q1"),
)

SMS = EventFacts(
    org="XXXX@AdobeOrg",
    sandbox_id="...",
    sandbox_name="prod",
    channel=ChannelKind.SMS,
    request_id="4f1c2d9e-...",
    execution_id="UMA-...",
    message_type="marketing",
    campaign_id="...",
    version_id="...",
    content_id="...",
    message_id="...",
    namespace="Phone",
    user_id="+15555550123",
    address="+15555550123",
    event_id="event-3",
    at=1_791_310_962_000_000,
    sequence=2,
    final=True,
    status=FeedbackStatus.DELIVERED,
    retry_count=3,
    encoding="GSM",
    parts="2",
    delivered_at=1_791_310_961_512_000,
)


def squeezed(sample: bytes) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(sample))


def read(body: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(body)
    return decoded


def shape(value: Any) -> Any:
    """The keys of it, all the way down; the keys of a map of identities are data."""
    if not isinstance(value, dict):
        return None
    return [
        (key, key not in ("identityMap", "messageFailure") and shape(inner)) for key, inner in value.items()
    ]


@pytest.mark.parametrize(("facts", "sample"), [(EMAIL, EMAIL_SAMPLE), (SMS, SMS_SAMPLE)])
def test_the_exact_body_is_adobes_sample_byte_for_byte(facts: EventFacts, sample: bytes) -> None:
    assert payloads.exact(payloads.body(facts)) == squeezed(sample)


def test_the_sample_that_the_product_was_asked_for_is_met_in_every_value() -> None:
    exact = read(payloads.exact(payloads.body(EMAIL)))
    for outer, names in LATER_LINES.items():
        for name in names:
            del exact[outer][name]
    asked = read(EMAIL_SAMPLE)
    asked["messageExecution"].pop("campaignType")
    for name in LATER_LINES["messageDeliveryFeedback"]:
        asked["messageDeliveryFeedback"].pop(name)
    assert exact == asked


@pytest.mark.parametrize(("facts", "sample"), [(EMAIL, EMAIL_SAMPLE), (SMS, SMS_SAMPLE)])
def test_the_extended_body_holds_every_value_of_the_sample(facts: EventFacts, sample: bytes) -> None:
    extended = read(payloads.body(facts))
    for key, value in read(sample).items():
        if key == "identityMap":
            continue
        assert extended[key] == value or value.items() <= extended[key].items()


def test_email_and_sms_have_the_same_keys_in_the_same_order() -> None:
    email, sms = read(payloads.body(EMAIL)), read(payloads.body(SMS))
    bare = msgspec.structs.replace(EMAIL, failure=None, provider=None, retry_count=None)
    assert shape(sms) == shape(read(payloads.body(bare)))
    assert list(email) == [*read(SMS_SAMPLE), "_id", "timestamp", "retour"]
    assert list(email["messageExecution"]) == list(read(SMS_SAMPLE)["messageExecution"])
    assert list(email["messageDeliveryFeedback"]) == list(read(SMS_SAMPLE)["messageDeliveryFeedback"])


def test_what_we_add_tells_the_event_its_time_and_its_place() -> None:
    body = read(payloads.body(EMAIL))
    assert body["_id"] == "event-2"
    assert body["timestamp"] == "2026-10-06T18:22:41.512Z"
    assert body["retour"] == {
        "sequence": 2,
        "final": True,
        "amends": None,
        "messageId": "message-1",
        "provider": {
            "name": "smtp",
            "code": "550",
            "enhancedCode": "5.7.1",
            "text": "denied",
            "reference": "4Q1",
        },
        "complaint": None,
    }
    assert read(payloads.body(SMS))["retour"]["provider"] is None


def test_the_address_used_and_the_identity_are_told_apart() -> None:
    email = read(payloads.body(EMAIL))
    assert email["channelContext"] == {"profileAddress": "john@luma.com", "profileNumber": None}
    assert email["identityMap"] == {"email": [{"id": "john.doe@luma.com", "primary": True}]}
    assert read(payloads.body(SMS))["identityMap"] == {"Phone": [{"id": "+15555550123", "primary": True}]}


def test_a_text_message_has_no_retry_count() -> None:
    assert read(payloads.body(SMS))["messageDeliveryFeedback"]["retryCount"] is None
    again = msgspec.structs.replace(EMAIL, retry_count=4)
    assert read(payloads.body(again))["messageDeliveryFeedback"]["retryCount"] == 4


def test_an_exclusion_has_adobes_three_keys() -> None:
    facts = msgspec.structs.replace(
        EMAIL,
        status=FeedbackStatus.EXCLUDE,
        failure=None,
        exclusion_code="050102",
        exclusion_reason="EmailSuppressed",
    )
    feedback = read(payloads.exact(payloads.body(facts)))["messageDeliveryFeedback"]
    assert feedback["messageExclusion"] == {"code": "050102", "reason": "EmailSuppressed", "details": None}
    assert feedback["messageFailure"] is None


def test_an_amendment_names_what_it_corrects() -> None:
    facts = msgspec.structs.replace(EMAIL, amends="event-1", sequence=3)
    assert read(payloads.body(facts))["retour"]["amends"] == "event-1"


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_text_survives_both_formats(request_id: str, namespace: str, user_id: str) -> None:
    for facts in (EMAIL, SMS):
        told = msgspec.structs.replace(facts, request_id=request_id, namespace=namespace, user_id=user_id)
        for body in (payloads.body(told), payloads.exact(payloads.body(told))):
            assert read(body)["requestId"] == request_id
            assert read(body)["identityMap"][namespace][0]["id"] == user_id


@pytest.mark.parametrize("channel", ChannelKind)
def test_a_test_event_looks_like_a_real_one_and_reaches_nobody(channel: ChannelKind) -> None:
    body = payloads.sample("acme", "sandbox-1", "prod", channel, "event-1", 1_791_310_961_512_000)
    told = read(body)
    assert told["_id"] == "event-1"
    assert told["requestId"] == "test-event-1"
    assert told["sandbox"] == {"id": "sandbox-1", "name": "prod"}
    assert shape(read(payloads.exact(body)))[:5] == shape(read(SMS_SAMPLE))[:5]
    [[identity]] = told["identityMap"].values()
    assert identity["id"] in ("ann@example.com", "+15555550123")
