"""The figures beside their goals, and the machine they were taken on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.measure import Spread, spread
from bench.scenarios import Floor, Latency, Memory


class Results(msgspec.Struct):
    """Round by round. Pairs: CPU seconds for each piece of work, and pieces a second by the clock."""

    floor: list[Floor] = []
    chain: list[tuple[float, float]] = []
    ingest: list[tuple[float, float]] = []
    ingest_profiles: list[tuple[float, float]] = []
    dispatch: list[tuple[float, float]] = []
    latency: list[Latency] = []
    memory: list[Memory] = []


def table(results: Results) -> str:
    """For people: median, least and most of each figure, and its goals (first step / goal / stretch)."""
    rows = [("", "median", "least", "most", "goals"), *_floor(results.floor)]
    rows += _chain(results) + _ingest(results) + _dispatch(results)
    rows += _latency(results.latency) + _memory(results.memory)
    lines = [f"{name:<46}{a:>10}{b:>10}{c:>10}  {goal}".rstrip() for name, a, b, c, goal in rows]
    return "\n".join([machine(), "", *lines])


Row = tuple[str, str, str, str, str]


def _row(name: str, values: Sequence[float], goal: str = "", digits: int = 2) -> Row:
    over: Spread = spread(values)
    return name, *(f"{value:,.{digits}f}" for value in (over.median, over.least, over.most)), goal  # type: ignore[return-value]


def _floor(floor: list[Floor]) -> list[Row]:
    return [
        _row("bare libcurl POST, CPU ms", [each.post_cpu * 1e3 for each in floor], digits=3),
        _row("bare commit of 64 rows, ms by the clock", [each.commit_milliseconds for each in floor]),
        _row("bare commit, CPU us a row", [each.row_cpu * 1e6 for each in floor], digits=1),
        _row("receiver takes, POSTs per core-second", [1 / each.receiver_cpu for each in floor], digits=0),
        _row("mail sink takes, mails per core-second", [1 / each.mail_sink_cpu for each in floor], digits=0),
    ]


def _chain(results: Results) -> list[Row]:
    if not results.chain:
        return []
    cpu = [cpu for cpu, _ in results.chain]
    ratios = [one / floor.post_cpu for one, floor in zip(cpu, results.floor, strict=True)]
    return [
        _row("chain, CPU ms a message", [one * 1e3 for one in cpu], "<= 1.2 / 1.0 / 0.8"),
        _row("chain, times a bare POST", ratios),
        _row("chain, messages a second by the clock", [rate for _, rate in results.chain], digits=0),
    ]


def _ingest(results: Results) -> list[Row]:
    if not results.ingest:
        return []
    cpu = [cpu for cpu, _ in results.ingest]
    ratios = [one / floor.row_cpu for one, floor in zip(cpu, results.floor, strict=True)]
    return [
        _row("ingest, executions per core-second", [1 / one for one in cpu], ">= 4,000 / 8,000", 0),
        _row("ingest, times a bare row's commit", ratios),
        _row(
            "the same with new profiles, per core-second",
            [1 / one for one, _ in results.ingest_profiles],
            "",
            0,
        ),
        _row("ingest, executions a second by the clock", [rate for _, rate in results.ingest], digits=0),
    ]


def _dispatch(results: Results) -> list[Row]:
    if not results.dispatch:
        return []
    cpu = [cpu for cpu, _ in results.dispatch]
    ratios = [one / floor.post_cpu for one, floor in zip(cpu, results.floor, strict=True)]
    return [
        _row("dispatch, CPU ms a POST", [one * 1e3 for one in cpu]),
        _row("dispatch, times a bare POST", ratios, "<= 4"),
        _row("dispatch, POSTs a second by the clock", [rate for _, rate in results.dispatch], digits=0),
    ]


def _latency(latency: list[Latency]) -> list[Row]:
    if not latency:
        return []
    return [
        _row("100/s: relay's reply to webhook, p50 ms", [each.told.p50 for each in latency]),
        _row("100/s: relay's reply to webhook, p95 ms", [each.told.p95 for each in latency], "< 100 / 30"),
        _row("100/s: relay's reply to webhook, p99 ms", [each.told.p99 for each in latency]),
        _row("100/s: API, p50 ms", [each.api.p50 for each in latency]),
        _row("100/s: API, p95 ms", [each.api.p95 for each in latency]),
        _row("100/s: API, p99 ms", [each.api.p99 for each in latency], "< 100"),
    ]


def _memory(memory: list[Memory]) -> list[Row]:
    if not memory:
        return []
    return [
        _row("memory at the start, MB", [each.start for each in memory], digits=0),
        _row("memory after N messages, MB", [each.once for each in memory], "< 120", 0),
        _row("memory after 2 N messages, MB", [each.twice for each in memory], "flat", 0),
    ]


def machine() -> str:
    """Processor, cores, kernel, Python; nothing that names the machine."""
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return (
        f"{_processor()}, {cores} cores; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; load average at the end {load:.1f}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )
