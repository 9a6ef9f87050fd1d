"""The overview: what needs a person leads there by one click, and an empty sandbox says how to begin."""

from __future__ import annotations

import httpx
import pytest

from cast import ANN
from outside.certificates import Authority
from outside.https import Endpoint, replying, serving
from retour import ids, limits
from rooms.steps import deliveries, post_due, send_due
from web.admin.desk import DEV, PROD, Desk, Read
from web.admin.walk import HOSTILE, furnish

OVERVIEW = f"{DEV}/overview"
EMPTY = (
    "A sandbox is a separate space with its own campaigns, webhook and data. "
    "Try things in dev, send real messages from prod."
)


def links(text: str) -> list[str]:
    page = Read(text)
    return [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]


async def test_an_empty_sandbox_says_what_it_is_and_how_to_begin(ann: httpx.AsyncClient) -> None:
    text = (await ann.get(f"{PROD}/overview")).text
    assert f"<p>{EMPTY}</p>" in text
    assert "From a call to an answer" in text
    assert text.count(">Not yet<") == 4
    assert "Needs attention" not in text


async def test_no_way_from_the_overview_is_a_dead_end(desk: Desk, receiver: Endpoint) -> None:
    await furnish(desk, receiver)
    for name in ("ann", "vera"):
        somebody = await desk.browser(name)
        for place in (OVERVIEW, f"{PROD}/overview"):
            for link in links((await somebody.get(place)).text):
                if link.startswith("/admin/acme@Org/"):
                    assert (await somebody.get(link)).status_code == 200, link


async def test_one_click_leads_from_the_overview_to_the_delivery_that_is_retried(
    desk: Desk, ann: httpx.AsyncClient, authority: Authority
) -> None:
    house = desk.house
    async with serving(replying(503), tls=authority.server("127.0.0.1")) as receiver:
        await house.webhook(receiver.url("/x"))
        configuration = await house.simulated()
        await house.execute(await house.campaign(configuration), "sent@example.com")
        await send_due(house, configuration)
        await post_due(house)
    text = (await ann.get(OVERVIEW)).text
    assert "1 delivery retrying" in text
    assert "1 try has failed since" in text
    assert "The endpoint answered 503 Service Unavailable. Events are kept and tried again." in text
    (review,) = [link for link in links(text) if "status=" in link]
    (row,) = await deliveries(house)
    assert f"/deliveries/{row.id}" in (await ann.get(review)).text


async def test_one_click_leads_from_the_overview_to_the_delivery_that_failed(
    desk: Desk, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = desk.house
    configuration = await house.simulated()
    await house.execute(await house.campaign(configuration), "sent@example.com")
    await send_due(house, configuration)
    (row,) = await deliveries(house)
    assert "1 feedback event waits for a webhook" in (await ann.get(OVERVIEW)).text
    await house.retour.upkeep.run(row.created_at + limits.PARKED_AGE + limits.SECOND)
    vera = await desk.browser("vera")  # Ann's session is as old as that
    text = (await vera.get(OVERVIEW)).text
    assert "1 delivery failed" in text
    (review,) = [link for link in links(text) if "status=" in link]
    assert review.endswith("/deliveries?status=exhausted")
    assert f"/deliveries/{row.id}" in (await vera.get(review)).text
    later = row.created_at + limits.PARKED_AGE + limits.FAILED_LOOK_BACK + limits.MINUTE
    monkeypatch.setattr(ids, "now", lambda: later)
    bob = await desk.browser("bob")
    assert "delivery failed" not in (await bob.get(OVERVIEW)).text


async def test_first_steps_go_when_they_are_done_and_the_last_day_is_shown(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    await furnish(desk, receiver)
    text = (await ann.get(OVERVIEW)).text
    assert "From a call to an answer" not in text
    assert "Needs attention" not in text
    assert "The last 24 hours" in text
    assert "Newest deliveries" in text
    assert "delivered@example.com" in text
    assert EMPTY in text.split("<main")[0]  # of the switcher alone
    assert EMPTY not in text.split("<main")[1]


async def test_hostile_names_are_text_in_what_needs_attention(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    house = desk.house
    configuration = await house.simulated()
    await house.campaign(configuration, name=HOSTILE[:90])
    text = (await ann.get(OVERVIEW)).text
    assert "There is no webhook to tell" in text
    assert "<script>alert" not in text
    assert "“&lt;script&gt;alert(1)" in text
    webhook = (await house.webhook(receiver.url("/x"), name=HOSTILE[:90])).webhook
    await house.retour.webhooks.pause(house.dev, webhook.id, ANN)
    text = (await ann.get(OVERVIEW)).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


async def test_charlie_finds_no_overview_of_acme(desk: Desk) -> None:
    charlie = await desk.browser("charlie")
    assert (await charlie.get(OVERVIEW)).status_code == 404
