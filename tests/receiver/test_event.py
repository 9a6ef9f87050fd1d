"""The event, read out of both formats, and out of Adobe's own samples."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pure.test_payloads import EMAIL_SAMPLE, SMS_SAMPLE
from receiver.genuine import BODY, BOUNCE, NOW
from retour import payloads
from retour.model import ChannelKind, FeedbackStatus, ProviderFacts
from retour.receiver import FeedbackEvent, read_event

SMS = msgspec.structs.replace(
    BOUNCE, channel=ChannelKind.SMS, namespace="Phone", user_id="+15555550123", address="+15555550124"
)


def read(body: bytes, **headers: str) -> FeedbackEvent:
    event = read_event(body, {name.replace("_", "-"): value for name, value in headers.items()})
    assert isinstance(event, FeedbackEvent), event
    return event


def test_the_extended_format_tells_everything() -> None:
    event = read(BODY)
    told = {
        name: value
        for name, value in msgspec.structs.asdict(event).items()
        if name not in ("raw", "exclusion_code", "exclusion_reason")
    }
    assert told == {
        "event_id": "event-2",
        "request_id": "order-17",
        "status": FeedbackStatus.BOUNCE,
        "channel": ChannelKind.EMAIL,
        "org": "acme@Org",
        "sandbox_id": "sandbox-1",
        "sandbox_name": "prod",
        "identities": {"email": ("ann@luma.example",)},
        "address": "ann@luma.example",
        "sequence": 2,
        "final": True,
        "amends": "event-1",
        "message_id": "message-1",
        "content_id": "content-1",
        "execution_id": "HUMA-26362805",
        "campaign_id": "campaign-1",
        "campaign_version_id": "version-1",
        "failure": BOUNCE.failure,
        "provider": BOUNCE.provider,
        "complaint": None,
        "occurred_at": NOW // 1000 * 1000,
    }
    assert event.recipient == "ann@luma.example"
    assert event.raw == json.loads(BODY)


def test_the_exact_format_tells_what_adobe_s_sample_has() -> None:
    event = read(payloads.exact(BODY), webhook_id="event-2")
    assert (event.event_id, event.request_id, event.status) == ("event-2", "order-17", "bounce")
    assert (event.failure, event.execution_id, event.campaign_id) == (
        BOUNCE.failure,
        "HUMA-26362805",
        "campaign-1",
    )
    left_out = (event.sequence, event.final, event.amends, event.provider, event.occurred_at)
    assert (*left_out, event.message_id, event.content_id, event.address) == (None,) * 8


def test_the_exact_format_of_a_text_message_names_the_message() -> None:
    event = read(payloads.exact(payloads.body(SMS)))
    assert (event.message_id, event.content_id, event.address) == ("message-1", "content-1", "+15555550124")
    assert (event.recipient, event.channel) == ("+15555550123", ChannelKind.SMS)
    assert event.event_id == "", "an unsigned request in this format names no event"


@pytest.mark.parametrize(("sample", "status"), [(EMAIL_SAMPLE, "bounce"), (SMS_SAMPLE, "delivered")])
def test_adobe_s_own_samples_can_be_read(sample: bytes, status: str) -> None:
    assert read(sample).status == status


def test_why_it_was_not_sent_is_told() -> None:
    facts = msgspec.structs.replace(
        BOUNCE, status=FeedbackStatus.EXCLUDE, failure=None, exclusion_code="X1", exclusion_reason="Consent"
    )
    event = read(payloads.body(facts))
    assert (event.exclusion_code, event.exclusion_reason, event.failure) == ("X1", "Consent", None)


def test_the_header_names_the_event_where_both_do() -> None:
    assert read(BODY, webhook_id="event-9").event_id == "event-9"


def test_keys_that_follow_later_are_passed_over() -> None:
    body = json.loads(BODY) | {"later": 1}
    body["retour"]["later"] = {"more": []}
    assert read(json.dumps(body).encode()).raw["retour"]["later"] == {"more": []}


def test_a_complaint_is_a_bounce_that_says_so() -> None:
    facts = msgspec.structs.replace(BOUNCE, status=FeedbackStatus.COMPLAINT, complaint="abuse")
    event = read(payloads.body(facts))
    assert (event.status, event.complaint) == (FeedbackStatus.BOUNCE, "abuse")


@given(
    st.sampled_from([status for status in FeedbackStatus if status is not FeedbackStatus.COMPLAINT]),
    st.sampled_from(ChannelKind),
    st.integers(min_value=1, max_value=99),
    st.booleans(),
    st.one_of(
        st.none(), st.builds(ProviderFacts, name=st.text(max_size=9), text=st.none() | st.text(max_size=9))
    ),
)
def test_whatever_is_posted_is_read(
    status: FeedbackStatus, channel: ChannelKind, sequence: int, final: bool, provider: ProviderFacts | None
) -> None:
    facts = msgspec.structs.replace(
        BOUNCE, status=status, channel=channel, sequence=sequence, final=final, provider=provider
    )
    body = payloads.body(facts)
    event = read(body)
    assert (event.status, event.channel, event.sequence, event.final) == (status, channel, sequence, final)
    assert event.provider == provider
    assert read(payloads.exact(body)).status is status


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"requestId": None}, "requestId"),
        ({"channel": "pigeon"}, "pigeon"),
        ({"messageDeliveryFeedback": {"feedbackStatus": {"value": "vanished"}}}, "vanished"),
        ({"messageDeliveryFeedback": {}}, "feedbackStatus"),
        ({"identityMap": []}, "identityMap"),
        ({"timestamp": "yesterday"}, "timestamp"),
    ],
)
def test_a_body_that_is_no_event_is_told_with_the_key(change: dict[str, Any], word: str) -> None:
    said = read_event(json.dumps(json.loads(BODY) | change).encode(), {})
    assert isinstance(said, str)
    assert word in said


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "cut off"),
        (BODY[:-1], "cut off"),
        (b"<html>", "no JSON"),
        (b"\xff", "no JSON"),
        (b'{"a":' * 10_000, "no JSON"),
    ],
)
def test_a_body_that_is_no_json_is_told(body: bytes, word: str) -> None:
    said = read_event(body, {})
    assert isinstance(said, str)
    assert word in said
