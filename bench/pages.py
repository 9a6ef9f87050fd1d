"""`python -m bench.pages`: how long the list of deliveries takes on a large store, filter by filter.

A million deliveries by default (a minute or two to fill, some 2 GB). The times are those of whole pages, from the
request to the last byte of the answer, without a network.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

import httpx

from bench import filled
from bench.measure import percentiles
from cast import a_house
from retour import app
from retour.stores.delivery_shelves import Sought
from retour.web.server import application

DEV = "/admin/acme@Org/dev/deliveries"
LIMIT_MS = 300
STATUSES = ("", "pending", "retrying", "parked", "accepted", "exhausted", "cancelled")
ANSWERS = ("", "2xx", "3xx", "5xx", "none")
FEEDBACKS = ("", "bounce")
PERIODS = ("", "24h", "30d")


def main() -> None:
    """Fill, ask, print."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="retour-bench-", dir=asked.folder) as folder:
        asyncio.run(_run(Path(folder), asked))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5, help="how often each filter is asked (5)")
    parser.add_argument("--database", default="", help="postgresql://… an empty database; else SQLite")
    parser.add_argument("--folder", help="where to put the data")
    return parser.parse_args()


async def _run(folder: Path, asked: argparse.Namespace) -> None:
    more = {"database": asked.database} if asked.database else {}
    async with a_house(folder, **more) as house:
        campaign = (await house.campaign(await house.simulated())).id
        webhook = (await house.webhook("https://127.0.0.1:8443/feedback")).webhook.id
        settings, dev = house.retour.settings, house.dev.id
        if asked.database:
            await filled.fill_postgres(asked.database, dev, campaign, webhook, asked.deliveries)
    if not asked.database:
        filled.fill_sqlite(settings.database_file, dev, campaign, webhook, asked.deliveries)
    retour = await app.build(settings)
    try:
        await _measure(retour, dev, asked)
    finally:
        await retour.close()


async def _measure(retour: app.Retour, sandbox: str, asked: argparse.Namespace) -> None:
    transport = httpx.ASGITransport(app=application(retour))
    headers = {"sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8080", headers=headers, timeout=60
    ) as client:
        link = await retour.people.sign_in_link("ann@acme.example")
        await client.post(f"/admin/sign-in/{link}")
        worst = []
        for query in await _queries(retour, sandbox):
            spent = [await _spent(client, query) for _ in range(asked.rounds)]
            worst.append((percentiles(spent).p95, query))
        worst.sort(reverse=True)
        print(f"{len(worst)} filters, {asked.deliveries:,} deliveries; the slowest (ms, p95):")
        for figure, query in worst[:25]:
            print(f"{figure:8.1f}  {query or '(none)'}")
        over = sum(figure > LIMIT_MS for figure, _ in worst)
        print(f"{over} over {LIMIT_MS} ms; median of all: {worst[len(worst) // 2][0]:.1f} ms")


async def _queries(retour: app.Retour, sandbox: str) -> list[str]:
    """Every combination, and every kind of word."""
    names = ("status", "answer", "feedback", "period")
    combined = [
        urlencode({name: value for name, value in zip(names, one, strict=True) if value})
        for one in product(STATUSES, ANSWERS, FEEDBACKS, PERIODS)
    ]
    line = (await retour.deliveries.page(sandbox, Sought(), limit=1)).lines[0]
    words = [line.row.id, line.row.event_id, line.row.message_id, line.user_id, "nobody@example.com"]
    return ["?" + one if one else "" for one in combined] + [f"?q={word}" for word in words]


async def _spent(client: httpx.AsyncClient, query: str) -> int:
    before = time.perf_counter_ns()
    answer = await client.get(DEV + query)
    assert answer.status_code == 200, f"{query}: {answer.status_code}"
    return time.perf_counter_ns() - before


if __name__ == "__main__":
    main()
