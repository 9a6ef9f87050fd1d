"""The Postman collection: each request can be sent as it stands, once the variables are filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cast import House
from retour import ids
from web.api.callers import BASE, Api
from web.contracts import contract
from web.contracts.contract import Schema

VARIABLE = re.compile(r"{{([$\w]+)}}")
COLLECTION = contract.documents()["/postman.json"]


def requests() -> Iterator[tuple[str, Schema]]:
    for folder in COLLECTION["item"]:
        for item in folder["item"]:
            yield item["name"], item["request"]


def test_it_has_the_marks_of_the_format() -> None:
    assert COLLECTION["info"]["schema"].endswith("/collection/v2.1.0/collection.json")
    for _, request in requests():
        assert set(request) <= {"method", "header", "url", "body", "auth"}
        assert request["url"]["raw"] == "{{baseUrl}}/" + "/".join(request["url"]["path"])


def test_every_operation_is_in_it_once() -> None:
    told = [(operation["summary"], method) for method, _, operation in contract.operations()]
    assert sorted((name, request["method"]) for name, request in requests()) == sorted(told)


def test_every_variable_is_declared_and_secrets_are_empty() -> None:
    known = {variable["key"]: variable["value"] for variable in COLLECTION["variable"]}
    used = set(VARIABLE.findall(str(COLLECTION["item"]))) | {"clientId", "clientSecret"}
    assert {name for name in used if not name.startswith("$")} <= known.keys()
    assert known["clientSecret"] == known["accessToken"] == known["clientId"] == ""


def test_a_token_is_asked_for_before_a_request_that_needs_one() -> None:
    (event,) = COLLECTION["event"]
    script = "\n".join(event["script"]["exec"])
    assert event["listen"] == "prerequest"
    assert 'pm.variables.replaceIn("{{baseUrl}}/ims/token/v3")' in script
    assert '"accessToken", answer.access_token' in script
    assert COLLECTION["auth"]["bearer"][0]["value"] == "{{accessToken}}"


@pytest.fixture
async def values(house: House, acme: Api, campaign_id: str) -> dict[str, str]:
    """What somebody fills in, and what the scripts keep."""
    configuration = await house.simulated("sms")
    filled = {name: ids.new_id() for name in ("executionId", "feedbackWebhookId", "deliveryId")}
    return {
        variable["key"]: variable["value"] for variable in COLLECTION["variable"] if variable["value"]
    } | {
        "baseUrl": BASE,
        "clientId": house.acme_credential.credential.client_id,
        "clientSecret": house.acme_credential.secret,
        "imsOrg": acme.org,
        "accessToken": acme.token,
        "campaignId": campaign_id,
        "channelConfigurationId": configuration,
        "sandboxId": house.dev.id,
        **filled,
    }


def resolved(text: str, values: dict[str, str]) -> str:
    """As Postman does it: what it does not know stays."""
    return VARIABLE.sub(lambda found: (values | {"$guid": ids.new_id()}).get(found[1], found[0]), text)


async def test_each_request_is_understood(client: httpx.AsyncClient, values: dict[str, str]) -> None:
    """Whatever is answered, it is not that the request has a wrong form, or comes from nobody."""
    answers = {name: await send(client, request, values) for name, request in requests()}
    reasons = {
        name: answer.json()["report"]["additionalContext"]["reason"]
        for name, answer in answers.items()
        if answer.status_code >= 400
    }
    assert set(reasons.values()) <= NOT_THERE, reasons
    assert answers["Get a token"].json()["token_type"] == "bearer"
    assert answers["Create a campaign"].status_code == 201
    assert answers["Create the feedback webhook"].status_code in (201, 422)


# There is no such thing yet; the version, the mode or the state is another; hooks.luma.example has no address.
NOT_THERE = {
    "not_found",
    "version_stale",
    "campaign_not_live",
    "wrong_mode",
    "profile_unknown",
    "campaign_incomplete",
    "invalid_fields",
    "exists",
}


async def send(client: httpx.AsyncClient, request: Schema, values: dict[str, str]) -> httpx.Response:
    headers = {header["key"]: resolved(header["value"], values) for header in request["header"]}
    if "auth" not in request:
        headers["authorization"] = resolved("Bearer {{accessToken}}", values)
    url = resolved(request["url"]["raw"], values)
    return await client.request(request["method"], url, headers=headers, **body(request, values))


def body(request: Schema, values: dict[str, str]) -> dict[str, Any]:
    given = request.get("body")
    if given is None:
        return {}
    if given["mode"] == "raw":
        return {"content": resolved(given["raw"], values).encode()}
    if given["mode"] == "formdata":
        return {
            "files": {
                field["key"]: b"TYPE,VALUE,COMMENT\nEMAIL,x@luma.example,\n" for field in given["formdata"]
            }
        }
    return {"data": {pair["key"]: resolved(pair["value"], values) for pair in given["urlencoded"]}}
