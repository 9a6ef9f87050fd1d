"""POST /control/{deed}: only whoever holds the key of the data directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from cast import House
from retour.app import control_token
from web.api.callers import browser_of, refusal, rows


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Something that speaks HTTP to the house."""
    async with browser_of(house) as made:
        yield made


async def asked(client: httpx.AsyncClient, house: House, deed: str, body: Any) -> httpx.Response:
    bearer = f"Bearer {control_token(house.retour.settings)}"
    return await client.post(f"/control/{deed}", json=body, headers={"authorization": bearer})


async def test_without_the_key_nothing_is_done(house: House, client: httpx.AsyncClient) -> None:
    before = rows(house)
    words = {"org": "x@Org", "sandbox": "prod", "email": "eve@example.com"}
    for bearer in ("", "Bearer ", "Bearer x", "Bearer é", f"Basic {control_token(house.retour.settings)}"):
        answer = await client.post(
            "/control/init", json=words, headers=[(b"authorization", bearer.encode("latin-1"))]
        )
        refusal(answer, 401, "000100")
    assert rows(house) == before


async def test_the_operator_s_deeds(house: House, client: httpx.AsyncClient) -> None:
    words = {"org": "new@Org", "sandbox": "prod", "email": "dan@new.example"}
    made = (await asked(client, house, "init", words)).json()["result"]
    assert set(made["sandboxes"]) == {"prod", "dev"}
    person = {"org": "new@Org", "email": "eve@new.example", "name": "Eve", "role": "viewer"}
    assert (await asked(client, house, "add_user", person)).json()["result"]
    await asked(client, house, "disable", {"email": "eve@new.example", "disabled": True})
    listed = (await asked(client, house, "users", {"org": "new@Org"})).json()["result"]
    assert [(found["email"], found["state"]) for found in listed] == [
        ("dan@new.example", "active"),
        ("eve@new.example", "disabled"),
    ]


@pytest.mark.parametrize(
    ("deed", "words", "status", "code"),
    [
        ("nothing", {}, 404, "000120"),
        ("__class__", {}, 404, "000120"),
        ("init", {"org": "acme@Org", "sandbox": "prod", "email": "a@b.example"}, 409, "000121"),
        ("init", {"org": "two words", "sandbox": "prod", "email": "a@b.example"}, 422, "000111"),
        ("init", {"org": "new@Org", "sandbox": "dev", "email": "a@b.example"}, 400, "000111"),
        ("init", {"org": "new@Org", "sandbox": "PROD", "email": "a@b.example"}, 422, "000111"),
        ("init", {"org": "new@Org", "sandbox": "prod", "email": "nobody"}, 422, "000111"),
        ("init", {"org": "new@Org"}, 400, "000111"),
        ("init", {"org": 5, "sandbox": "prod", "email": "a@b.example"}, 400, "000111"),
        ("init", [], 400, "000111"),
        ("users", {"org": "nobody"}, 400, "000111"),
        ("link", {"email": "nobody@acme.example"}, 404, "000120"),
        ("add_user", {"org": "acme@Org", "email": "x@y.example", "name": "X", "role": "king"}, 400, "000111"),
        ("disable", {"email": "ann@acme.example", "disabled": "yes"}, 400, "000111"),
    ],
)
async def test_what_can_t_be_done_is_told_and_leaves_nothing(
    house: House, client: httpx.AsyncClient, deed: str, words: Any, status: int, code: str
) -> None:
    before = rows(house)
    refusal(await asked(client, house, deed, words), status, code)
    assert rows(house) == before


async def test_a_disabled_person_gets_no_link(house: House, client: httpx.AsyncClient) -> None:
    await asked(client, house, "disable", {"email": "bob@acme.example", "disabled": True})
    answer = await asked(client, house, "link", {"email": "bob@acme.example"})
    assert "retour user enable" in answer.json()["title"]
    refusal(answer, 403, "000101")
    await asked(client, house, "disable", {"email": "bob@acme.example", "disabled": False})
    assert (await asked(client, house, "link", {"email": "bob@acme.example"})).status_code == 200
