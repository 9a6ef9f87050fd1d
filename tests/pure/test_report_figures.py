"""From tallies to figures: in which bucket, how much, with which gaps; and the CSV of it."""

from __future__ import annotations

import csv
import io

import pytest

from retour import ids, limits
from retour.model import FeedbackStatus
from retour.stores.tallies import Tally, TallyKind, bounds, bucket_of
from retour.web.admin import csv_files, figures, periods
from retour.web.admin.figures import Counts
from retour.web.admin.periods import PERIODS, Period, Window

NOW = ids.parse_iso("2026-11-24T10:07:30Z")
DAY = Window(period=periods.DAY_BY_QUARTERS, now=NOW)
HOUR = Window(period=periods.HOUR_BY_MINUTE, now=NOW)
LAST = DAY.starts[-1]


def feedback(status: str, n: int, at: int = LAST, channel: str = "email") -> Tally:
    return Tally(at, TallyKind.FEEDBACK, f"{channel}:{status}", n)


def answer(key: str, n: int, at: int = LAST) -> Tally:
    return Tally(at, TallyKind.ANSWER, key, n)


def reason(key: str, n: int) -> Tally:
    return Tally(LAST, TallyKind.REASON, key, n)


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("period", PERIODS.values(), ids=lambda period: period.key)
def test_a_window_ends_with_the_bucket_of_now(period: Period) -> None:
    window = Window(period=period, now=NOW)
    assert len(window.starts) == period.buckets
    assert window.starts[0] == window.since
    assert window.starts[-1] <= NOW < window.until
    assert (window.place(NOW), window.place(window.since)) == (period.buckets - 1, 0)
    assert window.place(window.until) is None
    assert window.place(window.since - 1) is None
    assert all(at % period.size == 0 for at in window.starts)


@pytest.mark.parametrize("period", PERIODS.values(), ids=lambda period: period.key)
def test_what_is_compared_is_over_and_counted_alike_in_both(period: Period) -> None:
    window = Window(period=period, now=NOW)
    since, until = window.compared()
    assert window.since <= since < until <= NOW
    unit = limits.MINUTE if period.key == "1h" else limits.HOUR
    assert since % unit == until % unit == 0
    assert until - since >= period.length - 2 * limits.HOUR - period.size


def test_the_last_bucket_says_that_it_is_not_complete() -> None:
    axis = DAY.axis()
    assert axis.names[0] == "23 Nov 10:15"
    assert axis.names[-1] == "24 Nov 10:00 (not complete)"
    assert axis.marks == ("10:15", "14:15", "18:15", "22:15", "02:15", "06:15")
    assert Window(period=periods.MONTH, now=NOW).axis().marks[0] == "25 Oct"


def test_sent_is_shown_without_those_that_are_known_to_be_delivered() -> None:
    counts = Counts(
        DAY, [feedback("sent", 10), feedback("delivered", 7), feedback("bounce", 2), feedback("error", 1)]
    )
    told = {one.name: one.values[-1] for one in figures.outcomes(counts, "", 0)}
    assert told == {"Delivered": 7, "Sent, not known to be delivered": 3, "Bounce": 2, "Error": 1}


def test_more_deliveries_than_sent_in_a_bucket_are_not_less_than_nothing() -> None:
    counts = Counts(DAY, [feedback("sent", 1), feedback("delivered", 7)])
    assert [one.values[-1] for one in figures.outcomes(counts, "", 0)] == [7, 0, 0, 0]


def test_a_channel_is_picked() -> None:
    counts = Counts(DAY, [feedback("sent", 10), feedback("sent", 4, channel="sms")])
    sent = [sum(figures.by_status(counts, channel, FeedbackStatus.SENT)) for channel in ("", "email", "sms")]
    assert sent == [14, 10, 4]


def test_the_time_before_the_sandbox_is_a_gap_unless_something_was_counted() -> None:
    born = DAY.starts[3]
    bounced = figures.outcomes(Counts(DAY, [feedback("bounce", 1, DAY.starts[1])]), "", born)[2].values
    assert bounced[:5] == (None, 1, None, 0, 0)
    assert set(bounced[5:]) == {0}


