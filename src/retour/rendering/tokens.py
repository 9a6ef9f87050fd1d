"""The words and signs in the tags of a template, read from left to right.

Every regular expression is possessive or looks at one place only, so that no text takes long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from retour import limits
from retour.rendering.problems import Stop, shown

TOKENS = (
    limits.RENDER_FUEL * 2 // 5
)  # words and signs in all tags of a message: never more than two steps of fuel each
CLOSER = {"{{{": "}}}", "{{": "}}", "{%": "%}", "{{!--": "--}}", "{{!": "}}"}
OPENER = re.compile(r"\{\{!--|\{\{!|\{\{\{|\{\{|\{%")
SPACE = re.compile(r"\s*+")
STEP = r"\.(?:\w[\w-]*+|`[^`.\n]++`|\[[^\].\n]++\])"
STEPS = re.compile(rf"(?:{STEP})*+")
TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')"""
    r"""|(?P<number>[0-9]{1,15}+(?:\.[0-9]{1,15}+)?+)(?![\w.])"""
    rf"""|(?P<name>[^\W\d][\w-]*+(?:{STEP})*+)"""
    rf"""|(?P<up>(?:\.\./)++(?:@?[^\W\d][\w-]*+(?:{STEP})*+)?+|\.\.)"""
    rf"""|(?P<at>@(?:\.\./)*+[^\W\d]\w*+(?:{STEP})*+)"""
    r"""|(?P<sign>\?:|==|!=|>=|<=|[][=<>#/()+*,%|-])"""
)
ESCAPED = re.compile(r"\\(.)")
HINTS = {
    "&": "Write and.",
    "|": "Write or.",
    "!": "Write not, or != to compare.",
    "~": "Spaces are kept as they are.",
    "^": "Write {%else%}.",
}


@dataclass(slots=True)
class Token:
    """A word or sign of a tag; kind `close` ends it, kind `name` is a path or a keyword."""

    kind: str
    text: str
    at: int


class Reader:
    """Holds the place in the text and the token there. tokens: how many there were, with those of the parts before."""

    def __init__(self, source: str, tokens: int = 0) -> None:
        self.source = source
        self.at = 0
        self.closer = ""
        self.token = Token("close", "", 0)
        self.tokens = tokens

    def count(self) -> None:
        """One word or sign more. Raises Stop when they are too many."""
        self.tokens += 1
        if self.tokens > TOKENS:
            raise Stop(self.at, f"All tags together can have {TOKENS:,} words and signs at most.")

    def enter(self, opener: re.Match[str]) -> None:
        """Goes to the first token of a tag."""
        self.closer = CLOSER[opener.group()]
        self.advance()

    def advance(self) -> None:
        """Goes to the next token. Raises Stop where there is none that can be read."""
        self.count()
        at = self._after_space()
        if self.source.startswith(self.closer, at):
            self.token = Token("close", self.closer, at)
            self.at = at + len(self.closer)
            return
        found = TOKEN.match(self.source, at)
        if found is None:
            raise self._unreadable(at)
        self.token = Token(found.lastgroup or "", found.group(), at)
        self.at = found.end()

    def steps_here(self) -> tuple[str, ...]:
        """Steps right after the token before: `.name` after `head(…)`. Stands then before what follows them."""
        found = STEPS.match(self.source, self.at)
        if found is None or not found.group():
            return ()
        self.at = found.end()
        return steps_of(found.group())

    def is_word(self, text: str) -> bool:
        """Whether this word stands here."""
        return self.token.kind == "name" and self.token.text == text

    def is_sign(self, text: str) -> bool:
        """Whether this sign stands here."""
        return self.token.kind == "sign" and self.token.text == text

    def expect(self, sign: str, message: str) -> None:
        """Goes on after this sign. Raises Stop, with the message, where it is not."""
        if not self.is_sign(sign):
            raise Stop(self.token.at, message)
        self.advance()

    def is_called(self) -> bool:
        """Whether an opening parenthesis comes next."""
        return self.source.startswith("(", self._after_space())

    def end_tag(self) -> None:
        """Raises Stop unless the tag ends here."""
        if self.token.kind != "close":
            text = self.token.text
            hint = f" {HINTS[text]}" if text in HINTS else f" {self.closer} was expected."
            what = f"{shown(text)} can't stand {'in a tag' if text in HINTS else 'here'}."
            raise Stop(self.token.at, what + hint)

    def _after_space(self) -> int:
        found = SPACE.match(self.source, self.at)
        return found.end() if found else self.at

    def _unreadable(self, at: int) -> Stop:
        character = self.source[at : at + 1]
        if not character:
            return Stop(at, f"This tag is never closed. Add {self.closer}.")
        if character in "\"'":
            return Stop(at, "The closing quote of this text is missing.")
        if character.isdigit():
            return Stop(at, "This number can't be read. Numbers have at most 15 digits, as in 12 or 0.5.")
        if character in "“”„‘’":
            return Stop(at, f"{character} is a typographic quote. Use \" or '.")
        return Stop(at, f"{character!r} can't stand in a tag. {HINTS.get(character, '')}".rstrip())


def steps_of(text: str) -> tuple[str, ...]:
    """Of `.order.`order-id`.[1]`, or of a path without the first dot."""
    return tuple(step.strip("`[]") for step in text.split(".") if step)


def unescaped(text: str) -> str:
    """The text of a literal: without its quotes, a backslash before a character dropped."""
    return ESCAPED.sub(r"\1", text[1:-1])
