"""Twilio's Messages resource, as its documentation tells: accounts, validation, ids, and callbacks that it signs.

    twilio = FakeTwilio()
    async with serving(twilio) as endpoint:                  # base URL: endpoint.url("")
        ... a message is sent ...
        await twilio.tell(sid, "delivered", RawDlrDoneDate="2611241203")

Numbers that always fail are those of Twilio's test credentials ("Magic input", twilio.com/docs/iam/test-credentials).
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

import httpx

from outside.https import Exchange

Refusal = tuple[int, int, str]
"""HTTP status, code, message."""

MAGIC_TO: dict[str, Refusal] = {
    "+15005550001": (400, 21211, "Invalid 'To' Phone Number: +1500555XXXX"),
    "+15005550002": (400, 21612, "The message From/To pair violates a blacklist or routing rule"),
    "+15005550003": (403, 21408, "Permission to send an SMS has not been enabled for the region"),
    "+15005550004": (400, 21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (400, 21614, "'To' number is not a valid mobile number"),
}
MAGIC_FROM: dict[str, Refusal] = {
    "+15005550001": (400, 21212, "The 'From' number is not a valid phone number"),
    "+15005550007": (400, 21606, "The 'From' phone number is not a valid, SMS-capable Twilio number"),
    "+15005550008": (429, 21611, "The 'From' number has exceeded the maximum number of queued messages"),
}
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass
class FakeTwilio:
    """One account.

    refuses: by the number that a message is for, once each. hasty: a status that is posted before the submit is
    answered. down: an HTTP status for everything; 0 for none. mute: it takes messages and hangs up. posted: what was
    answered to callbacks.
    """

    sid: str = "AC" + "0123456789abcdef" * 2
    token: str = "the auth token of Acme"
    messages: dict[str, dict[str, str]] = field(default_factory=dict)
    refuses: dict[str, Refusal] = field(default_factory=dict)
    hasty: str = ""
    status: str = "active"
    down: int = 0
    mute: bool = False
    posted: list[int] = field(default_factory=list)

    async def __call__(self, exchange: Exchange) -> None:
        """Answer as the API does."""
        status, body = self._answered(exchange)
        if self.hasty and status == 201:
            await self.tell(body["sid"], self.hasty)
        if self.mute:
            exchange.close()
            return
        headers = (("Content-Type", "application/json"), *((("Retry-After", "2"),) if status == 429 else ()))
        await exchange.reply(status, json.dumps(body).encode(), headers)

    def of(self, number: str) -> str:
        """The sid of the newest message to this number."""
        return next(sid for sid, form in reversed(self.messages.items()) if form["To"] == number)

    def signed(self, url: str, form: dict[str, str]) -> str:
        """X-Twilio-Signature, by the Auth Token."""
        text = url + "".join(name + form[name] for name in sorted(form))
        return base64.b64encode(hmac.digest(self.token.encode(), text.encode(), "sha1")).decode()

    def callback(self, sid: str, status: str, **more: str) -> tuple[str, dict[str, str], dict[str, str]]:
        """Address, headers and form of what is posted about a message."""
        sent = self.messages[sid]
        form = {
            "AccountSid": self.sid, "ApiVersion": "2010-04-01", "From": sent.get("From", ""), "To": sent["To"],
            "MessageSid": sid, "SmsSid": sid, "MessageStatus": status, "SmsStatus": status, **more,
        }  # fmt: skip
        url = sent["StatusCallback"]
        return url, {"X-Twilio-Signature": self.signed(url, form)}, form

    async def tell(self, sid: str, status: str, **more: str) -> int:
        """Post a status of a message to where it said; what was answered."""
        return await self.post(*self.callback(sid, status, **more))

    async def post(self, url: str, headers: dict[str, str], form: dict[str, str]) -> int:
        """Post a form; what was answered."""
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            self.posted.append((await client.post(url, data=form, headers=headers)).status_code)
        return self.posted[-1]

    async def answer_back(self, url: str, sender: str, to: str, text: str) -> int:
        """Post what a person writes to the webhook of a number."""
        sid = "SM" + secrets.token_hex(16)
        form = {
            "AccountSid": self.sid, "ApiVersion": "2010-04-01", "From": sender, "To": to, "Body": text,
            "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "SmsStatus": "received", "NumMedia": "0",
            "NumSegments": "1",
        }  # fmt: skip
        return await self.post(url, {"X-Twilio-Signature": self.signed(url, form)}, form)

    # --- the API ---

    def _answered(self, exchange: Exchange) -> tuple[int, Any]:
        request = exchange.request
        if self.down:
            return _error((self.down, 20500, "An internal server error has occurred"))
        pair = base64.b64encode(f"{self.sid}:{self.token}".encode()).decode()
        if request.header("authorization") != f"Basic {pair}":
            return _error((401, 20003, "Authenticate"))
        account = f"/2010-04-01/Accounts/{self.sid}"
        sid = request.path.removeprefix(f"{account}/Messages/").removesuffix(".json")
        if (request.method, request.path) == ("GET", f"{account}.json"):
            return 200, {"sid": self.sid, "status": self.status, "friendly_name": "Acme"}
        if request.method == "GET" and sid in self.messages:
            return 200, self._resource(sid)
        if (request.method, request.path) != ("POST", f"{account}/Messages.json"):
            return _error((404, 20404, f"The requested resource {request.path} was not found"))
        return self._create(dict(parse_qsl(request.body.decode(), keep_blank_values=True)))

    def _create(self, form: dict[str, str]) -> tuple[int, Any]:
        refused = self.refuses.pop(form.get("To", ""), None) or _wrong(form)
        if refused:
            return _error(refused)
        sid = "SM" + secrets.token_hex(16)
        self.messages[sid] = form
        return 201, self._resource(sid)

    def _resource(self, sid: str) -> dict[str, Any]:
        form = self.messages[sid]
        now = formatdate(usegmt=False)
        by_service = "MessagingServiceSid" in form
        return {
            "sid": sid, "account_sid": self.sid, "api_version": "2010-04-01", "direction": "outbound-api",
            "body": form["Body"], "to": form["To"], "from": form.get("From"), "num_media": "0",
            "num_segments": "0" if by_service else str(1 + (len(form["Body"]) - 1) // 160),
            "status": "accepted" if by_service else "queued", "error_code": None, "error_message": None,
            "messaging_service_sid": form.get("MessagingServiceSid"), "price": None, "price_unit": "USD",
            "date_created": now, "date_updated": now, "date_sent": None,
            "uri": f"/2010-04-01/Accounts/{self.sid}/Messages/{sid}.json", "subresource_uris": {},
        }  # fmt: skip


def _wrong(form: dict[str, str]) -> Refusal | None:
    """The first thing that Twilio would mind."""
    to, sender = form.get("To", ""), form.get("From", "")
    checks: tuple[tuple[bool, Refusal], ...] = (
        (not to, (400, 21604, "A 'To' phone number is required.")),
        (
            not sender and "MessagingServiceSid" not in form,
            (400, 21603, "A 'From' phone number is required."),
        ),
        (not form.get("Body"), (400, 21602, "Message body is required.")),
        (len(form.get("Body", "")) > 1600, (400, 21617, "The concatenated message body exceeds 1600")),
        (not NUMBER.fullmatch(to), (400, 21211, f"Invalid 'To' Phone Number: {to}")),
        (not _is_validity(form.get("ValidityPeriod", "1")), (400, 21624, "The ValidityPeriod is invalid")),
        (not _is_url(form.get("StatusCallback", "https://x")), (400, 21609, "The StatusCallback is invalid")),
    )
    first = next((refusal for wrong, refusal in checks if wrong), None)
    return first or MAGIC_TO.get(to) or MAGIC_FROM.get(sender)


def _is_validity(seconds: str) -> bool:
    return seconds.isdigit() and 1 <= int(seconds) <= 14_400


def _is_url(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _error(refusal: Refusal) -> tuple[int, dict[str, Any]]:
    status, code, message = refusal
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}
