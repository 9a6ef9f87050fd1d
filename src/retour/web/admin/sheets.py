"""CSV (RFC 4180) for people who open it in a spreadsheet: what would be read as a formula there is text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # OWASP: CSV injection


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows as they are written, UTF-8."""
    file = io.StringIO()
    csv.writer(file).writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue().encode()


def _cell(value: object) -> str:
    """A leading apostrophe says "text" to every spreadsheet."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
