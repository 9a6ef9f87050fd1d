"""Charts as geometry: numbers in, the shapes of an SVG out. Pure.

A chart is WIDTH by HEIGHT units and is stretched by the page to the room there is, so it holds nothing but shapes; what
stands at its axes is text of the page and keeps its size. None is a gap: nothing is drawn there, and a gap is not zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, log10

from retour.model import Value

WIDTH, HEIGHT = 1_000, 200
STEPS = 4  # lines of the grid
BAR = 0.68  # of a bucket's width
LOWEST_SHARES = (
    96,
    90,
    80,
    60,
)  # where the axis of a share may begin, when nothing is below; each a round quarter

Number = float | None
Write = Callable[[Number], str]


class Series(Value):
    """One number a bucket. look: the class of its colour."""

    name: str
    look: str
    values: tuple[Number, ...]


class Shape(Value):
    """A path. look: the class of its colour."""

    look: str
    path: str


class Bar(Value):
    """A rectangle."""

    look: str
    x: float
    y: float
    width: float
    height: float


class Column(Value):
    """The whole height of a bucket, for the pointer; text: what it says."""

    x: float
    width: float
    text: str


class Chart(Value):
    """What to draw, and the words around it. y_labels: from the bottom. goal: the height of the objective's line.

    open: the bucket that is not over yet. rows: a label and a cell for each series. empty: there is nothing to draw.
    """

    series: tuple[Series, ...]
    columns: tuple[Column, ...]
    y_labels: tuple[str, ...]
    x_labels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    open: Column
    empty: bool
    bars: tuple[Bar, ...] = ()
    lines: tuple[Shape, ...] = ()
    areas: tuple[Shape, ...] = ()
    goal: float | None = None


class Axis(Value):
    """The time below a chart. names: of each bucket; the last one is not over yet. marks: what stands below, evenly."""

    names: tuple[str, ...]
    marks: tuple[str, ...]


class Scale(Value):
    """From the numbers at the bottom and at the top to heights."""

    low: float
    top: float

    def y(self, value: float) -> float:
        """The height, counted from above; what is outside lies on the edge."""
        inside = min(max(value, self.low), self.top)
        return round(HEIGHT - HEIGHT * (inside - self.low) / (self.top - self.low), 2)

    def labels(self, write: Write) -> tuple[str, ...]:
        """What stands at the grid, from the bottom."""
        return tuple(write(self.low + (self.top - self.low) * step / STEPS) for step in range(STEPS + 1))


def stacked(axis: Axis, series: Sequence[Series], write: Write, mark: Write) -> Chart:
    """Bars on each other, the first series at the bottom; counts, not below zero. mark: writes a number of the axis."""
    sums = [sum(one.values[place] or 0 for one in series) for place in range(len(axis.names))]
    scale = Scale(low=0, top=nice_top(max(sums, default=0)))
    bars = [bar for place in range(len(axis.names)) for bar in _pile(place, axis, series, scale)]
    return _chart(axis, series, scale, write, mark, bars=tuple(bars), empty=not any(sums))


def lines(axis: Axis, series: Sequence[Series], write: Write) -> Chart:
    """A line for each series, from zero."""
    scale = Scale(low=0, top=nice_top(max(_numbers(series), default=0)))
    paths = [Shape(look=one.look, path=_line(one.values, axis, scale)) for one in series]
    return _chart(axis, series, scale, write, write, lines=tuple(paths), empty=not _numbers(series))


def share(axis: Axis, one: Series, goal: float, write: Write) -> Chart:
    """A share of 0 to 100 with its objective; the axis begins below the lowest number and below the objective."""
    lowest = min([goal, *_numbers([one])])
    scale = Scale(low=next((low for low in LOWEST_SHARES if low <= lowest), 0), top=100)
    line = Shape(look=one.look, path=_line(one.values, axis, scale))
    area = Shape(look=one.look, path=_area(one.values, axis, scale))
    return _chart(
        axis,
        [one],
        scale,
        write,
        write,
        lines=(line,),
        areas=(area,),
        goal=scale.y(goal),
        empty=not _numbers([one]),
    )


def nice_top(value: float) -> float:
    """A number not below this one that four steps of the grid divide well; 4 for nothing."""
    if value <= STEPS:
        return STEPS
    step = value / STEPS
    size = 10.0 ** floor(log10(step))
    return next(size * nice * STEPS for nice in (1, 2, 2.5, 5, 10, 20) if size * nice >= step)


def meter(value: float, top: float) -> float:
    """The length of a bar in a list, of WIDTH; what is not nothing is seen."""
    if value <= 0 or top <= 0:
        return 0.0
    return round(min(max(WIDTH * value / top, WIDTH / 100), WIDTH), 2)


# --- shapes ---------------------------------------------------------------------------------------------


def _chart(
    axis: Axis,
    series: Sequence[Series],
    scale: Scale,
    write: Write,
    mark: Write,
    *,
    empty: bool,
    bars: tuple[Bar, ...] = (),
    lines: tuple[Shape, ...] = (),
    areas: tuple[Shape, ...] = (),
    goal: float | None = None,
) -> Chart:
    columns = tuple(_column(place, axis, series, write) for place in range(len(axis.names)))
    rows = tuple(
        (name, tuple(write(one.values[place]) for one in series)) for place, name in enumerate(axis.names)
    )
    return Chart(
        series=tuple(series),
        columns=columns,
        y_labels=scale.labels(mark),
        x_labels=axis.marks,
        rows=rows,
        open=columns[-1],
        bars=bars,
        lines=lines,
        areas=areas,
        goal=goal,
        empty=empty,
    )


def _column(place: int, axis: Axis, series: Sequence[Series], write: Write) -> Column:
    width = WIDTH / len(axis.names)
    told = ", ".join(f"{one.name} {write(one.values[place])}" for one in series)
    x = round(width * place, 2)
    return Column(x=x, width=round(min(width, WIDTH - x), 2), text=f"{axis.names[place]}: {told}")


def _pile(place: int, axis: Axis, series: Sequence[Series], scale: Scale) -> list[Bar]:
    """The bars of a bucket; each begins where the one below it ends."""
    width = WIDTH / len(axis.names)
    x, below, pile = round(width * (place + (1 - BAR) / 2), 2), 0.0, []
    for one in series:
        value = one.values[place] or 0
        if value > 0:
            bottom, y = scale.y(below), scale.y(below + value)
            pile.append(
                Bar(look=one.look, x=x, y=y, width=round(width * BAR, 2), height=round(bottom - y, 2))
            )
            below += value
    return pile


def _line(values: Sequence[Number], axis: Axis, scale: Scale) -> str:
    """Each run of numbers by itself; a lone one is a dot (a line of no length with round ends)."""
    return "".join(
        "M" + "L".join(f"{x} {y}" for x, y in run) + ("h0" if len(run) == 1 else "")
        for run in _runs(values, axis, scale)
    )


def _area(values: Sequence[Number], axis: Axis, scale: Scale) -> str:
    """What is below the runs of a line."""
    return "".join(
        "M" + "L".join(f"{x} {y}" for x, y in run) + f"V{HEIGHT}H{run[0][0]}Z"
        for run in _runs(values, axis, scale)
    )


def _runs(values: Sequence[Number], axis: Axis, scale: Scale) -> list[list[tuple[float, float]]]:
    """Points of buckets that follow each other; a gap ends a run."""
    width, runs, last = WIDTH / len(axis.names), list[list[tuple[float, float]]](), False
    for place, value in enumerate(values):
        if value is not None:
            if not last:
                runs.append([])
            runs[-1].append((round(width * (place + 0.5), 2), scale.y(value)))
        last = value is not None
    return runs


def _numbers(series: Sequence[Series]) -> list[float]:
    return [value for one in series for value in one.values if value is not None]
