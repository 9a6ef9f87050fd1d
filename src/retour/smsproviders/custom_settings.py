"""What is configured of a custom provider, and what of it can't work together."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from retour.model import FailureType, FeedbackStatus
from retour.smsproviders.shapes import Field, Kind, Settings

PLACES = ("toNumber", "fromNumber", "message", "clientReference", "callbackUrl", "coding")
MAPPED = (
    "list",
    "clientReference",
    "messageId",
    "status",
    "code",
    "reason",
    "timestamp",
    "encoding",
    "parts",
)
INBOUND = ("list", "message", "from", "to")
SIGNED = ("body", "timestamp", "url")
STATUS_KEYS = "status, type (hard, soft, ignored) and reason"
STATUSES = {status.value: status.value for status in FeedbackStatus if status is not FeedbackStatus.COMPLAINT}
TYPES = {kind.value.lower(): kind for kind in FailureType}
PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
SIGNED_PLACE = re.compile(r"\{(\w+)\}")

AUTH, ANSWERS, SIGNATURE = "Authentication", "Answers and reports", "Signature of callbacks"
PAYLOAD = (
    '{"to": "{{toNumber}}", "from": "{{fromNumber}}", "text": "{{message}}", "callback": "{{callbackUrl}}"}'
)
CLAIMS = '{"iss": "luma", "aud": "sms.example"}'
MAPPING = '{"list": "results", "messageId": "id", "status": "status", "code": "error.code"}'
TABLE = '{"DELIVRD": "delivered", "UNDELIV": {"status": "bounce", "type": "soft", "reason": "Not delivered"}}'
INBOUND_MAPPING = '{"message": "text", "from": "msisdn", "to": "to"}'

FIELDS: tuple[Field, ...] = (
    Field(name="providerUrl", label="Provider URL", kind=Kind.URL, required=True),
    Field(
        name="method",
        label="Method",
        kind=Kind.CHOICE,
        choices=("POST", "PUT", "GET"),
        help="GET puts the payload into the query.",
    ),
    Field(name="contentType", label="Payload as", kind=Kind.CHOICE, choices=("json", "form")),
    Field(
        name="payload",
        example=PAYLOAD,
        label="Provider payload",
        kind=Kind.JSON,
        required=True,
        help="JSON. Filled in: {{toNumber}}, {{fromNumber}}, {{message}}, {{clientReference}}, {{callbackUrl}} and "
        "{{coding}}, which is 0 for GSM-7 and 2 for UCS-2.",
    ),
    Field(name="headers", label="Headers", kind=Kind.JSON, help='JSON, as in {"X-Tenant": "luma"}.'),
    Field(
        name="authType",
        group=AUTH,
        label="Authentication",
        kind=Kind.CHOICE,
        choices=("none", "apiKey", "basic", "bearer", "oauth2", "jwt"),
    ),
    Field(
        name="apiKeyName",
        group=AUTH,
        label="API key name",
        help="A header, or ?name for a parameter of the query. X-API-Key when empty.",
    ),
    Field(
        name="apiToken",
        group=AUTH,
        label="API token",
        kind=Kind.SECRET,
        help="API key, bearer token, or the secret that a JWT is signed with (HS256).",
    ),
    Field(name="username", group=AUTH, label="User name", help="For basic authentication."),
    Field(name="password", group=AUTH, label="Password", kind=Kind.SECRET),
    Field(
        name="jwtPayload",
        example=CLAIMS,
        group=AUTH,
        label="JWT payload",
        kind=Kind.JSON,
        help="The claims; iat and exp are added.",
    ),
    Field(
        name="tokenUrl",
        group=AUTH,
        label="Token URL",
        kind=Kind.URL,
        help="For OAuth 2 (client credentials).",
    ),
    Field(name="clientId", group=AUTH, label="Client ID"),
    Field(name="clientSecret", group=AUTH, label="Client secret", kind=Kind.SECRET),
    Field(name="scope", group=AUTH, label="Scope"),
    Field(
        name="messageIdPath",
        group=ANSWERS,
        label="Message id in the answer",
        help="A path, as in messages.0.id.",
    ),
    Field(
        name="answerStatusPath",
        group=ANSWERS,
        label="Status in the answer",
        help="A path, for providers that refuse with 200. Its values are looked up in the statuses.",
    ),
    Field(
        name="refusalText",
        group=ANSWERS,
        label="Text of a refusal",
        help="An answer of 4xx that has this text refuses one message, whatever its number says of the account.",
    ),
    Field(
        name="feedbackMapping",
        example=MAPPING,
        group=ANSWERS,
        label="Feedback mapping",
        kind=Kind.JSON,
        help=f"Paths by name: {', '.join(MAPPED)}.",
    ),
    Field(
        name="statuses",
        example=TABLE,
        group=ANSWERS,
        label="Statuses",
        kind=Kind.JSON,
        help="What a status means, or status/code, or * for all others: a word of feedback, null, or more of it.",
    ),
    Field(
        name="inboundMapping",
        example=INBOUND_MAPPING,
        group=ANSWERS,
        label="Inbound mapping",
        kind=Kind.JSON,
        help=f"Paths by name: {', '.join(INBOUND)}.",
    ),
    Field(
        name="signatureHeader",
        group=SIGNATURE,
        label="Signature header",
        help="Where callbacks are signed (HMAC).",
    ),
    Field(name="signatureSecret", group=SIGNATURE, label="Signature secret", kind=Kind.SECRET),
    Field(
        name="signatureAlgorithm",
        group=SIGNATURE,
        label="Signature algorithm",
        kind=Kind.CHOICE,
        choices=("sha256", "sha512", "sha1"),
    ),
    Field(
        name="signatureEncoding",
        group=SIGNATURE,
        label="Signature encoding",
        kind=Kind.CHOICE,
        choices=("hex", "base64"),
    ),
    Field(
        name="signatureContent",
        group=SIGNATURE,
        label="What is signed",
        help="{body}, {timestamp} and {url}, as in {timestamp}.{body}. {body} when empty.",
    ),
    Field(
        name="timestampHeader",
        group=SIGNATURE,
        label="Timestamp header",
        help="Seconds of Unix time, for {timestamp}.",
    ),
)

NEEDED = {
    "apiKey": ("apiToken",),
    "basic": ("username", "password"),
    "bearer": ("apiToken",),
    "jwt": ("apiToken",),
    "oauth2": ("tokenUrl", "clientId", "clientSecret"),
}


def wrong(settings: Settings) -> dict[str, str]:
    """What can't work together."""
    found = {
        name: "Enter it for this kind of authentication."
        for name in NEEDED.get(settings["authType"], ())
        if name not in settings
    }
    found |= (
        _wrong_payload(settings) | _wrong_headers(settings) | _wrong_statuses(settings.get("statuses", {}))
    )
    found |= _wrong_paths(settings, "feedbackMapping", MAPPED) | _wrong_paths(
        settings, "inboundMapping", INBOUND
    )
    found |= _wrong_signature(settings)
    if not isinstance(settings.get("jwtPayload", {}), dict):
        found["jwtPayload"] = "Use a JSON object."
    return found


