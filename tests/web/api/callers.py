"""Callers of the API: one credential in one sandbox, as a program outside would use it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import apsw
import httpx

from cast import House
from retour import ids
from retour.catalog.credentials import NewCredential
from retour.web.server import application
from web.contracts import contract

BASE = "http://127.0.0.1:8080"
CONFIGURATIONS = "/ajo/config/channel-configurations"
CAMPAIGNS = "/journey/campaigns/service/campaigns"
WEBHOOKS = "/ajo/config/feedback-webhooks"
DELIVERIES = "/ajo/feedback/deliveries"
EXECUTIONS = "/ajo/im/executions"
UNITARY = "/ajo/im/executions/unitary"
HIGH = "/ajo/im/executions/highthroughput"
PROFILES = "/ajo/config/profiles"
TOKEN = "/ims/token/v3"
URL = "https://127.0.0.1:8443/feedback"  # in dev, a target on this machine is allowed; nothing listens there
JWT_SECRET = "thirty-two characters, not fewer!"


@dataclass(frozen=True)
class Api:
    """A credential in a sandbox. `token` is what it was given for client id and secret."""

    client: httpx.AsyncClient
    client_id: str
    org: str
    sandbox: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What every call carries."""
        return {
            "authorization": f"Bearer {self.token}",
            "x-api-key": self.client_id,
            "x-gw-ims-org-id": self.org,
            "x-sandbox-name": self.sandbox,
            "content-type": "application/json",
        }

    def at(self, sandbox: str) -> Api:
        """The same credential in another sandbox."""
        return replace(self, sandbox=sandbox)

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """One call. `body`: JSON data, or bytes as they are. `more`: headers, with _ for -."""
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        headers = self.headers | {name.replace("_", "-"): value for name, value in more.items()}
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        return await self.client.request(method, path, content=content, headers=encoded)

    async def get(self, path: str) -> Any:
        """The body of what is there."""
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        """The body of what was made."""
        answer = await self.call("POST", path, body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def put(self, path: str, body: Any, version: int | str) -> httpx.Response:
        """A change of that version."""
        return await self.call("PUT", path, body, if_match=f'"{version}"')


async def connect(
    client: httpx.AsyncClient, made: NewCredential, sandbox: str, token: str | None = None
) -> Api:
    """A token for this credential, as the documentation tells to get one."""
    credential = made.credential
    if token is None:
        form = {
            "grant_type": "client_credentials",
            "client_id": credential.client_id,
            "client_secret": made.secret,
        }
        answer = await client.post(TOKEN, data=form)
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
    return Api(client, credential.client_id, credential.org, sandbox, token)


def browser_of(house: House) -> httpx.AsyncClient:
    """Something that speaks HTTP to the house, and minds that each answer is as the contracts tell."""
    transport = httpx.ASGITransport(app=application(house.retour))
    return httpx.AsyncClient(transport=transport, base_url=BASE, event_hooks={"response": [contract.keep]})


def execution(
    campaign_id: str, *addresses: str, request_id: str | None = None, **more: Any
) -> dict[str, Any]:
    """A request for these addresses. `more` goes into each recipient."""
    people = [
        {"type": "external", "userId": address, "namespace": "email", **more}
        for address in addresses or ("jane@example.com",)
    ]
    return {"requestId": request_id or ids.new_id(), "campaignId": campaign_id, "recipients": people}


def webhook(**more: Any) -> dict[str, Any]:
    """A feedback webhook with a JWT, as the documentation shows it."""
    body: dict[str, Any] = {
        "name": "Order status",
        "channels": ["email", "sms"],
        "url": URL,
        "authentication": jwt(),
        "headers": [{"name": "X-Tenant", "value": "luma", "secret": False}],
    }
    return body | more


def jwt(**more: Any) -> dict[str, Any]:
    """JWT Authentication."""
    claims = {"iss": "retour", "aud": "hooks"}
    return {"type": "jwt", "algorithm": "HS256", "secret": JWT_SECRET, "claims": claims} | more


def campaign(configuration_id: str | None, **more: Any) -> dict[str, Any]:
    """An e-mail campaign that could be published."""
    body: dict[str, Any] = {
        "name": "Password reset",
        "campaignType": "ApiTriggered",
        "category": "Transactional",
        "channel": "email",
        "channelConfigurationId": configuration_id,
        "identityNamespace": "email",
        "enableWebhooks": True,
        "content": {"subject": "Hello", "html": {"body": "<p>Hello</p>"}},
    }
    return body | more


def relay(**more: Any) -> dict[str, Any]:
    """A channel configuration for a mail relay with a login."""
    email = {"senderName": "Luma", "senderEmail": "no-reply@luma.example"}
    smtp = {
        "host": "mail.luma.example",
        "port": 587,
        "security": "starttls",
        "username": "luma",
        "password": "hush",
    }
    body = {"name": "transactional-mail", "channel": "email", "provider": "smtp", "email": email}
    return body | {"smtp": smtp | more.pop("smtp", {})} | more


def refusal(answer: httpx.Response, status: int, code: str) -> dict[str, str]:
    """additionalContext of an error in AJO's shape, which is checked to the last key."""
    body = answer.json()
    body.pop("error", None)  # OAuth's word, beside the shape
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(body) == {"type", "title", "status", "report"}
    assert body["type"] == f"https://ns.adobe.com/aep/errors/MSG-{code}-{status}", answer.text
    assert body["status"] == status
    assert body["title"].endswith((".", "?", "…"))
    context: dict[str, str] = body["report"]["additionalContext"]
    assert all(isinstance(text, str) for pair in context.items() for text in pair)
    return context


def rows(house: House) -> dict[str, int]:
    """How many rows every table has."""
    db = apsw.Connection(str(house.retour.settings.database_file), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        counts = {str(row[0]): db.execute(f"SELECT COUNT(*) FROM {row[0]}").fetchall()[0][0] for row in found}
        return {name: int(str(count)) for name, count in counts.items()}
    finally:
        db.close()
