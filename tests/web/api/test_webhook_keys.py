"""JWT keys by API: every algorithm, keys made here, and the set of public keys for everybody who verifies."""

from __future__ import annotations

import json
from typing import Any

import apsw
import httpx
import jwt as pyjwt
import pytest

from cast import House
from outside.https import Endpoint, Request
from retour import signing
from web.api.callers import JWT_SECRET, WEBHOOKS, Api, jwt, refusal, rows, webhook

ASYMMETRIC = ["ES256", "RS256", "EdDSA"]
SHARED = ["HS256", "HS384", "HS512"]
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}


def jwks_path(sandbox: str) -> str:
    return f"/.well-known/jwks/{sandbox}.json"


async def keys_of(client: httpx.AsyncClient, sandbox: str) -> list[dict[str, Any]]:
    """The set, fetched as a receiver does: without a credential."""
    answer = await client.get(jwks_path(sandbox))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["content-type"] == "application/jwk-set+json"
    found: list[dict[str, Any]] = answer.json()["keys"]
    assert not any(PRIVATE & set(key) for key in found)
    return found


def token_of(request: Request) -> str:
    return (request.header("authorization") or "").removeprefix("Bearer ")


async def token_posted(acme: Api, receiver: Endpoint, made: dict[str, Any]) -> str:
    """The token of a test event."""
    attempt = await acme.post(f"{WEBHOOKS}/{made['id']}/test", status=200)
    token = token_of(receiver.requests[-1])
    assert attempt["accepted"] is True
    assert token not in str(attempt)
    return token


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
async def test_a_key_pair_made_here_is_verified_by_its_set(
    house: House, acme: Api, receiver: Endpoint, algorithm: str
) -> None:
    given = jwt(algorithm=algorithm, secret=None, generate=True)
    answer = await acme.call("POST", WEBHOOKS, webhook(url=receiver.url("/x"), authentication=given))
    assert answer.status_code == 201, answer.text
    assert "PRIVATE" not in answer.text
    shown = answer.json()["authentication"]
    assert "secret" not in shown
    (key,) = await keys_of(acme.client, house.dev.id)
    assert shown["publicJwk"] == key
    assert shown["kid"] == key["kid"]
    assert shown["jwksUrl"] == f"http://127.0.0.1:8080{jwks_path(house.dev.id)}"
    token = await token_posted(acme, receiver, answer.json())
    assert pyjwt.get_unverified_header(token)["kid"] == key["kid"]
    claims = pyjwt.decode(token, pyjwt.PyJWK(key), algorithms=[algorithm], audience="hooks")
    assert claims["iss"] == "retour"
    assert (await acme.get(f"{WEBHOOKS}/{answer.json()['id']}"))["authentication"] == shown


@pytest.mark.parametrize("algorithm", SHARED)
async def test_a_secret_made_here_is_shown_this_once_and_is_in_no_set(
    house: House, acme: Api, receiver: Endpoint, algorithm: str
) -> None:
    given = jwt(algorithm=algorithm, secret=None, generate=True)
    made = await acme.post(WEBHOOKS, webhook(url=receiver.url("/x"), authentication=given))
    secret = made["authentication"]["secret"]
    token = await token_posted(acme, receiver, made)
    pyjwt.decode(token, secret, algorithms=[algorithm], audience="hooks")
    later = await acme.call("GET", f"{WEBHOOKS}/{made['id']}")
    assert secret not in later.text
    assert "secret" not in later.json()["authentication"]
    assert later.json()["authentication"]["publicJwk"] is None
    assert later.json()["authentication"]["jwksUrl"] is None
    assert await keys_of(acme.client, house.dev.id) == []


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
async def test_a_private_key_that_was_entered_has_its_public_half_in_the_set(
    house: House, acme: Api, receiver: Endpoint, algorithm: str
) -> None:
    pem = signing.generate(algorithm)
    given = jwt(algorithm=algorithm, secret=None, privateKey=pem, keyId="2026-11")
    made = await acme.post(WEBHOOKS, webhook(url=receiver.url("/x"), authentication=given))
    (key,) = await keys_of(acme.client, house.dev.id)
    assert (key["kid"], key["alg"]) == ("2026-11", algorithm)
    token = await token_posted(acme, receiver, made)
    pyjwt.decode(token, pyjwt.PyJWK(key), algorithms=[algorithm], audience="hooks")


async def test_a_secret_that_is_entered_is_not_shown_back(acme: Api) -> None:
    answer = await acme.call("POST", WEBHOOKS, webhook())
    assert JWT_SECRET not in answer.text


async def test_a_key_is_handed_in_or_made_not_both(house: House, acme: Api) -> None:
    before = rows(house)
    for given in (
        jwt(generate=True),
        jwt(algorithm="ES256", privateKey=signing.generate("ES256"), secret=None, generate=True),
        jwt(secret={"clear": True}, generate=True),
    ):
        context = refusal(await acme.call("POST", WEBHOOKS, webhook(authentication=given)), 422, "000111")
        assert "authentication.generate" in context
    for algorithm in ("none", "ES512", "HS257"):
        given = jwt(algorithm=algorithm, secret=None, generate=True)
        context = refusal(await acme.call("POST", WEBHOOKS, webhook(authentication=given)), 422, "000111")
        assert "authentication.algorithm" in context
    assert rows(house) == before


