"""Keys of the webhook in a browser, with scripts and without."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from browser.conftest import Served, overflow
from outside.https import Endpoint
from retour.catalog.inputs import AuthenticationInput

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
DEV = "/admin/acme@Org/dev"
URL = "https://127.0.0.1:8443/feedback"  # nothing listens there


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_key_pair_is_generated_and_saved_and_then_rotated(served: Served, javascript: bool) -> None:
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/feedback-webhooks/new")
        await page.get_by_label("Webhook Name").fill("Order status")
        await page.get_by_role("checkbox", name="Email").check()
        await page.get_by_label("Webhook URL").fill(URL)
        await page.get_by_label("JWT Authentication").check()
        await page.get_by_label("Algorithm").select_option("ES256")
        await page.get_by_role("button", name="Generate").click()
        await expect(page.get_by_role("heading", name="A key pair is generated")).to_be_visible()
        offered = await page.locator("#offered-public").text_content()
        await page.get_by_role("button", name="Submit").last.click()
        await expect(page.get_by_role("heading", name="Copy its signing secret now")).to_be_visible()
        assert await page.locator("#public-key").text_content() == offered
        await page.get_by_text("Advanced").click()
        await page.get_by_role("button", name="Rotate JWT key").click()
        await expect(page.get_by_text("Key before")).to_be_visible()
        assert await page.locator("#public-key").text_content() != offered
        await page.get_by_text("Advanced").click()
        await page.get_by_role("button", name="Rotate signing secret").click()
        await expect(page.locator("#signing-secret")).to_contain_text("whsec_")


async def test_a_shared_secret_is_generated_in_the_browser_itself(served: Served) -> None:
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/feedback-webhooks/new")
        await page.get_by_label("JWT Authentication").check()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.get_by_role("button", name="Generate").click()
        await expect(page.get_by_text("Generated. Copy it before you submit")).to_be_visible()
        assert len(await page.get_by_label("API Token").input_value()) > 64
        assert asked == []


async def test_a_long_key_makes_no_page_wider_than_the_window(served: Served, receiver: Endpoint) -> None:
    given = AuthenticationInput(type="jwt", algorithm="RS256", generate=True)
    webhook = (await served.house.webhook(receiver.url("/x"), authentication=given)).webhook
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/feedback-webhooks/{webhook.id}")
        await page.get_by_text("Advanced").click()
        for width in (320, 1280):
            assert await overflow(page, width) <= 0, width
