"""/ajo/config/profiles, and what executions make of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings

from cast import House, until
from outside.smtp import Conduct, relay
from retour import limits
from retour.catalog.inputs import ContentInput
from web.api.callers import EXECUTIONS, PROFILES, UNITARY, Api, execution, refusal, rows
from web.api.test_fuzz import data

JANE = f"{PROFILES}/email/jane@example.com"
ANN = {"person": {"name": {"firstName": "Jane", "lastName": "Doe"}}, "tags": ["new"]}
NAMES = ContentInput(subject="Hi", text="{{profile.person.name.firstName}} {{profile.person.name.lastName}}")


@pytest.fixture
async def named_id(house: House) -> str:
    """A campaign that writes a first and a last name, with new profiles on."""
    return (await house.campaign(await house.simulated(), content=NAMES)).id


@pytest.fixture
async def closed_id(house: House) -> str:
    """One that creates no profiles."""
    return (await house.campaign(await house.relay(2525), create_new_profile=False)).id


def reads_of(house: House, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the statements that are read from now on."""
    asked: list[str] = []
    store = house.retour.store
    read = store.read

    async def listening(statement: str, **values: Any) -> Any:
        asked.append(statement)
        return await read(statement, **values)

    monkeypatch.setattr(store, "read", listening)
    return asked


# --- the route ---


async def test_a_profile_is_put_read_replaced_and_deleted(house: House, acme: Api) -> None:
    refusal(await acme.call("GET", JANE), 404, "000120")
    made = await acme.call("PUT", JANE, ANN)
    body = made.json()
    assert made.status_code == 200
    assert set(body) == {"namespace", "userId", "profile", "createdAt", "modifiedAt"}
    assert (body["namespace"], body["userId"], body["profile"]) == ("email", "jane@example.com", ANN)
    assert await acme.get(JANE) == body
    other = (await acme.call("PUT", JANE, {"a": 1})).json()
    assert (other["profile"], other["createdAt"]) == ({"a": 1}, body["createdAt"])
    assert (await acme.call("DELETE", JANE)).status_code == 204
    for method in ("GET", "DELETE"):
        refusal(await acme.call(method, JANE), 404, "000120")
    assert rows(house)["profile"] == 0


async def test_the_case_of_a_namespace_does_not_matter_and_that_of_a_user_id_does(acme: Api) -> None:
    assert (await acme.call("PUT", f"{PROFILES}/Email/Jane", ANN)).json()["namespace"] == "email"
    assert (await acme.get(f"{PROFILES}/EMAIL/Jane"))["profile"] == ANN
    refusal(await acme.call("GET", f"{PROFILES}/email/jane"), 404, "000120")


async def test_any_user_id_that_a_recipient_may_have_has_its_path(acme: Api) -> None:
    for user_id in ("a/b@example.com", "/", "50%", "a?b#c", "jané", "\u202e", "a b", "{userId}"):
        path = f"{PROFILES}/ecid/{quote(user_id)}"
        assert (await acme.call("PUT", path, ANN)).json()["userId"] == user_id
        assert (await acme.get(path))["userId"] == user_id
        assert (await acme.call("DELETE", path)).status_code == 204


UNFIT: list[tuple[str, Any, str]] = [
    (JANE, [ANN], "body"),
    (JANE, {"a": "x" * limits.PROFILE_BYTES}, "profile"),
    (f"{PROFILES}/email/{'x' * 321}", ANN, "userId"),
    (f"{PROFILES}/{'x' * 129}/jane", ANN, "namespace"),
    (f"{PROFILES}/email/%00", ANN, "userId"),
    (f"{PROFILES}/%0a/jane", ANN, "namespace"),
]


async def test_what_can_t_be_kept_is_refused(house: House, acme: Api) -> None:
    for path, body, field in UNFIT:
        assert field in refusal(await acme.call("PUT", path, body), 422, "000111"), path
    refusal(await acme.call("PUT", JANE), 400, "000110")
    assert rows(house)["profile"] == 0


async def test_a_profile_nested_too_deep_is_refused(acme: Api) -> None:
    deep: Any = 1
    for _ in range(limits.JSON_DEPTH + 1):
        deep = {"a": deep}
    assert "profile" in refusal(await acme.call("PUT", JANE, deep), 422, "000111")
    assert (await acme.call("PUT", JANE, deep["a"])).status_code == 200


