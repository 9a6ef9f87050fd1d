"""A mail relay for tests: a real SMTP server (aiosmtpd) on 127.0.0.1 that does what a test tells it to."""

from __future__ import annotations

import asyncio
import logging
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

MESSAGE_END = "."
DSN_PARAMETERS = ("RET=", "ENVID=", "NOTIFY=", "ORCPT=")


@dataclass
class Received:
    """One message as the relay took it. Options as they were written on the command lines."""

    sender: str
    recipients: list[str]
    mail_options: list[str]
    rcpt_options: list[str]
    content: bytes
    encrypted: bool
    login: bytes | None


@dataclass
class Conduct:
    """What the relay does: by verb, `.` is the end of the message, `220` the greeting.

    answers: a reply instead of doing it. drop: cut the connection instead of answering. hang: answer only
    when the relay stops. login: the only user and password that are right; `required` refuses MAIL without.
    """

    answers: dict[str, str] = field(default_factory=dict)
    drop: set[str] = field(default_factory=set)
    hang: set[str] = field(default_factory=set)
    dsn: bool = False
    smtputf8: bool = True
    login: tuple[bytes, bytes] | None = None
    login_required: bool = False
    login_in_clear: bool = False


class Relay:
    """A listening relay: what it was told (`conduct`), what it saw, and a way to wait for that."""

    def __init__(self, conduct: Conduct, starttls: ssl.SSLContext | None) -> None:
        self.conduct = conduct
        self.starttls = starttls
        self.host, self.port = "127.0.0.1", 0
        self.messages: list[Received] = []
        self.commands: list[tuple[str, str]] = []
        self.connections = 0
        self.busy = self.busiest = 0
        self.released = asyncio.Event()
        self._changed = asyncio.Condition()
        self._transports: set[asyncio.Transport] = set()

    @property
    def open(self) -> int:
        """How many connections are open now."""
        return len(self._transports)

    async def until(self, what: Any, seconds: float = 5.0) -> None:
        """Wait for `what()` to become true."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(what)

    def verbs(self) -> list[str]:
        """The verbs that were said, in order."""
        return [verb for verb, _ in self.commands]

    async def hang_up(self) -> None:
        """Cut every connection, and see them gone."""
        for transport in self._transports:
            transport.abort()
        await self.until(lambda: not self._transports)

    async def note(self) -> None:
        """Something happened: wake who waits for it."""
        async with self._changed:
            self._changed.notify_all()

    def _connected(self, transport: asyncio.Transport, *, first: bool) -> None:
        self.connections += first
        self._transports.add(transport)

    def _gone(self, transport: asyncio.Transport | None, loop: asyncio.AbstractEventLoop) -> None:
        if transport in self._transports:
            self._transports.discard(transport)
            loop.create_task(self.note())


class _Server(SMTP):
    """aiosmtpd with a say in each verb."""

    def __init__(self, relay: Relay) -> None:
        conduct = relay.conduct
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a login in clear text is what some tests are about
            super().__init__(
                _Mailroom(relay),
                hostname="relay.test",
                enable_SMTPUTF8=conduct.smtputf8,
                tls_context=relay.starttls,
                auth_required=conduct.login_required,
                auth_require_tls=not conduct.login_in_clear,
                authenticator=partial(_authenticate, conduct),
                timeout=60,
            )
        self._relay = relay
        self._greeted = False
        self._raw: asyncio.Transport | None = None
        for verb, method in list(self._smtp_methods.items()):
            self._smtp_methods[verb] = partial(self._obey, verb, method)

    def connection_made(self, transport: Any) -> None:
        """Also called for the TLS layer of STARTTLS; the socket counts once."""
        if self._raw is None:
            self._raw = transport
            self._relay._connected(transport, first=True)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._relay._gone(self._raw, self.loop)
        super().connection_lost(error)

    @property
    def encrypted(self) -> bool:
        """TLS from the start, or by STARTTLS."""
        started = self.session is not None and self.session.ssl is not None
        return started or (self._raw is not None and self._raw.get_extra_info("sslcontext") is not None)

    async def push(self, status: Any) -> None:
        """The first thing ever pushed is the greeting."""
        if not self._greeted:
            self._greeted = True
            if await self.interfere("220"):
                return
            status = self._relay.conduct.answers.get("220", status)
        await super().push(status)

    async def interfere(self, verb: str) -> bool:
        """Drop or hang as told; True if that was the answer."""
        conduct = self._relay.conduct
        if verb in conduct.hang:
            await self._relay.note()
            await self._relay.released.wait()
            return True
        if verb in conduct.drop and self._raw is not None:
            self._raw.abort()
            return True
        return False

    async def _obey(self, verb: str, method: Any, argument: str | None) -> None:
        self._relay.commands.append((verb, argument or ""))
        await self._relay.note()
        if await self.interfere(verb):
            return
        answer = self._relay.conduct.answers.get(verb)
        if answer is None:
            await method(self._without_dsn(verb, argument))
        else:
            await self.push(answer)

    def _without_dsn(self, verb: str, argument: str | None) -> str | None:
        """aiosmtpd knows no DSN options. Where the relay did not offer DSN they stay, and are a 555."""
        if argument is None or not self._relay.conduct.dsn or verb not in {"MAIL", "RCPT"}:
            return argument
        return " ".join(part for part in argument.split(" ") if not part.startswith(DSN_PARAMETERS))


class _Mailroom:
    """aiosmtpd's hooks: EHLO's list and the end of a message."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def handle_EHLO(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer DSN where told."""
        session.host_name = hostname
        return [*responses[:-1], *(["250-DSN"] if self._relay.conduct.dsn else []), responses[-1]]

    async def handle_DATA(self, server: _Server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the message, then answer as told."""
        relay = self._relay
        relay.busy += 1
        relay.busiest = max(relay.busiest, relay.busy)
        relay.messages.append(_received(relay, session, envelope, server.encrypted))
        await relay.note()
        try:
            if await server.interfere(MESSAGE_END):
                return "451 dropped"
        finally:
            relay.busy -= 1
        return relay.conduct.answers.get(MESSAGE_END, f"250 2.0.0 Ok: queued as Q{len(relay.messages):06d}")


@asynccontextmanager
async def relay(
    conduct: Conduct | None = None,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Relay]:
    """A relay that listens until the block ends, on a free port unless one is named."""
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    made = Relay(conduct or Conduct(), starttls)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Server(made), host, port, ssl=tls)
    made.host, made.port = server.sockets[0].getsockname()[:2]
    try:
        yield made
    finally:
        server.close()
        made.released.set()
        await made.hang_up()
        await server.wait_closed()


def _received(made: Relay, session: Session, envelope: Envelope, encrypted: bool) -> Received:
    said = dict(made.commands)  # the last MAIL and RCPT
    return Received(
        sender=envelope.mail_from or "",
        recipients=list(envelope.rcpt_tos),
        mail_options=said["MAIL"].split(" ")[1:],
        rcpt_options=said["RCPT"].split(" ")[1:],
        content=envelope.content if isinstance(envelope.content, bytes) else b"",
        encrypted=encrypted,
        login=session.auth_data.login if isinstance(session.auth_data, LoginPassword) else None,
    )


def _authenticate(
    conduct: Conduct, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == conduct.login
    return AuthResult(success=right, handled=False, auth_data=data)
