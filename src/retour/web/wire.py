"""What goes over the wire: our nouns in the outside's words. GLOSSARY.md translates both ways."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from retour import ids
from retour.model import (
    Attempt,
    Campaign,
    ChannelConfiguration,
    DeliveryState,
    DeliveryStatus,
    Event,
    Health,
    JwtAuthentication,
    Webhook,
)
from retour.stores.shelves import DeliveryRow


def page(data: Iterable[dict[str, Any]], following: str | None = None) -> dict[str, Any]:
    """A list: `{"data": […], "_page": {…}}`. following: where the next page begins, null at the end."""
    items = list(data)
    return {"data": items, "_page": {"count": len(items), "next": following}}


def time_of(micros: int | None) -> str | None:
    """An instant, or null."""
    return None if micros is None else ids.iso(micros)


def configuration(value: ChannelConfiguration) -> dict[str, Any]:
    """A channel configuration; the password is told as being there, never shown."""
    email, smtp, sms = value.email, value.smtp, value.sms
    body: dict[str, Any] = {
        "id": value.id,
        "name": value.name,
        "channel": value.channel,
        "provider": value.provider,
        "messageType": value.message_type,
        "status": "failing" if value.health.failures else "active",
        "health": health(value.health),
    }
    if email is not None:
        body["email"] = _camel(msgspec.structs.asdict(email))
    if smtp is not None:
        body["smtp"] = _camel({**msgspec.structs.asdict(smtp), "password": None})
        body["smtp"]["hasPassword"] = smtp.password is not None
    if sms is not None:
        body["sms"] = _camel(msgspec.structs.asdict(sms))
    return body | _stamps(value.created_at, value.modified_at, value.version)


def campaign(value: Campaign) -> dict[str, Any]:
    """A campaign with AJO's names."""
    return {
        "id": value.id,
        "campaignId": value.id,
        "name": value.name,
        "description": value.description,
        "status": value.status,
        "campaignType": "ApiTriggered",
        "category": "Transactional",
        "channel": value.channel,
        "channelConfigurationId": value.configuration_id,
        "identityNamespace": value.identity_namespace,
        "createNewProfile": value.create_new_profile,
        "enableWebhooks": value.enable_webhooks,
        "highThroughputMode": False,
        "content": _content(value),
        "schedule": {"startDate": time_of(value.start_at), "endDate": time_of(value.end_at)},
        "liveVersionId": value.live_version_id,
        "hasUnpublishedChanges": value.draft,
    } | _stamps(value.created_at, value.modified_at, value.version)


def _content(value: Campaign) -> dict[str, Any]:
    if value.sms is not None:
        return {"text": value.sms.text}
    if value.email is None:
        return {}
    email = value.email
    return {"subject": email.subject, "html": {"body": email.html}, "text": {"body": email.text}}


def webhook(value: Webhook, signing_secret: str | None = None) -> dict[str, Any]:
    """The feedback webhook without its secrets; the signing secret only in the answer that made it."""
    body = {
        "id": value.id,
        "name": value.name,
        "channels": list(value.channels),
        "url": value.url,
        "authentication": _authentication(value.authentication),
        "headers": [
            {"name": item.name, "value": item.value, "secret": item.sealed is not None}
            for item in value.headers
        ],
        "format": value.format,
        "events": list(value.events),
        "orderWaitSeconds": "strict" if value.order_wait_seconds is None else value.order_wait_seconds,
        "signed": value.signed,
        "deadlineSeconds": value.deadline_seconds,
        "status": webhook_status(value),
        "pausedAt": time_of(value.paused_at),
        "pausedBy": value.paused_by,
        "lastAcceptedAt": time_of(value.last_accepted_at),
        "health": health(value.health),
        "createdBy": value.created_by,
        "modifiedBy": value.modified_by,
    }
    if signing_secret is not None:
        body["signingSecret"] = signing_secret
    return body | _stamps(value.created_at, value.modified_at, value.version)


def webhook_status(value: Webhook) -> str:
    """active, paused or failing."""
    if value.paused_at is not None:
        return "paused"
    return "failing" if value.health.failures else "active"


def health(value: Health) -> dict[str, Any]:
    """How a relay or an endpoint has done lately."""
    return {
        "failures": value.failures,
        "failingSince": time_of(value.failing_since),
        "nextProbeAt": time_of(value.open_until),
        "trouble": value.trouble,
    }


def _authentication(value: JwtAuthentication | None) -> dict[str, Any]:
    if value is None:
        return {"type": "none"}
    return {
        "type": "jwt",
        "algorithm": value.algorithm,
        "keyId": value.key_id,
        "claims": value.claims,
        "lifetimeSeconds": value.lifetime_seconds,
        "header": value.header,
        "prefix": value.prefix,
    }


def delivery_status(row: DeliveryRow, parked: bool) -> DeliveryStatus:
    """`due` as a person wants to know it. parked: the sandbox's webhook is paused, missing or being probed."""
    if row.state is not DeliveryState.DUE:
        return DeliveryStatus(row.state)
    if parked:
        return DeliveryStatus.PARKED
    return DeliveryStatus.RETRYING if row.attempts else DeliveryStatus.PENDING


def is_parked(value: Webhook | None, threshold: int) -> bool:
    """Whether deliveries of a sandbox wait for its webhook."""
    return value is None or value.paused_at is not None or value.health.failures >= threshold


def delivery(row: DeliveryRow, parked: bool) -> dict[str, Any]:
    """A delivery as lists show it. nextAttemptAt: null while one is under way, too."""
    waiting = row.state is DeliveryState.DUE and not parked and not row.leased
    return {
        "id": row.id,
        "eventId": row.event_id,
        "messageId": row.message_id,
        "requestId": row.request_id,
        "feedbackStatus": row.feedback_status,
        "status": delivery_status(row, parked),
        "attempts": row.attempts,
        "nextAttemptAt": time_of(row.due_at) if waiting else None,
        "replay": bool(row.replay),
        "lastStatusCode": row.last_code,
        "lastTrouble": row.last_trouble,
        "createdAt": time_of(row.created_at),
        "settledAt": time_of(row.settled_at),
    }


def attempt(value: Attempt) -> dict[str, Any]:
    """One try, with its phases in milliseconds. Secrets in it were hidden when it was noted."""
    timings = msgspec.structs.asdict(value.timings)
    return {
        "id": value.id,
        "number": value.number,
        "at": time_of(value.at),
        "url": value.url,
        "accepted": value.accepted,
        "counted": value.counted,
        "statusCode": value.status_code,
        "trouble": value.trouble,
        "detail": value.detail,
        "address": value.address,
        "requestHeaders": [list(pair) for pair in value.request_headers],
        "responseHeaders": [list(pair) for pair in value.response_headers],
        "responseBody": value.response_body,
        "timings": {
            _camel_word(name): None if spent is None else spent / 1000 for name, spent in timings.items()
        },
    }


def event(value: Event) -> dict[str, Any]:
    """A feedback event with its body as JSON."""
    return {
        "id": value.id,
        "sequence": value.sequence,
        "status": value.status,
        "at": time_of(value.at),
        "body": msgspec.Raw(value.body),
    }


def _stamps(created_at: int, modified_at: int, version: int) -> dict[str, Any]:
    return {"createdAt": time_of(created_at), "modifiedAt": time_of(modified_at), "version": version}


def _camel(values: dict[str, Any]) -> dict[str, Any]:
    return {_camel_word(name): value for name, value in values.items()}


def _camel_word(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
