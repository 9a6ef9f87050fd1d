"""Joining an organization by an invitation: with a new account, or signed in with the one there is."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from retour import checks, limits
from retour.catalog.people import Invitation
from retour.errors import Invalid, NotFound
from retour.web.admin import sessions
from retour.web.admin.forms.fields import Problems
from retour.web.admin.guard import Page
from retour.web.admin.visits import Visit, segment

PATH = sessions.INVITATIONS + "/{token}"


async def show(visit: Visit) -> Response:
    """What the invitation is for. Looking does not use it up, so that a mail scanner can't."""
    invitation = await visit.retour.people.invitation(_token(visit))
    if invitation is None:
        return _gone(visit)
    if await visit.retour.people.has_account(invitation.email):
        return await _join_page(visit, invitation)
    return _new_page(visit, invitation, "", Problems())


async def accept(visit: Visit) -> Response:
    """Join. An account that is there is never opened by the link alone."""
    invitation = await visit.retour.people.invitation(_token(visit))
    if invitation is None:
        return _gone(visit)
    try:
        if await visit.retour.people.has_account(invitation.email):
            return await _join(visit, invitation)
        return await _make(visit, invitation)
    except NotFound:
        return _gone(visit)


async def _join(visit: Visit, invitation: Invitation) -> Response:
    person = await sessions.person_of(visit.retour, visit.request)
    if person is None:
        return visit.see(visit.request.url.path)  # which asks to sign in first
    await visit.retour.people.join(_token(visit), person.actor)
    return visit.see(f"{sessions.HOME}/{segment(invitation.org)}", "joined")


async def _make(visit: Visit, invitation: Invitation) -> Response:
    name, password = visit.form.line("name"), visit.form.text("password")
    try:
        problems = checks.Problems()
        problems.need("again", password == visit.form.text("again"), "The two passwords are not the same.")
        problems.refuse("The account can't be made like this.")
        user = await visit.retour.people.accept(_token(visit), name, password)
    except Invalid as error:
        return _new_page(visit, invitation, name, Problems(error.fields), error.status)
    token = await visit.retour.sessions.start(user, sessions.browser_of(visit.request))
    response = visit.see(f"{sessions.HOME}/{segment(invitation.org)}", "joined")
    return await sessions.begin(visit.retour, visit.request, response, token)


def _new_page(
    visit: Visit, invitation: Invitation, name: str, problems: Problems, status: int = 200
) -> Response:
    low, high = limits.PASSWORD_CHARACTERS
    values = {"invitation": invitation, "name": name, "low": low, "high": high}
    return visit.render("invitations/new.html", status, problems=problems, **values)


async def _join_page(visit: Visit, invitation: Invitation) -> Response:
    person = await sessions.person_of(visit.retour, visit.request)
    here = quote(visit.request.url.path, safe="/")
    return visit.render(
        "invitations/join.html",
        invitation=invitation,
        signed_in=person.email if person else "",
        sign_in=f"{sessions.HOME}/sign-in?next={here}",
    )


def _gone(visit: Visit) -> Response:
    return visit.render("invitations/gone.html", 410)


def _token(visit: Visit) -> str:
    return str(visit.request.path_params["token"])


PAGES = (Page[Visit](path=PATH, get=show, post=accept),)
