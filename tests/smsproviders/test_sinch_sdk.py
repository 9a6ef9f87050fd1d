"""Sinch's own SDK takes the cloud of these tests for Sinch, and believes and reads its callbacks as we do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from outside.sinch import Sinch, sinch
from retour import ids
from retour.smsproviders import PROVIDERS
from retour.smsproviders.shapes import Posted, Reply, Report
from smsproviders.conftest import BOB
from smsproviders.payloads import Case, cases

pytestmark = pytest.mark.slow  # to import the SDK takes seconds, so it is done in the tests
FILE = PROVIDERS["sinch"]
URL = "https://retour.example/callbacks/sinch/token"
OURS = [case for case in cases("request") if case.provider == "sinch"]


@pytest.fixture
async def cloud() -> AsyncIterator[Sinch]:
    """Sinch."""
    async with sinch() as made:
        yield made


def sdk(cloud: Sinch, *, project: bool = False, token: str = "") -> Any:
    """Sinch's own client, aimed at the cloud of the test."""
    from sinch import SinchClient

    if project:
        access = {"project_id": cloud.project, "key_id": cloud.key[0], "key_secret": cloud.key[1]}
    else:
        access = {"service_plan_id": cloud.plan, "sms_api_token": token or cloud.token}
    client = SinchClient(**access, sms_region="us")
    client.configuration.sms_origin = client.configuration.auth_origin = cloud.url
    client.configuration.sms_origin_with_service_plan_id = cloud.url
    return client


def validator(secret: str) -> Any:
    """What the SDK offers to receivers of callbacks."""
    return sdk(Sinch("")).sms.sinch_events(secret)


@pytest.mark.parametrize("project", [False, True])
async def test_the_sdk_sends_lists_and_reads_a_report(cloud: Sinch, project: bool) -> None:
    client = sdk(cloud, project=project)
    batches = client.sms.batches
    made = await asyncio.to_thread(
        batches.send_sms, to=["+15550101"], from_="+15550100", body="Hello", client_reference="r"
    )
    assert (made.id, made.to, made.canceled) == (next(iter(cloud.batches)), ["15550101"], False)
    page = await asyncio.to_thread(batches.list, page_size=1)
    assert [batch.id for batch in page.content()] == [made.id]
    assert (await asyncio.to_thread(batches.get, made.id)).client_reference == "r"


async def test_the_sdk_is_refused_as_the_api_says(cloud: Sinch) -> None:
    from sinch.domains.sms.api.v1.exceptions import SmsException

    client, stranger = sdk(cloud), sdk(cloud, token="wrong")
    asked: dict[str, Any] = {"from_": "+15550100", "body": "Hello"}
    refused: list[tuple[Any, dict[str, Any], int, str]] = [
        (client, asked | {"to": ["nobody"]}, 400, "syntax_invalid_parameter_format"),
        (client, asked | {"to": [BOB], "body": "x" * 2_001}, 400, "syntax_constraint_violation"),
        (client, asked | {"to": [BOB], "delivery_report": "full"}, 403, "missing_callback_url"),
        (stranger, asked | {"to": [BOB]}, 401, "unauthorized"),
    ]
    for who, body, status, code in refused:
        with pytest.raises(SmsException) as told:
            await asyncio.to_thread(who.sms.batches.send_sms, **body)
        assert (told.value.http_response.status_code, told.value.http_response.body["code"]) == (status, code)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw, headers: (raw, headers),
        lambda raw, headers: (raw.replace(b"Delivered", b"Deliverer"), headers),
        lambda raw, headers: (raw + b" ", headers),
        lambda raw, headers: (raw, headers | {"x-sinch-webhook-signature": "AAAA"}),
        lambda raw, headers: (raw, headers | {"x-sinch-webhook-signature-nonce": "1"}),
        lambda raw, headers: (raw, {}),
    ],
)
def test_the_sdk_and_we_believe_the_same_callbacks(
    spoil: Callable[[bytes, dict[str, str]], tuple[bytes, dict[str, str]]],
) -> None:
    cloud = Sinch("")
    raw = json.dumps({"type": "delivery_report_sms", "status": "Delivered"}).encode()
    raw, headers = spoil(raw, cloud.signed(raw))
    ours = FILE.genuine(Posted(URL, headers, raw), {"callbackSecret": cloud.secret}, ids.now())
    assert ours == validator(cloud.secret).validate_authentication_header(headers, raw)


@pytest.mark.parametrize("case", OURS, ids=lambda case: case.name)
def test_what_we_send_is_what_the_sdk_would_send(case: Case) -> None:
    from sinch.domains.sms.models.v1.shared.text_request import TextRequest

    made = json.loads(case.file.submit(case.text, case.settings, "").body)
    theirs = TextRequest(**made).model_dump(mode="json", by_alias=True, exclude_none=True)
    theirs["expire_at"] = theirs["expire_at"].replace("T13:00:00Z", "T13:00:00.000Z")
    assert theirs == made


BATCH = {"batch_id": "b", "client_reference": "m"}
LINE = {"code": 150, "status": "Failed", "count": 1, "recipients": ["15550101"]}


def test_the_sdk_and_we_read_the_same_in_the_report_of_a_recipient() -> None:
    report: dict[str, Any] = BATCH | {"type": "recipient_delivery_report_sms", "recipient": "15550101"}
    report |= {"code": 0, "status": "Delivered", "at": "2026-11-24T12:00:05.512Z", "encoding": "GSM"}
    theirs, ours = validator("s").parse_event(dict(report)), read(report)
    assert isinstance(ours, Report)
    assert ours.learned is not None
    assert ours.learned.provider is not None
    facts = ours.learned.provider
    assert (facts.reference, facts.code, facts.encoding) == (
        theirs.batch_id,
        str(theirs.code),
        theirs.encoding,
    )
    assert facts.at == round(theirs.at.timestamp() * 1_000_000)
    assert ours.mark.split() == [theirs.client_reference]


def test_the_sdk_and_we_read_the_same_in_the_report_of_a_batch() -> None:
    report = BATCH | {"type": "delivery_report_sms", "total_message_count": 1, "statuses": [LINE]}
    theirs, ours = validator("s").parse_event(dict(report)), read(report)
    assert isinstance(ours, Report)
    assert ours.learned is not None
    assert ours.learned.failure is not None
    assert ours.learned.failure.code == str(theirs.statuses[0].code)


def test_the_sdk_and_we_read_the_same_of_what_bob_writes() -> None:
    inbound = {"type": "mo_text", "id": "i", "from": "15550101", "to": "15550100", "body": "Stop"}
    theirs = validator("s").parse_event(inbound | {"received_at": "2026-11-24T12:00:00.000Z"})
    assert read(inbound) == Reply(sender=theirs.from_, to=theirs.to, text=theirs.body)


def read(body: dict[str, Any]) -> Report | Reply:
    """The one thing in a callback, by our file."""
    (told,) = FILE.read(Posted(URL, {}, json.dumps(body).encode()), {})
    return told
