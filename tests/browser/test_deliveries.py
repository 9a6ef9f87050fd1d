"""Deliveries in a browser: from an alarm to its cause, replay, filters, keys; all of it without a script, too."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from browser.conftest import Served, overflow, resize
from cast import until
from outside.certificates import Authority
from outside.https import Endpoint, replying, serving
from retour.model import DeliveryState

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
DEV = "/admin/acme@Org/dev"
LIST = f"{DEV}/deliveries"
SOON = 30_000  # a connection, on a machine that is shared


async def _states(served: Served) -> list[tuple[DeliveryState, str | None]]:
    rows = await served.house.retour.shelves.deliveries(served.house.dev.id)
    return [(row.state, row.last_trouble) for row in rows]


@asynccontextmanager
async def failing(served: Served, authority: Authority) -> AsyncIterator[Endpoint]:
    """An endpoint that answers 503, and one delivery that was tried there."""
    house = served.house
    async with serving(replying(503, b"<b>no</b>"), tls=authority.server("127.0.0.1")) as endpoint:
        await house.webhook(endpoint.url("/x"), events=["delivered"])
        campaign = await house.campaign(await house.simulated())

        async def tried() -> bool:
            return (DeliveryState.DUE, "http_503") in await _states(served)

        async with house.working():
            await house.execute(campaign, "delivered@example.com")
            await until(tried)
        yield endpoint


async def succeeded(served: Served, receiver: Endpoint, *people: str) -> None:
    """A delivered event for each of them, accepted."""
    house = served.house
    await house.webhook(receiver.url("/x"), events=["delivered"])
    campaign = await house.campaign(await house.simulated())

    async def told() -> bool:
        return [state for state, _ in await _states(served)] == [DeliveryState.ACCEPTED] * len(people)

    async with house.working():
        for person in people:
            await house.execute(campaign, person)
        await until(told)


async def in_view(page: Page, text: str | re.Pattern[str]) -> None:
    """It is seen without scrolling."""
    place = page.locator("#panel").get_by_text(text).first
    await expect(place).to_be_visible()
    await expect(place).to_be_in_viewport(ratio=1)
    assert await page.evaluate("scrollY") == 0


async def test_from_the_alarm_to_the_cause_in_two_clicks(served: Served, authority: Authority) -> None:
    async with failing(served, authority), served.page() as page:
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.goto(f"{served.url}{DEV}/overview")
        await page.get_by_role("link", name=re.compile("^Review")).first.click()
        await page.get_by_role("link", name=re.compile("^Retrying.*delivered@example.com")).click()
        await in_view(page, "Your endpoint answered 503 Service Unavailable.")
        await in_view(page, re.compile(r"Next attempt in|next attempt is about"))
        await expect(page).to_have_url(re.compile(r"/deliveries/[0-9a-f-]{36}\?status=retrying$"))
        await expect(page.get_by_text("<b>no</b>")).to_be_visible()
        await expect(page.locator("#panel")).to_be_focused()
        await page.go_back()
        await expect(page.locator("#panel.panel")).to_have_count(0)
        await expect(page).to_have_url(re.compile(r"/deliveries\?status=retrying$"))


async def test_replay_asks_first_when_it_was_delivered(served: Served, receiver: Endpoint) -> None:
    await succeeded(served, receiver, "delivered@example.com")
    async with served.page() as page:
        await page.goto(f"{served.url}{LIST}")
        await page.locator("a.row").click()
        await expect(page.locator("#panel")).to_be_focused(timeout=SOON)
        await page.keyboard.press("r")
        dialog = page.get_by_role("dialog", name="Replay a delivered event?")
        await dialog.get_by_role("button", name="Replay").click()
        await expect(page.get_by_text("Replayed: the event goes out again")).to_be_visible()
        panel = page.locator("#panel")
        await expect(panel.get_by_role("heading", level=2)).to_contain_text("Pending")
        await expect(page.locator("#live")).to_have_attribute("data-state", "on", timeout=SOON)
        async with served.house.working():
            await receiver.arrived(2)
            await expect(panel.get_by_role("heading", level=2)).to_contain_text("Succeeded", timeout=SOON)
        await expect(panel.get_by_role("link", name=re.compile("^First delivery"))).to_be_visible()
    assert receiver.requests[0].body == receiver.requests[1].body


async def test_filters_stand_in_the_address_and_can_be_cleared(served: Served, receiver: Endpoint) -> None:
    await succeeded(served, receiver, "delivered+a@example.com", "delivered+b@example.com")
    async with served.page() as page:
        await page.goto(f"{served.url}{LIST}")
        await page.keyboard.press("/")
        await page.keyboard.type("delivered+a@example.com")
        await page.keyboard.press("Enter")
        await expect(page.locator("a.row")).to_have_count(1)
        await expect(page).to_have_url(re.compile(r"\?q=delivered%2Ba%40example.com$"))
        await page.get_by_label("Webhook", exact=True).select_option("exhausted")
        await expect(page.get_by_role("heading", name="No deliveries match")).to_be_visible()
        await expect(page).to_have_url(re.compile(r"q=.*&status=exhausted$"))
        await page.get_by_role("link", name="Clear filters").click()
        await expect(page.locator("a.row")).to_have_count(2)
        await expect(page).to_have_url(re.compile(r"/deliveries$"))


async def test_rows_are_walked_by_keys_and_the_focus_comes_back(served: Served, receiver: Endpoint) -> None:
    await succeeded(served, receiver, "delivered+a@example.com", "delivered+b@example.com")
    async with served.page() as page:
        await page.goto(f"{served.url}{LIST}")
        rows = page.locator("a.row")
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await expect(rows.nth(1)).to_be_focused()
        await page.keyboard.press("k")
        await expect(rows.nth(0)).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#panel")).to_be_focused()
        await expect(rows.nth(0)).to_have_attribute("aria-current", "true")
        await page.keyboard.press("Escape")
        await expect(page.locator("#panel.panel")).to_have_count(0)
        await expect(rows.nth(0)).to_be_focused()
        await expect(page).to_have_url(re.compile(r"/deliveries$"))
        await page.get_by_label("Id, requestId or recipient").fill("")
        await page.keyboard.type("jkr")
        await expect(page.get_by_label("Id, requestId or recipient")).to_have_value("jkr")


async def test_new_rows_come_at_the_top_and_wait_behind_a_pill_while_paused(
    served: Served, receiver: Endpoint
) -> None:
    await succeeded(served, receiver, "delivered@example.com")
    campaign = (await served.house.retour.campaigns.list(served.house.dev))[0]
    async with served.page() as page, served.house.working():
        await page.goto(f"{served.url}{LIST}")
        await expect(page.locator("#live")).to_have_attribute("data-state", "on", timeout=SOON)
        await served.house.execute(campaign, "delivered+live@example.com")
        first = page.locator("tr").nth(1)
        await expect(first).to_contain_text("delivered+live@example.com", timeout=SOON)
        await expect(first).to_contain_text("Succeeded", timeout=SOON)
        await page.get_by_role("button", name="Pause").click()
        await expect(page.locator("#live")).to_have_text("Paused")
        await served.house.execute(campaign, "delivered+quiet@example.com")
        await expect(page.get_by_role("link", name="1 new")).to_be_visible(timeout=SOON)
        await expect(page.get_by_text("delivered+quiet@example.com")).to_have_count(0)
        await page.get_by_role("button", name="Resume").click()
        await expect(first).to_contain_text("delivered+quiet@example.com", timeout=SOON)


async def test_without_a_script_everything_is_there(served: Served, authority: Authority) -> None:
    async with failing(served, authority), served.page(javascript=False) as page:
        await page.goto(f"{served.url}{LIST}")
        await expect(page.get_by_role("link", name="Refresh")).to_be_visible()
        await expect(page.get_by_role("button", name="Pause")).to_be_hidden()
        await page.get_by_label("Webhook", exact=True).select_option("retrying")
        await page.get_by_role("button", name="Apply").click()
        await page.locator("a.row").click()
        await in_view(page, "Your endpoint answered 503 Service Unavailable.")
        await page.get_by_text("Copy as cURL").click()
        await expect(page.get_by_label("cURL")).to_contain_text("--data-binary")
        await expect(page.get_by_label("cURL")).to_contain_text('"$AUTHORIZATION"')
        await page.get_by_role("link", name="Close this delivery").click()
        await expect(page).to_have_url(re.compile(r"status=retrying"))


async def test_no_delivery_is_wider_than_the_window(served: Served, receiver: Endpoint) -> None:
    await succeeded(served, receiver, "delivered+" + "long" * 12 + "@example.com")
    (row,) = await served.house.retour.shelves.deliveries(served.house.dev.id)
    widths = (320, 390, 861, 1120, 1121)
    async with served.page() as page:
        for path in (LIST, f"{LIST}/replays?status=exhausted", f"{LIST}/{row.id}"):
            await page.goto(served.url + path)
            for width in widths:
                over = await overflow(page, width)
                assert over <= 0, f"{path}: {over} px at {width}"
        await expect(page.locator("#panel")).to_be_visible()
        for width in widths:
            await resize(page, width)
            await expect(page.locator("#list")).to_be_visible(visible=width > 1120)
