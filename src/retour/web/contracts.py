"""GET /openapi.json, /schemas/{name}.json, /postman.json: the contracts, for anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from retour.web import openapi, postman, problems, schemas
from retour.web.api.calls import ApiRoute
from retour.web.operations import JSON, operations
from retour.web.schemas import Schema

FRESH = "public, max-age=3600"  # they change with the version of the service, which says so in info.version


@dataclass(frozen=True)
class Page:
    """A document and what names its content."""

    body: bytes
    etag: str


def routes(rows: Iterable[ApiRoute]) -> list[Route]:
    """The three routes; the documents are made when the first one is asked for."""
    pages = _Pages(tuple(rows))

    async def one(request: Request) -> Response:
        return _answer(request, pages.all.get(request.url.path))

    paths = ("/openapi.json", "/schemas/{name}.json", "/postman.json")
    return [Route(path, one, methods=["GET"]) for path in paths]


class _Pages:
    def __init__(self, rows: tuple[ApiRoute, ...]) -> None:
        self._rows = rows

    @cached_property
    def all(self) -> dict[str, Page]:
        """By path."""
        return {path: _page(content) for path, content in documents(self._rows).items()}


def documents(rows: Iterable[ApiRoute]) -> dict[str, Schema]:
    """Every document by its path."""
    whole = openapi.document(operations(rows))
    alone = {f"/schemas/{name}.json": schemas.alone(name) for name in schemas.ALONE}
    return {"/openapi.json": whole, **alone, "/postman.json": postman.collection(whole)}


def _page(content: Schema) -> Page:
    body = problems.encode(content)
    return Page(body, f'"{hashlib.sha256(body).hexdigest()[:16]}"')


def _answer(request: Request, page: Page | None) -> Response:
    if page is None:
        status, body, headers = problems.not_found()
        return Response(problems.encode(body), status, headers, media_type=JSON)
    headers = {"etag": page.etag, "cache-control": FRESH}
    if page.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(page.body, 200, headers, media_type=JSON)
