"""Sinch's SMS API on loopback, as it is documented: tokens, what it refuses, batches, reports, signed callbacks.

async with sinch() as cloud:
    ... cloud.url, cloud.batches
    await cloud.report(batch_id, "Delivered", 0)        # posted to the batch's callback URL
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx

from outside.https import Exchange, Request, serving

JSON = (("Content-Type", "application/json"),)
FORMATS: dict[str, type] = {
    "type": str,
    "body": str,
    "to": list,
    "from": str,
    "client_reference": str,
    "callback_url": str,
}
FORMATS |= {"expire_at": str, "delivery_report": str, "max_number_of_message_parts": int}
REPORTS = ("none", "summary", "full", "per_recipient", "per_recipient_final")
NUMBER = re.compile(r"\+?[1-9][0-9]{6,14}")
SENDER = re.compile(r"\+?[0-9]{3,15}|[A-Za-z0-9 ]{1,11}")
CHARACTERS = 2_000


class Refusal(Exception):
    """An answer that is no success: status, code, text."""


@dataclass
class Sinch:
    """An account with a service plan and a project. secret: callbacks are signed with it, "" for not.

    instead: answers that are given first, in their order, whatever is asked.
    """

    url: str
    plan: str = "a1b2c3d4e5f6"
    token: str = "plan-token"
    project: str = "e15b2651-daac-4ccb-92e8-e3066d1d033b"
    key: tuple[str, str] = ("key-id", "key-secret")
    secret: str = "callback secret"
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    instead: list[tuple[int, tuple[tuple[str, str], ...], bytes]] = field(default_factory=list)
    access: set[str] = field(default_factory=set)

    async def conduct(self, exchange: Exchange) -> None:
        """Answer one request."""
        if self.instead:
            status, headers, body = self.instead.pop(0)
            return await exchange.reply(status, body, headers)
        try:
            status, made = self._answer(exchange.request)
        except Refusal as refusal:
            status, made = refusal.args[0], {"code": refusal.args[1], "text": refusal.args[2]}
        return await exchange.reply(status, json.dumps(made).encode(), JSON)

    def _answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        asked = urlsplit(request.path)
        if asked.path == "/oauth2/token":
            return 200, self._access(request)
        found = re.fullmatch(r"/xms/v1/([^/]+)/batches(?:/([^/]+))?(/delivery_report/.+)?", asked.path)
        if found is None:
            raise Refusal(404, "not_found", "")
        self._known(request, found[1])
        if request.method == "POST":
            return 201, self._batch(request)
        if found[2] is None:
            size = int(parse_qs(asked.query).get("page_size", ["30"])[0])
            page = list(self.batches.values())[-size:]
            return 200, {"count": len(self.batches), "page": 0, "page_size": len(page), "batches": page}
        shelf = self.reports if found[3] else self.batches
        if found[2] not in shelf:
            raise Refusal(404, "not_found", "")
        return 200, shelf[found[2]]

    def _access(self, request: Request) -> dict[str, Any]:
        """OAuth 2, client credentials, proved by Basic."""
        pair = base64.b64encode(":".join(self.key).encode()).decode()
        if request.header("authorization") != f"Basic {pair}":
            raise Refusal(401, "invalid_client", "Client authentication failed")
        if parse_qs(request.body.decode()).get("grant_type") != ["client_credentials"]:
            raise Refusal(400, "unsupported_grant_type", "")
        token = uuid4().hex
        self.access.add(token)
        return {"access_token": token, "expires_in": 3599, "scope": "", "token_type": "bearer"}

    def _known(self, request: Request, name: str) -> None:
        shown = (request.header("authorization") or "").removeprefix("Bearer ")
        good = {self.plan: {self.token}, self.project: self.access}
        if not any(shown in tokens for tokens in good.values()):
            raise Refusal(401, "unauthorized", "Unauthorized")
        if shown not in good.get(name, ()):
            raise Refusal(404, "not_found", "")

    def _batch(self, request: Request) -> dict[str, Any]:
        try:
            given = json.loads(request.body)
        except ValueError:
            raise Refusal(400, "syntax_invalid_json", "Invalid JSON") from None
        _check(given)
        now = _iso(datetime.now(UTC))
        made: dict[str, Any] = given | {
            "id": f"01{uuid4().hex[:24].upper()}",
            "created_at": now,
            "modified_at": now,
        }
        made |= {"to": [number.lstrip("+") for number in given["to"]], "canceled": False}
        self.batches[made["id"]] = made
        return made

    async def report(self, batch_id: str, status: str, code: int, **more: Any) -> httpx.Response:
        """A change of the one recipient's status, posted as the batch asks for."""
        batch = self.batches[batch_id]
        body: dict[str, Any] = {
            "type": "recipient_delivery_report_sms",
            "batch_id": batch_id,
            "recipient": batch["to"][0],
            "code": code,
            "status": status,
            "at": _iso(datetime.now(UTC)),
            "client_reference": batch.get("client_reference"),
        }
        if "max_number_of_message_parts" in batch:
            body["number_of_message_parts"] = 1 + len(batch["body"]) // 161
        self.reports[batch_id] = body | more
        return await self.post(batch["callback_url"], body | more)

    async def post(self, url: str, body: dict[str, Any]) -> httpx.Response:
        """A callback, signed where there is a secret."""
        raw = json.dumps(body).encode()
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.post(url, content=raw, headers=self.signed(raw))

    def signed(self, raw: bytes) -> dict[str, str]:
        """The headers of a callback."""
        if not self.secret:
            return dict(JSON)
        nonce, stamp = uuid4().hex, str(int(time.time()))
        signed = b".".join((raw, nonce.encode(), stamp.encode()))
        digest = base64.b64encode(hmac.digest(self.secret.encode(), signed, "sha256")).decode()
        name = "x-sinch-webhook-signature"
        return dict(JSON) | {
            name: digest,
            f"{name}-nonce": nonce,
            f"{name}-timestamp": stamp,
            f"{name}-algorithm": "HmacSHA256",
        }


