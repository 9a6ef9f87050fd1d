"""While a secret or key is changed, the old one and the new one are good. Which are, and which one signs: pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from retour.model import JwtAuthentication, JwtKey, Webhook
from retour.signing.keys import Jwk, published


def is_good(until: int | None, now: int) -> bool:
    """Whether a secret with this end may still be used. At its end it may not."""
    return until is None or now < until


def signer(keys: Sequence[JwtKey], now: int) -> int:
    """The place of the key that signs, of keys with the newest first: the newest that has begun to."""
    if len(keys) == 1:
        return 0
    begun = (place for place, key in enumerate(keys) if key.signs_from <= now and is_good(key.until, now))
    return next(begun, 0)


def public_keys(auth: JwtAuthentication | None, now: int) -> list[Jwk]:
    """The public keys of tokens that may come, as a JWKS holds them (RFC 7517, 5); none for HS…."""
    if auth is None:
        return []
    return [
        published(key.algorithm, key.key_id, key.public)
        for key in auth.keys
        if key.public is not None and is_good(key.until, now)
    ]


def without_ended(webhook: Webhook, now: int) -> Webhook:
    """The same without the secrets and keys whose end has come."""
    auth = webhook.authentication
    if auth is not None:
        keys = tuple(key for key in auth.retiring if is_good(key.until, now))
        auth = msgspec.structs.replace(auth, retiring=keys)
    secrets = tuple(secret for secret in webhook.retiring_secrets if is_good(secret.until, now))
    return msgspec.structs.replace(webhook, authentication=auth, retiring_secrets=secrets)


def first_end(webhook: Webhook) -> int | None:
    """When the first secret or key that is replaced comes to its end; None without one."""
    keys = webhook.authentication.retiring if webhook.authentication else ()
    ends = [key.until for key in keys if key.until is not None]
    return min([*ends, *(secret.until for secret in webhook.retiring_secrets)], default=None)
