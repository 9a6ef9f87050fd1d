"""The body of a feedback event: Adobe's documented payload, and what we add to it. Pure.

`body` makes the frozen bytes in the extended format, the union of Adobe's samples for e-mail and SMS with
every key always there; `exact` cuts out of them what Adobe's sample for that channel has, and nothing more.
Names and order of keys are those of Adobe's page "Create feedback webhooks"; what it keeps for other channels
(offers, responseCode, responseDurationMillis) is null here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from retour.ids import iso
from retour.model import ChannelKind, Failure, FeedbackStatus, ProviderFacts, Value

EVENT_TYPE = "message.feedback"
CAMPAIGN_TYPE = "ApiTriggered"
NOBODY = "00000000-0000-0000-0000-000000000000"  # the nil UUID (RFC 9562, 5.9): names nothing
OURS = ("_id", "timestamp", "retour")


class EventFacts(Value, frozen=True):
    """All that the body of a feedback event tells.

    request_id: the caller's. content_id: names what was said to everybody (`messageID`); message_id: one
    message to one person (`messageProfileID`). user_id: the identity in the namespace; address: where the
    message went. at, delivered_at (the provider's time): microseconds. amends: the event this one corrects.
    retry_count: failed tries before this event, e-mail only. parts: segments of a text message.
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
    message_type: str = "transactional"


def body(facts: EventFacts) -> bytes:
    """The frozen body, extended format, JSON in UTF-8."""
    return _encode(_event(facts))


def exact(body: bytes) -> bytes:
    """The format "ajo": the keys of Adobe's sample for the channel, cut out of what `body` made."""
    event = msgspec.json.decode(body)
    _drop(event, OURS)
    if event["channel"] == ChannelKind.EMAIL:
        _drop(event, ("channelContext",))
        _drop(event["messageExecution"], ("messageID", "messageProfileID"))
        _drop(event["messageDeliveryFeedback"], ("responseCode", "responseDurationMillis"))
    else:
        for identities in event["identityMap"].values():
            _drop(identities[0], ("primary",))
    return _encode(event)


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


# --- the shape ------------------------------------------------------------------------------------------


class _Sandbox(msgspec.Struct):
    id: str
    name: str


class _ChannelContext(msgspec.Struct, rename="camel"):
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


class _Execution(msgspec.Struct, rename=EXECUTION_KEYS):
    execution_id: str
    message_type: str
    campaign_id: str
    version_id: str
    content_id: str
    message_id: str
    campaign_type: str


class _Status(msgspec.Struct):
    value: str


class _Exclusion(msgspec.Struct):
    code: str | None
    reason: str | None
    details: None = None


class _Failure(msgspec.Struct):
    category: str
    type: str
    code: str
    reason: str


class _Feedback(msgspec.Struct, rename="camel"):
    feedback_status: _Status
    offers: None
    message_exclusion: _Exclusion | None
    message_failure: _Failure | None
    retry_count: int | None
    response_code: None
    response_duration_millis: None
    encoding: str | None
    number_of_message_parts: str | None
    delivery_timestamp: str | None


class _Identity(msgspec.Struct):
    id: str
    primary: bool = True


class _Provider(msgspec.Struct, rename="camel"):
    name: str
    code: str | None
    enhanced_code: str | None
    text: str | None
    reference: str | None


class _Retour(msgspec.Struct, rename="camel"):
    sequence: int
    final: bool
    amends: str | None
    message_id: str
    provider: _Provider | None


EVENT_KEYS = {
    "request_id": "requestId",
    "org": "imsOrg",
    "event_type": "eventType",
    "channel_context": "channelContext",
    "execution": "messageExecution",
    "feedback": "messageDeliveryFeedback",
    "identities": "identityMap",
    "id": "_id",
}


class _Event(msgspec.Struct, rename=EVENT_KEYS):
    request_id: str
    org: str
    sandbox: _Sandbox
    channel: str
    event_type: str
    channel_context: _ChannelContext
    execution: _Execution
    feedback: _Feedback
    identities: dict[str, list[_Identity]]
    id: str
    timestamp: str
    retour: _Retour


_encode = msgspec.json.Encoder().encode


# --- from facts to the shape ----------------------------------------------------------------------------


def _event(facts: EventFacts) -> _Event:
    email = facts.channel == ChannelKind.EMAIL
    return _Event(
        request_id=facts.request_id,
        org=facts.org,
        sandbox=_Sandbox(facts.sandbox_id, facts.sandbox_name),
        channel=facts.channel.value,
        event_type=EVENT_TYPE,
        channel_context=_ChannelContext(facts.address, None)
        if email
        else _ChannelContext(None, facts.address),
        execution=_execution(facts),
        feedback=_feedback(facts),
        identities={facts.namespace: [_Identity(facts.user_id)]},
        id=facts.event_id,
        timestamp=iso(facts.at),
        retour=_Retour(
            facts.sequence, facts.final, facts.amends, facts.message_id, _provider(facts.provider)
        ),
    )


def _execution(facts: EventFacts) -> _Execution:
    return _Execution(
        execution_id=facts.execution_id,
        message_type=facts.message_type,
        campaign_id=facts.campaign_id,
        version_id=facts.version_id,
        content_id=facts.content_id,
        message_id=facts.message_id,
        campaign_type=CAMPAIGN_TYPE,
    )


def _feedback(facts: EventFacts) -> _Feedback:
    return _Feedback(
        feedback_status=_Status(facts.status.value),
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


def _exclusion(facts: EventFacts) -> _Exclusion | None:
    if facts.exclusion_code is None and facts.exclusion_reason is None:
        return None
    return _Exclusion(facts.exclusion_code, facts.exclusion_reason)


def _failure(failure: Failure | None) -> _Failure | None:
    if failure is None:
        return None
    return _Failure(failure.category.value, failure.type.value, failure.code, failure.reason)


def _provider(provider: ProviderFacts | None) -> _Provider | None:
    if provider is None:
        return None
    return _Provider(
        name=provider.name,
        code=provider.code,
        enhanced_code=provider.enhanced_code,
        text=provider.text,
        reference=provider.reference,
    )
