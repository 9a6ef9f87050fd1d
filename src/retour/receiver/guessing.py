"""Why a signature does not match: everything that commonly goes wrong is undone, and it is tried again.

Each part of it (secret, id, time, body, the header itself) has its variants, the one as it came among them. The
combination that matches with the fewest changes tells what happened; a signature never matches by chance.
"""

from __future__ import annotations

import ast
import base64
import binascii
import hmac
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from retour.receiver import signature

MOST_BYTES: Final = 64 * 1024  # an event has some 2 kB, and hundreds of variants are hashed
MOST_SECRETS: Final = 4
MOST_SIGNATURES: Final = 8
MOST_BRACKETS: Final = (
    200  # an event has some 15; what is nested deeper than the stack can't be written again
)
MAC_BYTES: Final = 32
MILLISECONDS_DIGITS: Final = 13
CANDIDATE: Final = re.compile(r"[A-Za-z0-9+/_-]{43,64}={0,2}")  # 32 bytes in base64 or hexadecimal


class Variant(NamedTuple):
    """A part as it came, or with something undone and a sentence about that."""

    value: bytes
    says: tuple[str, ...] = ()


def guess(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> tuple[str, ...]:
    """What was changed on the way, a sentence each; empty if no guess matches. headers: names in lower case."""
    if len(body) > MOST_BYTES:
        return ()
    given = _signatures(headers.get(signature.SIGNATURE, ""))
    keys = [key for secret in secrets[:MOST_SECRETS] for key in _keys(secret)]
    found = [
        key.says + content.says + given[mac]
        for content in _contents(headers, body)
        for key in keys
        if (mac := hmac.digest(key.value, content.value, "sha256")) in given
    ]
    return min(found, key=len, default=())


# --- the secret ---


def _keys(secret: str) -> Iterator[Variant]:
    """Bytes that somebody may have signed with who was given this secret."""
    for text, says in _secret_texts(secret):
        for form, decode in KEY_FORMS.items():
            key = decode(text.removeprefix(signature.PREFIX))
            if key:
                yield Variant(key, says + ((form,) if form else ()))
        yield Variant(text.encode(), (*says, UNDECODED))


def _secret_texts(secret: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield secret, ()
    clean = secret.strip().strip("\"'")
    if clean != secret:
        yield clean, (signature.secret_trouble(secret) or "",)
    mark, underscore, rest = clean.partition("_")
    if underscore and mark.isalpha() and not clean.startswith(signature.PREFIX):
        yield rest, (f"The signing secret starts with {mark}_ instead of {signature.PREFIX}.",)


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _any_base64(text: str) -> bytes | None:
    """Of either alphabet, with its padding or without."""
    plain = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    return _base64(plain + "=" * (-len(plain) % 4))


def _hexadecimal(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


UNDECODED: Final = (
    "It was signed with the text of the secret as the key: decode what follows whsec_ from base64."
)
KEY_FORMS: Final[Mapping[str, Callable[[str], bytes | None]]] = {
    "": _base64,
    "The signing secret is in the URL-safe alphabet, or lost its padding: copy it as it was shown.": _any_base64,
    "The signing secret is in hexadecimal: it has to be in base64.": _hexadecimal,
    UNDECODED: str.encode,
}


# --- what is signed ---

NO_ID: Final = "webhook-id is not in what was signed: id, timestamp and body, with full stops between, are."
BODY_ALONE: Final = "Only the body was signed: id, timestamp and body, with full stops between, have to be."


def _contents(headers: Mapping[str, str], body: bytes) -> Iterator[Variant]:
    ids, times, bodies = list(_ids(headers, body)), list(_times(headers)), list(_bodies(body))
    for parts in itertools.product(ids, times, bodies):
        yield _joined(parts)
    for time, content in itertools.product(times, bodies):
        yield _joined((time, content), NO_ID)
    for content in bodies:
        yield _joined((content,), BODY_ALONE)


def _joined(parts: Sequence[Variant], *more: str) -> Variant:
    says = (sentence for part in parts for sentence in part.says)
    return Variant(b".".join(part.value for part in parts), (*says, *more))


def _ids(headers: Mapping[str, str], body: bytes) -> Iterator[Variant]:
    given = headers.get(signature.ID, "")
    yield Variant(given.encode())
    own = own_id(body)
    if own and own != given:
        says = f"webhook-id is {given!r}, and it was signed for {own!r}, the _id of the body: another request's header?"
        yield Variant(own.encode(), (says,))


def own_id(body: bytes) -> str:
    """The `_id` that the format `extended` has; empty if there is none."""
    read = parsed(body)
    found = read.get("_id") if isinstance(read, dict) else None
    return found if isinstance(found, str) else ""


def parsed(body: bytes) -> Any:
    """What the JSON holds; None if it is none, or nested too deep."""
    if body.count(b"[") + body.count(b"{") > MOST_BRACKETS:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _times(headers: Mapping[str, str]) -> Iterator[Variant]:
    given = headers.get(signature.TIMESTAMP, "")
    yield Variant(given.encode())
    if given.isascii() and given.isdigit() and len(given) == MILLISECONDS_DIGITS:
        says = "webhook-timestamp was turned into milliseconds; it was signed in seconds."
        yield Variant(given[:-3].encode(), (says,))


def _bodies(body: bytes) -> Iterator[Variant]:
    """Each once: of several ways to the same bytes the first is the likeliest."""
    yield Variant(body)
    seen = {body}
    for says, value in itertools.chain(_line_ends(body), _wrapped(body), _encoded_again(body)):
        if value not in seen:
            seen.add(value)
            yield Variant(value, (says,))


def _line_ends(body: bytes) -> Iterator[tuple[str, bytes]]:
    lines = body.replace(b"\r\n", b"\n")
    yield "A line end or blanks were added after the body: verify the raw bytes.", body.rstrip()
    yield "The line end after the body was cut off: verify the raw bytes.", body + b"\n"
    yield "Line ends of the body were turned into CR LF: verify the raw bytes.", lines
    yield "Line ends of the body were turned into LF: verify the raw bytes.", lines.replace(b"\n", b"\r\n")
    yield (
        "A byte order mark was put before the body: verify the raw bytes.",
        body.removeprefix(b"\xef\xbb\xbf"),
    )


def _wrapped(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The body as text of something else: a string of JSON, Python's b'…', or read by a wrong character set."""
    read = parsed(body)
    if isinstance(read, str):
        yield "The body is a JSON string that holds the body: it was encoded once more.", _encoded(read)
    if body[:2] in (b"b'", b'b"'):
        yield "The body is what Python prints of bytes (b'…'): write the bytes themselves.", _literal(body)
    try:
        misread = body.decode().encode("latin-1")
    except UnicodeError:
        return
    yield "The body was read as Latin-1 and written as UTF-8: verify the raw bytes.", misread


def _literal(body: bytes) -> bytes:
    try:
        value = ast.literal_eval(body.decode().strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return body
    return value if isinstance(value, bytes) else body


JSON_FORMS: Final[Mapping[str, dict[str, Any]]] = {
    "compact JSON": {"separators": (",", ":")},
    "JSON with blanks": {},
    "JSON indented by 2": {"indent": 2},
    "JSON indented by 4": {"indent": 4},
    "JSON indented by tabs": {"indent": "\t"},
    "compact JSON with sorted keys": {"separators": (",", ":"), "sort_keys": True},
}


def _encoded_again(body: bytes) -> Iterator[tuple[str, bytes]]:
    read = parsed(body)
    if not isinstance(read, dict | list):
        return
    for (form, options), ascii_only in itertools.product(JSON_FORMS.items(), (False, True)):
        text = json.dumps(read, ensure_ascii=ascii_only, **options)
        name = f"{form} in ASCII" if ascii_only else form
        yield f"{ENCODED_AGAIN} as {name}.", _encoded(text)
        yield f"{ENCODED_AGAIN} as {name} and a line end.", _encoded(text + "\n")


ENCODED_AGAIN: Final = "The body was parsed and encoded again: verify the raw bytes. It matches"


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


# --- the header ---

RIGHT: Final = (
    "the signature itself is right, but webhook-signature has to stay as it was sent, v1, and base64"
)


def _signatures(header: str) -> dict[bytes, tuple[str, ...]]:
    """The signatures in it -> what is wrong with how they are written."""
    macs: dict[bytes, tuple[str, ...]] = {}
    for one in signature.given_signatures(header)[:MOST_SIGNATURES]:
        macs[_base64(one.decode()) or b""] = ()
    for text in CANDIDATE.findall(header)[:MOST_SIGNATURES]:
        in_hex = len(text) == 2 * MAC_BYTES
        macs.setdefault(
            (_hexadecimal(text) if in_hex else _any_base64(text)) or b"", (_miswritten(text, header),)
        )
    return macs


def _miswritten(text: str, header: str) -> str:
    if len(text) == 2 * MAC_BYTES:
        return f"The signature is in hexadecimal: {RIGHT}."
    if f"v1,{text}" not in header:
        return f"The signature has no v1, before it: {RIGHT}."
    return f"The signature is in the URL-safe alphabet, or lost its padding: {RIGHT}."
