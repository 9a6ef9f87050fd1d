"""GET /.well-known/jwks/{sandbox}.json: the public keys with which a sandbox's JWTs are verified (RFC 7517).

For everybody: receivers fetch it without a credential. A set per sandbox, never one for all of them.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from retour import ids, signing
from retour.app import Retour
from retour.config import Settings
from retour.errors import Busy
from retour.web import problems

PATH = "/.well-known/jwks/{id}.json"
KEPT_SECONDS = 300  # how long a receiver may keep it; a new key begins to sign no sooner than that
SANDBOX = re.compile("[0-9a-f-]{36}")


def address(settings: Settings, sandbox: str) -> str:
    """Where receivers fetch the set of a sandbox."""
    return settings.base_url + PATH.replace("{id}", sandbox)


def route(retour: Retour) -> Route:
    """The one route."""

    async def endpoint(request: Request) -> Response:
        try:
            keys = await _keys(retour, request.path_params["id"])
        except Busy as error:
            status, body, headers = problems.problem(error)
            return Response(problems.encode(body), status, headers, media_type="application/json")
        if keys is None:
            status, body, headers = problems.not_found()
            return Response(problems.encode(body), status, headers, media_type="application/json")
        kept = {"cache-control": f"public, max-age={KEPT_SECONDS}"}
        return Response(problems.encode({"keys": keys}), 200, kept, media_type="application/jwk-set+json")

    return Route(PATH, endpoint, methods=["GET"])


async def _keys(retour: Retour, sandbox_id: str) -> list[signing.Jwk] | None:
    """The keys of tokens that may come, newest first; None if there is no such sandbox."""
    if not SANDBOX.fullmatch(sandbox_id):
        return None
    try:
        sandbox = await retour.shelves.sandbox_by_id(sandbox_id)
    except LookupError:
        return None
    webhook = await retour.webhooks.find(sandbox)
    return signing.public_keys(webhook.authentication if webhook else None, ids.now())
