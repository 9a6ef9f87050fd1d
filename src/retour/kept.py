"""Values kept in memory, the ones used last."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Generic, TypeVar

T = TypeVar("T")
MOST = 10_000


class Kept(Generic[T]):
    """At most `most` values by key; what was kept or asked for last stays."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._values: OrderedDict[Any, T] = OrderedDict()

    def get(self, key: Any) -> T | None:
        """The value, or None."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def keep(self, key: Any, value: T) -> T:
        """Remember and return it."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return value

    def drop(self, key: Any) -> None:
        """Forget it."""
        self._values.pop(key, None)
