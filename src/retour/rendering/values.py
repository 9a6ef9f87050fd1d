"""What a value of a template counts as: its text, whether it is true, its number; and how two are compared. Pure.

Values are plain JSON data (None, bool, int, float, str, list, dict) and, from functions, datetimes with a zone.
Absent, null and an empty list are the empty text. 0, false and the empty text are false in a condition,
everything else is true, `{}` too (Handlebars). A list or an object is written as JSON.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

NUMERIC = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
EXACT = 2**53  # up to here a float holds every integer, in JSON and elsewhere
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Unfit(Exception):
    """A value can't be what is needed here; the text ends a sentence: `a number, as in 12 or 0.5`."""


# --- reading the data ---


def step_into(value: Any, steps: tuple[str, ...]) -> Any:
    """Follows names of objects and numbers of list items (from 0). None where there is no way on."""
    for step in steps:
        if type(value) is dict:
            value = value.get(step)
        elif type(value) is list:
            value = _item(value, step)
        else:
            return None
    return value


def step_across(value: Any, steps: tuple[str, ...]) -> Any:
    """As `step_into`, but a name that meets a list is looked up in each item, and the lists found are joined."""
    for number, step in enumerate(steps):
        if type(value) is list and not step.isdecimal():
            return _each_item(value, steps[number:])
        value = step_into(value, (step,))
    return value


def _each_item(items: list[Any], steps: tuple[str, ...]) -> list[Any]:
    """What the items have there; those that have nothing are left out."""
    all_found: list[Any] = []
    for item in items:
        found = step_across(item, steps) if type(item) is dict else None
        if type(found) is list:
            all_found.extend(found)
        elif found is not None:
            all_found.append(found)
    return all_found


def _item(items: list[Any], step: str) -> Any:
    if not step.isdecimal() or len(step) > 6:
        return None
    return items[int(step)] if int(step) < len(items) else None


# --- what a value counts as ---


def is_filled(value: Any) -> bool:
    """Whether `?:` takes it: neither absent, null, an empty text nor an empty list."""
    return not (value is None or value == "" or value == [])


def is_true(value: Any) -> bool:
    """In a condition."""
    return bool(value) or type(value) is dict


def text_of(value: Any, name: str = "A value") -> str:
    """As a template writes it. Raises TypeError for what JSON does not decode to."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if value is None or value == []:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        return str(value)
    if kind is dict or kind is list:
        return msgspec.json.encode(value).decode()
    if isinstance(value, datetime):
        return date_text(value)
    raise TypeError(f"{name} is a {kind.__name__}; templates take plain JSON data only")


def escaped(text: str) -> str:
    """For HTML, as Handlebars does it: also safe in an attribute without quotes."""
    if text.isalnum():
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text.replace("'", "&#x27;").replace("`", "&#x60;").replace("=", "&#x3D;")


def date_text(moment: datetime) -> str:
    """ISO 8601 as Java writes a ZonedDateTime: without seconds that are zero, with `Z` or the zone's name."""
    precision = "microseconds" if moment.microsecond else "seconds" if moment.second else "minutes"
    zone = getattr(moment.tzinfo, "key", None)
    if zone == "UTC" or (zone is None and not moment.utcoffset()):
        return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"
    return moment.isoformat(timespec=precision) + (f"[{zone}]" if zone else "")


def number_of(value: Any) -> int | float | None:
    """A number, or a text that reads as one; None for what is absent or empty. Raises Unfit."""
    if type(value) is int or type(value) is float:
        return value if -EXACT <= value <= EXACT else _large(value)
    if not is_filled(value):
        return None
    if type(value) is str and NUMERIC.fullmatch(value.strip()):
        return float(value) if "." in value else int(value)
    raise Unfit("a number, as in 12 or 0.5")


def _large(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise Unfit("a number of less than 309 digits") from None


def settled(value: float) -> int | float:
    """The result of a calculation: 15 digits, and an integer if it is one, so that 0.1 + 0.2 is 0.3. Raises Unfit."""
    if type(value) is int and -EXACT <= value <= EXACT:
        return value
    if not math.isfinite(value):
        raise Unfit("less large")
    rounded = float(f"{value:.15g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) <= EXACT else rounded


# --- two values ---


def compare(sign: str, left: Any, right: Any) -> bool:
    """A comparison of a template; texts that look like the other side's number or truth value count as one.

    AJO sends context attributes as text, so "12" > 9 is true. What can't be ordered is neither less nor more.
    """
    if isinstance(left, datetime) and isinstance(right, datetime):
        return _SIGNS[sign](left, right)
    left, right = _scalar(left), _scalar(right)
    left, right = _like(left, right), _like(right, left)
    alike = isinstance(left, str) == isinstance(right, str) and isinstance(left, bool) == isinstance(
        right, bool
    )
    return _SIGNS[sign](left, right) if alike else sign == "!="


def _scalar(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else text_of(value)


def _like(value: Any, other: Any) -> Any:
    """A text as what the other side is, where it reads as one."""
    if not isinstance(value, str) or isinstance(other, str):
        return value
    if isinstance(other, bool):
        return {"true": True, "false": False}.get(value, value)
    return float(value) if NUMERIC.fullmatch(value) else value


def calculate(sign: str, left: Any, right: Any) -> Any:
    """`+ - * / %`. `+` joins two values unless both are numbers, or one is and the other reads as one.

    What is absent counts as 0 beside a number. Raises Unfit.
    """
    if sign == "+" and not _adds(left, right):
        return text_of(left) + text_of(right)
    one, two = number_of(left) or 0, number_of(right) or 0
    if sign in "/%" and not two:
        raise Unfit("divided by something else than 0")
    return settled(_exactly(sign, one, two))


def _exactly(sign: str, one: float, two: float) -> float:
    match sign:
        case "+":
            return one + two
        case "-":
            return one - two
        case "*":
            return one * two
        case "/":
            return one / two
    return math.fmod(one, two)


def _adds(left: Any, right: Any) -> bool:
    number = [type(value) in (int, float) for value in (left, right)]
    return any(number) and all(
        is_number or not is_filled(value) or (type(value) is str and NUMERIC.fullmatch(value.strip()))
        for is_number, value in zip(number, (left, right), strict=True)
    )
