"""The other side of a feedback webhook: verify what comes in, and an HTTPS endpoint to take it.

For our own listeners (`retour listen`, `retour demo`). It shares no code with the side that signs, so that a
mistake there is seen here. Signatures: Standard Webhooks 1.0.0, scheme v1 (https://www.standardwebhooks.com);
tokens: RFC 7519.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hmac
import socket
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import uvicorn
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey
from starlette.types import Receive, Scope, Send

from retour import limits
from retour.model import Value

TOLERANCE = 5 * limits.MINUTE  # Standard Webhooks: what its libraries allow
BODY_BYTES = 1024 * 1024  # an event has some 2 kB
CLOSE_SECONDS = 2
SECRET_PREFIX = "whsec_"  # noqa: S105 - the form's mark, no secret
KEYS: Mapping[str, type[OctKey] | type[ECKey]] = {"HS256": OctKey, "ES256": ECKey}


class Step(StrEnum):
    """What is checked, in this order."""

    HEADERS = "headers"
    TIMESTAMP = "timestamp"
    SIGNATURE = "signature"
    TOKEN = "token"  # noqa: S105 - a word
    BODY = "body"


class TokenRule(Value, frozen=True):
    """The JWT that must come along. key: the secret of HS256, or the public key (PEM) of ES256."""

    algorithm: str
    key: str
    claims: dict[str, Any]
    header: str = "authorization"
    prefix: str = "Bearer "


class Expected(Value, frozen=True):
    """What a genuine request carries; what is None or empty is not asked for."""

    signing_secret: str | None = None
    token: TokenRule | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Feedback(Value, frozen=True):
    """What the body of an event tells a reader, as far as it is there. Unverified until the check says so."""

    status: str = ""
    channel: str = ""
    recipient: str = ""
    request_id: str = ""
    failure_code: str | None = None
    failure_reason: str | None = None


class Checked(Value, frozen=True):
    """The result: the step that failed and a sentence about it; both empty if the request is genuine."""

    webhook_id: str
    feedback: Feedback
    failed: Step | None = None
    sentence: str = ""

    @property
    def verified(self) -> bool:
        """Whether every step was passed."""
        return self.failed is None


Failed = tuple[Step, str]


def check(expected: Expected, headers: Mapping[str, str], body: bytes, now: int) -> Checked:
    """Verify one request. `headers`: names in lower case. `now`: microseconds."""
    feedback = read_feedback(body)
    failed = (
        _check_headers(expected, headers)
        or _check_timestamp(expected, headers, now)
        or _check_signature(expected, headers, body)
        or _check_token(expected, headers, now)
        or _check_body(feedback)
    )
    step, sentence = failed or (None, "")
    return Checked(
        webhook_id=headers.get("webhook-id", ""),
        feedback=feedback or Feedback(),
        failed=step,
        sentence=sentence,
    )


class Tally:
    """Counts how often a genuine event came, by its webhook-id, which is the same at every try."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def before(self, checked: Checked) -> int:
        """How often this event came before. One that does not verify proves nothing: 0."""
        if not checked.verified or not checked.webhook_id:
            return 0
        self._seen[checked.webhook_id] += 1
        return self._seen[checked.webhook_id] - 1


def _check_headers(expected: Expected, headers: Mapping[str, str]) -> Failed | None:
    signed = ("webhook-id", "webhook-timestamp", "webhook-signature") if expected.signing_secret else ()
    missing = [name for name in signed if name not in headers]
    if missing:
        return Step.HEADERS, f"The header {missing[0]} is missing. Is the webhook saved with signed: true?"
    for name, value in expected.headers:
        if headers.get(name.lower()) != value:
            return Step.HEADERS, f"The header {name} is missing or has another value."
    return None


def _check_timestamp(expected: Expected, headers: Mapping[str, str], now: int) -> Failed | None:
    if not expected.signing_secret:
        return None
    text = headers["webhook-timestamp"]
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        return Step.TIMESTAMP, "webhook-timestamp is not a number of seconds."
    away = abs(now - int(text) * limits.SECOND)
    if away > TOLERANCE:
        return (
            Step.TIMESTAMP,
            f"It was signed {away // limits.SECOND} s away from our clock; 300 s are allowed.",
        )
    return None


