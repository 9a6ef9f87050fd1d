"""Functions that say true or false of a value. Pure."""

from __future__ import annotations

import re
from typing import Any

from retour.rendering.signatures import function
from retour.rendering.values import Unfit, is_filled

LIKE_CHARACTERS = 1_000  # of a text with `_` in its pattern: each place is tried
LIKE_PATTERN_CHARACTERS = 200


def _folded(text: str, part: str, exact: bool | None) -> tuple[str, str]:
    return (text.casefold(), part.casefold()) if exact is False else (text, part)


def contains(text: str, part: str, exact: bool | None = True) -> bool:
    """Whether a text holds another; exact: capitals count."""
    text, part = _folded(text, part, exact)
    return part in text


def starts_with(text: str, part: str, exact: bool | None = True) -> bool:
    """Whether a text starts with another."""
    text, part = _folded(text, part, exact)
    return text.startswith(part)


def ends_with(text: str, part: str, exact: bool | None = True) -> bool:
    """Whether a text ends with another."""
    text, part = _folded(text, part, exact)
    return text.endswith(part)


def does_not_contain(text: str, part: str, exact: bool | None = True) -> bool:
    """The contrary of contains."""
    return not contains(text, part, exact)


def does_not_start_with(text: str, part: str, exact: bool | None = True) -> bool:
    """The contrary of startsWith."""
    return not starts_with(text, part, exact)


def does_not_end_with(text: str, part: str, exact: bool | None = True) -> bool:
    """The contrary of endsWith."""
    return not ends_with(text, part, exact)


def equals(one: str, two: str) -> bool:
    """Whether two texts are the same."""
    return one == two


def not_equal_to(one: str, two: str) -> bool:
    """Whether two texts differ."""
    return one != two


def equals_ignore_case(one: str, two: str) -> bool:
    """Whether two texts are the same but for capitals."""
    return one.casefold() == two.casefold()


def not_equal_with_ignore_case(one: str, two: str) -> bool:
    """Whether two texts differ in more than capitals."""
    return one.casefold() != two.casefold()


def equals_any_ignore_case(text: str, *others: str) -> bool:
    """Whether one of the others is the same but for capitals."""
    return text.casefold() in [other.casefold() for other in others]


def compare_to(one: str, two: str) -> int:
    """-1, 0 or 1: before, same, after, by Unicode number."""
    return (one > two) - (one < two)


def like(text: str, pattern: str) -> bool:
    """Whether a text is as a pattern: `%` is any text, `_` one character. Raises Unfit."""
    if len(pattern) > LIKE_PATTERN_CHARACTERS:
        raise Unfit(f"a pattern of {LIKE_PATTERN_CHARACTERS} characters at most")
    if "_" in pattern and len(text) > LIKE_CHARACTERS:
        raise Unfit(f"{LIKE_CHARACTERS:,} characters long at most beside _")
    first, *rest = (_piece(piece) for piece in pattern.split("%"))
    found = re.compile(first).match(text) if rest else re.compile(first).fullmatch(text)
    if not rest or found is None:
        return found is not None
    *middle, last = rest
    at = found.end()
    for piece in middle:
        found = re.compile(piece).search(text, at)
        if found is None:
            return False
        at = found.end()
    start = len(text) - len(pattern.rpartition("%")[2])
    return start >= at and re.compile(last).match(text, start) is not None


def _piece(text: str) -> str:
    """Of a fixed length, so that it is found in one pass."""
    return "(?s)" + re.escape(text).replace("_", ".")


def is_empty(value: Any) -> bool:
    """Absent, null, an empty text, an empty list or an empty object."""
    return not is_filled(value) or value == {}


def is_not_empty(value: Any) -> bool:
    """The contrary of isEmpty."""
    return not is_empty(value)


def is_null(value: Any) -> bool:
    """Absent or null."""
    return value is None


def is_not_null(value: Any) -> bool:
    """The contrary of isNull."""
    return value is not None


FUNCTIONS = (
    function("contains(text, text, flag?) -> flag", contains),
    function("doesNotContain(text, text, flag?) -> flag", does_not_contain),
    function("startsWith(text, text, flag?) -> flag", starts_with),
    function("doesNotStartWith(text, text, flag?) -> flag", does_not_start_with),
    function("endsWith(text, text, flag?) -> flag", ends_with),
    function("doesNotEndWith(text, text, flag?) -> flag", does_not_end_with),
    function("equals(text, text) -> flag", equals),
    function("notEqualTo(text, text) -> flag", not_equal_to),
    function("equalsIgnoreCase(text, text) -> flag", equals_ignore_case),
    function("notEqualWithIgnoreCase(text, text) -> flag", not_equal_with_ignore_case),
    function("equalsAnyIgnoreCase(text, text...) -> flag", equals_any_ignore_case),
    function("compareTo(text, text) -> whole", compare_to),
    function("like(text, text) -> flag", like, cost=10_000),
    function("isEmpty(value) -> flag", is_empty),
    function("isNotEmpty(value) -> flag", is_not_empty),
    function("isNull(value) -> flag", is_null),
    function("isNotNull(value) -> flag", is_not_null),
)
