"""Reports as CSV (RFC 4180): every number, and no cell that a spreadsheet would take for a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from retour import ids
from retour.model import FeedbackStatus
from retour.web.admin import figures
from retour.web.admin.figures import Counts

Cell = str | int | float | None
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet computes when a cell begins with it
TIMES = ["from", "to", "complete"]


def text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A file. None is an empty cell: a gap, not zero."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA) else value
    return "" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)


def outcomes(counts: Counts, channel: str) -> str:
    """Messages that were accepted, and events of each status."""
    columns = [figures.taken(counts, channel)]
    columns += [figures.by_status(counts, channel, status) for status in FeedbackStatus]
    return _over_time(counts, ["accepted", *FeedbackStatus], columns)


def latency(counts: Counts, _: str) -> str:
    """Milliseconds."""
    series = figures.latency(counts)
    return _over_time(counts, [f"{one.name}_ms" for one in series], [one.values for one in series])


def success(counts: Counts, _: str) -> str:
    """Attempts, and the share of those that the endpoint took."""
    good, bad = figures.tried(counts)
    columns = [good, bad, figures.success(counts).values]
    return _over_time(counts, ["accepted", "failed", "success_percent"], columns)


def reasons(counts: Counts, channel: str) -> str:
    """Why messages bounced or failed."""
    return _listed(["code", "reason", "count"], figures.reasons(counts, channel))


def answers(counts: Counts, _: str) -> str:
    """What the endpoint answered."""
    return _listed(["answer", "meaning", "attempts"], figures.answers(counts))


def _over_time(counts: Counts, header: Sequence[str], columns: Sequence[Sequence[int | float | None]]) -> str:
    window = counts.window
    rows: list[list[Cell]] = []
    for place, at in enumerate(window.starts):
        end = at + window.period.size
        complete = "yes" if end <= window.now else "no"
        rows.append([ids.iso(at), ids.iso(end), complete, *(column[place] for column in columns)])
    return text([*TIMES, *header], rows)


def _listed(header: Sequence[str], items: Sequence[figures.Item]) -> str:
    return text(header, [[item.code, item.told, item.count] for item in items])
