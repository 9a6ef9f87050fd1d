"""Vonage, SMS API.

Out: `POST …/sms/json`, a form; refusals come with 200, and a long text has several messages in its answer. Back: a
delivery receipt for each of them, as a form, as JSON or in the query of a GET, in the shape of the SMS API or, where
the account is set to it, of the Messages API. Sources: SMS API (`sms.yml` 1.0.6), "Delivery receipts", "Inbound SMS",
"Signing messages", "Signed webhooks" (developer.vonage.com); vonage 4.9.1.

`callback` may have 100 characters at most, which our addresses seldom keep to: where they don't, the address is entered
in Vonage's dashboard. The mark goes in `client-ref`, which comes back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from retour.limits import CALLBACK_AGE, CALLBACK_AHEAD, SECOND
from retour.model import FailureCategory, ProviderFacts
from retour.segments import GSM
from retour.smsproviders.shapes import (
    Busy,
    Field,
    Got,
    Kind,
    Outcome,
    Posted,
    Refused,
    Reply,
    Report,
    Request,
    Settings,
    Taken,
    Text,
    Trouble,
    at,
    by_status,
    instant,
    learned,
    minute,
    number,
    plain,
    text,
    word,
)
from retour.smsproviders.vonage_codes import BUSY, EXPIRED, REFUSED, SUBMITS, TROUBLES, meaning

__all__ = [
    "FIELDS", "NAME", "answer", "genuine", "probe", "probed", "read", "submit", "token", "wrong",
]  # fmt: skip

NAME = "Vonage"
PROVIDER = "vonage"
BASE_URL = "https://rest.nexmo.com"
CALLBACK_CHARACTERS = 100  # sms.yml

FIELDS: tuple[Field, ...] = (
    Field(name="apiKey", label="API key", required=True),
    Field(name="apiSecret", label="API secret", kind=Kind.SECRET, required=True),
    Field(
        name="signatureSecret",
        label="Signature secret",
        kind=Kind.SECRET,
        help="Where the account signs webhooks. Empty: whoever knows the callback address is believed.",
    ),
    Field(
        name="signatureMethod",
        label="Signature method",
        kind=Kind.CHOICE,
        choices=("sha256", "sha512", "sha1", "md5", "md5hash"),
        help="As the dashboard has it: an HMAC, or md5hash for MD5 hash.",
    ),
    Field(name="baseUrl", label="Base URL", kind=Kind.URL, help=f"{BASE_URL} when empty."),
)

_FORM = ("Content-Type", "application/x-www-form-urlencoded")


def wrong(settings: Settings) -> dict[str, str]:
    """Nothing besides the fields themselves."""
    return {}


# --- what is sent ---


def token(settings: Settings) -> Request | None:
    """Each request brings key and secret."""
    return None


def submit(out: Text, settings: Settings, token: str) -> Request:
    """One text. Numbers go without +."""
    form = {
        "from": out.sender.removeprefix("+"),
        "to": out.to.removeprefix("+"),
        "text": out.text,
        "type": "text" if out.encoding == GSM else "unicode",
        "ttl": str(out.minutes * 60_000),
        "client-ref": out.mark,
    }
    if 0 < len(out.callback) <= CALLBACK_CHARACTERS:
        form["callback"] = out.callback
    return Request(
        url=_base(settings) + "/sms/json", headers=(_FORM, _basic(settings)), body=urlencode(form).encode()
    )


def probe(settings: Settings, token: str) -> Request | None:
    """What credit there is."""
    return Request(url=_base(settings) + "/account/get-balance", headers=(_basic(settings),), method="GET")


def probed(got: Got) -> str | None:
    """Whether it told."""
    if got.status == 200 and at(got.json(), "value") is not None:
        return None
    if got.status in (401, 403):
        return TROUBLES["4"]
    return f"Vonage answered {got.status} when asked for the balance. Check the base URL."


def _base(settings: Settings) -> str:
    return str(settings.get("baseUrl", BASE_URL)).rstrip("/")


def _basic(settings: Settings) -> tuple[str, str]:
    pair = f"{settings['apiKey']}:{settings['apiSecret']}".encode()
    return ("Authorization", f"Basic {base64.b64encode(pair).decode()}")


# --- what is answered ---


def answer(got: Got, out: Text, settings: Settings) -> Outcome:
    """A message for each part. If any was taken, the text is on its way, and may not be sent again."""
    body = got.json()
    parts = at(body, "messages")
    messages = [part for part in parts if text(part, "status")] if isinstance(parts, list) else []
    if got.status >= 500 or not messages:
        return by_status(NAME, got, ProviderFacts(name=PROVIDER, code=str(got.status)))
    taken = tuple(text(one, "message-id") for one in messages if text(one, "status") == "0")
    refused: dict[str, Any] = next((one for one in messages if text(one, "status") != "0"), {})
    code = text(refused, "status")
    facts = ProviderFacts(
        name=PROVIDER,
        code=word(code) or "0",
        text=plain(text(refused, "error-text")),
        reference=word(taken[0]) if taken else None,
        parts=number(body, "message-count"),
    )
    if taken:
        return Taken(facts=facts, references=tuple(one for one in taken if one))
    return _refused(code, facts)


def _refused(code: str, facts: ProviderFacts) -> Outcome:
    if code in BUSY:
        return Busy(facts=facts)
    if code in TROUBLES:
        return Trouble(sentence=TROUBLES[code], facts=facts)
    return Refused(learned=learned(SUBMITS.get(code, REFUSED), code, facts, FailureCategory.SYNC))


# --- what comes back ---


def genuine(posted: Posted, settings: Settings, now: int) -> bool:
    """By a JWT over the body, or by a signature over the parameters; each with a time that has to be near."""
    if "signatureSecret" not in settings:
        return True
    scheme, _, shown = posted.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _is_in_token(shown, posted.raw, settings["signatureSecret"], now)
    fields = {name: str(value) for name, value in _fields(posted).items()}
    given = fields.pop("sig", "").lower()
    wanted = _signature(fields, settings["signatureSecret"], settings["signatureMethod"])
    is_signed = hmac.compare_digest(given.encode(errors="replace"), wanted.encode())
    return is_signed and _is_fresh(fields.get("timestamp", ""), now)


def _is_in_token(token: str, raw: bytes, secret: str, now: int) -> bool:
    """HS256. It says nothing of a query, so that a GET can't be proved by it."""
    try:
        claims = jwt.decode(token, OctKey.import_key(secret), algorithms=["HS256"]).claims
    except (JoseError, ValueError, TypeError):
        return False
    hashed = text(claims, "payload_hash").encode(errors="replace")
    is_whole = hmac.compare_digest(hashed, hashlib.sha256(raw).hexdigest().encode())
    return bool(raw) and is_whole and _is_fresh(text(claims, "iat"), now)


