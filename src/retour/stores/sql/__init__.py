"""The SQL text: named statements, and migrations in order. What one database does differently has files of its own.

A value has a name in the text (`:name`), and a place where it is bound: drivers bind by place faster than by name.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

PARAMETER = re.compile(r"(?<!:):(\w+)")


def names_of(text: str) -> tuple[str, ...]:
    """The values that one statement takes, each once, in the order of their places."""
    return tuple(dict.fromkeys(PARAMETER.findall(text)))


class Statement(NamedTuple):
    """As a driver has it; names: of its values, in the order of their places."""

    text: str
    names: tuple[str, ...]

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """In that order. Raises KeyError for one that is missing."""
        return [values[name] for name in self.names]


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
