"""What is read off a process and how figures are put together. Linux: CPU and memory come from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from retour.model import Value

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# proc(5): ppid, utime, stime and those of children that ended are fields 4 and 14 to 17, counted from behind the name.
PARENT, USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM = 1, 11, 12, 13, 14
MEGABYTE = 1024  # VmRSS is in kB


class Spread(Value):
    """A figure over some rounds."""

    least: float
    median: float
    most: float


class Percentiles(Value):
    """Of some durations, in milliseconds."""

    p50: float
    p95: float
    p99: float


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process, those that ended as well."""
    return _ticks(_fields(str(pid)), USER, SYSTEM)


def family_cpu_seconds(pid: int) -> float:
    """The same of a process and its children, those that ended as well."""
    own = _ticks(_fields(str(pid)), USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM)
    return own + sum(_ticks(fields, USER, SYSTEM) for fields in _children(pid))


def _children(pid: int) -> Iterator[list[str]]:
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = _fields(place.name)
        except OSError:
            continue  # it ended meanwhile
        if int(fields[PARENT]) == pid:
            yield fields


def _fields(pid: str) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _ticks(fields: list[str], *places: int) -> float:
    return sum(int(fields[place]) for place in places) / TICKS_PER_SECOND


def resident_megabytes(pid: int) -> float:
    """What a process holds in memory now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = next(line for line in lines if line.startswith("VmRSS:"))
    return int(found.split()[1]) / MEGABYTE


def spread(values: Sequence[float]) -> Spread:
    """Least, median and most of at least one value."""
    return Spread(least=min(values), median=median(values), most=max(values))


def percentiles(nanoseconds: Sequence[int]) -> Percentiles:
    """By the nearest rank."""
    ordered = sorted(nanoseconds)

    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6

    return Percentiles(p50=at(0.50), p95=at(0.95), p99=at(0.99))
