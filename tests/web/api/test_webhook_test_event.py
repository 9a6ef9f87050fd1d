"""POST …/{id}/test: a sample event now, and the attempt as the answer."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from cast import House
from outside.https import Endpoint, replying, serving
from web.api.callers import WEBHOOKS, Api, refusal, rows, webhook

ATTEMPT = {
    "id", "number", "at", "url", "accepted", "counted", "statusCode", "trouble", "detail", "address",
    "requestHeaders", "responseHeaders", "responseBody", "timings",
}  # fmt: skip


async def test_the_attempt_tells_what_was_sent_and_answered_and_no_secret(
    house: House, acme: Api, receiver: Endpoint
) -> None:
    secret = {"name": "X-Key", "value": "hush-hush", "secret": True}
    made = await acme.post(WEBHOOKS, webhook(url=receiver.url("/x"), headers=[secret]))
    before = rows(house)
    answer = await acme.call("POST", f"{WEBHOOKS}/{made['id']}/test")
    attempt = answer.json()
    assert (answer.status_code, set(attempt)) == (200, ATTEMPT)
    assert (attempt["accepted"], attempt["statusCode"], attempt["trouble"]) == (True, 200, None)
    assert set(attempt["timings"]) == {"name", "connect", "tls", "firstByte", "total"}
    sent = dict(receiver.requests[0].headers)
    token = {name.lower(): value for name, value in sent.items()}["authorization"].removeprefix("Bearer ")
    assert not any(word in answer.text for word in ("hush-hush", token))
    logged = {name.lower(): value for name, value in attempt["requestHeaders"]}
    assert (logged["x-key"], logged["authorization"]) == ("(hidden)", "Bearer (hidden)")
    body = json.loads(receiver.requests[0].body)
    assert body["requestId"].startswith("test-")
    assert rows(house) == before  # a test is no delivery


@pytest.mark.parametrize("status", [301, 404, 500])
async def test_a_refusal_of_the_endpoint_is_still_200_here(acme: Api, status: int) -> None:
    async with serving(replying(status, b"no", (("Location", "https://127.0.0.1/"),))) as endpoint:
        made = await acme.post(WEBHOOKS, webhook(url=endpoint.url("/x")))
        attempt = await acme.post(f"{WEBHOOKS}/{made['id']}/test", status=200)
        assert len(endpoint.requests) == 1
    assert (attempt["accepted"], attempt["statusCode"], attempt["responseBody"]) == (False, status, "no")


async def test_nobody_there_is_an_answer_too(acme: Api) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"https://127.0.0.1:{sock.getsockname()[1]}/x"
        made = await acme.post(WEBHOOKS, webhook(url=url))
        attempt = await acme.post(f"{WEBHOOKS}/{made['id']}/test", status=200)
    assert (attempt["accepted"], attempt["statusCode"]) == (False, None)
    assert attempt["trouble"] == "connect_failed"


async def test_what_is_not_there_is_404(acme: Api) -> None:
    answer: httpx.Response = await acme.call("POST", f"{WEBHOOKS}/nothing/test")
    refusal(answer, 404, "000120")
