"""Functions of numbers. Pure. Raises Unfit where there is no such number."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from retour.rendering.kinds import flag, whole
from retour.rendering.locales import Place
from retour.rendering.signatures import function
from retour.rendering.values import Unfit, number_of, settled

DIGITS = 15
LARGEST = 10**15  # that is written in digits


def format_number(number: float, place: Place) -> str:
    """With the separators of a locale, and three decimals at most."""
    digits = _rounded(number, 3)
    return ("-" if digits.startswith("-") else "") + _grouped(digits, place, decimals=0)


def format_currency(number: float, place: Place) -> str:
    """An amount in the currency of a locale's territory, with two decimals."""
    digits = _rounded(number, 2)
    shape = place.debt if digits.startswith("-") else place.amount
    return shape.replace("n", _grouped(digits, place, decimals=2), 1)


def _rounded(number: float, decimals: int) -> str:
    if abs(number) >= LARGEST:
        raise Unfit("less large")
    rounded = Decimal(repr(number)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    return f"{rounded or abs(rounded):f}"


def _grouped(digits: str, place: Place, decimals: int) -> str:
    integer, _, fraction = digits.lstrip("-").partition(".")
    fraction = fraction if decimals else fraction.rstrip("0")
    grouped = f"{int(integer):,}" if len(integer) >= place.least else integer
    return grouped.replace(",", place.group) + (place.point + fraction if fraction else "")


def to_percentage(number: float) -> str:
    """`0.25` is `25%`."""
    return f"{settled(number * 100)}%"


def to_precision(number: float, digits: int) -> str:
    """With so many digits (1 to 15) in all."""
    if not 1 <= digits <= DIGITS:
        raise Unfit(f"1 to {DIGITS}")
    return format(Decimal(f"{number:.{digits - 1}e}"), "f")


def to_hex(number: int) -> str:
    """Hexadecimal."""
    return f"{number:x}"


def round_up(number: float) -> int | float:
    """The next integer above."""
    return settled(math.ceil(number))


def round_down(number: float) -> int | float:
    """The next integer below."""
    return settled(math.floor(number))


def absolute(number: float) -> float:
    """Without its sign."""
    return abs(number)


def to_int(value: Any) -> int | None:
    """Of a number or a text, its fraction cut off; of true, 1."""
    return int(value) if isinstance(value, bool) else whole(value)


def to_number(text: str) -> int | float | str | None:
    """Of a text; one that is no number stays as it is."""
    try:
        return number_of(text)
    except Unfit:
        return text


def to_bool(value: Any) -> bool:
    """Whether it is true, the text `true`, or a number other than 0."""
    try:
        return bool(flag(value))
    except Unfit:
        return isinstance(value, int | float) and value != 0


FUNCTIONS = (
    function("formatNumber(number, locale) -> text", format_number, cost=2_000, passes_on=True),
    function("formatCurrency(number, locale) -> text", format_currency, cost=2_000, passes_on=True),
    function("toPercentage(number) -> text", to_percentage, passes_on=True),
    function("toPrecision(number, whole) -> text", to_precision, cost=2_000, passes_on=True),
    function("toHexString(whole) -> text", to_hex, passes_on=True),
    function("roundUp(number) -> number", round_up, passes_on=True),
    function("roundDown(number) -> number", round_down, passes_on=True),
    function("absolute(number) -> number", absolute, passes_on=True),
    function("toInt(value) -> whole", to_int, passes_on=True),
    function("stringToNumber(text) -> value", to_number, passes_on=True),
    function("string_to_integer(text) -> whole", to_int, passes_on=True),
    function("toString(text) -> text", str, passes_on=True),
    function("toBool(value) -> flag", to_bool),
)
