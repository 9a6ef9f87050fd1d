"""What the frozen body of an event tells, as pages need it; bodies of every version of ours can be read."""

from __future__ import annotations

from typing import Any

import msgspec

from retour.model import Value

CATEGORIES = {"sync": "at once", "async": "later"}


class Failure(Value):
    """AJO's `messageFailure`, or its `messageExclusion` without a type."""

    code: str | None = None
    reason: str | None = None
    type: str | None = None
    category: str | None = None


class Provider(Value, rename="camel"):
    """What the next hop said."""

    name: str = ""
    code: str | None = None
    enhanced_code: str | None = None
    text: str | None = None
    reference: str | None = None


class Told(Value):
    """Of an event. delivered_at: the provider's time as it stands there; retries: failed tries before the event.

    complaint: its kind, of a complaint alone. encoding, parts: of a text message, where the provider told them.
    """

    failure: Failure | None = None
    provider: Provider | None = None
    final: bool = False
    amends: str | None = None
    retries: int = 0
    complaint: str | None = None
    delivered_at: str | None = None
    encoding: str | None = None
    parts: str | None = None


def read(body: bytes) -> Told:
    """Nothing of a body that is removed."""
    if not body:
        return Told()
    event: dict[str, Any] = msgspec.json.decode(body)
    feedback, ours = event.get("messageDeliveryFeedback") or {}, event.get("retour") or {}
    failure = feedback.get("messageFailure") or feedback.get("messageExclusion")
    return msgspec.convert(
        {
            "failure": failure,
            "provider": ours.get("provider"),
            "final": ours.get("final", False),
            "amends": ours.get("amends"),
            "retries": feedback.get("retryCount") or 0,
            "complaint": ours.get("complaint"),
            "delivered_at": feedback.get("deliveryTimestamp"),
            "encoding": feedback.get("encoding"),
            "parts": feedback.get("numberOfMessageParts"),
        },
        Told,
    )


def reason(told: Told) -> str:
    """`Invalid Recipient (code 10, Hard)`; empty when nothing failed."""
    failure = told.failure
    if failure is None:
        return ""
    about = ", ".join(
        word for word in (f"code {failure.code}" if failure.code else "", failure.type or "") if word
    )
    sentence = failure.reason or "No reason was given"
    return f"{sentence} ({about})" if about else sentence


def travelled(told: Told) -> str:
    """`GSM, 2 parts`; empty where nothing is known of it."""
    counted = f"{told.parts} {'part' if told.parts == '1' else 'parts'}" if told.parts else ""
    return ", ".join(word for word in (told.encoding, counted) if word)


def reply(provider: Provider) -> str:
    """`250 2.0.0 Ok: queued as 4F1`, in the next hop's own words."""
    return " ".join(word for word in (provider.code, provider.enhanced_code, provider.text) if word)
