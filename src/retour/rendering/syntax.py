"""Journey Optimizer's personalization syntax, translated once into minijinja source and numbered steps.

The source that comes out is made of literal text and of names and signs that are written here: no text of a tag,
and no data, ever becomes template. At a tag, minijinja gets a text or a truth value by number: `p3` where it is
known before the part is rendered, `r(3)` where a step is run at that place (see evaluation.py). It turns loops by
count only, so that it never holds a value of the data.
Its delimiters hold U+0002, which no template may contain, so that literal text needs no escaping.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal as One

from retour import limits
from retour.rendering import evaluation
from retour.rendering.evaluation import Evaluate
from retour.rendering.examples import Uses
from retour.rendering.expressions import Expressions
from retour.rendering.nodes import Node, demanded, is_plain
from retour.rendering.problems import Problem, Stop, meant, shown
from retour.rendering.scopes import ROOTS, Scope, is_free
from retour.rendering.tokens import CLOSER, OPENER, Reader

MARK = "\x02"
RUN = "r"  # the function that minijinja calls with the number of a step
BLOCKS = ("if", "unless", "each", "with")
BRANCHES = 100  # `else if` of one block: minijinja nests them
EACH_DEPTH = 3  # an each inside another
PACED_CHARACTERS = 200  # literal text in a loop; shorter ones are bounded by the fuel of their turns
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\U0010ffff]|\x7f")
BLOCK_PARAMETERS = {"each": 2, "with": 1}
Kind = One["text", "html", "truth"]
PLAIN: dict[Kind, Callable[[Node], Evaluate]] = {
    "text": evaluation.plain_text,
    "html": evaluation.plain_html,
    "truth": evaluation.plain_truth,
}


@dataclass(slots=True)
class Plan:
    """What the parts of one message share: the variables in order, and what is known before a part is rendered.

    refused: roots that have no data in this message, and why. tokens: words and signs in its tags so far.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    variables: dict[str, None] = field(default_factory=dict)
    uses: Uses = field(default_factory=dict)
    plain: dict[str, int] = field(default_factory=dict)
    values: list[Evaluate] = field(default_factory=list)
    tokens: int = 0

    def number(self, node: Node, kind: Kind) -> int:
        """Of a plain expression; the same one has the same number."""
        key = f"{kind} {node!r}"
        if key not in self.plain:
            self.plain[key] = len(self.values)
            self.values.append(PLAIN[kind](node))
        return self.plain[key]


@dataclass(frozen=True, slots=True)
class Translation:
    """A part of a message as minijinja source.

    used: the numbers of the plan's values that it holds. printed: how often each of these is written at most.
    steps: what it runs. slots: room for what it names. required: the variables that are written whatever the data
    says, and have no default.
    """

    source: str
    used: tuple[int, ...]
    printed: dict[int, int]
    steps: tuple[Evaluate, ...]
    slots: int
    required: frozenset[str]


@dataclass(slots=True)
class _Block:
    """An open block. branches: what is written in each one, without fail."""

    name: str
    at: int
    branches: list[set[str]] = field(default_factory=lambda: [set()])
    has_else: bool = False


def translate(source: str, plan: Plan | None = None, *, is_html: bool = False) -> Translation | Problem:
    """One part. plan: of the message; grows by what this part uses. is_html: what double braces write is escaped."""
    translator = _Translator(source, plan or Plan(), is_html)
    try:
        return translator.run()
    except Stop as stop:
        line = source.count("\n", 0, stop.at) + 1
        return Problem(line=line, column=stop.at - source.rfind("\n", 0, stop.at), message=stop.message)
    finally:
        translator.tell()


