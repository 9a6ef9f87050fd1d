"""Standard Webhooks 1.0.0, scheme v1, from the side that verifies (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from retour import ids, limits

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
NAMES: Final = (ID, TIMESTAMP, SIGNATURE)

PREFIX: Final = "whsec_"
KEY_BYTES: Final = 24  # the specification: 24 to 64. An empty key would let anybody sign
SECONDS_DIGITS: Final = 12  # more is no time that a clock will ever show
NOT_BASE64: Final = (
    "The signing secret is not one: it is whsec_ and base64, as it was shown when the webhook was made."
)


def missing_headers(headers: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each of the three headers that is not there."""
    return tuple(missing(name) for name in NAMES if name not in headers)


def missing(name: str) -> str:
    """What to do about a header that is not there."""
    return (
        f"The header {name} is missing. Is the webhook saved with signed: true, and does a proxy pass it on?"
    )


def timestamp_troubles(headers: Mapping[str, str], now: int, tolerance_seconds: int) -> tuple[str, ...]:
    """What is wrong with the time at which it was signed. now: microseconds. An old request may be a replay."""
    seconds = read_seconds(headers[TIMESTAMP])
    if seconds is None:
        return (f"{TIMESTAMP} is not a number of seconds since 1970: {headers[TIMESTAMP][:40]!r}.",)
    away = now // limits.SECOND - seconds
    if abs(away) <= tolerance_seconds:
        return ()
    return (_two_clocks(seconds, away, now, tolerance_seconds),)


def read_seconds(text: str) -> int | None:
    """The number, or None if it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= SECONDS_DIGITS else None


def _two_clocks(seconds: int, away: int, now: int, tolerance_seconds: int) -> str:
    side = "before" if away > 0 else "after"
    return (
        f"It was signed {abs(away)} s {side} our clock's time, and {tolerance_seconds} s are allowed: signed at "
        f"{moment(seconds)}, our clock says {ids.iso(now)}. Set the clock by NTP, or this is an old request again."
    )


def moment(seconds: int) -> str:
    """A time as a person reads it; what no calendar has stays a number."""
    try:
        return ids.iso(seconds * limits.SECOND)
    except OverflowError:
        return str(seconds)


def signature_troubles(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> tuple[str, ...]:
    """Why no signature matches; empty if one does. One secret that matches is enough, while it is changed."""
    content = signed_content(headers[ID], headers[TIMESTAMP], body)
    given = given_signatures(headers[SIGNATURE])
    keys = [key for secret in secrets if (key := key_of(secret)) is not None]
    if any(hmac.compare_digest(mac_text(key, content), one) for key in keys for one in given):
        return ()
    unusable = tuple(sentence for secret in secrets if (sentence := secret_trouble(secret)))
    return unusable or (_no_match(len(secrets)),)


def _no_match(secrets: int) -> str:
    which = "the signing secret is another one" if secrets == 1 else f"none of the {secrets} secrets made it"
    return f"No signature matches: the body was changed, or {which}."


def signed_content(id: str, timestamp: str, body: bytes) -> bytes:
    """What is signed: id, time and body with full stops between."""
    return f"{id}.{timestamp}.".encode() + body


def given_signatures(header: str) -> list[bytes]:
    """Those of scheme v1, in base64; there are several while the sender changes its secret."""
    parts = [part.partition(",") for part in header.split()]
    return [given.encode() for version, _, given in parts if version == "v1"]


def mac_text(key: bytes, content: bytes) -> bytes:
    """The HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.digest(key, content, "sha256"))


def key_of(secret: str) -> bytes | None:
    """The bytes of a secret, written with or without its mark; None if it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) >= KEY_BYTES else None


def secret_trouble(secret: str) -> str | None:
    """What is wrong with a signing secret as it is written, as a sentence; None if nothing is."""
    if not secret:
        return "There is no signing secret. Is the setting or environment variable empty?"
    if secret != secret.strip():
        return "The signing secret has blanks or a line end around it: strip it where you read it."
    if secret.strip("\"'") != secret:
        return "The signing secret has quotation marks around it: leave them out."
    return None if key_of(secret) is not None else _misspelt(secret)


def _misspelt(secret: str) -> str:
    mark, underscore, _ = secret.partition("_")
    if underscore and not secret.startswith(PREFIX) and mark.isalpha() and len(mark) <= len(PREFIX):
        return (
            f"The signing secret starts with {mark}_ and has to start with {PREFIX}: this is another secret."
        )
    rest = secret.removeprefix(PREFIX)
    try:
        size = len(base64.b64decode(rest, validate=True))
    except (binascii.Error, ValueError):
        return NOT_BASE64
    return f"The signing secret is cut short: {size} bytes, and {KEY_BYTES} are the fewest. Copy the whole of it."
