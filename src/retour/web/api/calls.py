"""What every API call has in common: who calls, may they, the body, the answer; errors in AJO's shape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from retour import ids
from retour.app import Retour
from retour.auth import Caller
from retour.errors import Busy, Code, Field, Precondition, Refused
from retour.model import Sandbox, Scope
from retour.web import problems
from retour.web.decoding import decode, read_body
from retour.web.multipart import Part, parts

T = TypeVar("T")
VERSION_DIGITS = 15
USER_ID, USER_ID_TO_THE_END = (
    "{userId}",
    "{userId:path}",
)  # an e-mail address may hold a slash (RFC 5322, 3.2.3)
NO_VERSION = -1  # older than every version: told as changed meanwhile (412)
log = structlog.get_logger()


@dataclass(frozen=True)
class Call:
    """One API call by somebody known."""

    retour: Retour
    request: Request
    caller: Caller

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that the call names, one of the caller's organization."""
        return self.caller.sandbox

    @property
    def id(self) -> str:
        """The id in the path."""
        return str(self.request.path_params["id"])

    async def body(self, kind: type[T]) -> T:
        """The body as a `kind`; a wrong field is 422 here."""
        raw = await read_body(self.request.receive, dict(self.request.headers))
        return decode(raw, kind, status=422)

    async def form(self, most: int) -> list[Part]:
        """The fields of a multipart/form-data body of at most so many bytes. Raises ValueError, TooLarge."""
        headers = dict(self.request.headers)
        return parts(await read_body(self.request.receive, headers, most), headers.get("content-type", ""))

    def version(self) -> int:
        """The version that If-Match names; NO_VERSION when it is none of ours. Raises Precondition without one."""
        value = self.request.headers.get("if-match", "").strip()
        if not value:
            title = "Send If-Match with the version that you read, as in If-Match: 3."
            raise Precondition(Code.VERSION_MISSING, title, (Field("if-match", title),))
        word = value.removeprefix("W/").strip('"')
        return int(word) if word.isdecimal() and len(word) <= VERSION_DIGITS else NO_VERSION


Answer = tuple[int, Any]
CHANGES = ((412, Code.VERSION_STALE), (428, Code.VERSION_MISSING))  # what If-Match can be refused for
Function = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class ApiRoute:
    """One row of a noun's table: method, path, the scope it needs, the function; the rest is for the contracts.

    summary: what it does, in a few words. body, query: Structs of what it reads; takes: the media type of the
    body. answers: status to the Struct of the body, None for none. refusals: those beyond what every call, every body
    and every id can be refused for.
    """

    method: str
    path: str
    scope: Scope
    function: Function
    summary: str = ""
    body: Any = None
    answers: Mapping[int, Any] = field(default_factory=dict)
    query: Any = None
    refusals: tuple[tuple[int, Code], ...] = ()
    takes: str = "application/json"


@dataclass(frozen=True)
class Noun:
    """What is created, listed, read and updated under a path.

    one, all: its names in a sentence. given: Struct of what is read. shown, page: Structs of what is answered.
    """

    path: str
    one: str
    all: str
    given: Any
    shown: Any
    page: Any

    @property
    def each(self) -> str:
        """The path of one."""
        return self.path + "/{id}"

    def rows(
        self,
        create: Function,
        list_all: Function,
        get: Function,
        update: Function,
        *,
        created: tuple[tuple[int, Code], ...] = (),
        updated: tuple[tuple[int, Code], ...] = (),
    ) -> tuple[ApiRoute, ...]:
        """The four rows that all of them have. created, updated: what these are refused for, beyond If-Match."""
        one = {200: self.shown}
        return (
            ApiRoute(
                "POST",
                self.path,
                Scope.CONFIGURE,
                create,
                f"Create {self.one}",
                self.given,
                {201: self.shown},
                refusals=created,
            ),
            ApiRoute("GET", self.path, Scope.READ, list_all, f"List {self.all}", answers={200: self.page}),
            ApiRoute("GET", self.each, Scope.READ, get, f"Get {self.one}", answers=one),
            ApiRoute(
                "PUT",
                self.each,
                Scope.CONFIGURE,
                update,
                f"Update {self.one}",
                self.given,
                one,
                refusals=(*updated, *CHANGES),
            ),
        )


def routes(retour: Retour, rows: Iterable[ApiRoute]) -> list[Route]:
    """One route for each path, so that a method which it does not take is answered with all that it does."""
    paths: dict[str, dict[str, ApiRoute]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method] = row
    return [_route(retour, path, methods) for path, methods in paths.items()]


def _route(retour: Retour, path: str, methods: dict[str, ApiRoute]) -> Route:
    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await _respond(retour, methods[method], request)

    return Route(path.replace(USER_ID, USER_ID_TO_THE_END), endpoint, methods=list(methods))


async def _respond(retour: Retour, row: ApiRoute, request: Request) -> Response:
    """Identify, ask for the scope, call, answer."""
    headers: dict[str, str] = {}
    try:
        caller = await retour.api_tokens.identify(request.headers)
        caller.need(row.scope)
        status, body = await row.function(Call(retour, request, caller))
    except (Refused, Busy) as error:
        status, body, headers = problems.problem(error)
    except Exception:
        reference = ids.new_id()
        log.exception("request_failed", path=row.path, reference=reference)
        status, body, headers = problems.internal(reference)
    version = getattr(body, "version", None)
    if version is not None:
        headers["etag"] = f'"{version}"'
    content = b"" if body is None else problems.encode(body)
    headers["cache-control"] = (
        "no-store"  # an answer may hold a secret, and is never the same for two callers
    )
    return Response(content, status_code=status, headers=headers, media_type="application/json")
