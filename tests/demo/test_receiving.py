"""What our own listeners take for genuine. Signed by the reference library of Standard Webhooks."""

from __future__ import annotations

import asyncio
import base64
import hmac
import http.client
import json
import socket
import ssl
from pathlib import Path

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from demo import requests
from demo.requests import EXPECTED, NOW
from retour import certificates, receiving
from retour.receiver import JwtRule, Step
from retour.receiving import ACCEPTED, Answer, Checked, Expected, Incoming, Tally

SECOND = 1_000_000


def check(headers: dict[str, str], body: bytes, expected: Expected = EXPECTED, now: int = NOW) -> Checked:
    return receiving.check(expected, headers, body, now)


def without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


def test_a_genuine_request_is_verified_and_read() -> None:
    body = requests.body("bounce")
    checked = check(requests.headers(body), body)
    assert checked.verified, checked.sentence
    assert checked.feedback == receiving.Feedback(
        status="bounce",
        channel="email",
        recipient="ann@luma.example",
        request_id="request-1",
        failure_code="10",
        failure_reason="Invalid Recipient",
    )


def test_a_changed_body_fails_at_the_signature() -> None:
    body = requests.body("bounce")
    headers = requests.headers(body)
    assert check(headers, body.replace(b"bounce", b"sent")).failed is Step.SIGNATURE


