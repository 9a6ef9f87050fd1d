"""Any JSON, near to what is right or far from it, to every route that takes a body: never a 5xx, never a hang."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retour import ids
from retour.errors import Invalid
from retour.web.decoding import decode
from retour.web.ingest import ExecutionRequest
from web.api.callers import (
    CAMPAIGNS,
    CONFIGURATIONS,
    UNITARY,
    WEBHOOKS,
    Api,
    campaign,
    execution,
    relay,
    webhook,
)
from web.api.test_channel_configurations import SMS

pytestmark = pytest.mark.slow  # seconds in all

SECONDS = 5.0
ROUNDS = 120

text = st.text(max_size=20) | st.sampled_from(
    ["", "\x00", "\u202e", "x" * 5_000, "a@b.example", "-1", "0x7f.1"]
)
scalar = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
data = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)


def places(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a body."""
    items: list[tuple[Any, Any]] = []
    if isinstance(body, dict):
        items = list(body.items())
    elif isinstance(body, list):
        items = list(enumerate(body))
    return [path] + [place for key, value in items for place in places(value, (*path, key))]


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with something else at that path."""
    if not path:
        return value
    key, *rest = path
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[key] = changed(body[key], tuple(rest), value)
    return copy


@st.composite
def nearly(draw: Any, good: Any) -> Any:
    """A good body with one or two things in it replaced."""
    body = good
    for _ in range(draw(st.integers(1, 2))):
        body = changed(body, draw(st.sampled_from(places(body))), draw(data))
    return body


EXECUTION = execution("campaign", "a@example.com", "b@example.com", profile={"a": 1}, context={"b": "c"})
EXECUTION["recipients"][1]["type"] = "aep"
GOOD = {
    UNITARY: EXECUTION,
    CONFIGURATIONS: relay(),
    f"{CONFIGURATIONS}#sms": SMS,
    CAMPAIGNS: campaign("configuration", schedule={"startDate": None, "endDate": "2030-01-01T00:00:00Z"}),
    WEBHOOKS: webhook(events=["sent"], orderWaitSeconds=5, format="ajo", parked="deliver"),
}


@pytest.mark.parametrize("route", GOOD)
@settings(max_examples=ROUNDS, suppress_health_check=list(HealthCheck), database=None)
@given(st.data())
async def test_no_body_makes_a_5xx_or_a_hang(
    acme: Api, campaign_id: str, route: str, drawn: st.DataObject
) -> None:
    once = (
        {"campaignId": campaign_id, "requestId": ids.new_id()} if route == UNITARY else {"name": ids.new_id()}
    )
    good = GOOD[route] | once
    await _asked(acme, route.partition("#")[0], drawn.draw(nearly(good) | data))


async def _asked(api: Api, path: str, body: Any) -> None:
    async with asyncio.timeout(SECONDS):
        answer = await api.call("POST", path, body)
        assert answer.status_code < 500, answer.text
        if answer.status_code < 300 and path != UNITARY:
            await _used(api, f"{path}/{answer.json()['id']}", answer.json())
        elif answer.status_code >= 400:
            assert answer.json()["type"].startswith("https://ns.adobe.com/aep/errors/MSG-")


async def _used(api: Api, place: str, made: Any) -> None:
    """What was taken can be read, listed, put back and published: nothing broken was stored."""
    for path in (place, place.rpartition("/")[0]):
        assert (await api.call("GET", path)).status_code == 200
    put = await api.put(place, made, made["version"])
    assert put.status_code == 200, put.text
    if CAMPAIGNS in place:
        assert (await api.call("POST", f"{place}/publish")).status_code in (202, 422)
    if WEBHOOKS in place:
        assert (await api.call("DELETE", place)).status_code == 204


@settings(max_examples=60, suppress_health_check=list(HealthCheck), database=None)
@given(st.binary(max_size=60))
def test_no_bytes_make_more_than_a_400(raw: bytes) -> None:
    """The decoder alone: it is the same for every route."""
    with pytest.raises(Invalid):
        decode(raw, ExecutionRequest)
