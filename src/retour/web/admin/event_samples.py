"""Made-up feedback events, one for each status, channel and format, by the code that makes the real ones. Pure."""

from __future__ import annotations

from typing import Any

from retour import payloads
from retour.classify import failure
from retour.model import (
    FINAL_STATUSES,
    ChannelKind,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    ProviderFacts,
    Sandbox,
)

ADDRESSES = {ChannelKind.EMAIL: "ann@example.com", ChannelKind.SMS: "+15555550123"}
NAMESPACES = {ChannelKind.EMAIL: "email", ChannelKind.SMS: "Phone"}
CODES = {
    FeedbackStatus.BOUNCE: 10,
    FeedbackStatus.ERROR: 25,
    FeedbackStatus.DELAY: 70,
    FeedbackStatus.COMPLAINT: 51,
}
SMS_FAILURES = {
    FeedbackStatus.BOUNCE: (FailureType.HARD, "30005", "Unknown destination handset"),
    FeedbackStatus.ERROR: (FailureType.IGNORED, "30002", "Account suspended"),
    FeedbackStatus.DELAY: (FailureType.IGNORED, "30003", "Unreachable destination handset"),
}
REPLIES = {
    FeedbackStatus.SENT: ProviderFacts(name="smtp", code="250", text="Ok: queued", reference="4VgLp52k8Wz1"),
    FeedbackStatus.BOUNCE: ProviderFacts(name="smtp", code="550", enhanced_code="5.1.1", text="User unknown"),
    FeedbackStatus.ERROR: ProviderFacts(
        name="smtp", code="554", enhanced_code="5.7.1", text="Sender refused"
    ),
    FeedbackStatus.DELAY: ProviderFacts(
        name="smtp", code="451", enhanced_code="4.3.2", text="Try again later"
    ),
}
EXCLUSIONS = {
    FeedbackStatus.EXCLUDE: ("050107", "Suppressed"),
    FeedbackStatus.DENYLIST: ("050102", "EmailSuppressed"),
}
SMS_EXCLUSIONS = EXCLUSIONS | {FeedbackStatus.DENYLIST: ("050104", "SMSNoConsent")}
AFTER_SENT = (FeedbackStatus.DELIVERED, FeedbackStatus.COMPLAINT)
EMAIL_ONLY = (FeedbackStatus.COMPLAINT,)
STATUSES = {
    FeedbackStatus.SENT: "The next hop took the message. It is not delivered yet.",
    FeedbackStatus.DELIVERED: "Somebody who knows says that it arrived.",
    FeedbackStatus.BOUNCE: "The recipient's host refused it, at once or later.",
    FeedbackStatus.ERROR: "It failed for a reason that has nothing to do with the recipient.",
    FeedbackStatus.DELAY: "It is late and still being tried. Told once.",
    FeedbackStatus.EXCLUDE: "The recipient was left out.",
    FeedbackStatus.DENYLIST: "The address is on a list of those that get nothing.",
    FeedbackStatus.DUPLICATE: "It was a repetition and was left out.",
    FeedbackStatus.COMPLAINT: "The recipient reported it as spam: a bounce in Adobe’s words, and retour.complaint.",
}


def sample(sandbox: Sandbox, status: FeedbackStatus, channel: ChannelKind, form: str, at: int) -> bytes:
    """The body. form: `extended` or `ajo`. at: microseconds. A status of EMAIL_ONLY is none of an SMS."""
    body = payloads.body(_facts(sandbox, status, channel, at))
    return payloads.exact(body) if form == "ajo" else body


def _facts(sandbox: Sandbox, status: FeedbackStatus, channel: ChannelKind, at: int) -> payloads.EventFacts:
    exclusions = SMS_EXCLUSIONS if channel is ChannelKind.SMS else EXCLUSIONS
    exclusion = exclusions.get(status, (None, None))
    address = ADDRESSES[channel]
    return payloads.EventFacts(
        org=sandbox.org,
        sandbox_id=sandbox.id,
        sandbox_name=sandbox.name,
        channel=channel,
        request_id="order-17",
        execution_id="HUMA-26362805",
        campaign_id="16f24a15-7e21-477c-848a-d5695ca7f137",
        version_id="2ca10c10-56dd-4505-87cd-fa5da84e7a5d",
        content_id="01a20bdb-77b6-7640-ab47-2266410cf5c4",
        message_id="01a20bdb-7fcb-7947-a3f9-136b49f6775b",
        namespace=NAMESPACES[channel],
        user_id=address,
        address=address,
        event_id="01a20bdb-7fce-7b0d-89af-3c343f8ac015",
        at=at,
        sequence=2 if status in AFTER_SENT else 1,
        final=status in FINAL_STATUSES,
        status=status,
        failure=_failure(status, channel),
        exclusion_code=exclusion[0],
        exclusion_reason=exclusion[1],
        complaint="abuse" if status is FeedbackStatus.COMPLAINT else None,
        retry_count=0,
        **_provided(status, channel, at),
    )


def _failure(status: FeedbackStatus, channel: ChannelKind) -> Failure | None:
    if status not in CODES:
        return None
    if channel is ChannelKind.EMAIL:
        late = status in AFTER_SENT
        return failure(CODES[status], FailureCategory.ASYNC if late else FailureCategory.SYNC)
    kind, code, reason = SMS_FAILURES[status]
    return Failure(category=FailureCategory.ASYNC, type=kind, code=code, reason=reason)


def _provided(status: FeedbackStatus, channel: ChannelKind, at: int) -> dict[str, Any]:
    """What the next hop said. Only a provider of text messages counts parts and names a time."""
    if status in (FeedbackStatus.EXCLUDE, FeedbackStatus.DENYLIST, FeedbackStatus.DUPLICATE):
        return {}
    if status is FeedbackStatus.COMPLAINT:
        return {"provider": ProviderFacts(name="smtp")}
    if channel is ChannelKind.EMAIL:
        return {"provider": REPLIES.get(status, REPLIES[FeedbackStatus.SENT])}
    why = SMS_FAILURES.get(status)
    said = ProviderFacts(name="sms", code=why[1] if why else None, text=why[2] if why else status.value)
    return {"provider": said, "encoding": "GSM", "parts": "2", "delivered_at": at}
