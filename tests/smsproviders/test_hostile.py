"""Whatever is answered and posted, a provider's file reads it without a fault."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour.smsproviders import PROVIDERS
from retour.smsproviders.shapes import Got, Posted
from smsproviders.payloads import CALLBACK, NOON, Case, cases

LEAVES: Any = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
JSON: Any = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
ANYTHING: Any = st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode())
STATUSES = st.sampled_from([200, 201, 202, 301, 400, 401, 403, 404, 422, 429, 500, 503])


def spoilt(value: Any, junk: Any, place: int) -> Any:
    """A recorded body with one value of it replaced."""
    count = -1

    def walk(inner: Any) -> Any:
        nonlocal count
        count += 1
        if count == place:
            return junk
        if isinstance(inner, dict):
            return {name: walk(one) for name, one in inner.items()}
        return [walk(one) for one in inner] if isinstance(inner, list) else inner

    return walk(value)


def of(provider: str, kind: str, place: int) -> Case:
    """One of its recorded cases."""
    found = [case for case in cases(kind) if case.provider == provider]
    return found[place % len(found)]


@pytest.mark.parametrize("provider", PROVIDERS)
@given(status=STATUSES, body=ANYTHING, junk=JSON, place=st.integers(0, 40), which=st.integers(0, 100))
def test_no_answer_is_too_strange(
    provider: str, status: int, body: bytes, junk: Any, place: int, which: int
) -> None:
    case = of(provider, "answer", which)
    real = json.dumps(spoilt(case.told["answer"].get("json"), junk, place)).encode()
    for raw in (body, real):
        got = Got(status=status, headers={"retry-after": raw.decode(errors="replace")}, body=raw)
        case.file.answer(got, case.text, case.settings)
        case.file.probed(got)


@pytest.mark.parametrize("provider", PROVIDERS)
@given(
    raw=ANYTHING, query=st.text(max_size=30), junk=JSON, place=st.integers(0, 40), which=st.integers(0, 100)
)
def test_no_callback_is_too_strange(
    provider: str, raw: bytes, query: str, junk: Any, place: int, which: int
) -> None:
    case = of(provider, "posted", which)
    given = case.told["posted"]
    headers = {name.lower(): str(junk) for name in given.get("headers", {})}
    body = spoilt(given.get("json") or given.get("form"), junk, place)
    form = urlencode(body) if isinstance(body, dict) and "form" in given else json.dumps(body)
    for one in (raw, form.encode(errors="replace")):
        for url in (CALLBACK, f"{CALLBACK}?{query}"):
            posted = Posted(url, headers, one)
            case.file.genuine(posted, case.settings, NOON)
            case.file.read(posted, case.settings)


@pytest.mark.parametrize("provider", ["twilio", "vonage"])
@pytest.mark.parametrize(("status", "body"), [(200, b"<html>Welcome</html>"), (200, b"{}"), (302, b"")])
def test_an_address_that_is_somebody_else_s_is_not_taken_for_the_provider(
    provider: str, status: int, body: bytes
) -> None:
    said = PROVIDERS[provider].probed(Got(status=status, headers={}, body=body))
    assert said is not None
    assert "Check the base URL." in said
