"""The customer's HTTPS endpoint: verifies each event and keeps a log of its own, which the demo believes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from retour import certificates, ids, receiving
from retour.demo.cases import Break
from retour.model import Value
from retour.receiving import Answer, Checked, Expected, Incoming, Tally

HOST = "127.0.0.1"
FAILED = Answer(status=500, text="The front fell over after the event was logged (on purpose).")


class Entry(Value, frozen=True):
    """A line of the log: when, for which sandbox, what, and how often the same event came before."""

    at: int
    sandbox: str
    checked: Checked
    before: int


class Receiver:
    """An async context. `expect` says what each sandbox's webhook has to prove; until then all is refused.

    broken: what is damaged. notice: called with each line of the log.
    """

    def __init__(self, folder: Path, broken: Break | None, notice: Callable[[Entry], None]) -> None:
        self._broken = broken
        self._notice = notice
        self._expected: dict[str, Expected] = {}
        self._tally = Tally()
        self._news = asyncio.Event()
        self._damaged = False
        ca = certificates.ensure_ca(folder / certificates.FOLDER)
        self.ca_file = ca.path
        self._sock = socket.socket()
        self._sock.bind((HOST, 0))
        leaf = ca.issue(certificates.LOOPBACK_NAMES, folder / "leaf")
        self._endpoint = receiving.Endpoint(self._take, leaf, self._sock)
        self._port: int = self._sock.getsockname()[1]
        self.log: list[Entry] = []

    async def __aenter__(self) -> Receiver:
        await self._endpoint.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._endpoint.__aexit__(kind, error, trace)

    def url(self, sandbox: str) -> str:
        """Where the events of a sandbox go."""
        return f"https://{HOST}:{self._port}/{sandbox}"

    def expect(self, sandbox: str, expected: Expected) -> None:
        """From now on this is what a request of the sandbox has to prove."""
        self._expected[sandbox] = expected

    async def news(self, within: float) -> None:
        """Wait until something came, at most `within` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), within)
        self._news.clear()

    def _take(self, incoming: Incoming) -> Answer:
        sandbox = incoming.path.strip("/")
        if sandbox not in self._expected:
            return Answer(status=404, text="No webhook is expected here.")
        now = ids.now()
        checked = receiving.check(self._expected[sandbox], incoming.headers, incoming.body, now)
        if not self._loses(checked):
            self._write(Entry(at=now, sandbox=sandbox, checked=checked, before=self._tally.before(checked)))
        return FAILED if self._falls_over(checked) else receiving.answer_to(checked)

    def _write(self, entry: Entry) -> None:
        self.log.append(entry)
        self._news.set()
        self._notice(entry)

    def _loses(self, checked: Checked) -> bool:
        """drop-one: the first event is answered with 200 and then forgotten."""
        return self._broken is Break.DROP_ONE and checked.verified and self._once()

    def _falls_over(self, checked: Checked) -> bool:
        """duplicate: the first event is logged, but answered with 500, so that it comes again."""
        return self._broken is Break.DUPLICATE and checked.verified and self._once()

    def _once(self) -> bool:
        first, self._damaged = not self._damaged, True
        return first
