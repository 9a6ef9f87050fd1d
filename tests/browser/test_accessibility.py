"""Every page under axe-core: WCAG 2.2 AA and best practice, light and dark, wide and on a phone."""

from __future__ import annotations

from contextlib import AsyncExitStack
from itertools import product
from typing import Any

import pytest
from playwright.async_api import Page

from browser.conftest import Served, resize
from outside import npm
from outside.https import Endpoint
from web.admin.desk import DEV, Desk
from web.admin.walk import furnish

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.peer("node"), pytest.mark.slow]
AXE = "axe-core@4.14.1"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYTHING = {"runOnly": {"type": "tag", "values": TAGS}}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
BOOKS = ("/admin/account", f"{DEV}/nothing", "/admin/a/b/c/d/e")
NO_PAGES = ("/preview", "/csv", "/eml", "/stream")  # a customer's e-mail, a file, events
# Violations alone; and not in frames: that of a preview holds a customer's e-mail.
WANTED = {"resultTypes": ["violations"], "iframes": False}
RUN = """async options => (await axe.run(document, options)).violations
    .flatMap(found => found.nodes.map(node => `${found.id}: ${node.target.join(" ")}: ${node.failureSummary}`))"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script. It is Deque's, under the MPL, and never part of the product."""
    modules = npm.install(tmp_path_factory.mktemp("axe"), AXE)
    return (modules / "axe-core" / "axe.min.js").read_text()


async def findings(page: Page, axe: str, in_the_dark: dict[str, Any]) -> list[str]:
    """What axe finds on the page as it stands: on a phone and wide, everything in the light, and this in the dark."""
    found: list[str] = []
    await page.evaluate(axe)
    for width, dark in product((390, 1280), (False, True)):
        await page.emulate_media(color_scheme="dark" if dark else "light")
        await resize(page, width)
        rows: list[str] = await page.evaluate(RUN, (in_the_dark if dark else EVERYTHING) | WANTED)
        found += [f"{page.url} {width} {'dark' if dark else 'light'}: {row}" for row in rows]
    return found


async def every_page(desk: Desk, receiver: Endpoint) -> list[str]:
    """The paths of the pages' own table, with one of everything, and with nothing."""
    furnished = await furnish(desk, receiver)
    empty = [
        path.replace(DEV, DEV.replace("dev", "prod")) for path in furnished.gets() if "/none" not in path
    ]
    lists = [path for path in empty if path.count("/") == DEV.count("/") + 1]
    pages = [*furnished.gets(), *BOOKS, *lists]
    return [path for path in pages if not path.endswith(NO_PAGES)]


async def test_axe_finds_nothing_on_the_api_reference(served: Served, axe: str) -> None:
    """Swagger UI's markup and colours, with what reference.js and reference.css mend of them."""
    async with served.stranger(bypass_csp=True, reduced_motion="reduce") as page:
        await page.goto(f"{served.url}/docs")
        await page.wait_for_selector(".models", timeout=60_000)
        found = await findings(page, axe, EVERYTHING)
    assert not found, "\n" + "\n".join(found)


async def test_axe_finds_nothing_on_any_page(served: Served, receiver: Endpoint, axe: str) -> None:
    """In the dark, only contrast can be another one."""
    found: list[str] = []
    async with AsyncExitStack() as stack:
        paths = await every_page(Desk(house=served.house, stack=stack), receiver)
    async with served.page(bypass_csp=True, reduced_motion="reduce") as page:
        for path in paths:
            await page.goto(served.url + path)
            found += await findings(page, axe, COLOURS)
    assert len(paths) > 30
    assert not found, "\n" + "\n".join(found)