@settings(max_examples=40, suppress_health_check=list(HealthCheck), database=None)
@given(given=data)
async def test_whatever_is_taken_is_given_back_as_it_was(acme: Api, given: Any) -> None:
    answer = await acme.call("PUT", JANE, given)
    assert answer.status_code in ((200,) if isinstance(given, dict) else (400, 422)), answer.text
    if isinstance(given, dict):
        assert (await acme.get(JANE))["profile"] == answer.json()["profile"] == given


async def test_at_rest_nothing_of_a_profile_can_be_read(house: House, acme: Api) -> None:
    await acme.call("PUT", JANE, {"person": {"name": {"firstName": "Rumpelstilzchen"}}})
    await house.retour.store.read("setting_get", name="x")
    folder = house.retour.settings.data_dir
    files = [file.read_bytes() for file in folder.glob("retour.db*")]
    assert files
    assert not any(b"Rumpelstilzchen" in content for content in files)


# --- executions ---


async def test_somebody_new_is_kept_with_what_the_call_says(house: House, acme: Api, named_id: str) -> None:
    await acme.post(UNITARY, execution(named_id, type="aep", profile=ANN), status=202)
    assert (await acme.get(JANE))["profile"] == ANN


async def test_somebody_new_without_a_profile_is_known_from_then_on(
    acme: Api, campaign_id: str, closed_id: str
) -> None:
    refusal(await acme.call("POST", UNITARY, execution(closed_id, type="aep")), 400, "000133")
    await acme.post(UNITARY, execution(campaign_id, type="aep"), status=202)
    assert (await acme.get(JANE))["profile"] == {}
    await acme.post(UNITARY, execution(closed_id, type="aep"), status=202)


async def test_a_call_does_not_change_what_is_stored(acme: Api, named_id: str) -> None:
    await acme.call("PUT", JANE, ANN)
    call = execution(named_id, type="aep", profile={"person": {"name": {"firstName": "Janet"}}})
    await acme.post(UNITARY, call, status=202)
    assert (await acme.get(JANE))["profile"] == ANN


async def test_what_is_stored_fills_in_what_the_call_leaves_out(acme: Api, named_id: str) -> None:
    call = execution(named_id, type="aep", profile={"person": {"name": {"firstName": "Janet"}}})
    refusal(await acme.call("POST", UNITARY, call), 400, "000134")
    refusal(await acme.call("GET", JANE), 404, "000120")
    await acme.call("PUT", JANE, ANN)
    await acme.post(UNITARY, call, status=202)


async def test_the_message_says_what_the_call_says_and_else_what_is_stored(house: House, acme: Api) -> None:
    async with relay(Conduct()) as mx:
        made = await house.campaign(await house.relay(mx.port), content=NAMES)
        await acme.call("PUT", JANE, ANN)
        call = execution(made.id, type="aep", profile={"person": {"name": {"firstName": "Janet"}}})
        await acme.post(UNITARY, call, status=202)

        async def arrived() -> bool:
            return bool(mx.messages)

        async with house.working():
            await until(arrived)
    assert b"Janet Doe" in mx.messages[0].content


async def test_without_new_profiles_every_unknown_one_is_named_and_external_ones_are_not(
    house: House, acme: Api, closed_id: str
) -> None:
    people = ("a@example.com", "b@example.com", "c@example.com", "d@example.com")
    await acme.call("PUT", f"{PROFILES}/email/b@example.com", ANN)
    body = execution(closed_id, *people, type="aep")
    body["recipients"][3]["type"] = "external"
    before = rows(house)
    context = refusal(await acme.call("POST", UNITARY, body), 400, "000133")
    assert sorted(path for path in context if path.startswith("recipients")) == [
        "recipients[0].userId",
        "recipients[2].userId",
    ]
    assert rows(house) == before


