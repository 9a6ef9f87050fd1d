"""SMS providers: one file each with both halves, what is sent to it and what is read of what comes back. All pure.

Nothing here dials: channels/sms_http.py sends the requests and callbacks.py takes what is posted. How to add one:
docs/channels.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from retour.smsproviders import smpp
from retour.smsproviders.shapes import (
    Field,
    Got,
    Outcome,
    Posted,
    Reply,
    Report,
    Request,
    Settings,
    Text,
)


class Configurable(Protocol):
    """What is configured for a provider."""

    NAME: str
    """As a person knows it."""

    FIELDS: tuple[Field, ...]

    def wrong(self, settings: Settings) -> dict[str, str]:
        """What is wrong with the settings, a sentence for each field's name. Required fields are there already."""


class SmsProvider(Configurable, Protocol):
    """What the file of a provider has that is spoken to by HTTP."""

    def token(self, settings: Settings) -> Request | None:
        """Where an access token is got for these settings (OAuth 2 client credentials); None where none is needed."""

    def submit(self, out: Text, settings: Settings, token: str) -> Request:
        """What sends this message. token: "" where none is needed."""

    def answer(self, got: Got, out: Text, settings: Settings) -> Outcome:
        """What the answer to it means. Never raises, whatever it is given."""

    def probe(self, settings: Settings, token: str) -> Request | None:
        """What finds out, without a message, whether the provider would take one; None where nothing can."""

    def probed(self, got: Got) -> str | None:
        """What is wrong, in a sentence, by the answer to `probe`; None when it would."""

    def genuine(self, posted: Posted, settings: Settings, now: int) -> bool:
        """Whether the provider posted this, not long before `now` (microseconds)."""

    def read(self, posted: Posted, settings: Settings) -> list[Report | Reply]:
        """What it says, in its order. Never raises, whatever it is given."""


FILES = (
    "custom",
    "infobip",
    "sinch",
    "twilio",
    "vonage",
)
"""One for each provider; its name is what a channel configuration has as `provider`."""

PROVIDERS = {name: cast(SmsProvider, import_module(f"{__name__}.{name}")) for name in FILES}
"""Those that are spoken to by HTTP. That each file has what SmsProvider says is held by a test."""

SETTINGS: dict[str, Configurable] = {**PROVIDERS, "smpp": smpp}
"""Those and what is spoken to by another protocol: who has settings of its own."""
