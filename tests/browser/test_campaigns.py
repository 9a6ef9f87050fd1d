"""A campaign from a draft to a request that a shell sends, and its content as it is typed."""

from __future__ import annotations

import asyncio
import json
import os

import pytest
from playwright.async_api import Page, expect

from browser.conftest import Served
from outside.https import Endpoint
from retour.catalog.inputs import BodyInput, CampaignInput, ContentInput
from retour.model import Campaign

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
DEV = "/admin/acme@Org/dev"
HTML = "<h1 style='color: rgb(0, 128, 0)'>Order {{context.order.id}}</h1>"


async def draft(served: Served, channel: str = "email") -> Campaign:
    """One with something in it."""
    content = ContentInput(subject="Hello", html=BodyInput(body="<p>Hello</p>"))
    if channel == "sms":
        content = ContentInput(text="Hello")
    given = CampaignInput(name="Order confirmation", channel=channel, content=content)
    return await served.house.retour.campaigns.create(served.house.dev, given)


@pytest.mark.peer("curl")
@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
async def test_from_a_draft_to_a_request_that_a_shell_sends(
    served: Served, receiver: Endpoint, javascript: bool
) -> None:
    await served.house.simulated()
    await served.house.webhook(receiver.url("/x"))
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/campaigns")
        await page.get_by_role("link", name="Create campaign").click()
        await page.get_by_label("Name").fill("Order confirmation")
        await page.get_by_role("button", name="Create").click()
        await review_and_mend(page)
        await page.get_by_role("button", name="Activate").click()
        await expect(page.get_by_text("The campaign is live.")).to_be_visible()
        token_command = await page.locator("#token-curl").inner_text()
        command = await page.locator("#request").inner_text()
    made = served.house.acme_credential
    environment = {"CLIENT_ID": made.credential.client_id, "CLIENT_SECRET": made.secret}
    token = json.loads(await shell(token_command, environment))["access_token"]
    async with served.house.working():
        answer = json.loads(await shell(command, environment | {"ACCESS_TOKEN": token}))
        assert answer["requestId"] == "replace-with-an-id-of-your-own"
        requests = await receiver.arrived(2)
    told = [json.loads(request.body) for request in requests]
    assert {one["messageExecution"]["messageExecutionID"] for one in told} == {answer["executionId"]}
    assert [one["messageDeliveryFeedback"]["feedbackStatus"]["value"] for one in told] == [
        "sent",
        "delivered",
    ]


async def review_and_mend(page: Page) -> None:
    """Review names what is missing, each with the way to it."""
    await page.get_by_role("link", name="Review to activate").click()
    missing = page.get_by_role("alert")
    await expect(missing).to_contain_text("3 things are missing")
    await missing.get_by_role("link", name="Actions").click()
    await page.get_by_label("Channel configuration").select_option(
        label="simulated email, Simulated (sends nothing)"
    )
    await save(page)
    await page.get_by_role("link", name="Content", exact=True).click()
    await page.get_by_label("Subject line").fill("Order {{context.order.id}}")
    await page.get_by_label("HTML").fill(HTML)
    await save(page)
    await page.get_by_role("link", name="Audience").click()
    await page.get_by_role("switch", name="Enable webhooks").check()
    await save(page)
    await page.get_by_role("link", name="Review to activate").click()


async def save(page: Page) -> None:
    """And wait until the page says so."""
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Draft saved.").first).to_be_visible()


async def shell(command: str, environment: dict[str, str]) -> str:
    """What a shell prints for a command that was pasted into it."""
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        command,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    answer, _ = await process.communicate()
    assert process.returncode == 0
    return answer.decode()


async def test_what_is_typed_is_shown_after_a_pause_and_nothing_is_saved(served: Served) -> None:
    campaign = await draft(served)
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/campaigns/{campaign.id}/content")
        frame = page.frame_locator("iframe[name=preview]")
        await expect(frame.get_by_text("Hello")).to_be_visible()
        before = await page.evaluate("history.length")
        await page.get_by_label("HTML").fill(HTML)
        heading = frame.get_by_role("heading", name="Order id")
        await expect(heading).to_be_visible()
        await expect(heading).to_have_css("color", "rgb(0, 128, 0)")
        await expect(page.get_by_role("region", name="Variables")).to_contain_text("context.order.id")
        await expect(page.get_by_text("You have unsaved changes")).to_be_visible()
        assert await page.evaluate("history.length") == before
    assert await served.house.retour.campaigns.get(served.house.dev, campaign.id) == campaign


async def test_an_error_is_said_under_the_field_while_the_last_good_preview_stays(served: Served) -> None:
    campaign = await draft(served)
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/campaigns/{campaign.id}/content")
        field = page.get_by_label("HTML")
        frame = page.frame_locator("iframe[name=preview]")
        await field.fill("<p>\n{{#each context.rows}}")
        error = page.locator("#content-html-body-err")
        await expect(error).to_contain_text("Line 2, column ")
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_be_focused()
        await expect(frame.get_by_text("Hello")).to_be_visible()
        await expect(page.locator("iframe")).to_have_class("email-frame stale")
        await field.fill("<p>Better</p>")
        await expect(error).to_be_hidden()
        await expect(frame.get_by_text("Better")).to_be_visible()
        await expect(page.locator("iframe")).to_have_class("email-frame")
        assert await field.get_attribute("aria-invalid") is None


async def test_a_preview_without_a_script_is_a_button(served: Served) -> None:
    campaign = await draft(served)
    async with served.page(javascript=False) as page:
        await page.goto(f"{served.url}{DEV}/campaigns/{campaign.id}/content")
        await page.get_by_label("HTML").fill(HTML)
        await page.get_by_role("button", name="Preview").click()
        frame = page.frame_locator("iframe[name=preview]")
        await expect(frame.get_by_role("heading", name="Order id")).to_be_visible()
        await page.get_by_label("HTML").fill("{{#each context.rows}}")
        await page.get_by_role("button", name="Preview").click()
        await expect(frame.get_by_text("Line 1, column ")).to_be_visible()
        await expect(page.get_by_label("HTML")).to_have_value("{{#each context.rows}}")


async def test_a_preview_may_run_no_script_and_fetch_nothing(served: Served) -> None:
    campaign = await draft(served)
    hostile = (
        "<p>seen</p><script>parent.document.title = 'broken'</script>"
        f"<img src='{served.url}/healthz'><form action='{served.url}/admin/sign-out' method=post></form>"
    )
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/campaigns/{campaign.id}/content")
        title = await page.title()
        asked: list[str] = []
        page.on("requestfinished", lambda request: asked.append(request.url))
        await page.get_by_label("HTML").fill(hostile)
        await expect(page.frame_locator("iframe[name=preview]").get_by_text("seen")).to_be_visible()
        assert await page.title() == title
        assert f"{served.url}/healthz" not in asked
    refused = ("Blocked script execution", "Content Security Policy")
    served.complaints[:] = [told for told in served.complaints if not any(word in told for word in refused)]


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
async def test_a_text_message_is_counted_while_it_is_typed(served: Served, javascript: bool) -> None:
    campaign = await draft(served, "sms")
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/campaigns/{campaign.id}/content")
        await expect(page.get_by_text("5 characters · GSM-7 · 1 part")).to_be_visible()
        await page.get_by_label("Message").fill("ж" * 71)
        if not javascript:
            await page.get_by_role("button", name="Preview").click()
        await expect(page.get_by_text("71 characters · UCS-2 · 2 parts")).to_be_visible()
        await expect(page.locator(".bubble")).to_have_text("ж" * 71)
        await expect(page.get_by_label("Message")).to_have_value("ж" * 71)
