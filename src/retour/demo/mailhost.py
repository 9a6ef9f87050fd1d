"""The recipients' mail host: a real SMTP server that accepts, refuses and defers as real ones do.

Three entrances: an open one, one that can't be reached until `open_relay`, and one that asks for a login.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from contextlib import AsyncExitStack
from types import TracebackType

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from retour.demo.cases import SPAM_WORD, Relay

HOST = "127.0.0.1"
USER = "luma"

ACCEPTED = "250 2.0.0 Ok: queued"
UNKNOWN = "550 5.1.1 User unknown"
FULL = "552 5.2.2 Mailbox full"
GREYLISTED = "450 4.7.1 Greylisted, try again later"
SPAM = "554 5.7.1 Message rejected: content classified as spam"
LOGIN_NEEDED = "530 5.7.0 Authentication required"
BROKEN = "550 5.7.1 Refused: this mail host was broken on purpose"


class MailHost:
    """An async context. broken: refuse whatever would be accepted."""

    def __init__(self, broken: bool = False) -> None:
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns about itself at each login
        self.password = secrets.token_urlsafe(12)
        self._broken = broken
        self._deferred: set[str] = set()
        self._sockets = {relay: _bound() for relay in Relay}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> MailHost:
        await self._open(Relay.OPEN)
        await self._open(Relay.LOGIN)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
        for sock in self._sockets.values():
            sock.close()

    def port(self, relay: Relay) -> int:
        """Where an entrance is; the closed one has its port from the start and refuses connections."""
        port: int = self._sockets[relay].getsockname()[1]
        return port

    async def open_relay(self) -> None:
        """The entrance that was closed can be reached from now on."""
        await self._open(Relay.CLOSED)

    async def _open(self, relay: Relay) -> None:
        guard = _Guard(self._deferred, self._broken, needs_login=relay is Relay.LOGIN)

        def protocol() -> SMTP:
            return SMTP(
                guard,
                hostname="mx.recipients.example",
                authenticator=self._authenticate if relay is Relay.LOGIN else None,
                auth_require_tls=False,
                enable_SMTPUTF8=True,
                loop=asyncio.get_running_loop(),
            )

        server = await asyncio.get_running_loop().create_server(protocol, sock=self._sockets[relay])
        self._stack.callback(server.close)

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        right = (USER.encode(), self.password.encode())
        return AuthResult(success=(data.login, data.password) == right, handled=False)


class _Guard:
    """Who gets in: aiosmtpd's hooks."""

    def __init__(self, deferred: set[str], broken: bool, *, needs_login: bool) -> None:
        self._deferred = deferred
        self._broken = broken
        self._needs_login = needs_login

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._needs_login and not session.authenticated:
            return LOGIN_NEEDED
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._refusal(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        return SPAM if SPAM_WORD.encode() in content else ACCEPTED

    def _refusal(self, address: str) -> str | None:
        """Why this recipient is refused; None if it is accepted."""
        local = address.partition("@")[0]
        if local == "nobody":
            return UNKNOWN
        if local == "full":
            return FULL
        if local == "grey" and address not in self._deferred:
            self._deferred.add(address)
            return GREYLISTED
        return BROKEN if self._broken and local != "bob" else None


def _bound() -> socket.socket:
    """A port that is ours, and that refuses connections until somebody listens."""
    sock = socket.socket()
    sock.bind((HOST, 0))
    return sock
