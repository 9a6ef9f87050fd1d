"""Keys for JWTs from outside: handed in, or made here. Checked, and ready to be sealed."""

from __future__ import annotations

import asyncio
from typing import Any

from retour import checks, limits, signing
from retour.catalog.inputs import ALGORITHMS, KEY_ID_CHARACTERS, AuthenticationInput, Clear
from retour.errors import Field
from retour.model import JwtAuthentication, Value

BOTH = "Hand in a secret or have one generated, not both."
TAKEN = "Another key that is still good has this key ID. Enter another one."


class FreshKey(Value):
    """A key that is not sealed yet. shown: a secret made here, which its owner sees this once."""

    algorithm: str
    plain: str
    public: dict[str, Any] | None
    shown: str | None = None


def secret_of(given: AuthenticationInput) -> str | Clear | None:
    """`secret` for HS…, `privateKey` for the others; an empty text counts as absent."""
    shared = signing.is_shared(given.algorithm)
    return (given.secret if shared else given.private_key or given.secret) or None


def secret_name(algorithm: str) -> str:
    """The field that holds it."""
    return "secret" if signing.is_shared(algorithm) else "privateKey"


def check_key(
    given: AuthenticationInput, kept: JwtAuthentication | None, prefix: str, problems: checks.Problems
) -> None:
    """Algorithm, secret and key id. kept: what stays when no secret is given. prefix: of the fields' paths."""
    trouble = checks.one_of(given.algorithm, ALGORITHMS, "The algorithm")
    problems.add(prefix + "algorithm", trouble)
    if trouble is None:
        path = prefix + ("generate" if given.generate else secret_name(given.algorithm))
        problems.add(path, _secret_trouble(given, kept))
    problems.add(prefix + "keyId", checks.line(given.key_id or "", KEY_ID_CHARACTERS))
    others = kept.retiring if kept and secret_of(given) is None and not given.generate else ()
    names = [key.key_id for key in others if key.key_id]
    problems.need(prefix + "keyId", given.key_id not in names, TAKEN)


def _secret_trouble(given: AuthenticationInput, kept: JwtAuthentication | None) -> str | None:
    """A new secret must fit the algorithm; the stored one is kept only for the algorithm it was made for."""
    secret = secret_of(given)
    if given.generate:
        return None if secret is None else BOTH
    if isinstance(secret, str):
        return _entered_trouble(given.algorithm, secret)
    if secret is not None or kept is None:
        return no_secret(given).message
    if kept.algorithm != given.algorithm:
        return f"Enter the secret again: {given.algorithm} needs one of its own."
    return None


def _entered_trouble(algorithm: str, secret: str) -> str | None:
    if len(secret) > limits.HEADERS_BYTES:
        return f"Use at most {limits.HEADERS_BYTES:,} characters."
    return signing.check_secret(algorithm, secret)


def no_secret(given: AuthenticationInput) -> Field:
    """What to enter."""
    sentence = signing.check_secret(given.algorithm, "") or "Enter the API token."
    return Field("authentication." + secret_name(given.algorithm), sentence)


async def fresh_key(given: AuthenticationInput) -> FreshKey | None:
    """The key that was handed in or is to be made; None when the stored one stays. `given` was checked."""
    if given.type != "jwt":
        return None
    secret = secret_of(given)
    if given.generate:
        return await generate_key(given.algorithm)
    return _fresh(given.algorithm, secret) if isinstance(secret, str) else None


async def generate_key(algorithm: str) -> FreshKey:
    """A secret, or a key pair."""
    plain = await asyncio.to_thread(signing.generate, algorithm)
    return _fresh(algorithm, plain, plain if signing.is_shared(algorithm) else None)


def _fresh(algorithm: str, plain: str, shown: str | None = None) -> FreshKey:
    public = signing.public_part(algorithm, plain)
    return FreshKey(algorithm=algorithm, plain=plain, public=public, shown=shown)
