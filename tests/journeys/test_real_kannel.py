"""Ann's text messages go out by a real Kannel, set up as docs/channels.md says: what her webhook hears."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from cast import until
from docs.pages import blocks, page, sections
from journeys.smsdesk import in_short
from outside.https import Endpoint, serving
from outside.kannel import DOWN, FAKE, SMPP, Kannel
from outside.network import alone
from outside.node_smsc import NodeSmsc, package, running
from outside.service import Service
from retour import certificates

pytestmark = [
    pytest.mark.slow,
    pytest.mark.peer("kannel"),
    pytest.mark.peer("node"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace is made by root alone"),
]
PATIENCE = 60

SECTION = sections(sections(page("channels.md"), 2)["SMS providers by HTTP"], 3)["Kannel"]
(TOLD,), (SMSBOX,) = blocks(SECTION, "json"), blocks(SECTION, "ini")
SETTINGS: dict[str, Any] = json.loads(TOLD)
NOWHERE = "nowhere"  # no SMSC of Kannel's
STOPPER = "+420111222333"
"""Who answers STOP."""

# How the last digit fares at the SMSC (smsc.mjs), and what is told of it. The SMSC's words are told, too.
FATES = {
    "+4915112345600": ["sent", "delivered"],
    "+4915112345601": ["sent", "bounce 2 Ignored"],
    "+4915112345602": ["sent", "delivered"],
    "+4915112345603": ["sent", "bounce 34 Soft"],
    "+4915112345604": ["sent", "bounce 2 Ignored"],
    "+4915112345608": ["sent", "bounce 16 Ignored"],
}
WEBHOOK = {
    "name": "Order status", "channels": ["sms"], "authentication": {"type": "none"},
    "events": ["sent", "delivered", "bounce", "error", "delay", "denylist"],
}  # fmt: skip


@dataclass
class Setting:
    """Everything at work. ways: for each SMSC of Kannel's a channel configuration and a live campaign."""

    service: Service
    receiver: Endpoint
    client: httpx.AsyncClient
    node: NodeSmsc
    kannel: Kannel
    ways: dict[str, Way]

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call to the service."""
        return await self.service.call(self.client, method, path, body)

    async def configuration(self, way: Way) -> dict[str, Any]:
        """As it is stored."""
        path = f"/ajo/config/channel-configurations/{way.configuration['id']}"
        return dict(await self.call("GET", path))

    async def trouble(self, way: Way) -> str:
        """Why it is failing; "" when it is not."""
        return str((await self.configuration(way))["health"]["trouble"] or "")

    async def change(self, way: Way, settings: dict[str, Any]) -> None:
        """Its configuration has other settings from now on."""
        stored = await self.configuration(way)
        headers = await self.service.headers(self.client) | {"if-match": str(stored["version"])}
        url = f"{self.service.url}/ajo/config/channel-configurations/{stored['id']}"
        answer = await self.client.put(url, json=way.body | {"providerSettings": settings}, headers=headers)
        assert answer.status_code == 200, answer.text

    async def text(self, number: str, smsc: str = SMPP, words: str = "Your gate is B 17") -> None:
        """One message."""
        person = {"type": "external", "userId": number, "namespace": "phone", "context": {"words": words}}
        body = {"requestId": number, "campaignId": self.ways[smsc].campaign, "recipients": [person]}
        await self.call("POST", "/ajo/im/executions/unitary", body)

    async def told(self, number: str, count: int) -> list[str]:
        """What was told of a number, once so much has come; each event once."""
        while len(self.feedback(number)) < count:
            await self.receiver.arrived(len(self.receiver.requests) + 1, PATIENCE)
        return [in_short(body["messageDeliveryFeedback"]) for body in self.feedback(number)]

    def feedback(self, number: str) -> list[dict[str, Any]]:
        """The same as it came, in order."""
        bodies = {body["_id"]: body for body in (json.loads(one.body) for one in self.receiver.requests)}
        mine = [body for body in bodies.values() if body["channelContext"]["profileNumber"] == number]
        return sorted(mine, key=lambda body: int(body["retour"]["sequence"]))

    async def has_heard_everything(self) -> bool:
        """Whether Kannel has reported in each way that it has."""
        return self.kannel.reported() >= {"1", "2", "4", "8", "16", "34"}

    async def has_heard_stop(self) -> bool:
        """Whether somebody is on the denylist."""
        return bool((await self.call("GET", "/ajo/config/suppression/numbers"))["items"])

    def arrived(self, number: str) -> list[str]:
        """The texts that came to the SMSC for a number."""
        return [one["text"] for one in self.node.all("submit") if f"+{one['to']}" == number]


@dataclass
class Way:
    """configuration: as the API told it. body: as it was made."""

    configuration: dict[str, Any]
    body: dict[str, Any]
    campaign: str


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the SMSC's package is."""
    return package(tmp_path_factory.mktemp("smsc"))


