"""Postmark's webhooks.

Shapes: "Delivery webhook", "Bounce webhook", "Spam complaint webhook" (postmarkapp.com/developer). Postmark signs
nothing: the address that it posts to is the secret, and user name and password besides, where they are given.
"""

from __future__ import annotations

import base64
import hmac
from typing import Any

from retour.espevents import events
from retour.espevents.events import NAME, EspEvent, Posted, Said, text
from retour.model import Learned

SOFT = "SoftBounce"
CODES = {
    "HardBounce": 10,
    "BadEmailAddress": 10,
    SOFT: 20,
    "SpamNotification": 52,
    "VirusNotification": 52,
    "Blocked": 50,
    "DMARCPolicy": 50,
    "ChallengeVerification": 100,
    "AutoResponder": 60,
}
DELAYS = ("Transient", "DnsError")
LISTED = ("ManuallyDeactivated", "ManualSuppression")
REFUSED = ("TemplateRenderingFailed", "SMTPApiError")
NO_BOUNCES = ("Subscribe", "Unsubscribe", "AddressChange", "OpenRelayTest", "InboundError", "Unconfirmed")


def headers(mark: str) -> tuple[tuple[str, str], ...]:
    """Postmark takes this header off and puts its metadata into every event."""
    return ((f"X-PM-Metadata-{NAME}", mark),)


def wrong_key(key: str) -> str | None:
    """What is wrong with the name and password that Postmark shows."""
    name, colon, password = key.partition(":")
    if not (name and colon and password and key.isascii() and key.isprintable()):
        return "Enter the user name and the password of the webhook's basic auth, as in name:password."
    return None


def genuine(posted: Posted, key: str, now: int) -> bool:
    """Whether it shows the right name and password (RFC 7617); without any, whoever knows the address is believed."""
    if not key:
        return True
    expected = b"Basic " + base64.b64encode(key.encode())
    return hmac.compare_digest(posted.headers.get("authorization", "").encode(errors="replace"), expected)


def read(body: Any) -> list[EspEvent]:
    """The one event."""
    if not isinstance(body, dict):
        return []
    mark = text(body, "Metadata", NAME)
    return [EspEvent(mark, _learned(body), text(body, "ID") or text(body, "MessageID"))]


def _learned(body: dict[str, Any]) -> Learned | None:
    said = Said(
        provider="postmark",
        words=text(body, "Details") or text(body, "Description"),
        reference=text(body, "MessageID"),
    )
    match text(body, "RecordType"):
        case "Delivery":
            return events.delivered(said)
        case "Bounce":
            return _bounced(text(body, "Type"), said, bool(text(body, "Details")))
        case "SpamComplaint":
            return events.complained(said)
    return None


def _bounced(kind: str, said: Said, quoted: bool) -> Learned | None:
    """quoted: the words are the host's. Postmark's own for a soft bounce name a full mailbox, whatever it was."""
    if kind == "SpamComplaint":
        return events.complained(said)
    if kind in NO_BOUNCES:
        return None
    if kind in DELAYS:
        return events.delayed(said)
    if kind in LISTED:
        return events.denied(said)
    if kind in REFUSED:
        return events.failed(said)
    if kind == SOFT and quoted and not events.is_hard(said):
        return events.bounced(said, events.code_of(said, CODES[SOFT]))
    return events.bounced(said, CODES.get(kind) or events.code_of(said))
