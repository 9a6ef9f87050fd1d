"""A provider of the customer's own choice, described by settings, as Adobe models it.

Out: an address, a way to prove who we are, and a payload whose texts hold `{{toNumber}}`, `{{fromNumber}}`,
`{{message}}`, `{{clientReference}}`, `{{callbackUrl}}` and `{{coding}}` (Adobe's "Provider Payload"; the last two are
ours). Back: paths into what is posted, and a table of its statuses. Source: Adobe, "Configure a custom SMS provider",
"SMS webhooks".
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.jwk import OctKey

from retour.limits import CALLBACK_AGE, CALLBACK_AHEAD, SECOND
from retour.model import FailureCategory, FailureType, FeedbackStatus, ProviderFacts
from retour.segments import GSM, UCS2
from retour.smsproviders.custom_settings import FIELDS, PLACE, PLACES, SIGNED_PLACE, STATUSES, TYPES, wrong
from retour.smsproviders.shapes import (
    Got,
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

NAME = "Custom provider"
PROVIDER = "custom"
ADOBE_S_MAPPING = {
    "clientReference": "clientReference",
    "status": "statuses.0.status",
    "code": "statuses.0.code",
}
REFUSALS = (400, 409, 413, 422)
"""Of a request that was understood: about this message, not about the account."""

CODINGS = {GSM: "0", UCS2: "2"}
"""Numbers of the alphabets: the two bits for them in a data coding scheme (3GPP TS 23.038, 4)."""

TOKEN_SECONDS = 300
WORDS = 200  # told of an answer
SOURCE = "the channel configuration"


# --- what is sent ---


def token(settings: Settings) -> Request | None:
    """OAuth 2, client credentials (RFC 6749, 4.4)."""
    if settings["authType"] != "oauth2":
        return None
    form = {
        "grant_type": "client_credentials",
        "client_id": settings["clientId"],
        "client_secret": settings["clientSecret"],
    }
    if "scope" in settings:
        form["scope"] = settings["scope"]
    return Request(url=settings["tokenUrl"], headers=(_FORM,), body=urlencode(form).encode())


def submit(out: Text, settings: Settings, token: str) -> Request:
    """The payload with the message in it."""
    values = _values(out)
    url = PLACE.sub(lambda place: _quoted(values.get(place[1], place[0])), settings["providerUrl"])
    payload = _filled(settings["payload"], values)
    headers = tuple(settings.get("headers", {}).items()) + _proof(settings, token, out.now)
    url = _with_query(url, _key_in_query(settings))
    if settings["method"] == "GET":
        return Request(url=_with_query(url, payload), headers=headers, method="GET")
    form = settings["contentType"] == "form"
    body = urlencode(payload).encode() if form else msgspec.json.encode(payload)
    return Request(
        url=url, headers=(_FORM if form else _JSON, *headers), body=body, method=settings["method"]
    )


def probe(settings: Settings, token: str) -> Request | None:
    """There is no call that every provider has. A token that was got is proof enough of the rest."""
    return None


def probed(got: Got) -> str | None:
    """Never asked."""
    return None


def _values(out: Text) -> dict[str, str]:
    callback = _with_query(out.callback, {"m": out.mark}) if out.callback else ""
    coding = CODINGS[out.encoding]
    return dict(zip(PLACES, (out.to, out.sender, out.text, out.mark, callback, coding), strict=True))


def _filled(template: Any, values: dict[str, str]) -> Any:
    """The places in every text of a JSON value."""
    if isinstance(template, str):
        return PLACE.sub(lambda place: values.get(place[1], place[0]), template)
    if isinstance(template, dict):
        return {name: _filled(inner, values) for name, inner in template.items()}
    return [_filled(inner, values) for inner in template] if isinstance(template, list) else template


def _quoted(value: str) -> str:
    return urlencode({"": value})[1:]


def _with_query(url: str, parameters: dict[str, Any]) -> str:
    if not parameters:
        return url
    return url + ("&" if "?" in url else "?") + urlencode(parameters)


def _proof(settings: Settings, token: str, now: int) -> tuple[tuple[str, str], ...]:
    """The headers that say who we are."""
    match settings["authType"]:
        case "apiKey" if not settings.get("apiKeyName", "").startswith("?"):
            return ((settings.get("apiKeyName", "X-API-Key"), settings["apiToken"]),)
        case "basic":
            pair = f"{settings['username']}:{settings['password']}".encode()
            return (("Authorization", f"Basic {base64.b64encode(pair).decode()}"),)
        case "bearer":
            return (("Authorization", f"Bearer {settings['apiToken']}"),)
        case "oauth2":
            return (("Authorization", f"Bearer {token}"),)
        case "jwt":
            return (("Authorization", f"Bearer {_jwt(settings, now)}"),)
    return ()


def _key_in_query(settings: Settings) -> dict[str, str]:
    name = settings.get("apiKeyName", "")
    return (
        {name[1:]: settings["apiToken"]} if settings["authType"] == "apiKey" and name.startswith("?") else {}
    )


def _jwt(settings: Settings, now: int) -> str:
    second = now // SECOND
    claims = settings.get("jwtPayload", {}) | {"iat": second, "exp": second + TOKEN_SECONDS}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(settings["apiToken"]), algorithms=["HS256"])


# --- what is answered ---


def answer(got: Got, out: Text, settings: Settings) -> Outcome:
    """2xx takes it, unless its status says otherwise."""
    body = got.json()
    reference = text(body, *_path(settings.get("messageIdPath", ""))) if "messageIdPath" in settings else ""
    words = "" if got.status < 300 else plain(got.body.decode(errors="replace")[:WORDS])
    facts = ProviderFacts(name=PROVIDER, code=str(got.status), text=words or None, reference=word(reference))
    if got.status in REFUSALS or _has_text_of_a_refusal(got, settings):
        row = Row(FeedbackStatus.ERROR, FailureType.IGNORED, "Refused by the provider", SOURCE)
        return Refused(learned=learned(row, str(got.status), facts, FailureCategory.SYNC))
    if not 200 <= got.status < 300:
        return by_status(NAME, got, facts)
    status = text(body, *_path(settings["answerStatusPath"])) if "answerStatusPath" in settings else ""
    row = meaning(settings, status, "") if status else TAKEN
    if row.status in (None, FeedbackStatus.SENT, FeedbackStatus.DELIVERED):
        return Taken(facts=facts, references=(reference,) if reference else ())
    return Refused(
        learned=learned(row, status, msgspec.structs.replace(facts, code=status), FailureCategory.SYNC)
    )


def _has_text_of_a_refusal(got: Got, settings: Settings) -> bool:
    """Of a provider that has one status for a wrong password and for a number that it can't send to, as Kannel."""
    wanted = settings.get("refusalText", "")
    return bool(wanted) and 400 <= got.status < 500 and wanted in got.body.decode(errors="replace")


