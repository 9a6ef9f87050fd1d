"""What holds for every page: it renders, it is sound HTML, it is safe to look at, whatever the text in it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from outside.certificates import Authority
from outside.https import Endpoint, replying, serving
from retour.catalog.inputs import ConfigurationInput, EmailInput, SmtpInput
from retour.model import Role
from retour.web.admin import assets, error_page
from retour.web.admin.headers import POLICY
from web.admin.desk import DEV, Desk, Read
from web.admin.walk import HOSTILE, furnish

FILES = ("/csv", "/eml", "/preview")
UUID = re.compile(r"(?<=/)[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/credentials/)[0-9a-f]{32}")
ACTION, FORMACTION = re.compile(r' action="([^"]*)"'), re.compile(r' formaction="([^"]*)"')
BOOKS = ["/admin/sign-in", "/admin/account", "/admin/sign-in/none", f"{DEV}/nothing", "/admin/a/b/c/d/e"]


async def test_every_page_renders_for_the_administrator(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    furnished = await furnish(desk, receiver)
    answers = {path: (await ann.get(path)).status_code for path in furnished.gets()}
    tab_less = furnished.path("/campaigns/{id}")
    assert answers.pop(tab_less) == 303
    assert {path: status for path, status in answers.items() if status != 200} == {}


async def test_every_page_carries_the_headers(desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint) -> None:
    furnished = await furnish(desk, receiver)
    for path in [*furnished.gets(), *BOOKS]:
        headers = (await ann.get(path)).headers
        preview = path.endswith("/preview")
        assert headers["content-security-policy"] == POLICY or preview, path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
        assert headers["cache-control"] == "no-store", path


async def test_every_page_is_sound(desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint) -> None:
    furnished = await furnish(desk, receiver)
    for path in [*furnished.gets(), *BOOKS]:
        answer = await ann.get(path, follow_redirects=True)
        if not path.endswith(("/preview", "/csv", "/eml")):
            check_sound(path, answer.text)


def check_sound(path: str, text: str) -> None:
    """One heading, ids once, what points at an id finds it, nothing inline that the policy would stop."""
    page = Read(text)
    assert page.tags.count("h1") == 1, path
    assert len(page.ids) == len(set(page.ids)), path
    assert "style" not in page.tags, path
    pointers = (
        "for",
        "aria-describedby",
        "aria-labelledby",
        "popovertarget",
        "data-because",
        "data-generate",
    )
    for tag, name, value in page.attributes:
        assert name != "style", path
        assert not name.startswith("on"), path
        assert tag != "a" or name != "href" or value, path
        if name in pointers:
            assert set(value.split()) <= set(page.ids), f"{path}: {name}={value}"
        if name == "href" and value.startswith("#"):
            assert value[1:] in page.ids, f"{path}: {value}"
    sources = [value for tag, name, value in page.attributes if tag == "script" and name == "src"]
    assert page.tags.count("script") == len(sources), path


async def test_every_action_is_a_form_that_needs_no_script(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    furnished = await furnish(desk, receiver)
    offered = await actions(ann, [path for path in furnished.gets() if not path.endswith(FILES)])
    relay = await _relay(desk)
    for path in ("/feedback-webhooks/{id}/pause", "/users/{id}/disable"):
        assert (await ann.post(furnished.path(path))).status_code == 303
    others = [furnished.path("/feedback-webhooks/{id}"), furnished.path("/users/{id}")]
    offered |= await actions(ann, [*others, f"{DEV}/channel-configurations/{relay}/edit"])
    assert {UUID.sub("{id}", path) for path in furnished.posts()} - offered == set()


async def actions(person: httpx.AsyncClient, paths: list[str]) -> set[str]:
    """Where the forms of these pages post to, with {id} for each id."""
    found: set[str] = set()
    for path in paths:
        text = (await person.get(path, follow_redirects=True)).text
        tags = re.findall(r'<form\b[^>]*method="post"[^>]*>', text)
        found |= {action[1] if (action := ACTION.search(tag)) else path for tag in tags}
        found |= set(FORMACTION.findall(text))
    return {UUID.sub("{id}", one.partition("?")[0]) for one in found}


async def _relay(desk: Desk) -> str:
    """A channel configuration with everything that can be asked of one; its id."""
    given = ConfigurationInput(name="relay", channel="email", provider="smtp")
    given.email = EmailInput(
        sender_name="Luma", sender_email="no-reply@luma.example", return_path_domain="back.example"
    )
    given.smtp = SmtpInput(host="127.0.0.1", port=2525)
    return (await desk.house.retour.configurations.create(desk.house.dev, given)).id


async def test_hostile_text_is_shown_as_text_on_every_page(desk: Desk, authority: Authority) -> None:
    ann = await desk.browser("ann")
    tls = authority.server("127.0.0.1")
    hostile = (("X-Answer", HOSTILE), ("Content-Type", "text/html"))
    async with serving(replying(200, HOSTILE.encode(), hostile), tls=tls) as receiver:
        furnished = await furnish(desk, receiver, HOSTILE)
    shown = 0
    for path in furnished.gets():
        if path.endswith(("/csv", "/eml")):  # no markup: downloaded as plain text, and never sniffed
            continue
        text = (await ann.get(path)).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        shown += "&lt;script&gt;alert(1)" in text
    assert shown > 10


async def test_a_failed_test_event_shows_a_hostile_answer_as_text(desk: Desk, authority: Authority) -> None:
    ann = await desk.browser("ann")
    async with serving(replying(500, HOSTILE.encode()), tls=authority.server("127.0.0.1")) as receiver:
        webhook = (await desk.house.webhook(receiver.url("/x"))).webhook
        answer = await ann.post(f"{DEV}/feedback-webhooks/{webhook.id}/test")
    assert "Your endpoint answered 500" in answer.text
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text


async def test_the_preview_may_do_nothing(desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint) -> None:
    furnished = await furnish(desk, receiver)
    answer = await ann.get(furnished.path("/campaigns/{id}/preview"))
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert answer.text == "<p>word name</p>"


async def test_files_are_kept_for_ever_under_the_name_of_what_they_hold(desk: Desk) -> None:
    stranger = await desk.stranger()
    page = Read((await stranger.get("/admin/sign-in")).text)
    files = [value for _, name, value in page.attributes if name in ("src", "href") and "static" in value]
    assert files
    for file in files:
        answer = await stranger.get(file.partition("#")[0])
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    old = files[0].replace(assets.MARK, "0" * 12)
    assert (await stranger.get(old)).status_code == 404
    assert (await stranger.get(f"/admin/static/{assets.MARK}/../pages.py")).status_code == 404


async def test_the_sheet_and_the_scripts_ask_for_no_other_host() -> None:
    for name in ("app.css", "app.js", "theme.js"):
        text = (Path(assets.FOLDER) / name).read_text()
        assert "//" not in text.replace("// ", "").replace("/* ", ""), name
    for reference in assets.FILES["app.css"].decode().split('url("')[1:]:
        assert reference.partition('"')[0] in assets.FILES


@pytest.mark.parametrize("status", [403, 404, 405, 409, 413, 429, 500, 503, 418])
async def test_an_error_page_says_what_to_do_without_naming_a_stack(status: int) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/admin/x", "headers": []})
    answer = error_page(request, status, reference="ref-1")
    text = bytes(answer.body).decode()
    assert answer.status_code == status
    assert "ref-1" in text
    check_sound(str(status), text)


async def test_the_name_of_a_person_is_never_markup(desk: Desk) -> None:
    people = desk.house.retour.people
    user = await people.add("acme@Org", "eve@acme.example", HOSTILE, Role.VIEWER)
    stranger = await desk.stranger()
    await stranger.post("/admin/sign-in/" + await people.sign_in_link(user.email))
    text = (await stranger.get(f"{DEV}/overview")).text
    assert "Account of &lt;script&gt;" in text
    assert "<script>alert" not in text
