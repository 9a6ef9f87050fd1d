"""Error pages: what happened, in plain words, and where to go.

Inside a sandbox the navigation stays around them. Else, and when something is wrong with us, they need no session and
tell nothing of anybody's.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from retour.errors import Busy, Refused
from retour.web.admin import headers, pages
from retour.web.admin.visits import SandboxVisit

TITLES = {
    401: "Sign in first",
    403: "You may not do this",
    404: "This page is not here",
    405: "This address takes no such request",
    409: "That can't be done now",
    412: "Somebody changed this meanwhile",
    413: "That is too much for one form",
    422: "That can't be done like this",
    429: "Too many tries",
    500: "Something went wrong here",
    503: "The service is busy",
}
DETAILS = {
    403: "Your role does not allow it. Ask an administrator of the organization.",
    404: "It may have been deleted, or it belongs to somebody else.",
    405: "Go back and use the buttons of the page.",
    413: "A form may hold 1 MB. Shorten what you typed, then send it again.",
    500: "It has been logged. Try again; if it stays, tell your operator the reference.",
    503: "Nothing is lost. Try again in a few seconds.",
}
BUSY_SECONDS = "2"
# Where a part of a page was asked for, the page stays as it is and the trouble is told beside it.
AS_A_TOAST = {"hx-retarget": "#toasts", "hx-reswap": "beforeend", "hx-push-url": "false"}


def error_page(
    request: Request, status: int, title: str = "", detail: str = "", reference: str = ""
) -> Response:
    """A page for an error. reference: what finds a bug in the log."""
    values: dict[str, Any] = {
        "status": status,
        "title": title or TITLES.get(status, "That did not work"),
        "detail": detail or DETAILS.get(status, ""),
        "reference": reference,
    }
    if request.headers.get("hx-request-type") == "partial":
        part = pages.render("refused_part.html", status, **values)
        part.headers.update(AS_A_TOAST)
        return headers.secured(part)
    visit: SandboxVisit | None = getattr(request.state, "visit", None)
    if visit is None or status >= 500:
        return headers.secured(pages.render("error.html", status, **values))
    return headers.secured(visit.render("refused.html", status, **values))


def refused_page(request: Request, error: Refused | Busy) -> Response:
    """A page for a refusal that no form shows beside its fields."""
    if isinstance(error, Busy):
        response = error_page(request, 503)
        response.headers["retry-after"] = BUSY_SECONDS
        return response
    response = error_page(request, error.status, *_sentences(error))
    if "retryAfter" in error.context:
        response.headers["retry-after"] = error.context["retryAfter"]
    return response


def _sentences(error: Refused) -> tuple[str, str]:
    """Title and detail. What is not there is told alike for everything; a right that lacks is named."""
    if error.status in (404, 413):
        return "", ""
    if error.status == 403:
        return "", error.title
    return error.title, " ".join(field.message for field in error.fields if field.message != error.title)
