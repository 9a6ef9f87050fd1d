"""PUT and DELETE /ajo/config/feedback-webhooks/{id}: versions, and secrets that stay where they were entered for."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt as tokens
from joserfc.jwk import OctKey

from cast import House, until
from outside.https import Endpoint
from web.api.callers import (
    DELIVERIES,
    JWT_SECRET,
    URL,
    WEBHOOKS,
    Api,
    jwt,
    refusal,
    rows,
    webhook,
)

SECRET_HEADER = {"name": "X-Key", "value": "hush-hush", "secret": True}
NEW_SECRET = "another secret of thirty-two characters"


async def test_put_needs_the_version_that_was_read(acme: Api) -> None:
    made = await acme.post(WEBHOOKS, webhook())
    place = f"{WEBHOOKS}/{made['id']}"
    refusal(await acme.call("PUT", place, webhook()), 428, "000122")
    changed = await acme.put(place, webhook(name="two"), 1)
    assert (changed.status_code, changed.json()["version"], changed.headers["etag"]) == (200, 2, '"2"')
    for stale in (1, 3, "²", "*"):
        context = refusal(await acme.put(place, webhook(name="three"), stale), 412, "000123")
        assert context["version"] == "2"
    assert (await acme.get(place))["name"] == "two"
    refusal(await acme.put(f"{WEBHOOKS}/nothing", webhook(), 1), 404, "000120")


async def test_what_get_returns_can_be_put_back_and_its_secrets_are_still_sent(
    acme: Api, receiver: Endpoint
) -> None:
    given = webhook(url=receiver.url("/x"), headers=[SECRET_HEADER], orderWaitSeconds="strict")
    made = await acme.post(WEBHOOKS, given)
    place = f"{WEBHOOKS}/{made['id']}"
    answer = await acme.put(place, await acme.get(place), 1)
    assert answer.status_code == 200, answer.text
    changed = {"version", "modifiedAt", "signingSecret"}
    assert {key: value for key, value in answer.json().items() if key not in changed} == {
        key: value for key, value in made.items() if key not in changed
    }
    assert "signingSecret" not in answer.json()
    attempt = await acme.post(f"{place}/test", status=200)
    assert attempt["accepted"] is True
    (request,) = receiver.requests
    assert request.header("x-key") == "hush-hush"
    token = (request.header("authorization") or "").removeprefix("Bearer ")
    claims = tokens.decode(token, OctKey.import_key(JWT_SECRET), algorithms=["HS256"]).claims
    assert (claims["iss"], claims["aud"]) == ("retour", "hooks")


async def test_a_new_secret_replaces_the_stored_one(acme: Api, receiver: Endpoint) -> None:
    made = await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    place = f"{WEBHOOKS}/{made['id']}"
    given = webhook(url=receiver.url("/x"), authentication=jwt(secret=NEW_SECRET))
    assert (await acme.put(place, given, 1)).status_code == 200
    await acme.post(f"{place}/test", status=200)
    token = (receiver.requests[0].header("authorization") or "").removeprefix("Bearer ")
    tokens.decode(token, OctKey.import_key(NEW_SECRET), algorithms=["HS256"])


async def test_no_authentication_forgets_the_secret(acme: Api, receiver: Endpoint) -> None:
    made = await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    place = f"{WEBHOOKS}/{made['id']}"
    none = webhook(url=receiver.url("/x"), authentication={"type": "none"})
    assert (await acme.put(place, none, 1)).json()["authentication"] == {"type": "none"}
    await acme.post(f"{place}/test", status=200)
    assert receiver.requests[0].header("authorization") is None
    back = webhook(url=receiver.url("/x"), authentication=jwt(secret=None))
    assert "authentication.secret" in refusal(await acme.put(place, back, 2), 422, "000111")


@pytest.mark.parametrize("secret", [{"clear": True}, {"clear": False}])
async def test_a_jwt_can_t_do_without_its_secret(acme: Api, secret: Any) -> None:
    made = await acme.post(WEBHOOKS, webhook())
    answer = await acme.put(f"{WEBHOOKS}/{made['id']}", webhook(authentication=jwt(secret=secret)), 1)
    assert "authentication.secret" in refusal(answer, 422, "000111")


async def test_another_algorithm_needs_a_secret_of_its_own(acme: Api) -> None:
    made = await acme.post(WEBHOOKS, webhook())
    answer = await acme.put(
        f"{WEBHOOKS}/{made['id']}", webhook(authentication=jwt(algorithm="HS512", secret=None)), 1
    )
    assert "authentication.secret" in refusal(answer, 422, "000111")


async def test_a_header_that_was_secret_does_not_become_readable(acme: Api) -> None:
    made = await acme.post(WEBHOOKS, webhook(headers=[SECRET_HEADER]))
    place = f"{WEBHOOKS}/{made['id']}"
    for row in (SECRET_HEADER | {"secret": False, "value": None}, {"name": "X-Other", "secret": True}):
        context = refusal(await acme.put(place, webhook(headers=[row]), 1), 422, "000111")
        assert "headers[0]" in context
    seen = await acme.put(place, webhook(headers=[{"name": "x-key", "value": None, "secret": True}]), 1)
    assert (seen.status_code, "hush-hush" in seen.text) == (200, False)


ELSEWHERE = (
    URL.replace("127.0.0.1", "127.0.0.2"),
    URL.replace("8443", "9443"),
    URL.replace("https", "http"),
    URL.replace("127.0.0.1", "localhost"),
    URL.replace("127.0.0.1", "192.0.1.1"),
)


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_another_scheme_host_or_port_needs_every_secret_again(acme: Api, url: str) -> None:
    made = await acme.post(WEBHOOKS, webhook(headers=[SECRET_HEADER]))
    place = f"{WEBHOOKS}/{made['id']}"
    kept = [SECRET_HEADER | {"value": None}]
    for secret in (None, ""):
        given = webhook(url=url, authentication=jwt(secret=secret), headers=kept)
        context = refusal(await acme.put(place, given, 1), 422, "000141")
        assert {"authentication.secret", "headers[0]"} <= set(context)
    half = webhook(url=url, headers=kept)
    assert "headers[0]" in refusal(await acme.put(place, half, 1), 422, "000141")
    assert (await acme.get(place))["url"] == URL
    whole = webhook(url=url, headers=[SECRET_HEADER])
    assert (await acme.put(place, whole, 1)).status_code == 200


async def test_another_path_of_the_same_host_keeps_them(acme: Api) -> None:
    made = await acme.post(WEBHOOKS, webhook(headers=[SECRET_HEADER]))
    kept = webhook(
        url=URL + "/more?x=1",
        authentication=jwt(secret=None),
        headers=[SECRET_HEADER | {"value": None}],
    )
    assert (await acme.put(f"{WEBHOOKS}/{made['id']}", kept, 1)).status_code == 200


async def test_the_jwt_may_travel_in_a_header_of_its_own(acme: Api, receiver: Endpoint) -> None:
    given = webhook(url=receiver.url("/x"), authentication=jwt(header="X-Auth", prefix="JWT "))
    made = await acme.post(WEBHOOKS, given)
    await acme.post(f"{WEBHOOKS}/{made['id']}/test", status=200)
    assert (receiver.requests[0].header("x-auth") or "").startswith("JWT eyJ")
    taken = webhook(url=receiver.url("/x"), headers=[{"name": "x-auth", "value": "mine"}])
    taken["authentication"] = jwt(header="X-Auth")
    refusal(await acme.put(f"{WEBHOOKS}/{made['id']}", taken, 1), 422, "000111")


async def test_deleting_cancels_what_is_pending_and_leaves_the_history(
    house: House, acme: Api, campaign_id: str
) -> None:
    made = await acme.post(WEBHOOKS, webhook())
    place = f"{WEBHOOKS}/{made['id']}"
    await acme.post(f"{place}/pause", status=200)
    campaign = await house.retour.campaigns.get(house.dev, campaign_id)
    await house.execute(campaign, "delivered@example.com")

    async def owed() -> bool:
        return rows(house)["delivery"] == 2

    async with house.working():
        await until(owed)
    answer = await acme.call("DELETE", place)
    assert (answer.status_code, answer.content) == (204, b"")
    assert {found["status"] for found in (await acme.get(DELIVERIES))["data"]} == {"cancelled"}
    refusal(await acme.call("GET", place), 404, "000120")
    refusal(await acme.call("DELETE", place), 404, "000120")
    assert (await acme.post(WEBHOOKS, webhook()))["id"] != made["id"]
