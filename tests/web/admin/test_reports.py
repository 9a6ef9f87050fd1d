"""Reports: the numbers of one's own sandbox by period and channel, as charts, tables and CSV."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from cast import House
from outside.https import Endpoint
from retour import ids, limits
from retour.model import Sandbox
from retour.stores.handovers import Changed, Step
from retour.stores.tallies import TallyKind
from rooms.steps import post_due, send_due
from web.admin.desk import DEV, Desk, Read
from web.admin.test_every_page import check_sound

REPORTS = f"{DEV}/reports"
OTHER = "/admin/other@Org/prod"


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands in the middle of a minute, so that no bucket ends while it is looked at."""
    now = ids.now()
    middle = now - now % limits.MINUTE + limits.MINUTE // 2
    monkeypatch.setattr(ids, "now", lambda: middle)


async def count(
    house: House, kind: TallyKind, key: str, n: int, ago: int = 0, sandbox: Sandbox | None = None
) -> None:
    """So many of something, so many microseconds ago."""
    at = ids.now() - ago
    place = {"sandbox": (sandbox or house.dev).id, "at": at - at % limits.MINUTE, "kind": kind, "key": key}
    step = Step(statement="tally_add", values=place | {"part": "", "n": n})
    await house.retour.store.write(Changed(steps=(step,)))


