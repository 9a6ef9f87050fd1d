"""Amazon SNS: who really sent a notification, and how its subscription is confirmed.

Source: "Verifying the signatures of Amazon SNS messages" (docs.aws.amazon.com/sns). The signature is RSA with PKCS #1
v1.5 and SHA-1 (version 1) or SHA-256 (version 2) over some of the fields, name and value on a line each. Certificate
and confirmation are fetched from SNS's own hosts and from nowhere else. Pure: whoever calls fetches.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from retour.espevents.events import fresh, text
from retour.limits import SECOND

CONFIRMATION = "SubscriptionConfirmation"
NOTIFICATION = "Notification"
SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
SIGNED["UnsubscribeConfirmation"] = SIGNED[CONFIRMATION]
HASHES = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - version 1 is what SNS signs with unless it is told otherwise

_HOST = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?")
_TOPIC = re.compile(r"arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{1,40}:\d{12}:[A-Za-z0-9_.-]{1,256}")


def is_topic(arn: str) -> bool:
    """Whether it names a topic."""
    return _TOPIC.fullmatch(arn) is not None


def is_of_sns(url: str) -> bool:
    """Whether it leads to SNS, by HTTPS, and to no other port, user or host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme == "https" and port is None and "@" not in parts.netloc and url.isprintable()
    return plain and "\\" not in url and _HOST.fullmatch(parts.netloc) is not None


def certificate_url(body: Any) -> str | None:
    """Where the certificate of a message is to be fetched; None if that is none of SNS's."""
    url = text(body, "SigningCertURL")
    return url if is_of_sns(url) and urlsplit(url).path.endswith(".pem") else None


def subscribe_url(body: Any) -> str | None:
    """What confirms the subscription that a message asks about; None if that is none of SNS's."""
    url = text(body, "SubscribeURL")
    return url if is_of_sns(url) else None


def signed_text(body: Any) -> bytes | None:
    """What is signed; None for a message of an unknown type or without its fields."""
    if not isinstance(body, dict):
        return None
    names = [name for name in SIGNED.get(text(body, "Type"), ()) if name != "Subject" or body.get(name)]
    fields = [(name, body.get(name)) for name in names]
    if not fields or not all(isinstance(value, str) for _, value in fields):
        return None
    return "".join(f"{name}\n{value}\n" for name, value in fields).encode(errors="replace")


def is_signed_by(body: Any, certificate: bytes, now: int) -> bool:
    """Whether the holder of this certificate (PEM), good at `now`, signed the message not long ago."""
    said, hashed = signed_text(body), HASHES.get(text(body, "SignatureVersion"))
    key = _key(certificate, now)
    if said is None or hashed is None or key is None or not fresh(_seconds(text(body, "Timestamp")), now):
        return False
    try:
        signature = base64.b64decode(text(body, "Signature"), validate=True)
        key.verify(signature, said, padding.PKCS1v15(), hashed)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _key(certificate: bytes, now: int) -> rsa.RSAPublicKey | None:
    try:
        found = x509.load_pem_x509_certificate(certificate)
        key = found.public_key()
    except ValueError:
        return None
    instant = datetime.fromtimestamp(now / SECOND, UTC)
    good = found.not_valid_before_utc <= instant <= found.not_valid_after_utc
    return key if good and isinstance(key, rsa.RSAPublicKey) else None


def _seconds(timestamp: str) -> str:
    """`2026-11-24T08:15:00.123Z` in seconds of Unix time; "" for anything else."""
    try:
        instant = datetime.fromisoformat(timestamp)
    except ValueError:
        return ""
    return f"{instant.timestamp():.3f}" if instant.tzinfo is not None else ""
