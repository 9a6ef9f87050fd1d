"""An SMSC for tests: a server of SMPP 3.4 on 127.0.0.1 that does what a test tells it to."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import smpp34

NAMES = {0x04: "submit", 0x06: "unbind", 0x09: "bind", 0x15: "enquire"}
STATES = {
    "ENROUTE": 1,
    "DELIVRD": 2,
    "EXPIRED": 3,
    "DELETED": 4,
    "UNDELIV": 5,
    "ACCEPTD": 6,
    "UNKNOWN": 7,
    "REJECTD": 8,
}
SYSTEM_ID = "TESTSMSC"


@dataclass
class Conduct:
    """What the SMSC does: by name of the command. statuses: of its answers; those of a submit also by destination.

    hang: takes it and says nothing. drop: cuts the connection instead of answering.
    """

    statuses: dict[str, int] = field(default_factory=dict)
    hang: set[str] = field(default_factory=set)
    drop: set[str] = field(default_factory=set)
    password: str = "secret"
    message_id: Callable[[int], str] = "m{}".format


class Smsc:
    """A listening SMSC: what it was told, what it saw, and a way to wait for that."""

    def __init__(self, conduct: Conduct) -> None:
        self.conduct = conduct
        self.host, self.port = "127.0.0.1", 0
        self.binds: list[tuple[str, str, str]] = []
        self.submits: list[smpp34.SubmitSm] = []
        self.commands: list[str] = []
        self.most_waiting = 0
        self._ids = 0
        self._sequence = 0
        self._hung: list[tuple[_Peer, int, str]] = []
        self._changed = asyncio.Condition()
        self.open: list[_Peer] = []
        self.bound: list[_Peer] = []

    async def until(self, what: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait for `what()` to become true."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(what)

    async def submitted(self, number: int) -> None:
        """Wait until so many submits came."""
        await self.until(lambda: len(self.submits) >= number)

    async def has_bound(self, times: int = 1) -> None:
        """Wait until it was bound so often, and is."""
        await self.until(lambda: len(self.binds) >= times and self.bound)

    async def deliver(
        self, text: bytes, *, esm_class: int = 0, coding: int = 0, tlvs: tuple[tuple[int, bytes], ...] = (),
        sender: str = "4915112345670", to: str = "15550100",
    ) -> int | None:  # fmt: skip
        """Send a deliver_sm on the newest session: the status of its answer, None where the connection ended."""
        self._sequence += 1
        made = smpp34.DeliverSm(
            sender, to, text, source_addr_ton=1, dest_addr_ton=1, esm_class=esm_class, data_coding=coding,
            sequence_number=self._sequence, tlvs=[smpp34.Tlv(tag, value) for tag, value in tlvs],
        )  # fmt: skip
        return await self.bound[-1].request(self._sequence, made.encode())

    async def receipt(self, message_id: str, stat: str, err: str = "000", *, tlvs: bool = True) -> int | None:
        """Send a receipt: its text, and the same as TLVs."""
        done = int(stat == "DELIVRD")
        dates = "submit date:2611302100 done date:2611302101"
        text = f"id:{message_id} sub:001 dlvrd:{done:03} {dates} stat:{stat} err:{err}"
        more = ((0x001E, message_id.encode() + b"\0"), (0x0427, bytes([STATES[stat]]))) if tlvs else ()
        return await self.deliver(f"{text} text:Hi Ann".encode(), esm_class=4, tlvs=more)

    async def send_raw(self, raw: bytes) -> None:
        """Send anything on the newest session."""
        self.bound[-1].writer.write(raw)

    async def unbind(self) -> int | None:
        """Ask the newest session to go, and cut it when it has answered."""
        self._sequence += 1
        peer = self.bound[-1]
        status = await peer.request(self._sequence, struct.pack("!IIII", 16, 0x06, 0, self._sequence))
        peer.writer.close()
        return status

    async def answer_hung(self) -> None:
        """Answer the submits that it took in silence."""
        hung, self._hung = self._hung, []
        for peer, sequence, message_id in hung:
            peer.answer(0x04, sequence, 0, message_id.encode() + b"\0")

    async def hang_up(self) -> None:
        """Cut every connection, and see them gone."""
        for peer in self.open:
            peer.writer.transport.abort()
        await self.until(lambda: not self.open)

    async def note(self) -> None:
        """Something happened: wake who waits for it."""
        async with self._changed:
            self._changed.notify_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        peer = _Peer(writer)
        self.open.append(peer)
        try:
            while True:
                head = await reader.readexactly(16)
                length, command, status, sequence = struct.unpack("!IIII", head)
                raw = head + await reader.readexactly(length - 16)
                if command & 0x80000000:
                    peer.answered(sequence, status)
                else:
                    await self._take(peer, command, sequence, raw)
        except (OSError, EOFError, _Dropped):
            pass
        finally:
            self.open.remove(peer)
            if peer in self.bound:
                self.bound.remove(peer)
            peer.gone()
            writer.close()
            await self.note()

    async def _take(self, peer: _Peer, command: int, sequence: int, raw: bytes) -> None:
        name = NAMES[command]
        self.commands.append(name)
        status, body = self._status(peer, name, raw)
        if name in self.conduct.drop:
            peer.writer.transport.abort()
            raise _Dropped
        if name not in self.conduct.hang:
            peer.answer(command, sequence, status, body)
        elif name == "submit":
            self._hung.append((peer, sequence, body[:-1].decode()))
            self.most_waiting = max(self.most_waiting, len(self._hung))
        await self.note()

    def _status(self, peer: _Peer, name: str, raw: bytes) -> tuple[int, bytes]:
        status = self.conduct.statuses.get(name, 0)
        if name == "bind":
            return self._bind(peer, raw, status), SYSTEM_ID.encode() + b"\0"
        if name != "submit":
            return status, b""
        submit = smpp34.decode(raw)
        assert isinstance(submit, smpp34.SubmitSm)
        self.submits.append(submit)
        status = self.conduct.statuses.get(submit.destination_addr, status)
        self._ids += not status
        return status, b"" if status else self.conduct.message_id(self._ids).encode() + b"\0"

    def _bind(self, peer: _Peer, raw: bytes, status: int) -> int:
        system_id, password, system_type = (word.decode() for word in raw[16:].split(b"\0")[:3])
        self.binds.append((system_id, password, system_type))
        status = status or (0 if password == self.conduct.password else 0x0E)
        if not status and "bind" not in self.conduct.hang | self.conduct.drop:
            self.bound.append(peer)
        return status


class _Dropped(Exception):
    """It was told to cut the connection."""


class _Peer:
    """Who is connected."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._asked: dict[int, asyncio.Future[int | None]] = {}

    def answer(self, command: int, sequence: int, status: int, body: bytes) -> None:
        self.writer.write(struct.pack("!IIII", 16 + len(body), command | 0x80000000, status, sequence) + body)

    async def request(self, sequence: int, raw: bytes) -> int | None:
        asked: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._asked[sequence] = asked
        self.writer.write(raw)
        async with asyncio.timeout(10):
            return await asked

    def answered(self, sequence: int, status: int) -> None:
        if sequence in self._asked:
            self._asked.pop(sequence).set_result(status)

    def gone(self) -> None:
        for asked in self._asked.values():
            asked.set_result(None)
        self._asked.clear()


@asynccontextmanager
async def smsc(
    conduct: Conduct | None = None, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Smsc]:
    """An SMSC that runs while it is open; on a port of before, one that was restarted."""
    made = Smsc(conduct or Conduct())
    server = await asyncio.start_server(made.serve, "127.0.0.1", port, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        with suppress(TimeoutError):
            await made.hang_up()
        await server.wait_closed()