async def test_an_edit_may_make_a_new_key_which_counts_at_once(
    house: House, acme: Api, receiver: Endpoint
) -> None:
    made = await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    given = jwt(algorithm="EdDSA", secret=None, generate=True)
    put = await acme.put(f"{WEBHOOKS}/{made['id']}", webhook(url=receiver.url("/x"), authentication=given), 1)
    assert put.status_code == 200, put.text
    (key,) = await keys_of(acme.client, house.dev.id)
    token = await token_posted(acme, receiver, made)
    pyjwt.decode(token, pyjwt.PyJWK(key), algorithms=["EdDSA"], audience="hooks")


async def test_an_edit_that_enters_nothing_keeps_the_key(house: House, acme: Api) -> None:
    given = jwt(algorithm="ES256", secret=None, generate=True)
    made = await acme.post(WEBHOOKS, webhook(authentication=given))
    before = await keys_of(acme.client, house.dev.id)
    place = f"{WEBHOOKS}/{made['id']}"
    assert (await acme.put(place, await acme.get(place), 1)).status_code == 200
    assert await keys_of(acme.client, house.dev.id) == before


async def test_per_request_is_another_jti_in_each_post(acme: Api, receiver: Endpoint) -> None:
    given = webhook(url=receiver.url("/x"), authentication=jwt(perRequest=True))
    made = await acme.post(WEBHOOKS, given)
    assert made["authentication"]["perRequest"] is True
    for _ in range(5):
        await acme.post(f"{WEBHOOKS}/{made['id']}/test", status=200)
    claims = [
        pyjwt.decode(token_of(one), JWT_SECRET, algorithms=["HS256"], audience="hooks")
        for one in receiver.requests
    ]
    assert len({one["jti"] for one in claims}) == 5


async def test_the_set_of_a_sandbox_shows_nothing_of_another(house: House, acme: Api, charlie: Api) -> None:
    given = jwt(algorithm="ES256", secret=None, generate=True)
    await acme.post(WEBHOOKS, webhook(authentication=given))
    public = webhook(url="https://192.0.1.1/feedback", authentication=given)
    await charlie.post(WEBHOOKS, public)
    (ann_s,) = await keys_of(acme.client, house.dev.id)
    (charlie_s,) = await keys_of(acme.client, house.other.id)
    assert ann_s["kid"] != charlie_s["kid"]
    assert ann_s["x"] != charlie_s["x"]
    assert await keys_of(acme.client, house.prod.id) == []


async def test_the_set_of_an_unknown_sandbox_is_404(acme: Api) -> None:
    for name in (
        "nothing",
        "",
        "%00",
        "..%2f",
        "0" * 36,
        "00000000-0000-7000-8000-000000000000",
        "x" * 2_000,
    ):
        answer = await acme.client.get(jwks_path(name))
        assert answer.status_code == 404, name
        assert "cache-control" not in answer.headers
        assert answer.json()["type"].startswith("https://ns.adobe.com/aep/errors/MSG-000120-404")


async def test_the_set_is_only_read(house: House, acme: Api) -> None:
    answer = await acme.client.post(jwks_path(house.dev.id))
    assert answer.status_code == 405
    assert (await acme.client.head(jwks_path(house.dev.id))).status_code == 200


async def test_a_private_key_stored_before_public_keys_were_has_its_public_half_all_the_same(
    house: House, acme: Api, receiver: Endpoint
) -> None:
    given = jwt(algorithm="ES256", secret=None, generate=True)
    made = await acme.post(WEBHOOKS, webhook(url=receiver.url("/x"), authentication=given))
    before = await keys_of(acme.client, house.dev.id)
    forget_public_keys(house)
    assert await keys_of(acme.client, house.dev.id) == before
    assert (await acme.get(f"{WEBHOOKS}/{made['id']}"))["authentication"]["publicJwk"] == before[0]
    rotation = {"what": "jwt", "generate": True}
    await acme.post(f"{WEBHOOKS}/{made['id']}/rotate", rotation, status=200)
    assert before[0] in await keys_of(acme.client, house.dev.id)
    token = await token_posted(acme, receiver, made)
    pyjwt.decode(token, pyjwt.PyJWK(before[0]), algorithms=["ES256"], audience="hooks")


def forget_public_keys(house: House) -> None:
    """The row as an earlier version wrote it."""
    with apsw.Connection(str(house.retour.settings.database_file)) as outside:
        ((doc,),) = outside.execute("SELECT doc FROM webhook").fetchall()
        stored = json.loads(bytes(doc))  # type: ignore[arg-type]
        for name in ("public", "signs_from", "retiring", "per_request"):
            stored["authentication"].pop(name, None)
        stored.pop("retiring_secrets", None)
        outside.execute("UPDATE webhook SET doc = ?", (json.dumps(stored).encode(),))
    outside.close()
