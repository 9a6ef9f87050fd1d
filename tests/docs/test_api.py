"""docs/api.md has every route, with its scope."""

from __future__ import annotations

import json
import re

import pytest
from starlette.routing import Route

from docs.pages import blocks, page, sections
from retour.app import Retour
from retour.model import Scope
from retour.web import ingest, server

TEXT = page("api.md")
TOLD = {heading.strip("`"): text for heading, text in sections(TEXT, 3).items()}
SCOPE = re.compile(r"^Scope \*\*(\w+)\*\*\.", re.M)
OPEN = {
    "POST /ims/token/v3",
    "GET /healthz",
    "GET /readyz",
    "GET /ajo/im/health",
    "GET /openapi.json",
    "GET /schemas/{name}.json",
    "GET /postman.json",
    "GET /.well-known/jwks/{id}.json",
    "POST /callbacks/{provider}/{token}",
    "GET /callbacks/{provider}/{token}",
}
OURS_ALONE = ("/admin", "/docs", "/control/")  # pages, and the command line's own door


def expected() -> dict[str, Scope | None]:
    """Each route of the API and its scope."""
    routes: dict[str, Scope | None] = {f"{row.method} {row.path}": row.scope for row in server.API_ROUTES}
    return routes | {f"POST {path}": Scope.EXECUTE for path in ingest.PATHS} | dict.fromkeys(OPEN)


def test_every_route_is_on_the_page_and_nothing_else() -> None:
    assert set(TOLD) == set(expected())


@pytest.mark.parametrize("route", sorted(expected()))
def test_the_scope_on_the_page_is_the_scope_of_the_route(route: str) -> None:
    scope = expected()[route]
    found = SCOPE.search(TOLD[route])
    assert (found and found[1]) == (None if scope is None else scope.value)
    assert scope is not None or "No scope." in TOLD[route]


def test_nothing_else_is_served(retour: Retour) -> None:
    served = {
        f"{method} {re.sub(r':[a-z]+}', '}', route.path)}"
        for route in server._routes(retour)
        if isinstance(route, Route) and not route.path.startswith(OURS_ALONE) and route.path != "/"
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served | {f"POST {path}" for path in ingest.PATHS} == set(expected())


@pytest.fixture
def retour() -> Retour:
    """Routes are made without asking it anything."""
    return Retour.__new__(Retour)


def test_every_example_is_json() -> None:
    examples = blocks(TEXT, "json")
    assert len(examples) > 8
    for example in examples:
        json.loads(example)
