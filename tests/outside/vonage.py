"""Vonage's SMS API, as its documentation tells: refusals with 200, a message for each part, and receipts that it signs.

vonage = FakeVonage(webhook="https://…")                 # as its dashboard has it
async with serving(vonage) as endpoint:                  # base URL: endpoint.url("")
    ... a text is sent ...
    await vonage.tell(vonage.of("12025550101")[0], "delivered")
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import jwt

from outside.https import Exchange

Fields = dict[str, Any]
NUMBER = re.compile(r"[1-9][0-9]{6,14}")


@dataclass
class FakeVonage:
    """One account. method, http_method, webhook: what its dashboard says, of signatures and of delivery receipts.

    refuses: status and words by the number that a message is for, once each. hasty: a status that is reported before
    the submit is answered. mute: it takes messages and hangs up. posted: what was answered to callbacks.
    """

    key: str = "abcd1234"
    secret: str = "the API secret of Acme"
    signature_secret: str = "the signature secret of Acme, long enough"
    method: str = "sha256"
    http_method: str = "POST"
    webhook: str = ""
    messages: dict[str, dict[str, str]] = field(default_factory=dict)
    refuses: dict[str, tuple[str, str]] = field(default_factory=dict)
    hasty: str = ""
    mute: bool = False
    posted: list[int] = field(default_factory=list)

    async def __call__(self, exchange: Exchange) -> None:
        """Answer as the API does."""
        request = exchange.request
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        known = self._is_known(request.header("authorization"), form)
        status, body = self._answered(f"{request.method} {request.path}", form, known)
        for message in body.get("messages", []) if self.hasty else []:
            await self.tell(message["message-id"], self.hasty)
        if self.mute:
            exchange.close()
            return
        await exchange.reply(status, json.dumps(body).encode(), (("Content-Type", "application/json"),))

    def settings(self, base_url: str = "") -> dict[str, str]:
        """What the account's owner enters in a channel configuration."""
        given = {"apiKey": self.key, "apiSecret": self.secret, "signatureMethod": self.method}
        given["signatureSecret"] = self.signature_secret
        return given | ({"baseUrl": base_url} if base_url else {})

    def of(self, number: str) -> list[str]:
        """The ids of the messages to this number, the first part first."""
        return [one for one, form in self.messages.items() if form["to"] == number]

    # --- what it tells ---

    async def tell(self, message: str, status: str, err: str = "0") -> int:
        """Post a delivery receipt; what was answered."""
        return await self.post(self.receipt(message, status, err))

    def receipt(self, message: str, status: str, err: str = "0") -> Fields:
        """A delivery receipt, signed."""
        sent, now = self.messages[message], datetime.now(UTC)
        fields = {
            "msisdn": sent["to"], "to": sent["from"], "network-code": "310004", "messageId": message,
            "price": "0.00700000", "status": status, "scts": now.strftime("%y%m%d%H%M"), "err-code": err,
            "api-key": self.key, "message-timestamp": now.strftime("%Y-%m-%d %H:%M:%S"),
        }  # fmt: skip
        if "client-ref" in sent:
            fields["client-ref"] = sent["client-ref"]
        return self.signed(fields)

    def inbound(self, sender: str, to: str, text: str) -> Fields:
        """What a person writes, signed."""
        fields = {"msisdn": sender, "to": to, "messageId": secrets.token_hex(8), "text": text, "type": "text"}
        return self.signed(fields | {"keyword": text.split(" ")[0].upper(), "api-key": self.key})

    def signed(self, fields: Fields, at: float | None = None) -> Fields:
        """With time, nonce and signature."""
        fields = fields | {"timestamp": str(int(at or time.time())), "nonce": secrets.token_hex(8)}
        text = ""
        for name in sorted(fields):
            text += "&" + name + "=" + fields[name].replace("&", "_").replace("=", "_")
        return fields | {
            "sig": hmac.new(self.signature_secret.encode(), text.encode(), self.method).hexdigest()
        }

    async def post(self, fields: Fields, url: str = "") -> int:
        """Post a callback, in the way that the dashboard says; what was answered."""
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            if self.http_method == "GET":
                answer = await client.get(url or self.webhook, params=fields)
            elif self.http_method == "POST":
                answer = await client.post(url or self.webhook, data=fields)
            else:
                answer = await client.post(url or self.webhook, json=fields)
        self.posted.append(answer.status_code)
        return answer.status_code

    async def tell_by_token(self, message: str, status: str, **more: Any) -> int:
        """Post a status in the shape of the Messages API, with a JWT over the body; what was answered."""
        sent = self.messages[message]
        told = {
            "message_uuid": message, "to": sent["to"], "from": sent["from"], "status": status, "channel": "sms",
            "timestamp": datetime.now(UTC).isoformat(), "client_ref": sent["client-ref"], **more,
        }  # fmt: skip
        raw = json.dumps(told).encode()
        headers = {"Authorization": f"Bearer {self.token(raw)}", "Content-Type": "application/json"}
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            self.posted.append((await client.post(self.webhook, content=raw, headers=headers)).status_code)
        return self.posted[-1]

    def token(self, raw: bytes) -> str:
        """The JWT over a body."""
        claims = {"iat": int(time.time()), "jti": secrets.token_hex(8), "iss": "Vonage", "api_key": self.key}
        hashed = {"payload_hash": hashlib.sha256(raw).hexdigest()}
        return jwt.encode(claims | hashed, self.signature_secret, "HS256")

    # --- the API ---

    def _answered(self, asked: str, form: dict[str, str], known: bool) -> tuple[int, Fields]:
        """HTTP status and body."""
        if asked == "GET /account/get-balance":
            return (200, {"value": 10.28, "autoReload": False}) if known else (401, _UNAUTHORIZED)
        if asked == "POST /sms/json":
            return 200, self._sent(form) if known else _answer([_refusal("4", "Bad Credentials")])
        return 404, {}

    def _is_known(self, shown: str | None, form: dict[str, str]) -> bool:
        """By the header, or by parameters."""
        pair = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        return shown == f"Basic {pair}" or (form.get("api_key"), form.get("api_secret")) == (
            self.key,
            self.secret,
        )

    def _sent(self, form: dict[str, str]) -> Fields:
        wrong = _wrong(form) or self.refuses.pop(form["to"], None)
        if wrong:
            return _answer([_refusal(*wrong)])
        size = 160 if form.get("type", "text") == "text" else 70
        return _answer([self._part(form) for _ in range(1 + (len(form["text"]) - 1) // size)])

    def _part(self, form: dict[str, str]) -> Fields:
        message = "0A" + secrets.token_hex(7).upper()
        self.messages[message] = form
        told = {"to": form["to"], "message-id": message, "status": "0", "remaining-balance": "10.28"}
        told |= {"message-price": "0.00700000", "network": "310004"}
        return told | ({"client-ref": form["client-ref"]} if "client-ref" in form else {})


def _wrong(form: dict[str, str]) -> tuple[str, str] | None:
    """The first thing that Vonage would mind: status and words."""
    for name in ("to", "from", "text"):
        if not form.get(name):
            return "2", f"Missing {name} param"
    if not NUMBER.fullmatch(form["to"]):
        return "3", "Invalid value for param: to"
    if len(form.get("client-ref", "")) > 100 or not 20_000 <= int(form.get("ttl", "20000")) <= 604_800_000:
        return "3", "Invalid value for a param"
    callback = form.get("callback", "https://x")
    return ("23", "Invalid callback URL") if len(callback) > 100 or "://" not in callback else None


def _refusal(status: str, words: str) -> Fields:
    return {"status": status, "error-text": words}


def _answer(messages: list[Fields]) -> Fields:
    return {"message-count": str(len(messages)), "messages": messages}


_UNAUTHORIZED = {
    "type": "https://developer.vonage.com/api-errors#unauthorized",
    "title": "Unauthorized",
    "detail": "You did not provide correct credentials.",
}