TAKEN = Row(FeedbackStatus.SENT, FailureType.IGNORED, "", SOURCE)


def meaning(settings: Settings, status: str, code: str) -> Row:
    """By `status/code`, then by the status, then by `*`; what the table does not have is told as nothing."""
    table = {name.lower(): value for name, value in (STATUSES | settings.get("statuses", {})).items()}
    for key in (f"{status}/{code}".lower(), status.lower(), "*"):
        if key in table:
            return _row(table[key], status)
    return Row(None, FailureType.IGNORED, "not in the statuses", SOURCE)


def _row(value: Any, status: str) -> Row:
    if value is None:
        return Row(None, FailureType.IGNORED, "of no interest", SOURCE)
    given = value if isinstance(value, dict) else {"status": value}
    kind = TYPES[str(given.get("type", "ignored")).lower()]
    return Row(FeedbackStatus(given["status"]), kind, str(given.get("reason", "")) or status, SOURCE)


# --- what comes back ---


def genuine(posted: Posted, settings: Settings, now: int) -> bool:
    """By the HMAC where one is configured; else whoever knows the address is believed."""
    if "signatureSecret" not in settings:
        return True
    stamp = posted.headers.get(settings.get("timestampHeader", "").lower(), "")
    content = settings.get("signatureContent", "{body}")
    if "{timestamp}" in content and not _fresh(stamp, now):
        return False
    parts = {"body": posted.raw, "timestamp": stamp.encode(), "url": posted.url.encode()}
    signed = b"".join(
        parts.get(piece, piece.encode()) if odd else piece.encode() for odd, piece in _pieces(content)
    )
    digest = hmac.digest(settings["signatureSecret"].encode(), signed, settings["signatureAlgorithm"])
    wanted = digest.hex() if settings["signatureEncoding"] == "hex" else base64.b64encode(digest).decode()
    shown = posted.headers.get(settings["signatureHeader"].lower(), "")
    shown = shown.removeprefix(f"{settings['signatureAlgorithm']}=").strip()
    return hmac.compare_digest(shown.encode(), wanted.encode())


