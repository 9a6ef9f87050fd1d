"""What stands around every page: search, menus, theme, keyboard, what is told when something is refused or lost."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Page, expect

from browser.conftest import Served, overflow
from outside.certificates import Authority
from outside.https import Endpoint, replying, serving
from web.admin.desk import DEV, PROD, Desk
from web.admin.walk import furnish

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
SENTENCE = (
    "A sandbox is a separate space with its own campaigns, webhook and data. "
    "Try things in dev, send real messages from prod."
)
NO_PAGES = ("/preview", "/csv", "/eml", "/stream")


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_switcher_says_what_a_sandbox_is_and_the_search_is_a_form(
    served: Served, javascript: bool
) -> None:
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/overview")
        await page.get_by_role("button", name="Organization and sandbox: Acme dev").click()
        await expect(page.locator("#org-menu")).to_contain_text(SENTENCE)
        await page.keyboard.press("Escape")
        await expect(page.locator("#org-menu")).to_be_hidden()
        await page.get_by_role("searchbox", name="Search everything").fill("ann@acme.example")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{DEV}/search?q=ann%40acme.example")
        await expect(page).to_have_title("Search | Acme / dev | Retour")


async def test_the_keyboard_reaches_the_search_the_filter_the_rows_and_the_list_of_itself(
    served: Served, receiver: Endpoint
) -> None:
    async with AsyncExitStack() as stack:
        await furnish(Desk(house=served.house, stack=stack), receiver)
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/deliveries")
        await page.keyboard.press("Control+k")
        await expect(page.locator("#omni")).to_be_focused()
        await page.keyboard.type("j?")
        await expect(page.locator("#omni")).to_have_value("j?")
        await page.locator("#main").focus()
        await page.keyboard.press("/")
        await expect(page.locator("[data-slash]")).to_be_focused()
        await page.locator("#main").focus()
        rows = page.locator("main a.row")
        for key, row in (("j", 0), ("j", 1), ("k", 0)):
            await page.keyboard.press(key)
            await expect(rows.nth(row)).to_be_focused()
        await page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
        await expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(rows.nth(0)).to_be_focused()


async def test_single_letters_can_be_switched_off(served: Served) -> None:
    async with served.page() as page:
        switch = page.get_by_role("switch", name="Single-letter keyboard shortcuts")
        await expect(switch).to_be_checked()
        await switch.uncheck()
        await page.goto(f"{served.url}{DEV}/overview")
        await page.keyboard.press("?")
        await page.keyboard.press("Control+k")
        await expect(page.locator("#omni")).to_be_focused()
        await expect(page.locator("#keys")).to_be_hidden()
        await page.goto(f"{served.url}/admin/account")
        await expect(page.get_by_role("switch")).not_to_be_checked()


async def test_the_theme_is_light_dark_or_the_system_s(served: Served) -> None:
    async with served.page(color_scheme="light") as page:
        await page.get_by_role("button", name="Dark").click()
        await page.goto(f"{served.url}{DEV}/overview")
        await expect(page.locator("html")).to_have_css("color-scheme", "dark")
        await page.get_by_role("button", name="Account of Ann").click()
        await expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
        await page.get_by_role("button", name="System").click()
        await expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")
        await page.reload()
        await expect(page.locator("html")).to_have_css("color-scheme", "light dark")


async def test_a_menu_is_closed_when_the_focus_leaves_it(served: Served) -> None:
    async with served.page(width=390) as page:
        await page.goto(f"{served.url}{DEV}/overview")
        await page.get_by_role("button", name="Navigation").click()
        await expect(page.get_by_role("button", name="Close navigation")).to_be_focused()
        await page.keyboard.press("Shift+Tab")
        await expect(page.locator("#nav-drawer")).to_be_hidden()


async def test_leaving_with_changes_asks_and_stays_where_the_focus_was(served: Served) -> None:
    async with served.page() as page:
        await page.goto(f"{served.url}{PROD}/feedback-webhooks/new")
        await page.get_by_label("Webhook Name").fill("Order status")
        link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Deliveries")
        await link.click()
        dialog = page.get_by_role("dialog", name="Leave without saving?")
        await dialog.get_by_role("button", name="Stay").click()
        await expect(link).to_be_focused()
        await expect(page.get_by_label("Webhook Name")).to_have_value("Order status")
        await link.click()
        await dialog.get_by_role("link", name="Leave").click()
        await page.wait_for_url(f"**{PROD}/deliveries")


async def test_the_keyboard_alone_signs_in_and_makes_the_webhook(served: Served, receiver: Endpoint) -> None:
    people = served.house.retour.people
    await people.set_password(served.house.ann, "Ann", "correct horse battery")
    async with served.stranger() as page:
        await page.goto(f"{served.url}{DEV}/feedback-webhooks/new")
        await tab_to(page, "email")
        await page.keyboard.type("ann@acme.example")
        await tab_to(page, "password")
        await page.keyboard.type("correct horse battery")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{DEV}/feedback-webhooks/new")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
        await page.keyboard.press("Enter")
        await tab_to(page, "name")
        await page.keyboard.type("Order status")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await tab_to(page, "url")
        await page.keyboard.type(receiver.url("/feedback"))
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Copy its signing secret now")).to_be_visible()
    assert await served.house.retour.webhooks.find(served.house.dev) is not None


async def tab_to(page: Page, id: str) -> None:
    """Press Tab until a field has the focus, which is seen where it is."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.id") == id:
            seen = await page.evaluate("document.activeElement.matches(':focus-visible')")
            assert seen, id
            return
    raise AssertionError(f"{id} is not reached by Tab")


