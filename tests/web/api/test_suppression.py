"""Suppressed and allowed addresses and domains by the API, as a client of Adobe's suppression API uses it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from cast import House, until
from retour import ids, limits
from retour.audit import Deed, Noun
from retour.stores.handovers import Changed, Step
from retour.suppression import Lesson, LessonKind, ListName, learned
from web.api.callers import Api

BASE = "/ajo/config/suppression"
ADDRESSES, DOMAINS, NUMBERS, UPLOADS, ADMIN = (
    f"{BASE}/{noun}" for noun in ("addresses", "domains", "numbers", "uploads", "admin")
)
USUAL = {
    "address": ("email", "vera@luma.example"),
    "domain": ("domain", "luma.example"),
    "phone": ("phone", "+31612345678"),
}
HEADER = "TYPE,VALUE,COMMENT\n"


def suppressed(kind: str, value: str = "", **more: Any) -> list[dict[str, Any]]:
    """What a client posts for one entry."""
    word, usual = USUAL[kind]
    return [{"entity": {"type": word, "entityValue": value or usual}, **more}]


async def upload_file(api: Api, raw: bytes, query: str = "", name: str = "file") -> httpx.Response:
    """One call, in the form that programs send files in."""
    headers = {key: value for key, value in api.headers.items() if key != "content-type"}
    return await api.client.post(
        f"{UPLOADS}{query}", files={name: ("list.csv", raw, "text/csv")}, headers=headers
    )


async def upload(api: Api, rows: str, query: str = "") -> dict[str, Any]:
    """The job of an upload, when it is over."""
    answer = await upload_file(api, (HEADER + rows).encode(), query)
    assert answer.status_code == 201, answer.text
    path = f"{UPLOADS}/{answer.json()['success']['jobId']}"

    async def over() -> bool:
        return (await api.get(path))["status"] in ("COMPLETE", "ERROR")

    await until(over)
    job: dict[str, Any] = await api.get(path)
    return job


async def test_an_entry_has_adobe_s_shape(house: House, acme: Api) -> None:
    before = ids.now() // 1_000
    given = suppressed("address", "Vera@LUMA.example", comment="Asked", user="bob@acme.example")
    (made,) = await acme.post(ADDRESSES, given)
    assert made["entity"] == {"type": "email", "entityValue": "vera@luma.example"}
    told = made["suppressed"]
    assert (told["type"], told["user"], told["comment"]) == ("MANUAL", "bob@acme.example", "Asked")
    assert before <= told["date"] == made["creationDate"] == made["lastModifiedDate"]
    assert (made["status"], made["listType"]) == ("active", "client")
    assert made["client"] == {"imsOrgId": acme.org, "sandboxId": house.dev.id}
    assert made["bounceState"] == {"softCount": 0, "bounceEvents": []}
    assert await acme.get(f"{ADDRESSES}/vera@luma.example") == made


async def test_a_domain_is_kept_in_a_labels(acme: Api) -> None:
    (made,) = await acme.post(DOMAINS, suppressed("domain", "Bücher.example"))
    assert made["entity"] == {"type": "domain", "entityValue": "xn--bcher-kva.example"}
    assert "bounceState" not in made
    assert (await acme.get(f"{DOMAINS}/bücher.example"))["id"] == made["id"]


async def test_the_two_lists_are_apart_and_asked_for_by_either_word(acme: Api) -> None:
    await acme.post(f"{ADDRESSES}?type=allowed", suppressed("address", "a@luma.example"))
    await acme.post(ADDRESSES, suppressed("address", "b@luma.example"))
    found = {
        query: [item["entity"]["entityValue"] for item in (await acme.get(ADDRESSES + query))["items"]]
        for query in ("", "?type=client", "?type=CLIENT", "?type=allowed", "?listType=ALLOWED")
    }
    assert list(found.values()) == [["b@luma.example"]] * 3 + [["a@luma.example"]] * 2
    assert (await acme.call("GET", f"{ADDRESSES}?type=blocked")).status_code == 400


async def test_a_list_is_read_page_by_page_in_both_orders(acme: Api) -> None:
    for number in range(5):
        await acme.post(ADDRESSES, suppressed("address", f"n{number}@luma.example"))
    for order, expected in (
        ("", "43210"),
        ("&orderby=-creationdate", "43210"),
        ("&orderby=+creationdate", "01234"),
    ):
        seen, path = "", f"{ADDRESSES}?limit=2{order}"
        while path:
            page = await acme.get(path)
            assert page["_page"]["count"] == len(page["items"])
            seen += "".join(item["entity"]["entityValue"][1] for item in page["items"])
            path = page["_links"]["next"]["href"] if page["_links"]["next"] else ""
            assert bool(path) == (page["_page"]["next"] is not None)
        assert seen == expected


async def test_a_list_is_filtered_by_date_and_channel(acme: Api) -> None:
    (made,) = await acme.post(ADDRESSES, suppressed("address"))
    at = made["creationDate"]
    counts = {}
    for sign, moved in (("<", 0), ("<=", 0), (">", 0), (">=", 0), ("==", 0), ("<", 1), (">", -1)):
        page = await acme.get(f"{ADDRESSES}?property=creationdate{sign}{at + moved}")
        counts[f"{sign}{moved}"] = len(page["items"])
    assert counts == {"<0": 0, "<=0": 1, ">0": 0, ">=0": 1, "==0": 1, "<1": 1, ">-1": 1}
    assert len((await acme.get(f"{ADDRESSES}?property=channel==email"))["items"]) == 1
    assert (await acme.get(f"{ADDRESSES}?property=channel==sms"))["items"] == []


@pytest.mark.parametrize(
    "query",
    ["?limit=0", "?limit=1001", "?limit=x", "?orderby=name", "?start='", "?property=color==red", "?type=x"],
)
async def test_a_wrong_query_is_refused_with_what_to_use(acme: Api, query: str) -> None:
    answer = await acme.call("GET", ADDRESSES + query)
    assert answer.status_code == 400
    assert "Use " in answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ADDRESSES, []),
        (ADDRESSES, suppressed("address", "nobody")),
        (ADDRESSES, suppressed("address", "ann@luma.example\r\nx")),
        (ADDRESSES, suppressed("domain", "luma.example")),
        (DOMAINS, suppressed("domain", "luma")),
        (DOMAINS, suppressed("domain", "luma..example")),
        (ADDRESSES, suppressed("address", comment="x" * 257)),
        (ADDRESSES, suppressed("address", "a@luma.example") + suppressed("address", "b")),
    ],
)
async def test_a_wrong_entry_is_refused_and_nothing_is_added(acme: Api, path: str, body: Any) -> None:
    assert (await acme.call("POST", path, body)).status_code == 422
    assert (await acme.get(path))["items"] == []


async def test_an_entry_is_deleted_once(acme: Api) -> None:
    await acme.post(ADDRESSES, suppressed("address"))
    assert (await acme.call("DELETE", f"{ADDRESSES}/VERA@luma.example")).status_code == 204
    assert (await acme.call("DELETE", f"{ADDRESSES}/vera@luma.example")).status_code == 404
    assert (await acme.call("GET", f"{ADDRESSES}/vera@luma.example")).status_code == 404


async def test_adding_again_renews_the_comment_alone(acme: Api) -> None:
    (first,) = await acme.post(ADDRESSES, suppressed("address", comment="one"))
    (second,) = await acme.post(ADDRESSES, suppressed("address", comment="two"))
    assert second["suppressed"]["comment"] == "two"
    assert (second["id"], second["creationDate"]) == (first["id"], first["creationDate"])


async def test_the_allowed_list_takes_a_thousand(house: House, acme: Api) -> None:
    path = f"{ADDRESSES}?type=allowed"
    many = [suppressed("address", f"n{number}@luma.example")[0] for number in range(limits.ALLOWED_ENTRIES)]
    await acme.post(path, many)
    answer = await acme.call("POST", path, suppressed("address", "one@more.example"))
    assert (answer.status_code, "takes 1,000 entries" in answer.text) == (422, True)
    await acme.post(path, suppressed("address", "n7@luma.example", comment="there already"))
    job = await upload(acme, "EMAIL,n8@luma.example,\nEMAIL,two@more.example,\n", "?type=allowed")
    assert (job["handledCount"], job["failedCount"]) == (2, 1)
    assert "takes 1,000 entries" in job["failedRecords"][0]["failureReason"]
    assert (
        await house.retour.suppressed.count(house.dev.id, ListName.ALLOWED, 2_000) == limits.ALLOWED_ENTRIES
    )


async def test_more_than_a_call_takes_is_refused(acme: Api) -> None:
    entry = suppressed("address")[0]
    answer = await acme.call("POST", ADDRESSES, [entry] * (limits.SUPPRESSION_ENTRIES + 1))
    assert answer.status_code == 422


async def test_a_file_is_added_and_what_is_wrong_in_it_is_told(acme: Api) -> None:
    rows = (
        'EMAIL,One@Luma.example,"gone, for good"\nDomain,Bücher.example,\nemail,nobody,x\n'
        "TELEPHONE,+4917,\n\nEMAIL,a@luma.example,b,c\n"
    )
    job = await upload(acme, rows)
    assert (job["status"], job["recordCount"], job["handledCount"], job["failedCount"]) == (
        "COMPLETE",
        5,
        5,
        3,
    )
    assert (job["filename"], job["imsOrgId"]) == ("list.csv", acme.org)
    assert job["endTime"] >= job["createTime"] > 1_600_000_000
    reasons = [(one["value"], one["failureReason"]) for one in job["failedRecords"]]
    assert [value for value, _ in reasons] == ["nobody", "+4917", "a@luma.example"]
    assert [reason[:11] for _, reason in reasons] == ["Enter an e-", "TYPE must b", "There are m"]
    assert (await acme.get(f"{ADDRESSES}/one@luma.example"))["suppressed"]["comment"] == "gone, for good"
    assert (await acme.get(f"{DOMAINS}/xn--bcher-kva.example"))["suppressed"]["type"] == "MANUAL"


async def test_a_file_of_which_nothing_can_be_added_is_an_error(acme: Api) -> None:
    job = await upload(acme, "EMAIL,nobody,\n")
    assert (job["status"], job["responseText"]) == ("ERROR", "None of the records could be added.")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"a,b,c\n1,2,3\n",
        HEADER.encode(),
        HEADER.encode() + b'EMAIL,"x',
        HEADER.encode() + b"EMAIL,\xff,\n",
    ],
)
async def test_what_is_no_such_file_is_refused(acme: Api, raw: bytes) -> None:
    answer = await upload_file(acme, raw)
    assert (answer.status_code, "file" in answer.text) == (422, True)
    assert (await acme.get(UPLOADS))["items"] == []


async def test_a_form_without_the_file_and_a_body_that_is_none_are_refused(acme: Api) -> None:
    assert (await upload_file(acme, b"x", name="other")).status_code == 422
    assert (await acme.call("POST", UPLOADS, b"TYPE,VALUE,COMMENT")).status_code == 422


async def test_a_file_over_the_limit_is_refused(acme: Api) -> None:
    answer = await upload_file(acme, HEADER.encode() + b"x" * (limits.UPLOAD_BYTES + 1))
    assert answer.status_code in (413, 422)
    assert "in parts" in answer.text


async def test_deleting_a_job_keeps_its_entries(acme: Api) -> None:
    job = await upload(acme, "EMAIL,one@luma.example,\n")
    path = f"{UPLOADS}/{job['jobId']}"
    assert [one["jobId"] for one in (await acme.get(UPLOADS))["items"]] == [job["jobId"]]
    assert (await acme.call("DELETE", path)).status_code == 204
    assert (await acme.call("GET", path)).status_code == 404
    assert (await acme.get(UPLOADS))["items"] == []
    assert (await acme.get(f"{ADDRESSES}/one@luma.example"))["status"] == "active"


async def test_wiping_empties_both_lists_of_this_sandbox_alone(house: House, acme: Api, charlie: Api) -> None:
    for api in (acme, charlie):
        await api.post(ADDRESSES, suppressed("address"))
        await api.post(f"{DOMAINS}?type=allowed", suppressed("domain"))
    path = f"{ADMIN}/{acme.org}/{house.dev.id}"
    assert (await charlie.call("DELETE", path)).status_code == 404
    assert (await acme.call("DELETE", path)).status_code == 202
    assert (await acme.get(ADDRESSES))["items"] == (await acme.get(f"{DOMAINS}?type=allowed"))["items"] == []
    assert len((await charlie.get(ADDRESSES))["items"]) == 1


async def test_every_change_is_in_the_audit_log(house: House, acme: Api) -> None:
    await acme.post(ADDRESSES, suppressed("address", comment="Asked"))
    await acme.call("DELETE", f"{ADDRESSES}/vera@luma.example")
    await upload(acme, "EMAIL,one@luma.example,\n")
    await acme.call("DELETE", f"{ADMIN}/{acme.org}/{house.dev.id}")
    entries = await house.retour.audit.page(house.dev, noun=Noun.SUPPRESSION)
    assert [one.deed for one in entries[::-1]] == [Deed.ADDED, Deed.REMOVED, Deed.UPLOADED, Deed.WIPED]
    assert {one.actor.name for one in entries} == {acme.client_id}
    added = entries[-1]
    assert (added.subject, added.after["comment"]) == ("vera@luma.example", "Asked")


async def test_two_changes_at_once_leave_one_entry(acme: Api) -> None:
    calls = [acme.post(ADDRESSES, suppressed("address", comment=f"{number}")) for number in range(5)]
    made = await asyncio.gather(*calls)
    assert {entry["id"] for (entry,) in made} == {(await acme.get(ADDRESSES))["items"][0]["id"]}


async def test_an_answer_has_so_many_failed_records_and_the_report_has_all(house: House, acme: Api) -> None:
    job = await upload(acme, "EMAIL,nobody,\n" * (limits.UPLOAD_RECORDS_SHOWN + 1))
    assert (job["failedCount"], len(job["failedRecords"])) == (limits.UPLOAD_RECORDS_SHOWN + 1, 1_000)
    chunks = house.retour.suppressed.failures(house.dev.id, job["jobId"])
    assert sum([len(chunk) async for chunk in chunks]) == job["failedCount"]


async def test_a_bounce_is_shown_in_adobe_s_shape(house: House, acme: Api) -> None:
    address, sandbox = "vera@luma.example", house.dev.id
    lesson = Lesson(
        kind=LessonKind.SOFT,
        address=address,
        reason="Mailbox Full",
        message_id="m1",
        now=1_600_000_000_123_456,
    )
    error = {"sandbox": sandbox, "address": address, "message_id": "m1", "errors": 5, "at": 0, "before": 0}
    for statement, values in (
        ("suppression_learn", learned(sandbox, lesson, ids.new_id())),
        ("soft_error_put", error),
    ):
        await house.retour.store.write(Changed(steps=(Step(statement=statement, values=values),)))
    (found,) = (await acme.get(ADDRESSES))["items"]
    assert (found["suppressed"]["type"], found["creationDate"]) == ("SOFT", 1_600_000_000_123)
    event = {
        "messageId": "m1",
        "date": "2020-09-13T12:26:40.123Z",
        "message": "Mailbox Full",
        "bounceType": "SOFT",
    }
    assert found["bounceState"] == {"softCount": 5, "bounceEvents": [event]}
