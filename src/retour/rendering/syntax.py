"""Journey Optimizer's personalization syntax, translated once into minijinja source.

The source that comes out is made of nothing but the literal text and of names, literals and signs that are
written here: user data never becomes template, and a name is a number, not a path: `v0` where a value is
tested, `p0` where it is written. It has no loops.
Its delimiters hold U+0002, which no template may contain, so that literal text needs no escaping.

Read in one pass, from left to right; every regular expression is possessive or looks at one place only.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from retour import limits
from retour.model import Value

MARK = "\x02"
ROOTS = ("profile", "context")
BLOCKS = ("if", "unless")
COMPARE = "compare"  # the function that minijinja calls for each comparison: (sign, left, right)
SIGNS = {"=": "=", "==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
BRANCHES = 100  # `else if` of one block: minijinja nests them
TERMS = 100  # values in one condition or chain of defaults, for the same reason
PARENTHESES = 8  # one inside the other: minijinja reads no more than some 50 nested expressions
ALTERNATIVES = 16  # `?:` in one tag: each one nests
TOKENS = limits.RENDER_FUEL * 2 // 5  # words and signs in all tags: never more than two steps of fuel each

CLOSER = {"{{{": "}}}", "{{": "}}", "{%": "%}", "{{!--": "--}}", "{{!": "}}"}
OPENER = re.compile(r"\{\{!--|\{\{!|\{\{\{|\{\{|\{%")
SPACE = re.compile(r"\s*+")
TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')"""
    r"""|(?P<number>-?[0-9]{1,15}+(?:\.[0-9]{1,15}+)?+)(?![\w.])"""
    r"""|(?P<name>[^\W\d][\w-]*+(?:\.[^\W\d][\w-]*+)*+)"""
    r"""|(?P<sign>\?:|==|!=|>=|<=|[=<>#/()])"""
)
ESCAPED = re.compile(r"\\(.)")
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\U0010ffff]|\x7f")
HINTS = {
    "&": "Write and.",
    "|": "Write or.",
    "!": "Write not, or != to compare.",
    "~": "Spaces are kept as they are.",
}


class Problem(Value, frozen=True):
    """Where a template can't be understood, counted from 1, and a sentence that says why."""

    line: int
    column: int
    message: str


class Translation(Value, frozen=True):
    """A part of a message as minijinja source.

    printed: how often each variable (by its number) is written at most. required: the paths that are written
    whatever the data says, and have no default.
    """

    source: str
    printed: dict[int, int]
    required: frozenset[str]


def translate(source: str, numbers: dict[str, int]) -> Translation | Problem:
    """One part. `numbers`: of each path, for all parts of a message; grows by what this one uses."""
    try:
        return _Translator(source, numbers).run()
    except _Stop as stop:
        line = source.count("\n", 0, stop.at) + 1
        return Problem(line=line, column=stop.at - source.rfind("\n", 0, stop.at), message=stop.message)