def _check(given: Any) -> None:
    """Raises Refusal, as the API does for what it can't take."""
    for name, value in given.items():
        if name in FORMATS and not isinstance(value, FORMATS[name]):
            raise Refusal(400, "syntax_invalid_parameter_format", f"{name}: unexpected format")
    if not given.get("to") or "body" not in given:
        raise Refusal(400, "syntax_constraint_violation", "to and body are required")
    for number in given["to"]:
        if not NUMBER.fullmatch(number):
            raise Refusal(400, "syntax_invalid_parameter_format", f"'{number}' is not a valid MSISDN")
    if not SENDER.fullmatch(given.get("from", "")):
        raise Refusal(400, "syntax_invalid_parameter_format", "from: invalid originator")
    if len(given["body"]) > CHARACTERS or len(given.get("client_reference", "")) > CHARACTERS:
        raise Refusal(400, "syntax_constraint_violation", "the body is too long")
    _check_times_and_reports(given)


def _check_times_and_reports(given: Any) -> None:
    if "expire_at" in given:
        left = datetime.fromisoformat(given["expire_at"]) - datetime.now(UTC)
        if not timedelta(0) < left <= timedelta(days=3):
            raise Refusal(400, "syntax_constraint_violation", "expire_at must be within 3 days of send_at")
    wanted = given.get("delivery_report", "none")
    if wanted not in REPORTS:
        raise Refusal(400, "syntax_constraint_violation", "delivery_report: unknown type")
    if wanted != "none" and "callback_url" not in given:
        raise Refusal(403, "missing_callback_url", "Callback requested, but no URL is provided")


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@asynccontextmanager
async def sinch() -> AsyncIterator[Sinch]:
    """A running one."""
    made = Sinch("")
    async with serving(made.conduct) as endpoint:
        made.url = endpoint.url("")
        yield made
