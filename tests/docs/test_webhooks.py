"""The receiver's code on docs/webhooks.md verifies what the product really posts."""

from __future__ import annotations

import json
import re
from typing import Any

import jwt
import pytest

from cast import SECRET, House
from docs.pages import blocks, page
from outside.https import Endpoint
from retour import limits, payloads
from retour.catalog import inputs, rotations
from retour.model import ChannelKind
from retour.web import jwks

TEXT = page("webhooks.md")
(CODE,) = blocks(TEXT, "python")


def receiver_of(signing_secret: str | None) -> Any:
    """The page's `verify`, with the secrets of a webhook."""
    names: dict[str, Any] = {}
    exec(CODE, names)
    names |= {"SIGNING_SECRET": signing_secret, "JWT_SECRET": SECRET}
    return names["verify"]


async def posted(house: House, receiver: Endpoint) -> tuple[Any, dict[str, str], bytes]:
    """One event as it arrived, and the page's `verify` for it."""
    campaign = await house.campaign(await house.simulated())
    made = await house.webhook(receiver.url("/feedback"))
    async with house.working():
        await house.execute(campaign, "sent@example.com")
        await receiver.arrived(1)
    request = receiver.requests[0]
    headers = {name.lower(): value for name, value in dict(request.headers).items()}
    return receiver_of(made.signing_secret), headers, request.body


async def test_what_is_posted_verifies(house: House, receiver: Endpoint) -> None:
    verify, headers, body = await posted(house, receiver)
    verify(headers, body)


async def test_a_changed_body_does_not(house: House, receiver: Endpoint) -> None:
    verify, headers, body = await posted(house, receiver)
    with pytest.raises(ValueError, match="signature"):
        verify(headers, body.replace(b"sent@example.com", b"evil@example.com"))


async def test_a_request_of_yesterday_does_not(
    house: House, receiver: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify, headers, body = await posted(house, receiver)
    monkeypatch.setattr("time.time", lambda: int(headers["webhook-timestamp"]) + 301)
    with pytest.raises(ValueError, match="old"):
        verify(headers, body)


async def test_somebody_else_s_token_does_not(house: House, receiver: Endpoint) -> None:
    verify, headers, body = await posted(house, receiver)
    token = jwt.encode({"iss": "retour", "exp": 9_999_999_999}, "another secret of thirty-two characters")
    with pytest.raises(jwt.InvalidTokenError):
        verify(headers | {"authorization": f"Bearer {token}"}, body)


def test_the_body_on_the_page_has_the_keys_that_are_posted() -> None:
    (shown,) = (json.loads(block) for block in blocks(TEXT, "json"))
    sample = payloads.sample("myImsOrg", "id", "prod", ChannelKind.EMAIL, "event", 0)
    assert shape(shown) == shape(
        json.loads(sample) | {"messageDeliveryFeedback": shown["messageDeliveryFeedback"]}
    )
    assert shown["messageDeliveryFeedback"].keys() == json.loads(sample)["messageDeliveryFeedback"].keys()


def shape(value: Any) -> Any:
    """Keys and their order, all the way down."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    return [shape(item) for item in value] if isinstance(value, list) else None


def test_the_schedule_on_the_page_is_the_schedule() -> None:
    units = {"s": 1, "min": 60, "hours": 3600}
    (told,) = re.findall(r"At once, then after (.*?), each 20 %", TEXT, re.S)
    seconds: list[int] = []
    pending: list[int] = []
    for word in re.split(r"[,\s]+", told):
        if word.isdigit():
            pending.append(int(word))
        elif word in units:
            seconds += [number * units[word] for number in pending]
            pending = []
    assert tuple(seconds) == limits.WEBHOOK_SCHEDULE


def test_the_limits_on_the_page_are_the_limits() -> None:
    low, high = limits.DEADLINE_SECONDS
    assert f"({limits.DEADLINE_DEFAULT} seconds by default, {low} to {high})" in TEXT
    assert limits.CIRCUIT_FAILURES == 10
    assert "After ten failures in a row" in TEXT
    assert limits.WEBHOOK_PROBE == (5 * limits.SECOND, 5 * limits.MINUTE)
    assert "5 seconds to 5 minutes apart" in TEXT


def test_the_times_of_a_rotation_on_the_page_are_its_times() -> None:
    low, high = inputs.OVERLAP_HOURS
    assert (low, inputs.RotationInput().overlap_hours, high) == (0, 24, 7 * 24)
    assert "24 hours by default and 7 days at most" in TEXT
    assert jwks.KEPT_SECONDS == 5 * 60
    assert rotations.SIGN_AFTER == 10 * limits.MINUTE
    assert rotations.SIGN_AFTER >= 2 * jwks.KEPT_SECONDS * limits.SECOND
    assert "for at most the 5 minutes that `cache-control` says" in TEXT
    assert "**Why 10 minutes:**" in TEXT
