"""explain: each way in which a request is commonly spoilt is recognised, and called by its name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.genuine import BODY, NOW, OTHER_SECRET, SECOND, SECRET, SECRETS, bearer, headers, rule
from retour import limits, payloads, signing
from retour.model import ChannelKind
from retour.receiver import Finding, JwtRule, Outcome, Step, VerificationError, explain, verify

KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
OK, DIFFERS, NOT_CHECKED = Outcome.OK, Outcome.DIFFERS, Outcome.NOT_CHECKED


def found(sent: Any, body: Any = BODY, secret: Any = SECRET, **more: Any) -> dict[Step, Finding]:
    given: dict[str, Any] = {"now": NOW}
    return {finding.step: finding for finding in explain(sent, body, secret, **given | more)}


def signature(sent: Any, body: Any = BODY, secret: Any = SECRET) -> str:
    """What is said of a signature that differs."""
    finding = found(sent, body, secret)[Step.SIGNATURE]
    assert finding.outcome is DIFFERS
    return " ".join(finding.sentences)


def outcomes(findings: Mapping[Step, Finding]) -> list[Outcome]:
    return [finding.outcome for finding in findings.values()]


def test_of_a_genuine_request_every_step_is_ok() -> None:
    findings = found(headers(algorithm="HS256"), jwt=rule())
    assert list(findings) == list(Step)
    assert outcomes(findings) == [OK] * 5
    assert findings[Step.BODY].sentences == ("bounce, email, ann@luma.example, requestId order-17.",)


def test_what_nobody_asked_for_is_not_checked_and_says_so() -> None:
    findings = found(headers(algorithm="HS256"))
    assert outcomes(findings) == [OK, OK, OK, NOT_CHECKED, OK]
    assert findings[Step.TOKEN].sentences == ("A JWT came along, and no rule for it was given.",)
    assert outcomes(found(headers(), secret=None)) == [NOT_CHECKED] * 4 + [OK]
    assert outcomes(found({}, secret=None, jwt=rule())) == [NOT_CHECKED] * 3 + [DIFFERS, OK]


# --- headers and time ---


@pytest.mark.parametrize(
    "other",
    [
        "webhook_signature",
        "HTTP_WEBHOOK_SIGNATURE",
        "svix-signature",
        "X-Webhook-Signature",
        "webhok-signature",
    ],
)
def test_a_renamed_header_is_found_and_the_rest_goes_on_with_it(other: str) -> None:
    sent = headers()
    sent[other] = sent.pop("webhook-signature")
    findings = found(sent)
    assert outcomes(findings) == [DIFFERS, OK, OK, NOT_CHECKED, OK]
    (said,) = findings[Step.HEADERS].sentences
    assert f"webhook-signature is missing, and there is {other.lower()}" in said


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named_and_nothing_is_taken_for_it(name: str) -> None:
    sent = headers(algorithm="HS256")
    del sent[name]
    finding = found(sent)[Step.HEADERS]
    assert finding.outcome is DIFFERS
    assert f"The header {name} is missing. Is the webhook saved with signed: true" in finding.sentences[0]


def test_no_headers_at_all_are_said_once() -> None:
    findings = found({})
    assert outcomes(findings) == [DIFFERS, NOT_CHECKED, NOT_CHECKED, NOT_CHECKED, OK]
    assert findings[Step.HEADERS].sentences == (
        "There are no headers at all: hand over those of the request.",
    )


def test_a_clock_that_is_wrong_is_shown_beside_the_other() -> None:
    findings = found(headers(), now=NOW + 812 * limits.SECOND)
    assert outcomes(findings) == [OK, DIFFERS, OK, NOT_CHECKED, OK]
    (said,) = findings[Step.TIMESTAMP].sentences
    for part in ("812 s before", "2026-10-06T18:22:41.000Z", "2026-10-06T18:36:13.500Z", "300 s are allowed"):
        assert part in said


def test_milliseconds_are_recognised() -> None:
    findings = found(headers() | {"webhook-timestamp": f"{SECOND}123"})
    assert findings[Step.TIMESTAMP].sentences[-1] == "It looks like milliseconds."
    assert "turned into milliseconds" in findings[Step.SIGNATURE].sentences[0]


# --- the body ---

AGAIN = "The body was parsed and encoded again: verify the raw bytes."
READ = json.loads(BODY)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (json.dumps(READ).encode(), AGAIN),
        (json.dumps(READ, ensure_ascii=False).encode(), AGAIN),
        (json.dumps(READ, separators=(",", ":")).encode(), AGAIN),
        (json.dumps(READ, indent=2).encode(), AGAIN),
        (json.dumps(READ, indent="\t", ensure_ascii=False).encode() + b"\n", AGAIN),
        (json.dumps(READ, indent=2).replace("\n", "\r\n").encode(), AGAIN),
        (json.dumps(READ).replace("/", "\\/").encode(), AGAIN),
        (BODY + b"\n", "A line end or blanks were added after the body"),
        (BODY + b"\r\n", "A line end or blanks were added after the body"),
        (b"\xef\xbb\xbf" + BODY, "A byte order mark was put before the body"),
        (json.dumps(BODY.decode()).encode(), "The body is a JSON string that holds the body"),
        (repr(BODY).encode(), "The body is what Python prints of bytes"),
        (repr(BODY).encode() + b"\n", "The body is what Python prints of bytes"),
        (BODY.decode("latin-1").encode(), "The body was read as Latin-1 and written as UTF-8"),
    ],
)
def test_what_was_done_to_the_body_is_recognised(body: bytes, says: str) -> None:
    assert body != BODY
    assert signature(headers(), body).startswith(says)


@pytest.mark.parametrize(
    ("signed", "came", "says"),
    [
        (json.dumps(READ, indent=2).encode(), BODY, f"{AGAIN} It matches as JSON indented by 2 in ASCII."),
        (
            json.dumps(READ).encode() + b"\n",
            BODY,
            f"{AGAIN} It matches as JSON with blanks in ASCII and a line end.",
        ),
        (b'{\n  "a": 1\n}\n', b'{\n  "a": 1\n}', "The line end after the body was cut off"),
        (b'{"a":\n1}', b'{"a":\r\n1}', "Line ends of the body were turned into CR LF"),
        (b'{"a":\r\n1}', b'{"a":\n1}', "Line ends of the body were turned into LF"),
    ],
)
def test_what_somebody_else_posts_in_another_form_is_recognised_too(
    signed: bytes, came: bytes, says: str
) -> None:
    assert signature(headers(signed), came).startswith(says)


def test_a_body_that_was_cut_off_is_recognised() -> None:
    findings = found(headers() | {"content-length": str(len(BODY))}, BODY[:1_000])
    said = " ".join(findings[Step.SIGNATURE].sentences)
    assert f"content-length says {len(BODY):,} bytes, and the body has 1,000: it was cut off" in said
    assert "no JSON as it stands" in said
    assert (
        findings[Step.BODY]
        .sentences[0]
        .startswith("The body ends in the middle of its JSON: it was cut off.")
    )


def test_an_empty_body_is_said() -> None:
    assert found(headers(), b"")[Step.BODY].sentences[0].endswith("It is empty.")


def test_sorted_keys_can_not_be_undone_and_are_suspected() -> None:
    body = json.dumps(READ, sort_keys=True, separators=(", ", ": ")).encode()
    assert "not written as it was sent, in compact JSON" in signature(headers(), body)


@pytest.mark.parametrize("body", [BODY.decode(), READ])
def test_text_or_parsed_json_is_told_off_and_looked_at_all_the_same(body: Any) -> None:
    findings = found(headers(), body)
    assert outcomes(findings) == [OK, OK, OK, NOT_CHECKED, DIFFERS]
    assert findings[Step.BODY].sentences[0].startswith("Pass the raw bytes of the body as they came")


def test_the_id_of_another_request_is_recognised() -> None:
    said = signature(headers() | {"webhook-id": "event-9"})
    assert "webhook-id is 'event-9', and it was signed for 'event-2', the _id of the body" in said


def test_the_body_of_another_request_is_suspected() -> None:
    body = BODY.replace(b'"_id":"event-2"', b'"_id":"event-9"')
    assert "headers and body are of two requests" in signature(headers(), body)


# --- the secret ---


def test_another_secret_is_suspected_where_the_body_looks_as_it_was_sent() -> None:
    assert "so it is likely the secret" in signature(headers(), secret=OTHER_SECRET)
    changed = json.dumps(READ | {"requestId": "order-18"}).encode()
    assert "likely the secret" not in signature(headers(), changed)


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        (SECRET + "\n", "blanks or a line end around it"),
        (f'"{SECRET}"', "quotation marks around it"),
        (SECRET.replace("whsec_", "whpk_"), "starts with whpk_ instead of whsec_"),
        (SECRET.replace("+", "-").replace("/", "_"), "URL-safe alphabet"),
        (SECRET.rstrip("="), "lost its padding"),
        ("whsec_" + KEY.hex(), "in hexadecimal"),
        (SECRET[:-16], "cut short: 21 bytes"),
        ("hunter2!", "is not one"),
        ("", "no signing secret"),
        ([OTHER_SECRET, SECRET + " "], "blanks or a line end around it"),
    ],
)
def test_what_is_wrong_with_the_secret_is_recognised(secret: Any, says: str) -> None:
    assert says in signature(headers(), secret=secret)


def test_a_secret_that_is_none_is_said_even_where_there_is_nothing_to_compare() -> None:
    assert "no signing secret" in found({}, secret="")[Step.SIGNATURE].sentences[0]


# --- made by somebody who signs in another way ---


def by_hand(key: bytes, content: bytes) -> dict[str, str]:
    mac = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return headers() | {"webhook-signature": f"v1,{mac}"}


@pytest.mark.parametrize(
    ("key", "content", "says"),
    [
        (SECRET.encode(), f"event-2.{SECOND}.".encode() + BODY, "with the text of the secret as the key"),
        (SECRET[6:].encode(), f"event-2.{SECOND}.".encode() + BODY, "with the text of the secret as the key"),
        (KEY, BODY, "Only the body was signed"),
        (KEY, f"{SECOND}.".encode() + BODY, "webhook-id is not in what was signed"),
        (KEY, f"event-2.{SECOND}.".encode() + BODY + b"\n", "The line end after the body was cut off"),
    ],
)
def test_a_signature_made_in_another_way_is_recognised(key: bytes, content: bytes, says: str) -> None:
    assert says in signature(by_hand(key, content))


def test_two_things_at_once_are_both_told() -> None:
    said = found(by_hand(SECRET.encode(), BODY), BODY + b"\n")[Step.SIGNATURE].sentences
    assert len(said) == 3


@pytest.mark.parametrize(
    ("rewrite", "says"),
    [
        (lambda mac: mac, "has no v1, before it"),
        (lambda mac: f"v1={mac}", "has no v1, before it"),
        (lambda mac: f"sha256={base64.b64decode(mac).hex()}", "in hexadecimal"),
        (lambda mac: "v1," + mac.rstrip("="), "lost its padding"),
        (lambda mac: "v1," + mac.replace("+", "-").replace("/", "_").rstrip("="), "URL-safe alphabet"),
    ],
)
def test_a_signature_that_is_right_but_written_in_another_way_is_recognised(rewrite: Any, says: str) -> None:
    mac = headers()["webhook-signature"].removeprefix("v1,")
    said = signature(headers() | {"webhook-signature": rewrite(mac)})
    assert says in said
    assert "the signature itself is right" in said


def test_a_signature_of_another_scheme_is_said() -> None:
    assert "no signature of scheme v1" in signature(headers() | {"webhook-signature": "v1a,abc"})


# --- the token ---


def token(jwt: JwtRule, value: str, now: int = NOW) -> str:
    finding = found({"authorization": value}, jwt=jwt, now=now)[Step.TOKEN]
    assert finding.outcome is DIFFERS
    return " ".join(finding.sentences)


def test_everything_that_differs_in_a_token_is_told_at_once() -> None:
    asked = rule(claims={"iss": "somebody", "sub": "acme", "aud": "hooks"}, key="t" * 32)
    said = token(asked, bearer(), now=NOW + 400 * limits.SECOND)
    for part in ("signed with another secret", "expired 100 s ago", "claim iss", "claim sub"):
        assert part in said
    assert "claim aud" not in said


def test_another_algorithm_is_told() -> None:
    assert "signed by ES256, and HS256 is expected" in token(rule(), bearer("ES256"))


def test_a_line_end_after_the_secret_is_recognised() -> None:
    assert "blanks, a line end or quotation marks" in token(rule(key=SECRETS["HS256"] + "\n"), bearer())


# --- whatever it is given ---

TEXTS = st.text(max_size=60)
BODIES = st.one_of(
    st.binary(max_size=200),
    TEXTS,
    st.just(BODY),
    st.just(BODY[:-5]),
    st.none(),
    st.dictionaries(TEXTS, TEXTS),
)
GIVEN = st.one_of(
    st.dictionaries(TEXTS, TEXTS, max_size=4),
    st.fixed_dictionaries({"webhook-id": TEXTS, "webhook-timestamp": TEXTS, "webhook-signature": TEXTS}),
    st.fixed_dictionaries({"authorization": TEXTS.map("Bearer ".__add__)}),
    st.just(headers(algorithm="HS256")),
)


@given(
    GIVEN,
    BODIES,
    st.one_of(TEXTS, st.just(SECRET)),
    st.one_of(st.none(), st.just(rule()), TEXTS.map(lambda key: rule(key=key))),
)
def test_it_raises_nothing_and_agrees_with_verify(
    sent: dict[str, str], body: Any, secret: str, jwt: JwtRule | None
) -> None:
    findings = explain(sent, body, secret, jwt=jwt, now=NOW)
    differ = {finding.step for finding in findings if finding.outcome is DIFFERS}
    failed = failed_step(sent, body, secret, jwt)
    assert failed in differ if failed else not differ


def failed_step(sent: Any, body: Any, secret: str, jwt: JwtRule | None) -> Step | None:
    try:
        verify(sent, body, secret=secret, jwt=jwt, now=NOW)
    except VerificationError as error:
        return error.step
    return None


@pytest.mark.parametrize("depth", [150, 900, 20_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "1}")])
def test_what_is_nested_deep_is_no_trouble(depth: int, opening: str, closing: str) -> None:
    body = (opening * depth + closing * depth).encode()
    assert found(headers(), body)[Step.SIGNATURE].outcome is DIFFERS
    assert found(headers(body), body)[Step.BODY].outcome is DIFFERS


@pytest.mark.parametrize("depth", [300, 60_000])
def test_a_token_that_is_nested_deep_is_no_trouble(depth: int) -> None:
    nested = base64.urlsafe_b64encode(b"[" * depth).rstrip(b"=").decode()
    head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
    for value in (f"Bearer {nested}.e30.AAAA", f"Bearer {head}.{nested}.AAAA"):
        assert token(rule(), value)


@given(BODIES, TEXTS)
def test_no_sentence_holds_a_secret(body: Any, signature: str) -> None:
    sent = headers(algorithm="HS256") | {"webhook-signature": signature}
    said = str(explain(sent, body, OTHER_SECRET, jwt=rule(key="t" * 32), now=NOW))
    assert OTHER_SECRET[6:20] not in said
    assert "t" * 32 not in said


def test_a_test_event_of_the_product_is_genuine() -> None:
    body = payloads.sample("acme@Org", "id", "prod", ChannelKind.SMS, "event-2", NOW)
    sent = dict(signing.webhook_headers(SECRET, "event-2", SECOND, body))
    assert outcomes(found(sent, body)) == [OK, OK, OK, NOT_CHECKED, OK]
