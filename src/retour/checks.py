"""Checks that several nouns share, with the words that a form shows. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import phonenumbers

from retour import limits
from retour.errors import Changed, Code, Field, Invalid, NotFound

# RFC 5321 dot-atom, with UTF-8 of RFC 6531; quoted local parts are legal but nobody delivers to them.
LOCAL = re.compile(r"[^\s@\"(),:;<>\[\\\].\x00-\x20\x7f]+(\.[^\s@\"(),:;<>\[\\\].\x00-\x20\x7f]+)*")
LABEL = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?", re.UNICODE)

MOST_PROBLEMS = 50  # a body of 4 MB can hold a million wrong items; nobody reads on after these
# Controls, halves of characters, line ends, and what turns the direction of writing around (UAX 9, 2).
UNREADABLE = ("Cc", "Cs", "Zl", "Zp")
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NOT_VISIBLE = ("C", "Z", "M")
NATIONAL = re.compile(r"[0-9(][0-9 ()./-]{0,40}")
# With a country code it may be a number of fiction (+1 555 01xx); without, one that is dialled within a town is no
# number that a message can be sent to.
NATIONALLY_POSSIBLE = (phonenumbers.ValidationResult.IS_POSSIBLE,)
INTERNATIONALLY_POSSIBLE = (*NATIONALLY_POSSIBLE, phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY)


class Problems:
    """Collects what is wrong, so that a caller hears all of it at once; of very much, the first MOST_PROBLEMS."""

    def __init__(self) -> None:
        self.fields: list[Field] = []

    def add(self, path: str, message: str | None) -> None:
        """Note a problem; None is none."""
        if message is not None and len(self.fields) < MOST_PROBLEMS:
            self.fields.append(Field(path, message))

    def need(self, path: str, good: object, message: str) -> None:
        """Note `message` unless `good`."""
        self.add(path, None if good else message)

    def refuse(self, title: str, status: int = 422, context: dict[str, str] | None = None) -> None:
        """Raise when there are any."""
        if self.fields:
            raise Invalid(Code.INVALID_FIELDS, title, tuple(self.fields), context or {}, status)


def name(value: str, what: str) -> str | None:
    """A name: something to read, on one line."""
    if not any(unicodedata.category(character)[0] not in NOT_VISIBLE for character in value):
        return f"Enter a {what} name."
    return line(value, limits.NAME_CHARACTERS)


def line(value: str, most: int) -> str | None:
    """Text on one line, of at most so many characters, that shows as it is written."""
    if len(value) > most:
        return f"Use at most {most} characters."
    if any(character in TURNING or unicodedata.category(character) in UNREADABLE for character in value):
        return "Use printable characters only."
    return None


def depth(value: Any) -> str | None:
    """JSON data nested no deeper than what reads it later can bear: the store, the signer, the templates."""
    level = [value]
    for _ in range(limits.JSON_DEPTH):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return None
    return f"It is nested more than {limits.JSON_DEPTH} levels deep."


def _inner(value: Any) -> Iterable[Any]:
    """The lists and objects in one; a string is none, however long."""
    if isinstance(value, dict):
        return [inner for inner in value.values() if isinstance(inner, dict | list)]
    return [inner for inner in value if isinstance(inner, dict | list)] if isinstance(value, list) else ()


def one_of(value: str, allowed: Sequence[str], what: str) -> str | None:
    """One of a list."""
    return None if value in allowed else f"{what} must be one of: {', '.join(allowed)}."


def email_address(value: str) -> bool:
    """Whether mail could go there (RFC 5321 lengths, RFC 6531 characters)."""
    if len(value) > limits.USER_ID_CHARACTERS or not value.isprintable():
        return False
    local, at, domain = value.rpartition("@")
    if not at or len(local.encode()) > 64 or len(domain) > 255:
        return False
    return bool(LOCAL.fullmatch(local)) and all(LABEL.fullmatch(label) for label in domain.split("."))


def phone_number(value: str, region: str | None = None) -> str | None:
    """The number in E.164, or None if there can be no such number; words around it are not searched.

    region: where a number without + and country code is dialled (ISO 3166); None: there has to be a +.
    """
    text = value.strip()
    international = text.startswith("+")
    if not international and not (region and NATIONAL.fullmatch(text)):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible not in (INTERNATIONALLY_POSSIBLE if international else NATIONALLY_POSSIBLE):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def region(value: str) -> str | None:
    """A country whose numbers are known, as two letters (ISO 3166)."""
    known = value in phonenumbers.SUPPORTED_REGIONS
    return None if known else "Enter a country as two letters (ISO 3166), as in NL, or leave this empty."


def between(value: float, ends: tuple[float, float], what: str) -> str | None:
    """A number from one end to the other. what: is counted, as in `hours`."""
    low, high = ends
    return None if low <= value <= high else f"Use {low:g} to {high:,g} {what}."


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
