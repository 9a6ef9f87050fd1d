"""How a text message travels: its encoding, its parts, their octets (3GPP TS 23.038 and 23.040). Pure."""

from __future__ import annotations

from retour.model import Value

GSM = "GSM-7"
UCS2 = "UCS-2"
SHOWN = {GSM: "GSM", UCS2: "UNICODE"}
"""The words of Adobe's sample."""

ESCAPE = "\x1b"
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet: a septet each, in their order (23.038, 6.2.1)."""

BASIC = frozenset(ALPHABET) - {ESCAPE}

EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
"""Its extension: two septets each, an escape and this one (23.038, 6.2.1.1)."""

ALONE = {GSM: 160, UCS2: 70}
"""Septets or 16-bit units in a message of one part: 140 octets."""

JOINED = {GSM: 153, UCS2: 67}
"""In each of several parts, which carry six octets that join them (23.040, 9.2.3.24.1)."""

_SEPTETS = {
    character: bytes([septet]) for septet, character in enumerate(ALPHABET) if character != ESCAPE
} | {character: bytes([ALPHABET.index(ESCAPE), septet]) for character, septet in EXTENSION.items()}

_CHARACTERS = frozenset(_SEPTETS)


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
    encoding = encoding_of(text)
    return Segments(
        encoding=encoding,
        characters=len(text),
        units=_units(text, encoding),
        parts=len(split(text)),
        other="" if encoding == GSM else next(one for one in text if one not in _SEPTETS),
    )


def split(text: str) -> tuple[str, ...]:
    """The parts as they travel, all in the encoding of the whole text; none for no text.

    No character is cut in two: one of two units that does not fit begins the next part.
    """
    encoding = encoding_of(text)
    if _units(text, encoding) <= ALONE[encoding]:
        return (text,) if text else ()
    cuts, used = [0], 0
    for place, character in enumerate(text):
        size = _size(character, encoding)
        if used + size > JOINED[encoding]:
            cuts.append(place)
            used = 0
        used += size
    return tuple(text[begin:end] for begin, end in zip(cuts, [*cuts[1:], len(text)], strict=True))


def encoding_of(text: str) -> str:
    """GSM-7 where it has every character, else UCS-2."""
    return GSM if _CHARACTERS.issuperset(text) else UCS2


def octets(part: str, encoding: str) -> bytes:
    """A part for SMPP, in the encoding of the whole text."""
    return gsm_octets(part) if encoding == GSM else part.encode("utf-16-be")


def gsm_octets(text: str) -> bytes:
    """Septets, unpacked: one to an octet, escapes among them. Raises KeyError for what GSM-7 does not have."""
    return b"".join([_SEPTETS[character] for character in text])


def _units(text: str, encoding: str) -> int:
    """The sizes together, without a look at each character: every message is counted."""
    if encoding == GSM:
        return len(text) + sum(map(text.count, EXTENSION))
    return len(text) + sum(character > "\uffff" for character in text)


def _size(character: str, encoding: str) -> int:
    """An escape takes a septet of its own; what is beyond 16 bits takes two units (a surrogate pair)."""
    if encoding == GSM:
        return 2 if character in EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1
