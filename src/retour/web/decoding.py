"""Request bodies: read up to a limit, decoded into a type, with the path of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from retour import limits
from retour.errors import Code, Field, Invalid, TooLarge

T = TypeVar("T")
LENGTH_DIGITS = 15
PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>.*)`)?$", re.S)
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*\Z"  # for Meta(pattern=…)
LACKING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")


async def read_body(
    receive: Callable[[], Awaitable[Any]], headers: dict[str, str], most: int = limits.REQUEST_BODY_BYTES
) -> bytes:
    """The whole body. Raises TooLarge as soon as it is known to be over the limit; Invalid when it breaks off."""
    length = headers.get("content-length", "")
    if length.isdecimal() and (len(length) > LENGTH_DIGITS or int(length) > most):
        raise _too_large(most)
    parts, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _malformed("It broke off")
        part = event.get("body", b"")
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
        if not event.get("more_body"):
            return b"".join(parts)


def decode(body: bytes, kind: type[T], *, status: int = 400) -> T:
    """The body as a `kind`. Raises Invalid: malformed JSON is always 400, a wrong field is `status`."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        field = _field(str(error))
        raise Invalid(Code.INVALID_FIELDS, "A field is wrong.", (field,), status=status) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(str(error)) from error
    except RecursionError as error:
        raise _malformed("It is nested too deeply") from error


def _malformed(why: str) -> Invalid:
    return Invalid(Code.MALFORMED_JSON, f"The body is not valid JSON: {why}.")


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        Code.BODY_TOO_LARGE, f"The body is over {most:,} bytes. Send fewer recipients or less context."
    )


def _field(text: str) -> Field:
    """msgspec's `Expected `str`, got `int` - at `$.recipients[0].userId`` as a field."""
    found = PLACE.match(text)
    path = (found["path"] or "$") if found else "$"
    what = found["what"] if found else text
    if lacking := LACKING.match(what):
        path, what = f"{path}.{lacking['name']}", "This field is required"
    if PRINTABLE in what:
        what = "Use printable characters only"
    return Field(path.removeprefix("$").removeprefix(".") or "body", what.replace("`", "").rstrip(".") + ".")
