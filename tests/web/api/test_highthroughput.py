"""POST /ajo/im/executions/highthroughput: external recipients, context only, campaigns of that mode only."""

from __future__ import annotations

from typing import Any

import pytest

from cast import House, until
from retour.catalog.inputs import BodyInput, ContentInput
from web.api.callers import (
    CAMPAIGNS,
    EXECUTIONS,
    HIGH,
    UNITARY,
    Api,
    campaign,
    execution,
    refusal,
    rows,
)

NO_PROFILES = "High throughput mode has no profiles: send it as context."


@pytest.fixture
async def sender(house: House) -> str:
    """A simulated channel configuration of Acme's dev."""
    return await house.simulated()


@pytest.fixture
async def high_id(house: House, sender: str) -> str:
    """A live campaign in high throughput mode."""
    content = ContentInput(subject="Gate {{context.gate}}", html=BodyInput(body="<p>{{context.gate}}</p>"))
    return (await house.campaign(sender, high_throughput_mode=True, content=content)).id


@pytest.fixture
async def usual_id(house: House, sender: str) -> str:
    """A live campaign that is not."""
    return (await house.campaign(sender)).id


def call(campaign_id: str, *addresses: str, **more: Any) -> dict[str, Any]:
    """A request with the context that the campaign needs."""
    return execution(campaign_id, *addresses, **({"context": {"gate": "B 17"}} | more))


async def test_it_takes_external_recipients_and_sends_to_them(house: House, acme: Api, high_id: str) -> None:
    made = await acme.post(HIGH, call(high_id, "delivered@example.com", "b@example.com"), status=202)

    async def delivered() -> bool:
        people = (await acme.get(f"{EXECUTIONS}/{made['executionId']}"))["recipients"]
        return [person["status"] for person in people] == ["delivered", "delivered"]

    async with house.working():
        await until(delivered)


async def test_who_has_a_profile_is_refused_with_the_path(house: House, acme: Api, high_id: str) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"type": "aep"}, "recipients[1].type"),
        ({"profile": {"a": 1}}, "recipients[1].profile"),
        ({"profile": {}}, "recipients[1].profile"),
    ]
    before = rows(house)
    for more, path in cases:
        body = call(high_id, "a@example.com", "b@example.com")
        body["recipients"][1] |= more
        context = refusal(await acme.call("POST", HIGH, body), 400, "000111")
        assert [name for name in context if name.startswith("recipients")] == [path]
    assert rows(house) == before


async def test_each_mode_has_its_endpoint(house: House, acme: Api, usual_id: str, high_id: str) -> None:
    before = rows(house)
    answer = await acme.call("POST", UNITARY, call(high_id))
    assert refusal(answer, 400, "000135")["campaignId"] == high_id
    assert HIGH in answer.json()["title"]
    answer = await acme.call("POST", HIGH, call(usual_id))
    assert refusal(answer, 400, "000135")["campaignId"] == usual_id
    assert UNITARY in answer.json()["title"]
    assert rows(house) == before


async def test_the_same_request_again_has_the_first_answer(house: House, acme: Api, high_id: str) -> None:
    body = call(high_id)
    first = await acme.post(HIGH, body, status=202)
    assert await acme.post(HIGH, body, status=202) == first
    assert rows(house)["execution"] == 1


async def test_a_request_id_belongs_to_its_endpoint(
    house: House, acme: Api, usual_id: str, high_id: str
) -> None:
    for id_, right, wrong in ((high_id, HIGH, UNITARY), (usual_id, UNITARY, HIGH)):
        body = call(id_)
        await acme.post(right, body, status=202)
        refusal(await acme.call("POST", wrong, body), 409, "000132")
    assert rows(house)["execution"] == 2


async def test_a_campaign_that_changes_its_mode_keeps_the_answers_that_it_gave(
    acme: Api, high_id: str
) -> None:
    body = call(high_id)
    first = await acme.post(HIGH, body, status=202)
    place = f"{CAMPAIGNS}/{high_id}"
    draft = await acme.get(place)
    assert draft["highThroughputMode"] is True
    assert (await acme.post(f"{place}/duplicate"))["highThroughputMode"] is True
    assert (await acme.put(place, draft | {"highThroughputMode": False}, draft["version"])).status_code == 200
    refusal(await acme.call("POST", UNITARY, call(high_id)), 400, "000135")
    await acme.post(f"{place}/publish", status=202)
    await acme.post(UNITARY, call(high_id), status=202)
    refusal(await acme.call("POST", HIGH, call(high_id)), 400, "000135")
    assert await acme.post(HIGH, body, status=202) == first


PROFILED: list[tuple[str, Any, str, str]] = [
    ("subject", "Hi {{profile.name}}", "content.subject", "Line 1, column 6"),
    ("html", {"body": "<p>\n{{profile.a}}"}, "content.html.body", "Line 2, column 3"),
    ("text", {"body": "{%#if profile.vip%}x{%/if%}"}, "content.text.body", "Line 1, column 7"),
    ("text", {"body": '{%= upperCase(profile.a) ?: "x" %}'}, "content.text.body", "Line 1, column 15"),
    ("text", {"body": "{{#each context.v}}{{@root.profile.a}}"}, "content.text.body", "Line 1, column 22"),
    ("text", {"body": "{{#each context.v}}{{../profile.a}}"}, "content.text.body", "Line 1, column 22"),
]


async def test_a_profile_variable_in_the_content_is_refused_at_publish(acme: Api, sender: str) -> None:
    for part, template, path, place in PROFILED:
        content = {"subject": "Hi", "html": {"body": "Hello"}} | {part: template}
        made = await acme.post(CAMPAIGNS, campaign(sender, content=content, highThroughputMode=True))
        answer = await acme.call("POST", f"{CAMPAIGNS}/{made['id']}/publish")
        context = refusal(answer, 422, "000140")
        assert context[path].startswith(f"{place}: "), template
        assert context[path].endswith(NO_PROFILES), template
        assert (await acme.get(f"{CAMPAIGNS}/{made['id']}"))["status"] == "DRAFT"


async def test_an_item_or_a_field_called_profile_is_not_the_profile(acme: Api, sender: str) -> None:
    text = "{{#each context.people as |person|}}{{person.profile.a}}{{this.profile.b}}{{/each}}"
    content = {"subject": "{{context.profile.name}}", "text": {"body": text}}
    given = campaign(sender, content=content, highThroughputMode=True)
    made = await acme.post(CAMPAIGNS, given)
    await acme.post(f"{CAMPAIGNS}/{made['id']}/publish", status=202)


async def test_there_is_no_high_throughput_for_text_messages(acme: Api) -> None:
    given = campaign(None, channel="sms", content={"text": "Hello"}, highThroughputMode=True)
    context = refusal(await acme.call("POST", CAMPAIGNS, given), 422, "000111")
    assert context["highThroughputMode"] == "High throughput mode is for e-mail only."


async def test_it_is_a_post(acme: Api) -> None:
    answer = await acme.call("GET", HIGH)
    assert answer.headers["allow"] == "POST"
    refusal(answer, 405, "000125")
