"""Errors become answers here and nowhere else: AJO's error shape with our stable codes."""

from __future__ import annotations

from typing import Any

import msgspec

from retour.errors import Busy, Code, Refused

TYPE = "https://ns.adobe.com/aep/errors/MSG-{code}-{status}"  # AJO's own; its clients parse the last part
RETRY_AFTER_SECONDS = 2


def problem(
    error: Refused | Busy, request_id: str | None = None
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers of an error's answer. What the error is about goes before a field of that name."""
    named = {} if request_id is None else {"requestId": request_id}
    if isinstance(error, Busy):
        return _busy(error, named)
    context = {field.path: field.message for field in error.fields}
    context |= {"reason": error.code.name.lower(), **named, **error.context}
    headers = {}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if "retryAfter" in error.context:
        headers["retry-after"] = error.context["retryAfter"]
    return error.status, shape(error.code, error.status, error.title, context), headers


def _busy(error: Busy, named: dict[str, str]) -> tuple[int, dict[str, Any], dict[str, str]]:
    """503: the caller repeats the same requestId, so that an unknown outcome becomes a known one."""
    outcome = "unknown" if error.begun else "not_begun"
    context = {"reason": Code.STORE_BUSY.name.lower(), "outcome": outcome, **named}
    body = shape(Code.STORE_BUSY, 503, str(error), context)
    return 503, body, {"retry-after": str(RETRY_AFTER_SECONDS)}


def internal(reference: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """500: a bug. The reference finds it in the log."""
    title = "Something went wrong here. It has been logged under this reference."
    return 500, shape(Code.INTERNAL, 500, title, {"reason": "internal", "reference": reference}), {}


def wrong_method(allowed: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """405. `allowed`: the methods that the path takes, comma separated (RFC 9110, 15.5.6)."""
    code = Code.METHOD_NOT_ALLOWED
    title = "This path takes another method." + (f" Use {allowed}." if allowed else "")
    return 405, shape(code, 405, title, {"reason": code.name.lower()}), {"allow": allowed}


def not_found() -> tuple[int, dict[str, Any], dict[str, str]]:
    """404: no such path."""
    code = Code.NOT_FOUND
    return 404, shape(code, 404, "There is nothing at this path.", {"reason": code.name.lower()}), {}


def shape(code: Code, status: int, title: str, context: dict[str, str]) -> dict[str, Any]:
    """AJO's error shape (its message execution API): additionalContext maps text to text."""
    return {
        "type": TYPE.format(code=code, status=status),
        "title": title,
        "status": status,
        "report": {"additionalContext": context},
    }


def encode(body: Any) -> bytes:
    """JSON bytes."""
    return msgspec.json.encode(body)
