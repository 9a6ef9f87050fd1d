"""GET /docs: the API reference, for anybody, as /openapi.json is. Without JavaScript it is a list of all operations."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from retour import __version__
from retour.web.admin import headers, pages
from retour.web.api.calls import ApiRoute
from retour.web.openapi import TAGS
from retour.web.operations import Operation, operations

PATH = "/docs"


def route(rows: Iterable[ApiRoute]) -> Route:
    """The page; Swagger UI, a file of ours, reads /openapi.json in the browser and fills it."""
    groups = _groups(rows)

    async def page(request: Request) -> Response:
        answer = pages.render("reference/api.html", groups=groups, version=__version__)
        return headers.secured(answer)

    return Route(PATH, page, methods=["GET"])


def _groups(rows: Iterable[ApiRoute]) -> list[tuple[str, list[Operation]]]:
    """What a tag is about, and its operations."""
    found: dict[str, list[Operation]] = {}
    for operation in operations(rows):
        found.setdefault(operation.tag, []).append(operation)
    return [(TAGS.get(tag, tag), group) for tag, group in found.items()]
