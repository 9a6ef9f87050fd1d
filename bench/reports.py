"""`python -m bench.reports` (with `PYTHONPATH=tests`): what mail that comes back costs, in CPU and memory.

Reading and meaning of every specimen of the tests; notices by LMTP to the committed event; and large hostile mails by
LMTP, which are refused (25 MB) or read (9 MB). The mails are sent by another process, whose CPU does not count.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import structlog

from bench.measure import MEGABYTE, percentiles
from cast import House, a_house, until
from mailreports.mails import dsn
from retour import limits
from retour.channels import Receipt
from retour.config import MailListener
from retour.mailin import receiving
from retour.mailreports import meaning_of, read
from retour.marks import Place
from retour.model import Fact, FeedbackStatus, RecipientStatus
from rooms.steps import Script

SPECIMENS = Path(__file__).parents[1] / "tests" / "mailreports"
NOTICES = 2_000
CONNECTIONS = 8
ROUNDS = 20
REFUSED, READ = 25_000_000, 9_000_000
GOALS = {"p99": 3.0, "cpu": 200.0, "memory": 60.0}  # ms, ms, MB
HEAD = b"From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n"
GONE = "Final-Recipient: rfc822; {}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user"
NESTED = b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
ODD = b"--a\r\nContent-Type: text/plain; charset=x-user-defined\r\nContent-Transfer-Encoding: base64\r\n\r\n\xff=\r\n"

HOSTILE: dict[str, tuple[bytes, bytes]] = {
    "nested parts": (b"Content-Type: multipart/mixed; boundary=a\r\n\r\n", NESTED),
    "one header": (b"X-Long: ", b"a" * 1_000),
    "many headers": (b"", b"X-Many: =?utf-8?b?w6k=?=\r\n"),
    "folded header": (b"X-Folded: a\r\n", b" =?iso-2022-jp?b?GyRC?=\r\n"),
    "empty lines": (b"\r\n", b"\r\n"),
    "lines of dots": (b"\r\n", b"..\r\n"),
    "one line": (b"\r\n", b"<a@b.example> 550 5.1.1 "),
    "broken charsets": (b"Content-Type: multipart/mixed; boundary=a\r\n\r\n", ODD),
    "open tags": (b"Content-Type: text/html\r\n\r\n", b"<p <script "),
    "zeros": (b"\r\n", b"\0" * 1_000),
}
"""Name -> how it begins after the first headers, and what is repeated."""


class Cost(NamedTuple):
    """Of one hostile mail: what was answered, CPU in ms, memory above what was held before in MB."""

    name: str
    size: int
    answer: str
    cpu: float
    memory: float


def main() -> None:
    """Measure, then print."""
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description=__doc__)
    parser.add_argument("--notices", type=int, default=NOTICES, help=f"sent by LMTP ({NOTICES:,})")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    _print_reading(_reading())
    with tempfile.TemporaryDirectory(prefix="retour-bench-") as folder:
        asyncio.run(_by_lmtp(Path(folder), asked.notices))


# --- reading ---


def _reading() -> list[int]:
    """Nanoseconds of CPU for each specimen: the least of some rounds."""
    mails = [path.read_bytes() for path in sorted(SPECIMENS.rglob("*.eml"))]
    return [min(_timed(mail) for _ in range(ROUNDS)) for mail in mails]


def _timed(mail: bytes) -> int:
    started = time.thread_time_ns()
    for said in read(mail).told:
        meaning_of(said)
    return time.thread_time_ns() - started


def _print_reading(costs: Sequence[int]) -> None:
    found = percentiles(costs)
    print(f"reading and meaning of {len(costs)} specimens, CPU ms a mail:")
    print(f"  p50 {found.p50:.2f}, p95 {found.p95:.2f}, p99 {found.p99:.2f}{_over(found.p99, 'p99')}")


def _over(value: float, goal: str) -> str:
    return f"  (goal {GOALS[goal]:g})" + ("" if value < GOALS[goal] else " MISSED")


# --- by LMTP ---


async def _by_lmtp(folder: Path, notices: int) -> None:
    limits.RETURNED_MAIL_RATE = 1_000_000
    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as elsewhere:
        async with _listening(folder) as (house, port):
            addresses = await _sent(house, notices)
            await _in_another(elsewhere, partial(_talk, port, []))  # it has started
            await _print_notices(house, elsewhere, port, addresses)
            print("hostile mails by LMTP:")
            for size in (REFUSED, READ):
                for name in HOSTILE:
                    send = partial(_hostile, port, addresses[0], name, size)
                    _print_cost(await _cost(elsewhere, name, size, send))


@asynccontextmanager
async def _listening(folder: Path) -> AsyncIterator[tuple[House, int]]:
    async with (
        a_house(folder) as house,
        receiving(house.retour.reports, (MailListener("lmtp", "127.0.0.1", 0),)) as ports,
    ):
        yield house, ports[0]


async def _sent(house: House, count: int) -> list[str]:
    """So many messages that a relay took; their return paths."""
    sent = Fact(status=FeedbackStatus.SENT, key="sent")
    house.retour.channels["simulated"] = Script(otherwise=Receipt(facts=(sent,)))
    campaign = await house.campaign(await house.simulated())
    marks, messages = house.retour.reports.marks, []
    async with house.working():
        executions = [await house.execute(campaign, f"user{n}@acme.example") for n in range(count)]
        for execution in executions:
            messages.append(await _taken(house, execution.id))
    return [f"bounce+{marks.of(house.dev.id, message)}@back.luma.example" for message in messages]


async def _taken(house: House, execution_id: str) -> str:
    """The id of its message, once it was sent."""

    async def so() -> bool:
        ((_, _, status),) = await house.retour.shelves.recipients(house.dev.id, execution_id)
        return status is RecipientStatus.SENT

    await until(so, 120)
    ((message, _, _),) = await house.retour.shelves.recipients(house.dev.id, execution_id)
    return message


async def _in_another(elsewhere: ProcessPoolExecutor, work: Callable[[], list[str]]) -> list[str]:
    return await asyncio.get_running_loop().run_in_executor(elsewhere, work)


async def _print_notices(
    house: House, elsewhere: ProcessPoolExecutor, port: int, addresses: list[str]
) -> None:
    mails = [(path, dsn(GONE.format(f"user{n}@acme.example"))) for n, path in enumerate(addresses)]
    before, started = time.process_time(), time.monotonic()
    answers = await _in_another(elsewhere, partial(_talk, port, mails))
    cpu, took = time.process_time() - before, time.monotonic() - started
    good = sum(answer.startswith("250 2.0.0 Reported") for answer in answers)
    last = house.retour.reports.marks.read_address(addresses[-1])
    assert isinstance(last, Place)
    events = await house.retour.shelves.events(*last)
    assert (good, len(events)) == (len(addresses), 2), answers[:3]
    print(f"notices by LMTP to the committed event, {good:,} over {CONNECTIONS} connections:")
    print(f"  {1000 * cpu / good:.2f} CPU ms each, {good / took:,.0f} a second by the clock")


async def _cost(elsewhere: ProcessPoolExecutor, name: str, size: int, send: Callable[[], list[str]]) -> Cost:
    gc.collect()
    _begin_the_peak_anew()
    held, before = _status("VmRSS"), time.process_time()
    (answer,) = await _in_another(elsewhere, send)
    cpu = 1000 * (time.process_time() - before)
    return Cost(name, size, answer, cpu, max(0.0, _status("VmHWM") - held))


def _begin_the_peak_anew() -> None:
    """That of VmHWM, see proc(5)."""
    Path("/proc/self/clear_refs").write_text("5")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / MEGABYTE


def _print_cost(cost: Cost) -> None:
    missed = " MISSED" if cost.cpu >= GOALS["cpu"] or cost.memory >= GOALS["memory"] else ""
    print(
        f"  {cost.name:<16} {cost.size / 1e6:3.0f} MB  {cost.cpu:5.0f} ms  {cost.memory:5.1f} MB  "
        f"{cost.answer[:46]}{missed}"
    )


# --- in the other process ---


def _talk(port: int, mails: list[tuple[str, bytes]]) -> list[str]:
    """Sends all, over some connections at once; the answers."""
    shares = [mails[n::CONNECTIONS] for n in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        told = threads.map(partial(_connection, port), [share for share in shares if share])
        return [answer for answers in told for answer in answers]


def _connection(port: int, mails: list[tuple[str, bytes]]) -> list[str]:
    with _Talk(port) as talk:
        return [talk.mail(path, [content.replace(b"\n", b"\r\n")]) for path, content in mails]


def _hostile(port: int, path: str, name: str, size: int) -> list[str]:
    with _Talk(port) as talk:
        return [talk.mail(path, _pieces(name, size))]


def _pieces(name: str, size: int) -> Iterator[bytes]:
    """The mail, in pieces of about a megabyte."""
    beginning, again = HOSTILE[name]
    yield HEAD + beginning
    piece = again * (1_000_000 // len(again))
    for _ in range(size // len(piece)):
        yield piece


class _Talk:
    """A conversation by LMTP."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")
        self._hear()
        self._say("LHLO bench")

    def __enter__(self) -> _Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def mail(self, path: str, pieces: Iterator[bytes] | list[bytes]) -> str:
        """A whole mail; the answer to its end."""
        for line in ("MAIL FROM:<>", f"RCPT TO:<{path}>", "DATA"):
            answer = self._say(line)
            assert answer[:1] in "23", answer
        for piece in pieces:
            self._socket.sendall(piece)
        self._socket.sendall(b"\r\n.\r\n")
        return self._hear()

    def _say(self, line: str) -> str:
        self._socket.sendall(line.encode() + b"\r\n")
        return self._hear()

    def _hear(self) -> str:
        while (line := self._answers.readline().decode())[3:4] == "-":
            pass
        return line.strip()


if __name__ == "__main__":
    main()