@pytest.fixture(scope="module")
def network(modules: Path) -> Iterator[None]:
    """Nothing of this is seen outside; npm was asked before."""
    with alone():
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def setting(
    network: None, modules: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Setting]:
    """Acme's development sandbox, and Kannel."""
    folder = tmp_path_factory.mktemp("kannel")
    service = Service(folder)
    service.init()
    ca = certificates.ensure_ca(folder / "data" / "ca")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*ca.issue(certificates.LOOPBACK_NAMES, folder))
    async with (
        running(modules) as node,
        serving(tls=tls) as receiver,
        httpx.AsyncClient(timeout=30) as client,
    ):
        kannel = Kannel(folder, node.place.port, STOPPER)
        made = Setting(service, receiver, client, node, kannel, {})
        try:
            await service.start()
            await made.call(
                "POST", "/ajo/config/feedback-webhooks", WEBHOOK | {"url": receiver.url("/feedback")}
            )
            made.ways = {smsc: await _way(made, smsc) for smsc in (FAKE, SMPP, DOWN, NOWHERE)}
            callback = made.ways[FAKE].configuration["callback"]
            smsbox = SMSBOX.replace("CALLBACK", callback).replace("queue-delay = 10", "queue-delay = 1")
            await asyncio.to_thread(kannel.start, smsbox)
            yield made
        finally:
            kannel.stop()
            await service.stop()


async def _way(setting: Setting, smsc: str) -> Way:
    """By one of Kannel's SMSCs. Of the one that is down a report is waited for a second or two."""
    settings = SETTINGS | {"payload": SETTINGS["payload"] | {"smsc": smsc}}
    body = {
        "name": smsc, "channel": "sms", "provider": "custom", "messageType": "transactional",
        "providerSettings": settings,
        "sms": {"senderNumber": "+15550199", "reportHours": 0.0005 if smsc == DOWN else 72},
    }  # fmt: skip
    configuration = await setting.call("POST", "/ajo/config/channel-configurations", body)
    given = {
        "name": smsc, "channel": "sms", "channelConfigurationId": configuration["id"], "identityNamespace": "phone",
        "enableWebhooks": True, "createNewProfile": True, "content": {"text": "{{context.words}}"},
    }  # fmt: skip
    path = "/journey/campaigns/service/campaigns"
    campaign = await setting.call("POST", path, given)
    await setting.call("POST", f"{path}/{campaign['id']}/publish")
    return Way(configuration, body, campaign["id"])


async def test_every_report_of_kannel_s_is_told_as_the_page_says(setting: Setting) -> None:
    for number in FATES:
        await setting.text(number)
    told = {number: await setting.told(number, len(events)) for number, events in FATES.items()}
    assert told == FATES
    await until(setting.has_heard_everything, PATIENCE)
    assert {number: len(setting.feedback(number)) for number in FATES} == dict.fromkeys(FATES, 2)
    (words,) = {body["retour"]["provider"]["text"] for body in setting.feedback("+4915112345608")[1:]}
    assert words.endswith("/Invalid Destination Address")


