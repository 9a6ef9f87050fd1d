"""Who sees and does what: other organizations' pages are not there, roles hold in the handlers, CSRF is refused."""

from __future__ import annotations

import httpx
import pytest

from outside.https import Endpoint
from retour.web.admin.guard import FORM_BYTES
from web.admin.desk import DEV, Desk, Read
from web.admin.walk import furnish

TABS = ("/properties", "/actions", "/content", "/audience", "/schedule")
CLOSED_TO_A_DEVELOPER = (
    "feedback-webhooks/new",
    "channel-configurations/new",
    "sandboxes/new",
    "list/new",
    "list/upload",
    "/edit",
    "/delete",
)
FOR_ADMINISTRATORS = tuple(
    f"{DEV}/{word}"
    for word in (
        "users",
        "credentials",
        "audit",
        "suppression-uploads",
        "suppression-list/rules",
        "allowed-list/active",
    )
)
DEEDS_OF_A_DEVELOPER = (
    "/test",
    "/publish",
    "/stop",
    "/duplicate",
    "/replay",
    "/replays",
    "/campaigns/new",
    "/preview",
    *TABS,
)


async def test_charlie_finds_nothing_of_acme(desk: Desk, receiver: Endpoint) -> None:
    furnished = await furnish(desk, receiver, "Order status")
    charlie = await desk.browser("charlie")
    for path in furnished.gets():
        answer = await charlie.get(path)
        assert answer.status_code == 404, path
        assert "Order status" not in answer.text, path
    for path in furnished.posts():
        assert (await charlie.post(path, data={"name": "x"})).status_code == 404, path
    assert (await charlie.get("/admin/acme@Org")).status_code == 404
    assert len(await desk.house.retour.campaigns.list(desk.house.dev)) == 2


async def test_charlie_can_not_reach_acmes_things_through_his_own_sandbox(
    desk: Desk, receiver: Endpoint
) -> None:
    furnished = await furnish(desk, receiver)
    charlie = await desk.browser("charlie")
    there = [path for path in furnished.gets() if any(row in path for row in furnished.ids.values())]
    assert len(there) > 10
    for path in there:
        own = path.replace(DEV, "/admin/other@Org/prod")
        assert (await charlie.get(own)).status_code == 404, own
    for path in furnished.posts():
        if any(row in path for row in furnished.ids.values()):
            own = path.replace(DEV, "/admin/other@Org/prod")
            assert (await charlie.post(own)).status_code == 404, own
    webhook = await desk.house.retour.webhooks.find(desk.house.dev)
    assert webhook is not None
    assert webhook.paused_at is None


async def test_nobody_is_sent_to_sign_in_from_every_page(desk: Desk, receiver: Endpoint) -> None:
    furnished = await furnish(desk, receiver)
    stranger = await desk.stranger()
    for path in furnished.gets():
        answer = await stranger.get(path)
        assert (answer.status_code, answer.text) == (303, ""), path
    for path in furnished.posts():
        answer = await stranger.post(path)
        assert answer.headers["location"] == "/admin/sign-in", path


async def test_a_viewer_looks_and_changes_nothing(desk: Desk, receiver: Endpoint) -> None:
    furnished = await furnish(desk, receiver)
    vera = await desk.browser("vera")
    for path in furnished.posts():
        answer = await vera.post(path, data={"name": "Vera was here", "channel": "email"})
        assert answer.status_code == 403, path
        assert "yours is Viewer" in answer.text, path
    for path in ("overview", "feedback-webhooks", "campaigns", "deliveries", "channel-configurations"):
        text = (await vera.get(f"{DEV}/{path}")).text
        assert "Create" not in text.replace("Created", ""), path


