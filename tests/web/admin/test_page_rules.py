"""Rules that hold for every page: the policy to the letter, sizes, no markup from outside, no form from elsewhere."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path
from typing import cast

import httpx
import pytest
import structlog
from starlette.routing import Route

from cast import House, until
from outside.certificates import Authority
from outside.https import Endpoint, replying, serving
from retour import intake
from retour.app import Retour
from retour.catalog.webhooks import Webhooks
from retour.model import Role, Sandbox, SandboxType
from retour.web import admin
from retour.web.admin import assets
from retour.web.server import application
from web.admin.desk import BASE, DEV, Desk, Read
from web.admin.walk import furnish

# reference of the pages' policy: nothing inline, nothing from elsewhere, no frame around us
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
CODE_BYTES = 60 * 1024  # packed: what a first visit loads before it is quick for ever
PAGE_BYTES = 25 * 1024  # packed
LARGE = ("vendor/swagger/", "reference.")  # the API's reference, which nobody needs for work
TEMPLATES = Path(assets.FOLDER).parent / "templates"
INLINE = {
    "a style": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "a style sheet": re.compile(r"<style", re.I),
    "a script": re.compile(r"<script(?![^>]*\ssrc=)", re.I),
    "a listener": re.compile(r"<[^>]*\son[a-z]+=[\"']", re.I),
    "a listener of htmx": re.compile(r"\shx-on", re.I),
    "a script in an address": re.compile(r"javascript:|=\"js:", re.I),
    "text that is not escaped": re.compile(r"\|\s*safe\b|autoescape\s+false"),
    "another host": re.compile(r"(?:src|href|action)=\"(?:https?:)?//", re.I),
}


@pytest.mark.parametrize("what", INLINE)
def test_no_template_holds(what: str) -> None:
    files = sorted(TEMPLATES.rglob("*.html"))
    assert len(files) > 30
    assert [file.name for file in files if INLINE[what].search(file.read_text())] == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a style", '<p style="x">'),
        ("a script", "<script>x</script>"),
        ("a listener", '<p onclick="x">'),
        ("text that is not escaped", "{{ name | safe }}"),
        ("another host", '<img src="//cdn.example/x">'),
    ],
)
def test_what_no_template_may_hold_would_be_found(what: str, line: str) -> None:
    assert INLINE[what].search(line)


def test_the_code_of_the_pages_is_small() -> None:
    code = [
        name for name in assets.FILES if name.endswith((".css", ".js", ".svg")) and not name.startswith(LARGE)
    ]
    assert {"app.css", "app.js", "theme.js", "icons/sprite.svg"} <= set(code)
    assert sum(len(assets.packed(name)) for name in code) <= CODE_BYTES


async def test_every_page_is_small_and_has_the_policy_to_the_letter(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    furnished = await furnish(desk, receiver)
    for path in [
        *furnished.gets(),
        "/admin/account",
        "/admin/sign-in/none",
        f"{DEV}/nothing",
        "/admin/a/b/c",
    ]:
        answer = await ann.get(path)
        assert len(gzip.compress(answer.content)) <= PAGE_BYTES, path
        assert answer.headers["content-security-policy"] == POLICY or path.endswith("/preview"), path


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_no_form_takes_what_another_site_sends(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint, site: str
) -> None:
    furnished = await furnish(desk, receiver)
    paths = set(furnished.posts()) | set(posts(desk.house.retour))
    assert len(paths) > 25
    before = await desk.house.retour.webhooks.find(desk.house.dev)
    for path in paths:
        answer = await ann.post(path, headers={"sec-fetch-site": site})
        assert answer.status_code == 403, path
        assert "another site" in answer.text, path
    assert await desk.house.retour.webhooks.find(desk.house.dev) == before
    assert (await ann.get("/admin/account")).status_code == 200


def posts(retour: Retour) -> list[str]:
    """Every path outside a sandbox that takes a form."""
    routes = [route for route in admin.routes(retour) if isinstance(route, Route)]
    found = [route.path for route in routes if "POST" in (route.methods or ())]
    return [re.sub(r"{\w+}", "none", path) for path in found if "{sandbox}" not in path]


async def test_files_go_packed_to_whoever_takes_that(desk: Desk) -> None:
    stranger = await desk.stranger()
    for name, content in assets.FILES.items():
        plain = await stranger.get(assets.url(name), headers={"accept-encoding": "identity"})
        packed = await stranger.get(assets.url(name), headers={"accept-encoding": "br, gzip"})
        assert plain.content == packed.content == content
        assert "content-encoding" not in plain.headers
        assert ("content-encoding" in packed.headers) is not name.endswith(".woff2")
        assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("br, GZIP ; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("x-gzip, br", False),
        ("", False),
    ],
)
def test_whether_somebody_takes_gzip(accepted: str, takes: bool) -> None:
    assert assets.takes_gzip(accepted) is takes


# --- text from outside ---

MARKUP = "<script>alert(1)</script>"
TURNED = "\u202eerongi\u202c"  # right to left: shown, never obeyed outside its own text


async def test_text_from_outside_is_text_wherever_it_comes_from(desk: Desk, authority: Authority) -> None:
    """Recipients, names of people and organizations, subjects, headers and bodies of answers, searches."""
    house, org = desk.house, "hostile@Org"
    sandbox, *_ = await house.retour.organizations.create(
        org, f"Org {MARKUP}", (("dev", SandboxType.DEVELOPMENT),)
    )
    await house.retour.people.add(org, "ann@acme.example", "Ann", Role.ADMINISTRATOR)
    await house.retour.people.add(org, "eve@acme.example", f"Eve {MARKUP}", Role.VIEWER)
    ann = await desk.browser("ann")
    answer = replying(500, f"body {MARKUP}".encode(), (("X-Answer", MARKUP), ("Content-Type", "text/html")))
    async with serving(answer, tls=authority.server("127.0.0.1")) as endpoint:
        await house.webhook(endpoint.url(f"/{MARKUP}"), sandbox, name=f"Webhook {MARKUP}")
        configuration = await house.simulated(sandbox=sandbox)
        campaign = await house.campaign(
            configuration, sandbox, name=f"C {MARKUP}", identity_namespace="CustomerId"
        )
        people = (somebody(f"Customer {MARKUP}"), somebody(TURNED))
        request = intake.Request(
            request_id=f"id {MARKUP}", campaign_id=campaign.id, recipients=people, hash=b"1"
        )
        async with house.working():
            await house.retour.intake.accept(sandbox, request, "test")
            await until(lambda: tried(house, sandbox))
    here = f"/admin/{org}/dev"
    pages = [here + path.removeprefix(DEV) for path in (await lists(ann))]
    rows = await house.retour.shelves.deliveries(sandbox.id)
    delivery = next(row for row in rows if row.attempts)
    one = [f"{here}/deliveries/{delivery.id}", f"{here}/messages/{delivery.message_id}"]
    shown = ""
    for path in [*pages, *one, f"{here}/search?q={MARKUP}", f"{here}/deliveries?q={MARKUP}"]:
        text = (await ann.get(path, follow_redirects=True)).text
        shown += text
        assert MARKUP not in text, path
        assert "Org &lt;script&gt;alert(1)" in text or path.endswith("/csv"), path
    for what in ("Org", "Eve", "Webhook", "C", "Customer", "id", "body"):
        assert f"{what} &lt;script&gt;alert(" in shown, what


async def tried(house: House, sandbox: Sandbox) -> bool:
    """Whether an attempt is on record."""
    return any(row.attempts for row in await house.retour.shelves.deliveries(sandbox.id))


def somebody(user_id: str) -> intake.Recipient:
    """A recipient that the caller knows by this name."""
    return intake.Recipient(
        kind="external", user_id=user_id, namespace="CustomerId", email_address="delivered@example.com"
    )


async def lists(browser: httpx.AsyncClient) -> list[str]:
    """What the navigation leads to."""
    page = Read((await browser.get(f"{DEV}/overview")).text)
    links = [value for tag, name, value in page.attributes if tag == "a" and name == "href"]
    found = sorted({link for link in links if link.startswith(DEV + "/")})
    assert len(found) > 8
    return found


# --- refusals ---


async def test_a_viewer_is_told_which_right_is_missing_with_the_way_out(desk: Desk) -> None:
    vera = await desk.browser("vera")
    answer = await vera.get(f"{DEV}/feedback-webhooks/new")
    assert answer.status_code == 403
    assert "This needs the role Administrator; yours is Viewer." in answer.text
    assert f'href="{DEV}/overview"' in answer.text


async def test_what_is_not_there_offers_the_search_to_those_who_may_be_there(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    for path in (f"{DEV}/nothing/at/all", f"{DEV}/deliveries/none"):
        answer = await ann.get(path)
        assert answer.status_code == 404
        assert Read(answer.text).ids.count("lost-q") == 1
    charlie = await desk.browser("charlie")
    foreign = await charlie.get(f"{DEV}/nothing/at/all")
    assert foreign.status_code == 404
    assert DEV not in foreign.text
    stranger = await desk.stranger()
    assert (await stranger.get(f"{DEV}/nothing")).status_code == 303


async def test_a_part_of_a_page_that_is_refused_comes_as_a_toast(desk: Desk, ann: httpx.AsyncClient) -> None:
    part = {"hx-request": "true", "hx-request-type": "partial"}
    answer = await ann.get(f"{DEV}/deliveries/none", headers=part)
    assert answer.status_code == 404
    assert answer.headers["hx-retarget"] == "#toasts"
    assert "<html" not in answer.text
    stranger = await desk.stranger()
    here = part | {"hx-current-url": f"http://127.0.0.1:8080{DEV}/deliveries"}
    led = await stranger.get(f"{DEV}/deliveries/none", headers=here)
    assert led.headers["hx-redirect"] == f"/admin/sign-in?next={DEV.replace('@', '%40')}/deliveries"


async def test_a_bug_is_told_with_a_reference_that_stands_in_the_log(desk: Desk) -> None:
    ann = await desk.browser("ann")
    broken = replace(desk.house.retour, webhooks=cast(Webhooks, None))
    transport = httpx.ASGITransport(app=application(broken), raise_app_exceptions=False)
    with structlog.testing.capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url=BASE, cookies=ann.cookies) as browser:
            answer = await browser.get(f"{DEV}/overview")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == POLICY
    (line,) = [line for line in logs if line["event"] == "request_failed"]
    assert f"<code>{line['reference']}</code>" in answer.text
    assert "Traceback" not in answer.text
    assert "AttributeError" not in answer.text
