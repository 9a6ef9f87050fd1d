"""API credentials: what programs sign in with. A secret is in the answer that made it, and nowhere else."""

from __future__ import annotations

from starlette.responses import Response

from retour import ids
from retour.catalog.credentials import ALL_SCOPES, DEFAULT_OVERLAP_HOURS, NewCredential
from retour.errors import Refused
from retour.model import Role
from retour.web.admin import samples, words
from retour.web.admin.forms.fields import Form, Problems
from retour.web.admin.forms.rotations import OVERLAPS
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/credentials"
ONE = PATH + "/{id}"
SCOPES = [(scope.value, words.SCOPES[scope]) for scope in ALL_SCOPES]


async def listing(visit: SandboxVisit) -> Response:
    """All of the organization."""
    rows = await visit.retour.credentials.list(visit.sandbox.org)
    return visit.render("credentials/list.html", rows=rows, now=ids.now())


async def new(visit: SandboxVisit) -> Response:
    """An empty form, with every scope ticked."""
    return _form_page(visit, Form({"scope": [scope for scope, _ in SCOPES]}))


async def create(visit: SandboxVisit) -> Response:
    """Make one and show its secret."""
    form, org = visit.form, visit.sandbox.org
    try:
        made = await visit.retour.credentials.create(
            org, form.line("name"), form.all("scope"), visit.person.actor
        )
    except Refused as error:
        return _form_page(visit, form, error)
    return _secret_page(visit, made, 201)


def _form_page(visit: SandboxVisit, form: Form, error: Refused | None = None) -> Response:
    values = {"name": form.line("name"), "chosen": form.all("scope"), "scopes": SCOPES}
    problems = Problems(error.fields) if error else Problems()
    return visit.render("credentials/new.html", error.status if error else 200, problems=problems, **values)


def _secret_page(visit: SandboxVisit, made: NewCredential, status: int = 200) -> Response:
    token_request = samples.token_request(visit.retour.settings.base_url)
    return visit.render("credentials/secret.html", status, made=made, token_request=token_request)


async def show(visit: SandboxVisit) -> Response:
    """One of them, and the form that rotates its secret."""
    return await _one_page(visit)


async def _one_page(visit: SandboxVisit, error: Refused | None = None) -> Response:
    credential = await visit.retour.credentials.get(visit.sandbox.org, visit.id)
    problems = Problems(error.fields) if error else Problems()
    return visit.render(
        "credentials/credential.html",
        error.status if error else 200,
        credential=credential,
        overlaps=OVERLAPS,
        overlap=visit.form.line("overlap", str(DEFAULT_OVERLAP_HOURS)),
        problems=problems,
        title=error.title if error else "",
        now=ids.now(),
    )


async def rotate(visit: SandboxVisit) -> Response:
    """Make a new secret and show it; the one before stays good for the overlap."""
    hours, org = visit.form.number("overlap"), visit.sandbox.org
    try:
        made = await visit.retour.credentials.rotate(org, visit.id, hours, visit.person.actor)
    except Refused as error:
        return await _one_page(visit, error)
    return _secret_page(visit, made)


async def ask_revoke(visit: SandboxVisit) -> Response:
    """The question, as a page."""
    credential = await visit.retour.credentials.get(visit.sandbox.org, visit.id)
    return visit.render("credentials/revoke.html", credential=credential)


async def revoke(visit: SandboxVisit) -> Response:
    """End it."""
    await visit.retour.credentials.revoke(visit.sandbox.org, visit.id, visit.person.actor)
    return visit.see(visit.here + PATH, "credential-revoked")


PAGES = (
    Page[SandboxVisit](path=PATH, get=listing, role=Role.ADMINISTRATOR),
    Page[SandboxVisit](path=PATH + "/new", get=new, post=create, role=Role.ADMINISTRATOR),
    Page[SandboxVisit](path=ONE, get=show, role=Role.ADMINISTRATOR),
    Page[SandboxVisit](path=ONE + "/rotate", post=rotate),
    Page[SandboxVisit](path=ONE + "/revoke", get=ask_revoke, post=revoke, role=Role.ADMINISTRATOR),
)
