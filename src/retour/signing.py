"""What a webhook request proves: Standard Webhooks signatures, and the JWT that a sandbox configured.

Signatures: Standard Webhooks 1.0.0, scheme v1 (https://www.standardwebhooks.com).
Tokens: RFC 7519. Key objects are loaded once: handing PEM text to the signer costs RS256 forty times as much.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from retour import limits
from retour.model import JwtAuthentication, Value

# --- Standard Webhooks ----------------------------------------------------------------------------------

SECRET_PREFIX = "whsec_"  # noqa: S105  the form's mark, no secret
SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_signing_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, id: str, timestamp_seconds: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, timestamp and body in base64."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    content = f"{id}.{timestamp_seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def webhook_headers(secret: str, id: str, timestamp_seconds: int, body: bytes) -> tuple[tuple[str, str], ...]:
    """The three headers of a signed request. `id` is the event's, the same at every try."""
    return (
        ("webhook-id", id),
        ("webhook-timestamp", str(timestamp_seconds)),
        ("webhook-signature", sign(secret, id, timestamp_seconds, body)),
    )


# --- JWT ------------------------------------------------------------------------------------------------

Key = OctKey | ECKey | RSAKey | OKPKey

TOKENS = 10_000  # webhooks whose key and token are kept: some 20 MB; more are signed anew
RSA_BITS = 2_048  # RFC 7518, 3.3
OWN_CLAIMS = ("iat", "exp", "nbf", "jti")


class Algorithm(Value, frozen=True):
    """A row of the table. size: the fewest bytes of a secret (RFC 7518, 3.2). key: what a PEM must hold."""

    kind: type[Key]
    size: int = 0
    key: str = ""


ALGORITHMS = {
    "HS256": Algorithm(kind=OctKey, size=32),
    "HS384": Algorithm(kind=OctKey, size=48),
    "HS512": Algorithm(kind=OctKey, size=64),
    "ES256": Algorithm(kind=ECKey, key="an EC private key on the curve P-256"),
    "RS256": Algorithm(kind=RSAKey, key=f"an RSA private key of at least {RSA_BITS:,} bits"),
    "EdDSA": Algorithm(kind=OKPKey, key="an Ed25519 private key"),
}

# RFC 9864 renames EdDSA to Ed25519, which few receivers know yet; joserfc would warn at every token.
JWSRegistry.algorithms["EdDSA"].security_warning = None


@dataclass(slots=True)
class _Entry:
    """The key of a webhook and its newest token, good from made_at to renew_at."""

    key: Key
    value: str = ""
    made_at: int = 0
    renew_at: int = 0


