"""`retour serve` as a process of its own, on a data directory of the test: started, asked by REST, killed.

service = Service(tmp_path); service.init(); await service.start(); ...; service.kill(); await service.start()
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 20.0


class Service:
    """One service. `dev` and `prod` are the sandboxes that `retour init` makes."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "RETOUR_DATA_DIR": str(folder / "data"),
            "RETOUR_LISTEN": f"127.0.0.1:{self.port}",
            **environ,
        }
        self.known: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._token = ""

    def init(self) -> dict[str, str]:
        """Make the organization; what `retour init --json` printed."""
        command = [sys.executable, "-m", "retour", "init", "--json"]
        done = subprocess.run(command, env=self.environ, capture_output=True, check=True, text=True)
        self.known = json.loads(done.stdout)
        return self.known

    async def start(self) -> None:
        """Start it and wait until it takes calls."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "retour", "serve", env=self.environ, stdout=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient() as client:
            while not await self._ready(client):  # noqa: ASYNC110 - another process, which rings for nobody
                await asyncio.sleep(0.05)

    async def _ready(self, client: httpx.AsyncClient) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, "serve ended at its start"
        try:
            return (await client.get(self.url + "/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    async def kill(self) -> None:
        """As a power cut would: SIGKILL."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """As an operator would: SIGTERM; its exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        async with asyncio.timeout(30):
            return await process.wait()

    async def headers(self, client: httpx.AsyncClient, sandbox: str = "dev") -> dict[str, str]:
        """What every call carries."""
        if not self._token:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.known["clientId"],
                "client_secret": self.known["clientSecret"],
            }
            answer = await client.post(self.url + "/ims/token/v3", data=form)
            self._token = answer.json()["access_token"]
        return {
            "authorization": f"Bearer {self._token}",
            "x-api-key": self.known["clientId"],
            "x-gw-ims-org-id": self.known["imsOrg"],
            "x-sandbox-name": sandbox,
        }

    async def call(
        self, client: httpx.AsyncClient, method: str, path: str, body: Any = None, sandbox: str = "dev"
    ) -> Any:
        """One call that must succeed; its decoded answer."""
        headers = await self.headers(client, sandbox)
        answer = await client.request(method, self.url + path, json=body, headers=headers)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
