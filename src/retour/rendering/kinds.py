"""What fits each kind of parameter, and as what the function gets it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from retour.rendering import patterns
from retour.rendering.locales import DEFAULT, Place, locale_of
from retour.rendering.signatures import Kind
from retour.rendering.values import Unfit, is_filled, number_of, text_of

DATE_CHARACTERS = 40
YEARS = (2, 9_998)  # a day from the ends of what Python counts, so that a change of zone stays inside
OFFSET = re.compile(r"([+-])([01]\d):?([0-5]\d)")
ONE_OF = re.compile(r"(\[\^?(?:[^\W_]-[^\W_]|[^\[\]\\&|~^-])++-?\]|\\[dswDSW]|\.)(\+?)")
MATCH_CHARACTERS = 200
SPECIAL = frozenset(".+*?^$()[]{}|\\")
DATE_HINT = "a date, as in 2024-11-01T17:19:51Z"


def whole(value: Any) -> int | None:
    """An integer; a fraction is cut off."""
    number = number_of(value)
    return None if number is None else int(number)


def flag(value: Any) -> bool | None:
    """true or false, also as text."""
    if not is_filled(value):
        return None
    found = {"true": True, "false": False}.get(text_of(value))
    if found is None:
        raise Unfit("true or false")
    return found


def date(value: Any) -> datetime | None:
    """A date with a zone: of a function, of an ISO text (UTC unless it says otherwise), of milliseconds since 1970."""
    if not is_filled(value):
        return None
    try:
        moment = value if isinstance(value, datetime) else _moment(value)
    except (ValueError, OverflowError):
        raise Unfit(DATE_HINT) from None
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise Unfit(DATE_HINT)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(value: Any) -> datetime:
    if type(value) is int or type(value) is float:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    if type(value) is not str or len(value) > DATE_CHARACTERS:
        raise ValueError
    return datetime.fromisoformat(value.strip())


def listed(value: Any) -> list[Any]:
    """A list; what is absent is an empty one."""
    if type(value) is list:
        return value
    if not is_filled(value):
        return []
    raise Unfit("a list")


def mapped(value: Any) -> dict[str, Any]:
    """An object; what is absent is an empty one."""
    if type(value) is dict:
        return value
    if not is_filled(value):
        return {}
    raise Unfit("an object")


def locale(value: Any) -> Place | None:
    """A locale that is known, as `nl_NL`."""
    found = locale_of(text_of(value))
    if found is None:
        raise Unfit("a known locale, as in en_US or nl_NL")
    return found


def locale_or_english(value: Any) -> Place:
    """A locale that the data names; English where it is not known."""
    return locale_of(text_of(value)) or DEFAULT


def zone(value: Any) -> ZoneInfo | timezone:
    """A zone of the IANA database, or an offset: `Europe/Amsterdam`, `+02:00`."""
    name = text_of(value)
    if name in _zones():
        return ZoneInfo(name)
    if offset := OFFSET.fullmatch(name):
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    raise Unfit("a time zone, as in Europe/Amsterdam")


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) | {"UTC"}


def match(value: Any) -> re.Pattern[str]:
    """What replaceAll looks for: a text, its special characters with a backslash; or one class such as `[^a-z]+`.

    No other regular expression, so that none takes long.
    """
    text = text_of(value)[: MATCH_CHARACTERS + 1]
    if len(text) > MATCH_CHARACTERS:
        raise Unfit(f"{MATCH_CHARACTERS} characters long at most")
    if found := ONE_OF.fullmatch(text):
        try:
            return re.compile(f"{found[1]}{'++' if found[2] else ''}")
        except re.error:
            raise Unfit("a text or one class of characters, as in [^a-z]+") from None
    plain = re.sub(r"\\(.)", "", text, flags=re.DOTALL)
    if not text or SPECIAL.intersection(plain):
        raise Unfit("a text (a special character with a backslash) or one class of characters, as in [^a-z]+")
    return re.compile(re.escape(re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)))


def name_of(value: Any) -> str:
    """The name of a property."""
    if type(value) is not str or not value:
        raise Unfit("the name of a property")
    return value


def _as_it_is(value: Any) -> Any:
    return value


FIT: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: text_of,
    Kind.NUMBER: number_of,
    Kind.WHOLE: whole,
    Kind.FLAG: flag,
    Kind.DATE: date,
    Kind.LIST: listed,
    Kind.OBJECT: mapped,
    Kind.VALUE: _as_it_is,
    Kind.PATTERN: patterns.parts_of,
    Kind.LOCALE: locale,
    Kind.ZONE: zone,
    Kind.PROPERTY: name_of,
    Kind.MATCH: match,
}
FIT_DATA = FIT | {Kind.LOCALE: locale_or_english}  # for what is not known before there is data
PASSED_ON = frozenset({Kind.NUMBER, Kind.WHOLE, Kind.DATE})  # absent makes the whole call absent
