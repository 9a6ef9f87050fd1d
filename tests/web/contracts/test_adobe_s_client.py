"""A client made for Adobe's Interactive Message Execution API, by somebody who has read its messaging.yaml and no more.

Only the addresses and the credentials are other ones. Names of operations, types and fields are those of Adobe's file.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx
import msgspec
import pytest

from cast import House
from web.api.callers import BASE

ADOBE_PLATFORM, ADOBE_IMS = "https://platform.adobe.io/ajo", "https://ims-na1.adobelogin.com"
OURS = {ADOBE_PLATFORM: f"{BASE}/ajo", ADOBE_IMS: BASE}


# --- the types of messaging.yaml ------------------------------------------------------------------------


class ChannelData(msgspec.Struct, omit_defaults=True):
    emailAddress: str | None = None  # noqa: N815
    mobilePhoneNumber: str | None = None  # noqa: N815


class AEPRecipient(msgspec.Struct, omit_defaults=True, kw_only=True):
    type: Literal["aep"]
    userId: str  # noqa: N815
    namespace: str
    mergePolicyName: str | None = None  # noqa: N815
    mergePolicySchema: str | None = None  # noqa: N815
    channelData: ChannelData | None = None  # noqa: N815
    profile: dict[str, str | dict[str, Any]] | None = None
    context: dict[str, str | dict[str, Any]] | None = None


class ExternalRecipient(msgspec.Struct, omit_defaults=True, kw_only=True):
    type: Literal["external"]
    userId: str  # noqa: N815
    namespace: str
    channelData: ChannelData | None = None  # noqa: N815
    context: dict[str, str | dict[str, Any]] | None = None


class ImExecutionRequestUnitary(msgspec.Struct):
    requestId: str  # noqa: N815
    campaignId: str  # noqa: N815
    recipients: list[AEPRecipient | ExternalRecipient]


class ImExecutionResponse(msgspec.Struct):
    executionId: str  # noqa: N815
    requestId: str  # noqa: N815
    createdAt: datetime  # noqa: N815
    createdBy: str  # noqa: N815
    modifiedAt: datetime  # noqa: N815
    modifiedBy: str  # noqa: N815


class Report(msgspec.Struct):
    additionalContext: dict[str, str]  # noqa: N815


class ErrorResponse(msgspec.Struct):
    type: str
    title: str
    status: int
    report: Report


class ApiError(Exception):
    """An answer that is none of the successes."""

    def __init__(self, error: ErrorResponse) -> None:
        super().__init__(error.title)
        self.error = error


class MessageExecutionClient:
    """As a generator makes it: one method for each operation."""

    def __init__(self, http: httpx.AsyncClient, base: str, headers: dict[str, str]) -> None:
        self._http, self._base, self._headers = http, base, headers

    async def post_im_unitary_message_execution(self, body: ImExecutionRequestUnitary) -> ImExecutionResponse:
        return await self._execute("unitary", body)

    async def post_im_unitary_ha_message_execution(
        self, body: ImExecutionRequestUnitary
    ) -> ImExecutionResponse:
        return await self._execute("highthroughput", body)

    async def health(self) -> int:
        names = ("authorization", "x-api-key", "x-gw-ims-org-id")
        headers = {name: self._headers[name] for name in names}
        return (await self._http.get(f"{self._base}/im/health", headers=headers)).status_code

    async def _execute(self, kind: str, body: ImExecutionRequestUnitary) -> ImExecutionResponse:
        content = msgspec.json.encode(body)
        headers = self._headers | {"content-type": "application/json"}
        url = f"{self._base}/im/executions/{kind}"
        answer = await self._http.post(url, content=content, headers=headers)
        if answer.status_code != 202:
            raise ApiError(msgspec.json.decode(answer.content, type=ErrorResponse))
        return msgspec.json.decode(answer.content, type=ImExecutionResponse)


async def ims_token(http: httpx.AsyncClient, ims: str, client_id: str, client_secret: str) -> str:
    """OAuth Server-to-Server."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
        "scope": "openid,AdobeID,read_organizations",
    }
    answer = await http.post(f"{ims}/ims/token/v3", data=form)
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token


