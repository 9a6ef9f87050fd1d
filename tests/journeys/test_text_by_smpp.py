"""Text messages by SMPP from the call to the webhook, with an SMSC that no one here wrote."""

from __future__ import annotations

import json
import ssl
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from outside.https import Endpoint, serving
from outside.node_smsc import NodeSmsc, package, running
from outside.service import Service
from retour import certificates

pytestmark = [pytest.mark.slow, pytest.mark.peer("node")]

EVENTS = ["sent", "delivered", "bounce", "error", "delay", "denylist"]
WEBHOOK = {"name": "Order status", "channels": ["sms"], "events": EVENTS, "authentication": {"type": "none"}}
CONFIGURATION = {
    "name": "text", "channel": "sms", "provider": "smpp", "messageType": "transactional",
    "sms": {"senderNumber": "+15550100"},
}  # fmt: skip
CAMPAIGN = {
    "name": "Gate", "channel": "sms", "identityNamespace": "phone", "enableWebhooks": True, "createNewProfile": True,
    "content": {"text": "Your gate is {{context.gate}}"},
}  # fmt: skip


@dataclass
class Setting:
    """Everything at work: the service, the SMSC, the endpoint."""

    service: Service
    node: NodeSmsc
    receiver: Endpoint
    client: httpx.AsyncClient
    campaign: str

    async def text(self, number: str) -> None:
        """One call; its requestId is the number."""
        person = {"type": "external", "userId": number, "namespace": "phone", "context": {"gate": "B 17"}}
        body = {"requestId": number, "campaignId": self.campaign, "recipients": [person]}
        await self.service.call(self.client, "POST", "/ajo/im/executions/unitary", body)

    async def told(self, wanted: dict[str, list[str]]) -> dict[str, list[str]]:
        """What the endpoint was told of each number, when so much has come; each event once."""
        number = sum(len(events) for events in wanted.values())
        while len({request.header("webhook-id") for request in self.receiver.requests}) < number:
            await self.receiver.arrived(len(self.receiver.requests) + 1, seconds=60)
        heard: dict[str, dict[str, str]] = defaultdict(dict)
        for request in self.receiver.requests:
            body = json.loads(request.body)
            event = body["messageDeliveryFeedback"]["feedbackStatus"]["value"]
            heard[body["requestId"]][request.header("webhook-id") or ""] = event
        return {number: list(events.values()) for number, events in heard.items()}

    def submits(self) -> Counter[str]:
        """How often the SMSC was asked to send to each number."""
        return Counter(f"+{one['to']}" for one in self.node.all("submit"))


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the SMSC's package is."""
    return package(tmp_path_factory.mktemp("smsc"))


@pytest.fixture
async def setting(tmp_path: Path, modules: Path) -> AsyncIterator[Setting]:
    """Acme's development sandbox with a text campaign."""
    service = Service(tmp_path)
    service.init()
    ca = certificates.ensure_ca(tmp_path / "data" / "ca")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*ca.issue(certificates.LOOPBACK_NAMES, tmp_path))
    async with (
        running(modules) as node,
        serving(tls=tls) as receiver,
        httpx.AsyncClient(timeout=30) as client,
    ):
        await service.start()
        try:
            campaign = await _campaign(service, client, node.place.port)
            hook = WEBHOOK | {"url": receiver.url("/feedback")}
            await service.call(client, "POST", "/ajo/config/feedback-webhooks", hook)
            yield Setting(service, node, receiver, client, campaign)
        finally:
            await service.stop()


async def _campaign(service: Service, client: httpx.AsyncClient, port: int) -> str:
    """A live one, by SMPP to this port; its id."""
    login = {"systemId": "acme", "password": "secret", "errorTable": "gsm"}
    given: dict[str, Any] = {"host": "127.0.0.1", "port": port, "security": "none", **login}
    body = CONFIGURATION | {"providerSettings": given}
    made = await service.call(client, "POST", "/ajo/config/channel-configurations", body)
    path = "/journey/campaigns/service/campaigns"
    campaign = await service.call(client, "POST", path, CAMPAIGN | {"channelConfigurationId": made["id"]})
    await service.call(client, "POST", f"{path}/{campaign['id']}/publish")
    return str(campaign["id"])


async def test_every_fate_is_told_to_the_webhook(setting: Setting) -> None:
    wanted = {
        "+4915112345600": ["sent", "delivered"],
        "+4915112345601": ["sent", "bounce"],
        "+4915112345602": ["sent", "delivered"],
        "+4915112345603": ["sent", "bounce"],
        "+4915112345604": ["sent", "bounce"],
        "+4915112345608": ["bounce"],
    }
    for number in wanted:
        await setting.text(number)
    assert await setting.told(wanted) == wanted
    assert setting.submits() == dict.fromkeys(wanted, 1)
    assert {one["text"] for one in setting.node.all("submit")} == {"Your gate is B 17"}


async def test_who_is_throttled_is_tried_again_and_told_once(setting: Setting) -> None:
    wanted = {
        "+4915112345605": ["delay", "sent", "delivered"],
        "+4915112345606": ["delay", "sent", "delivered"],
    }
    for number in wanted:
        await setting.text(number)
    assert await setting.told(wanted) == wanted
    assert setting.submits() == dict.fromkeys(wanted, 2)


async def test_a_cut_before_the_answer_is_told_as_an_error_and_nothing_goes_twice(setting: Setting) -> None:
    wanted = {"+4915112345607": ["error"]}
    await setting.text("+4915112345607")
    assert await setting.told(wanted) == wanted
    await setting.text("+4915112345600")
    wanted |= {"+4915112345600": ["sent", "delivered"]}
    assert await setting.told(wanted) == wanted
    assert setting.submits() == dict.fromkeys(wanted, 1)


async def test_a_killed_service_and_a_restarted_smsc_lose_no_receipt(setting: Setting) -> None:
    numbers = [f"+49151123457{n}0" for n in range(5)]
    await setting.node.do("hold")
    for number in numbers:
        await setting.text(number)
    sent = {number: ["sent"] for number in numbers}
    assert await setting.told(sent) == sent
    await setting.service.kill()
    await setting.node.do("restart")
    await setting.node.do("release")
    await setting.service.start()
    wanted = {number: ["sent", "delivered"] for number in numbers}
    assert await setting.told(wanted) == wanted
    assert setting.submits() == dict.fromkeys(numbers, 1)
    assert setting.node.taken() == ["DELIVRD"] * 5


async def test_who_says_stop_gets_no_more(setting: Setting) -> None:
    await setting.text("+4915112345600")
    first = {"+4915112345600": ["sent", "delivered"]}
    assert await setting.told(first) == first
    await setting.node.do("reply", **{"from": "4915112345610", "to": "15550100", "text": "Stop"})
    await setting.node.until(lambda: setting.node.all("reply_answered"))
    await setting.text("+4915112345610")
    wanted = first | {"+4915112345610": ["denylist"]}
    assert await setting.told(wanted) == wanted
    assert setting.submits() == {"+4915112345600": 1}
