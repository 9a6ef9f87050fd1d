"""The ASGI app: the hot path in front, then the API, the pages, health."""

from __future__ import annotations

from urllib.parse import parse_qsl

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from retour import ids
from retour.app import KEY_CHECK, Retour
from retour.errors import Busy, Code, Invalid, Refused
from retour.web import admin, callbacks, contracts, control, jwks, problems, reference
from retour.web.api import (
    calls,
    campaigns,
    configurations,
    deliveries,
    events,
    executions,
    people,
    profiles,
    suppression,
    suppression_uploads,
    verification,
    webhooks,
)
from retour.web.decoding import read_body
from retour.web.ingest import PATHS, Ingest

FORM_BYTES = 16 * 1024
OAUTH_ERRORS = {401: "invalid_client", 503: "temporarily_unavailable"}  # RFC 6749, 5.2 and 4.1.2.1
API_ROUTES = (
    *configurations.ROUTES,
    *campaigns.ROUTES,
    *webhooks.ROUTES,
    *executions.ROUTES,
    *profiles.ROUTES,
    *people.ROUTES,
    *suppression.ROUTES,
    *suppression_uploads.ROUTES,
    *events.ROUTES,
    *deliveries.ROUTES,
    *verification.ROUTES,
)
log = structlog.get_logger()


def application(retour: Retour) -> ASGIApp:
    """Everything this process serves."""
    ingest = Ingest(retour)
    rest = Starlette(routes=_routes(retour), exception_handlers={HTTPException: _http_error, 500: _bug})
    rest.router.redirect_slashes = False  # it would lead to whatever the Host header says

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in PATHS:
            await ingest(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return front


def _routes(retour: Retour) -> list[BaseRoute]:
    async def token(request: Request) -> Response:
        return await _token(retour, request)

    async def ready(request: Request) -> Response:
        good = await _ready(retour)
        return PlainTextResponse("ready\n") if good else PlainTextResponse("the store does not answer\n", 503)

    async def health(request: Request) -> Response:
        good = await _ready(retour)
        return JSONResponse({"status": "up" if good else "down"}, 200 if good else 503)

    return [
        *(
            Route(path, lambda request: RedirectResponse("/admin"), methods=["GET"])
            for path in ("/", "/admin/")
        ),
        Route("/ims/token/v3", token, methods=["POST"]),
        Route("/healthz", lambda request: PlainTextResponse("ok\n"), methods=["GET"]),
        Route("/readyz", ready, methods=["GET"]),
        Route("/ajo/im/health", health, methods=["GET"]),
        jwks.route(retour),
        callbacks.route(retour),
        *calls.routes(retour, API_ROUTES),
        *contracts.routes(API_ROUTES),
        reference.route(API_ROUTES),
        control.route(retour),
        *admin.routes(retour),
    ]


async def _token(retour: Retour, request: Request) -> Response:
    """OAuth 2 client credentials for a bearer token (RFC 6749, 4.4); errors have its word beside our shape."""
    headers: dict[str, str] = {}
    try:
        raw = await read_body(request.receive, dict(request.headers), FORM_BYTES)
        status, body = 200, await retour.api_tokens.issue(_form(raw))
    except (Refused, Busy) as error:
        status, body, headers = problems.problem(error)
        body["error"] = OAUTH_ERRORS.get(status, "invalid_request")
    headers["cache-control"] = "no-store"
    return Response(problems.encode(body), status, headers, media_type="application/json")


def _form(raw: bytes) -> dict[str, str]:
    """An urlencoded form; the first value of each name."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        title = "Send a form: application/x-www-form-urlencoded."
        raise Invalid(Code.INVALID_FIELDS, title) from error
    return dict(reversed(pairs))


async def _ready(retour: Retour) -> bool:
    """Whether the store answers."""
    try:
        await retour.shelves.setting(KEY_CHECK)
    except Busy:
        return False
    return True


async def _http_error(request: Request, error: Exception) -> Response:
    """No such path, or another method, in the shape of whoever asked."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    if request.url.path.startswith("/admin"):
        return admin.error_page(request, error.status_code)
    allowed = (error.headers or {}).get("Allow", "")
    status, body, headers = (
        problems.wrong_method(allowed) if error.status_code == 405 else problems.not_found()
    )
    return Response(problems.encode(body), status, headers, media_type="application/json")


async def _bug(request: Request, error: Exception) -> Response:
    """A bug outside the API's own net; Starlette raises it again after this, for the log."""
    reference = ids.new_id()
    log.error("request_failed", path=request.url.path, reference=reference)
    if request.url.path.startswith("/admin"):
        return admin.error_page(request, 500, reference=reference)
    status, body, headers = problems.internal(reference)
    return Response(problems.encode(body), status, headers, media_type="application/json")
