"""Standard Webhooks 1.0.0, scheme v1 (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

SECRET_PREFIX = "whsec_"  # noqa: S105  the form's mark, no secret
SECRET_BYTES = 32
SECRET_SIZES = (24, 64)  # bytes: what the specification asks for


def new_signing_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_signing_secret(text: str) -> str | None:
    """What is wrong with a signing secret that somebody brings along, as a sentence; None if nothing is."""
    low, high = SECRET_SIZES
    sentence = f"Enter {SECRET_PREFIX} and {low} to {high} random bytes in base64, or let one be made."
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return sentence
    return None if text.startswith(SECRET_PREFIX) and low <= len(key) <= high else sentence


def sign(secret: str, id: str, timestamp_seconds: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, timestamp and body in base64."""
    keyed = _keyed(secret).copy()
    keyed.update(b"%b.%d.%b" % (id.encode(), timestamp_seconds, body))
    return "v1," + binascii.b2a_base64(keyed.finalize(), newline=False).decode()


@lru_cache(maxsize=1024)
def _keyed(secret: str) -> HMAC:
    """To be copied: OpenSSL takes as long to find its way to a key's hash as to hash a body."""
    return HMAC(base64.b64decode(secret.removeprefix(SECRET_PREFIX)), SHA256())


def webhook_headers(
    secret: str | Sequence[str], id: str, timestamp_seconds: int, body: bytes
) -> tuple[tuple[str, str], ...]:
    """The three headers of a signed request. `id` is the event's, the same at every try.

    Several secrets while they are changed, the newest first: a signature of each, with blanks between.
    """
    good = (secret,) if isinstance(secret, str) else secret
    return (
        ("webhook-id", id),
        ("webhook-timestamp", str(timestamp_seconds)),
        ("webhook-signature", " ".join([sign(one, id, timestamp_seconds, body) for one in good])),
    )
