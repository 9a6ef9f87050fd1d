"""Whether the service is up: AJO's health call, and the two that orchestrators ask."""

from __future__ import annotations

import httpx
import pytest

from cast import House
from retour.errors import Busy
from web.api.callers import Api, refusal


async def test_ajo_s_health_call_needs_no_sandbox(client: httpx.AsyncClient, acme: Api) -> None:
    headers = {"x-api-key": acme.client_id, "x-gw-ims-org-id": acme.org}
    for given in (headers, {}):
        answer = await client.get("/ajo/im/health", headers=given)
        assert (answer.status_code, answer.json()) == (200, {"status": "up"})


async def test_it_is_alive_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).text == "ready\n"


async def test_with_a_store_that_does_not_answer_it_is_alive_but_not_ready(
    house: House, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(statement: str, **values: object) -> object:
        raise Busy(begun=False)

    monkeypatch.setattr(house.retour.store, "read", read)
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).status_code == 503
    answer = await client.get("/ajo/im/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "down"})


async def test_unknown_paths_are_404_in_our_shape(client: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/ajo/im/nothing", "/ajo/config/feedback-webhooks/", "/%00", "/ims/token/v2"):
        for method in ("GET", "POST", "DELETE", "OPTIONS", "PATCH"):
            refusal(await client.request(method, path), 404, "000120")


async def test_the_front_door_leads_to_the_pages(client: httpx.AsyncClient) -> None:
    for path in ("/", "/admin/"):
        answer = await client.get(path, headers={"host": "evil.example"})
        assert (answer.status_code, answer.headers["location"]) == (307, "/admin")
