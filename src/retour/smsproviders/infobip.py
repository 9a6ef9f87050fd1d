"""Infobip SMS, by its API v3.

Out: one message to one destination, whose message id and callback data are our mark. Back: up to 100 reports in one
callback, and what people write back in another. Sources: Infobip, "SMS API" (send SMS message, receive outbound
delivery reports, receive inbound SMS messages) and the models of its own SDK, 6.0.0.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import Any
from urllib.parse import urlencode

import msgspec

from retour.model import FailureCategory, ProviderFacts
from retour.smsproviders.infobip_codes import (
    ERRORS,
    GROUPS,
    INVALID_RECIPIENT,
    KNOWN,
    LASTING,
    NOT_KNOWN,
    PASSING,
    REFUSED,
    REJECTED,
    STATUSES,
    TAKEN,
    UNDELIVERABLE,
)
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

__all__ = [
    "FIELDS", "NAME", "answer", "genuine", "probe", "probed", "read", "submit", "token", "wrong",
]  # fmt: skip

NAME = "Infobip"
PROVIDER = "infobip"
VALIDITY_MINUTES = 48 * 60  # Infobip's longest
REFUSALS = (400, 413, 422)
"""Of a request that was understood: about this message, not about the account."""

_SUBSCRIPTION, _INDIA = "Reports by a subscription", "India (DLT)"
FIELDS: tuple[Field, ...] = (
    Field(
        name="baseUrl",
        label="API base URL",
        kind=Kind.URL,
        required=True,
        help="Of the account, with https://.",
        example="https://xxxxx.api.infobip.com",
    ),
    Field(name="apiKey", label="API key", kind=Kind.SECRET, required=True),
    Field(
        name="callbackUser",
        label="Callback user",
        group=_SUBSCRIPTION,
        help="Where a subscription comes with basic authentication.",
    ),
    Field(name="callbackPassword", label="Callback password", kind=Kind.SECRET, group=_SUBSCRIPTION),
    Field(name="principalEntityId", label="Principal entity ID", group=_INDIA),
    Field(name="contentTemplateId", label="Content template ID", group=_INDIA),
)


def wrong(settings: Settings) -> dict[str, str]:
    """A half of what belongs together."""
    found = {}
    for name, other in (("callbackUser", "callbackPassword"), ("callbackPassword", "callbackUser")):
        if other in settings and name not in settings:
            found[name] = "Enter it: the other one is entered."
    if "contentTemplateId" in settings and "principalEntityId" not in settings:
        found["principalEntityId"] = "A content template belongs to a principal entity."
    return found


# --- what is sent ---


def token(settings: Settings) -> Request | None:
    """An API key stays."""
    return None


def submit(out: Text, settings: Settings, token: str) -> Request:
    """One message. Its id is ours, so that Infobip takes it once."""
    message: dict[str, Any] = {
        "sender": _digits(out.sender),
        "destinations": [{"to": _digits(out.to), "messageId": out.mark}],
        "content": {"text": out.text},
        "options": _options(out, settings),
        "webhooks": _webhooks(out, settings),
    }
    body = {"messages": [message], "options": {"includeSmsCountInResponse": True}}
    return Request(
        url=f"{_base(settings)}/sms/3/messages",
        headers=(_key(settings), ("Content-Type", "application/json"), ("Accept", "application/json")),
        body=msgspec.json.encode(body),
    )


def _options(out: Text, settings: Settings) -> dict[str, Any]:
    made: dict[str, Any] = {
        "validityPeriod": {"amount": min(out.minutes, VALIDITY_MINUTES), "timeUnit": "MINUTES"}
    }
    dlt = {name: settings[name] for name in ("principalEntityId", "contentTemplateId") if name in settings}
    return made | {"regional": {"indiaDlt": dlt}} if dlt else made


def _webhooks(out: Text, settings: Settings) -> dict[str, Any]:
    """Reports to an address of the message; to the subscription's where that has a password, which we can't hand in."""
    made: dict[str, Any] = {"contentType": "application/json", "callbackData": out.mark}
    if out.callback and "callbackPassword" not in settings:
        made["delivery"] = {"url": f"{out.callback}?{urlencode({'m': out.mark})}"}
    return made


def probe(settings: Settings, token: str) -> Request | None:
    """The account's balance."""
    return Request(url=f"{_base(settings)}/account/1/balance", headers=(_key(settings),), method="GET")


def probed(got: Got) -> str | None:
    """Whether Infobip knows the key."""
    if got.status == 200 and text(got.json(), "balance"):
        return None
    if got.status == 401:
        return "Infobip refuses the API key (401). Correct it."
    if got.status == 403:
        return "This API key may not read the balance (403): whether it may send, only a message can show."
    return f"The answer ({got.status}) is not one of Infobip's API. Check the base URL."


