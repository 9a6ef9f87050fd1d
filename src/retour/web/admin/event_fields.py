"""Every field of a feedback event, from the schema that OpenAPI publishes, with what it means. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from retour.model import ChannelKind
from retour.web import schemas
from retour.web.schemas import Schema

FEEDBACK, EXECUTION = "messageDeliveryFeedback", "messageExecution"
MEANINGS: dict[str, str] = {
    "requestId": "Yours, of the call. All events of an execution share it.",
    "imsOrg": "Your organization.",
    "sandbox": "Where the message was sent from.",
    "sandbox.id": "The id of the sandbox.",
    "sandbox.name": "Its name.",
    "channel": "What the message was.",
    "eventType": "What this is: there is one kind.",
    "channelContext": "Where the message went.",
    "channelContext.profileAddress": "The e-mail address.",
    "channelContext.profileNumber": "The telephone number, E.164.",
    EXECUTION: "Which execution of which campaign.",
    f"{EXECUTION}.messageExecutionID": "The executionId that the call was answered with.",
    f"{EXECUTION}.messageType": "The category of the campaign.",
    f"{EXECUTION}.campaignID": "The campaign.",
    f"{EXECUTION}.campaignVersionID": "The published version that sent the message.",
    f"{EXECUTION}.messageID": "What was said to everybody; the same for all recipients of a version.",
    f"{EXECUTION}.messageProfileID": "The one message to this one recipient.",
    f"{EXECUTION}.campaignType": "How the campaign is started.",
    FEEDBACK: "What is told.",
    f"{FEEDBACK}.feedbackStatus": "What became of the message.",
    f"{FEEDBACK}.feedbackStatus.value": "What became of the message, in one word.",
    f"{FEEDBACK}.offers": "Adobe's, for its decision engine.",
    f"{FEEDBACK}.messageExclusion": "Why the recipient was left out.",
    f"{FEEDBACK}.messageExclusion.code": "Adobe's exclusion code.",
    f"{FEEDBACK}.messageExclusion.reason": "Its name.",
    f"{FEEDBACK}.messageExclusion.details": "Adobe's, for reasons that have details.",
    f"{FEEDBACK}.messageFailure": "Why the message bounced, failed or is late.",
    f"{FEEDBACK}.messageFailure.category": "sync: refused at once. async: told later.",
    f"{FEEDBACK}.messageFailure.type": "Hard: never again. Soft: later it may work. Ignored: no fault of the address.",
    f"{FEEDBACK}.messageFailure.code": "Adobe's failure code in digits; for SMS the provider's own.",
    f"{FEEDBACK}.messageFailure.reason": "Its name.",
    f"{FEEDBACK}.retryCount": "Tries of the message, not of the webhook, that failed before this event.",
    f"{FEEDBACK}.responseCode": "Adobe's, for channels that are not here.",
    f"{FEEDBACK}.responseDurationMillis": "Adobe's, for channels that are not here.",
    f"{FEEDBACK}.encoding": "How the text message was encoded, as the provider says.",
    f"{FEEDBACK}.numberOfMessageParts": "In how many parts the text message went, as text.",
    f"{FEEDBACK}.deliveryTimestamp": "When the provider says that it happened.",
    "identityMap": "Namespace to identities: the one that the call named.",
    "identityMap.{namespace}[].id": "The userId of the call.",
    "identityMap.{namespace}[].primary": "Always true: there is one.",
    "_id": "The event, the same at every try: drop what you have seen. Also in the header webhook-id.",
    "timestamp": "When the event was recorded.",
    "retour": "What Adobe's payload does not tell.",
    "retour.sequence": "1, 2, 3 … per message.",
    "retour.final": "Nothing more is expected for this message.",
    "retour.amends": "The _id of an earlier event that this one corrects.",
    "retour.complaint": "The recipient reported the message as spam.",
    "retour.messageId": "The message, as in the pages and the API.",
    "retour.provider": "What the relay or provider said.",
    "retour.provider.name": "Which provider.",
    "retour.provider.code": "Its code: for SMTP the three digits of the reply.",
    "retour.provider.enhancedCode": "For SMTP the enhanced status code (RFC 3463).",
    "retour.provider.text": "Its own words.",
    "retour.provider.reference": "Its own id of the message.",
}
NULL_WHEN: dict[str, str] = {
    "channelContext.profileAddress": "It was an SMS.",
    "channelContext.profileNumber": "It was an e-mail.",
    f"{FEEDBACK}.offers": "Always.",
    f"{FEEDBACK}.messageExclusion": "Nobody was left out.",
    f"{FEEDBACK}.messageExclusion.code": "There is no code for it.",
    f"{FEEDBACK}.messageExclusion.reason": "There is no name for it.",
    f"{FEEDBACK}.messageExclusion.details": "Always.",
    f"{FEEDBACK}.messageFailure": "Nothing failed.",
    f"{FEEDBACK}.retryCount": "It was an SMS.",
    f"{FEEDBACK}.responseCode": "Always.",
    f"{FEEDBACK}.responseDurationMillis": "Always.",
    f"{FEEDBACK}.encoding": "It was an e-mail, or the provider does not say.",
    f"{FEEDBACK}.numberOfMessageParts": "It was an e-mail, or the provider does not say.",
    f"{FEEDBACK}.deliveryTimestamp": "The provider does not say.",
    "retour.amends": "It corrects nothing.",
    "retour.complaint": "It tells of no complaint.",
    "retour.provider": "Nobody was asked: the message never left.",
    "retour.provider.code": "It gave none.",
    "retour.provider.enhancedCode": "It gave none.",
    "retour.provider.text": "It said nothing.",
    "retour.provider.reference": "It gave none.",
}


class EventField(NamedTuple):
    """A row. in_exact: the channels whose exact Adobe payload has the field."""

    path: str
    type: str
    meaning: str
    null_when: str
    in_exact: tuple[ChannelKind, ...]


def fields() -> list[EventField]:
    """In the order of the body."""
    exact = schemas.alone("feedback-event-ajo")["$defs"]
    shapes = {channel: exact[f"Adobe{channel.title()}FeedbackEvent"] for channel in ChannelKind}
    there = {channel: {path for path, _ in _walk(shape, exact)} for channel, shape in shapes.items()}
    whole = schemas.alone("feedback-event")
    return [
        EventField(
            path=path,
            type=kind,
            meaning=MEANINGS.get(path, ""),
            null_when=NULL_WHEN.get(path, ""),
            in_exact=tuple(channel for channel in ChannelKind if path in there[channel]),
        )
        for path, kind in _walk(whole, whole["$defs"])
    ]


def _walk(schema: Schema, parts: Schema, before: str = "") -> Iterator[tuple[str, str]]:
    """Path and type of every field, an object before what is in it."""
    for name, field in schema["properties"].items():
        path, shape = before + name, _resolved(field, parts)
        yield path, _type(field, parts)
        if "properties" in shape:
            yield from _walk(shape, parts, f"{path}.")
        elif isinstance(shape.get("additionalProperties"), dict):
            identity = _resolved(shape["additionalProperties"]["items"], parts)
            yield from _walk(identity, parts, path + ".{namespace}[].")


def _resolved(schema: Schema, parts: Schema) -> Schema:
    """What a reference leads to; of something that may be null, the something."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolved(choice, parts)
    if "$ref" in schema:
        found: Schema = parts[schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _type(field: Schema, parts: Schema) -> str:
    """`string`, `integer or null`, or the words that it may be."""
    kinds = [_word(_resolved(choice, parts)) for choice in field.get("anyOf", [field])]
    return " or ".join(dict.fromkeys(kinds))


def _word(shape: Schema) -> str:
    values: list[Any] = shape.get("enum") or ([shape["const"]] if "const" in shape else [])
    if values:
        return ", ".join(str(value) for value in values)
    if shape.get("format") == "date-time":
        return "time (ISO 8601, UTC)"
    return str(shape.get("type", "null"))
