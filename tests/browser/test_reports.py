"""Reports and overview in a browser: both themes, a phone's width, the tooltip's words, the numbers as a table."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from browser.conftest import Served, overflow
from retour import ids, limits
from retour.stores.handovers import Changed, Step
from retour.stores.tallies import TallyKind, bucket_of

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
DEV = "/admin/acme@Org/dev"
WIDTHS = (320, 390, 1280)
INSIDE = """() => [...document.querySelectorAll('.plot svg')].every(svg => {
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('rect, path, line')].every(shape => {
    const one = shape.getBoundingClientRect();
    return one.left >= box.left - 2 && one.right <= box.right + 2
      && one.top >= box.top - 2 && one.bottom <= box.bottom + 2;
  });
})"""


async def fill(served: Served) -> None:
    """Two days with something in every hour but one."""
    now = ids.now()
    steps = []
    for ago in range(48):
        at = now - now % limits.HOUR - ago * limits.HOUR
        counts = {
            (TallyKind.ACCEPTED, "email"): 200,
            (TallyKind.FEEDBACK, "email:sent"): 150 + ago,
            (TallyKind.FEEDBACK, "email:delivered"): 120,
            (TallyKind.FEEDBACK, "email:bounce"): 9,
            (TallyKind.REASON, "email:bounce:22"): 9,
            (TallyKind.ANSWER, "200"): 97,
            (TallyKind.ANSWER, "connect_failed"): 3,
            (TallyKind.LATENCY, str(bucket_of(80))): 100,
        }
        place = {"sandbox": served.house.dev.id, "at": at, "part": ""}
        steps += [
            Step(statement="tally_add", values=place | {"kind": kind, "key": key, "n": n})
            for (kind, key), n in counts.items()
            if ago != 5
        ]
    await served.house.retour.store.write(Changed(steps=tuple(steps)))


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_reports_are_read_in_both_themes_at_every_width(served: Served, theme: str) -> None:
    await fill(served)
    await served.house.campaign(await served.house.simulated(), name="C" * 100)
    async with served.page() as page:
        await page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
        for path in ("reports", "reports?period=30d&channel=email", "overview"):
            await page.goto(f"{served.url}{DEV}/{path}")
            for width in WIDTHS:
                assert await overflow(page, width) <= 0, f"{path} at {width}"
            await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            for width in WIDTHS:
                await check_charts(page, width)


async def check_charts(page: Page, width: int) -> None:
    """With the tables open: the page fits, what is drawn is inside, and the text of an axis isn't stretched."""
    assert await overflow(page, width) <= 0, f"{page.url} at {width}"
    assert await page.evaluate(INSIDE), f"{page.url} at {width}"
    label = page.locator(".plot .xlab span").first
    assert await label.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 12, page.url


async def test_each_chart_has_a_name_a_tooltip_and_its_numbers_as_a_table(served: Served) -> None:
    await fill(served)
    async with served.page(javascript=False) as page:
        await page.goto(f"{served.url}{DEV}/reports?period=7d")
        for name in ("Message outcomes", "Webhook latency", "Webhook success rate"):
            section = page.get_by_role("region", name=name, exact=True)
            await expect(section.get_by_role("img", name=name)).to_be_visible()
            await expect(section.locator(".hit title")).to_have_count(84)
            table = section.get_by_role("table")
            await expect(table).to_be_hidden()
            await section.get_by_text("View as table").click()
            await expect(table).to_be_visible()
        await page.get_by_role("navigation", name="Period").get_by_role("link", name="1 h").click()
        await page.get_by_role("navigation", name="Channel").get_by_role("link", name="SMS").click()
        await page.wait_for_url("**/reports?period=1h&channel=sms")
        await expect(page.get_by_text("No messages in this period")).to_be_visible()


async def test_reports_are_found_in_the_menu_and_keep_their_place_in_another_sandbox(served: Served) -> None:
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/overview")
        await page.get_by_role("navigation", name="Main").get_by_role("link", name="Reports").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Reports")
        await page.get_by_role("button", name="Organization and sandbox").click()
        await page.get_by_role("link", name="prod").click()
        await page.wait_for_url("**/admin/acme@Org/prod/reports")
