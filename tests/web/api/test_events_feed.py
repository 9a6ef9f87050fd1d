"""GET /ajo/feedback/events: the feed, read as a program reads it that asks again and again."""

from __future__ import annotations

from functools import partial

import pytest

from cast import House, until
from docs.pages import page as paper
from docs.pages import sections
from retour import ids, limits
from web.admin.test_events import told
from web.api.callers import WEBHOOKS, Api, refusal, webhook

EVENTS = "/ajo/feedback/events"
ROW = {"id", "messageId", "sequence", "status", "channel", "at", "body"}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some time after what happens in a test: the feed ends a little before now."""
    real = ids.now
    monkeypatch.setattr("retour.web.api.events.ids.now", lambda: real() + 2 * limits.FEED_LAG)


async def some(house: House, campaign_id: str, *addresses: str) -> None:
    """Messages whose fate is known."""
    await told(house, await house.retour.campaigns.get(house.dev, campaign_id), *addresses)


async def test_every_event_is_there_oldest_first_with_the_webhook_s_body(
    house: House, acme: Api, campaign_id: str, later: None
) -> None:
    await acme.post(WEBHOOKS, webhook())
    await some(house, campaign_id, "delivered@example.com", "bounce@example.com")
    page = await acme.get(EVENTS)
    assert page["_page"]["count"] == len(page["data"]) == 3
    assert all(set(row) == ROW for row in page["data"])
    assert sorted(row["status"] for row in page["data"]) == ["bounce", "delivered", "sent"]
    assert [row["id"] for row in page["data"]] == sorted(row["id"] for row in page["data"])
    for row in page["data"]:
        assert row["body"]["_id"] == row["id"]
        assert row["body"]["retour"]["sequence"] == row["sequence"]
        frozen = (await house.retour.shelves.events(house.dev.id, row["messageId"]))[row["sequence"] - 1]
        assert frozen.id == row["id"]


async def test_a_reader_that_goes_on_with_next_has_each_event_once(
    house: House, acme: Api, campaign_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FEED_LAG", 0)
    after = ""
    seen: list[str] = []

    async def read(count: int) -> bool:
        nonlocal after
        page = await acme.get(f"{EVENTS}?limit=2&after={after}")
        seen.extend(row["id"] for row in page["data"])
        after = page["_page"]["next"]
        return len(seen) >= count

    for number in range(3):
        await some(house, campaign_id, f"delivered+{number}@example.com", "bounce@example.com")
        await until(partial(read, 3 * number + 3))
    assert len(seen) == len(set(seen)) == 9
    assert not await read(10)


async def test_what_happened_a_moment_ago_is_told_a_little_later(
    house: House, acme: Api, campaign_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await some(house, campaign_id, "bounce@example.com")
    page = await acme.get(EVENTS)
    assert page["data"] == []
    real = ids.now
    monkeypatch.setattr("retour.web.api.events.ids.now", lambda: real() + 2 * limits.FEED_LAG)
    page = await acme.get(f"{EVENTS}?after={page['_page']['next']}")
    assert [row["status"] for row in page["data"]] == ["bounce"]


async def test_one_status_alone_can_be_read(house: House, acme: Api, campaign_id: str, later: None) -> None:
    await some(house, campaign_id, "delivered@example.com", "bounce@example.com")
    page = await acme.get(f"{EVENTS}?status=bounce")
    assert [row["status"] for row in page["data"]] == ["bounce"]
    assert (await acme.get(f"{EVENTS}?status=error"))["data"] == []


async def test_a_body_that_is_removed_is_null(house: House, acme: Api, campaign_id: str, later: None) -> None:
    await some(house, campaign_id, "bounce@example.com")
    await house.retour.erasure.erase(house.dev, "email", "bounce@example.com")
    assert [row["body"] for row in (await acme.get(EVENTS))["data"]] == [None]


async def test_charlie_and_the_other_sandbox_see_nothing(
    house: House, acme: Api, charlie: Api, campaign_id: str, later: None
) -> None:
    await some(house, campaign_id, "delivered@example.com")
    assert len((await acme.get(EVENTS))["data"]) == 2
    assert (await charlie.get(EVENTS))["data"] == []
    assert (await acme.at("prod").get(EVENTS))["data"] == []
    first = (await acme.get(f"{EVENTS}?limit=1"))["_page"]["next"]
    assert (await charlie.get(f"{EVENTS}?after={first}"))["data"] == []
    answer = await charlie.at("dev").call("GET", EVENTS)
    assert answer.status_code == 404


def test_the_page_tells_the_numbers() -> None:
    (told_there,) = [text for path, text in sections(paper("api.md"), 3).items() if EVENTS in path]
    assert f"ends {limits.FEED_LAG // limits.SECOND} seconds before now" in told_there
    assert f"{limits.SENDING_LEASE // limits.SECOND} seconds at most" in told_there
    assert f"looks at {limits.EVENTS_SCANNED:,} events at most" in told_there


async def test_a_wrong_query_is_told_with_its_name(acme: Api) -> None:
    for query, path in (
        ("status=gone", "status"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("after=~", "after"),
        ("after=%00", "after"),
        ("after=01A20BDB-7FCE", "after"),
        ("after=01a20bdb-7fce-", "after"),
        (f"after={'0' * 5_000}", "after"),
    ):
        assert path in refusal(await acme.call("GET", f"{EVENTS}?{query}"), 400, "000111"), query
