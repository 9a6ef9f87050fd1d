"""Secrets and personal content at rest: sealed with keys from RETOUR_SECRET_KEY, bound to their place.

AES-256-GCM under a key of its own for each sandbox (HKDF-SHA256, RFC 5869): random 96-bit nonces are good for
2^32 values under one key (NIST SP 800-38D, 8.3), which one key for everybody would reach in ten days at
5,000 messages a second. Sandbox, row and column are authenticated: a value copied elsewhere does not open.
"""

from __future__ import annotations

import base64
import binascii
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from retour.errors import ConfigError

VERSION = b"\x01"
KEY_BYTES = 32
KEY_ID_BYTES = 4
NONCE_BYTES = 12
HEAD_BYTES = len(VERSION) + KEY_ID_BYTES
CIPHERS = 4_096  # sandboxes whose derived key is kept in memory, for each master key
CHECK = b"retour"
CHECK_PLACE = {"sandbox": "", "row": "", "column": "check"}

UNKNOWN_KEY = (
    "A stored secret was sealed with another key (id {key_id}). Set RETOUR_SECRET_KEY to the key that this "
    "database was made with, or, after a change of keys, RETOUR_SECRET_KEY_PREVIOUS to the one before."
)
NOT_AUTHENTIC = (
    "A sealed value does not belong to this place or was changed. Restore it, or enter the secret again."
)


class WrongKey(ConfigError):
    """A sealed value can't be opened: its key is not among ours, or it is not what was sealed there."""


class Keys:
    """The master key, and during a change the one before it. Seals with the first, opens with both."""

    def __init__(self, current: str, previous: str | None = None) -> None:
        self._current = _Master(current)
        masters = [self._current, *([_Master(previous)] if previous else [])]
        self._masters = {master.id: master for master in reversed(masters)}

    @property
    def key_id(self) -> str:
        """What names the current key in a sealed value: eight hexadecimal digits that tell nothing of it."""
        return self._current.id.hex()

    def derive(self, purpose: str) -> bytes:
        """32 bytes for this purpose (sessions, tokens) from the current key, the same ones each time."""
        return self._current.derive("use " + purpose)

    def derive_all(self, purpose: str) -> tuple[bytes, ...]:
        """The same from each key, the current one first: what was made with the key before is still known."""
        first = self._current.derive("use " + purpose)
        others = (
            master.derive("use " + purpose)
            for master in self._masters.values()
            if master is not self._current
        )
        return (first, *others)

    def seal(self, plain: bytes, *, sandbox: str, row: str, column: str) -> str:
        """`v1.<key id>.<nonce and ciphertext, base64url>`."""
        sealed = self._current.seal(plain, sandbox, _place(sandbox, row, column))
        return f"v1.{self.key_id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, *, sandbox: str, row: str, column: str) -> bytes:
        """What was sealed for this place. Raises WrongKey."""
        key_id, content = _parts(sealed)
        return self._master(key_id).open(content, sandbox, _place(sandbox, row, column))

    def seal_bytes(self, plain: bytes, *, sandbox: str, row: str, column: str) -> bytes:
        """The compact form, 33 bytes longer than the plain one: version, key id, nonce, ciphertext, tag."""
        master = self._current
        return VERSION + master.id + master.seal(plain, sandbox, _place(sandbox, row, column))

    def open_bytes(self, sealed: bytes, *, sandbox: str, row: str, column: str) -> bytes:
        """What was sealed for this place. Raises WrongKey."""
        if not sealed.startswith(VERSION):
            raise WrongKey(NOT_AUTHENTIC)
        master = self._master(sealed[len(VERSION) : HEAD_BYTES])
        return master.open(sealed[HEAD_BYTES:], sandbox, _place(sandbox, row, column))

    def check_value(self) -> str:
        """What a store keeps so that a start with another key is noticed before anything is written."""
        return self.seal(CHECK, **CHECK_PLACE)

    def verify_check(self, text: str) -> bool:
        """Whether it was made with the current key, not the one before. Raises WrongKey when with neither."""
        if self.open(text, **CHECK_PLACE) != CHECK:
            raise WrongKey(NOT_AUTHENTIC)
        return _parts(text)[0] == self._current.id

    def _master(self, key_id: bytes) -> _Master:
        if key_id not in self._masters:
            raise WrongKey(UNKNOWN_KEY.format(key_id=key_id.hex()))
        return self._masters[key_id]


class _Master:
    """One master key and what is derived from it."""

    def __init__(self, text: str) -> None:
        if not text:
            raise WrongKey("RETOUR_SECRET_KEY is empty. Set it to 32 characters or more.")
        self._text = text.encode()
        self.derive = lru_cache(maxsize=64)(self._derive)
        self._cipher = lru_cache(maxsize=CIPHERS)(self._make_cipher)
        self.id = self._derive("key id")[:KEY_ID_BYTES]

    def seal(self, plain: bytes, sandbox: str, place: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(sandbox).encrypt(nonce, plain, place)

    def open(self, content: bytes, sandbox: str, place: bytes) -> bytes:
        try:
            return self._cipher(sandbox).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], place)
        except (InvalidTag, ValueError) as error:
            raise WrongKey(NOT_AUTHENTIC) from error

    def _make_cipher(self, sandbox: str) -> AESGCM:
        return AESGCM(self._derive("seal " + sandbox))

    def _derive(self, purpose: str) -> bytes:
        info = b"retour v1 " + purpose.encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._text)


def _parts(sealed: str) -> tuple[bytes, bytes]:
    """Key id and content of a sealed text. Raises WrongKey if it is none."""
    try:
        version, key_id, content = sealed.split(".")
        if version != "v1":
            raise WrongKey(NOT_AUTHENTIC)
        return bytes.fromhex(key_id), base64.b64decode(content, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise WrongKey(NOT_AUTHENTIC) from error


def _place(sandbox: str, row: str, column: str) -> bytes:
    """The associated data. With lengths, so that no two places read alike."""
    return f"{len(sandbox)}:{sandbox}{len(row)}:{row}{len(column)}:{column}".encode()
