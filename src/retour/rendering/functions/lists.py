"""Functions of lists and objects. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from retour.rendering.signatures import function
from retour.rendering.values import Unfit, compare, is_filled, number_of, settled, text_of


def _key(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def count(items: list[Any]) -> int:
    """Items that are not null."""
    return sum(item is not None for item in items)


def count_only_null(items: list[Any]) -> int:
    """Items that are null."""
    return sum(item is None for item in items)


def distinct(items: list[Any]) -> list[Any]:
    """Each value once, in order of appearance."""
    found: dict[bytes, Any] = {}
    for item in items:
        found.setdefault(_key(item), item)
    return list(found.values())


def distinct_count(items: list[Any]) -> int:
    """Different values, null among them."""
    return len({_key(item) for item in items})


def head(items: list[Any]) -> Any:
    """The first item."""
    return items[0] if items else None


def is_in(value: Any, items: list[Any]) -> bool:
    """Whether a list holds a value, compared as with =."""
    wanted = text_of(value) if isinstance(value, list | dict) else value
    return any(compare("=", wanted, item) for item in items)


def not_in(value: Any, items: list[Any]) -> bool:
    """Whether there is a value, and a list does not hold it."""
    return value is not None and not is_in(value, items)


def includes(items: list[Any], value: Any) -> bool:
    """Whether a list holds a value, compared as with =."""
    return is_in(value, items)


def intersects(one: list[Any], two: list[Any]) -> bool:
    """Whether two lists share an item."""
    return not {_key(item) for item in one}.isdisjoint(_key(item) for item in two)


def subset_of(one: list[Any], two: list[Any]) -> bool:
    """Whether the second list holds all items of the first."""
    return {_key(item) for item in one} <= {_key(item) for item in two}


def superset_of(one: list[Any], two: list[Any]) -> bool:
    """Whether the first list holds all items of the second."""
    return subset_of(two, one)


def top(items: list[Any], name: str, amount: int) -> list[Any]:
    """So many items with the largest numbers in a property; those without one come last."""
    return _ranked(items, name, largest_first=True)[: max(amount, 0)]


def bottom(items: list[Any], name: str, amount: int) -> list[Any]:
    """So many items with the smallest numbers in a property; those without one come last."""
    return _ranked(items, name, largest_first=False)[: max(amount, 0)]


def _ranked(items: list[Any], name: str, *, largest_first: bool) -> list[Any]:
    def rank(item: Any) -> tuple[bool, float]:
        number = _number_in(item, name)
        return (number is None, 0 if number is None else -number if largest_first else number)

    return sorted(items, key=rank)


def _number_in(item: Any, name: str) -> float | None:
    try:
        return number_of(item.get(name)) if type(item) is dict else None
    except Unfit:
        return None


def total(items: list[Any]) -> int | float:
    """The sum of the numbers."""
    return settled(sum(_numbers(items)))


def average(items: list[Any]) -> int | float | None:
    """The mean of the numbers."""
    numbers = _numbers(items)
    return settled(sum(numbers) / len(numbers)) if numbers else None


def largest(items: list[Any]) -> int | float | None:
    """The largest of the numbers."""
    return max(_numbers(items), default=None)


def smallest(items: list[Any]) -> int | float | None:
    """The smallest of the numbers."""
    return min(_numbers(items), default=None)


def _numbers(items: list[Any]) -> list[int | float]:
    found = [number_of(item) for item in items if is_filled(item)]
    return [number for number in found if number is not None]


def value_at(mapping: dict[str, Any], key: str) -> Any:
    """What an object holds under a name."""
    return mapping.get(key)


def keys(mapping: dict[str, Any]) -> list[str]:
    """The names that an object holds."""
    return list(mapping)


def all_values(mapping: dict[str, Any]) -> list[Any]:
    """What an object holds."""
    return list(mapping.values())


FUNCTIONS = (
    function("count(list) -> whole", count),
    function("countOnlyNull(list) -> whole", count_only_null),
    function("countWithNull(list) -> whole", len),
    function("distinct(list) -> list", distinct, deep=True),
    function("distinctCountWithNull(list) -> whole", distinct_count, deep=True),
    function("head(list) -> value", head, passes_on=True),
    function("in(value, list) -> flag", is_in, deep=True),
    function("notIn(value, list) -> flag", not_in, deep=True),
    function("includes(list, value) -> flag", includes, deep=True),
    function("intersects(list, list) -> flag", intersects, deep=True),
    function("subsetOf(list, list) -> flag", subset_of, deep=True),
    function("supersetOf(list, list) -> flag", superset_of, deep=True),
    function("topN(list, property, whole) -> list", top, deep=True),
    function("bottomN(list, property, whole) -> list", bottom, deep=True),
    function("sum(list) -> number", total),
    function("average(list) -> number", average, passes_on=True),
    function("max(list) -> number", largest, passes_on=True),
    function("min(list) -> number", smallest, passes_on=True),
    function("get(object, text) -> value", value_at),
    function("keys(object) -> list", keys),
    function("values(object) -> list", all_values),
)
