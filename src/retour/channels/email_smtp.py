"""E-mail by SMTP to the customer's own relay (RFC 5321), with DSN options where it knows them (RFC 3461).

One transaction per recipient, on pooled connections, with bytes built by mime.py. MAIL, RCPT and DATA are
asked one by one, so that each answer, or its absence, is known for what it is (smtp_replies.py). Neither
addresses nor content are logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import lru_cache

import aiosmtplib

from retour import espevents
from retour.channels import Examination, Examined, Outgoing, Receipt
from retour.channels.dialling import Trust, Vet
from retour.channels.smtp_connection import Dialer, Progress, cause_of
from retour.channels.smtp_examination import examine
from retour.channels.smtp_pool import Connection, Loan, Pool
from retour.channels.smtp_replies import PROVIDER, Stage, accepted, error, lost, refused, trouble
from retour.limits import SMTP_SECONDS
from retour.marks import PREFIX
from retour.mime import Letter, Mailbox, mailbox, message_bytes, needs_smtputf8
from retour.model import (
    ChannelKind,
    EmailSettings,
    ProviderFacts,
    SmtpSettings,
    Value,
)
from retour.sealed import PASSWORD

ORCPT_CHARACTERS = 500  # RFC 3461 4.2
YES = {Stage.MAIL: (250,), Stage.RCPT: (250, 251)}  # RFC 5321 4.3.2; 251 forwards
GO_ON, TAKEN = 354, 250  # DATA and the message's end
NOTIFY = {"success": "NOTIFY=SUCCESS,FAILURE,DELAY", "failure": "NOTIFY=FAILURE,DELAY"}


class Envelope(Value, frozen=True):
    """One message ready to go: who from, who to, what, and what it needs of the relay."""

    mark: str
    sender: str
    recipient: Mailbox
    body: bytes
    smtputf8: bool
    notify: str | None


class SmtpChannel:
    """Sends through the relay of the message's channel configuration.

    `vet` says which addresses of a relay may be dialled; `trust` gives what verifies its certificate and its name.
    """

    kinds: tuple[ChannelKind, ...] = (ChannelKind.EMAIL,)
    repeats = True  # under the same Message-ID

    def __init__(self, vet: Vet, trust: Trust, *, budget_seconds: float = SMTP_SECONDS) -> None:
        self._vet = vet
        self._trust = trust
        self._budget_seconds = budget_seconds
        self._pools: dict[tuple[str, str], tuple[int, Pool]] = {}
        self._retired: set[asyncio.Task[None]] = set()

    async def send(self, outgoing: Outgoing, now: int) -> Receipt:
        """Hand one message to the relay, within 60 s."""
        settings = outgoing.configuration
        if settings.email is None or settings.smtp is None:
            return trouble("The channel configuration has no e-mail or SMTP settings. Complete it.")
        envelope = _envelope(outgoing, settings.email, now)
        if isinstance(envelope, Receipt):
            return envelope
        pool, progress = self._pool(outgoing, settings.smtp), Progress()
        try:
            async with asyncio.timeout(self._budget_seconds), pool.borrow(progress) as loan:
                return await _carry(envelope, loan, progress, pool.dialer.name)
        except TimeoutError:
            return lost(progress.stage, pool.dialer.name, f"timed out after {self._budget_seconds:g} s")

    async def examine(self, examination: Examination) -> Examined:
        """The relay, on a connection of its own."""
        relay = examination.configuration.smtp
        if relay is None:
            return Examined(trouble="The channel configuration has no SMTP settings. Complete it.")
        password = examination.secrets.get(PASSWORD)
        return await examine(Dialer(relay, password, examination.org, self._vet, self._trust))

    async def close(self) -> None:
        """Let connections go."""
        pools, self._pools = self._pools, {}
        await asyncio.gather(*(pool.close() for _, pool in pools.values()), *self._retired)

    def _pool(self, outgoing: Outgoing, relay: SmtpSettings) -> Pool:
        """The pool of this version of the configuration; an older version's connections are let go."""
        settings = outgoing.configuration
        key = (settings.sandbox, settings.id)
        version, pool = self._pools.get(key, (None, None))
        if pool is not None and version == settings.version:
            return pool
        if pool is not None:
            self._retire(pool)
        dialer = Dialer(relay, outgoing.secrets.get(PASSWORD), outgoing.org, self._vet, self._trust)
        made = Pool(dialer, relay.max_connections)
        self._pools[key] = (settings.version, made)
        return made

    def _retire(self, pool: Pool) -> None:
        task = asyncio.get_running_loop().create_task(pool.close())
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)


