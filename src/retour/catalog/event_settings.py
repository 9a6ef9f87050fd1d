"""Whose events tell what became of the messages of a channel configuration: checked, and put together with its key."""

from __future__ import annotations

from retour import checks, espevents
from retour.catalog.inputs import KEY_CHARACTERS, Clear, EventsInput
from retour.model import EventsSettings, Sealed
from retour.sealing import Keys

NAMES = {"ses": "Amazon SES", "sendgrid": "SendGrid", "mailgun": "Mailgun", "postmark": "Postmark"}


def check(problems: checks.Problems, given: EventsInput, stored: EventsSettings | None) -> None:
    """Provider and key. Another provider needs a key of its own."""
    wrong = checks.one_of(given.provider, [*espevents.PROVIDERS], "The provider of events")
    problems.add("events.provider", wrong)
    if wrong is not None:
        return
    if isinstance(given.key, str) and given.key.strip():
        long = checks.line(given.key.strip(), KEY_CHARACTERS)
        wrong_key = long or espevents.PROVIDERS[given.provider].wrong_key(given.key.strip())
        problems.add("events.key", wrong_key)
    elif given.provider not in espevents.OPTIONAL and not (_keeps(given) and _same(given, stored)):
        problems.add("events.key", f"Enter the key that events of {NAMES[given.provider]} are verified with.")


def build(
    keys: Keys, sandbox: str, row: str, given: EventsInput, stored: EventsSettings | None
) -> EventsSettings:
    """With its key, new or kept; sealed where it is a secret."""
    if stored is not None and _same(given, stored) and _keeps(given):
        return stored
    key = given.key.strip() if isinstance(given.key, str) else ""
    if given.provider not in espevents.SECRET:
        return EventsSettings(provider=given.provider, key=key)
    if not key:
        return EventsSettings(provider=given.provider)
    sealed = keys.seal(key.encode(), sandbox=sandbox, row=row, column="events.key")
    return EventsSettings(provider=given.provider, secret=Sealed(sealed=sealed))


def _same(given: EventsInput, stored: EventsSettings | None) -> bool:
    return stored is not None and stored.provider == given.provider


def _keeps(given: EventsInput) -> bool:
    """Whether the stored key stays: absent, null, empty, or `{"clear": false}`."""
    return not given.key.clear if isinstance(given.key, Clear) else not (given.key or "").strip()
