"""Signing in by password or by a one-time link, and signing out."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from retour.errors import Refused, Unauthorized
from retour.web.admin import sessions
from retour.web.admin.guard import Page
from retour.web.admin.visits import Visit, segment

PATH = "/admin/sign-in"
ACCOUNT = "/admin/account"


async def start(visit: Visit) -> Response:
    """The first sandbox of the person's first organization, or to sign in."""
    person = await sessions.person_of(visit.retour, visit.request)
    if person is None:
        return RedirectResponse(PATH, 303)
    for membership in person.memberships:
        for sandbox in await visit.retour.shelves.sandboxes(membership.org):
            return RedirectResponse(f"/admin/{segment(sandbox.org)}/{segment(sandbox.name)}/overview", 303)
    return visit.render("homeless.html", 403, person=person)


async def show(visit: Visit) -> Response:
    """The form; somebody who is signed in already goes on."""
    target = sessions.local(visit.request.query_params.get("next", ""))
    if await sessions.person_of(visit.retour, visit.request):
        return RedirectResponse(target, 303)
    return visit.render("sign_in.html", email="", next=target, trouble="", wait=False)


async def by_password(visit: Visit) -> Response:
    """Start a session, or say why not: the same words for everybody, the seconds to wait after too many tries."""
    email, target = visit.form.line("email"), sessions.local(visit.form.text("next"))
    try:
        browser, password = sessions.browser_of(visit.request), visit.form.text("password")
        token, _ = await visit.retour.sessions.by_password(email, password, browser)
    except Refused as error:
        wait = error.status == 429
        values = {"email": email, "next": target, "trouble": error.title, "wait": wait}
        response = visit.render("sign_in.html", 429 if wait else 422, **values)
        if wait:
            response.headers["retry-after"] = error.context["retryAfter"]
        return response
    return await sessions.begin(visit.retour, visit.request, RedirectResponse(target, 303), token)


async def show_link(visit: Visit) -> Response:
    """Whom the link signs in. Looking does not use it up, so that a mail scanner can't."""
    user = await visit.retour.sessions.user_of_link(_token(visit))
    if user is None:
        return visit.render("link_used.html", 410)
    return visit.render("link.html", email=user.email)


async def by_link(visit: Visit) -> Response:
    """Start a session; whoever has no password yet is offered to set one."""
    try:
        browser = sessions.browser_of(visit.request)
        token, user = await visit.retour.sessions.by_link(_token(visit), browser)
    except Unauthorized:
        return visit.render("link_used.html", 410)
    target = sessions.HOME if user.password_hash else ACCOUNT
    return await sessions.begin(visit.retour, visit.request, RedirectResponse(target, 303), token)


async def sign_out(visit: Visit) -> Response:
    """End the session."""
    return await sessions.finish(visit.retour, visit.request, RedirectResponse(PATH, 303))


def _token(visit: Visit) -> str:
    return str(visit.request.path_params["token"])


PAGES = (
    Page[Visit](path="/admin", get=start),
    Page[Visit](path=PATH, get=show, post=by_password),
    Page[Visit](path=PATH + "/{token}", get=show_link, post=by_link),
    Page[Visit](path="/admin/sign-out", post=sign_out),
)
