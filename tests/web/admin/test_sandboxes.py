"""Sandboxes: everybody sees them, an administrator makes more."""

from __future__ import annotations

import httpx
import pytest

from web.admin.desk import DEV, Desk, Read

SANDBOXES = f"{DEV}/sandboxes"
WHAT_IT_IS = (
    "A sandbox is a separate space with its own campaigns, webhook and data. "
    "Try things in dev, send real messages from prod."
)


async def test_a_new_sandbox_is_there_at_once_and_empty(desk: Desk, ann: httpx.AsyncClient) -> None:
    form = Read((await ann.get(f"{SANDBOXES}/new")).text).data
    assert form["type"] == ["development"]
    made = await ann.post(f"{SANDBOXES}/new", data={"name": "stage-2", "type": "production"})
    assert made.headers["location"] == SANDBOXES
    listed = (await ann.get(SANDBOXES)).text
    assert "Sandbox created." in listed
    assert "/admin/acme@Org/stage-2/sandboxes" in listed
    page = await ann.get("/admin/acme@Org/stage-2/overview")
    assert page.status_code == 200
    assert "Production sandbox" in page.text
    assert (await (await desk.browser("charlie")).get("/admin/acme@Org/stage-2/overview")).status_code == 404


@pytest.mark.parametrize(
    ("name", "kind", "status", "words"),
    [
        ("", "development", 422, "lower-case letters"),
        ("Stage", "development", 422, "lower-case letters"),
        ("a/b", "development", 422, "lower-case letters"),
        ("--", "development", 422, "lower-case letters"),
        ("x" * 65, "development", 422, "lower-case letters"),
        ("stage", "test", 422, "one of: production, development"),
        ("dev", "development", 409, "has a sandbox dev already"),
    ],
)
async def test_what_is_no_sandbox_is_told_and_the_form_keeps_it(
    ann: httpx.AsyncClient, name: str, kind: str, status: int, words: str
) -> None:
    answer = await ann.post(f"{SANDBOXES}/new", data={"name": name, "type": kind})
    assert answer.status_code == status
    assert words in answer.text
    assert Read(answer.text).data["name"] == [name]


async def test_a_viewer_sees_them_and_makes_none(desk: Desk) -> None:
    vera = await desk.browser("vera")
    text = (await vera.get(SANDBOXES)).text
    assert WHAT_IT_IS in text
    assert "prod" in text
    assert "Create sandbox" not in text
    assert (await vera.get(f"{SANDBOXES}/new")).status_code == 403


async def test_what_a_sandbox_is_stands_under_the_switcher_and_on_the_empty_overview(
    ann: httpx.AsyncClient,
) -> None:
    assert (await ann.get(f"{DEV}/overview")).text.count(WHAT_IT_IS) == 2
    assert (await ann.get(f"{DEV}/deliveries")).text.count(WHAT_IT_IS) == 1
