"""What a webhook request proves: Standard Webhooks signatures, and the JWT that a sandbox configured.

`signatures` signs bodies and `tokens` claims; `keys` says what is a key, and makes one; `overlaps` decides which of
several are good while they are changed; `claims` checks what a person enters.
"""

from __future__ import annotations

from retour.signing.claims import OWN_CLAIMS, check_claims
from retour.signing.keys import (
    ALGORITHMS,
    RSA_BITS,
    Jwk,
    check_secret,
    generate,
    is_shared,
    key_name,
    public_part,
    published,
)
from retour.signing.overlaps import (
    first_end,
    is_good,
    public_keys,
    signer,
    without_ended,
)
from retour.signing.signatures import (
    SECRET_BYTES,
    SECRET_PREFIX,
    check_signing_secret,
    new_signing_secret,
    sign,
    webhook_headers,
)
from retour.signing.tokens import TOKENS, Tokens

__all__ = [
    "ALGORITHMS",
    "OWN_CLAIMS",
    "RSA_BITS",
    "SECRET_BYTES",
    "SECRET_PREFIX",
    "TOKENS",
    "Jwk",
    "Tokens",
    "check_claims",
    "check_secret",
    "check_signing_secret",
    "first_end",
    "generate",
    "is_good",
    "is_shared",
    "key_name",
    "new_signing_secret",
    "public_keys",
    "public_part",
    "published",
    "sign",
    "signer",
    "webhook_headers",
    "without_ended",
]
