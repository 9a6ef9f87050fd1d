"""POST /ajo/im/executions/unitary and /highthroughput: the hot path, a bare ASGI callable in front of the router."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import structlog
from msgspec import Meta
from starlette.types import Receive, Scope, Send

from retour import checks, ids, intake, limits, profiles
from retour.app import Retour
from retour.errors import Busy, Code, Invalid, Refused
from retour.model import Scope as Right
from retour.web import problems, wire
from retour.web.decoding import PRINTABLE, decode, read_body

PATH = "/ajo/im/executions/unitary"
HIGH_THROUGHPUT_PATH = "/ajo/im/executions/highthroughput"
PATHS = (PATH, HIGH_THROUGHPUT_PATH)
REFUSED = "The recipients can't be used like this."
EXTERNAL_ONLY = "High throughput mode takes recipients of the type external only."
NO_PROFILE = "High throughput mode has no profiles. Send it as context."
JSON_TYPE = (b"content-type", b"application/json")
READ = {
    name.encode(): name
    for name in ("authorization", "x-api-key", "x-gw-ims-org-id", "x-sandbox-name", "content-length")
}
log = structlog.get_logger()

Word = Annotated[str, Meta(min_length=1, max_length=limits.USER_ID_CHARACTERS, pattern=PRINTABLE)]
Name = Annotated[str, Meta(min_length=1, max_length=limits.REQUEST_ID_CHARACTERS, pattern=PRINTABLE)]


class ChannelData(msgspec.Struct, rename="camel"):
    """Addresses that override the profile's."""

    email_address: str | None = None
    mobile_phone_number: str | None = None


class RecipientIn(msgspec.Struct, rename="camel", kw_only=True):
    """What both kinds of recipient have."""

    user_id: Word
    namespace: Name
    channel_data: ChannelData | None = None
    profile: dict[str, Any] | None = None
    context: dict[str, Any] | None = None


class Aep(RecipientIn, tag="aep", tag_field="type", kw_only=True):
    """Somebody with a profile."""

    merge_policy_name: str | None = None
    merge_policy_schema: str | None = None


class External(RecipientIn, tag="external", tag_field="type", kw_only=True):
    """Somebody without one."""


class ExecutionRequest(msgspec.Struct, rename="camel"):
    """AJO's unitary execution request (journey-optimizer-apis, messaging.yaml)."""

    request_id: Name
    campaign_id: Name
    recipients: Annotated[list[Aep | External], Meta(min_length=1, max_length=limits.RECIPIENTS)]


class Ingest:
    """Answers 202 after the commit."""

    def __init__(self, retour: Retour) -> None:
        self._retour = retour

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One execution request; what is no POST is told so."""
        path, high = scope["path"], scope["path"] == HIGH_THROUGHPUT_PATH
        request_id: str | None = None
        extra: dict[str, str] = {}
        body: Any
        if scope["method"] != "POST":
            status, body, extra = problems.wrong_method("POST")
            return await _respond(send, status, problems.encode(body), extra)
        try:
            headers = _headers(scope)
            caller = await self._retour.api_tokens.identify(headers)
            caller.need(Right.EXECUTE)
            self._retour.intake.admit(caller.sandbox, ids.now(), high_throughput=high)
            raw = await read_body(receive, headers)
            given = decode(raw, ExecutionRequest)
            request_id = given.request_id
            _check(given, raw, high=high)
            execution = await self._retour.intake.accept(caller.sandbox, _request(given, path), caller.by)
            status, body = 202, wire.accepted(execution)
        except (Refused, Busy) as error:
            status, body, extra = problems.problem(error, request_id)
        except Exception:
            reference = ids.new_id()
            log.exception("request_failed", path=path, reference=reference)
            status, body, extra = problems.internal(reference)
        return await _respond(send, status, problems.encode(body), extra)


def _headers(scope: Scope) -> dict[str, str]:
    """Those that are read here, the first of each name, as everywhere else."""
    pairs = reversed(scope["headers"])
    return {READ[name]: value.decode("latin-1") for name, value in pairs if name in READ}


def _check(given: ExecutionRequest, raw: bytes, *, high: bool) -> None:
    """What the decoder does not see. What is small enough as a whole is not measured part by part."""
    if _may_be_deep(raw):
        _check_depth(given)
    if len(raw) > min(limits.CONTEXT_BYTES, limits.PROFILE_BYTES):
        _check_sizes(given)
    if high:
        _check_external(given)


def _may_be_deep(raw: bytes) -> bool:
    """JSON with no more opening brackets than levels are allowed can't be too deep, and need not be walked."""
    return raw.count(b"{") + raw.count(b"[") > limits.JSON_DEPTH


def _check_depth(given: ExecutionRequest) -> None:
    problems_ = checks.Problems()
    for index, person in enumerate(given.recipients):
        problems_.add(f"recipients[{index}].profile", checks.depth(person.profile))
        problems_.add(f"recipients[{index}].context", checks.depth(person.context))
    problems_.refuse(REFUSED, status=400)


def _check_sizes(given: ExecutionRequest) -> None:
    """AJO's limit for the context of a request, and what is kept of a profile."""
    size = sum(len(problems.encode(person.context)) for person in given.recipients if person.context)
    if size > limits.CONTEXT_BYTES:
        title = f"The context has {size:,} bytes; at most {limits.CONTEXT_BYTES:,} are taken in one request."
        raise Invalid(Code.CONTEXT_TOO_LARGE, title)
    problems_ = checks.Problems()
    for index, person in enumerate(given.recipients):
        if isinstance(person, Aep):
            problems_.add(f"recipients[{index}].profile", profiles.too_large(person.profile or {}))
    problems_.refuse(REFUSED, status=400)


def _check_external(given: ExecutionRequest) -> None:
    """AJO's high throughput mode knows no profiles: recipients are external, and bring context only."""
    problems_ = checks.Problems()
    for index, person in enumerate(given.recipients):
        problems_.need(f"recipients[{index}].type", isinstance(person, External), EXTERNAL_ONLY)
        problems_.need(f"recipients[{index}].profile", person.profile is None, NO_PROFILE)
    problems_.refuse(REFUSED, status=400)


def _request(given: ExecutionRequest, path: str) -> intake.Request:
    return intake.Request(
        request_id=given.request_id,
        campaign_id=given.campaign_id,
        recipients=tuple(map(_recipient, given.recipients)),
        hash=intake.hash_of(path, given),
        high_throughput=path == HIGH_THROUGHPUT_PATH,
    )


def _recipient(given: Aep | External) -> intake.Recipient:
    addresses = given.channel_data or ChannelData()
    return intake.Recipient(
        kind="aep" if isinstance(given, Aep) else "external",
        user_id=given.user_id,
        namespace=given.namespace,
        email_address=addresses.email_address,
        phone_number=addresses.mobile_phone_number,
        profile=given.profile or {},
        context=given.context or {},
    )


async def _respond(send: Send, status: int, body: bytes, extra: dict[str, str]) -> None:
    headers = [JSON_TYPE, (b"content-length", b"%d" % len(body))]
    headers += [(name.encode(), value.encode()) for name, value in extra.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
