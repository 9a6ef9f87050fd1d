"""Users and roles: who belongs to the organization, and who is asked to."""

from __future__ import annotations

from starlette.responses import Response

from retour import limits
from retour.errors import Refused
from retour.model import Role
from retour.stores.shelves import Member
from retour.times import duration
from retour.web.admin import sessions, words
from retour.web.admin.forms.fields import Form, Problems
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/users"
ONE = PATH + "/{id}"
INVITATIONS = "/invitations/{id}"
ROLES = [(role.value, words.ROLES[role]) for role in Role]


async def listing(visit: SandboxVisit) -> Response:
    """Members, and open invitations below."""
    members = await visit.retour.people.members(visit.sandbox.org)
    return visit.render(
        "users/list.html",
        members=[(member, words.member_status(member)) for member in members],
        invitations=await visit.retour.people.invitations(visit.sandbox.org),
    )


async def new(visit: SandboxVisit) -> Response:
    """An empty invitation."""
    return _invite_page(visit, Form())


async def invite(visit: SandboxVisit) -> Response:
    """Make the invitation; its link is in this answer and nowhere else."""
    email, role = visit.form.line("email"), visit.form.text("role")
    try:
        token = await visit.retour.people.invite(visit.sandbox.org, email, role, visit.person.actor)
    except Refused as error:
        return _invite_page(visit, visit.form, error)
    link = f"{visit.retour.settings.base_url}{sessions.INVITATIONS}/{token}"
    return visit.render("users/invited.html", 201, email=email.lower(), link=link, age=_age())


def _invite_page(visit: SandboxVisit, form: Form, error: Refused | None = None) -> Response:
    values = {"email": form.line("email"), "role_chosen": form.text("role", Role.VIEWER.value)}
    problems = Problems(error.fields) if error else Problems()
    status = error.status if error else 200
    return visit.render("users/invite.html", status, problems=problems, roles=ROLES, age=_age(), **values)


def _age() -> str:
    return duration(limits.INVITATION_AGE)


async def show(visit: SandboxVisit) -> Response:
    """One member: the role, and the ways out."""
    return await _member_page(visit)


async def _member_page(visit: SandboxVisit, error: Refused | None = None) -> Response:
    """error: what was asked for can't be done, for a reason that the page tells above."""
    member = await _member(visit)
    return visit.render(
        "users/user.html",
        error.status if error else 200,
        member=member,
        member_status=words.member_status(member),
        roles=ROLES,
        problems=Problems(error.fields) if error else Problems(),
        title=error.title if error else "",
        self=member.id == visit.person.user_id,
    )


async def change_role(visit: SandboxVisit) -> Response:
    """Another role."""
    people, org = visit.retour.people, visit.sandbox.org
    try:
        await people.change_role(org, visit.id, visit.form.text("role"), visit.person.actor)
    except Refused as error:
        return await _member_page(visit, error)
    return _done(visit, "user-changed")


async def disable(visit: SandboxVisit) -> Response:
    """Shut the person out of this organization."""
    return await _shut_out(visit, True)


async def enable(visit: SandboxVisit) -> Response:
    """Let the person in again."""
    return await _shut_out(visit, False)


async def _shut_out(visit: SandboxVisit, disabled: bool) -> Response:
    try:
        await visit.retour.people.disable(visit.sandbox.org, visit.id, disabled, visit.person.actor)
    except Refused as error:
        return await _member_page(visit, error)
    return _done(visit, "user-disabled" if disabled else "user-enabled")


async def ask_remove(visit: SandboxVisit) -> Response:
    """The question, as a page."""
    return visit.render("users/remove.html", member=await _member(visit))


async def remove(visit: SandboxVisit) -> Response:
    """Take the person out of this organization."""
    try:
        await visit.retour.people.remove(visit.sandbox.org, visit.id, visit.person.actor)
    except Refused as error:
        return await _member_page(visit, error)
    return _done(visit, "user-removed")


async def withdraw(visit: SandboxVisit) -> Response:
    """End an invitation."""
    await visit.retour.people.withdraw(visit.sandbox.org, visit.id, visit.person.actor)
    return visit.see(visit.here + PATH, "invitation-withdrawn")


async def _member(visit: SandboxVisit) -> Member:
    return await visit.retour.people.member(visit.sandbox.org, visit.id)


def _done(visit: SandboxVisit, notice: str) -> Response:
    """Back to the list; whoever changed themselves may not see it any more."""
    own = visit.id == visit.person.user_id
    return visit.see(sessions.HOME if own else visit.here + PATH, notice)


ADMINISTRATOR = Role.ADMINISTRATOR
PAGES = (
    Page[SandboxVisit](path=PATH, get=listing, role=ADMINISTRATOR),
    Page[SandboxVisit](path=PATH + "/new", get=new, post=invite, role=ADMINISTRATOR),
    Page[SandboxVisit](path=ONE, get=show, role=ADMINISTRATOR),
    Page[SandboxVisit](path=ONE + "/role", post=change_role),
    Page[SandboxVisit](path=ONE + "/disable", post=disable),
    Page[SandboxVisit](path=ONE + "/enable", post=enable),
    Page[SandboxVisit](path=ONE + "/remove", get=ask_remove, post=remove, role=ADMINISTRATOR),
    Page[SandboxVisit](path=INVITATIONS + "/withdraw", post=withdraw),
)
