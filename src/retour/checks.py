"""Checks that several nouns share, with the words that a form shows. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import phonenumbers

from retour import limits
from retour.errors import Changed, Code, Field, Invalid, NotFound

# RFC 5321 dot-atom, with UTF-8 of RFC 6531; quoted local parts are legal but nobody delivers to them.
LOCAL = re.compile(r"[^\s@\"(),:;<>\[\\\].\x00-\x20\x7f]+(\.[^\s@\"(),:;<>\[\\\].\x00-\x20\x7f]+)*")
LABEL = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?", re.UNICODE)


class Problems:
    """Collects what is wrong, so that a caller hears all of it at once."""

    def __init__(self) -> None:
        self.fields: list[Field] = []

    def add(self, path: str, message: str | None) -> None:
        """Note a problem; None is none."""
        if message is not None:
            self.fields.append(Field(path, message))

    def need(self, path: str, good: object, message: str) -> None:
        """Note `message` unless `good`."""
        if not good:
            self.fields.append(Field(path, message))

    def refuse(self, title: str, status: int = 422) -> None:
        """Raise when there are any."""
        if self.fields:
            raise Invalid(Code.INVALID_FIELDS, title, tuple(self.fields), status=status)


def name(value: str, what: str) -> str | None:
    """A name: something to read, on one line."""
    if not value.strip():
        return f"Enter a {what} name."
    if len(value) > limits.NAME_CHARACTERS:
        return f"Use at most {limits.NAME_CHARACTERS} characters."
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        return "Use printable characters only."
    return None


def one_of(value: str, allowed: Sequence[str], what: str) -> str | None:
    """One of a list."""
    return None if value in allowed else f"{what} must be one of: {', '.join(allowed)}."


def email_address(value: str) -> bool:
    """Whether mail could go there (RFC 5321 lengths, RFC 6531 characters)."""
    local, at, domain = value.rpartition("@")
    if not at or len(local.encode()) > 64 or len(domain) > 255 or len(value) > limits.USER_ID_CHARACTERS:
        return False
    return bool(LOCAL.fullmatch(local)) and all(LABEL.fullmatch(label) for label in domain.split("."))


def phone_number(value: str) -> str | None:
    """The number in E.164, or None. It must start with + and a country code."""
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def retry_period(value: float) -> str | None:
    """AJO: 10 to 5,040 minutes; we take shorter ones for trying things out."""
    low, high = limits.RETRY_PERIOD_MINUTES
    return None if low <= value <= high else f"Use {low:g} to {high:,.0f} minutes."


def missing(what: str) -> NotFound:
    """The answer for something that is not here or not the caller's."""
    return NotFound(Code.NOT_FOUND, f"There is no {what} with this id in this sandbox.")


def stale(what: str, newest: int) -> Changed:
    """The answer to an If-Match that is not the newest version."""
    return Changed(
        Code.VERSION_STALE,
        f"The {what} was changed meanwhile. Read it again, then send your change with the new version.",
        context={"version": str(newest)},
    )
