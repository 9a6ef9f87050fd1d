"""Sandboxes of the organization: everybody sees them, an administrator makes more."""

from __future__ import annotations

from starlette.responses import Response

from retour.errors import Refused
from retour.model import Role, SandboxType
from retour.web.admin import words
from retour.web.admin.forms.fields import Form, Problems
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/sandboxes"
TYPES = [
    (kind.value, words.SANDBOX_TYPES[kind]) for kind in (SandboxType.DEVELOPMENT, SandboxType.PRODUCTION)
]


async def listing(visit: SandboxVisit) -> Response:
    """All of them, by name."""
    return visit.render("sandboxes/list.html")


async def new(visit: SandboxVisit) -> Response:
    """An empty form."""
    return _form_page(visit, Form())


async def create(visit: SandboxVisit) -> Response:
    """Make one."""
    name, kind = visit.form.line("name"), visit.form.text("type")
    try:
        await visit.retour.organizations.add_sandbox(visit.sandbox.org, name, kind, visit.person.actor)
    except Refused as error:
        return _form_page(visit, visit.form, error)
    return visit.see(visit.here + PATH, "sandbox-created")


def _form_page(visit: SandboxVisit, form: Form, error: Refused | None = None) -> Response:
    values = {"name": form.line("name"), "type_chosen": form.text("type", TYPES[0][0]), "types": TYPES}
    problems = Problems(error.fields) if error else Problems()
    return visit.render("sandboxes/new.html", error.status if error else 200, problems=problems, **values)


PAGES = (
    Page[SandboxVisit](path=PATH, get=listing),
    Page[SandboxVisit](path=PATH + "/new", get=new, post=create, role=Role.ADMINISTRATOR),
)
