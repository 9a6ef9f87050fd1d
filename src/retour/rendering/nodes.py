"""Expressions of a template, read and not yet evaluated. Plain values; equal in writing is equal in `repr`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from retour.rendering.signatures import Function

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, true, false or null, as Python has it."""

    value: object


@dataclass(frozen=True, slots=True)
class Path:
    """A variable of the data: `profile` or `context`, and the steps from there.

    across: a step that meets a list takes that step in each of its items (in what a function takes as a list).
    """

    steps: Steps
    across: bool = False

    @property
    def name(self) -> str:
        """As it is told: `context.order.id`."""
        return ".".join(self.steps)


@dataclass(frozen=True, slots=True)
class Local:
    """What a block or a let names: where it is kept, and the steps from there."""

    slot: int
    steps: Steps = ()
    across: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function, its arguments, and steps into what it returns."""

    function: Function
    arguments: tuple[Node, ...]
    line: int
    steps: Steps = ()


@dataclass(frozen=True, slots=True)
class Calculation:
    """`+ - * / %` with two sides."""

    sign: str
    left: Node
    right: Node
    line: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`= != < <= > >=` with two sides."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Chain:
    """`and`, `or` or `?:` with two terms or more, or the items of a list (`[]`)."""

    sign: str
    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`not` and a term."""

    term: Node


Node = Literal | Path | Local | Call | Calculation | Comparison | Chain | Not


@dataclass(slots=True)
class Frame:
    """What `this`, `@index` and the like mean inside an each or a with, and the names after `as`.

    origin: where in the data `this` comes from (see examples.py), so that what is used of it is told as used there.
    """

    this: int
    loop: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    origin: Steps = ()


def inner(node: Node) -> tuple[Node, ...]:
    """The expressions that a node is made of."""
    match node:
        case Call():
            return node.arguments
        case Calculation() | Comparison():
            return (node.left, node.right)
        case Chain():
            return node.terms
        case Not():
            return (node.term,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all that it is made of."""
    yield node
    for each in inner(node):
        yield from walk(each)


def is_plain(node: Node) -> bool:
    """Whether its value is the same wherever it stands, is had without work, and can't fail."""
    return not any(isinstance(each, Local | Call | Calculation) for each in walk(node))


def demanded(node: Node) -> set[str]:
    """The variables without which nothing sensible is written by a tag of this."""
    match node:
        case Path():
            return {node.name}
        case Call() if node.function.passes_on:
            return set().union(*map(demanded, node.arguments[:1]))
        case Calculation():
            return demanded(node.left) | demanded(node.right)
    return set()
