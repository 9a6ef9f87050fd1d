"""Marks: what every message carries so that whatever comes back names it.

A mark is the local part of its return path after `bounce+`, its envelope id (ENVID) and the local part of its
Message-ID: 56 letters and digits of base32 (RFC 4648 6), which survive a mail system that changes capitals. It holds
the message's id, the sandbox's and three bytes of an HMAC. These turn away what was made up without a look into the
store; a made-up pair that passes them still has to name two ids of 62 random bits each. No personal data is in it.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import NamedTuple
from uuid import UUID

from retour.sealing import Keys

PREFIX = "bounce+"
COMPLAINTS = "complaints"
"""Local part of the address that feedback loops may be pointed at; the mark is then looked for in the returned mail."""

TAG_BYTES = 3
_MARK = re.compile(r"(?<![a-z2-7])[a-z2-7]{56}(?![a-z2-7])")
_DIGITS = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv")
"""To what `int` reads, in C: `b32decode` took most of the time of finding a mark."""


class Place(NamedTuple):
    """Which message of which sandbox."""

    sandbox: str
    message_id: str


class Marks:
    """Makes marks, and reads those that were made with our keys."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys.derive_all("marks")

    def of(self, sandbox: str, message_id: str) -> str:
        """The mark of a message."""
        named = UUID(message_id).bytes + UUID(sandbox).bytes
        return base64.b32encode(named + _tag(self._keys[0], named)).decode().lower()

    def read(self, mark: str) -> Place | None:
        """What a mark in small letters names; None when it is none of ours."""
        if not _MARK.fullmatch(mark):
            return None
        raw = int(mark.translate(_DIGITS), 32).to_bytes(32 + TAG_BYTES)
        named, tag = raw[:32], raw[32:]
        if not any(hmac.compare_digest(tag, _tag(key, named)) for key in self._keys):
            return None
        return Place(sandbox=str(UUID(bytes=named[16:])), message_id=str(UUID(bytes=named[:16])))

    def read_address(self, address: str) -> Place | None:
        """What `bounce+<mark>@…` names, in whatever capitals."""
        local, _, _ = address.strip("<> ").rpartition("@")
        local = local.lower()
        return self.read(local.removeprefix(PREFIX)) if local.startswith(PREFIX) else None

    def find(self, text: str) -> Place | None:
        """The first mark of ours in some text, e.g. a returned Message-ID."""
        found = (self.read(mark) for mark in _MARK.findall(text.lower()[:2_000]))
        return next((place for place in found if place is not None), None)


def _tag(key: bytes, named: bytes) -> bytes:
    return hmac.digest(key, named, "sha256")[:TAG_BYTES]
