"""Charts: whatever the numbers, every point is inside the picture, a gap is no zero, and nothing is made up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour import limits
from retour.web.admin import amounts, charts
from retour.web.admin.charts import Axis, Bar, Chart, Number, Series
from retour.web.admin.periods import PERIODS

POINT = re.compile(r"(-?[\d.]+(?:e[+-]?\d+)?) (-?[\d.]+(?:e[+-]?\d+)?)")
BUCKETS = st.integers(1, limits.CHART_BUCKETS)
COUNTS = st.one_of(st.none(), st.integers(0, 10**15))
SHARES = st.one_of(st.none(), st.floats(0, 100))
TIMES = st.one_of(st.none(), st.floats(0, 1e9))


def axis(buckets: int) -> Axis:
    return Axis(names=tuple(f"{place:02}" for place in range(buckets)), marks=("00",))


def series(*values: Number, look: str = "c") -> Series:
    return Series(name="Sent", look=look, values=values)


def stacked(*rows: Series) -> Chart:
    return charts.stacked(axis(len(rows[0].values)), rows, amounts.count, amounts.short)


def lines(*rows: Series) -> Chart:
    return charts.lines(axis(len(rows[0].values)), rows, amounts.milliseconds)


def share(row: Series) -> Chart:
    return charts.share(axis(len(row.values)), row, limits.SUCCESS_OBJECTIVE, amounts.percent)


def points(chart: Chart) -> list[tuple[float, float]]:
    found = [POINT.findall(shape.path) for shape in (*chart.lines, *chart.areas)]
    return [(float(x), float(y)) for pairs in found for x, y in pairs]


def check_inside(chart: Chart) -> None:
    for x, y in points(chart):
        assert 0 <= x <= charts.WIDTH
        assert 0 <= y <= charts.HEIGHT
    for bar in chart.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= charts.WIDTH + 0.01
        assert -0.01 <= bar.y <= bar.y + bar.height <= charts.HEIGHT + 0.02
        assert bar.width > 0
        assert bar.height >= 0
    assert chart.columns[-1] == chart.open
    assert all(0 <= one.x <= one.x + one.width <= charts.WIDTH + 0.01 for one in chart.columns)
    assert len(chart.y_labels) == charts.STEPS + 1


@given(BUCKETS.flatmap(lambda n: st.lists(st.lists(COUNTS, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_bars_are_inside_and_stand_on_each_other(rows: list[list[Number]]) -> None:
    chart = stacked(*(series(*row, look=str(number)) for number, row in enumerate(rows)))
    check_inside(chart)
    piles: dict[float, list[Bar]] = {}
    for bar in chart.bars:
        piles.setdefault(bar.x, []).append(bar)
    for pile in piles.values():
        floor = float(charts.HEIGHT)
        for bar in pile:
            assert bar.y + bar.height == pytest.approx(floor, abs=0.02)
            floor = bar.y
    assert chart.empty is not any(value for row in rows for value in row)


@given(st.lists(TIMES, min_size=1, max_size=limits.CHART_BUCKETS))
def test_lines_are_inside_and_have_a_point_for_each_number_and_none_for_a_gap(row: list[Number]) -> None:
    chart = lines(series(*row))
    check_inside(chart)
    assert len(points(chart)) == sum(value is not None for value in row)
    assert chart.empty is all(value is None for value in row)


@given(st.lists(SHARES, min_size=1, max_size=limits.CHART_BUCKETS))
def test_a_share_and_its_objective_are_inside(row: list[Number]) -> None:
    chart = share(series(*row))
    check_inside(chart)
    assert chart.goal is not None
    assert 0 < chart.goal < charts.HEIGHT
    assert chart.y_labels[-1] == "100%"
    assert len(points(chart)) == 2 * sum(value is not None for value in row)


@given(st.one_of(st.integers(0, 10**18), st.floats(0, 1e18)))
def test_the_top_of_an_axis_holds_the_number_and_wastes_little(value: float) -> None:
    top = charts.nice_top(value)
    assert top >= value
    assert top == charts.STEPS or top <= 2.51 * value


def test_a_gap_ends_a_line_and_zero_does_not() -> None:
    (gap,) = lines(series(4, None, 4, 4)).lines
    (zero,) = lines(series(4, 0, 4, 4)).lines
    assert gap.path == "M125.0 0.0h0M625.0 0.0L875.0 0.0"
    assert zero.path == "M125.0 0.0L375.0 200.0L625.0 0.0L875.0 0.0"


def test_a_gap_is_told_as_a_gap_and_zero_as_zero() -> None:
    chart = stacked(series(None, 0, 7))
    assert [cells for _, cells in chart.rows] == [("no data",), ("0",), ("7",)]
    assert [one.text for one in chart.columns] == ["00: Sent no data", "01: Sent 0", "02: Sent 7"]
    assert len(chart.bars) == 1


def test_one_bucket_fills_the_picture() -> None:
    chart = stacked(series(8))
    assert (chart.open.x, chart.open.width) == (0, charts.WIDTH)
    (bar,) = chart.bars
    assert (bar.x, bar.width, bar.y, bar.height) == (160, 680, 0, 200)


def test_nothing_leaves_the_axes() -> None:
    for chart in (stacked(series(0, 0)), lines(series(None, None)), share(series(None, None))):
        assert chart.empty
        assert chart.bars == ()
        assert points(chart) == []
        assert len(chart.y_labels) == len(chart.columns) + 3
    assert not share(series(0.0)).empty


def test_the_axis_of_a_share_begins_below_what_is_lowest() -> None:
    assert share(series(99.5)).y_labels[0] == "96%"
    assert share(series(95.9)).y_labels[0] == "90%"
    assert share(series(12.0)).y_labels[0] == "0%"


@pytest.mark.parametrize(
    ("value", "top", "length"), [(0, 10, 0), (10, 10, 1000), (5, 10, 500), (1, 10**9, 10), (3, 0, 0)]
)
def test_a_bar_of_a_list_is_seen_however_short(value: float, top: float, length: float) -> None:
    assert charts.meter(value, top) == length


def test_no_period_has_more_buckets_than_a_chart_may_draw_and_marks_stand_evenly() -> None:
    assert max(period.buckets for period in PERIODS.values()) == limits.CHART_BUCKETS
    assert all(period.buckets % period.every == 0 for period in PERIODS.values())


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "no data"),
        (0, "0"),
        (999, "999"),
        (1_250, "1.25k"),
        (2_000_000, "2M"),
        (5e9, "5B"),
        (2.5, "2.5"),
    ],
)
def test_numbers_of_an_axis_are_short(value: float | None, told: str) -> None:
    assert amounts.short(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "no data"), (0, "0%"), (100, "100%"), (99.96, "99.9%"), (0.01, "under 0.1%"), (92.14, "92.1%")],
)
def test_a_share_that_is_nearly_all_is_not_all(value: float | None, told: str) -> None:
    assert amounts.percent(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "no data"), (0, "0 ms"), (0.34, "0.3 ms"), (84.2, "84 ms"), (1_000, "1 s"), (1_250, "1.25 s")],
)
def test_short_times(value: float | None, told: str) -> None:
    assert amounts.milliseconds(value) == told


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (104, 100, "+4.0% on the day before"),
        (50, 100, "−50.0% on the day before"),
        (7, 7, "Same as the day before"),
        (7, 0, "None the day before"),
        (0, 0, ""),
        (50_000, 1, "+4,999,900% on the day before"),
    ],
)
def test_a_change_names_what_it_is_compared_with(now: int, before: int, told: str) -> None:
    assert amounts.change(now, before, "the day before") == told
