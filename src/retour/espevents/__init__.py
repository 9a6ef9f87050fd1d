"""What mail providers (ESPs) tell of messages by HTTP: which header makes them name a message, and what they then say.

One file a provider, each with the same functions: `headers` of a mail, `wrong_key` of what is configured, `genuine` and
`read` of a callback. Pure, but for the tokens that mailgun.py remembers; whoever calls has the clock, and fetches.
"""

from __future__ import annotations

from typing import Any, Protocol

from retour.espevents import mailgun, postmark, sendgrid, ses
from retour.espevents.events import EspEvent, Posted

__all__ = ["OPTIONAL", "PROVIDERS", "SECRET", "EspEvent", "Posted", "Provider"]


class Provider(Protocol):
    """What a provider's file has."""

    def headers(self, mark: str) -> tuple[tuple[str, str], ...]:
        """What the mail has to carry so that the provider's events name the mark: ASCII, one line each."""

    def wrong_key(self, key: str) -> str | None:
        """A sentence on what is wrong with the key that is configured, or None."""

    def genuine(self, posted: Posted, key: str, now: int) -> bool:
        """Whether the provider posted this, not long before `now` (microseconds)."""

    def read(self, body: Any) -> list[EspEvent]:
        """The events, in their order. Never raises, whatever JSON it is given."""


PROVIDERS: dict[str, Provider] = {
    "ses": ses,
    "sendgrid": sendgrid,
    "mailgun": mailgun,
    "postmark": postmark,
}

SECRET = ("mailgun", "postmark")
"""Those whose key is a secret; the key of the others is a public key or a name."""

OPTIONAL = ("postmark",)
"""Those that need none."""
