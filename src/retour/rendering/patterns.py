"""Date patterns as Java's DateTimeFormatter has them: `EEEE d MMMM yyyy, HH:mm`. Pure.

Source: docs.oracle.com, java.time.format.DateTimeFormatter, "Patterns for Formatting and Parsing". The week starts
on Monday (ISO 8601) in every locale.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from retour.rendering.locales import DEFAULT, LANGUAGES, Place, Words
from retour.rendering.values import Unfit, text_of

PATTERN_CHARACTERS = 64
PART = re.compile(r"'((?:[^']|'')*+)'|([A-Za-z])\2*+|([^A-Za-z']++)")
TEXT_CHARACTERS = 100  # of a date that is read with a pattern


class Part(NamedTuple):
    """A letter and how wide it stands; or, without a letter, literal text."""

    letter: str
    width: int
    text: str = ""


def parts_of(value: object) -> tuple[Part, ...]:
    """What a pattern is made of. Raises Unfit."""
    return _parts(text_of(value)[: PATTERN_CHARACTERS + 1])


@functools.lru_cache(maxsize=1_000)
def _parts(pattern: str) -> tuple[Part, ...]:
    if not 0 < len(pattern) <= PATTERN_CHARACTERS:
        raise Unfit(f"a date pattern of 1 to {PATTERN_CHARACTERS} characters, as in dd/MM/yyyy")
    parts, at = [], 0
    while at < len(pattern):
        found = PART.match(pattern, at)
        if found is None:
            raise Unfit("a date pattern with a ' at both ends of each text in it")
        parts.append(_part(found))
        at = found.end()
    return tuple(parts)


def _part(found: re.Match[str]) -> Part:
    letter, literal = found[2], found[3]
    if letter is None:
        return Part("", 0, literal or (found[1] or "'").replace("''", "'"))
    count = len(found.group())
    if letter not in _WRITERS or count > 9:
        raise Unfit(f"a date pattern; {found.group()} means nothing in one")
    return Part(letter, count)


# --- writing ---


def write(moment: datetime, parts: tuple[Part, ...], place: Place = DEFAULT) -> str:
    """A date by a pattern, in the language of a locale."""
    words = LANGUAGES[place.language]
    return "".join(
        _WRITERS[part.letter](moment, part.width, words) if part.letter else part.text for part in parts
    )


Writer = Callable[[datetime, int, Words], str]


def _number(number: Callable[[datetime], int]) -> Writer:
    return lambda moment, count, words: str(number(moment)).zfill(count)


def _year(number: Callable[[datetime], int]) -> Writer:
    def write_year(moment: datetime, count: int, words: Words) -> str:
        year = number(moment)
        return f"{year % 100:02}" if count == 2 else str(year).zfill(count)

    return write_year


def _month(moment: datetime, count: int, words: Words) -> str:
    if count < 3:
        return str(moment.month).zfill(count)
    name = (words.months if count == 4 else words.short_months)[moment.month - 1]
    return name[0].upper() if count == 5 else name


def _day(moment: datetime, count: int, words: Words) -> str:
    name = (words.days if count == 4 else words.short_days)[moment.weekday()]
    return name[0].upper() if count == 5 else name


def _day_number(moment: datetime, count: int, words: Words) -> str:
    return str(moment.isoweekday()).zfill(count) if count < 3 else _day(moment, count, words)


def _quarter(moment: datetime, count: int, words: Words) -> str:
    number = (moment.month + 2) // 3
    return str(number).zfill(count) if count < 3 else f"Q{number}"


def _half(moment: datetime, count: int, words: Words) -> str:
    return "AM" if moment.hour < 12 else "PM"


def _fraction(moment: datetime, count: int, words: Words) -> str:
    return f"{moment.microsecond:06}000"[:count]


def _zone_name(moment: datetime, count: int, words: Words) -> str:
    return moment.tzname() or "UTC"


def _zone_id(moment: datetime, count: int, words: Words) -> str:
    return str(getattr(moment.tzinfo, "key", None) or moment.tzname() or "UTC")


def _offset(zero: str) -> Writer:
    def write_offset(moment: datetime, count: int, words: Words) -> str:
        minutes = int(moment.strftime("%z")[:5][1:3]) * 60 + int(moment.strftime("%z")[3:5])
        if zero and not minutes:
            return zero
        sign, colon = moment.strftime("%z")[0], ":" if count in (3, 5) else ""
        short = count == 1 and not minutes % 60 and zero != "+0000"
        return f"{sign}{minutes // 60:02}" + ("" if short else f"{colon}{minutes % 60:02}")

    return write_offset


_WRITERS: dict[str, Writer] = {
    "y": _year(lambda moment: moment.year),
    "u": _year(lambda moment: moment.year),
    "Y": _year(lambda moment: moment.isocalendar().year),
    "Q": _quarter,
    "q": _quarter,
    "M": _month,
    "L": _month,
    "w": _number(lambda moment: moment.isocalendar().week),
    "d": _number(lambda moment: moment.day),
    "D": _number(lambda moment: moment.timetuple().tm_yday),
    "E": _day,
    "e": _day_number,
    "a": _half,
    "H": _number(lambda moment: moment.hour),
    "k": _number(lambda moment: moment.hour or 24),
    "K": _number(lambda moment: moment.hour % 12),
    "h": _number(lambda moment: moment.hour % 12 or 12),
    "m": _number(lambda moment: moment.minute),
    "s": _number(lambda moment: moment.second),
    "S": _fraction,
    "z": _zone_name,
    "V": _zone_id,
    "X": _offset("Z"),
    "x": _offset(""),
    "Z": _offset("+0000"),
}

# --- reading ---

_MONTHS = {name.lower(): number for number, name in enumerate(LANGUAGES["en"].months, start=1)}
_SHORT = {name.lower(): number for number, name in enumerate(LANGUAGES["en"].short_months, start=1)}
_READERS = {
    "y": r"(?P<year>\d{4})",
    "u": r"(?P<year>\d{4})",
    "d": r"(?P<day>\d{1,2})",
    "H": r"(?P<hour>\d{1,2})",
    "m": r"(?P<minute>\d{1,2})",
    "s": r"(?P<second>\d{1,2})",
    "S": r"(?P<microsecond>\d{1,6})\d{0,3}",
    "X": r"(?P<offset>Z|[+-]\d\d:?\d\d)",
    "E": r"[A-Za-z]{3,9}",
}


def read(text: str, parts: tuple[Part, ...]) -> datetime:
    """A date from a text by a pattern of years, months (English), days, times and offsets. Raises Unfit."""
    found = _reader(parts).fullmatch(text.strip()) if len(text) <= TEXT_CHARACTERS else None
    if found is None:
        raise Unfit("a date that is written as the pattern says")
    try:
        return _read(found.groupdict())
    except ValueError:
        raise Unfit("a date of the calendar") from None


@functools.lru_cache(maxsize=1_000)
def _reader(parts: tuple[Part, ...]) -> re.Pattern[str]:
    letters = [part.letter for part in parts if part.letter]
    unread = [letter for letter in letters if letter not in _READERS and letter != "M"]
    if unread or len(set(letters)) < len(letters) or {"y", "u"} <= set(letters):
        raise Unfit("a pattern to read a date by, as in yyyy-MM-dd HH:mm:ss")
    return re.compile("".join(_expression(part) for part in parts))


def _expression(part: Part) -> str:
    if part.letter == "M":
        return r"(?P<month>\d{1,2})" if part.width < 3 else r"(?P<month>[A-Za-z]{3,9})"
    if part.letter == "y" and part.width == 2:
        return r"(?P<year>\d{2})"
    return _READERS[part.letter] if part.letter else re.escape(part.text)


def _read(found: dict[str, str]) -> datetime:
    month, offset = found.pop("month", "1"), found.pop("offset", "Z")
    if "microsecond" in found:
        found["microsecond"] = found["microsecond"].ljust(6, "0")
    numbers = {name: int(digits) for name, digits in found.items()}
    year = numbers.pop("year", 1970)
    zone = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo
    moment = datetime(
        2_000 + year if len(found.get("year", "")) == 2 else year,
        int(month) if month.isdecimal() else _month_number(month.lower()),
        numbers.pop("day", 1),
        tzinfo=zone or UTC,
    )
    return moment.replace(**numbers)  # type: ignore[arg-type]


def _month_number(name: str) -> int:
    number = _MONTHS.get(name) or _SHORT.get(name)
    if number is None:
        raise ValueError(name)
    return number
