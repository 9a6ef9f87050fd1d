"""Mail systems hand over what comes back: by LMTP and SMTP, on real sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from cast import House
from mailreports.mails import dsn
from retour import ids, limits, mailin
from retour.channels import Receipt
from retour.config import MailListener
from retour.errors import ConfigError
from retour.mailin import receiving
from retour.marks import Place
from retour.model import Fact, FeedbackStatus
from retour.stores.sqlite import SqliteStore
from rooms.steps import Script, message_of, send_due, told_of

TO_BOB = "Final-Recipient: rfc822; bob@acme.example\n"
GONE = TO_BOB + "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user"
LISTENERS = (MailListener("lmtp", "127.0.0.1", 0), MailListener("smtp", "127.0.0.1", 0))


@dataclass
class Talk:
    """A conversation with one of the listeners."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, line: bytes | str) -> str:
        """A line, and the last line of the answer."""
        self.writer.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return await self.hear()

    async def hear(self) -> str:
        """The last line of an answer."""
        async with asyncio.timeout(20):
            while (line := (await self.reader.readline()).decode())[3:4] == "-":
                pass
        return line.strip()

    async def mail(self, to: str, content: bytes) -> str:
        """A whole mail; the answer to the first command that is refused, else to its end."""
        for line in ("MAIL FROM:<>", f"RCPT TO:<{to}>", "DATA"):
            answer = await self.say(line)
            if answer[0] not in "23":
                return answer
        lines = content.replace(b"\r\n", b"\n").split(b"\n")
        stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
        return await self.say(stuffed + b"\r\n.")


@dataclass
class Door:
    """Where mail is taken, and Ann's message to Bob, which was sent."""

    house: House
    ports: list[int]
    message: str
    talks: list[Talk] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The message's return path."""
        return (
            f"bounce+{self.house.retour.reports.marks.of(self.house.dev.id, self.message)}@back.luma.example"
        )

    async def by(self, place: int) -> Talk:
        """A conversation by LMTP (0) or SMTP (1), past the greetings."""
        talk = await self.connect(self.ports[place])
        await talk.hear()
        await talk.say("LHLO mx.example" if place == 0 else "EHLO mx.example")
        return talk

    async def connect(self, port: int) -> Talk:
        """A connection, with nothing said yet."""
        self.talks.append(Talk(*await asyncio.open_connection("127.0.0.1", port)))
        return self.talks[-1]

    async def close(self) -> None:
        """Hang up everywhere."""
        for talk in self.talks:
            talk.writer.close()
            with suppress(ConnectionError):
                await talk.writer.wait_closed()

    async def told(self) -> list[str]:
        """What was recorded of the message."""
        return await told_of(self.house, self.message)


@pytest.fixture
async def door(house: House) -> AsyncIterator[Door]:
    """Both listeners."""
    house.retour.channels["simulated"] = Script(
        otherwise=Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),))
    )
    configuration = await house.simulated()
    execution = await house.execute(await house.campaign(configuration), "bob@acme.example")
    await send_due(house, configuration)
    async with receiving(house.retour.reports, LISTENERS) as ports:
        made = Door(house, ports, await message_of(house, execution.id))
        yield made
        await made.close()


@pytest.mark.parametrize("place", [0, 1])
async def test_a_bounce_is_taken_and_told(door: Door, place: int) -> None:
    talk = await door.by(place)
    assert (await talk.mail(door.path, dsn(GONE)))[:3] == "250"
    assert await door.told() == ["sent", "bounce"]


async def test_several_mails_go_by_one_connection(door: Door) -> None:
    talk = await door.by(0)
    answers = [await talk.mail(door.path, dsn(GONE, words=words)) for words in ("one", "two", "three")]
    assert [answer[:3] for answer in answers] == ["250"] * 3
    assert (await talk.say("QUIT"))[:3] == "221"


async def test_mail_for_nobody_is_refused_for_good_before_it_is_read(door: Door) -> None:
    talk = await door.by(1)
    for address in ("ann@acme.example", f"bounce+{'a' * 56}@back.luma.example", "bounce+@x", "postmaster@x"):
        assert (await talk.say("MAIL FROM:<>"))[:3] == "250"
        assert await talk.say(f"RCPT TO:<{address}>") == mailin.UNKNOWN
        await talk.say("RSET")


