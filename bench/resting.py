"""`retour serve` with its rooms at rest, for the benchmark alone: what is accepted is committed and stays."""

from __future__ import annotations

import asyncio
from importlib import import_module

from retour.app import Retour


class Resting:
    """Stands where the worker stands, and takes nothing."""

    def __init__(self, retour: Retour) -> None:
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until stopped."""
        await self._stopping.wait()

    async def stop(self) -> None:
        """End."""
        self._stopping.set()


if __name__ == "__main__":
    serving = import_module("retour.cli.serve")
    vars(serving)["Worker"] = Resting
    serving.serve(args=[])