def test_an_id_or_timestamp_other_than_the_signed_one_fails_at_the_signature() -> None:
    body = requests.body()
    headers = requests.headers(body)
    assert check(headers | {"webhook-id": "another"}, body).failed is Step.SIGNATURE
    moved = str(NOW // SECOND + 1)
    assert check(headers | {"webhook-timestamp": moved}, body).failed is Step.SIGNATURE


def test_one_of_several_signatures_is_enough_while_a_secret_is_changed() -> None:
    body = requests.body()
    headers = requests.headers(body)
    headers["webhook-signature"] = f"v1,bm90aGluZw== {headers['webhook-signature']}"
    assert check(headers, body).verified


@pytest.mark.parametrize("version", ["v1a", "v2", ""])
def test_a_signature_of_another_version_proves_nothing(version: str) -> None:
    body = requests.body()
    headers = requests.headers(body)
    headers["webhook-signature"] = headers["webhook-signature"].replace("v1", version)
    assert check(headers, body).failed is Step.SIGNATURE


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_timestamp_five_minutes_away_is_refused(seconds: int) -> None:
    body = requests.body()
    assert check(requests.headers(body), body, now=NOW + seconds * SECOND).failed is Step.TIMESTAMP


def test_a_timestamp_within_five_minutes_is_taken() -> None:
    body = requests.body()
    headers = requests.headers(body, now=NOW - 299 * SECOND, authorization=f"Bearer {requests.token()}")
    assert check(headers, body).verified


@pytest.mark.parametrize("text", ["", "soon", "-1", "1e9", "٣", "9" * 40])
def test_a_timestamp_that_is_no_number_is_refused(text: str) -> None:
    body = requests.body()
    assert check(requests.headers(body, webhook_timestamp=text), body).failed is Step.TIMESTAMP


def test_a_token_by_another_secret_fails_at_the_token() -> None:
    body = requests.body()
    other = requests.token(secret="another-secret-of-thirty-two-bytes-and-more")
    assert check(requests.headers(body, authorization=f"Bearer {other}"), body).failed is Step.TOKEN


def test_an_expired_token_is_refused_and_said_so() -> None:
    body = requests.body()
    old = requests.token(now=NOW - 400 * SECOND)
    checked = check(requests.headers(body, authorization=f"Bearer {old}"), body)
    assert checked.failed is Step.TOKEN
    assert "expired 100 s ago" in checked.sentence


def test_a_token_for_another_audience_is_refused() -> None:
    body = requests.body()
    other = requests.token(claims={"iss": "retour", "aud": "elsewhere"})
    checked = check(requests.headers(body, authorization=f"Bearer {other}"), body)
    assert checked.failed is Step.TOKEN
    assert "claim aud" in checked.sentence


@pytest.mark.parametrize("value", ["", "Basic eDp5", "Bearer", "Bearer ", "Bearer a.b.c", "Bearer ü"])
def test_what_is_no_token_fails_at_the_token(value: str) -> None:
    body = requests.body()
    assert check(requests.headers(body, authorization=value), body).failed is Step.TOKEN


def test_a_token_without_expiry_is_refused() -> None:
    body = requests.body()
    endless = jwt.encode({"alg": "HS256"}, requests.CLAIMS, OctKey.import_key(requests.TOKEN_SECRET))
    assert check(requests.headers(body, authorization=f"Bearer {endless}"), body).failed is Step.TOKEN


def test_an_asymmetric_token_is_verified_by_its_public_key_only() -> None:
    key, other = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    body = requests.body()
    headers = requests.headers(body, authorization=f"Bearer {requests.es256_token(key)}")
    assert check(headers, body, es256_rule(key)).verified
    assert check(headers, body, es256_rule(other)).failed is Step.TOKEN


def test_a_public_key_can_not_be_used_as_a_shared_secret() -> None:
    key = ECKey.generate_key("P-256")
    expected = es256_rule(key)
    body = requests.body()
    forged = hs256_by_hand(str(expected.token and expected.token.key))
    assert (
        check(requests.headers(body, authorization=f"Bearer {forged}"), body, expected).failed is Step.TOKEN
    )


def hs256_by_hand(secret: str) -> str:
    """A JWT by HS256 that no library would sign: its secret is a public key."""
    claims = requests.CLAIMS | {"exp": NOW // SECOND + 300}
    content = ".".join(unpadded(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
    return f"{content}.{unpadded(hmac.digest(secret.encode(), content.encode(), 'sha256'))}"


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def es256_rule(key: ECKey) -> Expected:
    rule = JwtRule(algorithm="ES256", key=key.as_pem(private=False).decode(), claims=requests.CLAIMS)
    return msgspec.structs.replace(EXPECTED, token=rule)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature", "x-tenant"])
def test_a_missing_header_is_named(name: str) -> None:
    body = requests.body()
    checked = check(without(requests.headers(body), name), body)
    assert checked.failed is Step.HEADERS
    assert name in checked.sentence.lower()


def test_a_custom_header_with_another_value_is_refused() -> None:
    body = requests.body()
    assert check(requests.headers(body, x_tenant="other"), body).failed is Step.HEADERS


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"requestId": 1}', b'{"requestId": "x"}', b"\xff"])
def test_a_body_that_is_no_event_fails_at_the_body(body: bytes) -> None:
    unsigned = msgspec.structs.replace(EXPECTED, signing_secret=None)
    headers = {"x-tenant": "luma", "authorization": f"Bearer {requests.token()}"}
    assert check(headers, body, unsigned).failed is Step.BODY


def test_what_is_not_expected_is_not_asked_for() -> None:
    assert check({}, requests.body(), Expected()).verified


def test_repeats_are_counted_by_webhook_id_whatever_else_differs() -> None:
    tally = Tally()
    body = requests.body()
    headers = requests.headers(body)
    again = headers | {"authorization": f"Bearer {requests.token(lifetime=200)}"}
    assert [tally.before(check(each, body)) for each in (headers, again, requests.headers(body))] == [0, 1, 0]


def test_a_request_that_does_not_verify_is_not_counted() -> None:
    tally = Tally()
    body = requests.body()
    headers = requests.headers(body)
    assert tally.before(check(headers | {"authorization": ""}, body)) == 0
    assert tally.before(check(headers, body)) == 0


# --- the endpoint ---


class Door:
    """An endpoint on a free port, and a client that trusts it."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        self.got: list[Incoming] = []
        self._answer = answer
        ca = certificates.ensure_ca(folder / "ca")
        self._trust = ssl.create_default_context(cafile=str(ca.path))
        sock = socket.create_server(("127.0.0.1", 0))
        self._port = sock.getsockname()[1]
        leaf = ca.issue(certificates.LOOPBACK_NAMES, folder / "leaf")
        self.endpoint = receiving.Endpoint(self._take, leaf, sock)

    def _take(self, incoming: Incoming) -> Answer:
        self.got.append(incoming)
        return self._answer

    async def ask(self, method: str, body: bytes) -> tuple[int, bytes]:
        return await asyncio.to_thread(self._ask, method, body)

    def _ask(self, method: str, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=5, context=self._trust)
        try:
            connection.request(method, "/feedback", body, {"X-Tenant": "luma"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


async def test_the_endpoint_hands_over_path_headers_and_body_and_answers_as_told(tmp_path: Path) -> None:
    door = Door(tmp_path, ACCEPTED)
    async with door.endpoint:
        assert await door.ask("POST", b"hello") == (200, b"")
    (got,) = door.got
    assert (got.path, got.headers["x-tenant"], got.body) == ("/feedback", "luma", b"hello")


async def test_the_endpoint_says_why_it_refuses(tmp_path: Path) -> None:
    door = Door(tmp_path, Answer(status=401, text="token: expired"))
    async with door.endpoint:
        assert await door.ask("POST", b"") == (401, b"token: expired")


async def test_the_endpoint_takes_only_posts_of_a_reasonable_size(tmp_path: Path) -> None:
    door = Door(tmp_path, ACCEPTED)
    async with door.endpoint:
        assert (await door.ask("GET", b""))[0] == 405
        assert (await door.ask("POST", b"x" * (receiving.BODY_BYTES + 1)))[0] == 413
    assert door.got == []
