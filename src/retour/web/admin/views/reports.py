"""Reports: what became of messages, and how the webhook does. All numbers are read from the tallies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from retour import ids, limits
from retour.model import ChannelKind, Value
from retour.stores.tallies import TallyKind
from retour.web.admin import amounts, charts, csv_files, figures, periods, readings, words
from retour.web.admin.figures import Counts
from retour.web.admin.guard import Page
from retour.web.admin.periods import Period, Window
from retour.web.admin.visits import SandboxVisit

PATH = "/reports"
CSV: dict[str, tuple[tuple[TallyKind, ...], Callable[[Counts, str], str]]] = {
    "outcomes": (readings.MESSAGES, csv_files.outcomes),
    "latency": ((TallyKind.LATENCY,), csv_files.latency),
    "success": ((TallyKind.ANSWER,), csv_files.success),
    "reasons": ((TallyKind.REASON,), csv_files.reasons),
    "answers": ((TallyKind.ANSWER,), csv_files.answers),
}


class Asked(Value):
    """What the address names. channel: empty for all."""

    period: Period
    channel: str

    def query(self, **other: str) -> str:
        """`?period=…&channel=…`, with some of it changed."""
        values = {"period": self.period.key, "channel": self.channel} | other
        return "?" + urlencode({name: value for name, value in values.items() if value})


async def show(visit: SandboxVisit) -> Response:
    """Tiles, three charts, two lists."""
    asked = _asked(visit)
    if asked is None:
        return RedirectResponse(visit.here + PATH, 303)
    shelves, window = visit.retour.shelves, Window(period=asked.period, now=ids.now())
    seen = await readings.counts(shelves, visit.sandbox, window)
    tiles = await readings.tiles(shelves, visit.sandbox, seen, asked.channel)
    return visit.render(
        "reports/show.html", asked=asked, tiles=tiles, **_choices(asked), **_drawn(visit, seen, asked.channel)
    )


async def csv(visit: SandboxVisit) -> Response:
    """All numbers of one of them."""
    asked, name = _asked(visit), visit.request.query_params.get("report", "outcomes")
    if asked is None or name not in CSV:
        return RedirectResponse(visit.here + PATH, 303)
    window = Window(period=asked.period, now=ids.now())
    kinds, write = CSV[name]
    seen = await readings.counts(visit.retour.shelves, visit.sandbox, window, kinds)
    file = f"{visit.sandbox.name}-{name}-{asked.period.key}.csv"
    headers = {"content-disposition": f'attachment; filename="{file}"'}
    return Response(write(seen, asked.channel), headers=headers, media_type="text/csv; charset=utf-8")


def _asked(visit: SandboxVisit) -> Asked | None:
    """None for what is no period or channel."""
    query = visit.request.query_params
    period = periods.PERIODS.get(query.get("period", periods.DEFAULT.key))
    channel = query.get("channel", "")
    if period is None or channel not in ("", *ChannelKind):
        return None
    return Asked(period=period, channel=channel)


def _choices(asked: Asked) -> dict[str, Any]:
    """The other periods and channels, with their links, and which is chosen."""
    channels = [("", "All channels"), *((kind.value, word) for kind, word in words.CHANNELS.items())]
    return {
        "periods": [
            (one.word, asked.query(period=one.key), one == asked.period) for one in periods.PERIODS.values()
        ],
        "channels": [(word, asked.query(channel=kind), kind == asked.channel) for kind, word in channels],
    }


def _drawn(visit: SandboxVisit, seen: Counts, channel: str) -> dict[str, Any]:
    axis = seen.window.axis()
    outcomes = figures.outcomes(seen, channel, visit.sandbox.created_at)
    reasons, answers = figures.reasons(seen, channel), figures.answers(seen)
    return {
        "outcomes": charts.stacked(axis, outcomes, amounts.count, amounts.short),
        "latency": charts.lines(axis, figures.latency(seen), amounts.milliseconds),
        "success": charts.share(axis, figures.success(seen), limits.SUCCESS_OBJECTIVE, amounts.percent),
        "objective": amounts.percent(limits.SUCCESS_OBJECTIVE),
        "reasons": Listed.of(reasons),
        "answers": Listed.of(answers),
    }


class Listed(Value):
    """The first lines of a list, with the length of each one's bar, its count and share; how many more there are."""

    lines: tuple[tuple[figures.Item, float, str, str], ...]
    more: int

    @classmethod
    def of(cls, items: list[figures.Item]) -> Listed:
        """Of all items, the most frequent first."""
        everything, most = sum(item.count for item in items), max((item.count for item in items), default=0)
        lines = [
            (
                item,
                charts.meter(item.count, most),
                amounts.count(item.count),
                amounts.percent(amounts.share(item.count, everything)),
            )
            for item in items[: limits.LIST_LINES]
        ]
        return cls(lines=tuple(lines), more=max(len(items) - limits.LIST_LINES, 0))


PAGES = (Page[SandboxVisit](path=PATH, get=show), Page[SandboxVisit](path=PATH + "/csv", get=csv))
