"""The live list while the service is restarted: what happened meanwhile is there afterwards, without a reload."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from outside.service import Service
from retour import app, ids, intake
from retour.config import Settings
from retour.stores import RoomName

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
SOON = 30_000  # a connection, on a machine that is shared
CAMPAIGNS = "/journey/campaigns/service/campaigns"


async def test_nothing_is_missed_across_a_restart(tmp_path: Path, chromium: Browser) -> None:
    service = Service(tmp_path)
    service.init()
    await service.start()
    async with httpx.AsyncClient(trust_env=False) as client:
        campaign = (await service.call(client, "GET", CAMPAIGNS))["data"][0]
    async with await chromium.new_context() as context:
        page = await context.new_page()
        await _open(page, service)
        await expect(page.locator("#live")).to_have_text("Live", timeout=SOON)
        assert await service.stop() == 0
        await expect(page.locator("#live")).to_have_text("Reconnecting…", timeout=SOON)
        await _deliver_while_it_is_down(service, campaign["campaignId"])
        await service.start()
        await expect(page.locator("#live")).to_have_text("Live", timeout=SOON)
        for number in range(3):
            await expect(page.get_by_text(f"delivered+{number}@example.com").first).to_be_visible()
        assert await page.evaluate("performance.getEntriesByType('navigation').length") == 1
    assert await service.stop() == 0


async def _open(page: Page, service: Service) -> None:
    """Signed in by the link that `init` printed, at the list of dev."""
    await page.goto(service.known["adminUrl"])
    await page.get_by_role("button", name="Sign in as").click()
    await page.wait_for_url("**/admin/account")
    await page.goto(f"{service.url}/admin/{service.known['imsOrg']}/dev/deliveries")


async def _deliver_while_it_is_down(service: Service, campaign_id: str) -> None:
    """Events that wait for a webhook, written by another process of the same house."""
    retour = await app.build(Settings(data_dir=Path(service.environ["RETOUR_DATA_DIR"])))
    try:
        sandbox = await retour.shelves.sandbox(service.known["imsOrg"], "dev")
        assert sandbox is not None
        people = tuple(
            intake.Recipient(
                kind="external",
                user_id=f"delivered+{number}@example.com",
                namespace="email",
                context={"link": "https://luma.example/reset"},
            )
            for number in range(3)
        )
        request = intake.Request(
            request_id=ids.new_id(),
            campaign_id=campaign_id,
            recipients=people,
            hash=intake.hash_of("unitary", [campaign_id]),
        )
        await retour.intake.accept(sandbox, request, "test")
        lanes = await retour.store.due_lanes(RoomName.SENDING, ids.now())
        for lane in lanes:
            await retour.sending.run_due(lane, ids.now())
        await retour.sending.slots.finish(20)
        assert await retour.shelves.waiting(sandbox.id) >= len(people)
    finally:
        await retour.close()
