"""Dora is invited, and Ann, whom somebody locked out, comes in all the same."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from browser.conftest import Served
from retour import limits

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
USERS = "/admin/acme@Org/dev/users"
PASSWORD = "four words of nothing"


@pytest.mark.parametrize("javascript", [True, False])
async def test_dora_joins_by_the_link_that_ann_hands_her_and_signs_in_with_her_password(
    served: Served, javascript: bool
) -> None:
    async with served.page(javascript=javascript) as ann:
        await ann.goto(served.url + USERS)
        await ann.get_by_role("link", name="Invite").click()
        await ann.get_by_label("Email").fill("dora@acme.example")
        await ann.get_by_label("Role").select_option("developer")
        await ann.get_by_role("button", name="Invite").click()
        link = await ann.locator("#invitation-link").inner_text()
    async with served.stranger(javascript=javascript) as dora:
        await dora.goto(link.strip())
        await dora.get_by_label("Name").fill("Dora")
        await dora.get_by_label("Password", exact=False).first.fill(PASSWORD)
        await dora.get_by_label("Password, again").fill(PASSWORD)
        await dora.get_by_role("button", name="Join").click()
        await expect(dora.get_by_role("heading", name="Overview")).to_be_visible()
        await dora.context.clear_cookies()
        await dora.goto(served.url + USERS.replace("users", "deliveries"))
        await dora.get_by_label("Email").fill("dora@acme.example")
        await dora.get_by_label("Password", exact=True).fill(PASSWORD)
        await dora.get_by_role("button", name="Sign in").click()
        await expect(dora.get_by_role("heading", name="Deliveries")).to_be_visible()
        await dora.goto(link.strip())
        await expect(
            dora.get_by_role("heading", name="This invitation does not work any more")
        ).to_be_visible()


async def test_whoever_is_locked_out_is_told_how_long_and_comes_in_by_a_link(served: Served) -> None:
    async with served.stranger() as page:
        await page.goto(f"{served.url}/admin/sign-in")
        for _ in range(limits.SIGN_IN_TRIES):
            await page.get_by_label("Email").fill("ann@acme.example")
            await page.get_by_label("Password", exact=True).fill("not her password")
            await page.get_by_role("button", name="Sign in").click()
            await expect(page.get_by_role("alert")).to_have_text(
                "Email or password is wrong. Check both and try again."
            )
        await page.get_by_label("Password", exact=True).fill("nor this")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_have_text(
            re.compile(r"^Too many tries\. Wait \d+ seconds\.$")
        )
        await expect(page.get_by_label("Email")).to_have_value("ann@acme.example")
        await served.sign_in(page)
        await page.goto(served.url + USERS)
        await expect(page.get_by_role("heading", name="Users and roles")).to_be_visible()
