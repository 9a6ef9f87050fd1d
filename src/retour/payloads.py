"""The body of a feedback event: Adobe's documented payload, and what we add to it. Pure.

`body` makes the frozen bytes in the extended format, the union of Adobe's samples for e-mail and SMS with
every key always there; `exact` cuts out of them what Adobe's sample for that channel has, and nothing more.
Names and order of keys are those of Adobe's page "Create feedback webhooks"; what it keeps for other channels
(offers, responseCode, responseDurationMillis) is null here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from retour.ids import iso
from retour.model import (
    ChannelKind,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    ProviderFacts,
    Value,
)

EVENT_TYPE: Literal["message.feedback"] = "message.feedback"
CAMPAIGN_TYPE = "ApiTriggered"
NOBODY = "00000000-0000-0000-0000-000000000000"  # the nil UUID (RFC 9562, 5.9): names nothing

# What Adobe's sample for a channel does not have: in the event, in the objects of it, in an identity.
EXECUTION, FEEDBACK, IDENTITIES = "messageExecution", "messageDeliveryFeedback", "identityMap"
OURS = ("_id", "timestamp", "retour")
NOT_IN_THE_SAMPLE: dict[ChannelKind, dict[str, tuple[str, ...]]] = {
    ChannelKind.EMAIL: {
        "": (*OURS, "channelContext"),
        EXECUTION: ("messageID", "messageProfileID"),
        FEEDBACK: ("responseCode", "responseDurationMillis"),
    },
    ChannelKind.SMS: {"": OURS, IDENTITIES: ("primary",)},
}


class EventFacts(Value, frozen=True):
    """All that the body of a feedback event tells.

    request_id: the caller's. content_id: names what was said to everybody (`messageID`); message_id: one
    message to one person (`messageProfileID`). user_id: the identity in the namespace; address: where the
    message went. at, delivered_at (the provider's time): microseconds. amends: the event this one corrects.
    retry_count: failed tries before this event, e-mail only. parts: segments of a text message. complaint: its kind.
    """

    org: str
    sandbox_id: str
    sandbox_name: str
    channel: ChannelKind
    request_id: str
    execution_id: str
    campaign_id: str
    version_id: str
    content_id: str
    message_id: str
    namespace: str
    user_id: str
    address: str
    event_id: str
    at: int
    sequence: int
    final: bool
    status: FeedbackStatus
    amends: str | None = None
    failure: Failure | None = None
    exclusion_code: str | None = None
    exclusion_reason: str | None = None
    retry_count: int | None = None
    encoding: str | None = None
    parts: str | None = None
    delivered_at: int | None = None
    provider: ProviderFacts | None = None
    complaint: str | None = None
    message_type: str = "transactional"


def body(facts: EventFacts) -> bytes:
    """The frozen body, extended format, JSON in UTF-8."""
    return _encode(_event(facts))


def exact(body: bytes) -> bytes:
    """The format "ajo": the keys of Adobe's sample for the channel, cut out of what `body` made."""
    event = msgspec.json.decode(body)
    for place, keys in NOT_IN_THE_SAMPLE[ChannelKind(event["channel"])].items():
        for mapping in _at(event, place):
            _drop(mapping, keys)
    return _encode(event)


def _at(event: dict[str, Any], place: str) -> list[dict[str, Any]]:
    if place == IDENTITIES:
        return [identity for identities in event[place].values() for identity in identities]
    return [event[place] if place else event]


def _drop(mapping: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:
        del mapping[key]


def sample(
    org: str, sandbox_id: str, sandbox_name: str, channel: ChannelKind, event_id: str, at: int
) -> bytes:
    """The body of a test event, extended format: a delivery that never was, to a reserved address."""
    email = channel == ChannelKind.EMAIL
    address = "ann@example.com" if email else "+15555550123"
    facts = EventFacts(
        org=org,
        sandbox_id=sandbox_id,
        sandbox_name=sandbox_name,
        channel=channel,
        request_id=f"test-{event_id}",
        execution_id="HUMA-00000000",
        campaign_id=NOBODY,
        version_id=NOBODY,
        content_id=NOBODY,
        message_id=NOBODY,
        namespace="email" if email else "Phone",
        user_id=address,
        address=address,
        event_id=event_id,
        at=at,
        sequence=1,
        final=True,
        status=FeedbackStatus.DELIVERED,
        retry_count=0,
        provider=ProviderFacts(name="test"),
    )
    return body(facts)


class _ReadFailure(msgspec.Struct, rename="camel"):
    message_failure: Failure | None = None


class _Read(msgspec.Struct):
    feedback: _ReadFailure = msgspec.field(name=FEEDBACK)


def read_failure(body: bytes) -> Failure | None:
    """Why, of a body that `body` made; None where it has no reason."""
    return msgspec.json.decode(body, type=_Read).feedback.message_failure


# --- the shape ------------------------------------------------------------------------------------------

Instant = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


ADOBE_S_STATUSES = [status.value for status in FeedbackStatus if status is not FeedbackStatus.COMPLAINT]


class EventSandbox(msgspec.Struct):
    """Where the message was sent from."""

    id: str
    name: str


class ChannelContext(msgspec.Struct, rename="camel"):
    """Where the message went: an e-mail address or a telephone number."""

    profile_address: str | None
    profile_number: str | None


EXECUTION_KEYS = {
    "execution_id": "messageExecutionID",
    "message_type": "messageType",
    "campaign_id": "campaignID",
    "version_id": "campaignVersionID",
    "content_id": "messageID",
    "message_id": "messageProfileID",
    "campaign_type": "campaignType",
}


class MessageExecution(msgspec.Struct, rename=EXECUTION_KEYS):
    """Which execution of which campaign. messageID: what was said to all; messageProfileID: the one message."""

    execution_id: str
    message_type: Annotated[str, Meta(extra_json_schema={"enum": ["transactional", "marketing"]})]
    campaign_id: str
    version_id: str
    content_id: str
    message_id: str
    campaign_type: str


class StatusValue(msgspec.Struct):
    """What became of the message, in Adobe's words."""

    value: Annotated[str, Meta(extra_json_schema={"enum": ADOBE_S_STATUSES})]


class MessageExclusion(msgspec.Struct):
    """Why the recipient was left out."""

    code: str | None
    reason: str | None
    details: None


class MessageFailure(msgspec.Struct):
    """Why the message bounced or failed. code: digits for e-mail, the provider's own for SMS."""

    category: FailureCategory
    type: FailureType
    code: str
    reason: str


class MessageDeliveryFeedback(msgspec.Struct, rename="camel"):
    """What is told. retryCount: failed tries before this event. deliveryTimestamp: the provider's time."""

    feedback_status: StatusValue
    offers: None
    message_exclusion: MessageExclusion | None
    message_failure: MessageFailure | None
    retry_count: int | None
    response_code: None
    response_duration_millis: None
    encoding: str | None
    number_of_message_parts: str | None
    delivery_timestamp: Instant | None


class Identity(msgspec.Struct):
    """Who, in a namespace."""

    id: str
    primary: bool


class Provider(msgspec.Struct, rename="camel"):
    """What the next hop said, in its own words."""

    name: str
    code: str | None
    enhanced_code: str | None
    text: str | None
    reference: str | None


class Additions(msgspec.Struct, rename="camel"):
    """What Adobe's payload does not tell. sequence: per message, from 1. amends: the `_id` that this corrects.

    complaint: the kind of complaint, e.g. `abuse`; then feedbackStatus is `bounce` with code 51.
    """

    sequence: Annotated[int, Meta(extra_json_schema={"minimum": 1})]
    final: bool
    amends: str | None
    message_id: str
    provider: Provider | None
    complaint: str | None


EVENT_KEYS = {
    "request_id": "requestId",
    "org": "imsOrg",
    "event_type": "eventType",
    "channel_context": "channelContext",
    "execution": EXECUTION,
    "feedback": FEEDBACK,
    "identities": IDENTITIES,
    "id": "_id",
}


class FeedbackEvent(msgspec.Struct, rename=EVENT_KEYS):
    """A feedback event, format "extended": every key is always there. identityMap: namespace to identities."""

    request_id: str
    org: str
    sandbox: EventSandbox
    channel: ChannelKind
    event_type: Literal["message.feedback"]
    channel_context: ChannelContext
    execution: MessageExecution
    feedback: MessageDeliveryFeedback
    identities: dict[str, list[Identity]]
    id: str
    timestamp: Instant
    retour: Additions


_encode = msgspec.json.Encoder().encode


# --- from facts to the shape ----------------------------------------------------------------------------


def _event(facts: EventFacts) -> FeedbackEvent:
    email = facts.channel == ChannelKind.EMAIL
    return FeedbackEvent(
        request_id=facts.request_id,
        org=facts.org,
        sandbox=EventSandbox(facts.sandbox_id, facts.sandbox_name),
        channel=facts.channel,
        event_type=EVENT_TYPE,
        channel_context=ChannelContext(facts.address, None) if email else ChannelContext(None, facts.address),
        execution=_execution(facts),
        feedback=_feedback(facts),
        identities={facts.namespace: [Identity(facts.user_id, True)]},
        id=facts.event_id,
        timestamp=iso(facts.at),
        retour=Additions(
            facts.sequence,
            facts.final,
            facts.amends,
            facts.message_id,
            _provider(facts.provider),
            facts.complaint,
        ),
    )


def _execution(facts: EventFacts) -> MessageExecution:
    return MessageExecution(
        execution_id=facts.execution_id,
        message_type=facts.message_type,
        campaign_id=facts.campaign_id,
        version_id=facts.version_id,
        content_id=facts.content_id,
        message_id=facts.message_id,
        campaign_type=CAMPAIGN_TYPE,
    )


def _feedback(facts: EventFacts) -> MessageDeliveryFeedback:
    return MessageDeliveryFeedback(
        feedback_status=StatusValue(_adobe_s(facts.status)),
        offers=None,
        message_exclusion=_exclusion(facts),
        message_failure=_failure(facts.failure),
        retry_count=facts.retry_count if facts.channel == ChannelKind.EMAIL else None,
        response_code=None,
        response_duration_millis=None,
        encoding=facts.encoding,
        number_of_message_parts=facts.parts,
        delivery_timestamp=None if facts.delivered_at is None else iso(facts.delivered_at),
    )


def _adobe_s(status: FeedbackStatus) -> str:
    return FeedbackStatus.BOUNCE if status is FeedbackStatus.COMPLAINT else status


def _exclusion(facts: EventFacts) -> MessageExclusion | None:
    if facts.exclusion_code is None and facts.exclusion_reason is None:
        return None
    return MessageExclusion(facts.exclusion_code, facts.exclusion_reason, None)


def _failure(failure: Failure | None) -> MessageFailure | None:
    if failure is None:
        return None
    return MessageFailure(failure.category, failure.type, failure.code, failure.reason)


def _provider(provider: ProviderFacts | None) -> Provider | None:
    if provider is None:
        return None
    return Provider(
        name=provider.name,
        code=provider.code,
        enhanced_code=provider.enhanced_code,
        text=provider.text,
        reference=provider.reference,
    )
