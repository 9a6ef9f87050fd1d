"""`make fuzz`, or `python -m fuzz`: spoilt executions, templates, webhooks, SMTP replies. Ends with 1 if any failed.

A run is made again by its seed, one case of it by `--seed S --only KIND --first N --count 1`; ids and clocks differ.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from fuzz.executions import executions
from fuzz.replies import replies
from fuzz.running import Kind, Tally, run
from fuzz.templates import templates
from fuzz.webhooks import webhooks

KINDS: dict[str, Callable[[Path], AbstractAsyncContextManager[Kind]]] = {
    "executions": executions,
    "templates": templates,
    "webhooks": webhooks,
    "replies": replies,
}
COUNT = 100_000  # of all kinds together
TOLD = 20  # failures that are shown in full


async def fuzz(name: str, seed: int, count: int, first: int = 0) -> Tally:
    """So many cases of one kind, in a place of their own."""
    with tempfile.TemporaryDirectory(prefix="retour-fuzz-") as folder:
        async with KINDS[name](Path(folder)) as kind:
            return await run(kind, seed, count, first)


def main() -> int:
    """Run, and tell."""
    asked = _arguments()
    print(f"seed {asked.seed}", flush=True)
    failed = 0
    for name in asked.only or KINDS:
        tally = asyncio.run(fuzz(name, asked.seed, asked.count // len(asked.only or KINDS), asked.first))
        for failure in tally.failures[:TOLD]:
            print(f"--- {name}, case {failure.number}\n{failure.why}\n{failure.trail}")
        print(tally.line(), flush=True)
        failed += len(tally.failures)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="makes a run again; any")
    parser.add_argument("--count", type=int, default=COUNT, help=f"cases in all ({COUNT:,})")
    parser.add_argument("--first", type=int, default=0, help="the number of each kind's first case (0)")
    parser.add_argument(
        "--only", nargs="*", choices=[*KINDS], metavar="KIND", help=f"some of {', '.join(KINDS)}; all"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