# --- used --------------------------------------------------------------------------------------------------


@pytest.fixture
async def adobe(house: House, client: httpx.AsyncClient) -> MessageExecutionClient:
    """The client with our addresses and credentials."""
    credential, secret = house.acme_credential.credential, house.acme_credential.secret
    token = await ims_token(client, OURS[ADOBE_IMS], credential.client_id, secret)
    headers = {
        "authorization": f"Bearer {token}",
        "x-api-key": credential.client_id,
        "x-gw-ims-org-id": credential.org,
        "x-sandbox-name": "dev",
    }
    return MessageExecutionClient(client, OURS[ADOBE_PLATFORM], headers)


def unitary(campaign_id: str, *people: AEPRecipient | ExternalRecipient) -> ImExecutionRequestUnitary:
    return ImExecutionRequestUnitary(requestId="REQ-80940549", campaignId=campaign_id, recipients=[*people])


JANE = AEPRecipient(
    type="aep",
    userId="jane.doe@example.com",
    namespace="email",
    mergePolicyName="Default Timebased",
    mergePolicySchema="_xdm.context.profile",
    channelData=ChannelData(emailAddress="jane@example.com"),
    profile={"person": {"name": {"firstName": "Jane"}}},
    context={"product": "Gaming Laptop", "order": {"id": "17"}},
)
JOHN = ExternalRecipient(
    type="external", userId="john.doe@example.com", namespace="email", context={"product": "Chair"}
)


async def test_a_unitary_execution_is_accepted(adobe: MessageExecutionClient, campaign_id: str) -> None:
    before = datetime.now(UTC)
    answer = await adobe.post_im_unitary_message_execution(unitary(campaign_id, JANE, JOHN))
    assert re.fullmatch(r"[A-Z]+-\d{8,}", answer.executionId)
    assert answer.requestId == "REQ-80940549"
    assert abs(answer.createdAt - before) < timedelta(minutes=1)
    assert (answer.modifiedAt, answer.modifiedBy) == (answer.createdAt, answer.createdBy)


async def test_the_same_call_again_is_the_same_execution(
    adobe: MessageExecutionClient, campaign_id: str
) -> None:
    """After a timeout, Adobe's callers repeat."""
    first = await adobe.post_im_unitary_message_execution(unitary(campaign_id, JOHN))
    assert await adobe.post_im_unitary_message_execution(unitary(campaign_id, JOHN)) == first


async def test_a_high_throughput_execution_is_accepted(house: House, adobe: MessageExecutionClient) -> None:
    made = await house.campaign(await house.simulated(), high_throughput_mode=True)
    answer = await adobe.post_im_unitary_ha_message_execution(unitary(made.id, JOHN))
    assert answer.requestId == "REQ-80940549"


async def test_an_error_can_be_read(adobe: MessageExecutionClient, campaign_id: str) -> None:
    """Its type ends in a prefix, six digits and the status, and additionalContext maps text to text."""
    empty = ExternalRecipient(type="external", userId="nobody", namespace="email")
    with pytest.raises(ApiError) as caught:
        await adobe.post_im_unitary_message_execution(unitary(campaign_id, empty))
    error = caught.value.error
    assert re.fullmatch(r"https://ns\.adobe\.com/aep/errors/MSG-\d{6}-400", error.type)
    assert error.status == 400
    assert error.report.additionalContext["requestId"] == "REQ-80940549"


async def test_a_token_of_yesterday_is_told_as_401(adobe: MessageExecutionClient, campaign_id: str) -> None:
    adobe._headers["authorization"] = "Bearer e30.e30.e30"
    with pytest.raises(ApiError) as caught:
        await adobe.post_im_unitary_message_execution(unitary(campaign_id, JOHN))
    assert caught.value.error.status == 401


async def test_the_health_is_told_without_a_sandbox(adobe: MessageExecutionClient) -> None:
    assert await adobe.health() == 200