def xtext(value: str) -> str:
    """RFC 3461 4: printable ASCII but `+` and `=`; the rest as `+` and two hex digits."""
    octets = value.encode(errors="replace")
    return "".join(chr(o) if 0x21 <= o <= 0x7E and o not in b"+=" else f"+{o:02X}" for o in octets)


def _envelope(outgoing: Outgoing, sender: EmailSettings, now: int) -> Envelope | Receipt:
    """Everything that can be known to be wrong before anybody is called."""
    recipient = mailbox(outgoing.address)
    if outgoing.content is None:
        return Receipt()
    if recipient is None:
        return error(_own_words("5.1.3", "not an e-mail address"))
    if _own(sender.sender_email) is None or (sender.reply_to_email and not _own(sender.reply_to_email)):
        return trouble(
            "Sender or reply-to of the channel configuration is not an e-mail address. Correct it."
        )
    content = outgoing.content
    letter = Letter(
        sender=sender, to=recipient, message_id=outgoing.mark, now=now,
        subject=content.subject or "", html=content.html, text=content.text,
        headers=_headers(outgoing),
    )  # fmt: skip
    return Envelope(
        mark=outgoing.mark,
        sender=_return_path(outgoing.mark, sender),
        recipient=recipient,
        body=message_bytes(letter),
        smtputf8=needs_smtputf8(letter),
        notify=NOTIFY.get(sender.delivery_notices),
    )


def _headers(outgoing: Outgoing) -> tuple[tuple[str, str], ...]:
    """What makes the provider behind the relay name the message in its events."""
    events = outgoing.configuration.events
    return () if events is None else espevents.PROVIDERS[events.provider].headers(outgoing.mark)


_own = lru_cache(maxsize=1024)(mailbox)
"""Addresses of channel configurations, which are few; those of recipients are not kept."""


def _return_path(mark: str, sender: EmailSettings) -> str:
    """VERP: with a domain of our own for bounces, each message has its own address there."""
    domain = sender.return_path_domain and _own(f"bounce@{sender.return_path_domain}")
    if domain:
        return f"{PREFIX}{mark}@{domain.domain}"
    found = _own(sender.sender_email)
    return found.address if found else sender.sender_email


async def _carry(envelope: Envelope, loan: Loan, progress: Progress, host: str) -> Receipt:
    """Send on a pooled connection; once more on a new one if that was dead, or said 421, at once."""
    connection = await loan.connect()
    if isinstance(connection, str):
        return trouble(connection)
    receipt = await _transact(envelope, connection, progress, host)
    if connection.reused and progress.stage is Stage.MAIL and not connection.client.is_connected:
        connection = await loan.connect(fresh=True)
        if isinstance(connection, str):
            return trouble(connection)
        receipt = await _transact(envelope, connection, progress, host)
    return receipt