async def rows(ann: httpx.AsyncClient, query: str) -> list[list[str]]:
    """A CSV, without its header."""
    answer = await ann.get(f"{REPORTS}/csv?{query}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.text)))[1:]


async def test_an_empty_sandbox_has_axes_and_says_so(ann: httpx.AsyncClient) -> None:
    text = (await ann.get(REPORTS)).text
    assert text.count("No messages in this period") == 2  # seen, and in the chart's name
    assert text.count('<line class="axis"') == 3
    assert "No bounces or errors in this period." in text
    assert "NaN" not in text


async def test_what_happened_in_the_house_is_in_the_report(desk: Desk, ann: httpx.AsyncClient) -> None:
    house = desk.house
    configuration = await house.simulated()
    await house.webhook("https://127.0.0.1:1/x")
    campaign = await house.campaign(configuration)
    await house.execute(campaign, "delivered@example.com", "mailbox-full@example.com", "nobody@example.com")
    await send_due(house, configuration)
    await post_due(house)
    text = (await ann.get(f"{REPORTS}?period=1h")).text
    assert ">Connect failed<" in text
    (last,) = [row for row in await rows(ann, "report=outcomes&period=1h") if row[3] != "0"]
    assert last[3] == "3"
    failed = sum(int(row[4]) for row in await rows(ann, "report=success&period=1h"))
    assert failed > 0


async def test_tiles_have_a_share_and_the_change_against_the_period_before(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    house = desk.house
    ago = 5 * limits.MINUTE
    await count(house, TallyKind.ACCEPTED, "email", 200, ago)
    await count(house, TallyKind.FEEDBACK, "email:sent", 150, ago)
    await count(house, TallyKind.FEEDBACK, "email:delivered", 75, ago)
    await count(house, TallyKind.FEEDBACK, "email:sent", 100, ago + limits.HOUR)
    text = (await ann.get(f"{REPORTS}?period=1h")).text
    assert "<dd>150</dd>" in text
    assert "75% of accepted" in text
    assert "50% of sent" in text
    assert "+50.0% on the hour before" in text
    assert "None the hour before" in text


@pytest.mark.parametrize(("period", "buckets"), [("1h", 60), ("24h", 96), ("7d", 84), ("30d", 60)])
async def test_each_period_has_its_buckets_and_marks_the_one_that_is_not_over(
    desk: Desk, ann: httpx.AsyncClient, period: str, buckets: int
) -> None:
    await count(desk.house, TallyKind.FEEDBACK, "email:sent", 7)
    text = (await ann.get(f"{REPORTS}?period={period}")).text
    assert text.count('<rect class="hit"') == 3 * buckets
    assert text.count('<rect class="open"') == 3
    assert "(not complete): Delivered 0, Sent, not known to be delivered 7" in text
    found = await rows(ann, f"report=outcomes&period={period}")
    assert len(found) == buckets
    assert [row[2] for row in found] == ["yes"] * (buckets - 1) + ["no"]
    check_sound(period, text)


async def test_a_channel_is_chosen_in_the_address(desk: Desk, ann: httpx.AsyncClient) -> None:
    for channel, n in (("email", 40), ("sms", 2)):
        await count(desk.house, TallyKind.FEEDBACK, f"{channel}:sent", n)
        await count(desk.house, TallyKind.REASON, f"{channel}:bounce:22", n)
    for query, shown in (("", 42), ("?channel=email", 40), ("?channel=sms&period=1h", 2)):
        text = (await ann.get(f"{REPORTS}{query}")).text
        assert f"<dd>{shown}</dd>" in text, query
        assert f'<td class="r num">{shown}</td>' in text, query
    page = Read((await ann.get(f"{REPORTS}?channel=sms&period=7d")).text)
    links = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href") and "csv" in value]
    assert len(links) == 5
    assert all("channel=sms" in link and "period=7d" in link for link in links)
    for link in links:
        assert (await ann.get(link)).headers["content-disposition"].startswith("attachment;")


async def test_a_lone_attempt_is_a_dot_and_the_rest_a_gap(desk: Desk, ann: httpx.AsyncClient) -> None:
    await count(desk.house, TallyKind.ANSWER, "200", 1)
    text = (await ann.get(f"{REPORTS}?period=1h")).text
    assert text.count("M991.67 0.0h0") == 1
    found = [row[-1] for row in await rows(ann, "report=success&period=1h")]
    assert found == [""] * 59 + ["100"]


async def test_an_address_that_names_nothing_leads_to_the_report(ann: httpx.AsyncClient) -> None:
    for query in ("?period=2h", "?channel=fax", "/csv?report=money", "/csv?period=x&report=latency"):
        answer = await ann.get(REPORTS + query)
        assert (answer.status_code, answer.headers["location"]) == (303, REPORTS), query


async def test_more_reasons_than_lines_are_in_the_csv(desk: Desk, ann: httpx.AsyncClient) -> None:
    for code in range(100, 100 + limits.LIST_LINES + 3):
        await count(desk.house, TallyKind.REASON, f"sms:bounce:{code}", 1)
    assert "3 more in the CSV." in (await ann.get(REPORTS)).text
    assert len(await rows(ann, "report=reasons")) == limits.LIST_LINES + 3


async def test_a_hostile_code_is_text_in_the_page_and_no_formula_in_the_csv(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    await count(desk.house, TallyKind.REASON, "sms:bounce:=<script>alert(1)</script>", 3)
    text = (await ann.get(REPORTS)).text
    assert "<script>alert" not in text
    assert "=&lt;script&gt;alert(1)" in text
    assert await rows(ann, "report=reasons") == [["'=<script>alert(1)</script>", "Bounce", "3"]]


async def test_vera_reads_reports_and_charlie_sees_only_his_own(desk: Desk) -> None:
    await count(desk.house, TallyKind.FEEDBACK, "email:sent", 4_321)
    vera, charlie = await desk.browser("vera"), await desk.browser("charlie")
    assert "4,321" in (await vera.get(REPORTS)).text
    assert (await charlie.get(REPORTS)).status_code == 404
    assert (await charlie.get(f"{REPORTS}/csv")).status_code == 404
    assert "4,321" not in (await charlie.get(f"{OTHER}/reports")).text
    assert "4321" not in (await charlie.get(f"{OTHER}/reports/csv?report=outcomes")).text


async def test_when_an_answer_would_be_cut_off_each_kind_is_asked_for_by_itself(
    desk: Desk, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TALLY_ROWS", 3)
    await count(desk.house, TallyKind.ACCEPTED, "email", 5, limits.MINUTE)
    await count(desk.house, TallyKind.FEEDBACK, "email:sent", 6, limits.MINUTE)
    await count(desk.house, TallyKind.ANSWER, "200", 7, limits.MINUTE)
    await count(desk.house, TallyKind.FEEDBACK, "sms:sent", 8)
    text = (await ann.get(f"{REPORTS}?period=1h")).text
    assert "<dd>14</dd>" in text
    assert '<td class="r num">7</td>' in text


async def test_the_inventory_tells_the_success_of_a_day_and_an_hour(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    house, inventory = desk.house, f"{DEV}/feedback-webhooks"
    await house.webhook(receiver.url("/x"))
    text = (await ann.get(inventory)).text
    assert "No attempts" in text
    assert "Not used yet" in text
    await count(house, TallyKind.ANSWER, "200", 95, 3 * limits.HOUR)
    await count(house, TallyKind.ANSWER, "503", 5, 3 * limits.HOUR)
    text = (await ann.get(inventory)).text
    assert "95%" in text
    assert "Failing" not in text
    await count(house, TallyKind.ANSWER, "timeout", 5)
    await count(house, TallyKind.ANSWER, "200", 44)
    assert "Failing" in (await ann.get(inventory)).text
    await count(house, TallyKind.ANSWER, "200", 10)
    assert "Failing" not in (await ann.get(inventory)).text