async def test_a_second_recipient_is_asked_to_come_by_itself(door: Door) -> None:
    talk = await door.by(0)
    await talk.say("MAIL FROM:<>")
    await talk.say(f"RCPT TO:<{door.path}>")
    assert await talk.say(f"RCPT TO:<{door.path}>") == mailin.ONE_AT_A_TIME


async def test_dots_at_the_beginning_of_lines_are_as_they_were(door: Door) -> None:
    talk = await door.by(0)
    mail = dsn(GONE, words=".one\n..two\n...three").replace(b"\n", b"\r\n")
    await talk.mail(door.path, mail)
    (kept,) = await door.house.retour.returned.returned_mails(door.house.dev.id, door.message)
    read = await door.house.retour.reports.reads(Place(door.house.dev.id, door.message), kept.id)
    assert read is not None
    assert read.rstrip(b"\r\n") == mail.rstrip(b"\r\n")


async def test_lines_without_end_and_a_mail_of_nine_megabytes_are_read(door: Door) -> None:
    talk = await door.by(0)
    assert (await talk.mail(door.path, dsn(GONE) + b"x" * 9_000_000))[:3] == "250"
    assert await door.told() == ["sent", "bounce"]
    (kept,) = await door.house.retour.returned.returned_mails(door.house.dev.id, door.message)
    assert kept.size > 9_000_000


async def test_what_is_larger_than_the_limit_is_refused_and_little_of_it_held(door: Door) -> None:
    talk = await door.by(1)
    assert (
        await talk.mail(door.path, dsn(GONE) + b"\n" * (limits.RETURNED_MAIL_BYTES // 2 + 1))
        == mailin.TOO_LARGE
    )
    assert await door.told() == ["sent"]
    assert (await talk.mail(door.path, dsn(GONE)))[:3] == "250"


async def test_another_mail_behind_the_end_of_the_first_is_not_smuggled_in(door: Door) -> None:
    talk = await door.by(1)
    for line in ("MAIL FROM:<>", f"RCPT TO:<{door.path}>", "DATA"):
        await talk.say(line)
    hidden = f"x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<{door.path}>\r\n"
    assert await talk.say(hidden) == mailin.SMUGGLED
    assert await talk.reader.read() == b""


@pytest.mark.parametrize("end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n"])
async def test_only_the_end_of_the_standard_ends_a_mail(door: Door, end: bytes) -> None:
    talk = await door.by(1)
    for line in ("MAIL FROM:<>", f"RCPT TO:<{door.path}>", "DATA"):
        await talk.say(line)
    talk.writer.write(b"From: MAILER-DAEMON@x" + end + b"QUIT")
    assert (await talk.say(b"\r\n."))[:3] == "250"
    assert (await talk.say("NOOP"))[:3] == "250"


async def test_while_the_store_is_busy_the_mail_is_to_come_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, released = door.house.retour.store, threading.Event()
    assert isinstance(store, SqliteStore)
    held = asyncio.ensure_future(store.between(lambda _: released.wait(20)))
    monkeypatch.setattr(limits, "COMMIT_SECONDS", 0.05)
    talk = await door.by(0)
    assert await talk.mail(door.path, dsn(GONE)) == mailin.BUSY
    monkeypatch.undo()
    released.set()
    await held
    assert (await talk.mail(door.path, dsn(GONE)))[:3] == "250"
    assert await door.told() == ["sent", "bounce"]


async def test_more_mails_a_second_than_are_taken_are_to_come_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = ids.now()
    monkeypatch.setattr(ids, "now", lambda: now)
    monkeypatch.setattr(limits, "RETURNED_MAIL_RATE", 2)
    async with receiving(door.house.retour.reports, LISTENERS[:1]) as ports:
        door.ports = ports
        talk = await door.by(0)
        answers = [await talk.mail(door.path, dsn(GONE, words=words)) for words in ("one", "two", "three")]
    assert [answer == mailin.TOO_FAST for answer in answers] == [False, False, True]


async def test_more_connections_than_are_served_are_to_come_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RETURNED_MAIL_CONNECTIONS", 1)
    await door.by(0)
    late = await door.connect(door.ports[1])
    assert (await late.hear())[:3] == "421"


async def test_a_port_that_is_taken_is_told(door: Door) -> None:
    with pytest.raises(ConfigError, match="RETOUR_MAIL_LISTEN"):
        async with receiving(door.house.retour.reports, (MailListener("lmtp", "127.0.0.1", door.ports[0]),)):
            pass
