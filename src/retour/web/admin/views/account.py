"""A person's own name and password; and the way from an organization to its first sandbox."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import RedirectResponse, Response

from retour import checks, limits
from retour.errors import Code, Invalid, NotFound
from retour.model import User
from retour.passwords import password_fits
from retour.web.admin import sessions
from retour.web.admin.forms.fields import Problems
from retour.web.admin.guard import Page
from retour.web.admin.visits import PersonVisit, segment

PATH = "/admin/account"


async def show(visit: PersonVisit) -> Response:
    """The form."""
    user = await _user(visit)
    return await _page(visit, user, user.name)


async def save(visit: PersonVisit) -> Response:
    """The name; and a new password, if one was typed. With the old password every session of the person ends."""
    user, name, password = await _user(visit), visit.form.line("name"), visit.form.text("password")
    try:
        await _check(visit, user)
        await visit.retour.people.rename(user, name)
        if password:
            await visit.retour.people.set_password(user, name, password)
    except Invalid as error:
        return await _page(visit, user, name, Problems(error.fields), 422)
    response = visit.see(sessions.HOME, "account-saved")
    if not password:
        return response
    token = await visit.retour.sessions.start(user, sessions.browser_of(visit.request))
    return await sessions.begin(visit.retour, visit.request, response, token)


async def _check(visit: PersonVisit, user: User) -> None:
    """Whoever has a password has to know it to change it: an open screen is no permission to take the account."""
    password = visit.form.text("password")
    problems = checks.Problems()
    if password and user.password_hash:
        current = visit.form.text("current")[: limits.PASSWORD_CHARACTERS[1] + 1]
        fits = await asyncio.to_thread(password_fits, current, user.password_hash)
        problems.need("current", fits, "This is not your current password.")
    if not user.password_hash:
        problems.need("password", password, "Choose a password: the link that you came by works once.")
    problems.need("again", password == visit.form.text("again"), "The two passwords are not the same.")
    problems.refuse("The account can't be saved like this.")


async def _page(
    visit: PersonVisit, user: User, name: str, problems: Problems | None = None, status: int = 200
) -> Response:
    low, high = limits.PASSWORD_CHARACTERS
    values: dict[str, Any] = {
        "name": name,
        "has_password": bool(user.password_hash),
        "low": low,
        "high": high,
    }
    values |= {"sessions": await visit.retour.sessions.list(visit.person, sessions.token_of(visit.request))}
    return visit.render("account.html", status, problems=problems or Problems(), user=user, **values)


async def _user(visit: PersonVisit) -> User:
    user = await visit.retour.shelves.user(visit.person.user_id)
    assert user is not None  # noqa: S101 - the session names a row that is never removed
    return user


async def sign_out_elsewhere(visit: PersonVisit) -> Response:
    """End every other session of the person."""
    await visit.retour.sessions.end_others(visit.person, sessions.token_of(visit.request))
    return visit.see(PATH, "signed-out-elsewhere")


async def organization(visit: PersonVisit) -> Response:
    """The first sandbox of an organization that the person belongs to."""
    org = visit.request.path_params["org"]
    if any(membership.org == org for membership in visit.person.memberships):
        for sandbox in await visit.retour.shelves.sandboxes(org):
            return RedirectResponse(f"/admin/{segment(org)}/{segment(sandbox.name)}/overview", 303)
    raise NotFound(Code.NOT_FOUND, "There is no such organization.")


PAGES = (
    Page[PersonVisit](path=PATH, get=show, post=save),
    Page[PersonVisit](path=PATH + "/sessions", post=sign_out_elsewhere),
    Page[PersonVisit](path="/admin/{org}", get=organization),
)
