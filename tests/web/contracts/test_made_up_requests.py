"""Requests made up from the document alone, right and wrong ones: no 5xx, and each answer is one that it tells of."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import (
    CheckFunction,
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.config import SanitizationConfig
from schemathesis.transport.prepare import prepare_request

from cast import House
from web.api.callers import CAMPAIGNS, CONFIGURATIONS, UNITARY, WEBHOOKS, Api, execution, webhook
from web.contracts.contract import document, operations

EXAMPLES = 50
SECONDS = 5.0
AS_IT_IS = SanitizationConfig(enabled=False)
SCHEMA = schemathesis.openapi.from_dict(deepcopy(document()))
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@dataclass
class Things:
    """What there is to ask for: by the noun in a path, the id and, where it has one, the version."""

    acme: Api
    ids: dict[str, str]
    versions: dict[str, int]


@pytest.fixture
async def things(house: House, acme: Api, campaign_id: str) -> Things:
    """One of each noun, with deliveries that nobody takes."""
    hook = await acme.post(WEBHOOKS, webhook())
    configuration = await house.simulated("sms")
    async with house.working():
        made = await acme.post(UNITARY, execution(campaign_id, "delivered@example.com"), status=202)
        while not (page := await acme.get("/ajo/feedback/deliveries"))["data"]:  # noqa: ASYNC110 - asks an API
            await asyncio.sleep(0.01)
    ids = {
        "executions": made["executionId"],
        "campaigns": campaign_id,
        "channel-configurations": configuration,
        "feedback-webhooks": hook["id"],
        "deliveries": page["data"][0]["id"],
        "jwks": house.dev.id,
    }
    versions = {
        "campaigns": (await acme.get(f"{CAMPAIGNS}/{campaign_id}"))["version"],
        "channel-configurations": (await acme.get(f"{CONFIGURATIONS}/{configuration}"))["version"],
        "feedback-webhooks": hook["version"],
    }
    return Things(acme, ids, versions)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in operations()])
@settings(max_examples=EXAMPLES, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(drawn=st.data())
async def test_every_answer_is_one_that_the_document_tells(
    things: Things, method: str, path: str, drawn: st.DataObject
) -> None:
    mode = drawn.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case = drawn.draw(SCHEMA[path][method].as_strategy(mode, headers=things.acme.headers))
    if drawn.draw(st.booleans()):
        _aim(case, path, things)
    request = prepare_request(case, None, config=AS_IT_IS)
    async with asyncio.timeout(SECONDS):
        answer = await _send(things.acme.client, request)
    case.validate_response(answer, checks=CHECKS)


def _aim(case: Any, path: str, things: Things) -> None:
    """At something that is there."""
    noun = next((word for word in path.split("/") if word in things.ids), None)
    if "{id}" in path and noun:
        case.path_parameters["id"] = things.ids[noun]
        case.headers["if-match"] = f'"{things.versions.get(noun, 1)}"'
    if isinstance(case.body, dict) and "campaignId" in case.body:
        case.body["campaignId"] = things.ids["campaigns"]


async def _send(client: httpx.AsyncClient, request: Any) -> httpx.Response:
    headers = [(name, value) for name, value in request.headers.items()]
    return await client.request(request.method, request.url, headers=headers, content=request.body)