async def test_a_text_by_kannel_s_fake_smsc_is_sent_and_delivered(setting: Setting) -> None:
    await setting.text("+4915112345701", FAKE)
    assert await setting.told("+4915112345701", 2) == ["sent", "delivered"]
    assert setting.arrived("+4915112345701") == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("+4915112345710", "100 € for [Ann] & René? 50 % {off} + more"),
        ("+4915112345720", "Жанна, ğörüşürüz 😀 & 100 %"),
    ],
    ids=["GSM-7", "UCS-2"],
)
async def test_a_text_arrives_at_the_smsc_as_it_was_written(
    setting: Setting, number: str, words: str
) -> None:
    await setting.text(number, words=words)
    assert await setting.told(number, 2) == ["sent", "delivered"]
    assert setting.arrived(number) == [words]


@pytest.mark.parametrize(
    ("number", "words", "parts"),
    [("+4915112345730", "a" * 320, [153, 153, 14]), ("+4915112345740", "ж" * 140, [67, 67, 6])],
    ids=["GSM-7", "UCS-2"],
)
async def test_a_long_text_goes_in_the_parts_that_we_count(
    setting: Setting, number: str, words: str, parts: list[int]
) -> None:
    await setting.text(number, words=words)
    assert await setting.told(number, 2) == ["sent", "delivered"]
    arrived = setting.arrived(number)
    assert ("".join(arrived), [len(part) for part in arrived]) == (words, parts)


async def test_who_answers_stop_by_kannel_gets_no_more_texts(setting: Setting) -> None:
    await until(setting.has_heard_stop, PATIENCE)
    await setting.text(STOPPER, FAKE)
    assert await setting.told(STOPPER, 1) == ["denylist"]
    listed = await setting.call("GET", f"/ajo/config/suppression/numbers/{STOPPER}")
    assert listed["suppressed"] | {"date": None} == {
        "type": "OPT_OUT", "user": FAKE, "comment": "STOP", "date": None, "reason": None,
    }  # fmt: skip


async def test_a_message_that_waits_for_an_smsc_for_ever_is_told_as_an_error_in_the_end(
    setting: Setting,
) -> None:
    await setting.text("+4915112345751", DOWN)
    assert await setting.told("+4915112345751", 2) == ["sent", "error 24 Ignored"]


async def test_a_report_that_kannel_has_while_the_service_is_down_is_told_when_it_is_up_again(
    setting: Setting,
) -> None:
    number, taken = "+4915112345760", len(setting.node.taken())
    await setting.node.do("hold")
    await setting.text(number)
    assert await setting.told(number, 1) == ["sent"]
    await setting.service.kill()
    await setting.node.do("release")
    await setting.node.until(lambda: len(setting.node.taken()) > taken)
    await setting.service.start()
    assert await setting.told(number, 2) == ["sent", "delivered"]


async def test_a_wrong_password_is_trouble_of_ours_until_it_is_mended(setting: Setting) -> None:
    way, number = setting.ways[SMPP], "+4915112345770"
    await setting.change(way, way.body["providerSettings"] | {"apiToken": "wrong"})
    await setting.text(number)
    assert await setting.told(number, 1) == ["delay 70 Ignored"]
    assert "refuses our credentials (403)" in await setting.trouble(way)
    await setting.change(way, way.body["providerSettings"])
    assert await setting.told(number, 3) == ["delay 70 Ignored", "sent", "delivered"]


async def test_a_message_that_no_smsc_of_kannel_s_takes_is_an_error_and_holds_no_other_up(
    setting: Setting,
) -> None:
    await setting.text("+4915112345780", NOWHERE)
    assert await setting.told("+4915112345780", 2) == ["error 403 Ignored", "bounce 16 Ignored"]
    error, bounce = setting.feedback("+4915112345780")
    assert bounce["retour"]["amends"] == error["_id"]
    assert await setting.trouble(setting.ways[NOWHERE]) == ""
