"""Feedback events on the pages: the list with its filters and its empty states, and the same as CSV."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlencode

import httpx
import pytest

from cast import House, until
from retour import ids, intake, limits
from retour.model import Campaign, Execution, RecipientStatus
from retour.web.admin import sheets
from retour.web.admin.views import events
from web.admin.desk import DEV, Desk, Read
from web.admin.walk import HOSTILE

LIST = f"{DEV}/events"
FINAL = {RecipientStatus.DELIVERED, RecipientStatus.BOUNCED, RecipientStatus.ERROR}


async def told(house: House, campaign: Campaign, *addresses: str, request_id: str | None = None) -> Execution:
    """An execution of which every recipient's fate is known."""
    execution = await house.execute(campaign, *addresses, request_id=request_id)

    async def over() -> bool:
        rows = await house.retour.shelves.recipients(house.dev.id, execution.id)
        return all(status in FINAL for _, _, status in rows)

    async with house.working():
        await until(over)
    return execution


def shown(text: str) -> list[str]:
    """`message#event` of each row."""
    links = [value for tag, name, value in Read(text).attributes if tag == "a" and name == "href"]
    return [link.partition("/messages/")[2] for link in links if link.startswith(f"{DEV}/messages/")]


async def test_the_list_tells_what_happened_to_whom_and_why(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    await told(desk.house, campaign, "bounce@example.com", request_id="order-17")
    text = (await ann.get(LIST)).text
    for word in ("bounce@example.com", "Password reset", "order-17", "Email", "Kept for 90 days"):
        assert word in text, word
    assert "Invalid Recipient (code 10, Hard)" in text
    assert len(shown(text)) == 1
    (link,) = shown(text)
    page = await ann.get(f"{DEV}/messages/{link}")
    assert f'id="{link.partition("#")[2]}"' in page.text


async def test_each_filter_stands_in_the_address_and_picks(desk: Desk, ann: httpx.AsyncClient) -> None:
    house = desk.house
    mail = await house.campaign(await house.simulated(), name="Mail")
    text = await house.campaign(
        await house.simulated("sms"), name="Text", channel="sms", identity_namespace="phone"
    )
    await told(house, mail, "bounce@example.com", "delivered@example.com")
    await told(house, text, "+15550100")

    async def rows(**query: str) -> int:
        answer = (await ann.get(f"{LIST}?{urlencode(query)}")).text
        for name, value in query.items():
            assert (name, value) in [field for form in Read(answer).forms for field in form]
        return len(shown(answer))

    assert await rows() == 5
    assert await rows(status="bounce") == 1
    assert await rows(status="sent") == 2
    assert await rows(channel="sms") == 2
    assert await rows(campaign=mail.id) == 3
    assert await rows(campaign=text.id, status="bounce") == 0
    assert await rows(period="1h") == 5
    assert await rows(status="exclude", channel="email", period="7d") == 0


async def test_a_choice_of_campaigns_is_not_endless_and_names_the_rest_all_the_same(
    desk: Desk, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CAMPAIGNS_OFFERED", 1)
    configuration = await desk.house.simulated()
    old = await desk.house.campaign(configuration, name="The old one")
    await desk.house.campaign(configuration, name="The new one")
    await told(desk.house, old, "bounce@example.com")
    await desk.house.retour.campaigns.stop(desk.house.dev, old.id)
    text = (await ann.get(LIST)).text
    assert "The new one" in text
    assert "The old one" in text
    assert len(shown((await ann.get(f"{LIST}?campaign={old.id}")).text)) == 1


async def test_of_one_message_the_last_events_are_listed(
    desk: Desk, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EVENTS_OF_MESSAGE", 1)
    campaign = await desk.house.campaign(await desk.house.simulated())
    await told(desk.house, campaign, "delivered@example.com")
    (link,) = shown((await ann.get(f"{LIST}?q=delivered@example.com")).text)
    assert link.endswith("#event-2")


async def test_a_text_is_an_id_or_a_recipient_and_other_filters_still_hold(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    house = desk.house
    campaign = await house.campaign(await house.simulated())
    execution = await told(
        house, campaign, "delivered@example.com", "bounce@example.com", request_id="order-17"
    )
    await told(house, campaign, "delivered@example.com")
    rows = await house.retour.shelves.recipients(house.dev.id, execution.id)
    (message,) = [row[0] for row in rows if row[1] == "delivered@example.com"]
    event = (await house.retour.shelves.events(house.dev.id, message))[0]

    async def count(text: str, **query: str) -> int:
        return len(shown((await ann.get(f"{LIST}?{urlencode({'q': text, **query})}")).text))

    assert await count("order-17") == 3
    assert await count(f"  {execution.id.lower()} ") == 3
    assert await count(message.upper()) == 2
    assert await count(event.id) == 2
    assert await count("DELIVERED@Example.com") == 4
    assert await count("delivered@example.com", status="sent") == 2
    assert await count("delivered@example.com", status="bounce") == 0
    assert await count("order-17", period="1h", campaign=campaign.id, channel="email") == 3
    assert await count("order-17", channel="sms") == 0
    assert await count("order-1") == 0


async def test_pages_go_on_where_the_one_before_ended(
    desk: Desk, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "ROWS", 7)
    monkeypatch.setattr(limits, "MESSAGES_SCANNED", 3)
    campaign = await desk.house.campaign(await desk.house.simulated())
    await told(desk.house, campaign, *(f"delivered+{number}@example.com" for number in range(9)))
    for _ in range(4):
        await told(desk.house, campaign, "delivered@example.com")

    async def walk(path: str) -> list[str]:
        seen: list[str] = []
        while path:
            text = (await ann.get(path)).text
            seen += shown(text)
            links = [value for tag, name, value in Read(text).attributes if tag == "a" and name == "href"]
            path = next((link for link in links if "before=" in link), "")
        return seen

    whole = await walk(LIST)
    assert len(whole) == len(set(whole)) == 26
    assert len(await walk(f"{LIST}?status=sent")) == 13
    assert len(set(await walk(f"{LIST}?q=delivered@example.com"))) == 8
    assert set(await walk(f"{LIST}?q=delivered@example.com&status=sent")) < set(whole)


async def test_a_list_that_ends_before_everything_was_searched_says_so(
    desk: Desk, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EVENTS_SCANNED", 3)
    campaign = await desk.house.campaign(await desk.house.simulated())
    await told(desk.house, campaign, *(f"delivered+{number}@example.com" for number in range(4)))
    text = (await ann.get(f"{LIST}?channel=sms")).text
    assert "No feedback events match" in text
    assert "Searched back to" in text
    assert "Search further back" in text
    assert "Searched back to" not in (await ann.get(LIST)).text


async def test_there_are_three_kinds_of_nothing(desk: Desk, ann: httpx.AsyncClient) -> None:
    assert "No campaign in dev" in (await ann.get(LIST)).text
    await desk.draft()
    assert "No feedback events yet" in (await ann.get(LIST)).text
    for query in ("status=bounce", "q=nobody", "period=1h"):
        text = (await ann.get(f"{LIST}?{query}")).text
        assert "No feedback events match" in text
        assert "Clear the filters" in text


@pytest.mark.parametrize(
    "query",
    ["status=gone", "channel=fax", "period=1y", "before=%00", "campaign=" + "x" * 65, "before=" + "~" * 65],
)
async def test_what_can_not_be_chosen_leads_to_the_whole_list(ann: httpx.AsyncClient, query: str) -> None:
    for path in (LIST, LIST + "/csv"):
        answer = await ann.get(f"{path}?{query}")
        assert (answer.status_code, answer.headers["location"]) == (303, LIST)


async def test_a_text_that_names_nothing_is_refused_kindly(ann: httpx.AsyncClient) -> None:
    for text in ("x" * 321, "a\0b", "a\nb"):
        answer = await ann.get(LIST, params={"q": text})
        assert answer.status_code == 200
        assert "Nothing was searched for" in answer.text


async def test_hostile_people_are_text(desk: Desk, ann: httpx.AsyncClient) -> None:
    house = desk.house
    campaign = await house.campaign(await house.simulated(), name=HOSTILE[:90], identity_namespace="crm")
    person = intake.Recipient(
        kind="external", user_id=HOSTILE, namespace="crm", email_address="delivered@example.com"
    )
    request = intake.Request(
        request_id=HOSTILE[:100], campaign_id=campaign.id, recipients=(person,), hash=b"hash"
    )
    execution = await house.retour.intake.accept(house.dev, request, HOSTILE)
    ((message, _, _),) = await house.retour.shelves.recipients(house.dev.id, execution.id)

    async def both() -> bool:
        return len(await house.retour.shelves.events(house.dev.id, message)) == 2

    async with house.working():
        await until(both)
    paths = [LIST, f"{DEV}/messages/{message}", f"{DEV}/executions/{execution.id}"]
    paths += [f"{LIST}?{urlencode({'q': HOSTILE})}", f"{DEV}/search?{urlencode({'q': HOSTILE})}"]
    for path in paths:
        text = (await ann.get(path)).text
        assert "&lt;script&gt;alert(1)" in text, path
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
    assert shown((await ann.get(paths[3])).text) != []


# --- CSV ---


async def sheet(client: httpx.AsyncClient, query: str = "") -> list[dict[str, str]]:
    """The rows of the download."""
    answer = await client.get(f"{LIST}/csv{query}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="feedback-events.csv"'
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_the_download_has_the_rows_of_the_filtered_list(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    await told(desk.house, campaign, "bounce@example.com", "delivered@example.com", request_id="=1+1")
    rows = await sheet(ann)
    assert sorted(row["status"] for row in rows) == ["bounce", "delivered", "sent"]
    (bounce,) = await sheet(ann, "?status=bounce")
    assert (bounce["failure_code"], bounce["failure_reason"]) == ("10", "Invalid Recipient")
    assert (bounce["user_id"], bounce["request_id"]) == ("bounce@example.com", "'=1+1")
    assert f"{LIST}/csv?status=bounce" in (await ann.get(f"{LIST}?status=bounce")).text
    assert await sheet(ann, "?q=nobody") == []


async def test_a_download_that_is_cut_off_says_so_in_its_last_line(
    desk: Desk, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    await told(desk.house, campaign, *(f"delivered+{number}@example.com" for number in range(4)))
    monkeypatch.setattr(events, "CSV_CHUNK", 3)
    assert len(await sheet(ann)) == 8
    monkeypatch.setattr(limits, "CSV_ROWS", 5)
    *rows, last = await sheet(ann)
    assert len(rows) == 5
    assert last["time"].startswith("Cut off: what is older than 2")
    monkeypatch.setattr(limits, "EVENTS_SCANNED", 2)
    monkeypatch.setattr(limits, "CSV_PAGES", 2)
    (only,) = await sheet(ann, "?channel=sms")
    assert only["time"].startswith("Cut off")


@pytest.mark.parametrize("value", ["=cmd|' /C calc'!A0", "+15550100", "-1", "@SUM(1)", "\tx", "\rx"])
def test_what_a_spreadsheet_would_compute_is_text(value: str) -> None:
    ((cell,),) = csv.reader(io.StringIO(sheets.lines([[value]]).decode(), newline=""))
    assert cell == f"'{value}"


def test_everything_else_stays_what_it_is() -> None:
    values = ["a,b", 'say "hi"', "two\nlines", "ann@example.com", "", "17"]
    (row,) = csv.reader(io.StringIO(sheets.lines([values]).decode(), newline=""))
    assert row == values


# --- who ---


async def test_vera_may_look_and_charlie_finds_nothing(desk: Desk) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    await told(desk.house, campaign, "delivered@example.com", request_id="order-17")
    vera, charlie = await desk.browser("vera"), await desk.browser("charlie")
    assert len(await sheet(vera)) == 2
    assert len(shown((await vera.get(LIST)).text)) == 2
    for query in ("", "?q=order-17", "?q=delivered@example.com"):
        assert (await charlie.get(LIST + query)).status_code == 404
        assert (await charlie.get(f"{LIST}/csv{query}")).status_code == 404
        own = await charlie.get(f"/admin/other@Org/prod/events{query}")
        assert own.status_code == 200
        assert "order-17</code>" not in own.text
        assert "/messages/" not in own.text


def test_the_time_of_an_id_is_the_time_at_which_it_was_made() -> None:
    before = ids.now()
    made = ids.id_time(ids.new_id())
    assert before - 1_000 < made <= ids.now()
    assert ids.id_time(ids.first_id(before)) == before // 1_000 * 1_000
    assert ids.first_id(before) < ids.new_id() < ids.first_id(before + limits.DAY)
