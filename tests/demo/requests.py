"""Genuine requests of a feedback webhook, signed by the reference library of Standard Webhooks."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from standardwebhooks.webhooks import Webhook

from retour.receiver import JwtRule
from retour.receiving import Expected

NOW = 1_790_000_000_000_000
SIGNING_SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
TOKEN_SECRET = "a-secret-of-at-least-thirty-two-bytes"
CLAIMS = {"iss": "retour", "aud": "hooks"}
EXPECTED = Expected(
    signing_secret=SIGNING_SECRET,
    token=JwtRule(algorithm="HS256", key=TOKEN_SECRET, claims=CLAIMS),
    headers=(("X-Tenant", "luma"),),
)


def body(status: str = "bounce", request_id: str = "request-1") -> bytes:
    """AJO's e-mail sample with the fields that matter here."""
    message_failure = {
        "category": "sync",
        "type": "Hard",
        "code": "10",
        "reason": "Invalid Recipient",
    }
    event = {
        "requestId": request_id,
        "channel": "email",
        "messageDeliveryFeedback": {
            "feedbackStatus": {"value": status},
            "messageFailure": message_failure if status in ("bounce", "error") else None,
        },
        "identityMap": {"email": [{"id": "ann@luma.example", "primary": True}]},
    }
    return json.dumps(event).encode()


def token(
    secret: str = TOKEN_SECRET, now: int = NOW, lifetime: int = 300, claims: dict[str, Any] | None = None
) -> str:
    """A JWT by HS256."""
    second = now // 1_000_000
    content = {**(CLAIMS if claims is None else claims), "iat": second, "exp": second + lifetime}
    return jwt.encode({"alg": "HS256"}, content, OctKey.import_key(secret))


def es256_token(key: ECKey, now: int = NOW) -> str:
    """A JWT by ES256."""
    second = now // 1_000_000
    return jwt.encode({"alg": "ES256"}, {**CLAIMS, "iat": second, "exp": second + 300}, key)


def headers(content: bytes, now: int = NOW, **more: str) -> dict[str, str]:
    """The headers of a request. `more`: header names with _ for -, to add or to change."""
    id_ = f"event-{secrets.token_hex(4)}"
    when = datetime.fromtimestamp(now / 1_000_000, UTC)
    made = {
        "content-type": "application/json",
        "x-tenant": "luma",
        "authorization": f"Bearer {token(now=now)}",
        "webhook-id": id_,
        "webhook-timestamp": str(now // 1_000_000),
        "webhook-signature": Webhook(SIGNING_SECRET).sign(id_, when, content.decode()),
    }
    return made | {name.replace("_", "-"): value for name, value in more.items()}
