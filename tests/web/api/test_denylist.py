"""Telephone numbers that get no text messages, by the API: the calls and shapes of the suppression list."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from cast import House
from retour import ids, limits
from retour.audit import Noun
from retour.catalog.suppression import MAIL_ONLY
from retour.stores.handovers import Changed, Step
from retour.suppression import EntryKind, Lesson, LessonKind, learned
from web.api.callers import Api
from web.api.test_suppression import ADDRESSES, ADMIN, NUMBERS, UPLOADS, suppressed, upload

VERA = "+31612345678"


async def hear(house: House, text: str, number: str = VERA) -> None:
    """Somebody answers a text message."""
    await house.retour.opt_outs.heard(house.dev.id, number, text, "text", ids.now())


async def test_a_number_has_the_shape_of_an_entry(house: House, acme: Api) -> None:
    before = ids.now() // 1_000
    given = suppressed("phone", "+31 (0)6-1234 5678", comment="Asked in the shop", user="bob@acme.example")
    (made,) = await acme.post(NUMBERS, given)
    assert made["entity"] == {"type": "phone", "entityValue": VERA}
    told = made["suppressed"]
    assert (told["type"], told["user"], told["comment"], told["reason"]) == (
        "MANUAL",
        "bob@acme.example",
        "Asked in the shop",
        None,
    )
    assert before <= told["date"] == made["creationDate"]
    assert (made["status"], made["listType"], "bounceState" in made) == ("active", "client", False)
    assert made["client"] == {"imsOrgId": acme.org, "sandboxId": house.dev.id}
    for written in (VERA, "%2B31612345678", "+31%206%2012345678"):
        assert await acme.get(f"{NUMBERS}/{written}") == made
    (audited,) = await house.retour.audit.page(house.dev, noun=Noun.SUPPRESSION)
    assert (audited.subject, audited.after["list"]) == (VERA, "SMS denylist")


async def test_numbers_and_addresses_are_lists_of_their_own(acme: Api) -> None:
    await acme.post(NUMBERS, suppressed("phone"))
    await acme.post(ADDRESSES, suppressed("address"))
    for path, value in ((NUMBERS, VERA), (ADDRESSES, "vera@luma.example")):
        (item,) = (await acme.get(path))["items"]
        assert item["entity"]["entityValue"] == value
    assert len((await acme.get(f"{NUMBERS}?property=channel==sms"))["items"]) == 1
    assert (await acme.get(f"{NUMBERS}?property=channel==email"))["items"] == []
    assert "channel==sms" in (await acme.call("GET", f"{NUMBERS}?property=color==red")).text


async def test_an_opt_out_says_the_word_and_who_heard_it(house: House, acme: Api) -> None:
    await hear(house, "Stop!")
    (item,) = (await acme.get(NUMBERS))["items"]
    told = item["suppressed"]
    assert (told["type"], told["comment"], told["user"], told["reason"]) == ("OPT_OUT", "STOP", "text", None)
    assert "bounceState" not in item
    await hear(house, "START")
    assert (await acme.call("GET", f"{NUMBERS}/{VERA}")).status_code == 404


async def test_a_number_that_bounced_says_which_message_did(house: House, acme: Api) -> None:
    lesson = Lesson(
        kind=LessonKind.HARD,
        address=VERA,
        reason="Unknown Subscriber",
        message_id="m1",
        now=1_600_000_000_123_456,
        of=EntryKind.NUMBER,
    )
    step = Step(statement="suppression_learn", values=learned(house.dev.id, lesson, ids.new_id()))
    await house.retour.store.write(Changed(steps=(step,)))
    (item,) = (await acme.get(NUMBERS))["items"]
    assert (item["suppressed"]["type"], item["suppressed"]["reason"]) == ("HARD", "Unknown Subscriber")
    event = {
        "messageId": "m1",
        "date": "2020-09-13T12:26:40.123Z",
        "message": "Unknown Subscriber",
        "bounceType": "HARD",
    }
    assert item["bounceState"] == {"softCount": 0, "bounceEvents": [event]}


async def test_a_number_is_deleted_once_however_it_is_written(acme: Api) -> None:
    await acme.post(NUMBERS, suppressed("phone"))
    assert (await acme.call("DELETE", f"{NUMBERS}/+31-6-12345678")).status_code == 204
    assert (await acme.call("DELETE", f"{NUMBERS}/{VERA}")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        [],
        suppressed("phone", "0612345678"),
        suppressed("phone", "31612345678"),
        suppressed("phone", "+"),
        suppressed("phone", "+31 or so"),
        suppressed("phone", "call +31612345678"),
        suppressed("phone", "+999123456789"),
        suppressed("phone", "+3161234567890123456"),
        suppressed("phone", "+31612345678\r\nx"),
        suppressed("phone", "+" + "1" * 9_999),
        suppressed("phone", "\u202e+31612345678"),
        suppressed("address"),
        suppressed("domain"),
        suppressed("phone", comment="x" * 257),
        suppressed("phone", comment="a\x00b"),
        suppressed("phone") + suppressed("phone", "x"),
        [{"entity": {"type": "phone"}}],
        {"entity": {"type": "phone", "entityValue": VERA}},
        suppressed("phone") * (limits.SUPPRESSION_ENTRIES + 1),
    ],
)
async def test_a_wrong_number_is_refused_and_nothing_is_added(acme: Api, body: Any) -> None:
    answer = await acme.call("POST", NUMBERS, body)
    assert answer.status_code in (400, 422)
    assert (await acme.get(NUMBERS))["items"] == []


async def test_what_is_no_number_is_told_with_what_to_write(acme: Api) -> None:
    answer = await acme.call("POST", NUMBERS, suppressed("phone", "0612345678"))
    assert answer.json()["report"]["additionalContext"]["[0].entity.entityValue"] == (
        "Enter a telephone number with + and the country code, as in +31612345678."
    )


@pytest.mark.parametrize(
    "number", ["x", "%00", "'", "%2B31612345678%00", "+" + "9" * 400, "%F0%9F%93%B1", "+31612345679"]
)
async def test_a_number_that_is_not_listed_is_not_found(acme: Api, number: str) -> None:
    for method in ("GET", "DELETE"):
        assert (await acme.call(method, f"{NUMBERS}/{number}")).status_code == 404


async def test_the_allowed_list_takes_no_numbers(acme: Api) -> None:
    calls: list[httpx.Response] = [
        await acme.call("GET", f"{NUMBERS}?type=allowed"),
        await acme.call("POST", f"{NUMBERS}?type=allowed", suppressed("phone")),
        await acme.call("GET", f"{NUMBERS}/{VERA}?listType=ALLOWED"),
        await acme.call("DELETE", f"{NUMBERS}/{VERA}?type=allowed"),
    ]
    for answer in calls:
        assert (answer.status_code, MAIL_ONLY in answer.text) == (400, True)
    job = await upload(acme, f"PHONE,{VERA},\n", "?type=allowed")
    assert (job["status"], job["failedRecords"][0]["failureReason"]) == ("ERROR", MAIL_ONLY)


async def test_a_file_may_hold_all_kinds(acme: Api) -> None:
    rows = f"EMAIL,one@luma.example,\nphone,{VERA},shop\nPHONE,0612345678,\nDOMAIN,luma.example,\n"
    job = await upload(acme, rows)
    assert (job["status"], job["handledCount"], job["failedCount"]) == ("COMPLETE", 4, 1)
    assert job["failedRecords"] == [
        {
            "type": "PHONE",
            "value": "0612345678",
            "comments": "",
            "failureReason": "Enter a telephone number with + and the country code, as in +31612345678.",
        }
    ]
    assert (await acme.get(f"{NUMBERS}/{VERA}"))["suppressed"]["comment"] == "shop"


async def test_a_list_of_numbers_is_read_page_by_page(acme: Api) -> None:
    await acme.post(NUMBERS, [suppressed("phone", f"+3161234567{last}")[0] for last in range(5)])
    seen, path = "", f"{NUMBERS}?limit=2&orderby=%2Bcreationdate"
    while path:
        page = await acme.get(path)
        seen += "".join(item["entity"]["entityValue"][-1] for item in page["items"])
        path = page["_links"]["next"]["href"] if page["_links"]["next"] else ""
    assert sorted(seen) == list("01234")


async def test_wiping_leaves_who_has_opted_out(house: House, acme: Api) -> None:
    await acme.post(NUMBERS, suppressed("phone", "+31687654321"))
    await hear(house, "STOP")
    assert (await acme.call("DELETE", f"{ADMIN}/{acme.org}/{house.dev.id}")).status_code == 202
    assert [item["entity"]["entityValue"] for item in (await acme.get(NUMBERS))["items"]] == [VERA]


async def test_charlie_sees_and_changes_nothing(house: House, acme: Api, charlie: Api) -> None:
    await acme.post(NUMBERS, suppressed("phone"))
    assert (await charlie.get(NUMBERS))["items"] == []
    assert (await charlie.call("GET", f"{NUMBERS}/{VERA}")).status_code == 404
    assert (await charlie.call("DELETE", f"{NUMBERS}/{VERA}")).status_code == 404
    await charlie.post(NUMBERS, suppressed("phone", comment="Charlie's"))
    assert (await acme.get(f"{NUMBERS}/{VERA}"))["suppressed"]["comment"] == ""
    assert (await charlie.get(UPLOADS))["items"] == []
