"""Expressions made into closures, and the state of one rendering that they read. No template code reaches Python.

Whatever a template does is counted: see `Rendering.charge`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from retour import limits
from retour.rendering.kinds import FIT_DATA, PASSED_ON
from retour.rendering.nodes import Calculation, Call, Chain, Comparison, Literal, Local, Node, Not, Path
from retour.rendering.problems import RenderTrouble
from retour.rendering.signatures import Function, Kind
from retour.rendering.values import (
    Unfit,
    calculate,
    compare,
    escaped,
    is_filled,
    is_true,
    step_across,
    step_into,
    text_of,
)

WORK = 100_000_000  # characters read or written by functions: some half a second
NODE_COST = 200  # of a value, an operator, a turn of a loop
DEEP = 4  # times as much work
EACH_ITEMS = 1_000  # of one each; a longer list is no message
LOOP_NAMES = ("this", "index", "key", "first", "last")

Evaluate = Callable[["Rendering"], Any]


class Rendering:
    """One message while it is made. now: microseconds UTC. slots: what blocks and lets name."""

    __slots__ = ("data", "loops", "now", "slots", "steps", "work", "written")

    def __init__(self, data: dict[str, Any], now: int) -> None:
        self.data = data
        self.now = now
        self.work = WORK
        self.written = 0
        self.steps: tuple[Evaluate, ...] = ()
        self.slots: list[Any] = []
        self.loops: dict[int, tuple[Iterator[tuple[int, Any]], list[str] | None, int]] = {}

    def begin(self, steps: tuple[Evaluate, ...], slots: int) -> None:
        """The next part of the message."""
        self.steps = steps
        self.slots = [None] * slots

    def step(self, number: int) -> Any:
        """What minijinja calls at a tag: text to write, a truth value, or how often a loop turns."""
        return self.steps[number](self)

    def charge(self, characters: int) -> None:
        """Counts work. Raises RenderTrouble when it is too much."""
        self.work -= characters
        if self.work < 0:
            raise RenderTrouble("The message takes too much work to render. Send less data.")

    def write(self, characters: int) -> None:
        """Counts what is written. Raises RenderTrouble when no message can be that long."""
        self.written += characters
        if self.written > limits.RENDERED_BYTES:
            raise RenderTrouble(too_long("message"))


def too_long(what: str) -> str:
    """A sentence."""
    return f"The rendered {what} has more than {limits.RENDERED_BYTES:,} bytes. Send less data."


def evaluator(node: Node) -> Evaluate:
    """The closure that has the value of an expression."""
    match node:
        case Literal():
            value = node.value
            return lambda rendering: value
        case Path():
            return _path(node)
        case Local():
            return _local(node)
        case Call():
            return _call(node)
        case Calculation():
            return _calculation(node)
        case Comparison():
            return _comparison(node)
        case Not():
            term = evaluator(node.term)
            return lambda rendering: not is_true(term(rendering))
    return _chain(node)


def _path(node: Path) -> Evaluate:
    steps, step = node.steps, step_across if node.across else step_into
    return lambda rendering: step(rendering.data, steps)


def _local(node: Local) -> Evaluate:
    slot, steps, step = node.slot, node.steps, step_across if node.across else step_into
    if not steps:
        return lambda rendering: rendering.slots[slot]
    return lambda rendering: step(rendering.slots[slot], steps)


def _comparison(node: Comparison) -> Evaluate:
    sign, left, right = node.sign, evaluator(node.left), evaluator(node.right)

    def evaluate(rendering: Rendering) -> bool:
        return compare(sign, _comparable(rendering, left), _comparable(rendering, right))

    return evaluate


def _comparable(rendering: Rendering, value_of: Evaluate) -> Any:
    """A value, weighed; a list or an object as its JSON."""
    value = value_of(rendering)
    if type(value) is dict or type(value) is list:
        value = text_of(value)
    rendering.charge(_size(value))
    return value


def _calculation(node: Calculation) -> Evaluate:
    sign, left, right = node.sign, evaluator(node.left), evaluator(node.right)

    def evaluate(rendering: Rendering) -> Any:
        try:
            value = calculate(sign, left(rendering), right(rendering))
        except Unfit as unfit:
            raise RenderTrouble(f"A side of {sign} in line {node.line} has to be {unfit}.") from None
        return _made(rendering, value, sign, node.line)

    return evaluate


def _chain(node: Chain) -> Evaluate:
    terms = [evaluator(term) for term in node.terms]
    *others, last = terms or [evaluator(Literal(None))]
    match node.sign:
        case "and":
            return lambda rendering: all(is_true(term(rendering)) for term in terms)
        case "or":
            return lambda rendering: any(is_true(term(rendering)) for term in terms)
        case "?:":

            def first_filled(rendering: Rendering) -> Any:
                for term in others:
                    if is_filled(value := term(rendering)):
                        return value
                return last(rendering)

            return first_filled
    return lambda rendering: [_flat(term(rendering)) for term in terms]


def _flat(value: Any) -> Any:
    """An item of a list in brackets; lists of lists could grow without end in a loop."""
    if type(value) is dict or type(value) is list:
        raise RenderTrouble("A list in brackets can't hold a list or an object.")
    return value


# --- functions ---


def _call(node: Call) -> Evaluate:
    function, line, steps = node.function, node.line, node.steps
    arguments = [_argument(node, number) for number in range(len(node.arguments))]

    def evaluate(rendering: Rendering) -> Any:
        rendering.charge(function.cost)
        values: list[Any] = [rendering.now] if function.by_clock else []
        for argument, is_passed_on in arguments:
            value = argument(rendering)
            if value is None and is_passed_on:
                return None
            values.append(value)
        try:
            value = function.run(*values)
        except Unfit as unfit:
            raise RenderTrouble(f"What {function} works on in line {line} has to be {unfit}.") from None
        value = _made(rendering, value, function.name, line)
        return step_into(value, steps) if steps else value

    return evaluate


def _argument(node: Call, number: int) -> tuple[Evaluate, bool]:
    """An argument as the function gets it, and whether the call has no value when it has none."""
    parameter = node.function.parameter(number)
    value_of, fit = evaluator(node.arguments[number]), FIT_DATA[parameter.kind]

    def fitted(rendering: Rendering) -> Any:
        value = value_of(rendering)
        rendering.charge(_weight(value, node.function))
        try:
            return fit(value)
        except Unfit as unfit:
            where = f"Argument {number + 1} of {node.function} in line {node.line}"
            raise RenderTrouble(f"{where} has to be {unfit}.") from None

    return fitted, parameter.kind in PASSED_ON and not parameter.optional


def _weight(value: Any, function: Function) -> int:
    """How much work an argument is, in characters."""
    if type(value) is not dict and type(value) is not list:
        return _size(value) * (DEEP if function.deep else 1)
    is_written = function.deep or any(parameter.kind is Kind.TEXT for parameter in function.parameters)
    written = len(msgspec.json.encode(value)) * DEEP if is_written else 0
    return len(value) * NODE_COST + written


def _size(value: Any) -> int:
    return len(value) if type(value) is str else NODE_COST


def _made(rendering: Rendering, value: Any, what: str, line: int) -> Any:
    """A result, weighed: no text and no list becomes longer than a message can be."""
    if type(value) is str or type(value) is list:
        size = len(value)
        if size > limits.RENDERED_BYTES:
            raise RenderTrouble(f"What {what} makes in line {line} is too long. Send less data.")
        rendering.charge(size)
    return value


# --- tags ---


def text_step(node: Node, *, is_escaped: bool) -> Evaluate:
    """Of a tag that writes a value."""
    value_of = evaluator(node)

    def write(rendering: Rendering) -> str:
        rendering.charge(NODE_COST)
        value = value_of(rendering)
        text = value if type(value) is str else text_of(value)
        if is_escaped:
            text = escaped(text)
        rendering.charge(len(text))
        rendering.write(len(text))
        return text

    return write


def truth_step(node: Node, cost: int) -> Evaluate:
    """Of a tag that asks whether something is true. cost: of its parts, in nodes."""
    value_of = evaluator(node)

    def ask(rendering: Rendering) -> bool:
        rendering.charge(cost * NODE_COST)
        return is_true(value_of(rendering))

    return ask


def keep_step(node: Node, slot: int, cost: int) -> Evaluate:
    """Of a let, or a with: keeps a value, and says whether it is true."""
    value_of = evaluator(node)

    def keep(rendering: Rendering) -> bool:
        rendering.charge(cost * NODE_COST)
        value = rendering.slots[slot] = value_of(rendering)
        return is_true(value)

    return keep


def each_step(node: Node, loop: int) -> Evaluate:
    """Of an each: how often it turns. Raises RenderTrouble for too many items."""
    value_of = evaluator(node)

    def start(rendering: Rendering) -> int:
        value = value_of(rendering)
        items, keys = (list(value.values()), list(value)) if type(value) is dict else (value, None)
        if type(items) is not list:
            return 0
        if len(items) > EACH_ITEMS:
            raise RenderTrouble(f"An each has {len(items):,} items; at most {EACH_ITEMS:,} are allowed.")
        rendering.loops[loop] = iter(enumerate(items)), keys, len(items)
        return len(items)

    return start


def turn_step(loop: int, slot: int) -> Evaluate:
    """Of a turn of an each: fills the five slots from `slot` on (see LOOP_NAMES)."""

    def turn(rendering: Rendering) -> str:
        rendering.charge(NODE_COST)
        items, keys, count = rendering.loops[loop]
        index, item = next(items)
        key = index if keys is None else keys[index]
        rendering.slots[slot : slot + 5] = item, index, key, index == 0, index == count - 1
        return ""

    return turn


def pace_step(characters: int) -> Evaluate:
    """Of literal text in a loop, which is written once in every turn."""
    return lambda rendering: rendering.write(characters)


# --- values that are had before a part is rendered ---


def plain_text(node: Node) -> Evaluate:
    """The text of an expression that is plain (see nodes.is_plain)."""
    if isinstance(node, Path):
        return _path_text(node)
    value_of = evaluator(node)
    return lambda rendering: _weighed(rendering, value_of(rendering), "A value")


def plain_html(node: Node) -> Evaluate:
    """The same, escaped."""
    text = plain_text(node)
    return lambda rendering: escaped(text(rendering))


def _path_text(node: Path) -> Evaluate:
    steps, name = node.steps, node.name

    def find_text(rendering: Rendering) -> str:
        value = step_into(rendering.data, steps)
        return value if type(value) is str else _weighed(rendering, value, name)

    return find_text


def _weighed(rendering: Rendering, value: Any, name: str) -> str:
    text = text_of(value, name)
    if type(value) is dict or type(value) is list:
        rendering.charge(len(text))
    return text


def plain_truth(node: Node) -> Evaluate:
    """Whether an expression that is plain is true."""
    value_of = evaluator(node)
    return lambda rendering: is_true(value_of(rendering))
