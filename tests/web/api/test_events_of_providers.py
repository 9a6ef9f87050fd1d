"""`events` of a channel configuration: whose events tell what became of messages, with which key."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cast import House
from espevents.providers import TOPIC, SendGrid
from web.api.callers import CONFIGURATIONS, Api, refusal, relay

KEYS = {"ses": TOPIC, "sendgrid": SendGrid().key, "mailgun": "key-0123456789", "postmark": "luma:sesame"}
SECRET = ("mailgun", "postmark")
ADDRESS = r"http://127\.0\.0\.1:8080/callbacks/{}/[A-Za-z0-9_-]{{64}}"


def events(provider: str, **more: Any) -> dict[str, Any]:
    """A relay at this provider."""
    return relay(events={"provider": provider, "key": KEYS.get(provider)} | more)


@pytest.mark.parametrize("provider", KEYS)
async def test_it_comes_back_with_its_address_and_without_its_secret(acme: Api, provider: str) -> None:
    answer = await acme.call("POST", CONFIGURATIONS, events(provider))
    assert answer.status_code == 201, answer.text
    shown = answer.json()["events"]
    assert re.fullmatch(ADDRESS.format(provider), shown.pop("callback"))
    key = None if provider in SECRET else KEYS[provider]
    assert shown == {"provider": provider, "key": key, "hasKey": True}
    assert not re.search(r"sesame|key-0123456789|v1\.", answer.text)


@pytest.mark.parametrize("provider", KEYS)
async def test_what_get_returns_can_be_put_back_and_the_key_stays(
    house: House, acme: Api, provider: str
) -> None:
    made = await acme.post(CONFIGURATIONS, events(provider))
    before = (await house.retour.configurations.list(house.dev))[0].events
    place = f"{CONFIGURATIONS}/{made['id']}"
    again = await acme.put(place, await acme.get(place), 1)
    assert (again.status_code, again.json()["events"]) == (200, made["events"])
    assert (await house.retour.configurations.list(house.dev))[0].events == before


async def test_another_provider_needs_a_key_of_its_own(acme: Api) -> None:
    made = await acme.post(CONFIGURATIONS, events("mailgun"))
    place = f"{CONFIGURATIONS}/{made['id']}"
    for key in (None, "", " ", {"clear": True}, {"clear": False}):
        assert "events.key" in refusal(await acme.put(place, events("ses", key=key), 1), 422, "000111")
    moved = await acme.put(place, events("ses"), 1)
    assert (moved.status_code, moved.json()["events"]["key"]) == (200, TOPIC)
    assert moved.json()["events"]["callback"] != made["events"]["callback"]


async def test_postmark_s_key_can_be_removed_and_the_events_too(acme: Api) -> None:
    made = await acme.post(CONFIGURATIONS, events("postmark"))
    place = f"{CONFIGURATIONS}/{made['id']}"
    cleared = (await acme.put(place, events("postmark", key={"clear": True}), 1)).json()
    assert cleared["events"]["hasKey"] is False
    kept = (await acme.put(place, events("postmark", key=None), 2)).json()
    assert kept["events"]["hasKey"] is False
    assert "events" not in (await acme.put(place, relay(), 3)).json()


async def test_another_provider_does_not_inherit_a_secret(house: House, acme: Api) -> None:
    """Mailgun's key would be no name and password of Postmark's."""
    made = await acme.post(CONFIGURATIONS, events("mailgun"))
    await acme.put(f"{CONFIGURATIONS}/{made['id']}", events("postmark", key=None), 1)
    stored = (await house.retour.configurations.list(house.dev))[0].events
    assert stored is not None
    assert (stored.provider, stored.secret) == ("postmark", None)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"provider": "sparkpost", "key": "x"}, "events.provider"),
        ({"provider": "", "key": "x"}, "events.provider"),
        ({"key": "x"}, "events.provider"),
        ({"provider": "ses", "key": "arn:aws:sqs:eu-west-1:123456789012:x"}, "events.key"),
        ({"provider": "sendgrid", "key": "MFkw"}, "events.key"),
        ({"provider": "mailgun", "key": "ä"}, "events.key"),
        ({"provider": "mailgun"}, "events.key"),
        ({"provider": "postmark", "key": "no colon"}, "events.key"),
        ({"provider": "postmark", "key": "a:" + "b" * 600}, "events.key"),
        ({"provider": "postmark", "key": 5}, "events.key"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(
    house: House, acme: Api, wrong: dict[str, Any], path: str
) -> None:
    assert path in refusal(await acme.call("POST", CONFIGURATIONS, relay(events=wrong)), 422, "000111")
    assert await house.retour.configurations.list(house.dev) == []


async def test_what_sends_nothing_has_no_events(acme: Api) -> None:
    simulated = events("sendgrid") | {"provider": "simulated"}
    assert "events" not in await acme.post(CONFIGURATIONS, simulated)
