"""Twilio, Programmable Messaging.

Out: `POST …/Accounts/{sid}/Messages.json`, a form. Back: a form for each status of a message, posted to the callback
address that was given with it, and one for each message that people send. Sources: "Messages resource", "Track outbound
message status", "Webhooks security", "Sign webhooks with shared keys" (twilio.com/docs); twilio-python 9.13.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from retour.limits import SECOND
from retour.model import FailureCategory, FeedbackStatus, ProviderFacts
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
    by_status,
    learned,
    minute,
    number,
    plain,
    retry_after,
    text,
    word,
)
from retour.smsproviders.twilio_codes import BUSY, TROUBLES, meaning, row_of

__all__ = [
    "FIELDS", "NAME", "answer", "genuine", "probe", "probed", "read", "submit", "token", "wrong",
]  # fmt: skip

NAME = "Twilio"
PROVIDER = "twilio"
BASE_URL = "https://api.twilio.com"
VALIDITY_SECONDS = 14_400  # as long as every account may ask for (21624); longer is Twilio's own default
RECEIVED = ("receiving", "received")
FORM_FIELDS = 100  # Twilio posts some twenty

FIELDS: tuple[Field, ...] = (
    Field(name="accountSid", label="Account SID", required=True, help="AC and 32 letters and digits."),
    Field(
        name="authToken",
        label="Auth Token",
        kind=Kind.SECRET,
        required=True,
        help="Signs us in, and proves callbacks.",
    ),
    Field(
        name="messagingServiceSid",
        label="Message SID",
        help="A messaging service (MG …), which then chooses the sender. Empty: the sender number.",
    ),
    Field(
        name="sharedKeySecret",
        label="Shared key secret",
        kind=Kind.SECRET,
        help="Where a webhook rule of the account signs callbacks with a shared key.",
    ),
    Field(
        name="baseUrl",
        label="Base URL",
        kind=Kind.URL,
        help=f"{BASE_URL} when empty; another one for another region or edge.",
    ),
)

_SID = {"accountSid": "AC", "messagingServiceSid": "MG"}
_PORT = re.compile(r"^(https?://[^/?#]*?)(:[0-9]+)?(?=[/?#]|$)")
_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_FORM = ("Content-Type", "application/x-www-form-urlencoded")


def wrong(settings: Settings) -> dict[str, str]:
    """Ids that are none."""
    return {
        name: f"Enter the id that begins with {prefix}, and 32 letters and digits follow."
        for name, prefix in _SID.items()
        if name in settings and not re.fullmatch(f"{prefix}[0-9a-fA-F]{{32}}", settings[name])
    }


# --- what is sent ---


def token(settings: Settings) -> Request | None:
    """Each request brings the account's own token."""
    return None


def submit(out: Text, settings: Settings, token: str) -> Request:
    """One message. The mark comes back in the query of the callback."""
    form = {"To": out.to, "Body": out.text}
    if "messagingServiceSid" in settings:
        form["MessagingServiceSid"] = settings["messagingServiceSid"]
    else:
        form["From"] = out.sender
    if out.minutes * 60 < VALIDITY_SECONDS:
        form["ValidityPeriod"] = str(out.minutes * 60)
    if out.callback:
        form["StatusCallback"] = f"{out.callback}?m={out.mark}"
    return Request(
        url=_account(settings, "/Messages.json"),
        headers=(_FORM, _basic(settings)),
        body=urlencode(form).encode(),
    )


def probe(settings: Settings, token: str) -> Request | None:
    """The account itself."""
    return Request(url=_account(settings, ".json"), headers=(_basic(settings),), method="GET")


def probed(got: Got) -> str | None:
    """Whether it is open."""
    status = text(got.json(), "status")
    if got.status == 200 and status == "active":
        return None
    if got.status == 200 and status:
        return f"Twilio says that the account is {status}."
    if got.status in (401, 403):
        return TROUBLES["20003"]
    if got.status == 404:
        return TROUBLES["20404"]
    return f"Twilio answered {got.status} when asked for the account. Check the base URL."


def _account(settings: Settings, path: str) -> str:
    base = settings.get("baseUrl", BASE_URL).rstrip("/")
    return f"{base}/2010-04-01/Accounts/{settings['accountSid']}{path}"


def _basic(settings: Settings) -> tuple[str, str]:
    pair = f"{settings['accountSid']}:{settings['authToken']}".encode()
    return ("Authorization", f"Basic {base64.b64encode(pair).decode()}")


# --- what is answered ---


def answer(got: Got, out: Text, settings: Settings) -> Outcome:
    """A message that was made, or a code that says why not."""
    body = got.json()
    if 200 <= got.status < 300 and text(body, "sid"):
        return _made(body)
    code = text(body, "code")
    facts = ProviderFacts(
        name=PROVIDER, code=word(code) or str(got.status), text=plain(text(body, "message"))
    )
    if code in BUSY:
        return Busy(facts=facts, seconds=retry_after(got))
    if code in TROUBLES:
        return Trouble(sentence=TROUBLES[code], facts=facts)
    if (
        not re.fullmatch("[0-9]{5}", code)
        or got.status == 429
        or got.status >= 500
        or _is_of_account(got, code)
    ):
        return by_status(NAME, got, facts)
    return Refused(learned=learned(row_of(code), code, facts, FailureCategory.SYNC))