async def test_a_developer_works_on_campaigns_and_not_on_webhook_or_configurations(
    desk: Desk, receiver: Endpoint
) -> None:
    furnished = await furnish(desk, receiver)
    bob = await desk.browser("bob")
    for path in furnished.posts():
        answer = await bob.post(path, data={"name": "Bob", "channel": "email"})
        allowed = path.endswith(DEEDS_OF_A_DEVELOPER) and "feedback-webhooks/new" not in path
        assert (answer.status_code != 403) is allowed, path
    for path in furnished.gets():
        place = path.partition("?")[0]
        closed = place.endswith(CLOSED_TO_A_DEVELOPER) or place.startswith(FOR_ADMINISTRATORS)
        assert ((await bob.get(path)).status_code == 403) is closed, path


async def test_buttons_that_a_person_may_not_use_are_not_shown(desk: Desk, receiver: Endpoint) -> None:
    furnished = await furnish(desk, receiver)
    page = furnished.path("/feedback-webhooks/{id}")
    ann, bob, vera = [(await (await desk.browser(name)).get(page)).text for name in ("ann", "bob", "vera")]
    assert all(word in ann for word in ("Send test event", "Pause", "Edit", "Delete"))
    assert "Send test event" in bob
    assert "/pause" not in bob
    assert "/edit" not in bob
    assert "/test" not in vera
    assert "/delete" not in vera


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8080"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8081"},
        {"referer": "https://evil.example/127.0.0.1:8080"},
        {},
    ],
)
async def test_a_request_that_another_site_made_the_browser_send_is_refused(
    desk: Desk, receiver: Endpoint, headers: dict[str, str]
) -> None:
    webhook = (await desk.house.webhook(receiver.url("/x"))).webhook
    ann = await desk.browser("ann")
    del ann.headers["sec-fetch-site"]
    answer = await ann.post(f"{DEV}/feedback-webhooks/{webhook.id}/delete", headers=headers)
    assert answer.status_code == 403
    assert await desk.house.retour.webhooks.find(desk.house.dev) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "http://127.0.0.1:8080"},
        {"referer": "http://127.0.0.1:8080/admin/x"},
    ],
)
async def test_a_request_of_our_own_pages_is_taken(
    desk: Desk, receiver: Endpoint, headers: dict[str, str]
) -> None:
    webhook = (await desk.house.webhook(receiver.url("/x"))).webhook
    ann = await desk.browser("ann")
    del ann.headers["sec-fetch-site"]
    answer = await ann.post(f"{DEV}/feedback-webhooks/{webhook.id}/delete", headers=headers)
    assert answer.status_code == 303
    assert await desk.house.retour.webhooks.find(desk.house.dev) is None


async def test_signing_in_from_another_site_is_refused(desk: Desk) -> None:
    stranger = await desk.stranger()
    link = await desk.house.retour.people.sign_in_link("charlie@other.example")
    answer = await stranger.post(f"/admin/sign-in/{link}", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert (await stranger.post(f"/admin/sign-in/{link}")).status_code == 303


async def test_a_form_over_1_mb_is_refused_in_words(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.draft()
    data = {"html": "x" * FORM_BYTES}
    answer = await ann.post(f"{DEV}/campaigns/{campaign.id}/content", data=data)
    assert answer.status_code == 413
    assert "A form may hold 1 MB" in answer.text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/x-www-form-urlencoded", b"a=\xff"),
        ("application/x-www-form-urlencoded", b"a&" * 3_000),
    ],
)
async def test_what_is_no_form_of_ours_is_refused(ann: httpx.AsyncClient, kind: str, body: bytes) -> None:
    answer = await ann.post(f"{DEV}/campaigns/new", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert "not a form of these pages" in answer.text


async def test_the_switcher_keeps_the_page_and_goes_to_the_list_from_one_thing(
    desk: Desk, receiver: Endpoint
) -> None:
    furnished = await furnish(desk, receiver)
    ann = await desk.browser("ann")
    page = Read((await ann.get(furnished.path("/campaigns/{id}/content"))).text)
    links = [value for tag, name, value in page.attributes if tag == "a" and name == "href"]
    assert "/admin/acme@Org/prod/campaigns" in links
    assert not any("other@Org" in link for link in links)
