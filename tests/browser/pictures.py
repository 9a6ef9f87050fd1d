"""Pictures of the pages: `make pictures` makes those of the README, `make pictures ALL=folder` every page as well.

From a shop with four days of messages (days.py), in Debian's Chromium. No test: for people to look at.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from browser.conftest import CHROMIUM, FLAGS, serving_pages
from browser.days import ORG, Shop, a_shop
from retour.model import DeliveryState, FeedbackStatus
from retour.web.admin import IN_A_SANDBOX
from retour.web.admin.forms.campaigns import TABS

DOCS = Path(__file__).parents[2] / "docs" / "pictures"
HERE = f"/admin/{ORG}/dev"
WIDTHS = (1280, 390)
NO_PICTURES = ("/preview", "/csv", "/eml", "/stream")
SHOWN = (  # name, path, theme: what the README and the docs show
    ("deliveries", "/deliveries/{failed}", "dark"),
    ("webhook", "/feedback-webhooks/{feedback-webhooks}/edit", "light"),
    ("content", "/campaigns/{Order confirmation}/content", "light"),
    ("reports", "/reports", "light"),
    ("message", "/messages/{bounced}", "light"),
)
WEBP = """async data => {
  const image = new Image(); image.src = data; await image.decode();
  const canvas = document.createElement("canvas"); canvas.width = image.width; canvas.height = image.height;
  canvas.getContext("2d").drawImage(image, 0, 0); return canvas.toDataURL("image/webp", 0.86); }"""


async def main(everything: Path | None) -> None:
    """Fill the shop, then take the pictures."""
    listening = socket.create_server(("127.0.0.1", 0))
    host = "127.0.0.1:{1}".format(*listening.getsockname())
    with tempfile.TemporaryDirectory() as folder:
        async with (
            a_shop(Path(folder), host) as shop,
            serving_pages(shop.retour, listening),
            async_playwright() as playwright,
        ):
            await note(shop)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = await signed_in(shop, browser, f"http://{host}")
            await for_the_docs(shop, page)
            if everything:
                await of_everything(shop, page, everything)
            await browser.close()


async def note(shop: Shop) -> None:
    """Which of the many to open: one that was given up, and a message that bounced after it had been sent."""
    shelves = shop.retour.shelves
    rows = await shelves.deliveries(shop.dev.id, limit=500)
    shop.ids["failed"] = (await shelves.deliveries(shop.dev.id, state=DeliveryState.EXHAUSTED))[0].id
    late = [row for row in rows if row.feedback_status == FeedbackStatus.BOUNCE and row.sequence > 1]
    message = await shelves.message(shop.dev.id, (late or rows)[0].message_id)
    assert message is not None
    shop.ids |= {
        "bounced": message.id,
        "messages": message.id,
        "executions": message.execution_id,
        "deliveries": rows[0].id,
        "campaigns": shop.ids["Order confirmation"],
    }
    person = await shelves.user_by_email("theo@juniper.example")
    shop.ids["users"] = person.id if person else ""
    (entry, *_) = await shop.retour.audit.page(shop.dev)
    shop.ids["audit"] = entry.id


async def signed_in(shop: Shop, browser: Browser, url: str) -> Page:
    """A page of Mara's."""
    context = await browser.new_context(
        base_url=url, viewport={"width": 1280, "height": 860}, reduced_motion="reduce"
    )
    page = await context.new_page()
    link = await shop.retour.people.sign_in_link("mara@juniper.example")
    await page.goto(f"/admin/sign-in/{link}")
    await page.get_by_role("button", name="Sign in as").click()
    await page.wait_for_url("**/admin/account")
    return page


async def for_the_docs(shop: Shop, page: Page) -> None:
    """Those of SHOWN, as WebP."""
    for name, pattern, theme in SHOWN:
        png = await picture(page, HERE + pattern.format(**shop.ids), theme, 1280)
        await page.goto("about:blank")
        webp = await page.evaluate(WEBP, "data:image/png;base64," + base64.b64encode(png).decode())
        (DOCS / f"{name}.webp").write_bytes(base64.b64decode(webp.partition(",")[2]))


async def of_everything(shop: Shop, page: Page, folder: Path) -> None:
    """Every page of the pages' own table, in both themes and widths, as long as it is."""
    for pattern in [page.path for page in IN_A_SANDBOX if page.get]:
        if pattern.endswith(NO_PICTURES):
            continue
        for path in [pattern.replace("{tab}", tab) for tab in TABS] if "{tab}" in pattern else [pattern]:
            filled = path.replace("{id}", shop.ids.get(path.split("/")[1], "none"))
            for width in WIDTHS:
                for theme in ("light", "dark"):
                    name = re.sub(r"\W+", "-", path.replace("{id}", "one")).strip("-")
                    png = await picture(page, HERE + filled, theme, width, whole=True)
                    (folder / f"{name}-{theme}-{width}.png").write_bytes(png)


async def picture(page: Page, path: str, theme: str, width: int, whole: bool = False) -> bytes:
    """A page as it looks."""
    await page.set_viewport_size({"width": width, "height": 860})
    await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    await page.goto(path)
    await page.evaluate("document.fonts.ready.then(() => true)")
    await page.locator("#live[data-state=off]").wait_for(state="hidden")  # a live list shows that it is live
    return await page.screenshot(full_page=whole)


if __name__ == "__main__":
    wanted = Path(sys.argv[1]) if sys.argv[1:] else None
    for place in filter(None, (DOCS, wanted)):
        place.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(wanted))
