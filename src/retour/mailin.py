"""Mail comes in: LMTP and SMTP listeners for what comes back of the messages that were sent.

Only mail to a return path of ours, or to the address of feedback loops, is taken. A reply of 250 means that the mail
was understood, or is kept; 4xx asks the sending system to come again, so that nothing is lost while the store or the
message is busy; 5xx refuses for good what is none of ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from retour import ids, limits
from retour.config import MailListener
from retour.errors import Busy, ConfigError
from retour.rates import Rate
from retour.reports import Heard, Reports

log = structlog.get_logger()

CHUNK = 64 * 1024
LINE_OCTETS = 8 * 1024  # of a command; a line of a mail may have any length
END = b"\r\n.\r\n"
WELCOME = "retour"

REPLIES = {
    Heard.TOLD: "250 2.0.0 Reported",
    Heard.KNOWN: "250 2.0.0 Noted",
    Heard.NOBODY: "550 5.1.1 There is no such message here",
    Heard.LATER: "451 4.3.0 The message is being tried, come again",
}
BUSY = "451 4.3.2 The store is busy, come again"
TOO_FAST = "451 4.7.1 Too many mails a second, come again"
TOO_LARGE = "552 5.3.4 The mail is larger than 10 MB"
SMUGGLED = "554 5.5.0 More came after the end of the mail than it may"
UNKNOWN = "550 5.1.1 Only mail that comes back is taken here"
ONE_AT_A_TIME = "452 4.5.3 One recipient at a time"
FULL = b"421 4.3.2 Too many connections, come again\r\n"

for name in ("mail.log", "mail.debug"):
    logging.getLogger(name).setLevel(logging.CRITICAL)  # aiosmtpd's own would log addresses


@asynccontextmanager
async def receiving(reports: Reports, listeners: tuple[MailListener, ...]) -> AsyncIterator[list[int]]:
    """Listens while it is open; gives the ports. Raises ConfigError if one can't be listened on."""
    desk = Desk(reports)
    async with AsyncExitStack() as stack:
        servers = [await _server(desk, listener) for listener in listeners]
        for server in servers:
            stack.callback(server.close)
        yield [server.sockets[0].getsockname()[1] for server in servers]
        await desk.close()


async def _server(desk: Desk, listener: MailListener) -> asyncio.Server:
    make = desk.lmtp if listener.scheme == "lmtp" else desk.smtp
    try:
        return await asyncio.get_running_loop().create_server(make, listener.host, listener.port)
    except OSError as error:
        raise ConfigError(
            f"RETOUR_MAIL_LISTEN: {listener.host}:{listener.port} can't be listened on: {error.strerror}. Choose "
            "another port, or stop what holds it."
        ) from error


class Desk:
    """Takes mail from every listener: aiosmtpd's hooks, and what they have in common."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._rate = Rate(limits.RETURNED_MAIL_RATE)
        self._open: set[asyncio.BaseTransport] = set()

    def smtp(self) -> asyncio.Protocol:
        """A connection by SMTP."""
        return self._connection(_Smtp)

    def lmtp(self) -> asyncio.Protocol:
        """A connection by LMTP (RFC 2033)."""
        return self._connection(_Lmtp)

    def _connection(self, kind: Callable[..., _Mails]) -> asyncio.Protocol:
        if len(self._open) >= limits.RETURNED_MAIL_CONNECTIONS:
            return _Full()
        made = kind(
            self,
            hostname=WELCOME,
            ident=WELCOME,
            enable_SMTPUTF8=True,
            timeout=limits.RETURNED_MAIL_IDLE_SECONDS,
        )
        made.open = self._open
        return made

    async def close(self) -> None:
        """Cut what is open: who is cut off in the middle comes again."""
        for transport in [*self._open]:
            transport.close()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One recipient, and only one that can be a message of ours: LMTP answers for each, and we know one answer."""
        if envelope.rcpt_tos:
            return ONE_AT_A_TIME
        if not self._reports.knows(address):
            return UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def take(self, address: str, raw: bytes, size: int) -> str:
        """The reply to a whole mail, of which `raw` is the beginning."""
        if self._rate.take("mail", ids.now()):
            return TOO_FAST
        try:
            heard = await self._reports.mail(address, raw, ids.now(), size)
        except Busy:
            return BUSY
        log.info("mail_came_back", heard=heard, size=size)
        return REPLIES[heard]


class _Full(asyncio.Protocol):
    """More connections than are served at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a server of streams
        transport.write(FULL)
        transport.close()


class _Mails(SMTP):
    """aiosmtpd's server with a DATA of its own.

    aiosmtpd keeps a mail as a list of its lines: ten megabytes of empty lines take 300 MB and many seconds, and a
    line of more than 1,000 octets, which returned mail has, is refused. Here a mail is read in pieces, and of a large
    one only its beginning is kept. Its end is CR LF . CR LF and nothing else; what follows it unasked is refused.
    """

    line_length_limit = LINE_OCTETS
    open: set[asyncio.BaseTransport]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.open.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.open.discard(self.transport)
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """DATA."""
        if await self.check_helo_needed():
            return
        addresses = self.envelope.rcpt_tos if self.envelope else []
        if arg or not addresses:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Name a recipient first")
            return
        await self.push("354 End with a line that has only a dot")
        mail = await _mail(self._reader)
        await self.push(await self._reply(addresses[0], mail))
        if mail is None and self.transport is not None:
            self.transport.close()
        self.envelope = self._create_envelope()

    async def _reply(self, address: str, mail: tuple[bytes, int] | None) -> str:
        if mail is None:
            return SMUGGLED
        head, size = mail
        if size > limits.RETURNED_MAIL_BYTES:
            return TOO_LARGE
        reply: str = await self.event_handler.take(address, head, size)
        return reply


class _Smtp(_Mails):
    """By SMTP."""


class _Lmtp(_Mails, LMTP):
    """By LMTP."""


async def _mail(reader: Any) -> tuple[bytes, int] | None:
    """Its beginning, and its size; None when something follows its end. Raises CancelledError when it breaks off."""
    head, size, seen = bytearray(), 0, b"\r\n"
    while True:
        chunk = await reader.read(CHUNK)
        if not chunk:
            raise asyncio.CancelledError
        window = seen + chunk
        end = window.find(END)
        piece = chunk if end < 0 else chunk[: max(0, end + 2 - len(seen))]
        head += piece[: limits.RETURNED_MAIL_HEAD - len(head)]
        size += len(piece)
        if end >= 0:
            return (_unstuffed(head), size) if end + len(END) == len(window) else None
        seen = window[-len(END) + 1 :]


def _unstuffed(head: bytearray) -> bytes:
    """RFC 5321 4.5.2: a dot at the beginning of a line was doubled."""
    raw = bytes(head).replace(b"\r\n..", b"\r\n.")
    return raw[1:] if raw.startswith(b"..") else raw
