"""The caller's requestId: the same request has the same answer, whatever happened since."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from cast import House
from retour import ids
from web.api.callers import CAMPAIGNS, UNITARY, Api, campaign, connect, execution, refusal, rows


async def test_the_same_request_again_has_the_first_answer(house: House, acme: Api, campaign_id: str) -> None:
    body = execution(campaign_id)
    first = await acme.post(UNITARY, body, status=202)
    again = await acme.post(UNITARY, body, status=202)
    assert again == first
    assert rows(house)["execution"] == 1


async def test_twenty_at_once_make_one_execution(house: House, acme: Api, campaign_id: str) -> None:
    body = execution(campaign_id)
    answers = await asyncio.gather(*(acme.post(UNITARY, body, status=202) for _ in range(20)))
    assert {answer["executionId"] for answer in answers} == {answers[0]["executionId"]}
    assert (rows(house)["execution"], rows(house)["message"]) == (1, 1)


async def test_of_two_different_ones_at_once_one_is_409(house: House, acme: Api, campaign_id: str) -> None:
    bodies = [execution(campaign_id, f"user{number}@example.com", request_id="r-1") for number in range(10)]
    answers = await asyncio.gather(*(acme.call("POST", UNITARY, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 9
    assert rows(house)["execution"] == 1


async def test_the_spelling_of_the_json_does_not_matter(acme: Api, campaign_id: str) -> None:
    body = execution(campaign_id, "jané@example.com", context={"a": 1, "b": {"x": [1, 2], "y": "é"}})
    first = await acme.post(UNITARY, body, status=202)
    spelled = json.dumps(dict(reversed(body.items())), indent=3, ensure_ascii=False).encode()
    person = body["recipients"][0]
    mixed = body | {"recipients": [dict(reversed(person.items()))], "unknown": None}
    mixed["recipients"][0]["context"] = {"b": {"y": "é", "x": [1, 2]}, "a": 1}
    mixed["recipients"][0]["profile"] = None
    for same in (spelled, mixed):
        assert await acme.post(UNITARY, same, status=202) == first


async def test_another_body_under_the_same_id_is_409(house: House, acme: Api, campaign_id: str) -> None:
    await acme.post(UNITARY, execution(campaign_id, request_id="r-1"), status=202)
    before = rows(house)
    others = [
        execution(campaign_id, "bob@example.com", request_id="r-1"),
        execution(campaign_id, request_id="r-1", context={"a": 1}),
        execution(campaign_id, request_id="r-1", type="aep"),
        execution("another campaign", request_id="r-1"),
    ]
    for body in others:
        context = refusal(await acme.call("POST", UNITARY, body), 409, "000132")
        assert context["requestId"] == "r-1"
    assert rows(house) == before


async def test_the_first_answer_outlives_stop_republish_and_the_end_date(
    house: House, acme: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await acme.post(CAMPAIGNS, campaign(await house.simulated()))
    place = f"{CAMPAIGNS}/{made['id']}"
    await acme.post(f"{place}/publish", status=202)
    body = execution(made["id"])
    first = await acme.post(UNITARY, body, status=202)
    again = [
        campaign(made["channelConfigurationId"], content={"subject": "{{context.x}}", "text": {"body": "x"}}),
        campaign(made["channelConfigurationId"], identityNamespace="ecid"),
        campaign(made["channelConfigurationId"], schedule={"endDate": "2020-01-01T00:00:00Z"}),
    ]
    for change in again:
        version = (await acme.get(place))["version"]
        assert (await acme.put(place, change, version)).status_code == 200
        with monkeypatch.context() as then:
            then.setattr(ids, "now", lambda: ids.parse_iso("2019-01-01T00:00:00Z"))
            await acme.post(f"{place}/publish", status=202)
        assert await acme.post(UNITARY, body, status=202) == first
    await acme.post(f"{place}/stop", status=202)
    assert await acme.post(UNITARY, body, status=202) == first
    other = execution(made["id"], "bob@example.com", request_id=body["requestId"])
    refusal(await acme.call("POST", UNITARY, other), 409, "000132")
    assert rows(house)["execution"] == 1


async def test_a_refused_request_does_not_use_its_id_up(acme: Api, campaign_id: str) -> None:
    refusal(await acme.call("POST", UNITARY, execution(campaign_id, "jane", request_id="r-1")), 400, "000111")
    refusal(await acme.call("POST", UNITARY, execution("nothing", request_id="r-1")), 404, "000120")
    await acme.post(UNITARY, execution(campaign_id, request_id="r-1"), status=202)


async def test_an_id_belongs_to_its_sandbox(
    house: House, client: httpx.AsyncClient, acme: Api, campaign_id: str
) -> None:
    first = await acme.post(UNITARY, execution(campaign_id, request_id="r-1"), status=202)
    other = await house.campaign(await house.relay(2525, sandbox=house.other), sandbox=house.other)
    charlie = await connect(client, house.other_credential, "prod")
    second = await charlie.post(UNITARY, execution(other.id, request_id="r-1"), status=202)
    assert first["executionId"] != second["executionId"]