async def test_the_server_that_is_gone_is_told_and_nothing_is_lost(
    served: Served, receiver: Endpoint
) -> None:
    async with AsyncExitStack() as stack:
        await furnish(Desk(house=served.house, stack=stack), receiver)
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/deliveries")
        await page.locator("[data-slash]").fill("delivered@example.com")
        await page.context.set_offline(True)
        await page.locator("main a.row").first.click()
        toast = page.locator(".toast.negative")
        await expect(toast).to_contain_text("Can't reach the server. What you typed is kept")
        await expect(page.locator("[data-slash]")).to_have_value("delivered@example.com")
        await page.context.set_offline(False)
        await toast.get_by_role("button", name="Dismiss").click()
        await expect(toast).to_be_hidden()
        await page.locator("main a.row").first.click()
        await expect(page.locator("#panel[data-id]")).to_be_visible()
    served.complaints.clear()  # the browser says that it was offline


async def test_a_part_that_is_refused_is_told_beside_the_page_and_an_ended_session_leads_to_sign_in(
    served: Served, receiver: Endpoint
) -> None:
    async with AsyncExitStack() as stack:
        await furnish(Desk(house=served.house, stack=stack), receiver)
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/deliveries")
        spoilt = "row => { row.setAttribute('hx-get', row.pathname + 'x'); htmx.process(row); row.click() }"
        await page.locator("main a.row").first.evaluate(spoilt)  # at once: the live list may change the row
        await expect(page.locator(".toast.negative")).to_contain_text("This page is not here")
        await expect(page.locator("main h1")).to_have_text("Deliveries")
        await page.goto(f"{served.url}{DEV}/deliveries")
        await page.context.clear_cookies()
        # the live stream may have found out already, and led there by itself
        await page.evaluate("document.querySelector('main a.row')?.click()")
        await page.wait_for_url("**/admin/sign-in?next=**")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


async def test_words_without_an_end_and_markup_make_no_page_wider_and_run_nothing(
    served: Served, authority: Authority
) -> None:
    words = "<script>alert(1)</script>" + "W" * 65
    hostile = replying(200, words.encode() * 20, (("X-Answer", "W" * 900), ("Content-Type", "text/html")))
    async with serving(hostile, tls=authority.server("127.0.0.1")) as receiver, AsyncExitStack() as stack:
        furnished = await furnish(Desk(house=served.house, stack=stack), receiver, words)
    async with served.page(reduced_motion="reduce") as page:
        page.on("dialog", lambda dialog: served.complaints.append(f"it ran: {dialog.message}"))
        for path in [path for path in furnished.gets() if not path.endswith(NO_PAGES)]:
            await page.goto(served.url + path)
            for width in (320, 390):
                over = await overflow(page, width)
                assert over <= 0, f"{path}: {over} px at {width}"


async def test_forced_colours_and_print_leave_the_words(served: Served) -> None:
    async with served.page(forced_colors="active") as page:
        await page.goto(f"{served.url}{DEV}/overview")
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await page.emulate_media(media="print")
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await expect(page.locator(".topbar")).to_be_hidden()
        await expect(page.get_by_role("navigation", name="Main")).to_be_hidden()


async def test_who_wants_less_motion_sees_none(served: Served) -> None:
    async with served.page(reduced_motion="reduce", color_scheme="light") as page:
        await page.goto(f"{served.url}{DEV}/deliveries")
        await expect(
            page.locator("#live[data-state=on]")
        ).to_be_visible()  # its dot pulses for everybody else
        await page.emulate_media(color_scheme="dark")
        assert await page.evaluate("document.getAnimations().length") == 0
