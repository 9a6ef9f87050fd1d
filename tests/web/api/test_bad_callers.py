"""Who calls: missing, wrong and foreign credentials on every route; and a store that can't commit."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import apsw
import httpx
import pytest
from joserfc import jwt as tokens
from joserfc.jwk import OctKey

from cast import House
from retour import limits
from retour.model import Scope
from retour.web.server import API_ROUTES
from web.api.callers import (
    CAMPAIGNS,
    CONFIGURATIONS,
    HIGH,
    TOKEN,
    UNITARY,
    WEBHOOKS,
    Api,
    campaign,
    connect,
    execution,
    refusal,
    relay,
    rows,
    webhook,
)
from web.api.test_channel_configurations import SMS

pytestmark = pytest.mark.slow  # seconds in all

HEADERS = {
    "authorization": (401, "000100"),
    "x-api-key": (403, "000101"),
    "x-gw-ims-org-id": (403, "000103"),
    "x-sandbox-name": (404, "000104"),
}
EVERY_ROUTE = [(row.method, row.path.replace("{id}", "x"), row.scope) for row in API_ROUTES]
EVERY_ROUTE += [("POST", path, Scope.EXECUTE) for path in (UNITARY, HIGH)]


async def asked(acme: Api, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    return await acme.client.request(method, path, headers=headers, content=b"{}")


@pytest.mark.parametrize("name", HEADERS)
async def test_every_route_misses_each_header_and_says_which(house: House, acme: Api, name: str) -> None:
    status, code = HEADERS[name]
    before = rows(house)
    for method, path, _ in EVERY_ROUTE:
        without = {key: value for key, value in acme.headers.items() if key != name}
        context = refusal(await asked(acme, method, path, without), status, code)
        assert name in context, (method, path)
        refusal(await asked(acme, method, path, without | {name: "wrong"}), status, code)
    assert rows(house) == before


async def test_401_says_how_to_authenticate(acme: Api) -> None:
    answer = await acme.call("GET", WEBHOOKS, authorization="Bearer x")
    assert answer.headers["www-authenticate"] == "Bearer"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(key: bytes, header: bytes, claims: dict[str, Any] | bytes) -> str:
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(hmac.digest(key, text.encode(), 'sha256'))}"


async def test_forged_expired_and_broken_tokens_are_401(house: House, acme: Api) -> None:
    key = house.retour.keys.derive("api-token")
    now = int(time.time())
    good = {"sub": acme.client_id, "aud": "retour-api", "iat": now, "exp": now + 100}
    plain = b'{"alg":"HS256"}'
    head, body, seal = acme.token.split(".")
    bad = [
        *("", "x", "a.b.c", "....", acme.token[:-2], acme.token + "x", f"{head}.{body}.", "é.é.é", "a" * 20_000),
        f"{encoded(b'[]')}.{body}.{seal}",
        f"{encoded(b'[' * 10_000)}.{body}.{seal}",
        forged(b"x" * 32, plain, good),
        forged(key, b'{"alg":"none"}', good),
        forged(key, b'{"alg":"HS256","crit":5}', good),
        forged(key, b'{"alg":"HS256","crit":["x"]}', good),
        forged(key, b'{"alg":["HS256"]}', good),
        forged(key, b'{"alg":"RS256"}', good),
        forged(key, plain, good | {"exp": now - 1}),
        forged(key, plain, good | {"exp": "soon"}),
        forged(key, plain, {name: value for name, value in good.items() if name != "exp"}),
        forged(key, plain, good | {"aud": "somebody else"}),
        forged(key, plain, good | {"sub": "nobody"}),
        forged(key, plain, b"[]"),
        forged(key, plain, b"5"),
    ]  # fmt: skip
    for token in bad:
        refusal(await acme.call("GET", WEBHOOKS, authorization=f"Bearer {token}"), 401, "000100")
    refusal(await acme.call("GET", WEBHOOKS, authorization=f"Basic {acme.token}"), 401, "000100")
    own = forged(key, plain, good)
    assert (await acme.call("GET", WEBHOOKS, authorization=f"bearer {own}")).status_code == 200


async def test_a_token_that_was_seen_before_ends_with_its_life(house: House, acme: Api) -> None:
    key = OctKey.import_key(house.retour.keys.derive("api-token"))
    end = int(time.time()) + 1
    claims = {"sub": acme.client_id, "aud": "retour-api", "iat": end - 1, "exp": end}
    bearer = f"Bearer {tokens.encode({'alg': 'HS256'}, claims, key)}"
    assert (await acme.call("GET", WEBHOOKS, authorization=bearer)).status_code == 200
    kept = house.retour.api_tokens._known.get(bearer.removeprefix("Bearer "))
    assert kept is not None
    assert kept[1] == end * limits.SECOND


@pytest.mark.parametrize("scope", list(Scope))
async def test_every_route_refuses_a_credential_without_its_scope(
    house: House, client: httpx.AsyncClient, scope: Scope
) -> None:
    others = tuple(other for other in Scope if other is not scope)
    made = await house.retour.credentials.create("acme@Org", "limited", others)
    limited = await connect(client, made, "dev")
    before, refused = rows(house), 0
    for method, path, needed in EVERY_ROUTE:
        answer = await asked(limited, method, path, limited.headers)
        if needed is scope:
            assert refusal(answer, 403, "000102")["scope"] == scope
            refused += 1
        else:
            assert answer.status_code not in (401, 403), (method, path)
    assert refused
    assert rows(house) == before


# --- a store that can't commit --------------------------------------------------------------------------


@contextmanager
def locked(house: House) -> Any:
    """Another connection holds the database's only write lock."""
    db = apsw.Connection(str(house.retour.settings.database_file))
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.close()


