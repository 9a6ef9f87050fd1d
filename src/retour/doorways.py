"""Addresses that providers post to: one for each channel configuration, which nobody guesses. Pure."""

from __future__ import annotations

import base64
import binascii
import hmac
from uuid import UUID

from retour import smsproviders
from retour.model import ChannelConfiguration
from retour.sealing import Keys

PATH = "/callbacks/{provider}/{token}"
TAG_BYTES = 16
TOKEN_CHARACTERS = 64  # base64url of two ids and the tag


class Doorways:
    """Makes addresses, and reads the tokens of those that were made with our keys."""

    def __init__(self, keys: Keys, base_url: str) -> None:
        self._tags = keys.derive_all("callbacks")
        self._base_url = base_url

    def address(self, configuration: ChannelConfiguration) -> str | None:
        """Where the provider has to post to; None where nobody posts."""
        provider = poster(configuration)
        if provider is None:
            return None
        named = UUID(configuration.sandbox).bytes + UUID(configuration.id).bytes
        token = base64.urlsafe_b64encode(named + _tag(self._tags[0], named)).decode()
        return self.public(PATH.replace("{provider}", provider).replace("{token}", token))

    def public(self, path: str) -> str:
        """A path of ours (with its query) as others know it."""
        return self._base_url + path

    def named(self, token: str) -> tuple[str, str] | None:
        """Sandbox and channel configuration of a token; None when it is none of ours."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        named, tag = raw[:32], raw[32:]
        if len(token) != TOKEN_CHARACTERS or not any(
            hmac.compare_digest(tag, _tag(key, named)) for key in self._tags
        ):
            return None
        return str(UUID(bytes=named[:16])), str(UUID(bytes=named[16:]))


def poster(configuration: ChannelConfiguration) -> str | None:
    """Who posts for a channel configuration: a mail provider behind the relay, an SMS provider, or nobody."""
    if configuration.events is not None:
        return configuration.events.provider
    return configuration.provider if configuration.provider in smsproviders.PROVIDERS else None


def _tag(key: bytes, named: bytes) -> bytes:
    return hmac.digest(key, named, "sha256")[:TAG_BYTES]
