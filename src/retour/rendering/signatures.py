"""How a function of a template is written down: `contains(text, text, flag?) -> flag`.

Each kind of parameter says what fits it; the same rule is used when a template is published (for what stands in it)
and when a message is rendered (for what the data holds).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MOST_ARGUMENTS = 20  # of a function that takes any number
SIGNATURE = re.compile(r"(\w+)\((.*)\) -> (\w+)")


class Kind(StrEnum):
    """What a parameter takes, or a function returns."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole"
    FLAG = "flag"
    DATE = "date"
    LIST = "list"
    OBJECT = "object"
    VALUE = "value"
    PATTERN = "pattern"  # of a date; stands in the template
    LOCALE = "locale"
    ZONE = "zone"
    PROPERTY = "property"  # a name, with or without quotes; stands in the template
    MATCH = "match"  # what replaceAll looks for; stands in the template


STANDING = frozenset({Kind.PATTERN, Kind.PROPERTY, Kind.MATCH})
SCALARS = frozenset({Kind.TEXT, Kind.NUMBER, Kind.WHOLE, Kind.FLAG, Kind.DATE})
WRITTEN = SCALARS | {Kind.VALUE}
FITS = {
    Kind.TEXT: WRITTEN,
    Kind.NUMBER: frozenset({Kind.NUMBER, Kind.WHOLE, Kind.TEXT, Kind.VALUE}),
    Kind.WHOLE: frozenset({Kind.NUMBER, Kind.WHOLE, Kind.TEXT, Kind.VALUE}),
    Kind.FLAG: frozenset({Kind.FLAG, Kind.TEXT, Kind.VALUE}),
    Kind.DATE: frozenset({Kind.DATE, Kind.TEXT, Kind.NUMBER, Kind.WHOLE, Kind.VALUE}),
    Kind.LIST: frozenset({Kind.LIST, Kind.VALUE}),
    Kind.OBJECT: frozenset({Kind.OBJECT, Kind.VALUE}),
    Kind.LOCALE: frozenset({Kind.TEXT, Kind.VALUE}),
    Kind.ZONE: frozenset({Kind.TEXT, Kind.VALUE}),
    Kind.VALUE: frozenset(Kind),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. repeated: any number of them, `text...`."""

    kind: Kind
    optional: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function of templates. run: takes fitted values (see kinds.FIT), may raise values.Unfit.

    passes_on: it writes its first argument in another form, so that a message that lacks it lacks something.
    deep: it works on all that its lists hold, or on each character by itself.
    by_clock: `run` gets the time (microseconds UTC) first.
    """

    name: str
    signature: str
    parameters: tuple[Parameter, ...]
    returns: Kind
    run: Callable[..., Any]
    cost: int
    passes_on: bool
    deep: bool
    by_clock: bool

    def __repr__(self) -> str:
        return self.name

    @property
    def least(self) -> int:
        """Arguments, at least."""
        return sum(not parameter.optional and not parameter.repeated for parameter in self.parameters)

    @property
    def most(self) -> int:
        """Arguments, at most."""
        repeated = any(parameter.repeated for parameter in self.parameters)
        return MOST_ARGUMENTS if repeated else len(self.parameters)

    def parameter(self, number: int) -> Parameter:
        """Of an argument, from 0."""
        return self.parameters[min(number, len(self.parameters) - 1)]


CALL_COST = 300  # in characters of text that could be worked on meanwhile


def function(
    signature: str,
    run: Callable[..., Any],
    *,
    cost: int = CALL_COST,
    passes_on: bool = False,
    deep: bool = False,
    by_clock: bool = False,
) -> Function:
    """From `name(kind, kind?, kind...) -> kind`."""
    found = SIGNATURE.fullmatch(signature)
    if found is None:
        raise ValueError(f"{signature!r} is no signature")
    name, inside, returns = found.groups()
    parameters = tuple(_parameter(text) for text in inside.split(", ") if text)
    return Function(name, signature, parameters, Kind(returns), run, cost, passes_on, deep, by_clock)


def _parameter(text: str) -> Parameter:
    kind = Kind(text.rstrip("?."))
    return Parameter(kind, optional=text.endswith("?"), repeated=text.endswith("..."))
