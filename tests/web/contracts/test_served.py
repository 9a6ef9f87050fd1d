"""The contracts are there for anybody, cheap to ask for again, and hold no secret."""

from __future__ import annotations

import json

import httpx

from retour.web import schemas
from web.api.callers import Api, refusal
from web.contracts import contract

PATHS = ["/openapi.json", "/postman.json", *(f"/schemas/{name}.json" for name in schemas.ALONE)]


async def test_they_need_no_credential_and_may_be_kept(client: httpx.AsyncClient) -> None:
    for path in PATHS:
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json() == contract.documents()[path]
        assert answer.headers["cache-control"] == "public, max-age=3600"
        again = await client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
        other = await client.get(path, headers={"if-none-match": '"something else"'})
        assert other.status_code == 200


async def test_a_schema_that_is_not_there_is_404(client: httpx.AsyncClient) -> None:
    for name in ("nothing", "..%2Fopenapi", "Error", "x" * 5_000):
        refusal(await client.get(f"/schemas/{name}.json"), 404, "000120")


async def test_other_methods_are_refused(client: httpx.AsyncClient) -> None:
    for path in PATHS:
        refusal(await client.post(path), 405, "000125")


async def test_they_say_nothing_of_the_caller_or_the_house(client: httpx.AsyncClient, acme: Api) -> None:
    plain = [(await client.get(path)).content for path in PATHS]
    named = [
        (await client.get(path, headers={**acme.headers, "host": "evil.example"})).content for path in PATHS
    ]
    assert named == plain
    text = b"".join(plain).decode()
    for word in (acme.token, acme.client_id, acme.org, "evil.example"):
        assert word not in text


async def test_they_are_the_same_at_each_start(client: httpx.AsyncClient) -> None:
    """An ETag of one process is good at another."""
    answer = await client.get("/openapi.json")
    contract.documents.cache_clear()
    assert json.dumps(contract.document(), separators=(",", ":"), ensure_ascii=False) == answer.text