async def _transact(envelope: Envelope, connection: Connection, progress: Progress, host: str) -> Receipt:
    """One mail transaction: MAIL, RCPT, DATA."""
    client = connection.client
    if envelope.smtputf8 and not client.supports_extension("smtputf8"):
        return error(_own_words("5.6.7", "the relay does not offer SMTPUTF8"))
    connection.messages += 1
    connection.clean = False
    try:
        for stage, line in _lines(envelope, client):
            progress.stage = stage
            answer = await client.execute_command(*line)
            if answer.code not in YES[stage]:
                return refused(stage, answer.code, answer.message, host)
        progress.stage = Stage.DATA
        answer = await _data(client, envelope.body)
    except aiosmtplib.SMTPResponseException as no:
        return refused(progress.stage, no.code, no.message, host)
    except (aiosmtplib.SMTPException, ConnectionError) as broken:
        client.close()
        return lost(progress.stage, host, cause_of(broken))
    except ValueError:
        # aiosmtplib found something that can't be put on a command line: it never will be
        return error(_own_words("5.1.3", "the address can't be sent by SMTP"))
    connection.clean = True
    return accepted(answer.code, answer.message)


async def _data(client: aiosmtplib.SMTP, body: bytes) -> aiosmtplib.SMTPResponse:
    """DATA and the message, a header first and CRLF at each end of a line (mime.py); the yes, or SMTPDataError.

    Not by aiosmtplib's method of that name: it looks at each octet twice, which for 50 kB takes as long as all
    else that becomes of a message. A period at the beginning of a line is doubled (RFC 5321 4.5.2).
    """
    begun = await client.execute_command(b"DATA")
    if begun.code != GO_ON:
        raise aiosmtplib.SMTPDataError(begun.code, begun.message)
    if client.protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    client.protocol.write(body.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    answer = await client.protocol.read_response()
    if answer.code != TAKEN:
        raise aiosmtplib.SMTPDataError(answer.code, answer.message)
    return answer


def _lines(envelope: Envelope, client: aiosmtplib.SMTP) -> Iterator[tuple[Stage, tuple[bytes, ...]]]:
    """MAIL and RCPT. Not by aiosmtplib's methods of that name: they parse addresses that mime.mailbox took apart."""
    encoding = "utf-8" if envelope.smtputf8 else "ascii"
    sender = f"FROM:<{envelope.sender}>".encode(encoding)
    yield Stage.MAIL, (b"MAIL", sender, *_octets(_mail_options(envelope, client)))
    recipient = f"TO:<{envelope.recipient.address}>".encode(encoding)
    yield Stage.RCPT, (b"RCPT", recipient, *_octets(_rcpt_options(envelope, client)))


def _octets(options: list[str]) -> list[bytes]:
    return [option.encode("ascii") for option in options]


def _mail_options(envelope: Envelope, client: aiosmtplib.SMTP) -> list[str]:
    """RFC 1870, 6531, 3461. Of the original only the headers come back with a bounce; ENVID is opaque."""
    options = [f"SIZE={len(envelope.body)}"] if client.supports_extension("size") else []
    if envelope.smtputf8:
        options += ["BODY=8BITMIME", "SMTPUTF8"]
    if envelope.notify and client.supports_extension("dsn"):
        options += ["RET=HDRS", f"ENVID={xtext(envelope.mark)}"]
    return options


def _rcpt_options(envelope: Envelope, client: aiosmtplib.SMTP) -> list[str]:
    """Without `notify` nothing is asked: NEVER would keep bounces from the sender's own mailbox too."""
    if not envelope.notify or not client.supports_extension("dsn"):
        return []
    original = _original_recipient(envelope.recipient)
    return [envelope.notify, original] if len(original) <= ORCPT_CHARACTERS else [envelope.notify]


def _original_recipient(recipient: Mailbox) -> str:
    """ORCPT; an internationalised address in utf-8-addr-xtext (RFC 6533 3)."""
    if not recipient.international:
        return f"ORCPT=rfc822;{xtext(recipient.address)}"
    plain = (c if "!" <= c <= "~" and c not in "+=\\" else f"\\x{{{ord(c):02X}}}" for c in recipient.address)
    return f"ORCPT=utf-8;{''.join(plain)}"


def _own_words(enhanced: str, text: str) -> ProviderFacts:
    """What we found ourselves, before the relay could say it."""
    return ProviderFacts(name=PROVIDER, enhanced_code=enhanced, text=text)
