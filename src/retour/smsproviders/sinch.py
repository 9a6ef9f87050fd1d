"""Sinch SMS, by its REST API (XMS).

Out: one batch for each message, with our mark as its client reference and in the callback URL. Back: a report for each
recipient, or one for the batch, and what people write back. Sources: Sinch, "SMS API" (batches, delivery reports,
webhooks) and the models of its own SDK, 2.3.0.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from retour.ids import iso
from retour.limits import CALLBACK_AGE, CALLBACK_AHEAD, MINUTE, SECOND
from retour.model import FailureCategory, ProviderFacts
from retour.smsproviders.shapes import (
    Field,
    Got,
    Kind,
    Outcome,
    Posted,
    Refused,
    Reply,
    Report,
    Request,
    Row,
    Settings,
    Taken,
    Text,
    at,
    by_status,
    instant,
    learned,
    number,
    plain,
    text,
    word,
)
from retour.smsproviders.sinch_codes import (
    CODED,
    CODES,
    INVALID_RECIPIENT,
    NOT_KNOWN,
    REFUSALS,
    REFUSED,
    STATUSES,
)

__all__ = [
    "FIELDS", "NAME", "answer", "genuine", "probe", "probed", "read", "submit", "token", "wrong",
]  # fmt: skip

NAME = "Sinch"
PROVIDER = "sinch"
REGIONS = ("us", "eu", "au", "br", "ca")
TOKEN_URL = "https://auth.sinch.com/oauth2/token"  # noqa: S105 - an address
EXPIRY_MINUTES = 3 * 24 * 60  # Sinch's longest, and what it takes when none is given
PARTS = 30  # those of Sinch's longest body, 2,000 characters; it reports parts only where a limit is set
SIGNATURE = "x-sinch-webhook-signature"

_PROJECT, _CALLBACKS, _ADDRESSES = "A project, instead of a service plan", "Callbacks", "Other addresses"
FIELDS: tuple[Field, ...] = (
    Field(name="region", label="Region", kind=Kind.CHOICE, choices=REGIONS, help="Of the service plan."),
    Field(name="servicePlanId", label="Service plan ID", help="Adobe calls it Service ID."),
    Field(name="apiToken", label="API token", kind=Kind.SECRET, help="Of the service plan."),
    Field(name="projectId", label="Project ID", group=_PROJECT),
    Field(name="keyId", label="Key ID", group=_PROJECT, help="Of an access key."),
    Field(name="keySecret", label="Key secret", kind=Kind.SECRET, group=_PROJECT),
    Field(
        name="callbackSecret",
        label="Callback secret",
        kind=Kind.SECRET,
        group=_CALLBACKS,
        help="Where Sinch signs the callbacks of the account.",
    ),
    Field(name="baseUrl", label="Base URL", kind=Kind.URL, group=_ADDRESSES, help="Instead of the region's."),
    Field(
        name="tokenUrl",
        label="Token URL",
        kind=Kind.URL,
        group=_ADDRESSES,
        help="Where a project gets its access tokens.",
        example=TOKEN_URL,
    ),
)
PLAN = ("servicePlanId", "apiToken")
PROJECT = ("projectId", "keyId", "keySecret")


def wrong(settings: Settings) -> dict[str, str]:
    """A service plan with its token, or a project with its access key; not a half of each."""
    begun = [ways for ways in (PLAN, PROJECT) if any(name in settings for name in ways)]
    if len(begun) == 2:
        return {"projectId": "Enter a service plan or a project, not both."}
    needed = begun[0] if begun else PLAN
    return {name: "Enter it: it belongs to the others." for name in needed if name not in settings}


# --- what is sent ---


def token(settings: Settings) -> Request | None:
    """For a project; a service plan has a token that stays."""
    if "projectId" not in settings:
        return None
    pair = base64.b64encode(f"{settings['keyId']}:{settings['keySecret']}".encode()).decode()
    headers = (
        ("Authorization", f"Basic {pair}"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    )
    return Request(
        url=settings.get("tokenUrl", TOKEN_URL), headers=headers, body=b"grant_type=client_credentials"
    )


def submit(out: Text, settings: Settings, token: str) -> Request:
    """A batch with one recipient."""
    batch: dict[str, Any] = {
        "type": "mt_text",
        "from": out.sender,
        "to": [out.to],
        "body": out.text,
        "client_reference": out.mark,
        "max_number_of_message_parts": PARTS,
    }
    if out.minutes < EXPIRY_MINUTES:
        batch["expire_at"] = iso(out.now + out.minutes * MINUTE)
    if out.callback:
        query = urlencode({"m": out.mark})
        batch |= {"delivery_report": "per_recipient_final", "callback_url": f"{out.callback}?{query}"}
    return Request(
        url=f"{_place(settings)}/batches",
        headers=(_bearer(settings, token), ("Content-Type", "application/json")),
        body=msgspec.json.encode(batch),
    )


def probe(settings: Settings, token: str) -> Request | None:
    """The newest batch, which nobody looks at."""
    return Request(
        url=f"{_place(settings)}/batches?page_size=1", headers=(_bearer(settings, token),), method="GET"
    )


def probed(got: Got) -> str | None:
    """Whether Sinch knows us, and the service plan or project in that region."""
    if got.status == 200 and isinstance(at(got.json(), "batches"), list):
        return None
    if got.status == 404:
        return "Sinch knows no such service plan or project in this region. Correct one of them."
    if got.status in (401, 403):
        return f"Sinch refuses our credentials ({got.status}). Correct them."
    return f"The answer ({got.status}) is not one of Sinch's API. Check the base URL, or try again."


def _place(settings: Settings) -> str:
    """Projects live on hosts of their own."""
    project = "projectId" in settings
    host = f"{'zt.' if project else ''}{settings['region']}.sms.api.sinch.com"
    base = settings.get("baseUrl", f"https://{host}").rstrip("/")
    return f"{base}/xms/v1/{quote(settings['projectId' if project else 'servicePlanId'], safe='')}"


def _bearer(settings: Settings, token: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {token if 'projectId' in settings else settings['apiToken']}"


# --- what is answered ---


def answer(got: Got, out: Text, settings: Settings) -> Outcome:
    """201 with the batch, or a code and a text."""
    body = got.json()
    reference, code, words = text(body, "id"), text(body, "code"), text(body, "text")
    facts = ProviderFacts(
        name=PROVIDER, code=word(code or str(got.status)), text=plain(words), reference=word(reference)
    )
    if got.status in (200, 201) and reference:
        return Taken(facts=facts, references=(reference,))
    if code and (got.status == 400 or code in REFUSALS):
        return Refused(learned=learned(_refusal(code, words, out), code, facts, FailureCategory.SYNC))
    return by_status(NAME, got, facts)


def _refusal(code: str, words: str, out: Text) -> Row:
    """Which parameter it is stands in the text alone: it is the recipient where his number is quoted."""
    if code == "syntax_invalid_parameter_format" and out.to.lstrip("+") in words:
        return INVALID_RECIPIENT
    return REFUSALS.get(code, REFUSED)


# --- what comes back ---


def genuine(posted: Posted, settings: Settings, now: int) -> bool:
    """By the signature over body, nonce and time; without a secret, whoever knows the address is believed."""
    if "callbackSecret" not in settings:
        return True
    nonce, stamp = (posted.headers.get(f"{SIGNATURE}-{part}", "") for part in ("nonce", "timestamp"))
    if not nonce or not _fresh(stamp, now):
        return False
    signed = b".".join((posted.raw, nonce.encode(), stamp.encode()))
    wanted = base64.b64encode(hmac.digest(settings["callbackSecret"].encode(), signed, "sha256"))
    return hmac.compare_digest(posted.headers.get(SIGNATURE, "").encode(), wanted)


def _fresh(stamp: str, now: int) -> bool:
    """Seconds of Unix time. Sinch tries again for 22 hours and 45 minutes."""
    if not re.fullmatch(r"[0-9]{9,11}", stamp):
        return False
    return -CALLBACK_AHEAD <= now - int(stamp) * SECOND <= CALLBACK_AGE


def read(posted: Posted, settings: Settings) -> list[Report | Reply]:
    """One thing in each callback; the report of a batch has a line for each code."""
    body = posted.json()
    match text(body, "type"):
        case "recipient_delivery_report_sms":
            return [_report(body, body, posted)]
        case "delivery_report_sms":
            lines = at(body, "statuses")
            return [_report(body, line, posted) for line in lines] if isinstance(lines, list) else []
        case "mo_text":
            return [Reply(sender=text(body, "from"), to=text(body, "to"), text=text(body, "body"))]
    return []


def _report(body: Any, line: Any, posted: Posted) -> Report:
    """line: where status and code stand."""
    status, code, reference = text(line, "status"), text(line, "code"), text(body, "batch_id")
    row = meaning(status, code)
    facts = ProviderFacts(
        name=PROVIDER,
        code=word(code),
        text=plain(text(line, "status_message") or status),
        reference=word(reference),
        encoding=word(text(body, "encoding")),
        parts=number(body, "number_of_message_parts"),
        at=instant(text(body, "at")),
    )
    said = learned(row, word(code or status) or "", facts, FailureCategory.ASYNC) if row.status else None
    mark = f"{text(body, 'client_reference')} {posted.query.get('m', '')}"
    return Report(mark=mark, reference=reference, learned=said)


def meaning(status: str, code: str) -> Row:
    """By the status; of what failed, by its code where that is known."""
    row = STATUSES.get(status.lower(), NOT_KNOWN)
    if status.lower() in CODED and re.fullmatch(r"[0-9]{1,4}", code):
        return CODES.get(int(code), row)
    return row
