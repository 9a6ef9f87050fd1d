"""What is served, as the contracts tell it: the rows of the nouns' tables, and what stands beside them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from retour import limits
from retour.errors import Code
from retour.model import Scope
from retour.web import callbacks, ingest, jwks, wire
from retour.web.api.calls import ApiRoute
from retour.web.ingest import ExecutionRequest, External, Name

Refusals = dict[int, tuple[Code, ...]]

JSON, FORM, TEXT = "application/json", "application/x-www-form-urlencoded", "text/plain"
EVERYWHERE = ((503, Code.STORE_BUSY), (500, Code.INTERNAL))
EVERY_CALL = (
    (401, Code.UNAUTHENTICATED),
    (403, Code.CLIENT_REFUSED),
    (403, Code.SCOPE_MISSING),
    (403, Code.ORGANIZATION_MISMATCH),
    (404, Code.SANDBOX_UNKNOWN),
)
EVERY_BODY = ((400, Code.MALFORMED_JSON), (413, Code.BODY_TOO_LARGE))


class HighThroughputRequest(msgspec.Struct, rename="camel"):
    """AJO's high throughput request: recipients are external, and bring context only."""

    request_id: Name
    campaign_id: Name
    recipients: Annotated[list[External], Meta(min_length=1, max_length=limits.RECIPIENTS)]


@dataclass(frozen=True)
class Operation:
    """A method of a path.

    scope: None for what needs no credential. body, query: Structs. takes, gives: media types. answers: status to the
    Struct of the body, to None for no body, to `Any` for one without a schema. refusals: status to codes.
    """

    method: str
    path: str
    summary: str
    tag: str
    scope: Scope | None = None
    body: Any = None
    takes: str = JSON
    query: Any = None
    answers: Mapping[int, Any] = field(default_factory=dict)
    gives: str = JSON
    told: str = "Done."
    refusals: Refusals = field(default_factory=dict)
    error: Any = wire.Error

    @property
    def id(self) -> str:
        """For generated clients: the summary as one word, `createCampaign`."""
        words = (word for word in self.summary.split() if word not in ("a", "an", "the"))
        made = "".join(word[0].upper() + word[1:] for word in words)
        return made[:1].lower() + made[1:]

    @property
    def names_a_version(self) -> bool:
        """Whether If-Match has to."""
        return Code.VERSION_MISSING in self.refusals.get(428, ())


def operations(rows: Iterable[ApiRoute]) -> list[Operation]:
    """Everything that a program may call, in the order of the page about it."""
    return [
        *BEFORE,
        EXECUTE,
        HIGH_THROUGHPUT,
        *(of_row(row) for row in rows),
        JWKS,
        CALLBACK,
        CALLBACK_BY_GET,
        *CONTRACTS,
    ]


def of_row(row: ApiRoute) -> Operation:
    """A row of a noun's table."""
    return Operation(
        method=row.method,
        path=row.path,
        summary=row.summary,
        tag=row.function.__module__.rpartition(".")[2],
        scope=row.scope,
        body=row.body,
        takes=row.takes,
        query=row.query,
        answers=row.answers,
        told=_told(row),
        refusals=grouped(*_refused(row), *row.refusals),
    )


def _told(row: ApiRoute) -> str:
    """`201 the draft.` as `The draft.`"""
    told = (inspect.getdoc(row.function) or "").splitlines()[0].lstrip("0123456789;, ")
    return told[:1].upper() + told[1:]


def _refused(row: ApiRoute) -> tuple[tuple[int, Code], ...]:
    """What every call like this can be refused for."""
    body = (*EVERY_BODY, (422, Code.INVALID_FIELDS)) if row.body is not None else ()
    thing = ((404, Code.NOT_FOUND),) if "{" in row.path else ()
    return (*EVERY_CALL, *body, *thing, *EVERYWHERE)


def grouped(*refusals: tuple[int, Code]) -> Refusals:
    """By status."""
    made: Refusals = {}
    for status, code in sorted(set(refusals)):
        made[status] = (*made.get(status, ()), code)
    return made


