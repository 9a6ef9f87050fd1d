"""The figures beside their goals, and the machine they were taken on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.databases import SQLITE
from bench.measure import Spread, spread
from bench.scenarios import Floor, Latency, Memory, Posted, Work
from bench.texts import PACE, PACED_SECONDS, RATE, Paced, Rated
from retour import limits


class Results(msgspec.Struct):
    """Round by round. database: what kept the rows. dispatch: by the number of sandboxes."""

    database: str = SQLITE
    floor: list[Floor] = []
    chain: list[Work] = []
    ingest: list[Work] = []
    ingest_profiles: list[Work] = []
    dispatch: dict[int, list[Posted]] = {}
    latency: list[Latency] = []
    memory: list[Memory] = []
    rated: list[Rated] = []
    fastest: list[Work] = []
    paced: list[Paced] = []


def table(results: Results) -> str:
    """For people: median, least and most of each figure, and its goals (first step / goal / stretch)."""
    rows = [("", "median", "least", "most", "goals"), *_floor(results.floor)]
    rows += _chain(results) + _ingest(results) + _dispatch(results)
    rows += _latency(results.latency) + _texts(results) + _paced(results.paced) + _memory(results.memory)
    lines = [f"{name:<46}{a:>10}{b:>10}{c:>10}  {goal}".rstrip() for name, a, b, c, goal in rows]
    return "\n".join([machine(), f"database: {results.database}", "", *lines])


Row = tuple[str, str, str, str, str]


def _row(name: str, values: Sequence[float], goal: str = "", digits: int = 2) -> Row:
    over: Spread = spread(values)
    return name, *(f"{value:,.{digits}f}" for value in (over.median, over.least, over.most)), goal  # type: ignore[return-value]


def _floor(floor: list[Floor]) -> list[Row]:
    posts = [
        _row(f"bare libcurl POST, {at_once} at once, CPU ms", _posts(floor, at_once, 1e3), digits=3)
        for at_once in floor[0].post_cpu
    ]
    return [
        *posts,
        _row("bare commit of 64 rows, ms by the clock", [each.commit_milliseconds for each in floor]),
        _row("bare commit, CPU us a row", [each.row_cpu * 1e6 for each in floor], digits=1),
        _row("receiver takes, POSTs per core-second", [1 / each.receiver_cpu for each in floor], digits=0),
        _row("mail sink takes, mails per core-second", [1 / each.mail_sink_cpu for each in floor], digits=0),
    ]


def _posts(floor: list[Floor], at_once: int, unit: float = 1.0) -> list[float]:
    return [each.post_cpu[at_once] * unit for each in floor]


def _ratios(work: list[Work], bare: list[float]) -> list[float]:
    return [one.cpu_seconds / other for one, other in zip(work, bare, strict=True)]


def _cost(name: str, work: list[Work], goal: str = "") -> list[Row]:
    """The service's CPU, and the database's beside it where that is not nothing."""
    rows = [_row(f"{name}, CPU ms", [one.cpu_seconds * 1e3 for one in work], goal)]
    if any(one.database_seconds for one in work):
        rows.append(_row("  and of the database, CPU ms", [one.database_seconds * 1e3 for one in work]))
    return rows


def _chain(results: Results) -> list[Row]:
    if not results.chain:
        return []
    work = results.chain
    return [
        *_cost("chain, a message", work, "<= 1.2 / 1.0 / 0.8"),
        _row("chain, times a bare POST", _ratios(work, _posts(results.floor, limits.DISPATCH_SLOTS))),
        _row("chain, messages a second by the clock", [one.rate for one in work], digits=0),
    ]


def _ingest(results: Results) -> list[Row]:
    if not results.ingest:
        return []
    work, new = results.ingest, results.ingest_profiles
    a_second = [1 / one.cpu_seconds for one in work]
    return [
        _row("ingest, executions per core-second", a_second, ">= 4,000 / 8,000", 0),
        *_cost("ingest, an execution", work),
        _row("ingest, times a bare row's commit", _ratios(work, [each.row_cpu for each in results.floor])),
        _row("the same with new profiles, per core-second", [1 / one.cpu_seconds for one in new], digits=0),
        *_cost("the same with new profiles", new),
        _row("ingest, executions a second by the clock", [one.rate for one in work], digits=0),
    ]


def _dispatch(results: Results) -> list[Row]:
    rows = []
    for sandboxes, posted in results.dispatch.items():
        name, work = f"dispatch, {sandboxes * limits.DISPATCH_SLOTS} at once", [each.work for each in posted]
        bare = [each.bare_cpu for each in posted]
        rows += [
            _row(f"{name}, a bare POST before and after, CPU ms", [one * 1e3 for one in bare]),
            *_cost(f"{name}, a POST", work),
            _row(f"{name}, times a bare POST", _ratios(work, bare), "<= 4"),
            _row(f"{name}, POSTs a second by the clock", [one.rate for one in work], digits=0),
        ]
    return rows


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
        *_cost("100/s: a message", [each.work for each in latency]),
    ]


def _texts(results: Results) -> list[Row]:
    if not results.rated:
        return []
    rated, fastest = results.rated, results.fastest
    bare, most = _posts(results.floor, limits.DISPATCH_SLOTS), [one.rate for one in fastest]
    work, name = [one.work for one in rated], f"sms, {RATE:g}/s"
    return [
        _row(f"{name}: submits a second", [one.submits for one in rated], f"{RATE:g}", 0),
        _row(f"{name}: told by the end, a second", [one.rate for one in work], f"{RATE:g}", 0),
        *_cost(f"{name}: a message", work),
        _row(f"{name}: times a bare POST", _ratios(work, bare)),
        _row(f"{name}: submit to `delivered` told, p50 ms", [one.told.p50 for one in rated]),
        _row(f"{name}: submit to `delivered` told, p95 ms", [one.told.p95 for one in rated]),
        _row(f"{name}: API, p99 ms", [one.api.p99 for one in rated]),
        _row("sms, 64 callers: messages a second by the clock", most, digits=0),
        *_cost("sms, 64 callers: a message", fastest),
        _row("sms, 64 callers: times a bare POST", _ratios(fastest, bare)),
    ]


def _paced(paced: list[Paced]) -> list[Row]:
    """Of all rounds together, second by second; in all, each round by itself."""
    if not paced:
        return []
    seconds, wanted = [count for one in paced for count in one.seconds], PACE * PACED_SECONDS
    low, high = (round(wanted * share) for share in (0.95, 1.05))
    return [
        _row(f"pace {PACE}/s: submits in a second", seconds, digits=0),
        _row(f"pace {PACE}/s: the most in any second", [one.most for one in paced], digits=0),
        _row(
            f"pace {PACE}/s: in {PACED_SECONDS} s", [sum(one.seconds) for one in paced], f"{low} to {high}", 0
        ),
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