def _is_of_account(got: Got, code: str) -> bool:
    """20xxx are the API's own, of any request; 21xxx and above speak of messages."""
    return got.status in (401, 403, 404) and code.startswith("20")


def _made(body: Any) -> Outcome:
    """A message resource, which has failed already in rare cases."""
    status, code = text(body, "status"), text(body, "error_code")
    facts = ProviderFacts(
        name=PROVIDER,
        code=word(code or status),
        text=plain(text(body, "error_message")),
        reference=word(text(body, "sid")),
        parts=number(body, "num_segments") or None,  # 0 while a messaging service chooses the sender
        at=_instant(text(body, "date_created")),
    )
    row = meaning(status, code)
    if row.status in (None, FeedbackStatus.SENT, FeedbackStatus.DELIVERED):
        return Taken(facts=facts, references=(text(body, "sid"),))
    return Refused(learned=learned(row, code or status, facts, FailureCategory.SYNC))


def _instant(value: str) -> int | None:
    """RFC 2822, as in `Tue, 24 Nov 2026 12:00:00 +0000`."""
    try:
        return int(parsedate_to_datetime(value).timestamp()) * SECOND
    except (ValueError, OverflowError):
        return None


# --- what comes back ---


def genuine(posted: Posted, settings: Settings, now: int) -> bool:
    """By the signature over address and fields, which holds no time: a repeat tells what is known.

    With a header of its own where a shared key made it; without, by the Auth Token.
    """
    how = posted.headers.get("x-twilio-webhooks-signature-settings", "")
    secret = settings.get("sharedKeySecret", "") if how else settings["authToken"]
    algorithm = _ALGORITHMS.get(_algorithm(how).upper())
    if not secret or algorithm is None or not _has_its_body(posted):
        return False
    given = posted.headers.get("x-twilio-signature", "").encode(errors="replace")
    fields = "" if _is_hashed(posted) else _joined(_pairs(posted))
    wanted = [_signature(secret, url + fields, algorithm) for url in _spellings(posted.url)]
    return any(hmac.compare_digest(given, one) for one in wanted)


def _algorithm(how: str) -> str:
    """Of a header as in `key=webhooks_sharedkey_01,algorithm=HMAC_SHA256`."""
    named = dict(part.strip().partition("=")[::2] for part in how.split(","))
    return named.get("algorithm", "").strip() or "HMAC_SHA1"


def _is_hashed(posted: Posted) -> bool:
    """Whether the body is JSON, whose hash is a part of the address."""
    return "bodySHA256" in posted.query


def _has_its_body(posted: Posted) -> bool:
    given = posted.query.get("bodySHA256", "").encode(errors="replace")
    made = hashlib.sha256(posted.raw).hexdigest().encode()
    return not _is_hashed(posted) or hmac.compare_digest(given, made)


def _pairs(posted: Posted) -> list[tuple[str, str]]:
    """The fields of the form, as often as they come."""
    try:
        return parse_qsl(posted.raw.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS)
    except ValueError:
        return []


def _joined(pairs: list[tuple[str, str]]) -> str:
    return "".join(name + value for name, value in sorted(set(pairs)))


def _spellings(url: str) -> tuple[str, str]:
    """Without and with its port: Twilio signs now one, now the other."""
    port = "443" if url.startswith("https") else "80"
    bare = _PORT.sub(r"\1", url)
    return bare, _PORT.sub(lambda found: found[1] + (found[2] or f":{port}"), url)


def _signature(secret: str, signed: str, algorithm: str) -> bytes:
    digest = hmac.digest(secret.encode(), signed.encode(errors="replace"), algorithm)
    return base64.b64encode(digest)


def read(posted: Posted, settings: Settings) -> list[Report | Reply]:
    """One status, or one message of a person. A webhook for these may be set to GET: then all is in the query."""
    body = posted.json() if _is_hashed(posted) else dict(_pairs(posted))
    fields = posted.query | (body if isinstance(body, dict) else {})
    status = text(fields, "MessageStatus") or text(fields, "SmsStatus")
    if status in RECEIVED:
        return _reply(fields)
    return [_report(posted, fields, status)] if status else []


def _reply(fields: dict[str, Any]) -> list[Report | Reply]:
    """Where the account has opt-out words of its own, Twilio tells which of its three kinds the words were."""
    sender, said = text(fields, "From"), text(fields, "Body")
    if not (sender and said):
        return []
    return [Reply(sender=sender, to=text(fields, "To"), text=text(fields, "OptOutType") or said)]


def _report(posted: Posted, fields: dict[str, Any], status: str) -> Report:
    code = text(fields, "ErrorCode")
    reference = text(fields, "MessageSid") or text(fields, "SmsSid")
    facts = ProviderFacts(
        name=PROVIDER,
        code=word(code or status),
        text=plain(f"{status} {text(fields, 'ChannelStatusMessage')}"),
        reference=word(reference),
        at=minute(text(fields, "RawDlrDoneDate")),
    )
    row = meaning(status, code)
    said = learned(row, code or status, facts, FailureCategory.ASYNC) if row.status else None
    return Report(mark=posted.query.get("m", ""), reference=reference, learned=said)
