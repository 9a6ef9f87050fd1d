"""Tallies to figures: what the reports and the overview draw, list and write as CSV. Pure.

A bucket from before the sandbox was there, with nothing counted, is a gap; so is the latency or the success of a bucket
in which nothing was tried. Everything else is counted: that nothing happened is zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus

from retour.classify.tables import FAILURES
from retour.model import ChannelKind, FeedbackStatus, Value
from retour.stores import tallies
from retour.stores.tallies import Tally, TallyKind
from retour.web.admin import amounts, words
from retour.web.admin.amounts import Success
from retour.web.admin.charts import Number, Series
from retour.web.admin.periods import Window

PHRASES = {int(status): status.phrase for status in HTTPStatus}
PERCENTILES = (50, 95, 99)
FINAL = (FeedbackStatus.BOUNCE, FeedbackStatus.ERROR)
SHOWN = (FeedbackStatus.SENT, FeedbackStatus.DELIVERED, FeedbackStatus.BOUNCE, FeedbackStatus.ERROR)


class Counts:
    """Tallies, added up: by kind and key, a number for each bucket of a window."""

    def __init__(self, window: Window, found: Iterable[Tally]) -> None:
        self.window = window
        self._rows: dict[TallyKind, dict[str, list[int]]] = {}
        for tally in found:
            place = window.place(tally.at)
            if place is not None:
                rows = self._rows.setdefault(tally.kind, {})
                rows.setdefault(tally.key, [0] * window.period.buckets)[place] += tally.n

    def keys(self, kind: TallyKind) -> list[str]:
        """What was counted of a kind."""
        return sorted(self._rows.get(kind, {}))

    def row(self, kind: TallyKind, *keys: str) -> list[int]:
        """A number a bucket, of these keys together."""
        known = self._rows.get(kind, {})
        rows = [known[key] for key in keys if key in known]
        return [sum(numbers) for numbers in zip(*rows, strict=True)] or [0] * self.window.period.buckets

    def gaps(self, since: int) -> list[bool]:
        """For each bucket, whether nothing is known of it: it was over before `since` and holds nothing."""
        size = self.window.period.size
        everything = [row for rows in self._rows.values() for row in rows.values()]
        some = [any(numbers) for numbers in zip(*everything, strict=True)]
        some = some or [False] * self.window.period.buckets
        return [at + size <= since and not any_ for at, any_ in zip(self.window.starts, some, strict=True)]


def total(found: Iterable[Tally], channel: str, status: FeedbackStatus) -> int:
    """How many events of a status, of a channel or of all (empty)."""
    keys = _keys(channel, status)
    return sum(one.n for one in found if one.kind is TallyKind.FEEDBACK and one.key in keys)


def between(counts: Counts, channel: str, status: FeedbackStatus, since: int, until: int) -> int:
    """How many events of a status in the buckets from `since` to `until`."""
    numbers = zip(counts.window.starts, by_status(counts, channel, status), strict=True)
    return sum(number for at, number in numbers if since <= at < until)


def by_status(counts: Counts, channel: str, status: FeedbackStatus) -> list[int]:
    """Events of a status in each bucket, of a channel or of all (empty)."""
    return counts.row(TallyKind.FEEDBACK, *_keys(channel, status))


def taken(counts: Counts, channel: str) -> list[int]:
    """Messages that were accepted in each bucket."""
    return counts.row(TallyKind.ACCEPTED, *_channels(channel))


def _keys(channel: str, status: FeedbackStatus) -> list[str]:
    return [f"{one}:{status.value}" for one in _channels(channel)]


def _channels(channel: str) -> list[str]:
    return [channel] if channel else [one.value for one in ChannelKind]


# --- what is drawn --------------------------------------------------------------------------------------


def outcomes(counts: Counts, channel: str, since: int) -> tuple[Series, ...]:
    """What became of messages; those that were sent without those that are known to be delivered."""
    gaps = counts.gaps(since)
    sent, delivered, bounce, error = [by_status(counts, channel, status) for status in SHOWN]
    rest = [max(one - two, 0) for one, two in zip(sent, delivered, strict=True)]
    return (
        Series(name="Delivered", look="c-delivered", values=_with_gaps(delivered, gaps)),
        Series(name="Sent, not known to be delivered", look="c-sent", values=_with_gaps(rest, gaps)),
        Series(name="Bounce", look="c-bounce", values=_with_gaps(bounce, gaps)),
        Series(name="Error", look="c-error", values=_with_gaps(error, gaps)),
    )


def _with_gaps(numbers: Sequence[float], gaps: Sequence[bool]) -> tuple[Number, ...]:
    return tuple(None if gap else number for number, gap in zip(numbers, gaps, strict=True))


def latency(counts: Counts) -> tuple[Series, ...]:
    """Milliseconds from the start of an attempt to the end of the answer."""
    rows = {int(key): counts.row(TallyKind.LATENCY, key) for key in counts.keys(TallyKind.LATENCY)}
    buckets = range(counts.window.period.buckets)
    spread = [{index: row[place] for index, row in rows.items() if row[place]} for place in buckets]
    return tuple(
        Series(
            name=f"p{percent}",
            look=f"c-p{percent}",
            values=tuple(tallies.quantile(one, percent / 100) for one in spread),
        )
        for percent in PERCENTILES
    )


def success(counts: Counts) -> Series:
    """Percent of the attempts that the endpoint took."""
    good, bad = tried(counts)
    values = [amounts.share(one, one + two) for one, two in zip(good, bad, strict=True)]
    return Series(name="Success rate", look="c-ok", values=tuple(values))


def succeeded(found: Iterable[Tally]) -> Success:
    """All attempts together."""
    answers = [one for one in found if one.kind is TallyKind.ANSWER]
    good = sum(one.n for one in answers if tallies.accepted(one.key))
    return Success(good=good, bad=sum(one.n for one in answers) - good)


def tried(counts: Counts) -> tuple[list[int], list[int]]:
    """Attempts that the endpoint took, and that failed, in each bucket."""
    keys = counts.keys(TallyKind.ANSWER)
    good = [key for key in keys if tallies.accepted(key)]
    bad = [key for key in keys if not tallies.accepted(key)]
    return counts.row(TallyKind.ANSWER, *good), counts.row(TallyKind.ANSWER, *bad)


# --- what is listed -------------------------------------------------------------------------------------


class Item(Value):
    """A line of a list: what was counted, in words, how often. look: the class of its colour."""

    code: str
    told: str
    count: int
    look: str


def reasons(counts: Counts, channel: str) -> list[Item]:
    """Why messages bounced or failed, the most frequent first; the same code of both channels once."""
    found: dict[tuple[str, str], int] = {}
    for key in counts.keys(TallyKind.REASON):
        kind, status, code = key.split(":", 2)
        if channel in ("", kind) and status in FINAL:
            found[status, code] = found.get((status, code), 0) + sum(counts.row(TallyKind.REASON, key))
    items = [
        Item(code=code, told=_reason(status, code), count=count, look=f"c-{status}")
        for (status, code), count in found.items()
    ]
    return _ordered(items)


def _reason(status: str, code: str) -> str:
    known = FAILURES.get(int(code)) if code.isascii() and code.isdigit() and len(code) < 5 else None
    return f"{status.capitalize()}: {known[1]}" if known else status.capitalize()


def answers(counts: Counts) -> list[Item]:
    """What the endpoint answered, or why there was no answer, the most frequent first."""
    return _ordered(
        Item(code=key, told=_answer(key), count=sum(counts.row(TallyKind.ANSWER, key)), look=_answered(key))
        for key in counts.keys(TallyKind.ANSWER)
    )


def _answer(key: str) -> str:
    if not key.isdecimal():
        return words.trouble(key).capitalize()
    return PHRASES.get(int(key), "A code that HTTP does not define")


def _answered(key: str) -> str:
    return "c-delivered" if tallies.accepted(key) else "c-error"


def _ordered(items: Iterable[Item]) -> list[Item]:
    return sorted((item for item in items if item.count), key=lambda item: (-item.count, item.code))
