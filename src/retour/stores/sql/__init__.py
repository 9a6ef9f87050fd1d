"""The SQL text: named statements, and migrations in order. What one database does differently has files of its own.

A value has a name in the text (`:name`), and a place where it is bound: drivers bind by place faster than by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from operator import attrgetter, itemgetter
from typing import Any, TypeAlias

from retour.model import Value

Source: TypeAlias = dict[str, Any] | Value
PARAMETER = re.compile(r"(?<!:):(\w+)")


def names_of(text: str) -> tuple[str, ...]:
    """The values that one statement takes, each once, in the order of their places."""
    return tuple(dict.fromkeys(PARAMETER.findall(text)))


class Statement:
    """As a driver has it; names: of its values, in the order of their places."""

    __slots__ = ("_fields", "_items", "names", "text")

    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        self.text = text
        self.names = names
        self._items = _taker(itemgetter, names)
        self._fields = _taker(attrgetter, names)

    def arguments(self, values: Source) -> tuple[Any, ...]:
        """In that order, by the names of a dict or of a row's fields. Raises KeyError or AttributeError for one that
        is missing."""
        return self._items(values) if isinstance(values, dict) else self._fields(values)


def _taker(getter: Callable[..., Any], names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """All of the names at once, as a tuple also of one or none."""
    if len(names) > 1:
        taker: Callable[[Any], tuple[Any, ...]] = getter(*names)
        return taker
    getters = [getter(name) for name in names]
    return lambda values: tuple(get(values) for get in getters)


@cache
def statements(plug: str = "") -> dict[str, str]:
    """Every named statement. plug: with those of its own file, which take the place of common ones."""
    folder = files(__name__)
    found: dict[str, str] = {}
    for file in sorted((folder / "common").iterdir(), key=lambda entry: entry.name):
        found |= _named(file) if file.name.endswith(".sql") else {}
    return found | _named(folder / f"{plug}.sql") if plug else found


def _named(file: Traversable) -> dict[str, str]:
    text = file.read_text()
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.M)[1:]
    return {name: _bare(body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _bare(body: str) -> str:
    return "\n".join(line for line in body.splitlines() if line and not line.startswith("--"))


def migrations(plug: str = "") -> list[tuple[int, str]]:
    """(number, script) of each migration, in order. plug: what its folder adds to a number runs after that one."""
    folder = files(__name__) / "migrations"
    scripts = _numbered(folder)
    added = dict(_numbered(folder / plug)) if plug else {}
    return [(number, script + added.get(number, "")) for number, script in scripts]


def _numbered(folder: Traversable) -> list[tuple[int, str]]:
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(int(name[:4]), (folder / name).read_text()) for name in names]
