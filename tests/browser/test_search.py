"""From a search to the message and on to its delivery: by keyboard alone, with scripts and without."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from browser.conftest import Served, overflow
from cast import until
from outside.https import Endpoint

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
DEV = "/admin/acme@Org/dev"


async def sent(served: Served, receiver: Endpoint, *addresses: str, events: int) -> None:
    """A message to each, told to the webhook by so many events."""
    house = served.house
    await house.webhook(receiver.url("/x"))
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        await house.execute(campaign, *addresses, request_id="order-17")

        async def posted() -> bool:
            return await house.retour.shelves.waiting(house.dev.id) == 0

        await receiver.arrived(events)
        await until(posted)


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the link or button of this name has the focus."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if await focused.count() and name in (await focused.inner_text()):
            return
    raise AssertionError(f"{name} is not reached by Tab")


@pytest.mark.parametrize("javascript", [True, False])
async def test_from_search_to_message_to_delivery_by_keyboard_alone(
    served: Served, receiver: Endpoint, javascript: bool
) -> None:
    await sent(served, receiver, "delivered@example.com", events=2)
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/search")
        await page.get_by_role("searchbox", name="Id or recipient").focus()
        await page.keyboard.type("Delivered@example.com")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Message to delivered@example.com")).to_be_visible()
        await expect(page.get_by_text("Handed over (simulated)")).to_be_visible()
        await tab_to(page, "Delivery of #1")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/deliveries/*")
        await expect(page.get_by_role("main")).to_contain_text("order-17")


@pytest.mark.parametrize("javascript", [True, False])
async def test_from_the_list_of_events_to_the_very_event(
    served: Served, receiver: Endpoint, javascript: bool
) -> None:
    await sent(served, receiver, "delivered@example.com", "bounce@example.com", events=3)
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/events")
        await page.get_by_label("Feedback", exact=True).select_option("bounce")
        await page.get_by_role("button", name="Apply").click()
        await expect(page.get_by_role("cell", name="Invalid Recipient (code 10, Hard)")).to_be_visible()
        await page.get_by_role("link", name="bounce", exact=True).click()
        await page.wait_for_url("**#event-1")
        await expect(page.get_by_role("heading", name="Bounced")).to_be_in_viewport()
        await page.get_by_text("Frozen payload of #1").click()
        await expect(page.locator("#payload-1")).to_contain_text("Invalid Recipient")


async def test_no_page_is_wider_than_the_window(served: Served, receiver: Endpoint) -> None:
    await sent(served, receiver, f"delivered+{'x' * 40}@example.com", "bounce@example.com", events=3)
    row = (await served.house.retour.shelves.deliveries(served.house.dev.id))[0]
    paths = ("/events", "/events?q=nobody", "/search", "/search?q=order", f"/messages/{row.message_id}")
    async with served.page() as page:
        for path in paths:
            await page.goto(f"{served.url}{DEV}{path}")
            for width in (320, 1280):
                assert await overflow(page, width) <= 0, f"{path} at {width}"
