"""POST /ajo/feedback/verify: the steps of a receiver, taken by the service, with its own secrets or with given ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cast import House
from outside.https import Endpoint
from retour import signing
from retour.model import Scope
from web.api.callers import JWT_SECRET, WEBHOOKS, Api, connect, jwt, refusal, rows, webhook

VERIFY = "/ajo/feedback/verify"
STEPS = ["headers", "timestamp", "signature", "token", "body"]


async def received(
    acme: Api, receiver: Endpoint, **authentication: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The webhook that was made, and a test event as its receiver would show it."""
    given = webhook(url=receiver.url("/x"), authentication=jwt(**authentication))
    made = await acme.post(WEBHOOKS, given)
    return made, await another(acme, receiver, made)


async def another(acme: Api, receiver: Endpoint, made: dict[str, Any]) -> dict[str, Any]:
    """One more test event."""
    await acme.post(f"{WEBHOOKS}/{made['id']}/test", status=200)
    request = receiver.requests[-1]
    return {"headers": dict(request.headers), "body": request.body.decode()}


async def asked(acme: Api, body: Any) -> dict[str, dict[str, Any]]:
    """Each step's finding."""
    answer = await acme.post(VERIFY, body, status=200)
    assert [found["step"] for found in answer["findings"]] == STEPS
    assert answer["verified"] is all(found["outcome"] != "differs" for found in answer["findings"])
    return {found["step"]: found for found in answer["findings"]}


def outcomes(findings: dict[str, dict[str, Any]]) -> list[str]:
    return [findings[step]["outcome"] for step in STEPS]


@pytest.mark.parametrize("algorithm", signing.ALGORITHMS)
async def test_a_genuine_request_verifies_with_the_sandbox_s_own_secrets(
    acme: Api, receiver: Endpoint, algorithm: str
) -> None:
    _, request = await received(acme, receiver, algorithm=algorithm, secret=None, generate=True)
    assert outcomes(await asked(acme, request)) == ["ok"] * 5


async def test_it_names_the_step_that_differs(acme: Api, receiver: Endpoint) -> None:
    made, request = await received(acme, receiver)
    again = {"body": json.dumps(json.loads(request["body"]), indent=2)}
    found = await asked(acme, request | again)
    assert found["signature"]["outcome"] == "differs"
    assert "parsed and encoded again" in found["signature"]["sentences"][0]
    stripped = {name: value for name, value in request["headers"].items() if name != "webhook-id"}
    assert (await asked(acme, request | {"headers": stripped}))["headers"]["outcome"] == "differs"
    late = await asked(acme, request | {"at": "2020-01-01T00:00:00Z"})
    assert late["timestamp"]["outcome"] == "differs"
    forged = request["headers"] | {"Authorization": "Bearer a.b.c"}
    assert (await asked(acme, request | {"headers": forged}))["token"]["outcome"] == "differs"
    assert made["signingSecret"] not in str(found)


async def test_a_secret_that_is_given_is_the_only_one_tried(acme: Api, receiver: Endpoint) -> None:
    made, request = await received(acme, receiver)
    found = await asked(acme, request | {"secret": made["signingSecret"]})
    assert outcomes(found) == ["ok", "ok", "ok", "not checked", "ok"]
    other = signing.new_signing_secret()
    found = await asked(acme, request | {"secret": other})
    assert found["signature"]["outcome"] == "differs"


async def test_headers_may_be_pairs(acme: Api, receiver: Endpoint) -> None:
    _, request = await received(acme, receiver)
    pairs = [list(pair) for pair in request["headers"].items()]
    assert outcomes(await asked(acme, request | {"headers": pairs})) == ["ok"] * 5


async def test_while_a_secret_is_changed_requests_of_before_and_after_verify(
    acme: Api, receiver: Endpoint
) -> None:
    made, before = await received(acme, receiver)
    place = f"{WEBHOOKS}/{made['id']}/rotate"
    await acme.post(place, {"what": "signingSecret"}, status=200)
    await acme.post(place, {"what": "jwt", "generate": True, "signAfterMinutes": 0}, status=200)
    after = await another(acme, receiver, made)
    for request in (before, after):
        assert outcomes(await asked(acme, request)) == ["ok"] * 5
    await acme.post(place, {"what": "signingSecret", "overlapHours": 0}, status=200)
    await acme.post(place, {"what": "jwt", "generate": True, "overlapHours": 0}, status=200)
    for request in (before, after):
        assert outcomes(await asked(acme, request)) == ["ok", "ok", "differs", "differs", "ok"]


async def test_no_answer_holds_a_secret_and_nothing_is_written(
    house: House, acme: Api, receiver: Endpoint
) -> None:
    made, request = await received(acme, receiver)
    before = rows(house)
    changes: tuple[dict[str, Any], ...] = (
        {"body": "{}"},
        {"headers": {}},
        {"secret": "x" + made["signingSecret"]},
    )
    for more in ({}, *changes):
        answer = await acme.call("POST", VERIFY, request | more)
        assert answer.status_code == 200
        for secret in (made["signingSecret"], made["signingSecret"].removeprefix("whsec_"), JWT_SECRET):
            assert secret not in answer.text
    assert rows(house) == before


async def test_another_s_request_does_not_verify_with_one_s_own_secrets(
    acme: Api, charlie: Api, receiver: Endpoint
) -> None:
    _, request = await received(acme, receiver)
    assert "secret" in refusal(await charlie.call("POST", VERIFY, request), 422, "000111")
    await charlie.post(
        WEBHOOKS, webhook(url="https://192.0.1.1/feedback", authentication=jwt(secret="c" * 32))
    )
    assert outcomes(await asked(charlie, request)) == ["ok", "ok", "differs", "differs", "ok"]


async def test_what_can_t_be_looked_at_is_refused(acme: Api) -> None:
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "secret"),
        ({"secret": "x", "body": "y" * 70_000}, "body"),
        ({"secret": "x", "headers": {str(number): "" for number in range(101)}}, "headers"),
        ({"secret": "x", "at": "yesterday"}, "at"),
        ({"secret": 5}, "secret"),
        ({"secret": "x", "body": {"a": 1}}, "body"),
        ({"secret": "x", "headers": ["a"]}, "headers[0]"),
    )
    for body, path in wrong:
        assert path in refusal(await acme.call("POST", VERIFY, body), 422, "000111"), body


async def test_reading_is_enough(house: House, acme: Api, receiver: Endpoint) -> None:
    _, request = await received(acme, receiver)
    made = await house.retour.credentials.create(acme.org, "reader", (Scope.READ,))
    reader = await connect(acme.client, made, "dev")
    assert outcomes(await asked(reader, request)) == ["ok"] * 5
    sender = await house.retour.credentials.create(acme.org, "sender", (Scope.EXECUTE,))
    refusal(await (await connect(acme.client, sender, "dev")).call("POST", VERIFY, request), 403, "000102")
