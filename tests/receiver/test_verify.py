"""verify: what is signed by the product passes, whatever a framework makes of it; what was changed does not."""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook
from starlette.datastructures import Headers as StarletteHeaders

from receiver.genuine import (
    BODY,
    CLAIMS,
    NOW,
    OTHER_SECRET,
    SECOND,
    SECRET,
    SECRETS,
    bearer,
    headers,
    rule,
)
from retour import limits
from retour.receiver import FeedbackEvent, JwtRule, Step, VerificationError, verify


def check(sent: Any, body: Any = BODY, **more: Any) -> FeedbackEvent:
    given: dict[str, Any] = {"secret": SECRET, "now": NOW}
    return verify(sent, body, **given | more)


def refused(sent: Any, body: Any = BODY, **more: Any) -> VerificationError:
    with pytest.raises(VerificationError) as caught:
        check(sent, body, **more)
    return caught.value


def test_what_the_product_signs_is_genuine() -> None:
    event = check(headers(algorithm="HS256"), jwt=rule())
    assert (event.event_id, event.request_id, event.status) == ("event-2", "order-17", "bounce")


def test_what_the_library_of_the_specification_and_pyjwt_sign_is_genuine() -> None:
    when = datetime.fromtimestamp(SECOND, UTC)
    token = pyjwt.encode({**CLAIMS, "exp": SECOND + 60}, SECRETS["HS256"])
    sent = {
        "webhook-id": "event-2",
        "webhook-timestamp": str(SECOND),
        "webhook-signature": Webhook(SECRET).sign("event-2", when, BODY.decode()),
        "authorization": f"Bearer {token}",
    }
    assert check(sent, jwt=rule()).event_id == "event-2"


def test_without_a_clock_it_is_the_machine_s() -> None:
    assert refused(headers(), now=None).step is Step.TIMESTAMP


# --- headers, as frameworks have them ---

