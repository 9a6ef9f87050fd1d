"""Somebody at the door: a request with what is known of who asks, and the ways to answer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from retour.app import Retour
from retour.auth.sessions import Person
from retour.model import Lane, Role, Sandbox
from retour.stores import RoomName
from retour.stores.shelves import Membership
from retour.web.admin import pages, words
from retour.web.admin.forms.fields import Form

NOTICE_COOKIE = "retour_notice"
NOTICE_SECONDS = 60
NOTICE_PATH = "/admin"
ROLES = list(Role)  # each holds the ones before it


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request of somebody unknown. form: what was posted, empty for a GET."""

    retour: Retour
    request: Request
    form: Form = field(default_factory=Form)

    def layout(self) -> dict[str, Any]:
        """What the outermost templates ask for."""
        return {"notice": words.NOTICES.get(self.request.cookies.get(NOTICE_COOKIE, ""), "")}

    def render(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """A page; a notice that it shows is over with that."""
        response = pages.render(template, status, **self.layout(), **values)
        if NOTICE_COOKIE in self.request.cookies:
            response.delete_cookie(NOTICE_COOKIE, path=NOTICE_PATH)
        return response

    def see(self, path: str, notice: str = "") -> Response:
        """303 to another page, which tells the notice (a key of words.NOTICES: no text travels)."""
        response = RedirectResponse(path, 303)
        if notice:
            response.set_cookie(
                NOTICE_COOKIE, notice, max_age=NOTICE_SECONDS, path=NOTICE_PATH, httponly=True, samesite="lax"
            )
        return response


@dataclass(frozen=True, kw_only=True)
class PersonVisit(Visit):
    """A request of somebody signed in."""

    person: Person

    def layout(self) -> dict[str, Any]:
        """The same and the person."""
        return super().layout() | {"person": self.person}


@dataclass(frozen=True, kw_only=True)
class SandboxVisit(PersonVisit):
    """A request of a member of an organization, in one of its sandboxes."""

    membership: Membership
    sandbox: Sandbox
    sandboxes: list[Sandbox]
    section: str

    @property
    def here(self) -> str:
        """The path of the sandbox."""
        return f"/admin/{segment(self.sandbox.org)}/{segment(self.sandbox.name)}"

    @property
    def id(self) -> str:
        """The id in the path."""
        return str(self.request.path_params["id"])

    def may(self, role: Role) -> bool:
        """Whether the person's role holds this one."""
        return ROLES.index(self.membership.role) >= ROLES.index(role)

    def layout(self) -> dict[str, Any]:
        """The same, the sandbox, the ways to others, and what the person may do."""
        return super().layout() | {
            "here": self.here,
            "section": self.section,
            "sandbox": self.sandbox,
            "organization": self.membership.org_name,
            "sandbox_links": [(sandbox, self._beside(sandbox)) for sandbox in self.sandboxes],
            "organization_links": [
                (other.org_name, f"/admin/{segment(other.org)}")
                for other in self.person.memberships
                if other.org != self.sandbox.org
            ],
            "role": self.membership.role,
            "may_develop": self.may(Role.DEVELOPER),
            "may_administer": self.may(Role.ADMINISTRATOR),
        }

    def _beside(self, sandbox: Sandbox) -> str:
        """The same page in another sandbox; for a page about one thing, its list."""
        return f"/admin/{segment(sandbox.org)}/{segment(sandbox.name)}/{self.section or 'overview'}"

    def wake(self) -> None:
        """Deliveries of this sandbox became due: tell the room."""
        self.retour.bell.ring(RoomName.DISPATCH, Lane(self.sandbox.id))


def segment(word: str) -> str:
    """One part of a path."""
    return quote(word, safe="@")
