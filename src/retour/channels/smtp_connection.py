"""One connection to a relay: vetted, dialled, greeted, encrypted, logged in. Trouble is a sentence."""

from __future__ import annotations

import socket

import aiosmtplib

from retour.channels.dialling import Trust, Vet, dial, login_is_safe, tls_trouble
from retour.channels.smtp_replies import Stage, login_refused, lost, said
from retour.limits import SMTP_CONNECT_SECONDS
from retour.model import SmtpSettings

TEMPORARY_AUTHENTICATION_FAILURE = 454
"""RFC 4954 6: nothing is wrong with the password. 454 is also "TLS not available" (RFC 3207 4)."""

_LOCAL_NAME = "localhost"


class Progress:
    """How far a try came, for who has to judge its silence. banner: the relay's greeting."""

    def __init__(self) -> None:
        self.stage = Stage.ROOM
        self.banner = ""


class Dialer:
    """Opens connections to the relay of one channel configuration."""

    def __init__(self, relay: SmtpSettings, password: str | None, org: str, vet: Vet, trust: Trust) -> None:
        self._relay = relay
        self._password = password
        self._org = org
        self._vet = vet
        self._trust = trust
        self.name = f"{relay.host}:{relay.port}"
        self.logs_in = relay.username is not None

    async def open(self, progress: Progress) -> aiosmtplib.SMTP | str:
        """A connection that is ready for MAIL, or the sentence that tells why there is none."""
        progress.stage = Stage.CONNECT
        addresses = await self._vet(self._relay.host, self._relay.port, self._org)
        if isinstance(addresses, str):
            return addresses
        dialled = await self._dial(addresses)
        if isinstance(dialled, str):
            return dialled
        client = aiosmtplib.SMTP(
            hostname=self._relay.host, timeout=None, local_hostname=_LOCAL_NAME, start_tls=False
        )
        ready = False
        try:
            refusal = await self._converse(client, dialled, progress)
            ready = refusal is None
        finally:
            if not ready:
                client.close()
        return refusal or client

    async def _dial(self, addresses: tuple[str, ...]) -> socket.socket | str:
        """A connected socket, or the sentence."""
        dialled = await dial(addresses, self._relay.port, SMTP_CONNECT_SECONDS)
        if isinstance(dialled, socket.socket):
            return dialled
        return f"The relay {self.name} can't be reached: {dialled}. Check host and port, and that the relay runs."

    async def _converse(
        self, client: aiosmtplib.SMTP, dialled: socket.socket, progress: Progress
    ) -> str | None:
        """Greeting, EHLO, TLS, EHLO again, login; a sentence where one of them fails."""
        try:
            await self._greet(client, dialled, progress)
            if self._relay.security == "starttls":
                refusal = await self._start_tls(client, progress)
                if refusal is not None:
                    return refusal
            return await self._login(client, progress)
        except aiosmtplib.SMTPConnectResponseError as refused:
            return self._said(Stage.GREETING, refused.code, refused.message)
        except aiosmtplib.SMTPResponseException as refused:
            return self._said(progress.stage, refused.code, refused.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            return self._broken(error, progress)

    async def _greet(self, client: aiosmtplib.SMTP, dialled: socket.socket, progress: Progress) -> None:
        """Read the banner and say EHLO with our own address (RFC 5321 4.1.3): it needs no name look-up."""
        progress.stage = Stage.TLS if self._relay.security == "tls" else Stage.GREETING
        literal = _literal(dialled.getsockname()[0])
        implicit = self._relay.security == "tls"
        context = self._trust() if implicit else None
        greeting = await client.connect(sock=dialled, use_tls=implicit, tls_context=context)
        progress.banner = greeting.message
        progress.stage = Stage.HELLO
        client.local_hostname = literal
        await client.ehlo()

    async def _start_tls(self, client: aiosmtplib.SMTP, progress: Progress) -> str | None:
        progress.stage = Stage.TLS
        if not client.supports_extension("starttls"):
            return f"The relay {self.name} does not offer STARTTLS. Set security to tls, or offer it there."
        await client.starttls(tls_context=self._trust(), server_hostname=self._relay.host)
        progress.stage = Stage.HELLO
        await client.ehlo()
        return None

    async def _login(self, client: aiosmtplib.SMTP, progress: Progress) -> str | None:
        """None where no login is wanted, or it went well."""
        if self._relay.username is None:
            return None
        progress.stage = Stage.LOGIN
        peer = client.get_transport_info("peername")[0]
        if not login_is_safe(self._relay.security, peer):
            return f"No login to the relay {self.name} without TLS. Set security to starttls or tls."
        if not client.supports_extension("auth") or not client.supported_auth_methods:
            return (
                f"The relay {self.name} offers no login that we know. Leave out user name and password, "
                "or use its port for logins (often 587)."
            )
        await client.login(self._relay.username, self._password or "")
        return None

    def _said(self, stage: Stage, code: int, text: str) -> str:
        if stage is Stage.LOGIN and code != TEMPORARY_AUTHENTICATION_FAILURE:
            return login_refused(self.name, code, text)
        return said(stage, code, text, self.name)

    def _broken(self, error: Exception, progress: Progress) -> str:
        """Certificate trouble by its name; everything else as a lost connection."""
        trouble = tls_trouble(error, f"the relay {self.name}")
        return trouble or lost(progress.stage, self.name, cause_of(error)).trouble or ""


def cause_of(error: BaseException) -> str:
    """A broken connection in a few words, none of them personal."""
    return "connection timed out" if isinstance(error, TimeoutError) else "connection lost"


def _literal(address: str) -> str:
    bare = address.partition("%")[0]
    return f"[IPv6:{bare}]" if ":" in bare else f"[{bare}]"