def _signature(fields: dict[str, str], secret: str, method: str) -> str:
    """Over `&name=value` for each parameter in order of names, with `&` and `=` in values as `_`."""
    pairs = (f"&{name}={_plain(value)}" for name, value in sorted(fields.items()))
    signed = "".join(pairs).encode(errors="replace")
    if method == "md5hash":
        return hashlib.md5(signed + secret.encode(), usedforsecurity=False).hexdigest()
    return hmac.digest(secret.encode(), signed, method).hex()


def _plain(value: str) -> str:
    return value.replace("&", "_").replace("=", "_")


def _is_fresh(stamp: str, now: int) -> bool:
    """Seconds of Unix time."""
    if not re.fullmatch("[0-9]{9,11}", stamp):
        return False
    return -CALLBACK_AHEAD <= now - int(stamp) * SECOND <= CALLBACK_AGE


def _fields(posted: Posted) -> dict[str, Any]:
    """Of the body; of the query where there is none. Never of both: what is signed is one of them."""
    if not posted.raw:
        return posted.query
    body = posted.json()
    return body if isinstance(body, dict) else posted.form


def read(posted: Posted, settings: Settings) -> list[Report | Reply]:
    """One receipt, or one message of a person."""
    fields = _fields(posted)
    if text(fields, "status"):
        return [_report(fields, text(fields, "status").lower())]
    sender, said = text(fields, "msisdn") or text(fields, "from"), text(fields, "text")
    return [Reply(sender=sender, to=text(fields, "to"), text=said)] if sender and said else []


def _report(fields: dict[str, Any], status: str) -> Report:
    code = _code(fields)
    reference = text(fields, "messageId") or text(fields, "message_uuid")
    facts = ProviderFacts(
        name=PROVIDER,
        code=word(code or status),
        text=plain(f"{status} {text(fields, 'error', 'detail')}"),
        reference=word(reference),
        parts=number(fields, "sms", "count_total"),
        at=_instant(fields),
    )
    row = meaning(status, code)
    told = status if status == EXPIRED else code or status
    said = learned(row, told, facts, FailureCategory.ASYNC) if row.status else None
    mark = text(fields, "client-ref") or text(fields, "client_ref")
    return Report(mark=mark, reference=reference, learned=said)


def _code(fields: dict[str, Any]) -> str:
    """`err-code`, in which 0 is none; of the Messages API the end of the error's address."""
    code = text(fields, "err-code") or text(fields, "error", "type").rpartition("#")[2]
    return "" if code == "0" else code


def _instant(fields: dict[str, Any]) -> int | None:
    """The carrier's time, to the minute; else Vonage's own."""
    own = text(fields, "message-timestamp") or text(fields, "timestamp")
    return minute(text(fields, "scts")) or instant(own)