def _wrong_payload(settings: Settings) -> dict[str, str]:
    payload = settings["payload"]
    if settings["contentType"] == "form" or settings["method"] == "GET":
        flat = isinstance(payload, dict) and all(
            isinstance(value, str | int | float) for value in payload.values()
        )
        if not flat:
            return {
                "payload": "A form or a query has names and simple values only: use one flat JSON object."
            }
    used = set(PLACE.findall(msgspec.json.encode(payload).decode() + settings["providerUrl"]))
    if unknown := sorted(used - set(PLACES)):
        return {"payload": f"There is no {{{{{unknown[0]}}}}}. There are: {', '.join(PLACES)}."}
    if missing := [name for name in ("toNumber", "message") if name not in used]:
        return {"payload": f"{{{{{missing[0]}}}}} is in it nowhere: put it where the provider expects it."}
    return {}


def _wrong_headers(settings: Settings) -> dict[str, str]:
    given = settings.get("headers", {})
    good = isinstance(given, dict) and all(
        isinstance(value, str) and value.isascii() for value in given.values()
    )
    return {} if good else {"headers": "Use a JSON object of names and texts."}


def _wrong_paths(settings: Settings, field: str, names: tuple[str, ...]) -> dict[str, str]:
    given = settings.get(field, {})
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        return {field: "Use a JSON object of names and paths."}
    unknown = sorted(set(given) - set(names))
    return {field: f"There is no {unknown[0]}. There are: {', '.join(names)}."} if unknown else {}


def _wrong_statuses(given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        return {"statuses": "Use a JSON object."}
    bad = next((name for name, value in given.items() if not _is_status(value)), None)
    if bad is None:
        return {}
    return {"statuses": f"{bad}: use one of {', '.join(STATUSES)}, null, or an object with {STATUS_KEYS}."}


def _is_status(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("status") in STATUSES and str(value.get("type", "ignored")).lower() in TYPES
    return value is None or value in STATUSES


def _wrong_signature(settings: Settings) -> dict[str, str]:
    if "signatureSecret" in settings and "signatureHeader" not in settings:
        return {"signatureHeader": "Enter the header that the signature is in."}
    used = set(SIGNED_PLACE.findall(settings.get("signatureContent", "{body}")))
    if not used or used - set(SIGNED):
        return {"signatureContent": "Use {body}, {timestamp} and {url}."}
    if "timestamp" in used and "timestampHeader" not in settings:
        return {"timestampHeader": "Enter the header that the timestamp is in."}
    return {}
