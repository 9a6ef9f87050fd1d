"""Twilio SendGrid's Event Webhook, signed.

Shapes: "Event Webhook Reference" and "Event Webhook Security Features" (docs.sendgrid.com). The signature is ECDSA with
P-256 and SHA-256 over the timestamp's text and the raw body.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from retour.espevents import events
from retour.espevents.events import NAME, EspEvent, Posted, Said, text
from retour.model import Learned

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
LISTED = ("bounced", "unsubscribed", "spam report")
"""How the reasons of `dropped` begin that say that SendGrid keeps the address on one of its lists."""
BY_CLASS = {
    "invalid address": 10,
    "mailbox unavailable": 20,
    "content": 52,
    "reputation": 51,
    "frequency or volume too high": 50,
    "technical failure": 20,
}
BLOCKS = (50, 51, 52)
AGAINST_NOBODY = (1, 10, 15, 40)
"""Codes that a block may not have: it says nothing against the address, and something of the sender."""
INVALID, EXPIRED = "invalid", "expired"


def headers(mark: str) -> tuple[tuple[str, str], ...]:
    """SendGrid takes this header off and puts its unique arguments into every event."""
    return (("X-SMTPAPI", f'{{"unique_args":{{"{NAME}":"{mark}"}}}}'),)


def wrong_key(key: str) -> str | None:
    """What is wrong with a verification key."""
    if _public(key) is None:
        return "Enter the verification key of SendGrid's signed event webhook: base64 of a P-256 public key."
    return None


def genuine(posted: Posted, key: str, now: int) -> bool:
    """Whether SendGrid signed it, not long ago. SendGrid tries again for 24 hours."""
    public, timestamp = _public(key), posted.headers.get(TIMESTAMP, "")
    if public is None or not events.fresh(timestamp, now):
        return False
    try:
        signature = base64.b64decode(posted.headers.get(SIGNATURE, ""), validate=True)
        public.verify(signature, timestamp.encode() + posted.raw, ec.ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def read(body: Any) -> list[EspEvent]:
    """The events of a batch, in its order."""
    return [_event(one) for one in body if isinstance(one, dict)] if isinstance(body, list) else []


def _event(one: dict[str, Any]) -> EspEvent:
    return EspEvent(f"{text(one, NAME)} {text(one, 'smtp-id')}", _learned(one), text(one, "sg_event_id"))


def _learned(one: dict[str, Any]) -> Learned | None:
    said = Said(
        provider="sendgrid",
        words=text(one, "reason") or text(one, "response"),
        status=text(one, "status"),
        reference=text(one, "sg_message_id"),
    )
    match text(one, "event"):
        case "processed":
            return events.sent(said)
        case "delivered":
            return events.delivered(said)
        case "deferred":
            return events.delayed(said)
        case "bounce":
            return events.bounced(said, _code(one, said))
        case "dropped":
            return _dropped(text(one, "reason").strip().lower(), said)
        case "spamreport":
            return events.complained(said)
    return None


def _dropped(reason: str, said: Said) -> Learned:
    """Not sent: the address stands on a list of SendGrid's, is no address, or the reason is ours."""
    if reason == INVALID:
        return events.bounced(said, events.INVALID)
    return events.denied(said) if reason.startswith(LISTED) else events.failed(said)


def _code(one: dict[str, Any], said: Said) -> int:
    """By the words, then by SendGrid's own class; a block says nothing against the address."""
    otherwise = events.TIMEOUT if text(one, "type") == EXPIRED else events.UNDETERMINED
    by_class = BY_CLASS.get(text(one, "bounce_classification").lower(), otherwise)
    code = events.code_of(said, by_class)
    if text(one, "type") != "blocked" or code not in AGAINST_NOBODY:
        return code
    return by_class if by_class in BLOCKS else BLOCKS[0]


def _public(key: str) -> ec.EllipticCurvePublicKey | None:
    try:
        found = load_der_public_key(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(found, ec.EllipticCurvePublicKey) and isinstance(found.curve, ec.SECP256R1):
        return found
    return None