class _Translator:
    """Holds the open blocks and what was written so far."""

    def __init__(self, source: str, plan: Plan, is_html: bool) -> None:
        self._reader = Reader(source, plan.tokens)
        self._scope = Scope(plan.variables, plan.uses, plan.refused)
        self._expressions = Expressions(self._reader, self._scope)
        self._plan = plan
        self._is_html = is_html
        self._out: list[str] = []
        self._steps: list[Evaluate] = []
        self._used: set[int] = set()
        self._printed: Counter[int] = Counter()
        self._required: set[str] = set()
        self._blocks: list[_Block] = []

    def run(self) -> Translation:
        """Text and tags in turn. Raises Stop."""
        self._check_text()
        while opener := OPENER.search(self._reader.source, self._reader.at):
            self._literal(self._reader.source[self._reader.at : opener.start()])
            self._reader.at = opener.end()
            self._tag(opener)
        self._literal(self._reader.source[self._reader.at :])
        if self._blocks:
            block = self._blocks[-1]
            raise Stop(block.at, f"This {block.name} is never closed. Add {{%/{block.name}%}}.")
        return Translation(
            "".join(self._out),
            tuple(sorted(self._used)),
            dict(self._printed),
            tuple(self._steps),
            self._scope.slots,
            frozenset(self._required),
        )

    def tell(self) -> None:
        """The plan, how much of what all parts may have was used."""
        self._plan.tokens = self._reader.tokens

    def _check_text(self) -> None:
        source = self._reader.source
        if found := UNPRINTABLE.search(source):
            raise Stop(found.start(), f"The control character U+{ord(found.group()):04X} can't be used here.")
        size = len(source.encode())
        if size > limits.TEMPLATE_BYTES:
            raise Stop(0, f"This has {size:,} bytes; at most {limits.TEMPLATE_BYTES:,} are allowed.")

    def _literal(self, text: str) -> None:
        if len(text) > PACED_CHARACTERS and self._is_in_loop():
            self._do(self._step(evaluation.pace_step(len(text))))
        self._out.append(text)

    # --- tags ---

    def _tag(self, opener: re.Match[str]) -> None:
        kind, start = opener.group(), opener.start()
        if "!" in kind:
            return self._comment(kind, start)
        reader = self._reader
        reader.enter(opener)
        if reader.is_sign("#"):
            self._open(start)
        elif reader.is_sign("/"):
            self._close(start)
        elif reader.is_word("else"):
            self._else(start)
        elif reader.is_word("let") and kind == "{%":
            self._let()
        else:
            self._print(kind)
        return None

    def _comment(self, kind: str, start: int) -> None:
        closer = CLOSER[kind]
        end = self._reader.source.find(closer, self._reader.at)
        if end < 0:
            raise Stop(start, f"This comment is never closed. Add {closer}.")
        self._reader.at = end + len(closer)

    def _print(self, kind: str) -> None:
        if kind == "{%":
            if not self._reader.is_sign("="):
                raise self._unknown_tag()
            self._reader.advance()
        node = self._expressions.read()
        self._reader.end_tag()
        self._written_in_branch().update(demanded(node))
        code = self._printed_code(node, "html" if self._is_html and kind != "{{{" else "text")
        self._out.append(f"{MARK}{{{code}}}{MARK}")

    def _printed_code(self, node: Node, kind: One["text", "html"]) -> str:
        """Plain values are written at most once outside a loop, so that what they add is known beforehand."""
        if self._is_in_loop() or not is_plain(node):
            return self._step(evaluation.text_step(node, is_escaped=kind == "html"))
        number = self._plan.number(node, kind)
        self._used.add(number)
        self._printed[number] += 1
        return f"p{number}"

    def _let(self) -> None:
        self._reader.advance()
        name = self._reader.token
        if name.kind != "name":
            raise Stop(name.at, "The name of the let is missing here, as in {% let total = 0 %}.")
        self._reader.advance()
        self._reader.expect("=", "A = is missing here, as in {% let total = 0 %}.")
        node = self._expressions.read()
        self._reader.end_tag()
        slot = self._scope.let(name)
        self._do(self._step(evaluation.keep_step(node, slot, self._expressions.terms)))

    # --- blocks ---

    def _open(self, start: int) -> None:
        reader = self._reader
        reader.advance()
        name = reader.token.text
        if reader.token.kind != "name" or name not in BLOCKS:
            known = f"Known blocks are {', '.join(BLOCKS[:-1])} and {BLOCKS[-1]}."
            raise Stop(reader.token.at, f"There is no block {shown(name)}. {known}{meant(name, BLOCKS)}")
        if len(self._blocks) >= limits.TEMPLATE_DEPTH:
            raise Stop(start, f"Blocks can be nested {limits.TEMPLATE_DEPTH} deep at most.")
        if name == "each" and sum(block.name == "each" for block in self._blocks) >= EACH_DEPTH:
            raise Stop(start, f"An each can be nested {EACH_DEPTH} deep at most.")
        reader.advance()
        node = self._expressions.read()
        names = self._names(name)
        reader.end_tag()
        self._blocks.append(_Block(name, start))
        self._begin(name, node, names)

    def _begin(self, name: str, node: Node, names: list[str]) -> None:
        cost = self._expressions.terms
        match name:
            case "if":
                self._block(f"if {self._asked(node)}")
            case "unless":
                self._block(f"if not {self._asked(node)}")
            case "with":
                frame = self._scope.enter_with(names, node)
                self._block(f"if {self._step(evaluation.keep_step(node, frame.this, cost))}")
            case _:
                frame = self._scope.enter_each(names, node)
                count = self._step(evaluation.each_step(node, frame.this))
                self._block(f"for _ in range({count})")
                self._do(self._step(evaluation.turn_step(frame.this, frame.this)))

    def _asked(self, node: Node) -> str:
        if not is_plain(node):
            return self._step(evaluation.truth_step(node, self._expressions.terms))
        number = self._plan.number(node, "truth")
        self._used.add(number)
        return f"p{number}"

    def _names(self, block: str) -> list[str]:
        """`as |item|`, `as |item index|`."""
        reader = self._reader
        if not reader.is_word("as"):
            return []
        reader.advance()
        reader.expect("|", "A | is missing here, as in {{#each context.items as |item|}}.")
        names: list[str] = []
        while not reader.is_sign("|"):
            if reader.token.kind != "name" or not is_free(reader.token.text) or reader.token.text in names:
                raise Stop(reader.token.at, f"{shown(reader.token.text)} can't be a name here.")
            names.append(reader.token.text)
            reader.advance()
        most = BLOCK_PARAMETERS.get(block, 0)
        if not 1 <= len(names) <= most:
            raise Stop(
                reader.token.at, f"{block} takes {most or 'no'} name{'s' * (most != 1)} between | and |."
            )
        reader.advance()
        return names

    def _else(self, start: int) -> None:
        block = self._open_block(start, "else")
        if block.has_else:
            raise Stop(start, f"This {block.name} has an else already.")
        self._reader.advance()
        self._end_frame(block)
        if self._reader.is_word("if") and block.name in ("if", "unless"):
            self._reader.advance()
            code = f"elif {self._asked(self._expressions.read())}"
        else:
            block.has_else = True
            code = "else"
        self._reader.end_tag()
        block.branches.append(set())
        if len(block.branches) > BRANCHES:
            raise Stop(start, f"A block can have {BRANCHES} branches at most.")
        self._block(code)

    def _close(self, start: int) -> None:
        self._reader.advance()
        token = self._reader.token
        block = self._open_block(start, f"/{token.text}")
        if token.text != block.name:
            raise Stop(token.at, f"This closes {shown(token.text)}, but {block.name!r} is open.")
        self._reader.advance()
        self._reader.end_tag()
        if not block.has_else:
            self._end_frame(block)
        self._blocks.pop()
        if block.has_else:
            self._written_in_branch().update(set.intersection(*block.branches))
        self._block("endfor" if block.name == "each" else "endif")

    def _end_frame(self, block: _Block) -> None:
        """What an each or a with names ends at its else."""
        if block.name in BLOCK_PARAMETERS:
            self._scope.frames.pop()

    def _open_block(self, start: int, what: str) -> _Block:
        if not self._blocks:
            raise Stop(start, f"There is no open block for this {what}.")
        return self._blocks[-1]

    # --- what comes out ---

    def _written_in_branch(self) -> set[str]:
        return self._blocks[-1].branches[-1] if self._blocks else self._required

    def _is_in_loop(self) -> bool:
        return any(block.name == "each" and not block.has_else for block in self._blocks)

    def _step(self, step: Evaluate) -> str:
        """The code that runs a step; it takes fuel as two words more do."""
        self._reader.count()
        self._steps.append(step)
        return f"{RUN}({len(self._steps) - 1})"

    def _do(self, code: str) -> None:
        self._block(f"do {code}")

    def _block(self, code: str) -> None:
        self._out.append(f"{MARK}%{code}%{MARK}")

    def _unknown_tag(self) -> Stop:
        token, at = self._reader.token, self._reader.token.at
        if token.kind == "name" and token.text in (*BLOCKS, *(f"end{name}" for name in BLOCKS)):
            written = f"{{%/{token.text[3:]}%}}" if token.text.startswith("end") else f"{{%#{token.text} …%}}"
            return Stop(at, f"Write {written}.")
        if token.kind == "name" and (token.text.partition(".")[0] in ROOTS or self._reader.is_called()):
            written = token.text[:60] + ("(…)" if self._reader.is_called() else "")
            return Stop(at, f"To write a value here, use {{%= {written} %}}.")
        known = "{%= …%}, {% let …%}, {%#if …%}, {%else%} or {%/if%}"
        return Stop(at, f"{shown(token.text)} is unknown. A tag is {known}.")
