"""Secrets that are only ever compared: hashes of random ones, argon2 for what a person chose."""

from __future__ import annotations

import hashlib
import hmac
from functools import cache

import argon2

_hasher = argon2.PasswordHasher()


def hash_secret(secret: str) -> str:
    """Of a random secret of 256 bits: a plain hash is enough, there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


def secret_fits(secret: str, secret_hash: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(hash_secret(secret), secret_hash)


def hash_password(password: str) -> str:
    """With argon2id and a salt of its own."""
    return _hasher.hash(password)


def password_fits(password: str, password_hash: str | None) -> bool:
    """Whether it is the one; takes as long when there is none to compare with."""
    try:
        _hasher.verify(password_hash or _nobody(), password)
    except argon2.exceptions.VerifyMismatchError:
        return False
    return password_hash is not None


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")
