"""Functions of dates and times. Pure; those that need the time get it. Raises Unfit outside the years 2 to 9998."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from retour.rendering.kinds import YEARS, date
from retour.rendering.locales import DEFAULT, Place
from retour.rendering.patterns import Part, read, write
from retour.rendering.signatures import Function, function
from retour.rendering.values import Unfit

COST = 2_000
DAY = timedelta(days=1)


def _inside(make: Callable[[], datetime]) -> datetime:
    try:
        moment = make()
    except (OverflowError, ValueError):
        raise Unfit("within the calendar") from None
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise Unfit("within the calendar")
    return moment


def _adds(unit: timedelta) -> Callable[[datetime, float], datetime]:
    return lambda moment, number: _inside(lambda: moment + unit * int(number))


def add_months(moment: datetime, number: int) -> datetime:
    """The same day so many months later, or the last day of that month."""
    months = moment.year * 12 + moment.month - 1 + number
    year, month = months // 12, months % 12 + 1
    if not YEARS[0] <= year <= YEARS[1]:
        raise Unfit("within the calendar")
    last = calendar.monthrange(year, month)[1]
    return moment.replace(year=year, month=month, day=min(moment.day, last))


def add_years(moment: datetime, number: int) -> datetime:
    """The same day so many years later, or the last day of February."""
    return add_months(moment, number * 12)


def set_days(moment: datetime, day: int) -> datetime:
    """With another day of the month."""
    return _inside(lambda: moment.replace(day=day))


def set_hours(moment: datetime, hour: int) -> datetime:
    """With another hour."""
    return _inside(lambda: moment.replace(hour=hour))


def _day_start(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def start_of_week(moment: datetime) -> datetime:
    """Monday, 00:00."""
    return _day_start(_inside(lambda: moment - DAY * moment.weekday()))


def start_of_quarter(moment: datetime) -> datetime:
    """The first day of January, April, July or October, 00:00."""
    return _day_start(moment.replace(month=(moment.month - 1) // 3 * 3 + 1, day=1))


def start_of_year(moment: datetime) -> datetime:
    """January 1, 00:00."""
    return _day_start(moment.replace(month=1, day=1))


def to_zone(moment: datetime, zone: tzinfo) -> datetime:
    """The same moment by the clocks of a zone."""
    return moment.astimezone(zone)


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC."""
    return moment.astimezone(UTC)


def _from_to(unit: timedelta) -> Callable[[datetime, datetime], int]:
    def difference(end: datetime, start: datetime) -> int:
        apart = end - start
        return -(-apart // unit) if apart < timedelta() else apart // unit

    return difference


_days = _from_to(DAY)


def date_diff(start: datetime, end: datetime) -> int:
    """Full days from the first to the second."""
    return _days(end, start)


def months_between(end: datetime, start: datetime) -> int:
    """Full months from the second to the first."""
    if end < start:
        return -months_between(start, end)
    end = end.astimezone(start.tzinfo)
    months = (end.year - start.year) * 12 + end.month - start.month
    rest = (end.day, end.time()) < (start.day, start.time())
    return months - rest


def years_between(end: datetime, start: datetime) -> int:
    """Full years from the second to the first."""
    months = months_between(end, start)
    return -(-months // 12) if months < 0 else months // 12


def compare_dates(one: datetime, two: datetime) -> int:
    """-1, 0 or 1: before, same, after."""
    return (one > two) - (one < two)


def date_between(moment: datetime, first: datetime, last: datetime) -> bool:
    """Whether it is neither before the first nor after the last."""
    return first <= moment <= last


def _clock(now: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)


def milliseconds(now: int) -> int:
    """Since 1970."""
    return now // 1_000


def age(now: int, born: datetime) -> int:
    """Full years."""
    return years_between(_clock(now), born)


def age_in_days(now: int, start: datetime) -> int:
    """Full days."""
    return _days(_clock(now), start)


def age_in_months(now: int, start: datetime) -> int:
    """Full months."""
    return months_between(_clock(now), start)


def to_date(text: Any, pattern: tuple[Part, ...] | None = None) -> datetime | None:
    """Of an ISO text or of milliseconds; or of a text that is written as a pattern says."""
    if pattern is None or not isinstance(text, str) or not text:
        return date(text)
    return date(read(text, pattern))


def format_date(moment: datetime, pattern: tuple[Part, ...], place: Place = DEFAULT) -> str:
    """By a pattern, in the language of a locale."""
    return write(moment, pattern, place)


def _part(signature: str, part: Callable[[datetime], int]) -> Function:
    return function(f"{signature}(date) -> whole", part)


FUNCTIONS = (
    function("formatDate(date, pattern, locale?) -> text", format_date, cost=COST, passes_on=True),
    function("stringToDate(value, pattern?) -> date", to_date, cost=COST, passes_on=True),
    function("toDateTime(value, pattern?) -> date", to_date, cost=COST, passes_on=True),
    function("toDateTimeOnly(value, pattern?) -> date", to_date, cost=COST, passes_on=True),
    function("getCurrentZonedDateTime() -> date", _clock, by_clock=True),
    function("currentTimeInMillis() -> whole", milliseconds, by_clock=True),
    function("convertZonedDateTime(date, zone) -> date", to_zone, cost=COST, passes_on=True),
    function("toUTC(date) -> date", to_utc, passes_on=True),
    function("addSeconds(date, whole) -> date", _adds(timedelta(seconds=1)), passes_on=True),
    function("addMinutes(date, whole) -> date", _adds(timedelta(minutes=1)), passes_on=True),
    function("addHours(date, whole) -> date", _adds(timedelta(hours=1)), passes_on=True),
    function("addDays(date, whole) -> date", _adds(DAY), passes_on=True),
    function("addMonths(date, whole) -> date", add_months, passes_on=True),
    function("addYears(date, whole) -> date", add_years, passes_on=True),
    function("setDays(date, whole) -> date", set_days, passes_on=True),
    function("setHours(date, whole) -> date", set_hours, passes_on=True),
    function("truncateToStartOfDay(date) -> date", _day_start, passes_on=True),
    function("truncateToStartOfWeek(date) -> date", start_of_week, passes_on=True),
    function("truncateToStartOfQuarter(date) -> date", start_of_quarter, passes_on=True),
    function("truncateToStartOfYear(date) -> date", start_of_year, passes_on=True),
    function("dateDiff(date, date) -> whole", date_diff),
    function("diffInSeconds(date, date) -> whole", _from_to(timedelta(seconds=1))),
    function("diffInMinutes(date, date) -> whole", _from_to(timedelta(minutes=1))),
    function("diffInHours(date, date) -> whole", _from_to(timedelta(hours=1))),
    function("diffInMonths(date, date) -> whole", months_between),
    function("diffInYears(date, date) -> whole", years_between),
    function("compareDates(date, date) -> whole", compare_dates),
    function("dateBetween(date, date, date) -> flag", date_between),
    function("age(date) -> whole", age, by_clock=True),
    function("ageInDays(date) -> whole", age_in_days, by_clock=True),
    function("ageInMonths(date) -> whole", age_in_months, by_clock=True),
    _part("dayOfWeek", lambda moment: moment.isoweekday()),
    _part("dayOfMonth", lambda moment: moment.day),
    _part("dayOfYear", lambda moment: moment.timetuple().tm_yday),
    _part("weekOfYear", lambda moment: moment.isocalendar().week),
    _part("extractMonth", lambda moment: moment.month),
    _part("extractHours", lambda moment: moment.hour),
    _part("extractMinutes", lambda moment: moment.minute),
    _part("extractSeconds", lambda moment: moment.second),
)
