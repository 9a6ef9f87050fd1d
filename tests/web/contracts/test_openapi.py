"""The OpenAPI document: valid, whole, and true to the tables it is made of."""

from __future__ import annotations

import inspect
import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from docs.pages import blocks, page, sections
from retour.app import Retour
from retour.errors import Code
from retour.model import Scope
from retour.web import examples, ingest, server
from retour.web.api.calls import ApiRoute
from web.contracts import contract
from web.contracts.contract import document, operations

OURS_ALONE = ("/admin", "/docs", "/control/")  # pages, and the command line's own door
PAGES = sections(page("api.md"), 3)
SHORTENED = {"…": "…"}
SAMPLE = next(
    iter(
        document()["webhooks"]["feedbackEvent"]["post"]["requestBody"]["content"]["application/json"][
            "examples"
        ].values()
    )
)["value"]


def every() -> set[str]:
    return {f"{method} {path}" for method, path, _ in operations()}


def test_the_document_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []


def test_every_route_is_in_it_and_nothing_else() -> None:
    served = {
        f"{method} {plain(route.path)}"
        for route in server._routes(Retour.__new__(Retour))
        if isinstance(route, Route) and not route.path.startswith(OURS_ALONE) and route.path != "/"
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served | {f"POST {path}" for path in ingest.PATHS} == every()


def plain(path: str) -> str:
    """Without how a placeholder is read."""
    return re.sub(r":\w+}", "}", path)


def test_each_operation_has_a_name_of_its_own_that_says_what_it_does() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+[A-Z][A-Za-z]+", name) for name in names), names


@pytest.mark.parametrize("row", server.API_ROUTES, ids=lambda row: f"{row.method} {row.path}")
def test_a_row_tells_what_its_function_says(row: ApiRoute) -> None:
    (status,) = row.answers
    assert (inspect.getdoc(row.function) or "").startswith(str(status))
    source = inspect.getsource(row.function)
    assert ("call.body(" in source or "call.form(" in source) == (row.body is not None)
    assert ("call.version()" in source) == ((428, Code.VERSION_MISSING) in row.refusals)


def test_each_operation_asks_for_the_scope_of_its_route() -> None:
    scopes = {f"{row.method} {row.path}": row.scope for row in server.API_ROUTES}
    scopes |= {f"POST {path}": Scope.EXECUTE for path in ingest.PATHS}
    for method, path, operation in operations():
        scope = scopes.get(f"{method} {path}")
        assert operation["security"] == ([{"oauth2": [scope.value]}] if scope else [])
        names = {parameter.get("$ref", "").rpartition("/")[2] for parameter in operation["parameters"]}
        assert (names >= {"ApiKey", "Organization", "Sandbox"}) == (scope is not None)


def test_every_refusal_has_adobe_s_shape_and_codes_that_there_are() -> None:
    types = [
        kind
        for response in document()["components"]["responses"].values()
        for kind in response["content"]["application/json"]["schema"]["allOf"][1]["properties"]["type"][
            "enum"
        ]
    ]
    codes = {re.fullmatch(r"https://ns\.adobe\.com/aep/errors/MSG-(\d{6})-\d{3}", kind)[1] for kind in types}  # type: ignore[index]
    not_told = {
        Code.TOO_MANY_TRIES,
        Code.METHOD_NOT_ALLOWED,
    }  # of the pages; of the methods that are not there
    assert codes == {*Code} - not_told


def test_only_a_call_that_has_profiles_is_refused_for_one_that_is_missing() -> None:
    told = {
        path: json.dumps(document()["paths"][path]["post"]["responses"])
        for path in (ingest.PATH, ingest.HIGH_THROUGHPUT_PATH)
    }
    assert Code.PROFILE_UNKNOWN in told[ingest.PATH]
    assert Code.PROFILE_UNKNOWN not in told[ingest.HIGH_THROUGHPUT_PATH]
    assert Code.WRONG_MODE in told[ingest.HIGH_THROUGHPUT_PATH]


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(document())
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        place = document()
        for part in reference.split("/"):
            place = place[part]


def test_the_webhook_tells_its_headers_and_both_formats() -> None:
    event = document()["webhooks"]["feedbackEvent"]["post"]
    names = [parameter["name"] for parameter in event["parameters"]]
    assert names == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    assert event["security"] == [{}, {"feedbackToken": []}]
    (content,) = event["requestBody"]["content"].values()
    formats = [schema["$ref"].rpartition("/")[2] for schema in content["schema"]["anyOf"]]
    assert formats == ["FeedbackEvent", "AdobeFeedbackEvent"]
    for name, shown in content["examples"].items():
        kind = "AdobeFeedbackEvent" if name.endswith("ajo") else "FeedbackEvent"
        assert contract.troubles(contract.component(kind), shown["value"]) == []


# --- the examples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path", "operation"), list(operations()), ids=lambda part: str(part)[:50])
def test_every_body_has_an_example_that_is_right(method: str, path: str, operation: contract.Schema) -> None:
    body = contract.request_body(method, path)
    if body is None or path == "/ims/token/v3":  # a form
        return
    (content,) = operation["requestBody"]["content"].values()
    assert contract.troubles(body, content["example"]) == []


@pytest.mark.parametrize("heading", [heading for heading in PAGES if blocks(PAGES[heading], "json")])
def test_the_examples_on_the_page_are_right(heading: str) -> None:
    method, path = heading.strip("`").split(" ")
    shown = [json.loads(block) for block in blocks(PAGES[heading], "json")]
    if f"{method} {path}" in examples.EXAMPLES:
        assert shown.pop(0) == examples.EXAMPLES[f"{method} {path}"]
    statuses = [status for status in document()["paths"][path][method.lower()]["responses"] if status < "300"]
    for example in shown:
        found = contract.answer_body(method, path, int(statuses[0]))
        assert contract.troubles(found, filled(example)) == []


def filled(example: object) -> object:
    """With an event in the place of one that is left out."""
    if isinstance(example, list):
        return [filled(inner) for inner in example]
    if not isinstance(example, dict):
        return example
    if example == SHORTENED:
        return SAMPLE
    return {name: filled(inner) for name, inner in example.items()}


def test_no_example_is_of_something_that_is_not_there() -> None:
    assert set(examples.EXAMPLES) <= every()