class _Stop(Exception):
    """Ends the translation. Does not leave this file."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


@dataclass(slots=True)
class _Token:
    """A word or sign of a tag; kind `close` ends it, kind `name` is a path or a keyword."""

    kind: str
    text: str
    at: int


@dataclass(slots=True)
class _Block:
    """An open {{#if}} or {{#unless}}. branches: what is written in each one, without fail."""

    name: str
    at: int
    branches: list[set[str]] = field(default_factory=lambda: [set()])
    has_else: bool = False


class _Translator:
    """Holds the place in the text, the open blocks and what was written so far."""

    def __init__(self, source: str, numbers: dict[str, int]) -> None:
        self._source = source
        self._numbers = numbers
        self._at = 0
        self._closer = ""
        self._tokens = 0
        self._terms = 0
        self._token = _Token("close", "", 0)
        self._out: list[str] = []
        self._printed: Counter[int] = Counter()
        self._required: set[str] = set()
        self._blocks: list[_Block] = []

    def run(self) -> Translation:
        """Text and tags in turn. Raises _Stop."""
        self._check_text()
        while opener := OPENER.search(self._source, self._at):
            self._out.append(self._source[self._at : opener.start()])
            self._at = opener.end()
            self._tag(opener)
        self._out.append(self._source[self._at :])
        if self._blocks:
            block = self._blocks[-1]
            raise _Stop(block.at, f"This {block.name} is never closed. Add {{%/{block.name}%}}.")
        return Translation(
            source="".join(self._out), printed=dict(self._printed), required=frozenset(self._required)
        )

    def _check_text(self) -> None:
        if found := UNPRINTABLE.search(self._source):
            raise _Stop(
                found.start(), f"The control character U+{ord(found.group()):04X} can't be used here."
            )
        size = len(self._source.encode())
        if size > limits.TEMPLATE_BYTES:
            raise _Stop(0, f"This has {size:,} bytes; at most {limits.TEMPLATE_BYTES:,} are allowed.")

    # --- tags ---

    def _tag(self, opener: re.Match[str]) -> None:
        kind, start = opener.group(), opener.start()
        self._closer = CLOSER[kind]
        if "!" in kind:
            return self._comment(start)
        self._terms = 0
        self._advance(start)
        sign = self._token.text if self._token.kind == "sign" else ""
        if sign == "#":
            self._open(start)
        elif sign == "/":
            self._close(start)
        elif self._token.kind == "name" and self._token.text == "else":
            self._else(start)
        else:
            self._print(kind, sign)
        return None

    def _comment(self, start: int) -> None:
        end = self._source.find(self._closer, self._at)
        if end < 0:
            raise _Stop(start, f"This comment is never closed. Add {self._closer}.")
        self._at = end + len(self._closer)

    def _print(self, kind: str, sign: str) -> None:
        if kind == "{%":
            if sign != "=":
                raise self._unknown_tag()
            self._advance()
        values = [self._value("p")]
        while self._is_sign("?:"):
            self._advance()
            values.append(self._value("p"))
        if len(values) > ALTERNATIVES:
            raise _Stop(self._token.at, f"At most {ALTERNATIVES} values can stand in one ?: chain.")
        self._end_tag()
        self._written(values)
        code = _first_filled([code for code, _ in values])
        self._out.append(f"{MARK}{{({code})|safe}}{MARK}" if kind == "{{{" else f"{MARK}{{{code}}}{MARK}")

    def _written(self, values: list[tuple[str, str | None]]) -> None:
        paths = [path for _, path in values if path]
        self._printed.update(self._numbers[path] for path in paths)
        if len(values) == 1 and paths:
            (self._blocks[-1].branches[-1] if self._blocks else self._required).add(paths[0])

    def _open(self, start: int) -> None:
        self._advance()
        name = self._token.text
        if self._token.kind != "name" or name not in BLOCKS:
            raise _Stop(self._token.at, f"There is no block {name!r}. Known blocks are if and unless.")
        if len(self._blocks) >= limits.TEMPLATE_DEPTH:
            raise _Stop(start, f"Blocks can be nested {limits.TEMPLATE_DEPTH} deep at most.")
        self._advance()
        condition = self._condition(0)
        self._end_tag()
        self._blocks.append(_Block(name, start))
        self._block(f"if {condition}" if name == "if" else f"if not ({condition})")

    def _else(self, start: int) -> None:
        block = self._open_block(start, "else")
        if block.has_else:
            raise _Stop(start, f"This {block.name} has an else already.")
        self._advance()
        if self._token.kind == "name" and self._token.text == "if":
            self._advance()
            code = f"elif {self._condition(0)}"
        else:
            block.has_else = True
            code = "else"
        self._end_tag()
        block.branches.append(set())
        if len(block.branches) > BRANCHES:
            raise _Stop(start, f"A block can have {BRANCHES} branches at most.")
        self._block(code)

    def _close(self, start: int) -> None:
        self._advance()
        name = self._token.text
        block = self._open_block(start, f"/{name}")
        if name != block.name:
            raise _Stop(self._token.at, f"This closes {name!r}, but {block.name!r} is open.")
        self._advance()
        self._end_tag()
        self._blocks.pop()
        if block.has_else:
            outer = self._blocks[-1].branches[-1] if self._blocks else self._required
            outer |= set.intersection(*block.branches)
        self._block("endif")

    def _open_block(self, start: int, what: str) -> _Block:
        if not self._blocks:
            raise _Stop(start, f"There is no open block for this {what}.")
        return self._blocks[-1]

    def _block(self, code: str) -> None:
        self._out.append(f"{MARK}%{code}%{MARK}")

    # --- conditions: or, and, not, comparison, value ---

    def _condition(self, depth: int) -> str:
        if depth > PARENTHESES:
            raise _Stop(self._token.at, f"Parentheses can be nested {PARENTHESES} deep at most.")
        terms = [self._all_of(depth)]
        while self._is_word("or"):
            self._advance()
            terms.append(self._all_of(depth))
        return " or ".join(terms)

    def _all_of(self, depth: int) -> str:
        terms = [self._negated(depth)]
        while self._is_word("and"):
            self._advance()
            terms.append(self._negated(depth))
        return " and ".join(terms)

    def _negated(self, depth: int) -> str:
        negations = 0
        while self._is_word("not"):
            self._advance()
            negations += 1
        code = self._compared(depth)
        return f"not ({code})" if negations % 2 else code

    def _compared(self, depth: int) -> str:
        if self._is_sign("("):
            self._advance()
            code = self._condition(depth + 1)
            if not self._is_sign(")"):
                raise _Stop(self._token.at, "A closing parenthesis is missing here.")
            self._advance()
            return f"({code})"
        left, _ = self._value("v")
        sign = SIGNS.get(self._token.text) if self._token.kind == "sign" else None
        if sign is None:
            return left
        self._advance()
        right, _ = self._value("v")
        return f'{COMPARE}("{sign}", {left}, {right})'

    # --- values and tokens ---

    def _value(self, use: str) -> tuple[str, str | None]:
        """A literal or a variable: its code, and its path if it has one. use: p to write it, v to test it."""
        token = self._token
        self._terms += 1
        if self._terms > TERMS:
            raise _Stop(token.at, f"At most {TERMS} values can stand in one condition.")
        code, path = self._literal(token), None
        if code is None:
            path = self._path(token)
            code = f"{use}{self._numbers.setdefault(path, len(self._numbers))}"
        self._advance()
        return code, path

    def _literal(self, token: _Token) -> str | None:
        if token.kind == "text":
            return json.dumps(ESCAPED.sub(r"\1", token.text[1:-1]), ensure_ascii=False)
        if token.kind == "number":
            return repr(float(token.text)) if "." in token.text else str(int(token.text))
        return token.text if token.kind == "name" and token.text in ("true", "false") else None

    def _path(self, token: _Token) -> str:
        if token.kind != "name":
            what = f"{token.text!r} stands" if token.kind == "sign" else "the tag ends"
            raise _Stop(token.at, f"A variable or a literal is missing: {what} here.")
        root, dot, _ = token.text.partition(".")
        if root in ROOTS and dot:
            return token.text
        if self._source.startswith("(", self._at):
            raise _Stop(token.at, f"There is no function {token.text!r}. Functions can't be used here.")
        raise _Stop(token.at, f"{token.text!r} is unknown. A variable starts with profile. or context.")

    def _end_tag(self) -> None:
        if self._token.kind != "close":
            raise _Stop(
                self._token.at, f"{self._token.text!r} can't stand here. {self._closer} was expected."
            )

    def _unknown_tag(self) -> _Stop:
        token = self._token
        if token.kind == "name" and token.text.partition(".")[0] in ROOTS:
            return _Stop(token.at, f"To write a value here, use {{%= {token.text} %}}.")
        return _Stop(
            token.at, f"{token.text!r} is unknown. A tag is {{%= …%}}, {{%#if …%}}, {{%else%}} or {{%/if%}}."
        )

    def _is_word(self, text: str) -> bool:
        return self._token.kind == "name" and self._token.text == text

    def _is_sign(self, text: str) -> bool:
        return self._token.kind == "sign" and self._token.text == text

    def _advance(self, start: int | None = None) -> None:
        """The next token. `start`: where the tag begins, for its first one."""
        self._tokens += 1
        if self._tokens > TOKENS:
            raise _Stop(self._at, f"All tags together can have {TOKENS:,} words and signs at most.")
        at = self._after_space()
        if self._source.startswith(self._closer, at):
            self._token = _Token("close", self._closer, at)
            self._at = at + len(self._closer)
            return
        found = TOKEN.match(self._source, at)
        if found is None:
            raise self._unreadable(at)
        self._token = _Token(found.lastgroup or "", found.group(), at)
        self._at = found.end()

    def _after_space(self) -> int:
        found = SPACE.match(self._source, self._at)
        return found.end() if found else self._at

    def _unreadable(self, at: int) -> _Stop:
        character = self._source[at : at + 1]
        if not character:
            return _Stop(at, f"This tag is never closed. Add {self._closer}.")
        if character in "\"'":
            return _Stop(at, "The closing quote of this text is missing.")
        if character.isdigit() or character == "-":
            return _Stop(at, "This number can't be read. Numbers have at most 15 digits, as in 12 or 0.5.")
        if character in "“”„‘’":
            return _Stop(at, f"{character} is a typographic quote. Use \" or '.")
        return _Stop(at, f"{character!r} can't stand in a tag. {HINTS.get(character, '')}".rstrip())


def _first_filled(codes: list[str]) -> str:
    """`a ?: b ?: c`: the first that is not empty, else the last."""
    *others, code = codes
    for other in reversed(others):
        code = f'{other} if {other} != "" else ({code})'
    return code
