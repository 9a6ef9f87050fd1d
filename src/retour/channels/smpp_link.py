"""Keeps one session with an SMSC bound, for as long as its configuration is there: receipts come hours later."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import structlog

from retour.channels import Examined
from retour.channels.dialling import Trust, Vet, certificate, dial, login_is_safe, tls_trouble
from retour.channels.smpp_pdus import BIND_TRANSCEIVER, ENQUIRE_LINK, bind, pdu, string
from retour.channels.smpp_session import Hear, NotSent, Session
from retour.limits import (
    SMPP_BIND_SECONDS,
    SMPP_CONNECT_SECONDS,
    SMPP_EXAMINE_SECONDS,
    SMPP_PAUSE_SECONDS,
    SMPP_READY_SECONDS,
    SMPP_STEADY_SECONDS,
)
from retour.smsproviders.shapes import Settings, number, text
from retour.smsproviders.smpp import choice, told, window
from retour.smsproviders.smpp_codes import OK

log = structlog.get_logger()

BANNER_CHARACTERS = 200


class SmscDialer:
    """Opens sessions with the SMSC of one channel configuration."""

    def __init__(self, settings: Settings, org: str, vet: Vet, trust: Trust) -> None:
        self._settings = settings
        self._org = org
        self._vet = vet
        self._trust = trust
        self._host = text(settings, "host")
        self._port = number(settings, "port") or 0
        self._security = choice(settings, "security")
        self.name = f"{self._host}:{self._port}"

    async def open(self, hear: Hear) -> Session | str:
        """A bound session, or the sentence that tells why there is none."""
        addresses = await self._vet(self._host, self._port, self._org)
        if isinstance(addresses, str):
            return addresses
        dialled = await dial(addresses, self._port, SMPP_CONNECT_SECONDS)
        if isinstance(dialled, str):
            return f"The SMSC {self.name} can't be reached: {dialled}. Check host and port, and that the SMSC runs."
        streams = await self._streams(dialled)
        if isinstance(streams, str):
            dialled.close()
            return streams
        return await self._bind(Session(*streams, window(self._settings), hear))

    async def _streams(
        self, dialled: socket.socket
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | str:
        """The connection, encrypted where it has to be. The certificate is of the name, whatever was dialled."""
        encrypted = self._security == "tls"
        context, name = (self._trust(), self._host) if encrypted else (None, None)
        try:
            if not login_is_safe(self._security, dialled.getpeername()[0]):
                return (
                    f"No login to the SMSC {self.name} without TLS. "
                    "Set security to tls, or use a tunnel that ends here."
                )
            async with asyncio.timeout(SMPP_CONNECT_SECONDS):
                return await asyncio.open_connection(sock=dialled, ssl=context, server_hostname=name)
        except (OSError, EOFError) as error:
            return tls_trouble(error, f"the SMSC {self.name}") or self._lost("starting TLS")
        except BaseException:
            dialled.close()
            raise

    async def _bind(self, session: Session) -> Session | str:
        names = (text(self._settings, name) for name in ("systemId", "password", "systemType"))
        body = bind(*names)
        trouble = self._lost("binding")
        try:
            answer = await session.ask(
                BIND_TRANSCEIVER,
                lambda sequence: pdu(BIND_TRANSCEIVER, sequence, body=body),
                SMPP_BIND_SECONDS,
            )
            if answer is not None and answer.status == OK:
                session.smsc = string(answer.body)
                return session
            if answer is not None:
                trouble = self._refused(answer.status)
        except NotSent:
            pass
        except BaseException:
            session.end()
            raise
        session.end()
        return trouble

    def _refused(self, status: int) -> str:
        return (
            f"The SMSC {self.name} refused the bind: {told(status)}. "
            "Check system id, password and system type of the channel configuration."
        )

    def _lost(self, stage: str) -> str:
        return (
            f"The SMSC {self.name} did not answer while {stage}. "
            "Check host, port and security, and that it speaks SMPP."
        )


class Link:
    """Binds, and binds again. predecessor: is waited for first, since many SMSCs allow one bind."""

    def __init__(self, dialer: SmscDialer, hear: Hear, predecessor: asyncio.Task[None] | None) -> None:
        self._dialer = dialer
        self._hear = hear
        self._session: Session | None = None
        self._next: asyncio.Future[Session | str | None] = asyncio.get_running_loop().create_future()
        self._wanted = asyncio.Event()
        self._keeping = asyncio.create_task(self._keep(predecessor))

    @property
    def bound(self) -> Session | None:
        """The session, if there is one that takes messages."""
        return self._session if self._session is not None and self._session.usable else None

    async def session(self) -> Session | str | None:
        """The session that there is, or what the next attempt brings: one, or a sentence. None: the link is closed."""
        if self.bound is not None:
            return self.bound
        self._wanted.set()
        try:
            async with asyncio.timeout(SMPP_READY_SECONDS):
                return await asyncio.shield(self._next)
        except TimeoutError:
            return f"The SMSC {self._dialer.name} could not be bound within {SMPP_READY_SECONDS:.0f} s."

    async def close(self) -> None:
        """Unbind, when what is on its way has been answered."""
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        self._next.set_result(None)

    async def _keep(self, predecessor: asyncio.Task[None] | None) -> None:
        """Until it is cancelled. Nothing that goes wrong ends it."""
        if predecessor is not None:
            await asyncio.wait([predecessor])
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            opened = await self._open()
            bound_at = loop.time()
            if isinstance(opened, Session):
                await opened.ended.wait()
                log.warning("smpp_session_ended", smsc=self._dialer.name)
            steady = isinstance(opened, Session) and loop.time() - bound_at > SMPP_STEADY_SECONDS
            failures = 0 if steady else failures + 1
            await self._pause(failures)

    async def _open(self) -> Session | str:
        """One attempt, told to whoever waits for it."""
        try:
            opened = await self._dialer.open(self._hear)
        except Exception:
            log.exception("smpp_bind_failed", smsc=self._dialer.name)
            opened = (
                f"The SMSC {self._dialer.name} could not be bound: an error of ours, which is in the log."
            )
        if isinstance(opened, Session):
            self._session = opened
            log.info("smpp_bound", smsc=self._dialer.name)
        else:
            log.warning("smpp_not_bound", smsc=self._dialer.name, trouble=opened)
        told_to, self._next = self._next, asyncio.get_running_loop().create_future()
        self._wanted.clear()
        told_to.set_result(opened)
        return opened

    async def _pause(self, failures: int) -> None:
        """Longer after each failure. A message ends it: the room sees to it that these do not come too fast."""
        if not failures:
            return
        shortest, longest = SMPP_PAUSE_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(min(longest, shortest * 2 ** min(failures - 1, 10))):
                await self._wanted.wait()


async def examine(dialer: SmscDialer, link: Link | None, hear: Hear) -> Examined:
    """What the SMSC says of itself, or why it would take no message.

    Bound for it and unbound again, unless a session is there: many SMSCs refuse a second one.
    """
    bound = link.bound if link is not None else None
    if bound is not None and await _answers(bound):
        return _told(bound)
    try:
        async with asyncio.timeout(SMPP_EXAMINE_SECONDS):
            session = await dialer.open(hear)
    except TimeoutError:
        return Examined(trouble=f"The SMSC {dialer.name} did not answer within {SMPP_EXAMINE_SECONDS:.0f} s.")
    if isinstance(session, str):
        return Examined(trouble=session)
    examined = _told(session)
    await session.close()
    return examined


async def _answers(session: Session) -> bool:
    with suppress(NotSent):
        return await session.ask(ENQUIRE_LINK, seconds=SMPP_BIND_SECONDS) is not None
    return False


def _told(session: Session) -> Examined:
    encrypted = session.info("ssl_object")
    names, until = certificate(session.info("peercert"))
    version, banner = encrypted.version() if encrypted else None, session.smsc[:BANNER_CHARACTERS]
    bound = f"The SMSC took the bind; it calls itself {banner}." if banner else "The SMSC took the bind."
    way = (
        f"{version}, with a certificate for {', '.join(names)}."
        if version
        else "Without TLS, on this machine."
    )
    return Examined(
        banner=banner,
        tls_version=version,
        certificate_names=names,
        certificate_until=until,
        logged_in=True,
        learned=(bound, way),
    )
