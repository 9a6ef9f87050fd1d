"""Ann writes to Bob by Sinch: from the execution to the provider, and from its reports to her feedback webhook."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from outside.https import Endpoint
from outside.sinch import Sinch, sinch
from retour.smsproviders import PROVIDERS
from smsproviders.conftest import BOB, Desk, heard, last_words

FILE = PROVIDERS["sinch"]
TALE = (("Queued", 400), ("Dispatched", 401), ("Delivered", 0))


@pytest.fixture
async def cloud() -> AsyncIterator[Sinch]:
    """Sinch."""
    async with sinch() as made:
        yield made


def by_plan(cloud: Sinch, **more: Any) -> dict[str, Any]:
    """What Ann enters for a service plan."""
    plan = {"servicePlanId": cloud.plan, "apiToken": cloud.token, "callbackSecret": cloud.secret}
    return plan | {"baseUrl": cloud.url} | more


def by_project(cloud: Sinch, **more: Any) -> dict[str, Any]:
    """What she enters for a project."""
    access = {"projectId": cloud.project, "keyId": cloud.key[0], "keySecret": cloud.key[1]}
    return access | {"baseUrl": cloud.url, "tokenUrl": f"{cloud.url}/oauth2/token"} | more


# --- from the execution to the feedback webhook ---


@pytest.mark.parametrize("settings", [by_plan, by_project])
async def test_from_the_execution_to_the_webhook(
    desk: Desk, cloud: Sinch, receiver: Endpoint, settings: Callable[..., dict[str, Any]]
) -> None:
    await desk.house.webhook(receiver.url("/feedback"))
    campaign = await desk.campaign("sinch", settings(cloud, callbackSecret=cloud.secret))
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(1)
        (batch,) = cloud.batches.values()
        assert (batch["from"], batch["to"], batch["body"]) == ("+15550100", [BOB.lstrip("+")], "Hello")
        for status, code in TALE:
            answer = await cloud.report(batch["id"], status, code, encoding="GSM")
            assert answer.status_code == 200
        await receiver.arrived(2)
    sent, delivered = heard(receiver)
    assert (sent["feedbackStatus"], delivered["feedbackStatus"]) == (
        {"value": "sent"},
        {"value": "delivered"},
    )
    assert (delivered["encoding"], delivered["numberOfMessageParts"]) == ("GSM", "1")
    assert delivered["deliveryTimestamp"] == cloud.reports[batch["id"]]["at"]
    assert json.loads(receiver.requests[1].body)["retour"]["provider"]["reference"] == batch["id"]


FAILURES = {
    "+15550110": ("Failed", 150, ("bounce", "150", "Hard", "async")),
    "+15550111": ("Failed", 153, ("bounce", "153", "Soft", "async")),
    "+15550112": ("Aborted", 413, ("error", "413", "Ignored", "async")),
    "+15550113": ("Rejected", 62, ("bounce", "62", "Ignored", "async")),
    "+15550114": ("Expired", 406, ("bounce", "406", "Ignored", "async")),
}


async def test_what_fails_later_is_told_with_the_provider_s_code(
    desk: Desk, cloud: Sinch, receiver: Endpoint
) -> None:
    await desk.house.webhook(receiver.url("/feedback"))
    campaign = await desk.campaign("sinch", by_plan(cloud))
    async with desk.house.working():
        await desk.execute(campaign, *FAILURES)
        await receiver.arrived(len(FAILURES))
        for batch in list(cloud.batches.values()):
            status, code, _ = FAILURES[f"+{batch['to'][0]}"]
            await cloud.report(batch["id"], status, code)
        await receiver.arrived(2 * len(FAILURES))
    assert last_words(receiver) == {number: told for number, (_, _, told) in FAILURES.items()}


async def test_an_opted_out_number_is_told_as_denylist(desk: Desk, cloud: Sinch, receiver: Endpoint) -> None:
    await desk.house.webhook(receiver.url("/feedback"), events=["sent", "denylist"])
    campaign = await desk.campaign("sinch", by_plan(cloud))
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(1)
        await cloud.report(next(iter(cloud.batches)), "Rejected", 61)
        await receiver.arrived(2)
    exclusion = heard(receiver)[1]["messageExclusion"]
    assert (exclusion["code"], exclusion["reason"]) == ("050104", "SMSNoConsent")


async def test_what_the_api_refuses_is_told_at_once(desk: Desk, cloud: Sinch, receiver: Endpoint) -> None:
    await desk.house.webhook(receiver.url("/feedback"))
    refused = {"code": "syntax_constraint_violation", "text": "The body is too long"}
    cloud.instead.append((400, (), json.dumps(refused).encode()))
    campaign = await desk.campaign("sinch", by_plan(cloud))
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(1)
    (failed,) = heard(receiver)
    assert failed["feedbackStatus"] == {"value": "error"}
    assert failed["messageFailure"] == {
        "category": "sync",
        "type": "Ignored",
        "code": "syntax_constraint_violation",
        "reason": "Constraint violation",
    }


@pytest.mark.slow
async def test_a_throttled_message_goes_a_little_later_and_once(
    desk: Desk, cloud: Sinch, receiver: Endpoint
) -> None:
    await desk.house.webhook(receiver.url("/feedback"))
    cloud.instead.append((429, (("Retry-After", "1"),), b"{}"))
    campaign = await desk.campaign("sinch", by_plan(cloud))
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(2, seconds=15)
    assert [one["feedbackStatus"]["value"] for one in heard(receiver)] == ["delay", "sent"]
    assert len(cloud.batches) == 1


async def test_a_forged_report_is_refused_and_tells_nothing(
    desk: Desk, cloud: Sinch, receiver: Endpoint
) -> None:
    await desk.house.webhook(receiver.url("/feedback"))
    campaign = await desk.campaign("sinch", by_plan(cloud))
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(1)
        (batch_id,) = cloud.batches
        secret, cloud.secret = cloud.secret, "Charlie's guess"
        assert (await cloud.report(batch_id, "Failed", 150)).status_code == 403
        cloud.secret = secret
        assert (await cloud.report(batch_id, "Delivered", 0)).status_code == 200
        await receiver.arrived(2)
    assert [one["feedbackStatus"]["value"] for one in heard(receiver)] == ["sent", "delivered"]


async def test_a_report_without_a_mark_is_told_by_the_batch_s_id(
    desk: Desk, cloud: Sinch, receiver: Endpoint
) -> None:
    """As it comes to a default callback URL of the service plan."""
    await desk.house.webhook(receiver.url("/feedback"))
    campaign = await desk.campaign("sinch", by_plan(cloud))
    async with desk.house.working():
        await desk.execute(campaign)
        await receiver.arrived(1)
        (batch,) = cloud.batches.values()
        batch["callback_url"] = batch["callback_url"].partition("?")[0]
        await cloud.report(batch["id"], "Delivered", 0, client_reference=None)
        await receiver.arrived(2)
    assert [one["feedbackStatus"]["value"] for one in heard(receiver)] == ["sent", "delivered"]


# --- Verify ---


async def test_verify_says_what_sinch_says(desk: Desk, cloud: Sinch) -> None:
    for settings, trouble in (
        (by_plan(cloud), None),
        (by_project(cloud), None),
        (by_plan(cloud, apiToken="wrong"), "Sinch refuses our credentials (401). Correct them."),
        (by_plan(cloud, servicePlanId="x"), "Sinch knows no such service plan or project in this region."),
        (by_project(cloud, keySecret="wrong"), "The token URL gave no access token (HTTP 401)."),
    ):
        found = await desk.trouble("sinch", settings)
        assert (found is None) is (trouble is None)
        assert (found or "").startswith(trouble or "")
    assert cloud.batches == {}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({}, "servicePlanId"),
        ({"servicePlanId": "p"}, "apiToken"),
        ({"projectId": "p", "keyId": "k"}, "keySecret"),
        ({"servicePlanId": "p", "apiToken": "t", "projectId": "x"}, "projectId"),
    ],
)
def test_settings_that_can_t_work_are_told_at_their_field(settings: dict[str, Any], field: str) -> None:
    assert field in FILE.wrong(settings)
