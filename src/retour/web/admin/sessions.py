"""The session cookie: made at sign-in, read at every request, ended at sign-out."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from retour import limits
from retour.app import Retour
from retour.auth.sessions import Browser, Person

COOKIE = "retour_session"
HOME = "/admin"
INVITATIONS = HOME + "/invitations"


async def person_of(retour: Retour, request: Request) -> Person | None:
    """Who is signed in."""
    return await retour.sessions.identify(token_of(request))


def token_of(request: Request) -> str:
    """The cookie's token; empty without one."""
    return request.cookies.get(COOKIE, "")


def browser_of(request: Request) -> Browser:
    """What asks, as far as it is known; behind a trusted proxy the address is the one that the proxy names."""
    address = request.client.host if request.client else ""
    return Browser(address=address, agent=request.headers.get("user-agent", ""))


async def begin(retour: Retour, request: Request, response: Response, token: str) -> Response:
    """Give the new session's cookie; the one that the browser had before ends (no fixation)."""
    await retour.sessions.end(token_of(request))
    response.set_cookie(
        COOKIE,
        token,
        max_age=limits.SESSION_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=retour.settings.base_url.startswith("https://"),
    )
    return response


async def finish(retour: Retour, request: Request, response: Response) -> Response:
    """End the session and take the cookie back."""
    await retour.sessions.end(token_of(request))
    response.delete_cookie(COOKIE, path="/")
    return response


def local(path: str) -> str:
    """A page of ours to go to after signing in; anything else is the start page."""
    try:
        parts = urlsplit(path)
    except ValueError:
        return HOME
    plain = path.isprintable() and "\\" not in path and not parts.scheme and not parts.netloc
    return path if plain and parts.path.startswith(HOME + "/") else HOME
