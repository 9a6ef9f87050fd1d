"""The references in a browser: nothing is asked of another host, nothing is refused by the policy."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from browser.conftest import Served, overflow

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
DEV = "/admin/acme@Org/dev"
SWAGGER_MS = 30_000  # it reads the whole document before it answers a click; a busy machine takes its time


async def test_the_api_reference_opens_an_operation_under_the_strict_policy(served: Served) -> None:
    async with served.page(width=320) as page:
        page.set_default_timeout(SWAGGER_MS)
        await page.goto(f"{served.url}/docs")
        operation = page.locator(".opblock", has_text="/ajo/im/executions/unitary").first
        await operation.locator(".opblock-summary-control").click()
        await expect(operation.get_by_text("requestId").first).to_be_visible()
        await expect(page.get_by_text("feedbackEvent").first).to_be_attached()
        await expect(page.get_by_role("heading", level=1, name="API reference")).to_be_visible()
        assert await page.locator("main").count() == 1
        for width in (320, 1280):
            assert await overflow(page, width) <= 0, width


async def test_the_api_reference_calls_the_service_itself(served: Served) -> None:
    async with served.page() as page:
        page.set_default_timeout(SWAGGER_MS)
        await page.goto(f"{served.url}/docs")
        operation = page.locator("#operations-health-askForHealth")
        await operation.locator(".opblock-summary-control").click()
        await operation.get_by_role("button", name="Try it out").click()
        await operation.get_by_role("button", name="Execute").click()
        await expect(
            operation.locator(".live-responses-table .response .response-col_status").first
        ).to_contain_text("200")


async def test_the_api_reference_follows_the_theme(served: Served) -> None:
    async with served.page() as page:
        page.set_default_timeout(SWAGGER_MS)
        await page.goto(f"{served.url}/docs")
        await page.locator(".opblock").first.wait_for()
        root = page.locator("html")
        await expect(root).not_to_have_class("js dark-mode")
        await page.get_by_role("button", name="Change theme").click()
        await expect(root).to_have_class("js dark-mode")


async def test_without_a_script_the_api_reference_lists_every_operation(served: Served) -> None:
    async with served.page(javascript=False) as page:
        await page.goto(f"{served.url}/docs")
        await expect(page.get_by_text("POST /ajo/im/executions/unitary")).to_be_visible()
        await page.get_by_role("link", name="OpenAPI").click()
        await page.wait_for_url("**/openapi.json")


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
async def test_the_event_reference_is_chosen_by_links(served: Served, javascript: bool) -> None:
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/overview")
        await page.get_by_role("navigation", name="Main").get_by_role("link", name="Event reference").click()
        await page.get_by_role("navigation", name="Feedback status").get_by_role("link", name="delay").click()
        await expect(page.locator("#sample")).to_contain_text("Transient Failure")
        await page.get_by_role("navigation", name="Framework").get_by_role("link", name="Express").click()
        await expect(page.locator("#receiver")).to_contain_text("express_receiver.mjs")
        await expect(page.locator("#sample")).to_contain_text("Transient Failure")


async def test_no_reference_is_wider_than_the_window(served: Served) -> None:
    await served.house.campaign(await served.house.simulated(), name="C" * 100)
    async with served.page() as page:
        for path in ("event-reference", "simulator"):
            await page.goto(f"{served.url}{DEV}/{path}")
            for width in (320, 1280):
                assert await overflow(page, width) <= 0, f"{path} at {width}"
