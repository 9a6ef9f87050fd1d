"""POST /control/{deed}: the operator's command line, when the running service holds the store.

Whoever can read the data directory's key can derive the bearer token; nobody else can.
"""

from __future__ import annotations

import hmac
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from retour.app import CONTROL, Retour
from retour.errors import Busy, Code, NotFound, Refused, Unauthorized
from retour.model import Role, SandboxType, Scope
from retour.web import problems
from retour.web.decoding import decode, read_body


class Init(msgspec.Struct):
    """The first organization."""

    org: str
    sandbox: str
    email: str


class AddUser(msgspec.Struct):
    """A person with a role."""

    org: str
    email: str
    name: str
    role: Role


class Link(msgspec.Struct):
    """Whom a sign-in link is for."""

    email: str


class Disable(msgspec.Struct):
    """Whose access is closed, or opened again."""

    email: str
    disabled: bool


class ChangeRole(msgspec.Struct):
    """Whose role becomes which."""

    org: str
    email: str
    role: Role


class Somebody(msgspec.Struct):
    """A person of an organization."""

    org: str
    email: str


class OfOrg(msgspec.Struct):
    """Of which organization something is listed."""

    org: str


class Nothing(msgspec.Struct):
    """No words."""


class AddOrg(msgspec.Struct):
    """An organization."""

    org: str
    name: str


class AddSandbox(msgspec.Struct):
    """A sandbox."""

    org: str
    name: str
    type: SandboxType


class AddCredential(msgspec.Struct):
    """An API credential."""

    org: str
    name: str
    scopes: list[Scope]


class RotateCredential(msgspec.Struct):
    """Whose secret is changed, and how long the one before stays good."""

    org: str
    client_id: str
    overlap_hours: int


class RevokeCredential(msgspec.Struct):
    """Which API credential ends."""

    org: str
    client_id: str


class Backup(msgspec.Struct):
    """Into which file of this machine, and whether it may be replaced."""

    file: str
    force: bool


class BackupState(msgspec.Struct):
    """How the last backup stands."""


# Who does it, and with which words.
DEEDS: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "init": ("operator", Init),
    "add_user": ("operator", AddUser),
    "link": ("operator", Link),
    "disable": ("operator", Disable),
    "users": ("operator", OfOrg),
    "change_role": ("operator", ChangeRole),
    "remove_user": ("operator", Somebody),
    "add_org": ("operator", AddOrg),
    "orgs": ("operator", Nothing),
    "add_sandbox": ("operator", AddSandbox),
    "sandboxes": ("operator", OfOrg),
    "add_credential": ("operator", AddCredential),
    "rotate_credential": ("operator", RotateCredential),
    "revoke_credential": ("operator", RevokeCredential),
    "credentials": ("operator", OfOrg),
    "backup": ("backups", Backup),
    "backup_state": ("backups", BackupState),
}


def route(retour: Retour) -> Route:
    """The one route, for every deed."""

    async def endpoint(request: Request) -> Response:
        headers: dict[str, str] = {}
        try:
            status, body = 200, await _do(retour, request)
        except (Refused, Busy) as error:
            status, body, headers = problems.problem(error)
        return Response(problems.encode(body), status, headers, media_type="application/json")

    return Route("/control/{deed}", endpoint, methods=["POST"])


async def _do(retour: Retour, request: Request) -> dict[str, Any]:
    expected = "Bearer " + retour.keys.derive(CONTROL).hex()
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
        raise Unauthorized(Code.UNAUTHENTICATED, "This is for the command line on the service's own machine.")
    deed = request.path_params["deed"]
    if deed not in DEEDS:
        raise NotFound(Code.NOT_FOUND, f"There is no deed {deed}.")
    who, kind = DEEDS[deed]
    words = decode(await read_body(request.receive, dict(request.headers)), kind)
    done = await getattr(getattr(retour, who), deed)(**msgspec.structs.asdict(words))
    return {"result": msgspec.to_builtins(done)}
