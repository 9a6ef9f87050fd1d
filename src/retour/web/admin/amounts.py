"""How the pages write numbers: counts, shares, times of some milliseconds, changes. Pure."""

from __future__ import annotations

from retour.model import Value

NOTHING_KNOWN = "no data"
SIZES = ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k"))


def count(value: float | None) -> str:
    """`1,204`."""
    return NOTHING_KNOWN if value is None else f"{value:,.0f}"


def short(value: float | None) -> str:
    """`1.2k`, for axes."""
    if value is None:
        return NOTHING_KNOWN
    for size, letter in SIZES:
        if abs(value) >= size:
            return f"{value / size:.2f}".rstrip("0").rstrip(".") + letter
    return f"{value:g}"


def percent(value: float | None) -> str:
    """`99.2%`, never `100%` or `0%` for what is only nearly so."""
    if value is None:
        return NOTHING_KNOWN
    if 99.95 <= value < 100:
        return "99.9%"
    if 0 < value < 0.05:
        return "under 0.1%"
    return f"{value:.1f}%".replace(".0%", "%")


def milliseconds(value: float | None) -> str:
    """`84 ms`, `1.2 s`, of milliseconds."""
    if value is None:
        return NOTHING_KNOWN
    if value >= 1_000:
        return f"{value / 1_000:.2f}".rstrip("0").rstrip(".") + " s"
    return f"{value:.0f} ms" if value >= 10 or value == round(value) else f"{value:.1f} ms"


def share(part: float, whole: float) -> float | None:
    """A part in percent; None of nothing."""
    return 100 * part / whole if whole else None


def change(now: int, before: int, word: str) -> str:
    """`+4.1% on the day before`; without a number when there is nothing to compare with."""
    if not before:
        return f"None {word}" if now else ""
    if now == before:
        return f"Same as {word}"
    much = 100 * (now - before) / before
    told = f"{abs(much):,.1f}%" if abs(much) < 1_000 else f"{abs(much):,.0f}%"
    return f"{'+' if much > 0 else '−'}{told} on {word}"


class Success(Value):
    """Attempts that an endpoint took, and that failed."""

    good: int = 0
    bad: int = 0

    @property
    def percent(self) -> float | None:
        """None without an attempt."""
        return share(self.good, self.good + self.bad)
