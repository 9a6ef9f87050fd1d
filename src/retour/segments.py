"""How a text message is counted: its encoding, and the parts that it travels in (3GPP TS 23.038 and 23.040). Pure."""

from __future__ import annotations

from retour.model import Value

GSM = "GSM-7"
UCS2 = "UCS-2"
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet: a septet each (23.038, 6.2.1)."""

EXTENSION = frozenset("^{}\\[~]|€\f")
"""Its extension: two septets each, the first one an escape (23.038, 6.2.1.1)."""

ALONE = {GSM: 160, UCS2: 70}
"""Septets or 16-bit units in a message of one part: 140 octets."""

JOINED = {GSM: 153, UCS2: 67}
"""In each of several parts, which carry six octets that join them (23.040, 9.2.3.24.1)."""


class Segments(Value, frozen=True):
    """encoding: GSM-7 or UCS-2. units: septets or 16-bit units. parts: what a provider charges, 0 for no text."""

    encoding: str
    characters: int
    units: int
    parts: int
    other: str = ""
    """The first character that GSM-7 does not have: it makes the whole message UCS-2."""


def count(text: str) -> Segments:
    """Of a text as it is sent."""
    other = next((character for character in text if not _in_gsm(character)), "")
    encoding = UCS2 if other else GSM
    sizes = [_size(character, encoding) for character in text]
    return Segments(
        encoding=encoding,
        characters=len(text),
        units=sum(sizes),
        parts=_parts(sizes, encoding),
        other=other,
    )


def _in_gsm(character: str) -> bool:
    return character in BASIC or character in EXTENSION


def _size(character: str, encoding: str) -> int:
    """An escape takes a septet of its own; what is beyond 16 bits takes two units (a surrogate pair)."""
    if encoding == GSM:
        return 2 if character in EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1


def _parts(sizes: list[int], encoding: str) -> int:
    """No character is cut in two: one of two units that does not fit begins the next part."""
    if sum(sizes) <= ALONE[encoding]:
        return 1 if sizes else 0
    parts, used = 1, 0
    for size in sizes:
        if used + size > JOINED[encoding]:
            parts, used = parts + 1, 0
        used += size
    return parts