REFUSED = (
    *EVERY_CALL,
    *EVERY_BODY,
    *EVERYWHERE,
    (400, Code.INVALID_FIELDS),
    (400, Code.CONTEXT_TOO_LARGE),
    (400, Code.CAMPAIGN_NOT_LIVE),
    (400, Code.OUTSIDE_DATES),
    (400, Code.VARIABLES_MISSING),
    (400, Code.WRONG_MODE),
    (404, Code.NOT_FOUND),
    (409, Code.REQUEST_ID_REUSED),
    (429, Code.TOO_MANY_CALLS),
)

EXECUTE = Operation(
    method="POST",
    path=ingest.PATH,
    summary="Execute a campaign",
    tag="executions",
    scope=Scope.EXECUTE,
    body=ExecutionRequest,
    answers={202: wire.ExecutionAccepted},
    told="The execution, after the commit; the first answer again for the same requestId and request.",
    refusals=grouped(*REFUSED, (400, Code.PROFILE_UNKNOWN)),
)

HIGH_THROUGHPUT = replace(
    EXECUTE,
    path=ingest.HIGH_THROUGHPUT_PATH,
    summary="Execute a campaign in high throughput mode",
    body=HighThroughputRequest,
    refusals=grouped(*REFUSED),  # without profiles none can be unknown
)

JWKS = Operation(
    method="GET",
    path=jwks.PATH,
    summary="Get the public keys of a sandbox",
    tag="webhooks",
    answers={200: wire.KeySet},
    gives="application/jwk-set+json",
    told="What the JWTs of the sandbox's feedback webhook are verified with; the newest first.",
    refusals=grouped((404, Code.NOT_FOUND), *EVERYWHERE),
)

CALLBACK = Operation(
    method="POST",
    path=callbacks.PATH,
    summary="Tell events of a mail or SMS provider",
    tag="callbacks",
    body=Any,
    answers={200: None},
    told="All of them are committed; what was known, or is of no message of the sandbox, changed nothing.",
    refusals=grouped(*EVERY_BODY, *EVERYWHERE, (403, Code.NOT_GENUINE), (404, Code.NOT_FOUND)),
)

CALLBACK_BY_GET = Operation(
    method="GET",
    path=callbacks.PATH,
    summary="Tell reports of an SMS provider in the query",
    tag="callbacks",
    answers={200: None},
    told="It is committed; what was known, or is of no message of the sandbox, changed nothing.",
    refusals=grouped(*EVERYWHERE, (403, Code.NOT_GENUINE), (404, Code.NOT_FOUND)),
)

BEFORE = (
    Operation(
        method="POST",
        path="/ims/token/v3",
        summary="Get a token",
        tag="tokens",
        body=wire.TokenRequest,
        takes=FORM,
        answers={200: wire.Token},
        told="A bearer token. Its scopes are those of the credential.",
        refusals=grouped(
            *EVERY_BODY,
            *EVERYWHERE,
            (400, Code.INVALID_FIELDS),
            (401, Code.CLIENT_REFUSED),
        ),
        error=wire.TokenError,
    ),
    Operation(
        method="GET",
        path="/ajo/im/health",
        summary="Ask for the health",
        tag="health",
        answers={200: wire.HealthStatus, 503: wire.HealthStatus},
        told="Whether the store answers.",
    ),
    Operation(
        method="GET",
        path="/healthz",
        summary="Ask whether the process runs",
        tag="health",
        answers={200: str},
        gives=TEXT,
        told="It runs.",
    ),
    Operation(
        method="GET",
        path="/readyz",
        summary="Ask whether the store answers",
        tag="health",
        answers={200: str, 503: str},
        gives=TEXT,
        told="Whether the store answers.",
    ),
)

KEPT: dict[int, Any] = {200: dict[str, Any], 304: None}
CONTRACTS = (
    Operation(
        method="GET",
        path="/openapi.json",
        summary="Get this document",
        tag="contracts",
        answers=KEPT,
        told="OpenAPI 3.1.",
    ),
    Operation(
        method="GET",
        path="/schemas/{name}.json",
        summary="Get a JSON Schema",
        tag="contracts",
        answers=KEPT,
        told="JSON Schema, draft 2020-12.",
        refusals=grouped((404, Code.NOT_FOUND)),
    ),
    Operation(
        method="GET",
        path="/postman.json",
        summary="Get the Postman collection",
        tag="contracts",
        answers=KEPT,
        told="Postman collection, format 2.1.",
    ),
)
