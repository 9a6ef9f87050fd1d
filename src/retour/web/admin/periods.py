"""The periods of the reports: how long, in which buckets, what they are called. Pure; the clock is passed in."""

from __future__ import annotations

from datetime import UTC, datetime

from retour import limits
from retour.model import Value
from retour.web.admin.charts import Axis


class Period(Value):
    """How far back a report looks. every: so many buckets to a mark of the axis. step: of a bucket, in words."""

    key: str
    word: str
    before: str
    buckets: int
    size: int
    every: int
    step: str
    mark: str
    name: str

    @property
    def length(self) -> int:
        """Microseconds."""
        return self.buckets * self.size


CLOCK, DAY, BOTH = "%H:%M", "%-d %b", "%-d %b %H:%M"
HOUR_BY_MINUTE = Period(
    key="1h",
    word="1 h",
    before="the hour before",
    buckets=60,
    size=limits.MINUTE,
    every=10,
    step="minute",
    mark=CLOCK,
    name=CLOCK,
)
DAY_BY_QUARTERS = Period(
    key="24h",
    word="24 h",
    before="the day before",
    buckets=96,
    size=15 * limits.MINUTE,
    every=16,
    step="15 minutes",
    mark=CLOCK,
    name=BOTH,
)
WEEK = Period(
    key="7d",
    word="7 d",
    before="the 7 days before",
    buckets=84,
    size=2 * limits.HOUR,
    every=12,
    step="2 hours",
    mark=DAY,
    name=BOTH,
)
MONTH = Period(
    key="30d",
    word="30 d",
    before="the 30 days before",
    buckets=60,
    size=12 * limits.HOUR,
    every=10,
    step="12 hours",
    mark=DAY,
    name=BOTH,
)
PERIODS = {period.key: period for period in (HOUR_BY_MINUTE, DAY_BY_QUARTERS, WEEK, MONTH)}
DEFAULT = DAY_BY_QUARTERS


class Window(Value):
    """A period that ends with the bucket of `now`, which is not over yet."""

    period: Period
    now: int

    @property
    def until(self) -> int:
        """The end of the last bucket."""
        return self.now - self.now % self.period.size + self.period.size

    @property
    def since(self) -> int:
        """The beginning of the first one."""
        return self.until - self.period.length

    @property
    def starts(self) -> list[int]:
        """The beginning of each bucket."""
        return [self.since + place * self.period.size for place in range(self.period.buckets)]

    def place(self, at: int) -> int | None:
        """The bucket of an instant; None outside."""
        place = (at - self.since) // self.period.size
        return place if 0 <= place < self.period.buckets else None

    def compared(self) -> tuple[int, int]:
        """From, to: whole buckets of it that are over, which the same time before is compared with.

        Of a day whole hours: what is older than a day is counted by the hour.
        """
        size = self.period.size
        unit = size if self.period.length != limits.DAY else limits.HOUR
        return -(-self.since // unit) * unit, self.now // unit * unit

    def axis(self) -> Axis:
        """The names of the buckets."""
        starts, period = self.starts, self.period
        names = [_written(at, period.name) for at in starts]
        marks = [_written(at, period.mark) for at in starts[:: period.every]]
        return Axis(names=(*names[:-1], f"{names[-1]} (not complete)"), marks=tuple(marks))


def _written(at: int, form: str) -> str:
    return datetime.fromtimestamp(at // limits.SECOND, UTC).strftime(form)
