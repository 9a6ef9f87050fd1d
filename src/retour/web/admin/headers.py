"""Headers that every page carries."""

from __future__ import annotations

from starlette.responses import Response

# Nothing but our own files: no inline script or style, no frame around us, forms to ourselves only.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A customer's e-mail: its styles, no script, nothing from elsewhere, and only inside our own page.
PREVIEW_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)


def secured(response: Response, policy: str = POLICY) -> Response:
    """The same answer with the headers. A policy that a view has set stays."""
    response.headers.setdefault("content-security-policy", policy)
    response.headers["x-content-type-options"] = "nosniff"
    response.headers["referrer-policy"] = "same-origin"
    response.headers["cache-control"] = "no-store"
    return response
