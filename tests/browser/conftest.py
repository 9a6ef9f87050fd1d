"""Debian's Chromium in front of a served house.

A test fails on any error in its console, and on any request elsewhere. Chromium is started once, which takes seconds;
each page has a profile of its own. So these tests share a loop. It is Chromium's headless shell, the same engine
without windows and menus: opening a page with a profile costs a quarter of the CPU (0.4 s and 1.6 s on a slow machine).
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from cast import House, a_house
from outside.certificates import Authority
from outside.https import Endpoint, serving
from retour.app import Retour
from retour.web.server import application

CHROMIUM = "/usr/bin/chromium-headless-shell"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LAID_OUT = """async width => {
    const frame = () => new Promise(requestAnimationFrame);
    do await frame(); while (innerWidth !== width);
    await frame();
}"""
REFUSED = re.compile(
    r"Failed to load resource: the server responded with a status of 4(03|04|09|10|12|22|29) "
)  # meant so, of a page; a file that is missing is a defect


@dataclass
class Served:
    """A house, where it is served, and a browser with what it complained of."""

    house: House
    url: str
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def stranger(
        self, *, javascript: bool = True, width: int = 1280, **more: Any
    ) -> AsyncIterator[Page]:
        """A page of somebody who is not signed in. more: what Playwright's contexts take."""
        context = await self.browser.new_context(
            java_script_enabled=javascript, viewport={"width": width, "height": 860}, **more
        )
        context.set_default_timeout(10_000)
        page = await context.new_page()
        self._watch(page)
        yield page
        await context.close()

    @asynccontextmanager
    async def page(self, *, javascript: bool = True, width: int = 1280, **more: Any) -> AsyncIterator[Page]:
        """A page of Ann's, signed in by the link that she was given."""
        async with self.stranger(javascript=javascript, width=width, **more) as page:
            await self.sign_in(page)
            yield page

    async def sign_in(self, page: Page) -> None:
        """By a link for Ann."""
        link = await self.house.retour.people.sign_in_link("ann@acme.example")
        await page.goto(f"{self.url}/admin/sign-in/{link}")
        await page.get_by_role("button", name="Sign in as ann@acme.example").click()
        await page.wait_for_url("**/admin/account")

    def _watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        refused = REFUSED.match(message.text) and "/static/" not in message.location["url"]
        if message.type in ("error", "warning") and not refused:
            self.complaints.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.url + "/", "data:")):
            self.complaints.append(f"request elsewhere: {request.url}")


async def resize(page: Page, width: int) -> None:
    """The width of the window. It is laid out in a frame to come; whoever measures before sees half of both sizes."""
    await page.set_viewport_size({"width": width, "height": 860})
    await page.evaluate(LAID_OUT, width)


async def overflow(page: Page, width: int) -> int:
    """Pixels that the page is wider than a window of this width."""
    await resize(page, width)
    return int(await page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of this folder share the loop of their browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser of every test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def receiver(authority: Authority) -> AsyncIterator[Endpoint]:
    """As that of all tests, on the loop of these."""
    async with serving(tls=authority.server("127.0.0.1", "localhost")) as endpoint:
        yield endpoint


@pytest_asyncio.fixture(loop_scope="session")
async def served(tmp_path: Path, authority: Authority, chromium: Browser) -> AsyncIterator[Served]:
    """Acme and Other Ltd, served on a port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    listen = f"127.0.0.1:{listening.getsockname()[1]}"
    async with (
        a_house(tmp_path, authority.write(tmp_path), listen=listen) as house,
        serving_pages(house.retour, listening),
    ):
        made = Served(house=house, url=f"http://{listen}", browser=chromium)
        yield made
        for left in chromium.contexts:  # by a test that failed
            await left.close()
        assert made.complaints == []


@asynccontextmanager
async def serving_pages(retour: Retour, listening: socket.socket) -> AsyncIterator[None]:
    """Until the end of the block, the pages and the API of a house."""
    config = uvicorn.Config(application(retour), log_level="warning", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    task = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
