"""Requests as the product makes them, signed by the side that signs, and the key material of both sides."""

from __future__ import annotations

from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from retour import limits, payloads, signing
from retour.model import (
    ChannelKind,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    JwtAuthentication,
    ProviderFacts,
    Sealed,
)
from retour.payloads import EventFacts
from retour.receiver import JwtRule

NOW = 1_791_310_961_500_000
SECOND = NOW // limits.SECOND
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZi8/Pz8+Pj4+Ly8vLysrKys="  # its base64 has + and /
OTHER_SECRET = "whsec_" + "QUJD" * 10 + "QUJDRA=="
CLAIMS = {"iss": "retour", "aud": "hooks"}
SECRETS = {"HS256": "s" * 32, "HS384": "s" * 48, "HS512": "s" * 64}
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PRIVATE_KEYS: dict[str, PrivateKey] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "RS256": rsa.generate_private_key(65_537, 2_048),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}

BOUNCE = EventFacts(
    org="acme@Org",
    sandbox_id="sandbox-1",
    sandbox_name="prod",
    channel=ChannelKind.EMAIL,
    request_id="order-17",
    execution_id="HUMA-26362805",
    campaign_id="campaign-1",
    version_id="version-1",
    content_id="content-1",
    message_id="message-1",
    namespace="email",
    user_id="ann@luma.example",
    address="ann@luma.example",
    event_id="event-2",
    at=NOW,
    sequence=2,
    final=True,
    status=FeedbackStatus.BOUNCE,
    amends="event-1",
    failure=Failure(
        category=FailureCategory.SYNC, type=FailureType.HARD, code="10", reason="Invalid Recipient"
    ),
    retry_count=0,
    provider=ProviderFacts(name="smtp", code="550", enhanced_code="5.1.1", text="Jürgen is unknown"),
)
BODY = payloads.body(BOUNCE)


def private_pem(algorithm: str) -> str:
    """What was entered for the webhook."""
    key = PRIVATE_KEYS[algorithm]
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(algorithm: str) -> str:
    """What a receiver is given."""
    key = PRIVATE_KEYS[algorithm].public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def authentication(algorithm: str = "HS256", **changes: Any) -> JwtAuthentication:
    """JWT Authentication of a webhook."""
    auth = JwtAuthentication(algorithm=algorithm, secret=Sealed(sealed=""), claims=dict(CLAIMS))
    return msgspec.structs.replace(auth, **changes)


def bearer(algorithm: str = "HS256", now: int = NOW, **changes: Any) -> str:
    """The value of the header, as it is sent."""
    secret = SECRETS.get(algorithm) or private_pem(algorithm)
    return signing.Tokens().bearer("w1", authentication(algorithm, **changes), secret, now)


def headers(body: bytes = BODY, algorithm: str | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers of a request, as they are sent."""
    made = dict(signing.webhook_headers(secret, "event-2", SECOND, body))
    return made if algorithm is None else made | {"Authorization": bearer(algorithm)}


def rule(algorithm: str = "HS256", **changes: Any) -> JwtRule:
    """What a receiver asks of the token."""
    key = SECRETS.get(algorithm) or public_pem(algorithm)
    return msgspec.structs.replace(JwtRule(key=key, algorithm=algorithm, claims=CLAIMS), **changes)
