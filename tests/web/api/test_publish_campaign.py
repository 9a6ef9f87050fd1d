"""POST …/{campaignId}/publish: the draft becomes the live version."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cast import House
from web.api.callers import CAMPAIGNS, UNITARY, Api, campaign, execution, refusal, rows


async def test_publishing_makes_it_live_under_a_new_version(house: House, acme: Api) -> None:
    made = await acme.post(CAMPAIGNS, campaign(await house.simulated()))
    place = f"{CAMPAIGNS}/{made['id']}"
    live = await acme.post(f"{place}/publish", status=202)
    assert (live["status"], live["hasUnpublishedChanges"]) == ("LIVE", False)
    assert live["liveVersionId"]
    again = await acme.post(f"{place}/publish", status=202)
    assert again["liveVersionId"] != live["liveVersionId"]


async def test_everything_that_is_missing_is_told_at_once(house: House, acme: Api) -> None:
    made = await acme.post(CAMPAIGNS, {"name": "empty", "channel": "email"})
    before = rows(house)
    context = refusal(await acme.call("POST", f"{CAMPAIGNS}/{made['id']}/publish"), 422, "000143")
    assert {"channelConfigurationId", "content.subject", "content.html.body"} <= set(context)
    assert rows(house) == before
    assert (await acme.get(f"{CAMPAIGNS}/{made['id']}"))["status"] == "DRAFT"


async def test_a_campaign_that_has_ended_is_not_published(house: House, acme: Api) -> None:
    schedule = {"startDate": "2020-01-01T00:00:00Z", "endDate": "2021-01-01T00:00:00Z"}
    made = await acme.post(CAMPAIGNS, campaign(await house.simulated(), schedule=schedule))
    context = refusal(await acme.call("POST", f"{CAMPAIGNS}/{made['id']}/publish"), 422, "000143")
    assert context["schedule.endDate"] == "The end is in the past. Choose a later one, or leave it empty."
    assert (await acme.get(f"{CAMPAIGNS}/{made['id']}"))["status"] == "DRAFT"


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"subject": "Hi {{", "html": {"body": "x"}}, "content.subject"),
        ({"subject": "Hi", "html": {"body": "a\nb {{profile.}} c"}}, "content.html.body"),
        ({"subject": "Hi", "text": {"body": "{%#if x%}"}}, "content.text.body"),
        ({"subject": "Hi", "text": {"body": "x" * 600_000}}, "content.text.body"),
    ],
)
async def test_a_wrong_template_is_told_with_line_and_column(
    house: House, acme: Api, content: dict[str, Any], path: str
) -> None:
    made = await acme.post(CAMPAIGNS, campaign(await house.simulated(), content=content))
    context = refusal(await acme.call("POST", f"{CAMPAIGNS}/{made['id']}/publish"), 422, "000140")
    assert context[path].startswith("Line ")


async def test_a_simulated_configuration_is_not_for_production(house: House, acme: Api) -> None:
    prod = acme.at("prod")
    simulated = await house.simulated(sandbox=house.prod)
    made = await prod.post(CAMPAIGNS, campaign(simulated))
    context = refusal(await prod.call("POST", f"{CAMPAIGNS}/{made['id']}/publish"), 422, "000142")
    assert "channelConfigurationId" in context


async def test_the_configuration_must_be_of_this_sandbox_and_channel(house: House, acme: Api) -> None:
    elsewhere = await house.simulated(sandbox=house.prod)
    texts = await house.simulated("sms")
    for configuration in (elsewhere, texts, "nothing"):
        made = await acme.post(CAMPAIGNS, campaign(configuration))
        context = refusal(await acme.call("POST", f"{CAMPAIGNS}/{made['id']}/publish"), 422, "000143")
        assert "channelConfigurationId" in context


async def test_ten_at_once_leave_a_campaign_with_a_version_that_is_there(house: House, acme: Api) -> None:
    made = await acme.post(CAMPAIGNS, campaign(await house.simulated()))
    place = f"{CAMPAIGNS}/{made['id']}/publish"
    answers = await asyncio.gather(*(acme.call("POST", place) for _ in range(10)))
    taken = [answer.json()["liveVersionId"] for answer in answers if answer.status_code == 202]
    assert {answer.status_code for answer in answers} <= {202, 412}
    assert rows(house)["campaign_version"] == len(set(taken)) >= 1


async def test_while_it_is_published_again_and_again_no_call_is_lost(house: House, acme: Api) -> None:
    made = await acme.post(CAMPAIGNS, campaign(await house.simulated()))
    place = f"{CAMPAIGNS}/{made['id']}/publish"
    await acme.post(place, status=202)

    async def publish() -> None:
        for _ in range(8):
            await acme.post(place, status=202)

    calls = [acme.call("POST", UNITARY, execution(made["id"])) for _ in range(40)]
    publishing = asyncio.ensure_future(publish())
    answers = await asyncio.gather(*calls)
    await publishing
    assert {answer.status_code for answer in answers} == {202}
    assert rows(house)["execution"] == 40


async def test_what_is_not_there_is_404(acme: Api) -> None:
    refusal(await acme.call("POST", f"{CAMPAIGNS}/nothing/publish"), 404, "000120")
