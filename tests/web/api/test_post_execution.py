"""POST /ajo/im/executions/unitary: AJO's request, AJO's answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cast import House
from retour import ids, limits
from retour.catalog.inputs import ContentInput
from retour.web.server import application
from web.api.callers import CAMPAIGNS, EXECUTIONS, TOKEN, UNITARY, Api, campaign, execution, refusal, rows

ANSWER = {"executionId", "requestId", "createdAt", "createdBy", "modifiedAt", "modifiedBy"}
ADDRESS = "recipients[0].channelData.emailAddress"
KEPT = ("execution", "message", "request_key")


async def test_it_answers_202_with_ajo_s_six_keys(acme: Api, campaign_id: str) -> None:
    answer = await acme.call("POST", UNITARY, execution(campaign_id, request_id="r-1"))
    body = answer.json()
    assert (answer.status_code, set(body), body["requestId"]) == (202, ANSWER, "r-1")
    assert body["executionId"].startswith("HUMA-")
    assert body["executionId"].removeprefix("HUMA-").isdecimal()
    assert body["createdAt"] == body["modifiedAt"]
    assert ids.parse_iso(body["createdAt"]) <= ids.now()
    assert body["createdBy"] == body["modifiedBy"] == acme.client_id


async def test_what_was_answered_is_in_the_store(house: House, acme: Api, campaign_id: str) -> None:
    before = rows(house)
    await acme.post(UNITARY, execution(campaign_id, "a@example.com", "b@example.com"), status=202)
    grown = {name: rows(house)[name] - before[name] for name in KEPT}
    assert grown == {"execution": 1, "message": 2, "request_key": 1}


async def test_ajo_s_documented_recipients_are_taken_as_they_stand(acme: Api, campaign_id: str) -> None:
    profile = {"person": {"name": {"firstName": "Jane"}}}
    aep = {
        "type": "aep",
        "userId": "jane@example.com",
        "namespace": "email",
        "mergePolicyName": "Default Timebased",
        "mergePolicySchema": "_xdm.context.profile",
        "channelData": {"emailAddress": "jane.doe@example.com", "pushInfo": {"appID": "1"}},
        "profile": profile,
        "context": {"product": "Gaming Laptop", "nested": {"deep": [1, 2]}},
    }
    external = {
        "type": "external",
        "userId": "42",
        "namespace": "Email",
        "profile": {"personalEmail": {"address": "x@example.com"}},
    }
    body = execution(campaign_id) | {"recipients": [aep, external], "somethingNew": True}
    made = await acme.post(UNITARY, body, status=202)
    found = await acme.get(f"{EXECUTIONS}/{made['executionId']}")
    assert [person["userId"] for person in found["recipients"]] == ["jane@example.com", "42"]


async def test_twenty_recipients_are_taken_and_twenty_one_are_not(
    house: House, acme: Api, campaign_id: str
) -> None:
    addresses = [f"user{number}@example.com" for number in range(21)]
    await acme.post(UNITARY, execution(campaign_id, *addresses[:20]), status=202)
    context = refusal(await acme.call("POST", UNITARY, execution(campaign_id, *addresses)), 400, "000111")
    assert "recipients" in context
    assert rows(house)["message"] == 20


@pytest.mark.parametrize("number", ["+15555550123", "+44 20 7946 0958"])
async def test_a_text_message_needs_a_number_with_country_code(house: House, acme: Api, number: str) -> None:
    texts = (await house.campaign(await house.simulated("sms"), channel="sms", identity_namespace=None)).id
    person = {"type": "external", "userId": number, "namespace": "phone"}
    body = execution(texts) | {"recipients": [person]}
    assert (await acme.call("POST", UNITARY, body)).status_code in (202, 400)
    bare = body | {"requestId": ids.new_id(), "recipients": [person | {"userId": "call +15555550123"}]}
    context = refusal(await acme.call("POST", UNITARY, bare), 400, "000111")
    assert "country code" in context["recipients[0].channelData.mobilePhoneNumber"]


async def texts_in(house: House, region: str | None) -> str:
    """A live campaign of text messages whose configuration has this default region; its id."""
    configuration = await house.simulated("sms", default_region=region)
    return (await house.campaign(configuration, channel="sms", identity_namespace=None)).id


def by_number(*numbers: str) -> list[dict[str, Any]]:
    """Recipients with these numbers."""
    return [
        {
            "type": "external",
            "userId": f"ann-{index}",
            "namespace": "phone",
            "channelData": {"mobilePhoneNumber": one},
        }
        for index, one in enumerate(numbers)
    ]


async def test_numbers_are_kept_as_e_164_those_without_a_plus_by_the_configuration_s_region(
    house: House, acme: Api
) -> None:
    people = by_number("06 1234 5678", "+44 (7911) 123456")
    body = execution(await texts_in(house, "NL")) | {"recipients": people}
    made = await acme.post(UNITARY, body, status=202)
    found = await house.retour.shelves.recipients(house.dev.id, made["executionId"])
    messages = [await house.retour.shelves.message(house.dev.id, row[0]) for row in found]
    assert [one.address for one in messages if one] == ["+31612345678", "+447911123456"]
    assert [one.user_id for one in messages if one] == ["ann-0", "ann-1"]


@pytest.mark.parametrize(
    ("region", "number", "told"),
    [
        (None, "0612345678", "with + and country code."),
        ("NL", "0612", "with + and country code, or as it is dialled in NL."),
        ("NL", "+31 6", "with + and country code, or as it is dialled in NL."),
    ],
)
async def test_one_number_that_can_t_be_refuses_the_call_before_anything_is_stored(
    house: House, acme: Api, region: str | None, number: str, told: str
) -> None:
    body = execution(await texts_in(house, region)) | {"recipients": by_number("+31612345678", number)}
    before = rows(house)
    context = refusal(await acme.call("POST", UNITARY, body), 400, "000111")
    assert context["recipients[1].channelData.mobilePhoneNumber"].endswith(told)
    assert "recipients[0].channelData.mobilePhoneNumber" not in context
    assert rows(house) == before


def bad(campaign_id: str) -> list[tuple[str, Any, int, str, str]]:
    """(what, body, status, code, path) of everything a program may get wrong."""
    good = execution(campaign_id)
    person = good["recipients"][0]

    def who(**more: Any) -> dict[str, Any]:
        return good | {"recipients": [person | more]}

    def lacking(key: str) -> dict[str, Any]:
        return {name: value for name, value in good.items() if name != key}

    deep: Any = "x"
    for _ in range(limits.JSON_DEPTH):
        deep = {"a": deep}
    return [
        ("no JSON", b"{", 400, "000110", ""),
        ("nothing", b"", 400, "000110", ""),
        ("NaN", json.dumps(who(context={"n": 1})).replace("1}", "NaN}").encode(), 400, "000110", ""),
        ("Infinity", b'{"requestId": Infinity}', 400, "000110", ""),
        ("an endless number", b'{"requestId": 1e999}', 400, "000111", ""),
        ("a number of 6000 digits", b'{"requestId": ' + b"9" * 6000 + b"}", 400, "000111", "requestId"),
        ("invalid UTF-8", b'{"requestId": "\xff"}', 400, "000110", ""),
        ("half a character", b'{"requestId": "\\ud800"}', 400, "000110", ""),
        ("UTF-16", json.dumps(good).encode("utf-16"), 400, "000110", ""),
        ("a form", b"requestId=1&campaignId=2", 400, "000110", ""),
        ("nested 20,000 deep", b'{"recipients": [{"type": "aep", "context": {"a": ' + b"[" * 20_000, 400, "000110", ""),
        ("something unknown nested 20,000 deep", b'{"new": ' + b"[" * 20_000, 400, "000110", ""),
        ("nested too deep to keep", who(context=deep | {"b": deep}), 400, "000111", "recipients[0].context"),
        ("a profile nested too deep", who(profile={"a": deep}), 400, "000111", "recipients[0].profile"),
        ("a list", [good], 400, "000111", "body"),
        ("null", b"null", 400, "000111", "body"),
        ("no requestId", lacking("requestId"), 400, "000111", "requestId"),
        ("no campaignId", lacking("campaignId"), 400, "000111", "campaignId"),
        ("no recipients", lacking("recipients"), 400, "000111", "recipients"),
        ("an empty requestId", good | {"requestId": ""}, 400, "000111", "requestId"),
        ("a number as requestId", good | {"requestId": 5}, 400, "000111", "requestId"),
        ("a long requestId", good | {"requestId": "x" * 129}, 400, "000111", "requestId"),
        ("NUL in requestId", good | {"requestId": "a\x00b"}, 400, "000111", "requestId"),
        ("a line break in requestId", good | {"requestId": "a\n"}, 400, "000111", "requestId"),
        ("zero recipients", good | {"recipients": []}, 400, "000111", "recipients"),
        ("recipients as an object", good | {"recipients": {}}, 400, "000111", "recipients"),
        ("a recipient that is text", good | {"recipients": ["x"]}, 400, "000111", "recipients[0]"),
        ("an unknown type", who(type="push"), 400, "000111", "recipients[0].type"),
        ("no userId", good | {"recipients": [{"type": "aep"}]}, 400, "000111", "recipients[0].userId"),
        ("no type", good | {"recipients": [{"userId": "x", "namespace": "x"}]}, 400, "000111", "recipients[0].type"),
        ("a long userId", who(userId="x" * 321), 400, "000111", "recipients[0].userId"),
        ("NUL in userId", who(userId="\x00"), 400, "000111", "recipients[0].userId"),
        ("the same userId twice", good | {"recipients": [person, person]}, 400, "000111", "recipients[1].userId"),
        ("another namespace", who(namespace="ecid"), 400, "000111", "recipients[0].namespace"),
        ("no address", who(userId="jane"), 400, "000111", ADDRESS),
        ("two lines as an address", who(channelData={"emailAddress": "a@b.c\r\nBcc: x@y"}), 400, "000111", ADDRESS),
        ("an address with an invisible letter", who(userId="ja\u200bne@example.com"), 400, "000111", ADDRESS),
        ("a context that is a list", who(context=[1]), 400, "000111", "recipients[0].context"),
        ("an unknown campaign", good | {"campaignId": "nothing-like-that"}, 404, "000120", "campaignId"),
    ]  # fmt: skip


async def test_everything_wrong_is_a_4xx_with_code_and_path_and_leaves_nothing(
    house: House, acme: Api, campaign_id: str
) -> None:
    before, asked = rows(house), 0
    for what, body, status, code, path in bad(campaign_id):
        context = refusal(await acme.call("POST", UNITARY, body), status, code)
        assert not path or path in context, f"{what}: {context}"
        asked += 1
    assert asked > 30
    assert rows(house) == before


async def test_data_nested_as_deep_as_allowed_is_taken(acme: Api, campaign_id: str) -> None:
    deep: Any = "x"
    for _ in range(limits.JSON_DEPTH):
        deep = {"a": deep}
    await acme.post(UNITARY, execution(campaign_id, context=deep), status=202)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain", ""])
async def test_json_is_taken_whatever_the_content_type_says(
    acme: Api, campaign_id: str, content_type: str
) -> None:
    answer = await acme.call("POST", UNITARY, execution(campaign_id), content_type=content_type)
    assert answer.status_code == 202


async def test_a_body_over_4_mb_is_413_with_or_without_its_length(acme: Api, campaign_id: str) -> None:
    body = execution(campaign_id, context={"x": "y" * limits.REQUEST_BODY_BYTES})
    refusal(await acme.call("POST", UNITARY, body), 413, "000112")
    sent = 0

    async def chunks() -> Any:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 100_000

    headers = acme.headers | {"transfer-encoding": "chunked"}
    refusal(await acme.client.post(UNITARY, content=chunks(), headers=headers), 413, "000112")
    assert sent >= 42  # it has to be more than 4 MB to be too much
    refusal(await acme.call("POST", UNITARY, b"{}", content_length="9" * 30), 413, "000112")


async def test_an_unbelievable_length_is_no_bug(acme: Api) -> None:
    refusal(await acme.call("POST", UNITARY, b"{}", content_length="²"), 400, "000111")


@pytest.mark.parametrize("status", ["DRAFT", "STOPPED"])
async def test_a_campaign_that_does_not_run_is_refused(house: House, acme: Api, status: str) -> None:
    made = await acme.post(CAMPAIGNS, campaign(await house.simulated()))
    if status == "STOPPED":
        await acme.post(f"{CAMPAIGNS}/{made['id']}/publish", status=202)
        await acme.post(UNITARY, execution(made["id"]), status=202)  # intake knows it now
        await acme.post(f"{CAMPAIGNS}/{made['id']}/stop", status=202)
    answer = await acme.call("POST", UNITARY, execution(made["id"], request_id="r-2"))
    context = refusal(answer, 400, "000130")
    assert status in answer.json()["title"]
    assert context["campaignId"] == made["id"]
    assert context["requestId"] == "r-2"


@pytest.mark.parametrize(
    "schedule", [{"startDate": "2199-01-01T00:00:00Z"}, {"endDate": "1999-01-01T00:00:00+02:00"}]
)
async def test_outside_its_dates_a_campaign_is_refused(
    house: House, acme: Api, schedule: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await acme.post(CAMPAIGNS, campaign(await house.simulated(), schedule=schedule))
    with monkeypatch.context() as then:
        then.setattr(ids, "now", lambda: ids.parse_iso("1998-01-01T00:00:00Z"))
        await acme.post(f"{CAMPAIGNS}/{made['id']}/publish", status=202)
    context = refusal(await acme.call("POST", UNITARY, execution(made["id"])), 400, "000131")
    assert context["campaignId"] == made["id"]


async def test_a_variable_that_the_content_needs_is_named_with_its_place(house: House, acme: Api) -> None:
    content = ContentInput(subject="Hi {{profile.person.name.firstName}}, {{context.link}}", text="x")
    made = await house.campaign(await house.simulated(), content=content)
    body = execution(made.id, "a@example.com", "b@example.com", context={"link": "https://x.example"})
    context = refusal(await acme.call("POST", UNITARY, body), 400, "000134")
    places = {path for path in context if path.startswith("recipients")}
    assert places == {f"recipients[{index}].profile.person.name.firstName" for index in (0, 1)}


async def test_without_new_profiles_somebody_unknown_is_refused(house: House, acme: Api) -> None:
    made = await house.campaign(await house.simulated(), create_new_profile=False)
    context = refusal(await acme.call("POST", UNITARY, execution(made.id, type="aep")), 400, "000133")
    assert "recipients[0].userId" in context


async def test_what_was_required_before_is_not_asked_for_any_more(house: House, acme: Api) -> None:
    """The room keeps the live version in memory: a refusal must not be decided by an old one."""
    demanding = {"subject": "{{context.code}}", "text": {"body": "x"}}
    made = await acme.post(CAMPAIGNS, campaign(await house.simulated(), content=demanding))
    place = f"{CAMPAIGNS}/{made['id']}"
    await acme.post(f"{place}/publish", status=202)
    refusal(await acme.call("POST", UNITARY, execution(made["id"])), 400, "000134")
    live = await acme.get(place)
    easy = campaign(live["channelConfigurationId"])
    assert (await acme.put(place, easy, live["version"])).status_code == 200
    await acme.post(f"{place}/publish", status=202)
    await acme.post(UNITARY, execution(made["id"]), status=202)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_another_method_is_405_and_told_which_one_is_right(acme: Api, method: str) -> None:
    answer = await acme.call(method, UNITARY)
    assert answer.headers["allow"] == "POST"
    if method != "HEAD":
        refusal(answer, 405, "000125")
    assert answer.status_code == 405


@pytest.mark.parametrize("path", [UNITARY, CAMPAIGNS, TOKEN])
async def test_who_hangs_up_in_the_middle_leaves_nothing(house: House, acme: Api, path: str) -> None:
    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": b'{"requestId":', "more_body": True},
        {"type": "http.disconnect"},
    ]
    told: list[Any] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(event: Any) -> None:
        told.append(event)

    headers = [(name.encode(), value.encode()) for name, value in acme.headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
    before = rows(house)
    await application(house.retour)(scope, receive, send)
    assert told[0]["status"] == 400
    assert rows(house) == before
