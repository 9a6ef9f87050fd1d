"""The claims of a JWT as a person enters them: what is wrong with them, in a sentence."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from retour import limits
from retour.model import Value

OWN_CLAIMS = ("iat", "exp", "nbf", "jti")


def check_claims(claims: object) -> str | None:
    """What is wrong with a JWT payload (JSON text, or decoded), as a sentence; None if nothing is."""
    if isinstance(claims, str):
        if len(claims.encode()) > limits.CLAIMS_BYTES:
            return _too_long()
        claims = _decoded(claims)
    if isinstance(claims, NotJson):
        return f"JWT Payload is not valid JSON: {claims.trouble}"
    if not isinstance(claims, dict):
        return 'JWT Payload must be a JSON object, as in {"iss": "retour"}.'
    return _check_claims(claims)


class NotJson(Value, frozen=True):
    """What is wrong with a text that should be JSON, ending with a full stop."""

    trouble: str


TROUBLES = {
    "Expecting ',' delimiter": "a comma is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing",
    "Expecting value": "a value is missing",
    "Illegal trailing comma before end of object": "there is a comma too many",
    "Illegal trailing comma before end of array": "there is a comma too many",
    "Unterminated string starting at": "a closing quote is missing",
    "Extra data": "there is something after the end",
}


def _decoded(text: str) -> object:
    """The value; json is asked rather than msgspec, since it knows the line."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return NotJson(trouble=f"line {error.lineno}, {TROUBLES.get(error.msg, error.msg)}.")
    except (ValueError, RecursionError) as error:
        return NotJson(trouble="it is nested too deep." if isinstance(error, RecursionError) else f"{error}.")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _check_claims(claims: dict[str, Any]) -> str | None:
    for name in OWN_CLAIMS:
        if name in claims:
            return f"Remove {name} from the JWT Payload: the service sets the times and the id of a token."
    try:
        size = len(msgspec.json.encode(claims))
    except (TypeError, ValueError, RecursionError):
        return "JWT Payload may hold JSON values only."
    return _too_long() if size > limits.CLAIMS_BYTES else None


def _too_long() -> str:
    return f"Enter a JWT Payload of at most {limits.CLAIMS_BYTES:,} bytes."
