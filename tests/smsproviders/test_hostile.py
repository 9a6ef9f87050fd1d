"""Whatever a provider, or somebody who says so, answers or posts: its file makes something of it, and never raises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retour.ids import iso
from retour.model import Learned, ProviderFacts
from retour.smsproviders import PROVIDERS
from retour.smsproviders.shapes import (
    CHARACTERS,
    Busy,
    Got,
    Outcome,
    Posted,
    Refused,
    Report,
    Taken,
    Trouble,
    Uncertain,
)
from smsproviders.payloads import CALLBACK, NOON, Case, cases

HEADER = st.text(st.characters(max_codepoint=255), max_size=30)
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 2**63, 2**64])
DATES = st.sampled_from(["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-24", "9" * 13])
SIMPLE = st.none() | st.booleans() | NUMBERS | st.text(max_size=20) | DATES
ANYTHING = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
ODD: tuple[Any, ...] = (
    None, True, -1, 10**30, 1.5, "", "x", "9" * 13, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
    [], [1], [[]], {}, {"a": 1},
)  # fmt: skip
SOME = 40  # examples of each: half a second for each provider

every = pytest.mark.parametrize("provider", PROVIDERS)


def recorded(provider: str, kind: str) -> list[Case]:
    return [case for case in cases(kind) if case.provider == provider]


def of_each_shape(provider: str, kind: str, key: str) -> list[Case]:
    """One recorded case for each shape of JSON: the names in it, and what has which."""
    found = {str(shape(case.told[key].get("json"))): case for case in recorded(provider, kind)}
    return list(found.values())


def shape(value: Any) -> Any:
    """Names and places without what stands there."""
    if isinstance(value, dict):
        return {name: shape(value[name]) for name in sorted(value)}
    return [shape(one) for one in value] if isinstance(value, list) else None


def each_spoilt(value: Any) -> Iterator[Any]:
    """The same with one thing in it odd, or left out; every way."""
    yield from ODD
    if isinstance(value, dict):
        for name in value:
            yield {other: value[other] for other in value if other != name}
            yield from (value | {name: inner} for inner in each_spoilt(value[name]))
    if isinstance(value, list):
        for place, one in enumerate(value):
            yield from ([*value[:place], inner, *value[place + 1 :]] for inner in each_spoilt(one))


def spoilt(draw: st.DrawFn, value: Any) -> Any:
    """The same with one thing in it put wrong, left out or doubled."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(value)))
        return value | {name: spoilt(draw, value[name])}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], spoilt(draw, value[place]), *value[place:]]
    return draw(ANYTHING)


@st.composite
def bodies(draw: st.DrawFn, provider: str, kind: str, key: str) -> bytes:
    """A body: a recorded one that was spoilt, JSON of anything, a form of anything, or octets."""
    case = draw(st.sampled_from(recorded(provider, kind)))
    told = case.told[key]
    match draw(st.integers(0, 5)):
        case 0:
            return draw(st.binary(max_size=60))
        case 1:
            return json.dumps(draw(ANYTHING)).encode()
        case 2:
            return urlencode(draw(st.dictionaries(st.text(max_size=8), st.text(max_size=20)))).encode()
    if "json" in told:
        return json.dumps(spoilt(draw, told["json"])).encode()
    form = told.get("form", {}) | draw(st.dictionaries(st.text(max_size=8), st.text(max_size=20)))
    return urlencode(form).encode()


@every
def test_anything_posted_is_read_or_left_alone(provider: str) -> None:
    headers = [name for case in recorded(provider, "posted") for name in case.posted.headers]

    @settings(max_examples=SOME)
    @given(
        case=st.sampled_from(recorded(provider, "posted")),
        raw=bodies(provider, "posted", "posted"),
        sent=st.dictionaries(st.sampled_from([*headers, "authorization", "x"]), HEADER, max_size=4),
        query=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
    )
    def read(case: Case, raw: bytes, sent: dict[str, str], query: str) -> None:
        posted = Posted(url=f"{CALLBACK}?{query}", headers={**case.posted.headers, **sent}, raw=raw)
        assert case.file.genuine(posted, case.settings, NOON) in (True, False)
        for told in case.file.read(posted, case.settings):
            if isinstance(told, Report):
                assert isinstance(told.mark + told.reference, str)
                check(told.learned)
            else:
                assert (told.sender + told.to + told.text).encode() is not None

    read()


@every
def test_every_part_of_a_callback_may_be_anything(provider: str) -> None:
    for case in of_each_shape(provider, "posted", "posted"):
        for body in each_spoilt(case.told["posted"].get("json")):
            posted = case.posted._replace(raw=json.dumps(body).encode())
            assert case.file.genuine(posted, case.settings, NOON) in (True, False)
            for told in case.file.read(posted, case.settings):
                check(told.learned if isinstance(told, Report) else None)


@every
def test_every_part_of_an_answer_may_be_anything(provider: str) -> None:
    for case in of_each_shape(provider, "answer", "answer"):
        for body in each_spoilt(case.told["answer"].get("json")):
            got = msgspec.structs.replace(case.got, body=json.dumps(body).encode())
            outcome = case.file.answer(got, case.text, case.settings)
            check(outcome.learned if isinstance(outcome, Refused) else None)
            if not isinstance(outcome, Refused):
                check_facts(outcome.facts)


@every
def test_any_answer_is_one_of_five_things(provider: str) -> None:
    @settings(max_examples=SOME)
    @given(
        case=st.sampled_from(recorded(provider, "answer")),
        status=st.sampled_from([200, 201, 202, 204, 301, 400, 401, 402, 403, 404, 409, 422, 429, 500, 503]),
        body=bodies(provider, "answer", "answer"),
        headers=st.dictionaries(st.sampled_from(["retry-after", "content-type"]), HEADER, max_size=2),
    )
    def answered(case: Case, status: int, body: bytes, headers: dict[str, str]) -> None:
        got = Got(status=status, headers=headers, body=body)
        outcome: Outcome = case.file.answer(got, case.text, case.settings)
        assert isinstance(outcome, Taken | Refused | Busy | Trouble | Uncertain)
        check(outcome.learned if isinstance(outcome, Refused) else None)
        if not isinstance(outcome, Refused):
            check_facts(outcome.facts)
        assert isinstance(case.file.probed(got), str | None)

    answered()


def check(learned: Learned | None) -> None:
    """It can be written down."""
    if learned is None:
        return
    msgspec.json.encode(learned)
    if learned.failure is not None:
        assert 0 < len(learned.failure.code) <= CHARACTERS
    if learned.provider is not None:
        check_facts(learned.provider)


def check_facts(facts: ProviderFacts) -> None:
    msgspec.json.encode(facts)
    assert all(len(text) <= CHARACTERS for text in (facts.code, facts.text, facts.reference) if text)
    if facts.at is not None:
        assert iso(facts.at)


@pytest.mark.parametrize("provider", ["infobip", "sinch", "twilio", "vonage"])
@pytest.mark.parametrize(("status", "body"), [(200, b"<html>Welcome</html>"), (200, b"{}"), (302, b"")])
def test_an_address_that_is_somebody_else_s_is_not_taken_for_the_provider(
    provider: str, status: int, body: bytes
) -> None:
    said = PROVIDERS[provider].probed(Got(status=status, headers={}, body=body))
    assert said is not None
    assert "Check the base URL" in said