class Tokens:
    """Signs JWTs and keeps each until TOKEN_REUSE of its life is over. For one event loop."""

    def __init__(self, size: int = TOKENS) -> None:
        self._size = size
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def bearer(self, cache_key: str, auth: JwtAuthentication, secret_plain: str, now: int) -> str:
        """The value of the header `auth.header`: prefix and token.

        cache_key: names the webhook and its version, so that an edit is another key. secret_plain: checked by
        check_secret when it was entered. now: microseconds.
        """
        entry = self._entry(cache_key, auth, secret_plain)
        if not entry.made_at <= now < entry.renew_at:
            entry.value = auth.prefix + _token(auth, entry.key, now // limits.SECOND)
            entry.made_at = now // limits.SECOND * limits.SECOND
            entry.renew_at = entry.made_at + round(auth.lifetime_seconds * limits.TOKEN_REUSE * limits.SECOND)
        return entry.value

    def _entry(self, cache_key: str, auth: JwtAuthentication, secret_plain: str) -> _Entry:
        if cache_key in self._entries:
            self._entries.move_to_end(cache_key)
            return self._entries[cache_key]
        if len(self._entries) >= self._size:
            self._entries.popitem(last=False)
        entry = _Entry(ALGORITHMS[auth.algorithm].kind.import_key(secret_plain))
        self._entries[cache_key] = entry
        return entry

    def __len__(self) -> int:
        return len(self._entries)


def _token(auth: JwtAuthentication, key: Key, second: int) -> str:
    header = {"alg": auth.algorithm, **({"kid": auth.key_id} if auth.key_id else {})}
    claims = {**auth.claims, "iat": second, "exp": second + auth.lifetime_seconds}
    return jwt.encode(header, claims, key, algorithms=[auth.algorithm])


# --- what a person may enter ----------------------------------------------------------------------------


def check_secret(algorithm: str, secret: str) -> str | None:
    """What is wrong with a secret or private key for this algorithm, as a sentence; None if nothing is."""
    row = ALGORITHMS.get(algorithm)
    if row is None:
        return f"Choose one of {', '.join(ALGORITHMS)}."
    return _check_private_key(algorithm, row, secret) if row.key else _check_shared(algorithm, row, secret)


def _check_shared(algorithm: str, row: Algorithm, secret: str) -> str | None:
    if len(secret.encode()) < row.size:
        return f"Enter an API token of at least {row.size} characters for {algorithm}."
    if "BEGIN " in secret or secret.startswith(("ssh-", "ecdsa-sha2-")):
        return (
            f"{algorithm} needs a shared secret, and this is a key file. Enter the secret, or choose ES256."
        )
    return None


def _check_private_key(algorithm: str, row: Algorithm, secret: str) -> str | None:
    try:
        key = load_pem_private_key(secret.encode(), password=None)
    except TypeError:
        return "This private key is protected by a passphrase. Enter it without one."
    except (ValueError, UnsupportedAlgorithm):
        return f"Enter {row.key} in PEM form: it starts with -----BEGIN PRIVATE KEY-----."
    return None if _fits(row, key) else f"{algorithm} needs {row.key}. This is another kind of key."


def _fits(row: Algorithm, key: object) -> bool:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return row.kind is ECKey and isinstance(key.curve, ec.SECP256R1)
    if isinstance(key, rsa.RSAPrivateKey):
        return row.kind is RSAKey and key.key_size >= RSA_BITS
    return row.kind is OKPKey and isinstance(key, ed25519.Ed25519PrivateKey)


def check_claims(claims: object) -> str | None:
    """What is wrong with a JWT payload (JSON text, or decoded), as a sentence; None if nothing is."""
    if isinstance(claims, str):
        if len(claims.encode()) > limits.CLAIMS_BYTES:
            return _too_long()
        claims = _decoded(claims)
    if isinstance(claims, NotJson):
        return f"JWT Payload is not valid JSON: {claims.trouble}"
    if not isinstance(claims, dict):
        return 'JWT Payload must be a JSON object, as in {"iss": "retour"}.'
    return _check_claims(claims)


class NotJson(Value, frozen=True):
    """What is wrong with a text that should be JSON, ending with a full stop."""

    trouble: str


TROUBLES = {
    "Expecting ',' delimiter": "a comma is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing",
    "Expecting value": "a value is missing",
    "Illegal trailing comma before end of object": "there is a comma too many",
    "Illegal trailing comma before end of array": "there is a comma too many",
    "Unterminated string starting at": "a closing quote is missing",
    "Extra data": "there is something after the end",
}


def _decoded(text: str) -> object:
    """The value; json is asked rather than msgspec, since it knows the line."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return NotJson(trouble=f"line {error.lineno}, {TROUBLES.get(error.msg, error.msg)}.")
    except (ValueError, RecursionError) as error:
        return NotJson(trouble="it is nested too deep." if isinstance(error, RecursionError) else f"{error}.")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _check_claims(claims: dict[str, Any]) -> str | None:
    for name in OWN_CLAIMS:
        if name in claims:
            return f"Remove {name} from the JWT Payload: the service sets the times and the id of a token."
    try:
        size = len(msgspec.json.encode(claims))
    except (TypeError, ValueError, RecursionError):
        return "JWT Payload may hold JSON values only."
    return _too_long() if size > limits.CLAIMS_BYTES else None


def _too_long() -> str:
    return f"Enter a JWT Payload of at most {limits.CLAIMS_BYTES:,} bytes."
