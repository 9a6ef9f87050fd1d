"""Secrets and private keys of JWTs (RFC 7518): what is one, a new one, and the public half (RFC 7517)."""

from __future__ import annotations

import secrets
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey, JWKRegistry, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from retour.model import Value

Key = OctKey | ECKey | RSAKey | OKPKey
Jwk = dict[str, Any]

RSA_BITS = 2_048  # RFC 7518, 3.3
SHARED_BYTES = 64  # of a secret made here: as long as the longest hash, so that it fits every HS…


class Algorithm(Value, frozen=True):
    """A row of the table. size: the fewest bytes of a secret (RFC 7518, 3.2). key: what a PEM must hold.

    makes: what a new key is made from, a curve or a number of bits.
    """

    kind: type[Key]
    size: int = 0
    key: str = ""
    makes: str | int = ""


ALGORITHMS = {
    "HS256": Algorithm(kind=OctKey, size=32),
    "HS384": Algorithm(kind=OctKey, size=48),
    "HS512": Algorithm(kind=OctKey, size=64),
    "ES256": Algorithm(kind=ECKey, key="an EC private key on the curve P-256", makes="P-256"),
    "RS256": Algorithm(kind=RSAKey, key=f"an RSA private key of at least {RSA_BITS:,} bits", makes=RSA_BITS),
    "EdDSA": Algorithm(kind=OKPKey, key="an Ed25519 private key", makes="Ed25519"),
}

# RFC 9864 renames EdDSA to Ed25519, which few receivers know yet; joserfc would warn at every token.
JWSRegistry.algorithms["EdDSA"].security_warning = None


def is_shared(algorithm: str) -> bool:
    """Whether both sides have the same secret (HS…)."""
    return algorithm.startswith("HS")


def load(algorithm: str, secret: str) -> Key:
    """The key object of a secret or PEM that check_secret finds nothing wrong with."""
    return ALGORITHMS[algorithm].kind.import_key(secret)


def generate(algorithm: str) -> str:
    """A new secret, or a new private key as PEM. RSA takes up to a second: not on the event loop."""
    row = ALGORITHMS[algorithm]
    if row.kind is OctKey:
        return secrets.token_urlsafe(SHARED_BYTES)
    key: Any = row.kind
    pem: bytes = key.generate_key(row.makes).as_pem(private=True)
    return pem.decode()


# --- the public half ---


def public_part(algorithm: str, secret: str) -> Jwk | None:
    """The public JWK of a private key, only what its type needs; None for a shared secret."""
    return None if is_shared(algorithm) else public_part_of(load(algorithm, secret))


def public_part_of(key: Key) -> Jwk | None:
    """The same of a key object."""
    if isinstance(key, OctKey):
        return None
    return {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}


def key_name(key_id: str | None, public: Jwk | None) -> str | None:
    """The `kid` of tokens: the key id that was given, else the thumbprint of the public key (RFC 7638)."""
    if key_id or public is None:
        return key_id or None
    return JWKRegistry.import_key(public).thumbprint()


def published(algorithm: str, key_id: str | None, public: Jwk) -> Jwk:
    """A public JWK as a JWKS holds it: with `kid`, `alg` and `use`."""
    return {**public, "kid": key_name(key_id, public), "alg": algorithm, "use": "sig"}


# --- what a person may enter ---


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
