"""Functions that make a text of a text. Pure; positions count from 0, lengths in characters."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from retour import limits
from retour.rendering.signatures import function
from retour.rendering.values import Unfit, text_of

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
TOO_LONG = f"shorter than {limits.RENDERED_BYTES:,} characters when it is done"


def sized(characters: int) -> None:
    """Refuses a result before it is made. Raises Unfit."""
    if characters > limits.RENDERED_BYTES:
        raise Unfit(TOO_LONG)


def title_case(text: str) -> str:
    """Each word with a capital, the rest of it as it was."""
    return WORD.sub(lambda found: found.group()[:1].upper() + found.group()[1:], text)


def concat(*texts: str) -> str:
    """One after the other."""
    return "".join(texts)


def join(items: list[Any], separator: str | None = None) -> str:
    """The items of a list with a text (a comma, if none is given) between them."""
    between = "," if separator is None else separator
    sized(len(items) * len(between))
    return between.join([text_of(item) for item in items])


def replace(text: str, old: str, new: str) -> str:
    """The first one only."""
    return text.replace(old, new, 1) if old else text


def replace_all(text: str, what: re.Pattern[str], new: str) -> str:
    """Every one, from the start."""
    count = sum(1 for _ in what.finditer(text))
    sized(len(text) + count * len(new))
    return what.sub(lambda _: new, text)


def substr(text: str, start: int | None, end: int | None = None) -> str:
    """From a position, up to and without another one; places outside the text are its ends."""
    return text[max(start or 0, 0) : len(text) if end is None else max(end, 0)]


def split(text: str, separator: str) -> list[str]:
    """The pieces between the separators; without a separator, the characters."""
    return text.split(separator) if separator else list(text)


def mask(text: str, first: int, last: int) -> str:
    """X for each character but so many first and last ones."""
    first, last = max(first, 0), max(last, 0)
    hidden = max(len(text) - first - last, 0)
    return text if not hidden else text[:first] + "X" * hidden + text[len(text) - last :]


def index_of(text: str, part: str) -> int:
    """The position of the first one, or -1."""
    return text.find(part)


def last_index_of(text: str, part: str) -> int:
    """The position of the last one, or -1. Found from the end by `find`, which never takes quadratic time."""
    found = text[::-1].find(part[::-1])
    return -1 if found < 0 else len(text) - found - len(part)


def char_code_at(text: str, position: int) -> int | None:
    """The Unicode number of a character."""
    return ord(text[position]) if 0 <= position < len(text) else None


def encode64(text: str) -> str:
    """Base64 of its UTF-8."""
    return base64.b64encode(text.encode()).decode()


def decode64(text: str) -> str:
    """The text of a Base64; what is none stays as it is."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return text


def md5(text: str) -> str:
    """Hexadecimal. For systems that ask for it; protects nothing."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sha256(text: str) -> str:
    """Hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def length(value: Any) -> int:
    """Characters of a text, items of a list or an object."""
    return len(value) if isinstance(value, list | dict) else len(text_of(value))


FUNCTIONS = (
    function("upperCase(text) -> text", str.upper, passes_on=True),
    function("lowerCase(text) -> text", str.lower, passes_on=True),
    function("titleCase(text) -> text", title_case, passes_on=True, deep=True),
    function("camelCase(text) -> text", title_case, passes_on=True, deep=True),
    function("trim(text) -> text", str.strip, passes_on=True),
    function("leftTrim(text) -> text", str.lstrip, passes_on=True),
    function("rightTrim(text) -> text", str.rstrip, passes_on=True),
    function("concat(text, text...) -> text", concat),
    function("join(list, text?) -> text", join, passes_on=True, deep=True),
    function("split(text, text) -> list", split),
    function("replace(text, text, text) -> text", replace, passes_on=True),
    function("replaceAll(text, match, text) -> text", replace_all, passes_on=True),
    function("substr(text, whole, whole?) -> text", substr, passes_on=True),
    function("mask(text, whole, whole) -> text", mask, passes_on=True),
    function("length(value) -> whole", length),
    function("indexOf(text, text) -> whole", index_of),
    function("lastIndexOf(text, text) -> whole", last_index_of),
    function("charCodeAt(text, whole) -> whole", char_code_at),
    function("encode64(text) -> text", encode64, passes_on=True),
    function("decode64(text) -> text", decode64, passes_on=True),
    function("md5(text) -> text", md5, passes_on=True),
    function("sha256(text) -> text", sha256, passes_on=True),
)
