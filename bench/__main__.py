"""`make bench`, or `python -m bench`: some minutes, on loopback, and it ends by itself.

Work per second of CPU is what to compare: a busy neighbour bends it far less than the clock. Ratios against the bare
loops of the same run travel best from machine to machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from bench import report, scenarios, texts
from bench.databases import POSTGRESQL, SQLITE, databases
from bench.product import HOST
from bench.scenarios import Scene, Sizes

T = TypeVar("T")
FULL = 100_000
NAMES = ("chain", "ingest", "dispatch", "latency", "sms", "pace", "memory")


def main() -> None:
    """Measure, then print."""
    asked = _arguments()
    sizes = Sizes()
    if asked.full:
        sizes = msgspec.structs.replace(sizes, memory=FULL)
    with (
        tempfile.TemporaryDirectory(prefix="retour-bench-", dir=asked.folder) as folder,
        databases(asked.database) as kept,
    ):
        scene = Scene(Path(folder), kept, asked.host)
        results = _measure(scene, sizes, asked.rounds, asked.scenarios or NAMES)
    results.database = asked.database
    print(msgspec.json.encode(results).decode() if asked.json else report.table(results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"some of {', '.join(NAMES)}; all")
    parser.add_argument(
        "--database", choices=(SQLITE, POSTGRESQL), default=SQLITE, help="what keeps the rows"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of each scenario but memory (3)")
    parser.add_argument(
        "--full", action="store_true", help=f"memory after {FULL:,} messages and twice as many"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--folder", help="where to put the data, to measure another disk")
    parser.add_argument(
        "--host", default=HOST, help="what webhook and relay are called: 127.0.0.1 or localhost"
    )
    asked = parser.parse_args()
    if unknown := set(asked.scenarios) - set(NAMES):
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    return asked


def _measure(scene: Scene, sizes: Sizes, rounds: int, names: list[str] | tuple[str, ...]) -> report.Results:
    """Rounds take turns, so that a busy minute does not fall on one scenario alone."""
    results = report.Results()
    for count in range(rounds):
        label = f"round {count + 1}"
        results.floor.append(_step(f"{label}: bare loops", lambda: scenarios.floor(scene)))
        if "chain" in names:
            results.chain.append(_step(f"{label}: chain", lambda: scenarios.chain(scene, sizes.chain)))
        if "ingest" in names:
            results.ingest.append(
                _step(f"{label}: ingest", lambda: scenarios.ingest(scene, sizes.ingest, "external"))
            )
            results.ingest_profiles.append(
                _step(f"{label}: ingest, profiles", lambda: scenarios.ingest(scene, sizes.ingest, "aep"))
            )
        if "dispatch" in names:
            for sandboxes in (1, scenarios.SANDBOXES):
                what = f"{label}: dispatch, sandboxes: {sandboxes}"
                work = _step(what, partial(scenarios.dispatch, scene, sizes.dispatch, sandboxes))
                results.dispatch.setdefault(sandboxes, []).append(work)
        if "latency" in names:
            results.latency.append(
                _step(f"{label}: latency", lambda: scenarios.latency(scene, sizes.seconds))
            )
        _measure_texts(results, scene, sizes, names, label)
    if "memory" in names:
        results.memory.append(_step("memory", lambda: scenarios.memory(scene, sizes.memory)))
    return results


def _measure_texts(
    results: report.Results, scene: Scene, sizes: Sizes, names: list[str] | tuple[str, ...], label: str
) -> None:
    if "sms" in names:
        results.rated.append(_step(f"{label}: sms", lambda: texts.rated(scene, sizes.texts_seconds)))
        fastest = _step(f"{label}: sms, as fast as it goes", lambda: texts.fastest(scene, sizes.texts))
        results.fastest.append(fastest)
    if "pace" in names:
        results.paced.append(_step(f"{label}: pace", lambda: texts.paced(scene)))


def _step(what: str, do: Callable[[], T]) -> T:
    print(what, file=sys.stderr, flush=True)
    return do()


if __name__ == "__main__":
    main()
