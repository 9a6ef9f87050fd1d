"""SMTP replies: a relay on loopback says anything, at any place of the conversation, to the real channel."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from channels.letters import channel, outgoing
from fuzz import spoiling
from fuzz.running import Broken
from outside.smtp import Conduct, Relay
from retour.channels import Receipt
from retour.channels.email_smtp import SmtpChannel
from retour.classify import TOLD_CHARACTERS, classify, last_word, parse_reply
from retour.model import Fact, FailureCategory, FeedbackStatus

PLACES = (b"220", b"EHLO", b"AUTH", b"MAIL", b"RCPT", b"DATA", b".", b"RSET")
GOOD = {
    b"EHLO": b"250-relay\r\n250-SIZE 1000000\r\n250-DSN\r\n250-AUTH PLAIN LOGIN\r\n250 SMTPUTF8\r\n",
    b"HELO": b"250 relay\r\n",
    b"AUTH": b"235 2.7.0 welcome\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
YES = b"250 2.0.0 Ok: queued as 4F2A91C03B\r\n"
QUIET_SECONDS = 0.03  # after an odd reply; who still waits then waits for ever
BUDGET_SECONDS = 10.0
CODES = (
    b"250", b"251", b"220", b"354", b"421", b"450", b"451", b"452", b"454", b"500", b"501", b"503", b"504", b"521",
    b"530", b"535", b"550", b"551", b"552", b"553", b"554", b"555", b"556", b"000", b"999", b"100", b"600", b"+25",
    b"-25", b" 25", b"2_5", b"25", b"5", b"", b"abc", b"5500", b"\xb2\xb3\xb9", b"55O",
)  # fmt: skip
SEPARATORS = (b" ", b" ", b" ", b"-", b"", b"\t", b"  ", b"\x00", b"/")
ENHANCED = (
    b"5.1.1", b"4.2.2", b"2.0.0", b"5.7.1", b"5.0.0", b"4.4.1", b"5.7.26", b"9.9.9", b"5.1", b"5.1.1.1", b"5.999.999",
    b"5.1.1000", b"-5.1.1", b"5..1", b"4.1.1", b"5.1.1:", b"#5.1.1", b"(5.1.1)", b"5.00001.1", "５.１.１".encode(), b"",
)  # fmt: skip
WORDS = (
    b"user unknown", b"mailbox full", b"<ann@acme.example>: Recipient address rejected: Access denied",
    b"greylisted, try again in 300 s", b"message too large", b"blocked using zen.spamhaus.org",
    b"Service unavailable; Client host [192.0.2.1] blocked", b"quota exceeded", b"timed out while receiving",
    b"DKIM verification failed", b"http://example.com/" + b"a" * 600, b"said: 550 5.1.1 no such user", b"a" * 10_000,
    b"<" * 5_000, b"@" * 5_000, b"a@" * 3_000, b"a." * 4_000, b"1." * 4_000, b"5.1.1 " * 1_500, b"550 " * 2_000,
    b"said: " * 1_500, b"after RCPT TO: " * 500, b" " * 8_000, b"(in reply to " * 700, b"\x00" * 100,
    b"\x1b[2J\x1b]0;x\x07", b"\xff\xfe\x80" * 50, b"\xed\xa0\x80",
    "Empfänger unbekannt".encode(), "收件人不存在".encode(),
    "\u202eexe.\u2028\u0085".encode(), "e\u0301".encode() * 2_000, "ﷺ".encode() * 1_000, "İ".encode() * 1_000, b"\r",
    b"\r\r", b"\n\n", b"queued as ABC", b"id=1ABCDE-000001-AA", b"",
)  # fmt: skip
ENDS = (b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"", b"\r\r\n", b"\x00\r\n")
PIECES = (
    b"\r\n",
    b"\n",
    b"\x00",
    b"\xff",
    b"250 ok\r\n",
    b"550-",
    b"-",
    b"5.1.1 ",
    b"<",
    b"@",
    b"\x0b",
    b"\x85",
)
DIGITS = re.compile(r"-?\d{1,4}")


class Place:
    """What the relay says oddly, and where."""

    def __init__(self) -> None:
        self.at = b""
        self.reply = b""
        self.hang_up = False


class Odd(asyncio.Protocol):
    """One connection of the relay: everything as it should be but for the one reply."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._rest = b""
        self._data = False
        self._quiet: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self._transport = transport
        self._say(b"220", b"220 relay ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer line by line, and the message at its end."""
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None
        self._rest += data
        while (end := self._rest.find(b"\r\n.\r\n" if self._data else b"\r\n")) >= 0:
            line, self._rest = self._rest[:end], self._rest[end + (5 if self._data else 2) :]
            self._answer(b"." if self._data else line[:4].upper())

    def connection_lost(self, error: Exception | None) -> None:
        """Of asyncio."""
        if self._quiet is not None:
            self._quiet.cancel()

    def _answer(self, verb: bytes) -> None:
        said = self._say(verb, GOOD.get(verb, YES))
        self._data = verb == b"DATA" and said.startswith(b"354")

    def _say(self, verb: bytes, usual: bytes) -> bytes:
        if verb != self._place.at:
            self._transport.write(usual)
            return usual
        self._transport.write(self._place.reply)
        if self._place.hang_up:
            self._transport.close()
        else:
            self._quiet = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._transport.close)
        return self._place.reply


