"""What the script makes shorter, and what a keyboard finds."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from browser.conftest import Served, overflow
from outside.https import Endpoint

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
DEV = "/admin/acme@Org/dev"
PROD = "/admin/acme@Org/prod"


async def test_errors_take_the_focus_and_lead_to_their_fields(served: Served) -> None:
    async with served.page() as page:
        await page.goto(f"{served.url}{PROD}/feedback-webhooks/new")
        await page.get_by_label("Webhook URL").fill("http://hooks.example")
        await page.get_by_role("button", name="Submit").click()
        summary = page.get_by_role("alert")
        await expect(summary).to_be_focused()
        await summary.get_by_role("link", name="Use an HTTPS address.").click()
        field = page.get_by_label("Webhook URL")
        await expect(field).to_be_focused()
        await expect(field).to_have_value("http://hooks.example")
        await expect(field).to_have_attribute("aria-invalid", "true")


async def test_header_rows_come_and_go_with_the_focus(served: Served) -> None:
    async with served.page() as page:
        await page.goto(f"{served.url}{PROD}/feedback-webhooks/new")
        names = page.get_by_role("region", name="Header Parameters").get_by_label("Header name", exact=True)
        for number in range(3):
            await page.get_by_role("button", name="Add new parameter").click()
            await expect(names.nth(number)).to_be_focused()
            await page.keyboard.type(f"X-{number}")
        await page.get_by_role("button", name="Remove header").nth(1).click()
        await expect(names.nth(1)).to_be_focused()
        await expect(names.nth(1)).to_have_value("X-2")
        await expect(page.get_by_text("You have unsaved changes")).to_be_visible()


async def test_delete_asks_in_a_dialog_and_cancel_changes_nothing(served: Served, receiver: Endpoint) -> None:
    webhook = (await served.house.webhook(receiver.url("/x"), name="Order status")).webhook
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/feedback-webhooks/{webhook.id}")
        delete = page.get_by_role("link", name="Delete")
        await delete.click()
        dialog = page.get_by_role("dialog", name="Delete “Order status”?")
        await expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(dialog).to_be_hidden()
        await expect(delete).to_be_focused()
        assert await served.house.retour.webhooks.find(served.house.dev) is not None
        await delete.click()
        await dialog.get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("Webhook deleted.")).to_be_visible()
    assert await served.house.retour.webhooks.find(served.house.dev) is None


async def test_the_button_that_can_not_create_a_second_one_says_why(
    served: Served, receiver: Endpoint
) -> None:
    await served.house.webhook(receiver.url("/x"))
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/feedback-webhooks")
        await page.get_by_role("button", name="Create Feedback Webhook").click(force=True)
        await expect(page.locator("#one-webhook")).to_be_focused()


async def test_the_theme_is_kept(served: Served) -> None:
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/overview")
        await page.get_by_role("button", name="Change theme").click()
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_no_page_is_wider_than_the_window(served: Served, receiver: Endpoint) -> None:
    webhook = (await served.house.webhook(receiver.url("/" + "long" * 60), name="W" * 100)).webhook
    campaign = await served.house.campaign(await served.house.simulated(), name="C" * 100)
    paths = ["overview", "feedback-webhooks", f"feedback-webhooks/{webhook.id}", "campaigns", "deliveries"]
    paths += [f"feedback-webhooks/{webhook.id}/edit", f"campaigns/{campaign.id}/content"]
    paths += [f"campaigns/{campaign.id}/api-request", "channel-configurations", "channel-configurations/new"]
    async with served.page() as page:
        for path in paths:
            await page.goto(f"{served.url}{DEV}/{path}")
            for width in (320, 390, 860, 861, 1280):
                over = await overflow(page, width)
                assert over <= 0, f"{path}: {over} px at {width}"


async def test_a_phone_has_the_menu_behind_a_button_without_a_script(served: Served) -> None:
    async with served.page(javascript=False, width=390) as page:
        await page.goto(f"{served.url}{DEV}/overview")
        await page.get_by_role("button", name="Navigation").click()
        menu = page.get_by_role("navigation", name="Menu")
        await menu.get_by_role("link", name="Deliveries").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Deliveries")
        await page.get_by_role("button", name="Organization and sandbox").click()
        await page.get_by_role("link", name="prod").click()
        await page.wait_for_url(f"**{PROD}/deliveries")
