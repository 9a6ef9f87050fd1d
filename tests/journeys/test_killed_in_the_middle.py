"""A service killed in mid-work loses nothing that it accepted (promise 1 and 3)."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter, defaultdict
from pathlib import Path

import httpx
import pytest

from outside.https import Endpoint, serving
from outside.service import Service
from retour import certificates, limits

EXECUTIONS = 2_000
CALLERS = 32
DETAILS = {
    "name": "Order status",
    "channels": ["email"],
    "authentication": {"type": "jwt", "secret": "a secret of thirty-two characters!", "claims": {"iss": "r"}},
}


class Callers:
    """Clients that call until each execution is accepted, whatever happens to the service meanwhile."""

    def __init__(self, service: Service, campaign: str) -> None:
        self._service = service
        self._campaign = campaign
        self._left = iter(range(EXECUTIONS))
        self.accepted: dict[str, str] = {}
        self.half = asyncio.Event()

    async def run(self, client: httpx.AsyncClient) -> None:
        """All of them."""
        headers = await self._service.headers(client)
        await asyncio.gather(*(self._caller(client, headers) for _ in range(CALLERS)))

    async def _caller(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        for number in self._left:
            request_id = f"request-{number}"
            while request_id not in self.accepted:
                await self._try(client, headers, request_id)
            if len(self.accepted) * 2 > EXECUTIONS:
                self.half.set()

    async def _try(self, client: httpx.AsyncClient, headers: dict[str, str], request_id: str) -> None:
        person = {"type": "external", "userId": f"delivered+{request_id}@example.com", "namespace": "email"}
        context = {"link": "https://luma.example/reset"}
        body = {
            "requestId": request_id,
            "campaignId": self._campaign,
            "recipients": [person | {"context": context}],
        }
        url = self._service.url + "/ajo/im/executions/unitary"
        try:
            answer = await client.post(url, json=body, headers=headers)
        except httpx.TransportError:
            await asyncio.sleep(0.05)  # the service is down; a caller asks again with the same requestId
            return
        assert answer.status_code == 202, answer.text
        self.accepted[request_id] = answer.json()["executionId"]


def told(receiver: Endpoint) -> dict[str, list[tuple[str, str]]]:
    """requestId -> (webhook-id, status) of each POST, as they came."""
    heard: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for request in receiver.requests:
        body = json.loads(request.body)
        status = body["messageDeliveryFeedback"]["feedbackStatus"]["value"]
        heard[body["requestId"]].append((request.header("webhook-id") or "", status))
    return heard


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.peer("postgres"))])
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    """What the service is told of its store."""
    if request.param == "sqlite":
        return {}
    return {"RETOUR_DATABASE": request.getfixturevalue("postgres"), "RETOUR_SECRET_KEY": "k" * 32}


@pytest.mark.slow
async def test_a_service_killed_in_mid_work_loses_nothing_that_it_accepted(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    service = Service(tmp_path, **environ)
    service.init()
    ca = certificates.ensure_ca(tmp_path / "data" / "ca")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*ca.issue(certificates.LOOPBACK_NAMES, tmp_path))
    async with serving(tls=tls) as receiver, httpx.AsyncClient(timeout=30) as client:
        await service.start()
        await service.call(
            client, "POST", "/ajo/config/feedback-webhooks", DETAILS | {"url": receiver.url("/feedback")}
        )
        (campaign,) = (await service.call(client, "GET", "/journey/campaigns/service/campaigns"))["data"]
        callers = Callers(service, campaign["id"])
        calling = asyncio.ensure_future(callers.run(client))
        await callers.half.wait()
        await service.kill()
        await service.start()
        await calling
        await everything_told(receiver)
        assert await service.stop() == 0
    heard = told(receiver)
    assert set(heard) == set(callers.accepted)
    for events in heard.values():
        firsts = list(dict.fromkeys(events))
        assert [status for _, status in firsts] == ["sent", "delivered"]
    again = Counter(event for events in heard.values() for event in events)
    duplicates = sum(count - 1 for count in again.values())
    assert duplicates <= limits.DISPATCH_SLOTS


async def everything_told(receiver: Endpoint) -> None:
    """Wait until each execution's final outcome has come."""
    async with asyncio.timeout(90):
        while sum(1 for events in told(receiver).values() if events[-1][1] == "delivered") < EXECUTIONS:
            await receiver.arrived(len(receiver.requests) + 1, seconds=60)
