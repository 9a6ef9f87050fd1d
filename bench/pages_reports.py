"""How fast the pages with figures are: `python -m bench.pages_reports [--deliveries 1000000]`.

A month of tallies and so many deliveries are put into an embedded store; then each page is asked for, in this process.
Printed are the medians by the clock, and of CPU, which a busy neighbour bends less. Reports read the tallies alone, so
that the number of deliveries makes no difference to them.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import math
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from retour import app, ids, limits
from retour.config import Settings
from retour.model import Sandbox, SandboxType
from retour.stores import tallies
from retour.stores.tallies import TallyKind
from retour.web.server import application

ORG, ADDRESS = "bench@Org", "ann@bench.example"
ROUNDS = 15
PAGES = (
    "overview",
    "feedback-webhooks",
    *(f"reports?period={period}" for period in ("1h", "24h", "7d", "30d")),
    "reports/csv?period=30d&report=latency",
)
CODES = (10, 15, 20, 21, 22, 24, 25, 30, 40, 50, 51, 52)
ANSWERS = {"200": 960, "202": 20, "503": 12, "500": 3, "timeout": 4, "connect_failed": 1}


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages_reports", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retour-bench-") as folder:
        asyncio.run(_run(Settings(data_dir=Path(folder) / "data"), asked.deliveries))


async def _run(settings: Settings, deliveries: int) -> None:
    sandbox, token = await _furnish(settings)
    counted = fill(settings.database_file, sandbox.id, ids.now(), deliveries)
    retour = await app.build(settings)
    transport = httpx.ASGITransport(app=application(retour))
    headers = {"sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as ann:
        await ann.post(f"/admin/sign-in/{token}")
        print(f"{counted:,} tallies, {deliveries:,} deliveries")
        for page in PAGES:
            await _measure(ann, f"/admin/{ORG}/dev/{page}")
    await retour.close()


async def _furnish(settings: Settings) -> tuple[Sandbox, str]:
    """A sandbox that somebody can sign in to."""
    retour = await app.build(settings)
    made = await retour.operator.init(ORG, "prod", ADDRESS)
    sandbox = await retour.shelves.sandbox(ORG, "dev")
    await retour.close()
    assert sandbox is not None
    assert sandbox.type is SandboxType.DEVELOPMENT
    return sandbox, made.sign_in_token


async def _measure(ann: httpx.AsyncClient, path: str) -> None:
    clock, spent, packed = [], [], 0
    for _ in range(ROUNDS):
        begun, burnt = time.perf_counter(), time.process_time()
        answer = await ann.get(path)
        clock.append((time.perf_counter() - begun) * 1_000)
        spent.append((time.process_time() - burnt) * 1_000)
        assert answer.status_code == 200, path
        packed = len(gzip.compress(answer.content))
    took, cpu = statistics.median(clock), statistics.median(spent)
    told = f"{took:6.1f} ms  CPU {cpu:6.1f} ms  {packed / 1_000:5.1f} kB packed"
    print(f"{path.removeprefix(f'/admin/{ORG}/dev/'):40} {told}")


def fill(file: Path, sandbox: str, now: int, deliveries: int) -> int:
    """A month of counts, minutes for the last day and hours before it, and deliveries; how many counts."""
    db = sqlite3.connect(file)
    with db:
        counts = list(_counts(sandbox, now, random.Random(7)))
        db.executemany(
            "INSERT INTO tally (sandbox, width, at, kind, key, part, n) VALUES (?,?,?,?,?,'',?)", counts
        )
        db.executemany(
            "INSERT INTO delivery (sandbox, message_id, sequence, replay, id, event_id, request_id, feedback_status,"
            " format, ordered, state, due_at, created_at, settled_at, attempts, last_code)"
            " VALUES (?, ?, 1, '', ?, ?, 'r', 'sent', 'extended', 0, ?, ?, ?, ?, 1, 200)",
            _deliveries(sandbox, now, deliveries),
        )
    db.close()
    return len(counts)


def _counts(sandbox: str, now: int, dice: random.Random) -> Iterator[tuple[str, str, int, str, str, int]]:
    """A day of minutes, thirty and thirty days before it of hours: busier by day, and a bad hour in each week."""
    hour = now - now % limits.HOUR
    first = hour - limits.DAY
    for at in range(first, now, limits.MINUTE):
        yield from ((sandbox, "minute", at, kind, key, n) for kind, key, n in _step(at, first, 60, dice))
    for at in range(first - 60 * limits.DAY, first, limits.HOUR):
        yield from ((sandbox, "hour", at, kind, key, n) for kind, key, n in _step(at, first, 3_600, dice))


def _step(at: int, first: int, seconds: int, dice: random.Random) -> Iterator[tuple[str, str, int]]:
    """What is counted in a minute or an hour."""
    wave = 1 + math.sin(at / limits.DAY * math.tau) * 0.5
    for channel, weight in (("email", 0.4), ("sms", 0.1)):
        sent = int(seconds * weight * wave * dice.uniform(0.9, 1.1)) + 1
        yield TallyKind.ACCEPTED, channel, sent + 2
        yield TallyKind.FEEDBACK, f"{channel}:sent", sent
        yield TallyKind.FEEDBACK, f"{channel}:delivered", int(sent * 0.92)
        yield TallyKind.FEEDBACK, f"{channel}:bounce", max(sent // 30, 1)
        yield TallyKind.FEEDBACK, f"{channel}:error", max(sent // 90, 1)
        for code in dice.sample(CODES, 4):
            yield TallyKind.REASON, f"{channel}:bounce:{code}", max(sent // 120, 1)
    bad = (at // limits.HOUR) % 168 == (first // limits.HOUR - 9) % 168
    tries = int(seconds * wave)
    for answer, weight in ANSWERS.items():
        share = weight / 1_000 if not bad else (0.8 if answer == "200" else 0.2 if answer == "503" else 0)
        if number := int(tries * share * dice.uniform(0.8, 1.2)):
            yield TallyKind.ANSWER, answer, number
    middle = tallies.bucket_of(900 if bad else 80)
    for number in range(-8, 16):
        n = int(tries * math.exp(-abs(number) / 3) / 6)
        if n:
            yield TallyKind.LATENCY, str(middle + number), n


def _deliveries(sandbox: str, now: int, count: int) -> Iterator[tuple[object, ...]]:
    """Accepted, but one in ten thousand that was given up."""
    for number in range(count):
        at = now - (count - number) * limits.SECOND
        state = "exhausted" if number % 10_000 == 0 else "accepted"
        name = f"{at // 1_000:012x}-{number:012x}"
        yield sandbox, name, name, name, state, at, at, at


if __name__ == "__main__":
    main()
