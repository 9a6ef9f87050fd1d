"""JSON to look at: every token is escaped by itself before it gets its colour."""

from __future__ import annotations

import json
import re
from typing import Any

from markupsafe import Markup, escape

TOKEN = re.compile(
    r'(?P<key>"(?:\\.|[^"\\])*")(?=\s*:)|(?P<text>"(?:\\.|[^"\\])*")'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)"
)
CLASSES = {"key": "k", "text": "s", "number": "n", "word": "b"}


def pretty(content: bytes | str) -> str:
    """Indented JSON; what is no JSON stays as it is."""
    try:
        value: Any = json.loads(content)
        return json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return content if isinstance(content, str) else content.decode("utf-8", "replace")


def coloured(content: bytes | str) -> Markup:
    """`pretty`, with a class for each kind of token."""
    text = pretty(content)
    parts, end = [], 0
    for found in TOKEN.finditer(text):
        parts += [escape(text[end : found.start()]), _token(found)]
        end = found.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def _token(found: re.Match[str]) -> Markup:
    return Markup('<span class="{}">{}</span>').format(CLASSES[found.lastgroup or "text"], found.group())
