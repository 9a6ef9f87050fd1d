"""The expressions in tags: read, checked as far as they stand there, and made into nodes.

From loose to tight: `?:`, `or`, `and`, `not`, one comparison, `+ -`, `* / %`, a sign before a number, a value.
"""

from __future__ import annotations

from collections.abc import Callable

from retour.rendering.functions import FUNCTIONS, OTHER_NAMES, UNSUPPORTED
from retour.rendering.kinds import FIT
from retour.rendering.nodes import Calculation, Call, Chain, Comparison, Literal, Local, Node, Not, Path
from retour.rendering.problems import Stop, meant, shown
from retour.rendering.scopes import Scope
from retour.rendering.signatures import FITS, STANDING, Function, Kind, Parameter
from retour.rendering.tokens import Reader, Token, unescaped
from retour.rendering.values import Unfit

COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
CONSTANTS = {"true": True, "false": False, "null": None}
TERMS = 100  # values in one tag
PARENTHESES = 8  # one inside the other, brackets and the arguments of functions among them
ALTERNATIVES = 16  # `?:` in one chain
LIST = "[]"


class Expressions:
    """Reads the expressions of one part of a message."""

    def __init__(self, reader: Reader, scope: Scope) -> None:
        self._reader = reader
        self._scope = scope
        self._terms = 0
        self._lines, self._counted_to = 1, 0
        self._depth = 0
        self._across = False

    @property
    def terms(self) -> int:
        """Values in the expression that was read last."""
        return self._terms

    def read(self) -> Node:
        """The expression that starts at the token. Raises Stop."""
        self._terms = self._depth = 0
        self._across = False
        return self._fallback()

    def _fallback(self) -> Node:
        at = self._reader.token.at
        node = self._joined("?:", self._either)
        if isinstance(node, Chain) and node.sign == "?:" and len(node.terms) > ALTERNATIVES:
            raise Stop(at, f"At most {ALTERNATIVES} values can stand in one ?: chain.")
        return node

    def _either(self) -> Node:
        return self._joined("or", self._both)

    def _both(self) -> Node:
        return self._joined("and", self._negated)

    def _joined(self, sign: str, read: Callable[[], Node]) -> Node:
        terms = [read()]
        while self._reader.is_sign(sign) or self._reader.is_word(sign):
            self._reader.advance()
            terms.append(read())
        return terms[0] if len(terms) == 1 else Chain(sign, tuple(terms))

    def _negated(self) -> Node:
        negations = 0
        while self._reader.is_word("not"):
            self._reader.advance()
            negations += 1
        node = self._compared()
        for _ in range(2 - negations % 2 if negations else 0):
            node = Not(node)
        return node

    def _compared(self) -> Node:
        left = self._sum()
        sign = COMPARISONS.get(self._reader.token.text) if self._reader.token.kind == "sign" else None
        if sign is None:
            return left
        self._reader.advance()
        return Comparison(sign, left, self._sum())

    def _sum(self) -> Node:
        return self._calculated("+-", self._product)

    def _product(self) -> Node:
        return self._calculated("*/%", self._signed)

    def _calculated(self, signs: str, read: Callable[[], Node]) -> Node:
        node = read()
        while self._reader.token.kind == "sign" and self._reader.token.text in signs:
            sign, line = self._reader.token.text, self._line()
            self._reader.advance()
            self._numbered(sign, node)
            right = read()
            self._numbered(sign, right)
            node = Calculation(sign, node, right, line)
        return node

    def _numbered(self, sign: str, side: Node) -> None:
        if sign != "+":
            self._scope.used_as(side, Kind.NUMBER)

    def _signed(self) -> Node:
        if not self._reader.is_sign("-"):
            return self._value()
        line = self._line()
        self._reader.advance()
        node = self._value()
        if isinstance(node, Literal) and type(node.value) in (int, float):
            return Literal(-node.value)  # type: ignore[operator]
        return Calculation("-", Literal(0), node, line)

    def _line(self) -> int:
        """Counted on from where it was asked for last, as a long text has thousands of such places."""
        at = self._reader.token.at
        self._lines += self._reader.source.count("\n", self._counted_to, at)
        self._counted_to = at
        return self._lines

    # --- values ---

    def _value(self) -> Node:
        token = self._reader.token
        if self._reader.is_sign("("):
            return self._inside(self._parenthesis)
        self._terms += 1
        if self._terms > TERMS:
            raise Stop(token.at, f"At most {TERMS} values can stand in one tag.")
        if self._reader.is_sign("["):
            return self._inside(self._list)
        if token.kind == "name" and self._reader.is_called():
            return self._inside(self._call)
        node = self._simple(token)
        self._reader.advance()
        return node

    def _inside(self, read: Callable[[], Node]) -> Node:
        if self._depth >= PARENTHESES:
            raise Stop(self._reader.token.at, f"Parentheses can be nested {PARENTHESES} deep at most.")
        across, self._across = self._across, False
        self._depth += 1
        node = read()
        self._depth -= 1
        self._across = across
        return node

    def _parenthesis(self) -> Node:
        self._reader.advance()
        node = self._fallback()
        self._reader.expect(")", "A closing parenthesis is missing here.")
        return node

    def _list(self) -> Node:
        self._reader.advance()
        items: list[Node] = []
        while not self._reader.is_sign("]"):
            if items:
                self._reader.expect(",", "A comma or a closing bracket is missing here.")
            items.append(self._fallback())
        self._reader.advance()
        return Chain(LIST, tuple(items))

    def _simple(self, token: Token) -> Node:
        match token.kind:
            case "text":
                return Literal(unescaped(token.text))
            case "number":
                return Literal(float(token.text) if "." in token.text else int(token.text))
            case "up":
                return self._scope.above(token, across=self._across)
            case "at":
                return self._scope.after_at(token, across=self._across)
            case "name" if token.text in CONSTANTS:
                return Literal(CONSTANTS[token.text])
            case "name":
                return self._scope.named(token, across=self._across)
        what = f"{token.text!r} stands" if token.kind == "sign" else "the tag ends"
        raise Stop(token.at, f"A variable or a literal is missing: {what} here.")

    # --- functions ---

    def _call(self) -> Node:
        token, line = self._reader.token, self._line()
        function = known_function(token)
        self._reader.count()
        self._reader.advance()
        self._reader.advance()
        arguments: list[Node] = []
        while not self._reader.is_sign(")"):
            if arguments:
                self._reader.expect(",", "A comma or a closing parenthesis is missing here.")
            arguments.append(self._argument(function, len(arguments)))
        if len(arguments) < function.least:
            raise Stop(self._reader.token.at, wanted(function, len(arguments)))
        steps = self._reader.steps_here()
        self._reader.advance()
        return Call(function, tuple(arguments), line, steps)

    def _argument(self, function: Function, number: int) -> Node:
        token = self._reader.token
        if number >= function.most:
            raise Stop(token.at, wanted(function, number + 1))
        parameter = function.parameter(number)
        if parameter.kind is Kind.PROPERTY and token.kind == "name" and "." not in token.text:
            self._reader.advance()
            return Literal(token.text)
        self._across = parameter.kind is Kind.LIST
        node = self._fallback()
        self._across = False
        self._scope.used_as(node, function.returns if parameter.kind is Kind.VALUE else parameter.kind)
        misfit = unfit(node, parameter)
        if misfit:
            raise Stop(token.at, f"Argument {number + 1} of {function} has to be {misfit}.")
        return node


