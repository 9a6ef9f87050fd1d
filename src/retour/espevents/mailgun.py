"""Mailgun's webhooks.

Shapes: "Webhooks" and "Securing webhooks" (documentation.mailgun.com). The signature is an HMAC-SHA256 over timestamp
and token, not over the event: a token must not be good a second time, for another body. What is remembered of tokens is
this process's own, so another process may take a replay once. The same body again does no harm: what it tells is known.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from retour.espevents import events
from retour.espevents.events import NAME, EspEvent, Posted, Said, at, text
from retour.kept import Kept
from retour.limits import CALLBACK_TOKENS
from retour.model import Learned

SUPPRESSED = "suppress"
BY_REASON = {"old": 24, "espblock": 50, "blacklisted": 51}
"""Mailgun's own reasons, where the words say nothing."""

_seen: Kept[bytes] = Kept(CALLBACK_TOKENS)
"""Digest of the body by key and token."""


def headers(mark: str) -> tuple[tuple[str, str], ...]:
    """Mailgun puts these variables into every event."""
    return (("X-Mailgun-Variables", f'{{"{NAME}":"{mark}"}}'),)


def wrong_key(key: str) -> str | None:
    """What is wrong with a signing key."""
    if not key.isascii() or not key.isprintable() or " " in key:
        return "Enter Mailgun's HTTP webhook signing key."
    return None


def genuine(posted: Posted, key: str, now: int) -> bool:
    """Whether Mailgun signed it, not long ago, and for this body. Mailgun tries again for eight hours."""
    signature = at(posted.body, "signature")
    timestamp, token = text(signature, "timestamp"), text(signature, "token")
    made = hmac.new(key.encode(), f"{timestamp}{token}".encode(errors="replace"), "sha256").hexdigest()
    given = text(signature, "signature").encode(errors="replace")
    if not token or not hmac.compare_digest(given, made.encode()) or not events.fresh(timestamp, now):
        return False
    return _first_of(made, posted.raw)


def _first_of(signature: str, raw: bytes) -> bool:
    """Whether this signature came with no other body before."""
    digest = hashlib.sha256(raw).digest()
    before = _seen.get(signature)
    return _seen.keep(signature, digest) == digest if before is None else before == digest


def read(body: Any) -> list[EspEvent]:
    """The one event."""
    one = at(body, "event-data")
    if not isinstance(one, dict):
        return []
    mark = f"{text(one, 'user-variables', NAME)} {text(one, 'message', 'headers', 'message-id')}"
    return [EspEvent(mark, _learned(one), text(one, "id"))]


def _learned(one: dict[str, Any]) -> Learned | None:
    status = at(one, "delivery-status")
    words = f"{text(status, 'message')} {text(status, 'description')}".strip()
    said = Said(
        provider="mailgun",
        words=words or text(one, "reject", "reason"),
        status=text(status, "enhanced-code"),
        code=events.reply(text(status, "code")),
        reference=text(one, "id"),
    )
    match text(one, "event"):
        case "accepted":
            return events.sent(said)
        case "delivered":
            return events.delivered(said)
        case "failed":
            return _failed(one, said)
        case "rejected":
            return events.failed(said)
        case "complained":
            return events.complained(said)
    return None


def _failed(one: dict[str, Any], said: Said) -> Learned:
    if text(one, "severity") == "temporary":
        return events.delayed(said)
    reason = text(one, "reason")
    if reason.startswith(SUPPRESSED):
        return events.denied(said)
    return events.bounced(said, events.code_of(said, BY_REASON.get(reason, events.UNDETERMINED)))