@asynccontextmanager
async def everything(house: House, acme: Api, campaign_id: str) -> AsyncIterator[list[tuple[str, str, Any]]]:
    """Every kind of writing call, each of which would work."""
    made = await acme.post(WEBHOOKS, webhook())
    sender = await acme.post(CONFIGURATIONS, SMS)
    yield [
        ("POST", UNITARY, execution(campaign_id)),
        ("POST", CONFIGURATIONS, relay()),
        ("PUT", f"{CONFIGURATIONS}/{sender['id']}", SMS | {"name": "other"}),
        ("POST", CAMPAIGNS, campaign(None)),
        ("POST", f"{CAMPAIGNS}/{campaign_id}/publish", None),
        ("POST", f"{CAMPAIGNS}/{campaign_id}/stop", None),
        ("PUT", f"{WEBHOOKS}/{made['id']}", webhook(name="other")),
        ("POST", f"{WEBHOOKS}/{made['id']}/pause", None),
        ("DELETE", f"{WEBHOOKS}/{made['id']}", None),
    ]


async def test_a_store_that_can_t_commit_is_503_with_retry_after_and_leaves_nothing(
    house: House, acme: Api, campaign_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with everything(house, acme, campaign_id) as calls:
        monkeypatch.setattr(limits, "COMMIT_SECONDS", 0.05)
        before = rows(house)
        with locked(house):
            for method, path, body in calls:
                answer = await acme.call(method, path, body, if_match='"1"')
                context = refusal(answer, 503, "000150")
                assert answer.headers["retry-after"].isdecimal()
                assert context["outcome"] in ("not_begun", "unknown")
                if path == UNITARY:
                    assert context["requestId"] == body["requestId"]
            assert rows(house) == before
            assert (await acme.call("GET", CAMPAIGNS)).status_code == 200


async def test_after_a_503_the_same_request_id_makes_one_execution(
    house: House, acme: Api, campaign_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = execution(campaign_id)
    with monkeypatch.context() as patch, locked(house):
        patch.setattr(limits, "COMMIT_SECONDS", 0.05)
        answer = await acme.call("POST", UNITARY, body)
        assert refusal(answer, 503, "000150")["outcome"] == "not_begun"
    await acme.post(CAMPAIGNS, campaign(None))  # the writer is through with what was before it
    assert rows(house)["execution"] == 0
    first = await acme.post(UNITARY, body, status=202)
    assert await acme.post(UNITARY, body, status=202) == first
    assert rows(house)["execution"] == 1


async def test_the_token_endpoint_has_no_store_to_wait_for(
    house: House, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "COMMIT_SECONDS", 0.05)
    with locked(house):
        credential = house.acme_credential
        form = {"client_id": credential.credential.client_id, "client_secret": credential.secret}
        answer = await client.post(TOKEN, data=form | {"grant_type": "client_credentials"})
    assert answer.status_code == 200