SHAPES: dict[str, Callable[[dict[str, str]], Any]] = {
    "dict": dict,
    "upper case": lambda sent: {name.upper(): value for name, value in sent.items()},
    "pairs": lambda sent: list(sent.items()),
    "generator": lambda sent: iter(sent.items()),
    "asgi": lambda sent: [(name.encode(), value.encode()) for name, value in sent.items()],
    "starlette": StarletteHeaders,
    "http.client": lambda sent: http.client.parse_headers(
        io.BytesIO("".join(f"{name}: {value} \r\n" for name, value in sent.items()).encode() + b"\r\n")
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_headers_are_taken_in_every_shape(shape: str) -> None:
    sent = SHAPES[shape](headers(algorithm="HS256"))
    assert check(sent, jwt=rule()).event_id == "event-2"


def test_of_a_header_that_came_twice_the_first_counts() -> None:
    sent = [*headers().items(), ("webhook-id", "event-9")]
    assert check(sent).event_id == "event-2"
    assert refused(reversed(sent)).step is Step.SIGNATURE


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    sent = headers()
    del sent[name]
    error = refused(sent)
    assert (error.step, name in error.sentence) == (Step.HEADERS, True)
    assert str(error) == f"headers: {error.sentence}"


# --- the body ---


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_the_raw_bytes_are_taken(kind: Callable[[bytes], Any]) -> None:
    assert check(headers(), kind(BODY)).request_id == "order-17"


@pytest.mark.parametrize("body", [BODY.decode(), json.loads(BODY), None])
def test_anything_else_is_refused_with_what_to_do(body: Any) -> None:
    error = refused(headers(), body)
    assert error.step is Step.BODY
    assert error.sentence.startswith("Pass the raw bytes of the body as they came")


def test_a_genuine_body_that_is_no_event_is_refused_at_the_body() -> None:
    for body in (b"{}", b"[]", b"\xff", b"", BODY[:-1], BODY.replace(b'"bounce"', b'"vanished"')):
        error = refused(headers(body), body)
        assert error.step is Step.BODY, body


@given(st.integers(min_value=0, max_value=len(BODY) - 1), st.integers(min_value=1, max_value=255))
def test_no_byte_of_the_body_can_be_changed(place: int, change: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= change
    assert refused(headers(), changed).step is Step.SIGNATURE


# --- time and signature ---


@pytest.mark.parametrize("seconds", [-301, 301])
def test_more_than_five_minutes_away_is_refused_and_both_clocks_are_shown(seconds: int) -> None:
    error = refused(headers(), now=NOW + seconds * limits.SECOND)
    assert error.step is Step.TIMESTAMP
    assert "signed at 2026-10-06T18:22:41.000Z" in error.sentence
    assert "our clock says 2026-10-06T18:" in error.sentence


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_within_five_minutes_is_taken(seconds: int) -> None:
    assert check(headers(), now=NOW + seconds * limits.SECOND)


def test_the_tolerance_can_be_chosen() -> None:
    later = NOW + 301 * limits.SECOND
    assert check(headers(), now=later, tolerance_seconds=301)
    assert refused(headers(), now=later, tolerance_seconds=10).step is Step.TIMESTAMP


@pytest.mark.parametrize("text", ["", "soon", "-1", "1e9", "٣", "9" * 40, "999999999999"])
def test_a_timestamp_that_is_no_time_is_refused(text: str) -> None:
    assert refused(headers() | {"webhook-timestamp": text}).step is Step.TIMESTAMP


def test_one_of_several_secrets_is_enough_while_it_is_changed() -> None:
    assert check(headers(), secret=[OTHER_SECRET, SECRET])
    assert check(headers(secret=OTHER_SECRET), secret=(OTHER_SECRET, SECRET))
    error = refused(headers(), secret=[OTHER_SECRET, OTHER_SECRET])
    assert (error.step, "none of the 2 secrets" in error.sentence) == (Step.SIGNATURE, True)


def test_one_of_several_signatures_is_enough() -> None:
    sent = headers()
    sent["webhook-signature"] = f"v1,bm90aGluZw== v2,x {sent['webhook-signature']}"
    assert check(sent)


@pytest.mark.parametrize("version", ["v1a", "v2", "V1", ""])
def test_a_signature_of_another_scheme_proves_nothing(version: str) -> None:
    sent = headers()
    sent["webhook-signature"] = sent["webhook-signature"].replace("v1", version)
    assert refused(sent).step is Step.SIGNATURE


def test_the_secret_is_taken_without_its_mark() -> None:
    assert check(headers(), secret=SECRET.removeprefix("whsec_"))


@pytest.mark.parametrize("nothing", ["", [], (), [""]])
def test_no_secret_at_all_never_passes(nothing: Any) -> None:
    error = refused(headers(algorithm="HS256"), secret=nothing, jwt=rule())
    assert (error.step, "no signing secret" in error.sentence) == (Step.SIGNATURE, True)
    assert refused({}, secret=nothing).step is Step.SIGNATURE, "it is told first: nothing else can be right"


@pytest.mark.parametrize(
    ("secret", "word"),
    [
        (SECRET + "\n", "blanks or a line end"),
        (f'"{SECRET}"', "quotation marks"),
        (SECRET.replace("whsec_", "whpk_"), "starts with whpk_"),
        (SECRET[:-16], "cut short"),
        ("whsec_", "cut short"),
        ("whsec_not base64!", "is not one"),
        ("hunter2", "is not one"),
    ],
)
def test_a_secret_that_is_none_is_told_from_one_that_does_not_match(secret: str, word: str) -> None:
    error = refused(headers(), secret=secret)
    assert (error.step, word in error.sentence) == (Step.SIGNATURE, True), error.sentence


def test_a_signature_by_an_empty_key_is_worth_nothing() -> None:
    sent = headers(secret="whsec_")
    assert refused(sent, secret="whsec_").step is Step.SIGNATURE


def test_no_message_holds_a_secret() -> None:
    other = JwtRule(key="t" * 32, claims=CLAIMS)
    for error in (
        refused(headers(), secret=OTHER_SECRET),
        refused(headers(), secret=SECRET + "\n"),
        refused(headers(algorithm="HS256"), jwt=other),
    ):
        assert SECRET[6:20] not in str(error)
        assert OTHER_SECRET[6:20] not in str(error)
        assert "t" * 32 not in str(error)


@pytest.mark.parametrize("value", [None, bearer("HS256", claims={"iss": "somebody else"})])
def test_with_a_rule_the_token_has_to_be_right_as_well(value: str | None) -> None:
    sent = headers() | ({} if value is None else {"authorization": value})
    assert check(sent)
    assert refused(sent, jwt=rule()).step is Step.TOKEN
