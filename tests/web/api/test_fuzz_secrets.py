"""Any JSON to the calls that change a secret or look at a request: never a 5xx, and never a secret in the answer."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from web.api.callers import JWT_SECRET, WEBHOOKS, Api, webhook
from web.api.test_fuzz import data, nearly

ROUNDS = 40
ROTATIONS = st.sampled_from(
    [
        {"what": "signingSecret", "overlapHours": 0, "secret": None},
        {
            "what": "jwt",
            "overlapHours": 0,
            "generate": True,
            "algorithm": "EdDSA",
            "keyId": "k",
            "signAfterMinutes": 0,
        },
    ]
)
HEADERS = {
    "webhook-id": "event-1",
    "webhook-timestamp": "1795495264",
    "webhook-signature": "v1,x v1,y",
    "authorization": "Bearer e30.e30.x",
}
RECEIVED = {
    "headers": HEADERS,
    "body": '{"_id": "event-1"}',
    "secret": "whsec_" + "QUJD" * 8,
    "at": "2026-11-24T04:41:04Z",
}


@settings(max_examples=ROUNDS, suppress_health_check=list(HealthCheck), database=None)
@given(st.data())
async def test_a_rotation_takes_what_it_takes_and_refuses_the_rest(acme: Api, drawn: st.DataObject) -> None:
    listed = (await acme.get(WEBHOOKS))["data"]
    made = listed[0] if listed else await acme.post(WEBHOOKS, webhook())
    body: Any = drawn.draw(nearly(drawn.draw(ROTATIONS)) | data)
    answer = await acme.call("POST", f"{WEBHOOKS}/{made['id']}/rotate", body)
    assert answer.status_code in (200, 400, 422), answer.text
    assert JWT_SECRET not in answer.text
    assert (await acme.post(f"{WEBHOOKS}/{made['id']}/test", status=200))["trouble"] == "connect_failed"


@settings(max_examples=ROUNDS, suppress_health_check=list(HealthCheck), database=None)
@given(st.data())
async def test_any_request_can_be_looked_at(acme: Api, drawn: st.DataObject) -> None:
    if not (await acme.get(WEBHOOKS))["data"]:
        await acme.post(WEBHOOKS, webhook())
    answer = await acme.call("POST", "/ajo/feedback/verify", drawn.draw(nearly(RECEIVED) | data))
    assert answer.status_code in (200, 400, 422), answer.text
    assert JWT_SECRET not in answer.text