def test_a_bucket_without_an_attempt_is_a_gap_in_success_and_latency() -> None:
    early = DAY.starts[0]
    slow = Tally(early, TallyKind.LATENCY, str(bucket_of(80)), 5)
    counts = Counts(DAY, [answer("200", 3, early), answer("timeout", 1, early), answer("204", 0), slow])
    assert figures.success(counts).values[:2] == (75, None)
    for one in figures.latency(counts):
        assert one.values[0] == pytest.approx(80, rel=0.1)
        assert set(one.values[1:]) == {None}


def test_percentiles_are_in_the_bucket_in_which_that_attempt_is() -> None:
    spread = {10: 50, 80: 45, 200: 4, 9_000: 1}
    found = [Tally(LAST, TallyKind.LATENCY, str(bucket_of(ms)), n) for ms, n in spread.items()]
    p50, p95, p99 = [one.values[-1] for one in figures.latency(Counts(DAY, found))]
    for told, true in ((p50, 10), (p95, 80), (p99, 200)):
        low, high = bounds(bucket_of(true))
        assert told is not None
        assert low <= told <= high


def test_reasons_are_told_by_code_and_in_words_the_most_frequent_first() -> None:
    found = [reason("email:bounce:22", 3), reason("sms:bounce:22", 2), reason("email:error:25", 9)]
    found += [reason("sms:bounce:vendor:7", 1), reason("email:delay:70", 50)]
    told = [(one.code, one.told, one.count) for one in figures.reasons(Counts(DAY, found), "")]
    assert told == [
        ("25", "Error: Admin Failure", 9),
        ("22", "Bounce: Mailbox Full", 5),
        ("vendor:7", "Bounce", 1),
    ]
    assert [one.count for one in figures.reasons(Counts(DAY, found), "sms")] == [2, 1]


def test_answers_are_told_by_code_and_in_words() -> None:
    found = [answer("200", 9), answer("503", 2), answer("connect_failed", 1), answer("599", 1)]
    told = [(one.code, one.told, one.look) for one in figures.answers(Counts(DAY, found))]
    assert told == [
        ("200", "OK", "c-delivered"),
        ("503", "Service Unavailable", "c-error"),
        ("599", "A code that HTTP does not define", "c-error"),
        ("connect_failed", "Connect failed", "c-error"),
    ]


def test_csv_has_every_bucket_and_every_status_and_says_which_is_not_complete() -> None:
    header, *rows = cells(csv_files.outcomes(Counts(DAY, [feedback("delay", 4)]), ""))
    assert header[:4] == ["from", "to", "complete", "accepted"]
    assert header[4:] == [status.value for status in FeedbackStatus]
    assert len(rows) == DAY.period.buckets
    assert rows[-1][:3] == ["2026-11-24T10:00:00.000Z", "2026-11-24T10:15:00.000Z", "no"]
    assert {name: cell for name, cell in zip(header[3:], rows[-1][3:], strict=True) if cell != "0"} == {
        "delay": "4"
    }
    assert {row[2] for row in rows[:-1]} == {"yes"}


def test_a_gap_is_an_empty_cell() -> None:
    _, *rows = cells(csv_files.success(Counts(HOUR, [answer("200", 2, HOUR.starts[-1])]), ""))
    assert rows[0][3:] == ["0", "0", ""]
    assert rows[-1][3:] == ["2", "0", "100"]
    _, *rows = cells(csv_files.latency(Counts(HOUR, []), ""))
    assert {tuple(row[3:]) for row in rows} == {("", "", "")}


@pytest.mark.parametrize("code", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_taken_for_a_formula(code: str) -> None:
    _, row = cells(csv_files.reasons(Counts(DAY, [reason(f"sms:bounce:{code}", 3)]), ""))
    assert row == [f"'{code}", "Bounce", "3"]


def test_answers_as_csv() -> None:
    rows = cells(csv_files.answers(Counts(DAY, [answer("200", 9), answer("timeout", 1)]), ""))
    assert rows == [["answer", "meaning", "attempts"], ["200", "OK", "9"], ["timeout", "Timeout", "1"]]