def _pieces(content: str) -> list[tuple[bool, str]]:
    """Of a text with names in braces: whether it is a name, and what it is."""
    return [(bool(place % 2), piece) for place, piece in enumerate(SIGNED_PLACE.split(content))]


def _fresh(stamp: str, now: int) -> bool:
    if not re.fullmatch(r"[0-9]{9,11}", stamp):
        return False
    return -CALLBACK_AHEAD <= now - int(stamp) * SECOND <= CALLBACK_AGE


def read(posted: Posted, settings: Settings) -> list[Report | Reply]:
    """Reports, then replies, by their mappings. JSON, or a form; the query's parameters are there, too."""
    body = posted.json()
    whole = (
        body if isinstance(body, list) else posted.query | (body if isinstance(body, dict) else posted.form)
    )
    mapping = settings.get("feedbackMapping", ADOBE_S_MAPPING)
    reports = [_report(one, mapping, settings, posted) for one in _each(whole, mapping)]
    replies = [_reply(one, settings) for one in _each(whole, settings.get("inboundMapping", {}))]
    return [*(report for report in reports if report), *(reply for reply in replies if reply)]


def _each(whole: Any, mapping: dict[str, str]) -> Iterator[Any]:
    """The members of the list that the mapping names; the whole where it names none."""
    found = at(whole, *_path(mapping["list"])) if "list" in mapping else whole
    yield from found if isinstance(found, list) else [found]


def _report(one: Any, mapping: dict[str, str], settings: Settings, posted: Posted) -> Report | None:
    def told(name: str) -> str:
        return text(one, *_path(mapping[name])) if name in mapping else ""

    status, code, reference = told("status"), told("code"), told("messageId")
    if not status:
        return None
    row = meaning(settings, status, code)
    facts = ProviderFacts(
        name=PROVIDER, code=word(code or status), text=plain(told("reason") or status), reference=word(reference),
        encoding=told("encoding") or None, parts=number(told("parts")), at=instant(told("timestamp")),
    )  # fmt: skip
    said = learned(row, code or status, facts, FailureCategory.ASYNC) if row.status else None
    return Report(
        mark=f"{told('clientReference')} {posted.query.get('m', '')}", reference=reference, learned=said
    )


def _reply(one: Any, settings: Settings) -> Reply | None:
    mapping = settings.get("inboundMapping", {})
    found = {
        name: text(one, *_path(mapping[name])) if name in mapping else ""
        for name in ("message", "from", "to")
    }
    if not (found["message"] and found["from"]):
        return None
    return Reply(sender=found["from"], to=found["to"], text=found["message"])


def _path(path: str) -> tuple[str | int, ...]:
    """`messages.0.id`, `$.messages[0].id`."""
    steps = path.removeprefix("$").replace("[", ".").replace("]", "").split(".")
    return tuple(int(step) if re.fullmatch(r"-?[0-9]{1,6}", step) else step for step in steps if step)


_JSON = ("Content-Type", "application/json")
_FORM = ("Content-Type", "application/x-www-form-urlencoded")
