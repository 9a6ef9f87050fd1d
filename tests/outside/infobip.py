"""Infobip's SMS API on loopback, as it is documented: keys, what it refuses and rejects, reports, what people write.

async with infobip() as cloud:
    ... cloud.url, cloud.messages
    await cloud.report(message_id, (3, "DELIVERED", 5, "DELIVERED_TO_HANDSET"))
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from outside.https import Exchange, Request, serving

JSON = (("Content-Type", "application/json"),)
ID_CHARACTERS, DATA_CHARACTERS, TO_CHARACTERS = 200, 4_000, 64


class Status(NamedTuple):
    """What became of a message."""

    group: int
    group_name: str
    id: int
    name: str

    @property
    def told(self) -> dict[str, Any]:
        """As Infobip writes it."""
        made = {"groupId": self.group, "groupName": self.group_name, "id": self.id, "name": self.name}
        return made | {"description": self.name.replace("_", " ").capitalize()}


class Error(NamedTuple):
    """Why."""

    id: int
    name: str
    permanent: bool = False

    @property
    def told(self) -> dict[str, Any]:
        """As Infobip writes it."""
        group, name = (1, "HANDSET_ERRORS") if self.id else (0, "OK")
        made = {"groupId": group, "groupName": name, "id": self.id, "name": self.name}
        return made | {"description": self.name, "permanent": self.permanent}


NO_ERROR = Error(0, "NO_ERROR")
ACCEPTED = Status(1, "PENDING", 26, "PENDING_ACCEPTED")
DELIVERED = Status(3, "DELIVERED", 5, "DELIVERED_TO_HANDSET")
UNDELIVERABLE = Status(2, "UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED")
EXPIRED = Status(4, "EXPIRED", 15, "EXPIRED_EXPIRED")
INVALID = Status(5, "REJECTED", 52, "REJECTED_DESTINATION")
DUPLICATE = Status(5, "REJECTED", 23, "REJECTED_DUPLICATE_MESSAGE_ID")


class Refusal(Exception):
    """A request that is not served: status, description, violations as (property, what)."""


@dataclass
class Infobip:
    """An account with an API key. rejected: by number. instead: answers that are given first, whatever is asked.

    subscription: where reports go that have no address of their own, and its basic authentication. before_answer: what
    happens between a message and the answer to it.
    """

    url: str
    key: str = "api-key"
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    rejected: dict[str, Status] = field(default_factory=dict)
    subscription: tuple[str, tuple[str, str]] | None = None
    instead: list[tuple[int, tuple[tuple[str, str], ...], bytes]] = field(default_factory=list)
    before_answer: Callable[[], Awaitable[None]] | None = None

    async def conduct(self, exchange: Exchange) -> None:
        """Answer one request."""
        if self.instead:
            status, headers, body = self.instead.pop(0)
            return await exchange.reply(status, body, headers)
        try:
            status, made = 200, self._answer(exchange.request)
        except Refusal as refusal:
            status, made = refusal.args[0], _problem(*refusal.args)
        if self.before_answer is not None and exchange.request.method == "POST":
            await self.before_answer()
        return await exchange.reply(status, json.dumps(made).encode(), JSON)

    def _answer(self, request: Request) -> dict[str, Any]:
        if request.header("authorization") != f"App {self.key}":
            raise Refusal(401, "The request lacks valid authentication credentials.")
        if (request.method, request.path) == ("GET", "/account/1/balance"):
            return {"balance": 47.8, "currency": "EUR"}
        if (request.method, request.path) != ("POST", "/sms/3/messages"):
            raise Refusal(404, "The requested resource is not found.")
        try:
            given = json.loads(request.body)
        except ValueError:
            raise Refusal(400, "Request cannot be processed. Invalid JSON.") from None
        counted = bool(given.get("options", {}).get("includeSmsCountInResponse"))
        taken = [self._message(one, place, counted) for place, one in enumerate(given["messages"])]
        return {"bulkId": uuid4().hex, "messages": [one for several in taken for one in several]}

    def _message(self, given: dict[str, Any], place: int, counted: bool) -> list[dict[str, Any]]:
        _check(given, f"messages[{place}]")
        return [self._destination(given, one, counted) for one in given["destinations"]]

    def _destination(self, given: dict[str, Any], where: dict[str, Any], counted: bool) -> dict[str, Any]:
        name, to = where.get("messageId") or uuid4().hex, where["to"]
        status = DUPLICATE if name in self.messages else self.rejected.get(to, ACCEPTED)
        parts = 1 + len(given["content"]["text"]) // 161
        if status is ACCEPTED:
            self.messages[name] = given | {"to": to, "parts": parts}
        told = {"messageId": name, "status": status.told, "destination": to}
        return told | ({"details": {"messageCount": parts}} if counted else {})

    async def report(self, name: str, status: Status, error: Error = NO_ERROR) -> httpx.Response:
        """What became of a message, posted where the message or the subscription says."""
        message = self.messages[name]
        hooks = message.get("webhooks", {})
        now = _iso(datetime.now(UTC))
        result = {
            "bulkId": "bulk",
            "messageId": name,
            "to": message["to"],
            "sender": message["sender"],
            "sentAt": now,
            "doneAt": now,
            "messageCount": message["parts"],
            "mccMnc": "310260",
            "callbackData": hooks.get("callbackData"),
            "price": {"pricePerMessage": 0.01, "currency": "EUR"},
            "status": status.told,
            "error": error.told,
        }
        return await self.post({"results": [result]}, hooks.get("delivery", {}).get("url"))

    async def post(self, body: dict[str, Any], url: str | None = None) -> httpx.Response:
        """A callback, to a message's own address or by the subscription."""
        headers = dict(JSON)
        if url is None:
            assert self.subscription is not None, "nobody asked for reports"
            url, pair = self.subscription
            headers["Authorization"] = f"Basic {base64.b64encode(':'.join(pair).encode()).decode()}"
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.post(url, content=json.dumps(body).encode(), headers=headers)


def _check(given: dict[str, Any], where: str) -> None:
    """Raises Refusal, as the API does for what it can't take."""
    wrong = [
        (f"{where}.destinations[{place}].to", "size must be between 0 and 64")
        for place, one in enumerate(given["destinations"])
        if not one.get("to") or len(one["to"]) > TO_CHARACTERS
    ]
    wrong += [
        (f"{where}.destinations[{place}].messageId", "size must be between 0 and 200")
        for place, one in enumerate(given["destinations"])
        if len(one.get("messageId") or "") > ID_CHARACTERS
    ]
    if not given.get("content", {}).get("text"):
        wrong.append((f"{where}.content.text", "must not be blank"))
    if len(given.get("webhooks", {}).get("callbackData", "")) > DATA_CHARACTERS:
        wrong.append((f"{where}.webhooks.callbackData", "size must be between 0 and 4000"))
    if wrong:
        raise Refusal(400, "Request cannot be processed.", *wrong)


def _problem(status: int, description: str, *violations: tuple[str, str]) -> dict[str, Any]:
    return {
        "errorCode": f"E{status}",
        "description": description,
        "action": "Check the request.",
        "violations": [{"property": name, "violation": what} for name, what in violations],
        "resources": [],
    }


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


@asynccontextmanager
async def infobip() -> AsyncIterator[Infobip]:
    """A running one."""
    made = Infobip("")
    async with serving(made.conduct) as endpoint:
        made.url = endpoint.url("")
        yield made
