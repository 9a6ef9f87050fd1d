"""API credentials on the pages: the secret is shown once, and ends when the page says so."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from cast import ACME
from web.admin.desk import DEV, Desk, Read

CREDENTIALS = f"{DEV}/credentials"
SECRET = re.compile(r'id="client-secret"[^>]*>([\w-]{43})</pre>')
CLIENT = re.compile(r'id="client-id"[^>]*>([0-9a-f]{32})</pre>')


def shown(pattern: re.Pattern[str], text: str) -> str:
    """What the page shows to copy."""
    found = pattern.search(html.unescape(text))
    assert found is not None, text
    return found[1]


async def token(browser: httpx.AsyncClient, client_id: str, secret: str) -> int:
    """The status with which a token is asked for."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    return (await browser.post("/ims/token/v3", data=form)).status_code


async def test_a_credential_from_its_form_to_a_token_and_to_its_end(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    made = await ann.post(f"{CREDENTIALS}/new", data={"name": "Orders", "scope": ["execute", "read"]})
    assert made.status_code == 201
    client_id, first = shown(CLIENT, made.text), shown(SECRET, made.text)
    assert "/ims/token/v3" in made.text
    assert await token(ann, client_id, first) == 200
    page = f"{CREDENTIALS}/{client_id}"
    for path in (CREDENTIALS, page):
        text = (await ann.get(path)).text
        assert "Orders" in text
        assert first not in text
    rotated = await ann.post(f"{page}/rotate", data={"overlap": "24"})
    second = shown(SECRET, rotated.text)
    assert "The one before stays good until" in rotated.text
    assert "good until" in (await ann.get(CREDENTIALS)).text
    assert [await token(ann, client_id, secret) for secret in (first, second)] == [200, 200]
    third = shown(SECRET, (await ann.post(f"{page}/rotate", data={"overlap": "0"})).text)
    assert [await token(ann, client_id, secret) for secret in (first, second, third)] == [401, 401, 200]
    assert "Revoke “Orders”?" in (await ann.get(f"{page}/revoke")).text
    assert (await ann.post(f"{page}/revoke")).headers["location"] == CREDENTIALS
    assert await token(ann, client_id, third) == 401
    assert "Orders" not in (await ann.get(CREDENTIALS)).text
    assert (await ann.get(page)).status_code == 404


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": "", "scope": "read"}, "Enter a credential name."),
        ({"name": "Orders"}, "Choose at least one scope."),
        ({"name": "Orders", "scope": "king"}, "A scope must be one of"),
    ],
)
async def test_what_is_no_credential_is_told_and_the_form_keeps_it(
    desk: Desk, ann: httpx.AsyncClient, form: dict[str, str], words: str
) -> None:
    before = await desk.house.retour.credentials.list(ACME)
    answer = await ann.post(f"{CREDENTIALS}/new", data=form)
    assert answer.status_code == 422
    assert words in html.unescape(answer.text)
    assert Read(answer.text).data["name"] == [form["name"]]
    assert await desk.house.retour.credentials.list(ACME) == before


@pytest.mark.parametrize("overlap", ["", "-1", "169", "soon"])
async def test_an_overlap_that_is_none_changes_nothing(
    desk: Desk, ann: httpx.AsyncClient, overlap: str
) -> None:
    client_id = desk.house.acme_credential.credential.client_id
    answer = await ann.post(f"{CREDENTIALS}/{client_id}/rotate", data={"overlap": overlap})
    assert answer.status_code == 422
    assert "Use 0 to 168 hours." in answer.text
    assert await token(ann, client_id, desk.house.acme_credential.secret) == 200


async def test_without_any_the_page_says_what_they_are_for(desk: Desk, ann: httpx.AsyncClient) -> None:
    await desk.house.retour.credentials.revoke(ACME, desk.house.acme_credential.credential.client_id)
    assert "No API credential in Acme" in (await ann.get(CREDENTIALS)).text


async def test_ann_finds_no_credential_of_another_organization(desk: Desk, ann: httpx.AsyncClient) -> None:
    other = desk.house.other_credential
    page = f"{CREDENTIALS}/{other.credential.client_id}"
    assert (await ann.get(page)).status_code == 404
    for deed in ("rotate", "revoke"):
        assert (await ann.post(f"{page}/{deed}", data={"overlap": "0"})).status_code == 404
    assert await token(ann, other.credential.client_id, other.secret) == 200
