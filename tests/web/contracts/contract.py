"""The published contracts as an outsider holds them against what is sent: jsonschema, and nothing undocumented."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from retour.web import contracts, server

Schema = dict[str, Any]
ANYWHERE = (405,)  # another method is refused on every path alike


@cache
def documents() -> dict[str, Schema]:
    """What is served, by path, as it is read."""
    made = contracts.documents(server.API_ROUTES)
    return {path: json.loads(json.dumps(content)) for path, content in made.items()}


def document() -> Schema:
    """The OpenAPI document."""
    return documents()["/openapi.json"]


def operations() -> Iterator[tuple[str, str, Schema]]:
    """Method, path and what is told of it."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def closed(node: Any) -> Any:
    """The same schemas without room for fields that they do not tell."""
    if isinstance(node, list):
        return [closed(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    made = {name: closed(inner) for name, inner in node.items()}
    if made.get("type") == "object" and "properties" in made:
        made.setdefault("additionalProperties", False)
    return made


@cache
def validator(pointer: str, strict: bool = True) -> Draft202012Validator:
    """Of the schema at a place in the document, as in `/components/schemas/Error`."""
    whole = _closed() if strict else document()
    return Draft202012Validator(
        {part: whole[part] for part in ("paths", "components")} | {"$ref": f"#{pointer}"}
    )


@cache
def _closed() -> Schema:
    made: Schema = closed(document())
    return made


def component(name: str, strict: bool = True) -> Draft202012Validator:
    """Of a schema among the components."""
    return validator(f"/components/schemas/{name}", strict)


def request_body(method: str, path: str) -> Draft202012Validator | None:
    """Of the body of an operation's request, None where there is none. What is ignored may be there."""
    content = document()["paths"][path][method.lower()].get("requestBody", {}).get("content")
    if content is None:
        return None
    (kind,) = content
    place = ("paths", path, method.lower(), "requestBody", "content", kind, "schema")
    return validator(_pointer(*place), strict=False)


def answer_body(method: str, path: str, status: int) -> Draft202012Validator | None:
    """Of the body of an operation's answer, None where there is none."""
    answer = document()["paths"][path][method.lower()]["responses"][str(status)]
    place: tuple[str, ...] = ("paths", path, method.lower(), "responses", str(status))
    if "$ref" in answer:
        place = tuple(answer["$ref"].removeprefix("#/").split("/"))
        answer = document()["components"]["responses"][place[-1]]
    if "content" not in answer:
        return None
    (kind,) = answer["content"]
    return validator(_pointer(*place, "content", kind, "schema"))


def _pointer(*place: str) -> str:
    """RFC 6901, as a fragment."""
    parts = (part.replace("~", "~0").replace("/", "~1") for part in place)
    return "".join("/" + part.replace("{", "%7B").replace("}", "%7D") for part in parts)


def troubles(found: Draft202012Validator | None, instance: Any) -> list[str]:
    """What does not fit, each with its place."""
    errors = found.iter_errors(instance) if found else ()
    return [f"{error.json_path}: {error.message[:300]}" for error in errors]


# --- answers --------------------------------------------------------------------------------------------


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], str]]:
    made = []
    for method, path, _ in operations():
        words = re.escape(path).replace(r"\{userId\}", ".+")
        made.append((method, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", words)), path))
    return made


def operation_of(method: str, path: str) -> str | None:
    """The path, as the document has it, of a request."""
    for known, pattern, told in _patterns():
        if known == method and pattern.fullmatch(path):
            return told
    return None


async def keep(response: httpx.Response) -> None:
    """For a client: every answer is one that the document tells of, to the last field."""
    await response.aread()
    problems = broken(response)
    assert not problems, f"{response.request.method} {response.request.url.path}: {problems}\n{response.text}"


def broken(response: httpx.Response) -> list[str]:
    """What an answer does that the document does not tell."""
    method, status = response.request.method, response.status_code
    path = operation_of(method, response.request.url.path)
    if path is None or status in ANYWHERE:
        return []
    told = document()["paths"][path][method.lower()]["responses"]
    if str(status) not in told:
        return [f"{status} is not told"]
    found = answer_body(method, path, status)
    if found is None:
        return ["there is a body"] if response.content else []
    json_ = "json" in response.headers["content-type"]
    return troubles(found, response.json() if json_ else response.text) + _kind(response, method, path)


def _kind(response: httpx.Response, method: str, path: str) -> list[str]:
    answer = document()["paths"][path][method.lower()]["responses"][str(response.status_code)]
    if "$ref" in answer:
        answer = document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    kind = response.headers["content-type"].partition(";")[0]
    missing = [name for name in answer.get("headers", {}) if name not in response.headers]
    wrong = [] if kind in answer["content"] else [f"the content is {kind}"]
    return wrong + [f"the header {name} is missing" for name in missing]


def changed(body: Schema, **fields: Any) -> Schema:
    """A copy with other values."""
    return deepcopy(body) | fields
