"""What came in: headers in whatever shape a framework has them, and the body, which has to be its raw bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

RAW_BYTES = (
    "Pass the raw bytes of the body as they came, before anything parses them: request.get_data() in Flask, "
    "await request.body() in FastAPI, request.body in Django"
)


class HasItems(Protocol):
    """A mapping, or what frameworks have in its place."""

    def items(self) -> Iterable[tuple[Any, Any]]:
        """Names and values, as text or (ASGI) as bytes."""
        ...


Headers = HasItems | Iterable[tuple[Any, Any]]


def read_headers(headers: Headers) -> dict[str, str]:
    """Name in lower case -> value. Of a header that came twice the first counts."""
    pairs = headers if isinstance(headers, Iterable) and not hasattr(headers, "items") else headers.items()
    read: dict[str, str] = {}
    for name, value in pairs:
        read.setdefault(_text(name).lower(), _text(value).strip())
    return read


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def raw_bytes(body: object) -> bytes | None:
    """The body; None if it is no bytes: text or something parsed proves nothing about what was signed."""
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else None


def not_raw(body: object) -> str:
    """What to do about a body that is no bytes."""
    return f"{RAW_BYTES}. This is {_kind(body)}, from which they can't be had back."


def _kind(body: object) -> str:
    if isinstance(body, str):
        return "a str"
    return "parsed JSON" if isinstance(body, dict | list) else f"of type {type(body).__name__}"
