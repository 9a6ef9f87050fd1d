"""Custom headers of a webhook: which a sandbox may set, said in words that fit beside the field."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retour import limits

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
VISIBLE = re.compile(r"[\t\x20-\x7e]*")  # RFC 9110, 5.5, without the octets that have no agreed meaning

# What frames or routes the request, names its sender, or carries what we sign.
RESERVED = frozenset({
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
})  # fmt: skip
RESERVED_PREFIXES = ("proxy-", "webhook-")


def check_headers(
    headers: Sequence[tuple[str, str]], token_header: str | None = None
) -> tuple[tuple[int, str], ...]:
    """What is wrong with these names and values: the place in the list and a sentence, for each.

    token_header: where the JWT goes, which a custom header may not replace. What concerns the whole list is
    told at its last place.
    """
    troubles = []
    seen = {token_header.lower()} if token_header else set()
    for place, (name, value) in enumerate(headers):
        trouble = check_header(name, value) or (_taken(name, token_header) if name.lower() in seen else None)
        seen.add(name.lower())
        if trouble:
            troubles.append((place, trouble))
    if trouble := _too_much(headers):
        troubles.append((len(headers) - 1, trouble))
    return tuple(troubles)


def check_header(name: str, value: str) -> str | None:
    """What is wrong with one header, as a sentence; None if nothing is."""
    return check_name(name) or _check_value(name, value)


def check_name(name: str) -> str | None:
    """What is wrong with a header's name (RFC 9110, 5.1), as a sentence; None if nothing is."""
    if not TOKEN.fullmatch(name):
        return "Enter a valid header name: letters, digits and hyphens, no spaces."
    if len(name) > limits.HEADER_NAME_CHARACTERS:
        return f"Enter a header name of at most {limits.HEADER_NAME_CHARACTERS} characters."
    if name.lower() in RESERVED or name.lower().startswith(RESERVED_PREFIXES):
        return f"{name} is set by the service and can't be changed here."
    return None


def _check_value(name: str, value: str) -> str | None:
    if not value:
        return f"Enter a value for {name}."
    if not VISIBLE.fullmatch(value):
        return f"The value of {name} may hold letters, digits, signs and spaces (ASCII), and no line breaks."
    if value != value.strip(" \t"):
        return f"The value of {name} may not begin or end with a space."
    if len(value) > limits.HEADER_VALUE_BYTES:
        return f"Enter a value of at most {limits.HEADER_VALUE_BYTES:,} characters for {name}."
    return None


def _taken(name: str, token_header: str | None) -> str:
    if token_header and name.lower() == token_header.lower():
        return f"{name} carries the JWT and can't be set here."
    return f"{name} is already in the list."


def _too_much(headers: Sequence[tuple[str, str]]) -> str | None:
    if len(headers) > limits.HEADERS:
        return f"At most {limits.HEADERS} headers are allowed."
    if sum(len(name) + len(value) for name, value in headers) > limits.HEADERS_BYTES:
        return f"All headers together may have at most {limits.HEADERS_BYTES:,} characters."
    return None