async def test_the_address_may_come_from_the_stored_profile(house: House, acme: Api) -> None:
    mail = await house.campaign(await house.simulated(), identity_namespace="CRMID")
    texts = await house.campaign(await house.simulated("sms"), channel="sms", identity_namespace="CRMID")
    where = {"personalEmail": {"address": "jane@example.com"}, "mobilePhone": {"number": "+44 20 7946 0958"}}
    await acme.call("PUT", f"{PROFILES}/crmid/4711", where)
    for made, address in ((mail, "jane@example.com"), (texts, "+442079460958")):
        done = await acme.post(UNITARY, execution(made.id, "4711", namespace="CRMID", type="aep"), status=202)
        assert await _address(house, acme, done["executionId"]) == address
        refusal(
            await acme.call("POST", UNITARY, execution(made.id, "4711", namespace="CRMID")), 400, "000111"
        )


async def test_the_call_s_address_comes_before_the_stored_one(house: House, acme: Api) -> None:
    made = await house.campaign(await house.simulated(), identity_namespace="CRMID")
    await acme.call("PUT", f"{PROFILES}/crmid/4711", {"personalEmail": {"address": "delivered@example.com"}})
    for more in (
        {"channelData": {"emailAddress": "bounce@example.com"}},
        {"profile": {"personalEmail": {"address": "bounce@example.com"}}},
    ):
        body = execution(made.id, "4711", namespace="CRMID", type="aep", **more)
        done = await acme.post(UNITARY, body, status=202)
        assert await _address(house, acme, done["executionId"]) == "bounce@example.com"
    body = execution(made.id, "4711", namespace="CRMID", type="aep")
    done = await acme.post(UNITARY, body, status=202)
    assert await _address(house, acme, done["executionId"]) == "delivered@example.com"


async def _address(house: House, acme: Api, execution_id: str) -> str:
    (person,) = (await acme.get(f"{EXECUTIONS}/{execution_id}"))["recipients"]
    message = await house.retour.shelves.message(house.dev.id, person["messageId"])
    assert message is not None
    return message.address


async def test_external_recipients_neither_read_nor_make_a_profile(
    house: House, acme: Api, named_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await acme.call("PUT", JANE, ANN)
    refusal(await acme.call("POST", UNITARY, execution(named_id)), 400, "000134")
    await acme.post(UNITARY, execution(named_id, "a@example.com", profile=ANN), status=202)
    asked = reads_of(house, monkeypatch)
    await acme.post(UNITARY, execution(named_id, "b@example.com", profile=ANN), status=202)
    assert asked == []
    assert rows(house)["profile"] == 1


async def test_however_many_recipients_there_are_their_profiles_are_read_at_once(
    house: House, acme: Api, campaign_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await acme.post(UNITARY, execution(campaign_id), status=202)
    asked = reads_of(house, monkeypatch)
    people = [f"user{number}@example.com" for number in range(limits.RECIPIENTS)]
    await acme.post(UNITARY, execution(campaign_id, *people, type="aep"), status=202)
    await acme.post(UNITARY, execution(campaign_id, *people, type="aep"), status=202)
    assert asked == ["profiles_of"] * 2
    assert rows(house)["profile"] == limits.RECIPIENTS


async def test_the_first_answer_outlives_the_profile(house: House, acme: Api, closed_id: str) -> None:
    await acme.call("PUT", JANE, ANN)
    body = execution(closed_id, type="aep")
    first = await acme.post(UNITARY, body, status=202)
    assert (await acme.call("DELETE", JANE)).status_code == 204
    assert await acme.post(UNITARY, body, status=202) == first
    refusal(await acme.call("POST", UNITARY, execution(closed_id, type="aep")), 400, "000133")


async def test_a_refused_call_keeps_nobody(house: House, acme: Api, campaign_id: str) -> None:
    body = execution(campaign_id, "jane@example.com", "nowhere", type="aep")
    refusal(await acme.call("POST", UNITARY, body), 400, "000111")
    assert rows(house)["profile"] == 0


async def test_charlie_s_people_are_not_ann_s(house: House, acme: Api, charlie: Api) -> None:
    await acme.call("PUT", JANE, ANN)
    refusal(await charlie.call("GET", JANE), 404, "000120")
    refusal(await acme.at("prod").call("GET", JANE), 404, "000120")
    sender = await house.relay(2525, sandbox=house.other)
    closed = await house.campaign(sender, sandbox=house.other, create_new_profile=False)
    refusal(await charlie.call("POST", UNITARY, execution(closed.id, type="aep")), 400, "000133")
    await charlie.call("PUT", JANE, {"mine": True})
    assert (await acme.get(JANE))["profile"] == ANN
