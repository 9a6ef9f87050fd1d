"""Our own receivers (`retour listen`, `retour demo`): what they check, and an HTTPS endpoint that takes it.

What makes a request genuine is decided by the public module, `retour.receiver`, as at every customer's. It shares no
code with the side that signs, so that a mistake there is seen here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from types import TracebackType

import uvicorn
from starlette.types import Receive, Scope, Send

from retour import receiver
from retour.model import Value
from retour.receiver import FeedbackEvent, JwtRule, Step, Trouble

BODY_BYTES = 1024 * 1024  # an event has some 2 kB
CLOSE_SECONDS = 2


class Expected(Value, frozen=True):
    """What a genuine request carries; what is None or empty is not asked for."""

    signing_secret: str | None = None
    token: JwtRule | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Feedback(Value, frozen=True):
    """What the body of an event tells in one line; empty if it is none. Unverified until the check says so."""

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


def check(expected: Expected, headers: Mapping[str, str], body: bytes, now: int) -> Checked:
    """Verify one request. `headers`: names in lower case. `now`: microseconds."""
    secrets = (expected.signing_secret,) if expected.signing_secret else ()
    event = receiver.read_event(body, headers)
    trouble = (
        _header_trouble(expected, headers)
        or receiver.first_trouble(headers, body, now, secrets=secrets, jwt=expected.token)
        or _body_trouble(event)
    )
    return Checked(
        webhook_id=headers.get("webhook-id", ""),
        feedback=Feedback() if isinstance(event, str) else _feedback(event),
        failed=trouble.step if trouble else None,
        sentence=trouble.sentence if trouble else "",
    )


def _header_trouble(expected: Expected, headers: Mapping[str, str]) -> Trouble | None:
    for name, value in expected.headers:
        if headers.get(name.lower()) != value:
            sentence = f"The header {name} is missing or has another value."
            return Trouble(step=Step.HEADERS, sentence=sentence)
    return None


def _body_trouble(event: FeedbackEvent | str) -> Trouble | None:
    return Trouble(step=Step.BODY, sentence=event) if isinstance(event, str) else None


def read_feedback(body: bytes) -> Feedback | None:
    """What an event tells, verified or not; None if the body is none."""
    event = receiver.read_event(body, {})
    return None if isinstance(event, str) else _feedback(event)


def _feedback(event: FeedbackEvent) -> Feedback:
    failure = event.failure
    return Feedback(
        status=event.status.value,
        channel=event.channel.value,
        recipient=event.recipient,
        request_id=event.request_id,
        failure_code=failure.code if failure else None,
        failure_reason=failure.reason if failure else None,
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