def _base(settings: Settings) -> str:
    return str(settings["baseUrl"]).rstrip("/")


def _key(settings: Settings) -> tuple[str, str]:
    return "Authorization", f"App {settings['apiKey']}"


def _digits(number: str) -> str:
    """Infobip's numbers are in international format without +; a name is as it is."""
    return number.removeprefix("+")


# --- what is answered ---


def answer(got: Got, out: Text, settings: Settings) -> Outcome:
    """A status of the message, which may be a rejection in a 200; or an error of the request."""
    body = got.json()
    message = at(body, "messages", 0)
    if 200 <= got.status < 300 and number(message, "status", "groupId") is not None:
        return _outcome(message, out)
    code = text(body, "errorCode") or text(body, "requestError", "serviceException", "messageId")
    words = text(body, "description") or text(body, "requestError", "serviceException", "text")
    facts = ProviderFacts(name=PROVIDER, code=word(code or str(got.status)), text=plain(words))
    if code and got.status in REFUSALS:
        row = INVALID_RECIPIENT if _is_of_recipient(body) else REFUSED
        return Refused(learned=learned(row, word(code) or "", facts, FailureCategory.SYNC))
    return by_status(NAME, got, facts)


def _outcome(message: Any, out: Text) -> Outcome:
    facts = _facts(message, number(message, "details", "messageCount"))
    row = meaning(message)
    if row is KNOWN or number(message, "status", "groupId") in TAKEN:
        reference = text(message, "messageId") or out.mark
        return Taken(facts=msgspec.structs.replace(facts, reference=word(reference)), references=(reference,))
    if row.status is None:
        return by_status(NAME, Got(status=200, headers={}, body=b""), facts)
    return Refused(learned=learned(row, _code(message), facts, FailureCategory.SYNC))


def _is_of_recipient(body: Any) -> bool:
    """Whether all that is wrong is where the message goes."""
    violations = at(body, "violations")
    properties = [text(one, "property") for one in violations] if isinstance(violations, list) else []
    return bool(properties) and all(re.search(r"destinations?\b.*\bto$", one) for one in properties)


# --- what comes back ---


def genuine(posted: Posted, settings: Settings, now: int) -> bool:
    """By basic authentication where a subscription has it; Infobip signs nothing, so else whoever knows the address."""
    if "callbackPassword" not in settings:
        return True
    pair = f"{settings['callbackUser']}:{settings['callbackPassword']}".encode()
    wanted = b"Basic " + base64.b64encode(pair)
    return hmac.compare_digest(posted.headers.get("authorization", "").encode(), wanted)


def read(posted: Posted, settings: Settings) -> list[Report | Reply]:
    """Reports and replies have the same envelope."""
    results = at(posted.json(), "results")
    found = [_one(result, posted) for result in results] if isinstance(results, list) else []
    return [one for one in found if one is not None]


def _one(result: Any, posted: Posted) -> Report | Reply | None:
    if number(result, "status", "groupId") is not None:
        return _report(result, posted)
    sender, words = text(result, "from"), text(result, "text")
    return Reply(sender=sender, to=text(result, "to"), text=words) if sender and words else None


def _report(result: Any, posted: Posted) -> Report:
    row = meaning(result)
    parts = number(result, "messageCount")
    facts = _facts(result, number(result, "smsCount") if parts is None else parts)
    said = learned(row, _code(result), facts, FailureCategory.ASYNC) if row.status else None
    reference = text(result, "messageId")
    mark = f"{text(result, 'callbackData')} {reference}".strip() or posted.query.get("m", "")
    return Report(mark=mark, reference=reference, learned=said)


def meaning(result: Any) -> Row:
    """By the error where it is known, else by the status, else by its group."""
    group, status = number(result, "status", "groupId"), number(result, "status", "id")
    error = number(result, "error", "id") or 0
    if group in (UNDELIVERABLE, REJECTED) and error in ERRORS:
        return ERRORS[error]
    if status in STATUSES:
        return STATUSES[status]
    if error and group == UNDELIVERABLE:
        return LASTING if at(result, "error", "permanent") is True else PASSING
    return GROUPS.get(-1 if group is None else group, NOT_KNOWN)


def _code(result: Any) -> str:
    """The provider's own: of what was tried and failed the error, else the status."""
    error, group = number(result, "error", "id"), number(result, "status", "groupId")
    status = number(result, "status", "id")
    return str(error if error and group == UNDELIVERABLE else status or group)


def _facts(result: Any, parts: int | None) -> ProviderFacts:
    names = (text(result, "status", "name"), text(result, "error", "name"))
    said = " ".join(name for name in names if name and name != "NO_ERROR")
    return ProviderFacts(
        name=PROVIDER,
        code=_code(result),
        text=plain(said),
        reference=word(text(result, "messageId")),
        parts=parts,
        at=instant(text(result, "doneAt")),
    )