def known_function(token: Token) -> Function:
    """By its name. Raises Stop with the nearest known one."""
    name = token.text
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    if name in UNSUPPORTED:
        raise Stop(token.at, f"The function {name} is not supported. {UNSUPPORTED[name]}")
    near = f" Did you mean {OTHER_NAMES[name]}?" if name in OTHER_NAMES else meant(name, FUNCTIONS)
    raise Stop(token.at, f"There is no function {shown(name)}.{near}")


def wanted(function: Function, given: int) -> str:
    """A sentence about a wrong number of arguments."""
    counts = sorted({function.least, function.most})
    number = " to ".join(map(str, counts))
    arguments = "argument" if counts == [1] else "arguments"
    return f"{function} takes {number} {arguments}, as in {function.signature}, not {given}."


def unfit(node: Node, parameter: Parameter) -> str | None:
    """What an argument has to be, where it can be seen already that it is not; None where it is, or can be."""
    if parameter.kind in STANDING and not isinstance(node, Literal):
        return f"a {parameter.kind} that stands in the template, in quotes"
    try:
        if isinstance(node, Literal):
            FIT[parameter.kind](node.value)
        elif parameter.kind in FITS and kind_of(node) not in FITS[parameter.kind]:
            return f"a {parameter.kind}, not a {kind_of(node)}"
    except Unfit as misfit:
        return str(misfit)
    return None


def kind_of(node: Node) -> Kind:
    """As far as it is known before there is data."""
    match node:
        case Call() if not node.steps:
            return node.function.returns
        case Comparison() | Not() | Chain("and") | Chain("or"):
            return Kind.FLAG
        case Chain("[]"):
            return Kind.LIST
        case Calculation() if node.sign != "+":
            return Kind.NUMBER
        case Path() | Local() | Literal():
            return Kind.VALUE
    return Kind.VALUE
