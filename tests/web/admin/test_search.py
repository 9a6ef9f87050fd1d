"""Search: one hit is its page, several are listed by kind, none says what can be searched for."""

from __future__ import annotations

import httpx
import pytest

from outside.https import Endpoint
from retour.limits import SEARCH_CHARACTERS
from web.admin.desk import DEV, Desk
from web.admin.test_events import told
from web.admin.walk import Furnished, furnish

SEARCH = f"{DEV}/search"


async def search(client: httpx.AsyncClient, word: str, path: str = SEARCH) -> httpx.Response:
    """What a person gets who types this."""
    return await client.get(path, params={"q": word})


async def named(desk: Desk, furnished: Furnished) -> dict[str, str]:
    """What can be typed, and the page that it leads to."""
    message = furnished.ids["messages"]
    (first, second) = await desk.house.retour.shelves.events(desk.house.dev.id, message)
    return {
        "order-17": furnished.path("/executions/{id}"),
        furnished.ids["executions"]: furnished.path("/executions/{id}"),
        furnished.ids["executions"].lower(): furnished.path("/executions/{id}"),
        message: furnished.path("/messages/{id}"),
        message.upper(): furnished.path("/messages/{id}"),
        first.id: furnished.path("/messages/{id}") + "#event-1",
        second.id: furnished.path("/messages/{id}") + "#event-2",
        furnished.ids["deliveries"]: furnished.path("/deliveries/{id}"),
        "delivered@example.com": furnished.path("/messages/{id}"),
        "  Delivered@EXAMPLE.com ": furnished.path("/messages/{id}"),
    }


async def test_one_exact_hit_is_its_page_for_everybody_who_may_look(desk: Desk, receiver: Endpoint) -> None:
    furnished = await furnish(desk, receiver, "order-17")
    vera = await desk.browser("vera")
    for word, page in (await named(desk, furnished)).items():
        answer = await search(vera, word)
        assert (answer.status_code, answer.headers.get("location")) == (303, page), word
        assert (await vera.get(page.partition("#")[0])).status_code == 200


async def test_charlie_finds_nothing_of_it_in_his_own_sandbox(desk: Desk, receiver: Endpoint) -> None:
    furnished = await furnish(desk, receiver, "order-17")
    charlie = await desk.browser("charlie")
    for word in await named(desk, furnished):
        assert (await search(charlie, word)).status_code == 404
        answer = await search(charlie, word, "/admin/other@Org/prod/search")
        assert answer.status_code == 200
        assert "Nothing found" in answer.text, word


async def test_dev_s_messages_are_not_found_in_prod(desk: Desk, receiver: Endpoint) -> None:
    furnished = await furnish(desk, receiver, "order-17")
    ann = await desk.browser("ann")
    for word in await named(desk, furnished):
        assert "Nothing found" in (await search(ann, word, "/admin/acme@Org/prod/search")).text


async def test_several_hits_are_listed_by_kind_with_the_newest_message_first(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    first = await told(desk.house, campaign, "delivered@example.com", request_id="delivered@example.com")
    second = await told(desk.house, campaign, "delivered@example.com")
    text = (await search(ann, "delivered@example.com")).text
    assert "Executions <span" in text
    assert "Messages <span" in text
    order = []
    for execution in (second, first):
        ((message, _, _),) = await desk.house.retour.shelves.recipients(desk.house.dev.id, execution.id)
        order.append(text.index(f"/messages/{message}"))
    assert text.index(f"/executions/{first.id}") < order[0] < order[1]


async def test_of_many_messages_the_newest_are_listed_and_the_rest_is_one_step_away(
    desk: Desk, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retour.limits.SEARCH_HITS", 2)
    campaign = await desk.house.campaign(await desk.house.simulated())
    for _ in range(3):
        await told(desk.house, campaign, "delivered@example.com")
    text = (await search(ann, "delivered@example.com")).text
    assert text.count(f'href="{DEV}/messages/') == 2
    assert "The newest 2." in text
    assert f"{DEV}/events?q=delivered%40example.com" in text


async def test_nothing_found_says_what_can_be_searched_for_and_how_long_it_is_there(
    ann: httpx.AsyncClient,
) -> None:
    for word in ("", "nobody@example.com", "%", "' OR 1=1 --", "HUMA-", "🐘", "../../etc", "a" * 320):
        text = (await search(ann, word)).text
        assert "a requestId" in text, word
        assert "kept for 90 days" in text, word
    assert "Nothing found" in text
    assert "Find a message" in (await ann.get(SEARCH)).text


@pytest.mark.parametrize(
    ("word", "told_so"),
    [
        ("x" * (SEARCH_CHARACTERS + 1), "That is too long"),
        ("x" * 7_000, "That is too long"),
        ("a\0b", "control characters"),
        ("a\x1bb", "control characters"),
    ],
)
async def test_what_no_id_can_be_is_refused_in_words(ann: httpx.AsyncClient, word: str, told_so: str) -> None:
    answer = await search(ann, word)
    assert answer.status_code == 400
    assert told_so in answer.text
    assert "a requestId" in answer.text


async def test_who_was_erased_is_found_by_id_and_not_by_address(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    execution = await told(desk.house, campaign, "delivered@example.com")
    await desk.house.retour.erasure.erase(desk.house.dev, "email", "delivered@example.com")
    assert "Nothing found" in (await search(ann, "delivered@example.com")).text
    assert (await search(ann, execution.id)).status_code == 303
