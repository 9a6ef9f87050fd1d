"""Amazon SES's events, as SNS posts them.

Shapes: "Contents of event data that Amazon SES publishes to Amazon SNS" (docs.aws.amazon.com/ses); the notifications of
an identity have the same with `notificationType`. Who posted it is told by sns.py.
"""

from __future__ import annotations

from typing import Any

import msgspec

from retour.espevents import events, sns
from retour.espevents.events import NAME, EspEvent, Posted, Said, at, first, text
from retour.model import NO_COMPLAINTS, Learned

CODES = {
    "NoEmail": 10,
    "MailboxFull": 22,
    "MessageTooLarge": 23,
    "ContentRejected": 52,
    "AttachmentRejected": 52,
}
LISTED = (
    "Suppressed",
    "OnAccountSuppressionList",
    "OnTenantSuppressionList",
    "EmailValidationSuppressed",
    "UnsubscribedRecipient",
)
"""Subtypes that say that SES, the account or its tenant keeps the address on a list, and that nothing was sent."""
LATE = "CustomTimeoutExceeded"


def headers(mark: str) -> tuple[tuple[str, str], ...]:
    """SES takes this header off and puts the tag into every event of a configuration set."""
    return (("X-SES-MESSAGE-TAGS", f"{NAME}={mark}"),)


def wrong_key(key: str) -> str | None:
    """What is wrong with a topic's name."""
    if sns.is_topic(key):
        return None
    return "Enter the ARN of the SNS topic, as in arn:aws:sns:eu-west-1:123456789012:mail-events."


def genuine(posted: Posted, key: str, now: int) -> bool:
    """Whether it claims to be of the configured topic; `sns.is_signed_by` proves that it is."""
    return text(posted.body, "TopicArn") == key


def read(body: Any) -> list[EspEvent]:
    """The event of a notification; none of anything else."""
    if text(body, "Type") != sns.NOTIFICATION:
        return []
    try:
        one = msgspec.json.decode(at(body, "Message"))
    except (msgspec.DecodeError, TypeError, UnicodeError, RecursionError):
        return []
    return [EspEvent(_marks(at(one, "mail")), _learned(one), text(body, "MessageId"))]


def _marks(mail: Any) -> str:
    """The tag; without a configuration set there is none, and the return path or our Message-ID has the mark."""
    tag = first(mail, "tags", NAME)
    places = (text(mail, "source"), text(mail, "commonHeaders", "messageId"))
    return " ".join([tag if isinstance(tag, str) else "", *places])[: events.CHARACTERS]


def _learned(one: Any) -> Learned | None:
    reference = text(one, "mail", "messageId")
    match text(one, "eventType") or text(one, "notificationType"):
        case "Send":
            return events.sent(_said("", reference))
        case "Delivery":
            return events.delivered(_said(text(one, "delivery", "smtpResponse"), reference))
        case "DeliveryDelay":
            who = first(one, "deliveryDelay", "delayedRecipients")
            words = text(who, "diagnosticCode") or text(one, "deliveryDelay", "delayType")
            return events.delayed(_said(words, reference, text(who, "status")))
        case "Bounce":
            return _bounced(at(one, "bounce"), reference)
        case "Reject":
            return events.failed(_said(text(one, "reject", "reason"), reference))
        case "Rendering Failure":
            return events.failed(_said(text(one, "failure", "errorMessage"), reference))
        case "Complaint":
            return _complained(at(one, "complaint"), reference)
    return None


def _bounced(bounce: Any, reference: str) -> Learned:
    kind, subtype = text(bounce, "bounceType"), text(bounce, "bounceSubType")
    who = first(bounce, "bouncedRecipients")
    said = _said(text(who, "diagnosticCode"), reference, text(who, "status"))
    if subtype in LISTED:
        return events.denied(said)
    if subtype in CODES:
        return events.bounced(said, CODES[subtype])
    if kind == "Permanent":
        return events.bounced(said, events.code_of(said, events.INVALID))
    if kind == "Transient":
        otherwise = events.TIMEOUT if subtype == LATE else events.SOFT
        return events.bounced(said, otherwise if events.is_hard(said) else events.code_of(said, otherwise))
    return events.bounced(said, events.UNDETERMINED)


def _complained(complaint: Any, reference: str) -> Learned | None:
    said = _said("", reference)
    if text(complaint, "complaintSubType") in LISTED:
        return events.denied(said)
    kind = text(complaint, "complaintFeedbackType") or events.ABUSE
    return None if kind.lower() in NO_COMPLAINTS else events.complained(said, kind)


def _said(words: str, reference: str, status: str = "") -> Said:
    return Said(provider="ses", words=words, status=status, reference=reference)
