"""POST, GET, PUT /journey/campaigns/service/campaigns: drafts."""

from __future__ import annotations

from typing import Any

import pytest

from cast import House
from web.api.callers import CAMPAIGNS, UNITARY, Api, campaign, execution, refusal, rows

AJO = {
    "campaignId", "name", "description", "status", "campaignType", "category", "channel", "enableWebhooks",
    "identityNamespace", "createNewProfile", "highThroughputMode", "schedule", "liveVersionId",
}  # fmt: skip


async def test_a_new_campaign_is_a_draft_with_ajo_s_names(acme: Api) -> None:
    answer = await acme.call("POST", CAMPAIGNS, campaign(None, name="  Password reset "))
    made = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert set(made) >= AJO
    assert (made["status"], made["liveVersionId"], made["name"]) == ("DRAFT", None, "Password reset")
    assert made["id"] == made["campaignId"]
    assert await acme.get(f"{CAMPAIGNS}/{made['id']}") == made


async def test_a_name_is_enough_for_a_draft(acme: Api) -> None:
    made = await acme.post(CAMPAIGNS, {"name": "Ünïcode 🎉 شكرا", "channel": "sms"})
    assert (made["identityNamespace"], made["content"]) == ("phone", {"text": ""})


@pytest.mark.parametrize("channel", ["email", "sms"])
async def test_what_get_returns_can_be_put_back(house: House, acme: Api, channel: str) -> None:
    content: dict[str, Any] = {"subject": "S", "html": {"body": "<p>H</p>"}, "text": {"body": "T"}}
    schedule = {"startDate": "2026-01-01T09:00:00+02:00", "endDate": "2030-01-01T00:00:00Z"}
    given = campaign(await house.simulated(channel), channel=channel, schedule=schedule, description="D")
    given["content"] = content if channel == "email" else {"text": "T"}
    made = await acme.post(CAMPAIGNS, given)
    assert made["content"] == given["content"]
    assert made["schedule"]["startDate"] == "2026-01-01T07:00:00.000Z"
    answer = await acme.put(f"{CAMPAIGNS}/{made['id']}", made, made["version"])
    assert answer.status_code == 200, answer.text
    changed = {"version", "modifiedAt"}
    assert {key: value for key, value in answer.json().items() if key not in changed} == {
        key: value for key, value in made.items() if key not in changed
    }


async def test_the_list_has_the_last_changed_first(acme: Api) -> None:
    first = await acme.post(CAMPAIGNS, campaign(None, name="first"))
    await acme.post(CAMPAIGNS, campaign(None, name="second"))
    await acme.put(f"{CAMPAIGNS}/{first['id']}", campaign(None, name="changed"), 1)
    listed = await acme.get(CAMPAIGNS)
    assert [found["name"] for found in listed["data"]] == ["changed", "second"]
    assert listed["_page"] == {"count": 2, "next": None}


async def test_put_needs_the_version_that_was_read(house: House, acme: Api) -> None:
    made = await acme.post(CAMPAIGNS, campaign(None))
    place = f"{CAMPAIGNS}/{made['id']}"
    refusal(await acme.call("PUT", place, campaign(None)), 428, "000122")
    assert (await acme.put(place, campaign(None, name="two"), 1)).status_code == 200
    context = refusal(await acme.put(place, campaign(None, name="three"), 1), 412, "000123")
    assert context["version"] == "2"
    assert (await acme.get(place))["name"] == "two"
    refusal(await acme.put(f"{CAMPAIGNS}/nothing", campaign(None), 1), 404, "000120")


WRONG: tuple[tuple[Any, str], ...] = (
    ({}, "name"),
    ([], "body"),
    (campaign(None, name=""), "name"),
    (campaign(None, name=None), "name"),
    (campaign(None, name="x" * 101), "name"),
    (campaign(None, name="a\rb"), "name"),
    (campaign(None, name="\u2066\u2066"), "name"),
    (campaign(None, description="x" * 2_001), "description"),
    (campaign(None, channel="push"), "channel"),
    (campaign(None, campaignType="Scheduled"), "campaignType"),
    (campaign(None, category="Marketing"), "category"),
    (campaign(None, channel="sms", highThroughputMode=True), "highThroughputMode"),
    (campaign(None, enableWebhooks="yes"), "enableWebhooks"),
    (campaign(None, identityNamespace="x" * 129), "identityNamespace"),
    (campaign(None, identityNamespace="a\x00"), "identityNamespace"),
    (campaign(None, content="hello"), "content"),
    (campaign(None, content={"html": "x"}), "content.html"),
    (campaign(None, content={"html": {"body": 5}}), "content.html.body"),
    (campaign(None, schedule={"startDate": "soon"}), "schedule.startDate"),
    (campaign(None, schedule={"startDate": 5}), "schedule.startDate"),
    (campaign(None, schedule={"startDate": "0001-01-01T00:00:00+23:59"}), "schedule.startDate"),
    (campaign(None, schedule={"endDate": "9999-12-31T23:59:59-23:59"}), "schedule.endDate"),
    (campaign(None, schedule={"startDate": "2030-01-01T00:00Z", "endDate": "2029-01-01T00:00Z"}), "schedule.endDate"),
)  # fmt: skip


async def test_everything_wrong_is_422_with_its_path_and_leaves_nothing(house: House, acme: Api) -> None:
    before = rows(house)
    for body, path in WRONG:
        context = refusal(await acme.call("POST", CAMPAIGNS, body), 422, "000111")
        assert path in context, (body, context)
    refusal(await acme.call("POST", CAMPAIGNS, b"\xff"), 400, "000110")
    assert rows(house) == before
    assert (await acme.get(CAMPAIGNS))["data"] == []


async def test_a_change_of_a_live_campaign_waits_until_it_is_published(house: House, acme: Api) -> None:
    configuration = await house.simulated()
    made = await acme.post(CAMPAIGNS, campaign(configuration))
    place = f"{CAMPAIGNS}/{made['id']}"
    live = await acme.post(f"{place}/publish", status=202)
    answer = await acme.put(place, campaign(configuration, identityNamespace="ecid"), live["version"])
    changed = answer.json()
    assert (changed["status"], changed["hasUnpublishedChanges"]) == ("LIVE", True)
    assert changed["liveVersionId"] == live["liveVersionId"]
    await acme.post(UNITARY, execution(made["id"]), status=202)