class Replies:
    """See Kind."""

    name = "SMTP replies"

    def __init__(self, sender: SmtpChannel, relay: Relay, place: Place) -> None:
        self._sender = sender
        self._relay = relay
        self._place = place

    async def one(self, chance: Random, trail: list[Any]) -> str:
        """One letter, through a relay that is odd in one place; then the reply's text alone. See Kind."""
        self._place.at, self._place.reply = chance.choice(PLACES), _reply(chance)
        self._place.hang_up = chance.random() < 0.3
        trail += [self._place.at, self._place.hang_up, len(self._place.reply), self._place.reply]
        login = {"username": "ann", "password": "hush"} if self._place.at == b"AUTH" else {}
        smtp = {"username": login.get("username")}
        letter = outgoing(
            self._relay,
            smtp=smtp,
            password=login.get("password"),
            version=1 + bool(login),
            address="ann@acme.example",
        )
        receipt = await self._sender.send(letter, 1_795_521_600_000_000)
        trail.append(receipt)
        word = _judge(receipt, self._place)
        _classify(self._place.reply, chance)
        return word


def _judge(receipt: Receipt, place: Place) -> str:
    """One outcome, in words that can be kept and shown; what the relay did not take is not `sent`."""
    outcomes = [*receipt.facts, *filter(None, (receipt.soft, receipt.trouble))]
    if len(outcomes) != 1:
        raise Broken(f"not one outcome: {receipt}")
    _printable(receipt.trouble)
    if receipt.provider is not None:
        _printable(receipt.provider.text)
        _printable(receipt.provider.reference)
        if receipt.provider.code is not None and not DIGITS.fullmatch(receipt.provider.code):
            raise Broken(f"a code: {receipt.provider.code!r}")
    (found,) = outcomes
    if not isinstance(found, Fact):
        return "trouble" if receipt.trouble else "soft"
    if found.status is FeedbackStatus.SENT and place.at == b"." and b"25" not in place.reply:
        raise Broken("sent, and the relay did not take it")
    return found.status.value


def _classify(reply: bytes, chance: Random) -> None:
    """As a DSN's diagnostic, and with what the caller may know of it."""
    text = reply.decode("utf-8", "surrogateescape")
    code = chance.choice((None, 250, 421, 450, 550, 554, 0, 999))
    enhanced, told = parse_reply(code or 0, text)
    _printable(told)
    for final in (False, True):
        last_word(classify(code, enhanced, text, category=FailureCategory.ASYNC, final=final))


def _printable(text: str | None) -> None:
    if text is not None and (not text.isprintable() or len(text) > 2 * TOLD_CHARACTERS):
        raise Broken(f"words that can't be shown: {text!r}")


def _reply(chance: Random) -> bytes:
    """One to four lines, often of one code; one in three spoilt once more."""
    code = chance.choice(CODES)
    lines = []
    for left in reversed(range(chance.choice((1, 1, 2, 3, 40)))):
        mark = chance.choice(SEPARATORS) if chance.random() < 0.2 else (b"-" if left else b" ")
        said = chance.choice(CODES) if chance.random() < 0.1 else code
        enhanced = chance.choice(ENHANCED)
        lines.append(
            said + mark + enhanced + b" " * bool(enhanced) + chance.choice(WORDS) + chance.choice(ENDS)
        )
    reply = b"".join(lines)
    return spoiling.raw(reply, chance, PIECES) if chance.random() < 0.33 else reply


@asynccontextmanager
async def replies(folder: Path) -> AsyncIterator[Replies]:
    """The relay, and the channel in front of it."""
    place = Place()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Odd(place), "127.0.0.1", 0)
    known = Relay(Conduct(), None)
    known.host, known.port = server.sockets[0].getsockname()[:2]
    try:
        async with channel(budget_seconds=BUDGET_SECONDS) as sender:
            yield Replies(sender, known, place)
    finally:
        server.close()
        await server.wait_closed()
