"""Who may see and do what. Every page goes through here: origin, session, membership, role, size, headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from retour.app import Retour
from retour.auth.sessions import Person
from retour.errors import Busy, Code, Forbidden, Invalid, NotFound, Refused
from retour.model import Role
from retour.web.admin import headers, sessions, words
from retour.web.admin.errors import error_page, refused_page
from retour.web.admin.forms.fields import Form
from retour.web.admin.visits import PersonVisit, SandboxVisit, Visit
from retour.web.decoding import read_body
from retour.web.multipart import parts

FORM_BYTES = 1024 * 1024
FORM_TYPE, FILE_TYPE = "application/x-www-form-urlencoded", "multipart/form-data"
SAFE = ("GET", "HEAD")

AnyVisit = TypeVar("AnyVisit", bound=Visit)
View = Callable[[AnyVisit], Awaitable[Response]]
Enter = Callable[[Retour, "Page[AnyVisit]", Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Page(Generic[AnyVisit]):
    """A path with what shows it and what takes its form. role: who may see it; to_post: who may post.

    most: bytes of what is posted. with_file: the form brings a file.
    """

    path: str
    get: View[AnyVisit] | None = None
    post: View[AnyVisit] | None = None
    role: Role = Role.VIEWER
    to_post: Role = Role.ADMINISTRATOR
    most: int = FORM_BYTES
    with_file: bool = False


def open_route(retour: Retour, page: Page[Visit]) -> Route:
    """For anybody: signing in."""
    return _route(retour, page, _enter_open, page.path)


def person_route(retour: Retour, page: Page[PersonVisit]) -> Route:
    """For everybody who is signed in."""
    return _route(retour, page, _enter_person, page.path)


def sandbox_route(retour: Retour, page: Page[SandboxVisit]) -> Route:
    """For members of the organization, each as far as the role goes."""
    return _route(retour, page, _enter_sandbox, "/admin/{org}/{sandbox}" + page.path)


def _route(retour: Retour, page: Page[Any], enter: Enter[Any], path: str) -> Route:
    methods = [method for method, view in (("GET", page.get), ("POST", page.post)) if view]
    return Route(path, partial(_answer, retour, page, enter), methods=methods)


async def _answer(retour: Retour, page: Page[Any], enter: Enter[Any], request: Request) -> Response:
    """The page, or a page that says why not; with the headers in any case."""
    try:
        if request.method not in SAFE:
            check_origin(request)
        return headers.secured(await enter(retour, page, request))
    except (Refused, Busy) as error:
        return refused_page(request, error)
    except ConnectionResetError:
        return error_page(request, 400)  # whoever asked is gone: nobody reads it


async def _enter_open(retour: Retour, page: Page[Visit], request: Request) -> Response:
    visit = Visit(retour=retour, request=request, form=await _form(page, request))
    return await _view(page, request)(visit)


async def _enter_person(retour: Retour, page: Page[PersonVisit], request: Request) -> Response:
    person = await sessions.person_of(retour, request)
    if person is None:
        return _to_sign_in(request)
    visit = PersonVisit(retour=retour, request=request, person=person, form=await _form(page, request))
    return await _view(page, request)(visit)


async def _enter_sandbox(retour: Retour, page: Page[SandboxVisit], request: Request) -> Response:
    person = await sessions.person_of(retour, request)
    if person is None:
        return _to_sign_in(request)
    place = await _place(retour, person, request)
    visit = SandboxVisit(retour=retour, request=request, person=person, section=_section(page), **place)
    request.state.visit = visit  # an error page shows the way out
    _check_role(visit, page.role if request.method in SAFE else page.to_post)
    if request.method not in SAFE:
        form = await _form(page, request)
        visit = SandboxVisit(
            retour=retour, request=request, person=person, section=_section(page), form=form, **place
        )
    return await _view(page, request)(visit)


def _view(page: Page[AnyVisit], request: Request) -> View[AnyVisit]:
    view = page.get if request.method in SAFE else page.post
    assert view is not None  # noqa: S101 - the route takes only methods that the page has
    return view


def _section(page: Page[SandboxVisit]) -> str:
    """The list that a page belongs to: the first part of its path."""
    first = page.path.split("/")[1]
    if first == "{rest:path}":
        return ""  # of none
    return "events" if first in ("messages", "executions") else first


async def _place(retour: Retour, person: Person, request: Request) -> dict[str, Any]:
    """Membership and sandbox. Raises NotFound for what is not there and for what is not theirs, alike."""
    org, name = request.path_params["org"], request.path_params["sandbox"]
    membership = next((one for one in person.memberships if one.org == org), None)
    sandbox = await retour.shelves.sandbox(org, name) if membership else None
    if membership is None or sandbox is None:
        raise NotFound(Code.NOT_FOUND, "There is no such sandbox.")
    return {
        "membership": membership,
        "sandbox": sandbox,
        "sandboxes": await retour.shelves.sandboxes(org),
    }


def _check_role(visit: SandboxVisit, role: Role) -> None:
    if not visit.may(role):
        sentence = f"This needs the role {words.ROLES[role]}; yours is {words.ROLES[visit.membership.role]}."
        raise Forbidden(Code.SCOPE_MISSING, sentence)


def _to_sign_in(request: Request) -> Response:
    """To sign in, and back to the page that was asked for; a part of a page leads its whole page there."""
    if request.headers.get("hx-request") == "true":
        page = urlsplit(request.headers.get("hx-current-url", "")).path
        return Response(None, 200, {"hx-redirect": f"/admin/sign-in?next={quote(page, safe='/')}"})
    if request.method not in SAFE:
        return RedirectResponse("/admin/sign-in", 303)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/admin/sign-in?next={quote(request.url.path + query, safe='/')}", 303)


async def _form(page: Page[Any], request: Request) -> Form:
    """What was posted. Raises TooLarge, Invalid."""
    if request.method in SAFE:
        return Form()
    body = await read_body(request.receive, dict(request.headers), page.most)
    sent = request.headers.get("content-type", "")
    kind = sent.partition(";")[0].strip().lower()
    try:
        if page.with_file and kind == FILE_TYPE:
            return Form.with_file(parts(body, sent))
        if body and kind != FORM_TYPE:
            raise ValueError(kind)
        return Form.parse(body)
    except ValueError as error:
        raise Invalid(Code.INVALID_FIELDS, "This is not a form of these pages.") from error


def check_origin(request: Request) -> None:
    """Raises Forbidden for a request that another site made a browser send (CSRF).

    Fetch metadata (W3C) where the browser sends it, else Origin or Referer against Host.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        good = site in ("same-origin", "none")
    else:
        source = request.headers.get("origin") or request.headers.get("referer") or ""
        good = bool(source) and urlsplit(source).netloc == request.headers.get("host")
    if not good:
        raise Forbidden(Code.CLIENT_REFUSED, "The request came from another site.")
