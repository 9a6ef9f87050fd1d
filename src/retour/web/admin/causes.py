"""Why a delivery stands where it stands, in sentences, and what happens next. Pure; the clock is passed in."""

from __future__ import annotations

from http import HTTPStatus

from retour import limits
from retour.model import DeliveryState, DeliveryStatus, Timings, Value
from retour.stores.delivery_shelves import DeliveryLine, LastTry
from retour.stores.shelves import DeliveryRow
from retour.times import duration
from retour.web.admin import words

OURS, YOURS = (
    "The endpoint answered",
    "Your endpoint answered",
)  # as the attempt's log has it, and on these pages
PARKED_DAYS = limits.PARKED_AGE // limits.DAY
# What ended a delivery without a try.
ENDED = {
    "no_webhook": f"This sandbox had no feedback webhook for {PARKED_DAYS} days.",
    "taken_too_often": f"It was taken {limits.TAKEN_TOO_OFTEN} times and no try came to an end.",
    "webhook_deleted": "Its feedback webhook was deleted.",
    "body_removed": "The body of the event was removed before it could be sent.",
    "erased": "The person was erased.",
}


class Entry(Value):
    """A row of the list. cause: a sentence, empty where there is none to tell."""

    line: DeliveryLine
    status: words.Status
    cause: str
    latency: str


class Phase(Value):
    """A part of a try. start, length: in thousandths of the whole."""

    word: str
    took: str
    start: int
    length: int


def entry(line: DeliveryLine, status: DeliveryStatus) -> Entry:
    """A row with its words."""
    return Entry(
        line=line,
        status=words.delivery_status(status),
        cause=cause(line.row, line.last),
        latency=words.milliseconds(line.last.timings.total) if line.last else "",
    )


def cause(row: DeliveryRow, last: LastTry | None) -> str:
    """Why it did not succeed so far; empty when nothing went wrong."""
    if row.last_trouble is None or row.state is DeliveryState.ACCEPTED:
        return ""
    if row.last_trouble in ENDED:
        return ENDED[row.last_trouble]
    if last is not None and last.detail:
        return told(last.detail)
    return answered(row.last_code) if row.last_code else f"No answer: {words.trouble(row.last_trouble)}."


def told(detail: str) -> str:
    """An attempt's sentence, spoken to whoever reads these pages."""
    return YOURS + detail.removeprefix(OURS) if detail.startswith(OURS) else detail


def answered(code: int) -> str:
    """`Your endpoint answered 503 Service Unavailable.`"""
    try:
        return f"{YOURS} {code} {HTTPStatus(code).phrase}."
    except ValueError:
        return f"{YOURS} {code}."


def outlook(row: DeliveryRow, status: DeliveryStatus, now: int, days: int, removed: str) -> str:
    """What happens next, or what it ended with. days: for which bodies are kept; removed: why this one is not there."""
    if status is not DeliveryStatus.EXHAUSTED:
        return words.next_step(row, status, now)
    tries = "1 attempt" if row.attempts == 1 else f"{row.attempts} attempts"
    end = f"Gave up after {tries}." if row.attempts else "Given up without an attempt."
    if removed:
        return f"{end} It can't be replayed any more."
    return f"{end} Fix it, then replay. Nothing is lost: the event is kept for {days} days."


def next_try(due_at: int | None, now: int) -> str:
    """When the first of those that wait is tried."""
    if due_at is None:
        return "none waits"
    return f"next in {duration(due_at - now)}" if due_at > now else "next about to start"


def replays(number: str) -> str:
    """What replaying so many leads to. number: `49`, or `1,000+` where there are more than one press takes."""
    many = f" The oldest {limits.REPLAYS:,} go now; press again for the rest." if number.endswith("+") else ""
    return (
        "Each event goes out once more, with the same body and requestId, up to "
        f"{limits.DISPATCH_SLOTS} at a time, and with retries of its own. What was sent again since is left out.{many}"
    )


def phases(timings: Timings) -> list[Phase]:
    """What a try spent its time on, one after the other; what it never came to is left out."""
    whole = max(timings.total, 1)
    ends = [
        ("Name", timings.name),
        ("Connect", timings.connect),
        ("TLS", timings.tls),
        ("First byte", timings.first_byte),
        ("Body" if timings.first_byte is not None else "Waited in vain", timings.total),
    ]
    found, before = [], 0
    for word, end in ends:
        if end is not None:
            end = min(max(end, before), whole)
            start, length = 1_000 * before // whole, max(1_000 * (end - before) // whole, 4)
            found.append(
                Phase(word=word, took=words.milliseconds(end - before), start=min(start, 996), length=length)
            )
            before = end
    return found
