"""The audit log on its pages: the list, the filter in the address, one change before and after."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import httpx
import pytest

import retour.web
from cast import ACME, BOB
from outside.https import Endpoint
from retour.catalog.inputs import CampaignInput
from retour.web.admin.views import audit as view
from web.admin.desk import DEV, URL, Desk
from web.admin.test_credentials import CREDENTIALS

AUDIT = f"{DEV}/audit"
CHANGES = {
    "campaigns": {"create", "update", "publish", "stop", "duplicate"},
    "configurations": {"create", "update", "delete"},
    "webhooks": {"create", "update", "delete", "pause", "resume", "replay"},
    "rotations": {"rotate"},
    "erasure": {"erase"},
    "organizations": {"create", "add_sandbox"},
    "people": {
        "add",
        "invite",
        "withdraw",
        "join",
        "change_role",
        "disable",
        "remove",
        "close",
        "sign_in_link",
    },
    "credentials": {"create", "rotate", "revoke"},
}


async def test_a_change_is_listed_and_opens_with_before_and_after(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.draft()
    form = {"name": "Order confirmation", "description": "", "version": "1"}
    assert (await ann.post(f"{DEV}/campaigns/{campaign.id}/properties", data=form)).status_code == 303
    listed = (await ann.get(AUDIT)).text
    assert "Campaign changed" in listed
    (path,) = set(re.findall(rf'href="({re.escape(AUDIT)}/[0-9a-f-]{{36}})">Campaign changed', listed))
    entry = (await ann.get(path)).text
    for word in ("ann@acme.example", "Password reset", "Order confirmation", "Before", "After", "acme@Org"):
        assert word in entry.replace("Acme", "acme@Org")
    assert (await ann.get(path.replace("/dev/", "/prod/"))).status_code == 404
    assert (await ann.get(f"{AUDIT}/none")).status_code == 404


async def test_what_concerns_the_organization_shows_in_each_sandbox(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    await ann.post(f"{DEV}/users/new", data={"email": "dan@new.example", "role": "viewer"})
    await desk.draft()
    for sandbox, campaigns in (("dev", True), ("prod", False)):
        text = (await ann.get(f"/admin/acme@Org/{sandbox}/audit")).text
        assert "dan@new.example" in text
        assert ("Campaign created" in text) is campaigns
    other = await desk.browser("charlie")
    assert "dan@new.example" not in (await other.get("/admin/other@Org/prod/audit")).text


async def test_the_filter_stands_in_the_address(desk: Desk, ann: httpx.AsyncClient) -> None:
    given = CampaignInput(name="Bob wrote this", channel="email")
    await desk.house.retour.campaigns.create(desk.house.dev, given, BOB)
    await desk.draft()
    text = (await ann.get(f"{AUDIT}?what=campaign&who=Bob@acme.example")).text
    assert "Bob wrote this" in text
    assert "Password reset" not in text
    assert 'value="bob@acme.example"' in text
    nothing = (await ann.get(f"{AUDIT}?what=webhook")).text
    assert "No change matches" in nothing
    assert (await ann.get(f"{AUDIT}?what=anything")).headers["location"] == AUDIT
    assert "No change matches" in (await ann.get(f"{AUDIT}?who=%00")).text


async def test_pages_go_on_where_the_one_before_ended(
    desk: Desk, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "ROWS", 3)
    seen, path = [], "?"
    while path:
        text = (await ann.get(f"{AUDIT}{path}")).text
        seen += re.findall(rf'href="{re.escape(AUDIT)}/([0-9a-f-]{{36}})"', text)
        older = re.search(r'href="[^"]*/audit(\?[^"]*)">Older', text)
        path = older[1] if older else ""
    entries = await desk.house.retour.audit.page(desk.house.dev, limit=99)
    assert len(seen) > 6
    assert seen == [entry.id for entry in entries]


async def test_a_program_is_named_by_its_client_id(desk: Desk, ann: httpx.AsyncClient) -> None:
    made = desk.house.acme_credential
    client_id = made.credential.client_id
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": made.secret}
    token = (await ann.post("/ims/token/v3", data=form)).json()["access_token"]
    headers = {"authorization": f"Bearer {token}", "x-api-key": client_id, "x-gw-ims-org-id": ACME}
    body = {"name": "By a program", "channel": "email", "category": "Transactional"}
    path = "/journey/campaigns/service/campaigns"
    answer = await ann.post(path, json=body, headers=headers | {"x-sandbox-name": "dev"})
    assert answer.status_code == 201, answer.text
    text = (await ann.get(f"{AUDIT}?who={client_id}")).text
    assert "By a program" in text


async def test_no_secret_gets_from_a_form_into_the_log(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    await desk.house.webhook(receiver.url("/x"))
    made = await ann.post(f"{CREDENTIALS}/new", data={"name": "Orders", "scope": "read"})
    (secret,) = re.findall(r'id="client-secret"[^>]*>([\w-]{43})<', made.text)
    listed = (await ann.get(AUDIT)).text
    pages = [(await ann.get(path)).text for path in set(re.findall(rf"{AUDIT}/[0-9a-f-]{{36}}", listed))]
    assert len(pages) > 5
    assert any("authentication.secret" in page for page in pages)
    for page in pages:
        assert secret not in page
        assert "thirty-two" not in page
        assert "v1." not in page
    assert URL


def test_every_face_says_who_changes_something() -> None:
    silent, found = [], set()
    for path in Path(next(iter(retour.web.__path__))).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            call = ast.unparse(node) if isinstance(node, ast.Call) else ""
            called = re.match(r"(?:\w+\.)*retour\.(\w+)\.(\w+)\(", call)
            if called and called[2] in CHANGES.get(called[1], ()):
                found.add(called[1])
                silent += [f"{path.name}: {call}"] if ".actor" not in call else []
    assert silent == []
    assert found >= {"campaigns", "configurations", "webhooks", "rotations", "erasure"}
