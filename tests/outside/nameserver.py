"""A name server for tests that says what it is told to: another answer each time, several at once, or nothing.

    async with naming({"hooks.test": [["93.184.216.34"], ["127.0.0.1"]]}) as names:    # first this, then that
        DnsResolver(servers=(names.address,))

A name mapped to None is never answered; to [[]], it exists without addresses; an unknown name does not exist. An
answer with a space is an MX record: `10 mx.hooks.test`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from dnslib import AAAA, MX, QTYPE, RCODE, RR, A, DNSRecord

Answers = Mapping[str, Sequence[Sequence[str]] | None]


class NameServer(asyncio.DatagramProtocol):
    """Answers A and AAAA; the last answer of a name is repeated. asked: how often, per (name, type)."""

    def __init__(self, answers: Answers, ttl: int = 0) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.address = ""
        self._answers = answers
        self._ttl = ttl

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Listening now."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.address = "{}:{}".format(*transport.get_extra_info("sockname")[:2])

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """A question."""
        question = DNSRecord.parse(data)
        name, kind = str(question.q.qname).rstrip(".").lower(), QTYPE[question.q.qtype]
        turn = self.asked[name, kind]
        self.asked[name, kind] += 1
        reply = self._reply(question, name, kind, turn)
        if reply is not None:
            self._transport.sendto(reply.pack(), addr)

    def _reply(self, question: Any, name: str, kind: str, turn: int) -> Any:
        reply = question.reply()
        if name not in self._answers:
            reply.header.rcode = RCODE.NXDOMAIN
            return reply
        answers = self._answers[name]
        if answers is None:
            return None
        for address in answers[min(turn, len(answers) - 1)]:
            preference, space, host = address.partition(" ")
            if space:
                if kind == "MX":
                    rdata = MX(host, int(preference))
                    reply.add_answer(RR(question.q.qname, QTYPE.MX, rdata=rdata, ttl=self._ttl))
                continue
            six = ":" in address
            if kind == ("AAAA" if six else "A"):
                data = AAAA(address) if six else A(address)
                reply.add_answer(RR(question.q.qname, question.q.qtype, rdata=data, ttl=self._ttl))
        return reply


@asynccontextmanager
async def naming(answers: Answers, ttl: int = 0) -> AsyncIterator[NameServer]:
    """A name server on a free port of 127.0.0.1. ttl 0: nobody keeps an answer."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(answers, ttl), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.close()
