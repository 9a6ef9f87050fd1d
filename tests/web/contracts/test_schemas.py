"""The JSON Schemas: Adobe's samples fit, real bodies fit, and what a room refuses is what they say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError

from cast import House
from outside.https import Endpoint
from pure.test_payloads import EMAIL, EMAIL_SAMPLE, LATER_LINES, SMS_SAMPLE
from pure.test_payloads import SMS as SMS_FACTS
from retour import payloads
from retour.model import FeedbackStatus
from retour.payloads import EventFacts
from retour.web import schemas
from web.api.callers import (
    CAMPAIGNS,
    CONFIGURATIONS,
    UNITARY,
    WEBHOOKS,
    Api,
    campaign,
    execution,
    refusal,
    relay,
    webhook,
)
from web.contracts import contract
from web.contracts.contract import Schema, changed

SMS = {
    "name": "text",
    "channel": "sms",
    "provider": "simulated",
    "email": None,
    "sms": {"senderNumber": "+15550100"},
}
EVERYTHING = ["sent", "delivered", "bounce", "error", "delay", "exclude", "denylist", "duplicate"]


@cache
def alone(name: str, strict: bool = False) -> Draft202012Validator:
    """The page of that name, which needs no other."""
    content = contract.documents()[f"/schemas/{name}.json"]
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(contract.closed(content) if strict else content)


@pytest.mark.parametrize("name", [*schemas.ALONE])
def test_a_page_is_a_schema_that_says_of_itself_what_it_is(name: str) -> None:
    content = contract.documents()[f"/schemas/{name}.json"]
    assert content["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert content["title"]
    assert content["description"]
    assert not alone(name).is_valid([])


# --- the feedback event ---


@pytest.mark.parametrize("sample", [EMAIL_SAMPLE, SMS_SAMPLE])
def test_adobe_s_samples_fit_the_exact_format_to_the_last_key(sample: bytes) -> None:
    event = json.loads(sample)
    assert contract.troubles(alone("feedback-event-ajo", strict=True), event) == []
    assert not alone("feedback-event").is_valid(event)  # it has no `_id`


def test_the_sample_of_another_channel_is_another_shape() -> None:
    event = changed(json.loads(SMS_SAMPLE), channel="email")
    assert not alone("feedback-event-ajo", strict=True).is_valid(event)


@pytest.mark.parametrize("place", [*LATER_LINES])
def test_a_key_that_is_missing_is_noticed(place: str) -> None:
    for key in LATER_LINES[place]:
        event = json.loads(EMAIL_SAMPLE)
        del event[place][key]
        assert not alone("feedback-event-ajo").is_valid(event)


@pytest.mark.parametrize("format_", ["extended", "ajo"])
@pytest.mark.parametrize("channel", ["email", "sms"])
async def test_every_body_that_arrives_fits(
    house: House, acme: Api, receiver: Endpoint, channel: str, format_: str
) -> None:
    """All that the simulator tells at once."""
    namespace = "email" if channel == "email" else "Phone"
    made = await house.campaign(await house.simulated(channel), channel=channel, identity_namespace=namespace)
    await acme.post(WEBHOOKS, webhook(url=receiver.url("/x"), headers=[], format=format_, events=EVERYTHING))
    people = PEOPLE[channel]
    async with house.working():
        await acme.post(UNITARY, execution(made.id, *people, namespace=namespace), status=202)
        await receiver.arrived(FIRST[channel])
    name = "feedback-event" if format_ == "extended" else "feedback-event-ajo"
    told = set()
    for request in receiver.requests:
        event = json.loads(request.body)
        assert contract.troubles(alone(name, strict=True), event) == []
        told.add(event["messageDeliveryFeedback"]["feedbackStatus"]["value"])
        assert headers(request.headers) == []
    assert told == TOLD


PEOPLE = {
    "email": (
        "delivered@example.com",
        "bounce@example.com",
        "full@example.com",
        "late-bounce+54+0s@example.com",
        "deferred@example.com",
        "error@example.com",
    ),
    "sms": ("+15550100", "+15550101", "+15550104", "+15550106"),
}
FIRST = {"email": 8, "sms": 5}
TOLD = {"sent", "delivered", "bounce", "delay", "error"}


@pytest.mark.parametrize("facts", [EMAIL, SMS_FACTS], ids=["email", "sms"])
@pytest.mark.parametrize("status", [*FeedbackStatus])
def test_every_kind_of_event_fits(facts: EventFacts, status: FeedbackStatus) -> None:
    """Also those that nothing tells yet."""
    bare = msgspec.structs.replace(facts, status=status, failure=None, provider=None, delivered_at=None)
    left_out = msgspec.structs.replace(
        bare, exclusion_code="050301", exclusion_reason="why", amends="event-1"
    )
    for told in (facts, bare, left_out):
        body = payloads.body(told)
        assert contract.troubles(alone("feedback-event", strict=True), json.loads(body)) == []
        exact = json.loads(payloads.exact(body))
        assert contract.troubles(alone("feedback-event-ajo", strict=True), exact) == []


def headers(sent: Sequence[tuple[str, str]]) -> list[str]:
    """What is wrong with the headers that the document tells."""
    given = {name.lower(): value for name, value in sent}
    return [
        trouble
        for parameter in contract.document()["webhooks"]["feedbackEvent"]["post"]["parameters"]
        for trouble in contract.troubles(
            Draft202012Validator(parameter["schema"]), given.get(parameter["name"])
        )
    ]


# --- what is handed in ---


@pytest.mark.parametrize(
    ("name", "place", "body"),
    [
        ("campaign", CAMPAIGNS, campaign(None)),
        ("channel-configuration", CONFIGURATIONS, relay()),
        ("channel-configuration", CONFIGURATIONS, SMS),
        ("webhook", WEBHOOKS, webhook(orderWaitSeconds="strict")),
        ("webhook", WEBHOOKS, webhook(authentication={"type": "none"})),
    ],
)
async def test_what_get_returns_can_be_sent_back_and_fits(
    acme: Api, name: str, place: str, body: Schema
) -> None:
    assert contract.troubles(alone(name), body) == []
    made = await acme.post(place, body)
    made.pop("signingSecret", None)
    assert contract.troubles(alone(name), made) == []
    assert (await acme.put(f"{place}/{made['id']}", made, made["version"])).status_code == 200


GOOD: dict[str, tuple[str, Schema]] = {
    "campaign": (CAMPAIGNS, campaign(None, schedule={"startDate": None, "endDate": None})),
    "channel-configuration": (CONFIGURATIONS, relay()),
    "sms": (CONFIGURATIONS, SMS),
    "webhook": (WEBHOOKS, webhook()),
}
OF = {"sms": "channel-configuration"}
REFUSED: list[tuple[str, str, Any]] = [
    ("campaign", "name", ""),
    ("campaign", "name", "x" * 101),
    ("campaign", "description", "x" * 2_001),
    ("campaign", "channel", "fax"),
    ("campaign", "campaignType", "Scheduled"),
    ("campaign", "category", "Marketing"),
    ("campaign", "identityNamespace", "x" * 129),
    ("channel-configuration", "name", ""),
    ("channel-configuration", "channel", "fax"),
    ("channel-configuration", "provider", "pigeon"),
    ("channel-configuration", "messageType", "marketing"),
    ("channel-configuration", "email.senderName", ""),
    ("channel-configuration", "email.retryPeriodMinutes", 0.01),
    ("channel-configuration", "email.retryPeriodMinutes", 5_041),
    ("channel-configuration", "email.deliveryNotices", "sometimes"),
    ("channel-configuration", "smtp.host", ""),
    ("channel-configuration", "smtp.port", 0),
    ("channel-configuration", "smtp.port", 65_536),
    ("channel-configuration", "smtp.security", "ssl"),
    ("channel-configuration", "smtp.maxConnections", 65),
    ("channel-configuration", "smtp.username", "x" * 321),
    ("channel-configuration", "smtp.password", "x" * 1_025),
    ("sms", "sms.senderNumber", ""),
    ("sms", "sms.defaultRegion", "NLD"),
    ("sms", "sms.maxParts", 11),
    ("sms", "sms.perSecond", 0.01),
    ("sms", "sms.atOnce", 0),
    ("sms", "sms.reportHours", 169),
    ("webhook", "name", ""),
    ("webhook", "channels", []),
    ("webhook", "channels", ["fax"]),
    ("webhook", "url", ""),
    ("webhook", "url", "https://127.0.0.1/" + "x" * 2_048),
    ("webhook", "authentication.type", "basic"),
    ("webhook", "authentication.algorithm", "none"),
    ("webhook", "authentication.secret", "x" * 16_385),
    ("webhook", "authentication.keyId", "x" * 201),
    ("webhook", "authentication.claims", {"exp": 1}),
    ("webhook", "authentication.claims", []),
    ("webhook", "authentication.lifetimeSeconds", 59),
    ("webhook", "authentication.lifetimeSeconds", 86_401),
    ("webhook", "authentication.prefix", "Bärer "),
    ("webhook", "authentication.header", ""),
    ("webhook", "headers", [{"name": f"x-{number}", "value": "1"} for number in range(21)]),
    ("webhook", "headers", [{"name": "", "value": "1"}]),
    ("webhook", "headers", [{"name": "x" * 101, "value": "1"}]),
    ("webhook", "headers", [{"name": "x", "value": "1" * 4_097}]),
    ("webhook", "format", "xml"),
    ("webhook", "events", []),
    ("webhook", "events", ["opened"]),
    ("webhook", "orderWaitSeconds", -1),
    ("webhook", "orderWaitSeconds", 3_601),
    ("webhook", "orderWaitSeconds", "never"),
    ("webhook", "deadlineSeconds", 0),
    ("webhook", "deadlineSeconds", 31),
    ("webhook", "parked", "burn"),
]


def at(body: Schema, place: str, value: Any) -> Schema:
    """The body with something else at that place."""
    outer, _, inner = place.rpartition(".")
    return changed(body, **({outer: changed(body[outer], **{inner: value})} if outer else {inner: value}))


def places(error: ValidationError) -> list[str]:
    """Where it is wrong; of an alternative, where each part of it is."""
    return [error.json_path, *(place for inner in error.context for place in places(inner))]


@pytest.mark.parametrize("name", [*GOOD])
async def test_what_a_schema_forbids_the_room_refuses_at_that_place(acme: Api, name: str) -> None:
    path, good = GOOD[name]
    schema = alone(OF.get(name, name))
    assert contract.troubles(schema, good) == []
    for place, value in [row[1:] for row in REFUSED if row[0] == name]:
        body = at(good, place, value)
        found = [trouble for error in schema.iter_errors(body) for trouble in places(error)]
        assert [trouble for trouble in found if trouble.startswith(f"$.{place}")], (place, value, found)
        told = refusal(await acme.call("POST", path, body), 422, "000111")
        assert [field for field in told if field.startswith(place)], (place, value, told)


@pytest.mark.parametrize("name", [*GOOD])
async def test_what_a_schema_requires_the_room_misses(acme: Api, name: str) -> None:
    path, good = GOOD[name]
    schema = contract.documents()[f"/schemas/{OF.get(name, name)}.json"]
    assert schema["required"]
    for field in schema["required"]:
        body = {key: value for key, value in good.items() if key != field}
        assert not alone(OF.get(name, name)).is_valid(body)
        told = refusal(await acme.call("POST", path, body), 422, "000111")
        assert [place for place in told if place.startswith(field)], told


async def test_each_word_of_a_choice_is_taken(acme: Api) -> None:
    """A choice in a schema is no longer than the room's."""
    fields = contract.documents()["/schemas/webhook.json"]["properties"]
    for place in ("format", "parked"):
        for word in fields[place]["enum"]:
            made = await acme.post(WEBHOOKS, webhook(**{place: word}))
            assert (await acme.call("DELETE", f"{WEBHOOKS}/{made['id']}")).status_code == 204
    made = await acme.post(WEBHOOKS, webhook(events=fields["events"]["items"]["enum"]))
    assert made["events"] == fields["events"]["items"]["enum"]


async def test_each_algorithm_is_taken(acme: Api) -> None:
    fields = contract.documents()["/schemas/webhook.json"]["$defs"]["AuthenticationInput"]["properties"]
    for word in fields["algorithm"]["enum"]:
        jwt = {"type": "jwt", "algorithm": word, "generate": True, "claims": {"iss": "retour"}}
        made = await acme.post(WEBHOOKS, webhook(authentication=jwt))
        assert (await acme.call("DELETE", f"{WEBHOOKS}/{made['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("place", "words"),
    [("security", ["none", "starttls", "tls"]), ("deliveryNotices", ["success", "failure", "none"])],
)
async def test_each_word_of_a_configuration_is_taken(acme: Api, place: str, words: list[str]) -> None:
    inner = "smtp" if place == "security" else "email"
    defs = contract.documents()["/schemas/channel-configuration.json"]["$defs"]
    assert defs[f"{inner.title()}Input"]["properties"][place]["enum"] == words
    for word in words:
        await acme.post(CONFIGURATIONS, at(relay(name=word), f"{inner}.{place}", word))
