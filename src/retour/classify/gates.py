"""What a text must hold for a pattern to be found in it: words to look for before the pattern is tried.

Eighty patterns on a page of text cost milliseconds; to see that none of its words are there costs microseconds. The
words are read out of the parsed form of the pattern, so that nobody writes them down twice. A pattern is compiled when
it is first tried: most never are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from re import _constants, _parser  # its parser has no public name
from typing import Any

Words = frozenset[str]
NOTHING: Words = frozenset()
_PIECE = re.compile(r"\\.|\[(?:\\.|[^\]\\])+\]|.", re.S)


@dataclass(frozen=True)
class Gated:
    """A pattern, tried where one of its words is there; no words: always."""

    needed: Words
    source: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled."""
        return re.compile(self.source)

    def found_in(self, text: str) -> bool:
        """Whether it is."""
        return _open(self.needed, text) and self.pattern.search(text) is not None


@dataclass(frozen=True)
class Choice:
    """Patterns of which one is enough, tried where a word of any is there."""

    needed: Words
    parts: tuple[Gated, ...]

    def found_in(self, text: str) -> bool:
        """Whether one is."""
        return _open(self.needed, text) and any(part.found_in(text) for part in self.parts)


def gated(pattern: str) -> Gated:
    """With the words that it needs."""
    return Gated(words_of(pattern), pattern)


def choice(pattern: str) -> Choice:
    """Of the alternatives of a pattern, with the words that any of them needs."""
    parts = tuple(gated(part) for part in alternatives(pattern))
    return Choice(_any([part.needed for part in parts]), parts)


def alternatives(pattern: str) -> list[str]:
    """What stands between the bars outside brackets."""
    found, depth = [""], 0
    for piece in _PIECE.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += piece
    return found


def words_of(pattern: str) -> Words:
    """Texts of which every match holds at least one; none where nothing is known of it."""
    return _required(_parser.parse(pattern))


def _required(tree: Iterable[tuple[Any, Any]]) -> Words:
    """The most telling part of a sequence: the one whose shortest word is the longest."""
    candidates, run = [NOTHING], ""
    for kind, value in tree:
        if kind is _constants.LITERAL:
            run += chr(value)
            continue
        candidates += [frozenset({run} - {""}), _within(kind, value)]
        run = ""
    candidates.append(frozenset({run} - {""}))
    return max(candidates, key=_telling)


def _within(kind: Any, value: Any) -> Words:
    """Of a part that has parts."""
    if kind is _constants.SUBPATTERN:
        return _required(value[-1])
    if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT) and value[0] > 0:
        return _required(value[2])
    if kind is _constants.BRANCH:
        return _any([_required(part) for part in value[1]])
    return NOTHING


def _any(parts: list[Words]) -> Words:
    """What one of several needs: nothing is known where it isn't known of each."""
    return NOTHING.union(*parts) if all(parts) else NOTHING


def _open(needed: Words, text: str) -> bool:
    for one in needed:
        if one in text:
            return True
    return not needed


def _telling(words: Words) -> tuple[int, int]:
    return min(map(len, words), default=0), -len(words)