def _check_signature(expected: Expected, headers: Mapping[str, str], body: bytes) -> Failed | None:
    if not expected.signing_secret:
        return None
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    try:
        key = base64.b64decode(expected.signing_secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        return Step.SIGNATURE, "The signing secret that this endpoint holds is not one (whsec_ and base64)."
    right = base64.b64encode(hmac.digest(key, signed, "sha256"))
    versions = [part.partition(",") for part in headers["webhook-signature"].split()]
    if any(version == "v1" and hmac.compare_digest(right, given.encode()) for version, _, given in versions):
        return None
    return Step.SIGNATURE, "No signature matches: the body was changed, or the signing secret is another one."


def _check_token(expected: Expected, headers: Mapping[str, str], now: int) -> Failed | None:
    rule = expected.token
    if rule is None:
        return None
    value = headers.get(rule.header.lower())
    if value is None or not value.startswith(rule.prefix):
        return Step.TOKEN, f"There is no JWT in the header {rule.header}."
    try:
        key = KEYS[rule.algorithm].import_key(rule.key)
        claims = jwt.decode(value.removeprefix(rule.prefix), key, algorithms=[rule.algorithm]).claims
    except (JoseError, ValueError):
        return (
            Step.TOKEN,
            f"The JWT does not verify by {rule.algorithm}: it was signed with another secret or key.",
        )
    return _check_claims(rule, claims, now)


def _check_claims(rule: TokenRule, claims: Mapping[str, Any], now: int) -> Failed | None:
    expires = claims.get("exp")
    if not isinstance(expires, int) or isinstance(expires, bool):
        return Step.TOKEN, "The JWT has no time of expiry (exp)."
    if expires * limits.SECOND <= now:
        return Step.TOKEN, f"The JWT expired {now // limits.SECOND - expires} s ago."
    for name, value in rule.claims.items():
        if claims.get(name) != value:
            return Step.TOKEN, f"The claim {name} of the JWT is missing or has another value."
    return None


def _check_body(feedback: Feedback | None) -> Failed | None:
    if feedback is None or not (feedback.request_id and feedback.status):
        return Step.BODY, "The body is no feedback event: requestId or the feedback status is missing."
    return None


# --- the body ---


class _Status(msgspec.Struct):
    value: str = ""


class _Failure(msgspec.Struct):
    code: str | None = None
    reason: str | None = None


class _Delivery(msgspec.Struct, rename="camel"):
    feedback_status: _Status = msgspec.field(default_factory=_Status)
    message_failure: _Failure | None = None


class _Identity(msgspec.Struct):
    id: str = ""


class _Body(msgspec.Struct, rename="camel"):
    """AJO's keys (journey-optimizer: feedback webhooks, payload), those that a reader wants to see."""

    request_id: str = ""
    channel: str = ""
    message_delivery_feedback: _Delivery = msgspec.field(default_factory=_Delivery)
    identity_map: dict[str, list[_Identity]] = msgspec.field(default_factory=dict)


def read_feedback(body: bytes) -> Feedback | None:
    """What an event tells; None if the body is no JSON of that shape."""
    try:
        read = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    identities = [identity.id for found in read.identity_map.values() for identity in found]
    failure = read.message_delivery_feedback.message_failure or _Failure()
    return Feedback(
        status=read.message_delivery_feedback.feedback_status.value,
        channel=read.channel,
        recipient=identities[0] if identities else "",
        request_id=read.request_id,
        failure_code=failure.code,
        failure_reason=failure.reason,
    )


# --- the endpoint ---


class Answer(Value, frozen=True):
    """What the endpoint answers. The sender's log shows `text`, so it says why."""

    status: int
    text: str = ""


class Incoming(Value, frozen=True):
    """A POST: path, headers with names in lower case, body."""

    path: str
    headers: dict[str, str]
    body: bytes


ACCEPTED = Answer(status=200)


def answer_to(checked: Checked) -> Answer:
    """200 for a genuine event; 400 for a body that is none, 401 for all else."""
    if checked.verified:
        return ACCEPTED
    status = 400 if checked.failed is Step.BODY else 401
    return Answer(status=status, text=f"{checked.failed}: {checked.sentence}")


class Endpoint:
    """An HTTPS server for POSTs, as an async context. `take` gets each and says the answer.

    leaf: files of the certificate and the key; they are read before `__aenter__` returns. sock: bound by the
    caller, who thereby knows the port and whether it is free; the endpoint closes it.
    """

    def __init__(
        self, take: Callable[[Incoming], Answer], leaf: tuple[Path, Path], sock: socket.socket
    ) -> None:
        self._take = take
        self._sock = sock
        certificate, key = leaf
        config = uvicorn.Config(
            self._answer,
            interface="asgi3",
            ssl_certfile=certificate,
            ssl_keyfile=key,
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=CLOSE_SECONDS,
        )
        config.load()
        self._server = _Server(config)
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Endpoint:
        self._sock.listen()  # whoever connects from now on is served
        self._running = asyncio.create_task(self._server.serve(sockets=[self._sock]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._server.force_exit = True  # a sender's idle connections are not waited for
        if self._running is not None:
            await self._running

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] != "POST":
            await _respond(send, Answer(status=405, text="Only POST."))
            return
        body = await _whole(receive)
        if body is None:
            await _respond(send, Answer(status=413, text="The body is too large."))
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        await _respond(send, self._take(Incoming(path=scope["path"], headers=headers, body=body)))


class _Server(uvicorn.Server):
    """uvicorn inside a program that has signals of its own to look after."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def _whole(receive: Receive) -> bytes | None:
    """The body; None if it is longer than BODY_BYTES, or its sender went away."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > BODY_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(body)


async def _respond(send: Send, answer: Answer) -> None:
    content = answer.text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(content))]
    if answer.status == 405:
        headers.append((b"allow", b"POST"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
