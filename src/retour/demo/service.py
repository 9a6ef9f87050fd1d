"""The product as a process of its own: `retour init`, then `retour serve`, on a throw-away data directory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import msgspec

from retour.client import Client, Credentials
from retour.demo.cases import DEV, PROD
from retour.errors import RetourError

HOST = "127.0.0.1"
ORGANIZATION = "LumaDemo"
START_SECONDS = 30.0
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.1  # between two looks whether it is ready
SHOWN_LINES = 20  # of what it said before it died


class ServeError(RetourError):
    """`retour init` or `retour serve` failed; holds its last words."""


class Made(msgspec.Struct, frozen=True, rename="camel"):
    """What `retour init --json` prints (and maybe more)."""

    ims_org: str
    client_id: str
    client_secret: str
    admin_url: str


class ServeProcess:
    """An async context around `retour serve`. environment: more RETOUR_ variables."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._listen = f"{HOST}:{_free_port()}"
        self._errors = folder / "serve.err"
        self._environment = _clean_environment() | {
            "RETOUR_DATA_DIR": str(folder / "data"),
            "RETOUR_LISTEN": self._listen,
            **environment,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._made: Made | None = None

    async def __aenter__(self) -> ServeProcess:
        self._made = await self._init()
        with self._errors.open("wb") as errors:
            self._process = await self._spawn("serve", stdout=errors, stderr=errors)
        try:
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def made(self) -> Made:
        """What `init` made."""
        if self._made is None:
            raise ServeError("retour init has not run yet.")
        return self._made

    def client(self, sandbox: str) -> Client:
        """The API in one sandbox."""
        credentials = Credentials(
            base_url=f"http://{self._listen}",
            ims_org=self.made.ims_org,
            sandbox_name=sandbox,
            client_id=self.made.client_id,
            client_secret=self.made.client_secret,
        )
        return Client(credentials)

    def clients(self) -> dict[str, Client]:
        """Both sandboxes; a credential belongs to the organization."""
        return {sandbox: self.client(sandbox) for sandbox in (PROD, DEV)}

    def check_alive(self) -> None:
        """Raises ServeError with its last words once `serve` has ended."""
        if self._process is not None and self._process.returncode is not None:
            words = _last_words(self._errors.read_bytes())
            raise ServeError(f"retour serve ended with code {self._process.returncode}:\n{words}")

    async def explain(self) -> None:
        """A call was not answered: raises ServeError if `serve` is ending or has ended."""
        await self._ended(LOOK_SECONDS)
        self.check_alive()

    async def stop(self) -> None:
        """Ask it to end, and make it end. What it has under way is finished before."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _init(self) -> Made:
        pipe = asyncio.subprocess.PIPE
        arguments = ("init", "--org", ORGANIZATION, "--sandbox", PROD, "--json")
        process = await self._spawn(*arguments, stdout=pipe, stderr=pipe)
        try:
            out, errors = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            raise
        if process.returncode:
            raise ServeError(f"retour init ended with code {process.returncode}:\n{_last_words(errors)}")
        return msgspec.json.decode(out, type=Made)

    async def _spawn(self, *arguments: str, stdout: object, stderr: object) -> asyncio.subprocess.Process:
        """In a group of its own: Ctrl-C is for us, and we end it in order."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "retour",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,  # type: ignore[arg-type]  # int or file; the stubs name a private type
            stderr=stderr,  # type: ignore[arg-type]
            env=self._environment,
            start_new_session=True,
        )

    async def _until_ready(self) -> None:
        client = self.client(PROD)
        end = time.monotonic() + START_SECONDS
        while not await asyncio.to_thread(client.ready):
            self.check_alive()
            if time.monotonic() > end:
                words = _last_words(self._errors.read_bytes())
                raise ServeError(f"retour serve was not ready after {START_SECONDS:.0f} s:\n{words}")
            await self._ended(LOOK_SECONDS)

    async def _ended(self, within: float) -> None:
        """Wait until it ended, at most `within` seconds."""
        if self._process is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), within)


def _clean_environment() -> dict[str, str]:
    """Ours without settings of another service."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RETOUR_")}


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


def _last_words(errors: bytes) -> str:
    return "\n".join(errors.decode(errors="replace").splitlines()[-SHOWN_LINES:])
