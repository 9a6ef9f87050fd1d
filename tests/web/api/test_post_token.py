"""POST /ims/token/v3: client id and secret for a bearer token."""

from __future__ import annotations

import httpx
import pytest

from cast import House
from retour.catalog.credentials import NewCredential
from web.api.callers import TOKEN, WEBHOOKS, Api, refusal


def form_of(made: NewCredential, **more: str) -> dict[str, str]:
    known = {"client_id": made.credential.client_id, "client_secret": made.secret}
    return {"grant_type": "client_credentials", **known, **more}


async def test_a_credential_gets_a_bearer_token_that_works(
    house: House, client: httpx.AsyncClient, acme: Api
) -> None:
    answer = await client.post(TOKEN, data=form_of(house.acme_credential))
    body = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (set(body), body["token_type"]) == ({"access_token", "token_type", "expires_in"}, "bearer")
    assert body["expires_in"] == 86_400
    listed = await acme.call("GET", WEBHOOKS, authorization=f"Bearer {body['access_token']}")
    assert listed.status_code == 200


@pytest.mark.parametrize(
    ("given", "status", "code", "word"),
    [
        ({"client_secret": "wrong"}, 401, "000101", "invalid_client"),
        ({"client_secret": ""}, 401, "000101", "invalid_client"),
        ({"client_id": "nobody"}, 401, "000101", "invalid_client"),
        ({"client_id": "\x00"}, 401, "000101", "invalid_client"),
        ({"grant_type": "password"}, 400, "000111", "invalid_request"),
        ({"grant_type": ""}, 400, "000111", "invalid_request"),
    ],
)
async def test_a_wrong_form_is_refused_in_our_shape_with_the_word_of_oauth(
    house: House, client: httpx.AsyncClient, given: dict[str, str], status: int, code: str, word: str
) -> None:
    answer = await client.post(TOKEN, data=form_of(house.acme_credential, **given))
    refusal(answer, status, code)
    assert (answer.json()["error"], answer.headers["cache-control"]) == (word, "no-store")


async def test_one_s_secret_does_not_open_another_s_id(house: House, client: httpx.AsyncClient) -> None:
    other = house.other_credential.credential.client_id
    answer = await client.post(TOKEN, data=form_of(house.acme_credential, client_id=other))
    refusal(answer, 401, "000101")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "000111"),
        (b'{"grant_type": "client_credentials"}', 400, "000111"),
        (b"\xff\xfe", 400, "000111"),
        (b"a=1&" * 100, 400, "000111"),
        (b"grant_type=" + b"x" * 20_000, 413, "000112"),
    ],
)
async def test_what_is_no_form_is_refused(
    client: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    refusal(await client.post(TOKEN, content=body), status, code)


async def test_the_token_is_not_to_be_had_by_get(client: httpx.AsyncClient) -> None:
    answer = await client.get(TOKEN)
    refusal(answer, 405, "000125")
    assert answer.headers["allow"] == "POST"
