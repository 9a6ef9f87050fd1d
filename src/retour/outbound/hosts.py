"""The host of a URL in whatever spelling: an ASCII name, or the address that it really is. Pure.

Source: WHATWG URL Standard, 3.5 (host parsing) and its IPv4 parser, but its validation errors are errors
here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

import idna

Address = IPv4Address | IPv6Address

NAME_CHARACTERS = 253  # RFC 1035, 2.3.4, as text without the final dot
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")


@lru_cache(maxsize=8192)
def parse_host(text: str) -> str | Address | None:
    """A host as an ASCII name without a final dot, or as an address in whatever spelling; None if neither."""
    if text.startswith("["):
        return _bracketed(text[1:-1])
    name = _ascii_name(text)
    if name is None:
        return None
    labels = name.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _dotted(labels)
    if len(".".join(labels)) > NAME_CHARACTERS or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return ".".join(labels)


def _bracketed(text: str) -> Address | None:
    """Without zones: `fe80::1%eth0` means something on this machine only."""
    try:
        return unmapped(IPv6Address(text)) if "%" not in text else None
    except ValueError:
        return None


def unmapped(at: Address) -> Address:
    """`::ffff:a.b.c.d` is a.b.c.d: the kernel dials IPv4 for it (RFC 4291, 2.5.5.2)."""
    if isinstance(at, IPv6Address) and at.ipv4_mapped is not None:
        return at.ipv4_mapped
    return at


def _ascii_name(text: str) -> str | None:
    """Lower case, full-width digits and dots as the plain ones (UTS 46), other letters as Punycode."""
    if text.isascii():
        return text.lower()
    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        return mapped if mapped.isascii() else idna.encode(mapped).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None


def _dotted(labels: list[str]) -> IPv4Address | None:
    """IPv4 as inet_aton reads it: up to four numbers, 0 for octal, 0x for hexadecimal, the last fills up."""
    numbers = [_number(label) for label in labels]
    if len(numbers) > 4 or any(number is None for number in numbers):
        return None
    *bytes_, last = [number for number in numbers if number is not None]
    if any(byte > 255 for byte in bytes_) or last >= 256 ** (5 - len(numbers)):
        return None
    return IPv4Address(last + sum(byte << 8 * (3 - place) for place, byte in enumerate(bytes_)))


def _number(label: str) -> int | None:
    if not _NUMBER.fullmatch(label) or len(label) > 40:
        return None
    base = 16 if label[:2].lower() == "0x" else 8 if label[0] == "0" else 10
    try:
        return int(label[2:] or "0", 16) if base == 16 else int(label, base)
    except ValueError:
        return None
