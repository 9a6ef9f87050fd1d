"""The product as its customer sees it: REST calls, nothing else."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from retour import ids, receiving
from retour.client import Client
from retour.demo.cases import PROD, Case, Relay, Sender, sender_of
from retour.demo.mailhost import HOST, USER, MailHost
from retour.model import ChannelKind, Value
from retour.receiver import JwtRule
from retour.receiving import Expected

WEBHOOKS = "/ajo/config/feedback-webhooks"
CONFIGURATIONS = "/ajo/config/channel-configurations"
CAMPAIGNS = "/journey/campaigns/service/campaigns"
EXECUTIONS = "/ajo/im/executions"
DELIVERIES = "/ajo/feedback/deliveries"
EVENTS = ("sent", "delivered", "bounce", "error", "delay")
OUTSTANDING = ("pending", "retrying", "parked")
WRONG_PASSWORD = "wrong"  # noqa: S105 - that is its use


class Owed(Value, frozen=True):
    """A line of the delivery log. failure_code: only where it was asked for."""

    id: str
    sandbox: str
    request_id: str
    feedback_status: str
    status: str
    attempts: int
    failure_code: str | None = None

    @property
    def outstanding(self) -> bool:
        """Whether it may still be posted."""
        return self.status in OUTSTANDING


class Product:
    """Makes what the cases need, sends, and reads the delivery log. clients: by sandbox."""

    def __init__(self, clients: Mapping[str, Client], mailhost: MailHost) -> None:
        self._clients = clients
        self._mailhost = mailhost
        self._configurations: dict[str, str] = {}
        self._campaigns: dict[str, str] = {}

    async def create_webhook(self, sandbox: str, url: str) -> Expected:
        """A webhook with JWT, custom headers and signature; returns what its requests will prove.

        HS256 in prod, ES256 elsewhere, so that both kinds are seen.
        """
        claims = {"iss": "retour", "aud": "demo", "sub": sandbox}
        authentication, rule = _shared(claims) if sandbox == PROD else _asymmetric(claims)
        headers = (("X-Tenant", "luma"), ("X-Endpoint-Key", secrets.token_urlsafe(16)))
        body = {
            "name": f"Demo {sandbox}",
            "channels": ["email", "sms"],
            "url": url,
            "authentication": authentication,
            "headers": [{"name": name, "value": value, "secret": "Key" in name} for name, value in headers],
            "events": EVENTS,
            "signed": True,
        }
        made = await self._post(sandbox, WEBHOOKS, body)
        return Expected(signing_secret=made["signingSecret"], token=rule, headers=headers)

    async def create_sender(self, sender: Sender) -> None:
        """A channel configuration and a live campaign that uses it."""
        configuration = await self._post(sender.sandbox, CONFIGURATIONS, self._configuration(sender))
        campaign = await self._post(sender.sandbox, CAMPAIGNS, _campaign(sender, configuration["id"]))
        await self._post(sender.sandbox, f"{CAMPAIGNS}/{campaign['campaignId']}/publish")
        self._configurations[sender.name] = configuration["id"]
        self._campaigns[sender.name] = campaign["campaignId"]

    async def send(self, case: Case) -> str:
        """One execution for one recipient; returns its requestId."""
        sender = sender_of(case)
        request_id = ids.new_id()
        email = sender.channel is ChannelKind.EMAIL
        recipient = {
            "type": "aep",
            "userId": case.recipient,
            "namespace": _namespace(sender),
            "channelData": {"emailAddress" if email else "mobilePhoneNumber": case.recipient},
            "profile": {"person": {"name": {"firstName": case.name.split()[0].capitalize()}}},
            "context": {"offer": case.offer},
        }
        body = {
            "requestId": request_id,
            "campaignId": self._campaigns[case.sender],
            "recipients": [recipient],
        }
        await self._post(sender.sandbox, f"{EXECUTIONS}/unitary", body)
        return request_id

    async def correct_password(self, sender: Sender) -> None:
        """PUT the channel configuration with the right password, over its newest version."""
        client = self._clients[sender.sandbox]
        path = f"{CONFIGURATIONS}/{self._configurations[sender.name]}"
        stored = await asyncio.to_thread(client.get, path)
        body = self._configuration(sender)
        body["smtp"]["password"] = self._mailhost.password
        await asyncio.to_thread(client.put, path, body, stored["version"])

    async def deliveries(self) -> list[Owed]:
        """The delivery logs of all sandboxes, oldest first."""
        found = []
        for sandbox, client in self._clients.items():
            answer = await asyncio.to_thread(client.get, DELIVERIES, {"limit": "100"})
            found += [_owed(sandbox, row) for row in answer["data"]]
        return sorted(found, key=lambda owed: owed.id)

    async def with_codes(self, deliveries: Iterable[Owed]) -> list[Owed]:
        """The same, each with the failure code that stands in its body."""
        return [await self._with_code(owed) for owed in deliveries]

    async def _with_code(self, owed: Owed) -> Owed:
        row = await asyncio.to_thread(self._clients[owed.sandbox].get, f"{DELIVERIES}/{owed.id}")
        body = row["body"]
        text = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
        feedback = receiving.read_feedback(text) or receiving.Feedback()
        return msgspec.structs.replace(owed, failure_code=feedback.failure_code)

    def _configuration(self, sender: Sender) -> dict[str, Any]:
        body: dict[str, Any] = {
            "name": sender.name,
            "channel": sender.channel,
            "provider": "smtp" if sender.relay else "simulated",
            "messageType": "transactional",
        }
        if sender.channel is ChannelKind.SMS:
            return body | {"sms": {"senderNumber": "+15550190"}}
        body["email"] = {
            "senderName": "Luma",
            "senderEmail": "no-reply@luma.example",
            "retryPeriodMinutes": sender.retry_minutes,
        }
        return body | ({"smtp": self._relay(sender.relay)} if sender.relay else {})

    def _relay(self, relay: Relay) -> dict[str, Any]:
        body: dict[str, Any] = {"host": HOST, "port": self._mailhost.port(relay), "security": "none"}
        login = {"username": USER, "password": WRONG_PASSWORD} if relay is Relay.LOGIN else {}
        return body | login

    async def _post(self, sandbox: str, path: str, body: Any = None) -> Any:
        return await asyncio.to_thread(self._clients[sandbox].post, path, body)


def _campaign(sender: Sender, configuration_id: str) -> dict[str, Any]:
    line = "Hello {{profile.person.name.firstName}}, here is {{context.offer}}."
    email = {
        "subject": "For {{profile.person.name.firstName}}",
        "html": {"body": f"<p>{line}</p>"},
        "text": {"body": line},
    }
    return {
        "name": sender.name.replace("-", " ").capitalize(),
        "campaignType": "ApiTriggered",
        "category": "Transactional",
        "channel": sender.channel,
        "channelConfigurationId": configuration_id,
        "identityNamespace": _namespace(sender),
        "createNewProfile": True,
        "enableWebhooks": True,
        "content": email if sender.channel is ChannelKind.EMAIL else {"text": line},
    }


def _namespace(sender: Sender) -> str:
    return "email" if sender.channel is ChannelKind.EMAIL else "phone"


def _shared(claims: dict[str, Any]) -> tuple[dict[str, Any], JwtRule]:
    secret = secrets.token_urlsafe(32)
    authentication = {"type": "jwt", "algorithm": "HS256", "secret": secret, "claims": claims}
    return authentication, JwtRule(algorithm="HS256", key=secret, claims=claims)


def _asymmetric(claims: dict[str, Any]) -> tuple[dict[str, Any], JwtRule]:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    authentication = {"type": "jwt", "algorithm": "ES256", "privateKey": private, "claims": claims}
    return authentication, JwtRule(algorithm="ES256", key=public, claims=claims)


def _owed(sandbox: str, row: dict[str, Any]) -> Owed:
    return Owed(
        id=row["id"],
        sandbox=sandbox,
        request_id=row["requestId"],
        feedback_status=row["feedbackStatus"],
        status=row["status"],
        attempts=row["attempts"],
    )
