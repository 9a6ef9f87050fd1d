"""An SMSC that no one here wrote: npm's smpp, started with its script (smsc.mjs), told and heard line by line."""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from outside import npm
from outside.smsc import Conduct, Smsc

SCRIPT = Path(__file__).with_name("smsc.mjs")
PACKAGE = "smpp@0.5.1"


def package(folder: Path) -> Path:
    """The package, fresh from npm, with the script beside it."""
    shutil.copy(SCRIPT, folder)
    npm.install(folder, PACKAGE)
    return folder


class NodeSmsc:
    """The script, what it said, and a way to wait for that."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._changed = asyncio.Condition()
        self.events: list[dict[str, Any]] = []

    async def listen(self) -> None:
        """Everything that it says, to its end."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()

    async def do(self, what: str, **more: Any) -> None:
        """Tell it something, and hear that it did it."""
        assert self._process.stdin is not None
        done = len(self.all("did"))
        self._process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        await self.until(lambda: len(self.all("did")) > done)

    async def until(self, what: Callable[[], Any]) -> None:
        """Wait for `what()` to become true."""
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(what)

    async def submitted(self, number: int) -> None:
        """Wait until so many submits came."""
        await self.until(lambda: len(self.all("submit")) >= number)

    def all(self, event: str) -> list[dict[str, Any]]:
        """Events of a kind."""
        return [one for one in self.events if one["event"] == event]

    def taken(self) -> list[str]:
        """The states of the receipts that were taken, in order."""
        return [one["state"] for one in self.all("answered") if one["status"] == 0]

    @property
    def place(self) -> Smsc:
        """What a configuration has to know of it."""
        made = Smsc(Conduct())
        made.port = self.all("listening")[-1]["port"]
        return made


@asynccontextmanager
async def running(modules: Path, *arguments: str) -> AsyncIterator[NodeSmsc]:
    """The SMSC, while it is open."""
    process = await asyncio.create_subprocess_exec(
        "node", SCRIPT.name, *arguments, cwd=modules, stdin=PIPE, stdout=PIPE
    )
    made = NodeSmsc(process)
    listening = asyncio.create_task(made.listen())
    try:
        await made.until(lambda: made.all("listening"))
        yield made
    finally:
        assert process.stdin is not None
        with suppress(ConnectionError):
            process.stdin.close()
        await process.wait()
        await listening
