"""A message's life as one line: accepted, rendered, each feedback event with what was posted of it, what comes next.

Pure; the clock is passed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import merge

from msgspec import structs

from retour import limits
from retour.ids import parse_iso
from retour.mailreports import Kind
from retour.model import Attempt, ChannelKind, Event, FeedbackStatus, RecipientStatus, Value
from retour.stores.event_shelves import Life
from retour.stores.report_shelves import ReturnedMail
from retour.stores.shelves import DeliveryRow, MessageRow
from retour.times import duration, moment
from retour.web.admin import told, words
from retour.web.admin.told import CATEGORIES, Provider, Told

TITLES = {
    FeedbackStatus.DELIVERED: "Delivered",
    FeedbackStatus.BOUNCE: "Bounced",
    FeedbackStatus.ERROR: "Failed",
    FeedbackStatus.DELAY: "Delayed",
    FeedbackStatus.EXCLUDE: "Left out",
    FeedbackStatus.DENYLIST: "Left out: suppressed",
    FeedbackStatus.DUPLICATE: "Left out: a duplicate",
}
LEFT_OUT = {
    "EmailSuppressed": "Nothing was sent: the address is on the suppression list.",
    "DomainSuppressed": "Nothing was sent: the domain of the address is on the suppression list.",
    "SMSNoConsent": "The number gets no text messages: it is on the SMS denylist.",
    "EmailNotAllowed": "Nothing was sent: the allowed list is active, and the address is not on it.",
    "DomainNotAllowed": "Nothing was sent: the allowed list is active, and the domain of the address is not on it.",
}
OVER = {
    RecipientStatus.DELIVERED,
    RecipientStatus.BOUNCED,
    RecipientStatus.ERROR,
    RecipientStatus.EXCLUDED,
}


class Posting(Value):
    """A delivery of an event, with its attempts and how long after the event each was."""

    delivery: DeliveryRow
    status: words.Status
    next_step: str
    attempts: tuple[tuple[Attempt, str], ...]


class Step(Value):
    """One point of the line. at: None when the time is not known. gap: since the step before it (`+0.12 s`).

    amends: the sequence of the event that this one corrects; amended: the sequences of those that correct it.
    mail: one that came back; led_to: the sequence of the event that it led to, None where it changed nothing.
    """

    title: str
    look: str = ""
    at: int | None = None
    gap: str = ""
    sentences: tuple[str, ...] = ()
    event: Event | None = None
    amends: int | None = None
    amended: tuple[int, ...] = ()
    postings: tuple[Posting, ...] = ()
    mail: ReturnedMail | None = None
    led_to: int | None = None


def steps(
    message: MessageRow,
    life: Life,
    events: Sequence[Event],
    postings: Sequence[Posting],
    mails: Sequence[ReturnedMail] = (),
) -> list[Step]:
    """The line so far, from the top. A mail that came back stands before the event that it led to."""
    told_ones = _told(events, postings)
    came_back = _came_back(mails, events)
    opening = [_accepted(message)]
    if any(told.read(event.body).provider for event in events):
        opening.append(_rendered(life))
    return opening + _with_gaps(merge(came_back, told_ones, key=_moment), message.created_at)


def _told(events: Sequence[Event], postings: Sequence[Posting]) -> list[Step]:
    """A step for each event."""
    read = [told.read(event.body) for event in events]
    sequences = {event.id: event.sequence for event in events}
    corrections = [(later.sequence, its.amends) for later, its in zip(events, read, strict=True)]
    return [
        Step(
            title=_title(event, one),
            look=words.FEEDBACK_LOOKS.get(event.status, ""),
            at=event.at,
            sentences=tuple(_sentences(event, one)),
            event=event,
            amends=sequences.get(one.amends or ""),
            amended=tuple(sequence for sequence, amends in corrections if amends == event.id),
            postings=tuple(post for post in postings if post.delivery.sequence == event.sequence),
        )
        for event, one in zip(events, read, strict=True)
    ]


def _came_back(mails: Sequence[ReturnedMail], events: Sequence[Event]) -> list[Step]:
    """A step for each mail."""
    sequences = {event.id: event.sequence for event in events}
    return [
        Step(
            title=f"Mail came back: {words.MAILS[Kind(mail.kind)]}",
            at=mail.at,
            mail=mail,
            led_to=sequences.get(mail.event_id or ""),
        )
        for mail in mails
    ]


def _moment(step: Step) -> int:
    return step.at or 0


def _with_gaps(line: Iterable[Step], before: int) -> list[Step]:
    """Each with the time since the one before it."""
    made = []
    for step in line:
        made.append(structs.replace(step, gap=gap(_moment(step) - before)))
        before = _moment(step)
    return made


def _accepted(message: MessageRow) -> Step:
    return Step(title="Accepted", look="info", at=message.created_at)


def _rendered(life: Life) -> Step:
    sentence = f"From campaign version {life.version_id}, right before it was handed over."
    return Step(title="Rendered", look="info", sentences=(sentence,))


def _title(event: Event, one: Told) -> str:
    if event.status is FeedbackStatus.COMPLAINT and one.complaint:
        return f"Complaint: {one.complaint}"
    if event.status is not FeedbackStatus.SENT:
        return TITLES.get(event.status, event.status.value.capitalize())
    name = one.provider.name if one.provider else ""
    if name == "simulated":
        return "Handed over (simulated)"
    if name == "smtp":
        return "Handed over to the relay"
    return f"Handed over to {name}" if name else "Handed over"


def _sentences(event: Event, one: Told) -> list[str]:
    """Why, in AJO's words; then what the next hop said."""
    made = []
    if why := told.reason(one):
        made.append(f"{why}.")
    if one.failure and one.failure.reason in LEFT_OUT:
        made.append(LEFT_OUT[one.failure.reason])
    if one.failure and one.failure.category in CATEGORIES:
        made.append(f"Told {CATEGORIES[one.failure.category]}.")
    if one.provider and (said := told.reply(one.provider)):
        made.append(f"{_who(event, one.provider)} said: {said}")
    if one.provider and one.provider.reference:
        what = "Queue id" if one.provider.name == "smtp" else "Reference"
        made.append(f"{what}: {one.provider.reference}")
    if text := told.travelled(one):
        made.append(f"Text: {text}.")
    if one.retries:
        made.append(f"After {one.retries} failed {'try' if one.retries == 1 else 'tries'}.")
    if one.delivered_at:
        made.append(f"By the provider's clock: {moment(parse_iso(one.delivered_at))}.")
    return made


def _who(event: Event, provider: Provider) -> str:
    if provider.name == "simulated":
        return "The simulator"
    return "The mail host" if event.channel is ChannelKind.EMAIL else "The provider"


def posting(
    row: DeliveryRow, status: words.Status, following: str, log: Sequence[Attempt], at: int
) -> Posting:
    """log: the attempts of the message; at: when the event was recorded, for a replay when it was asked for."""
    own = tuple((one, gap(one.at - at)) for one in log if one.delivery_id == row.id)
    return Posting(delivery=row, status=status, next_step=following, attempts=own)


def following(message: MessageRow, life: Life, now: int) -> list[str]:
    """What happens next, in sentences; empty for a message of somebody who was erased."""
    if life.erased:
        return []
    if life.leased:
        return ["A try is under way."]
    if life.due_at is None:
        return [_over(message)]
    if not life.kept:
        return [_news(message, life.due_at, now)]
    return [_try(message, life, life.due_at, now), f"Given up {_when(life.expires_at, now)}."]


def _over(message: MessageRow) -> str:
    if message.status in OVER:
        return "Nothing more is expected. What comes all the same is told as a correction."
    return "It is with the next hop. Whatever is reported of it is told here."


def _news(message: MessageRow, due_at: int, now: int) -> str:
    if message.channel is ChannelKind.SMS:
        return f"A final report is waited for; it is over {_when(due_at, now)}."
    return f"News is asked for {_when(due_at, now)}."


def _try(message: MessageRow, life: Life, due_at: int, now: int) -> str:
    where = "the relay" if message.channel is ChannelKind.EMAIL else "the provider"
    if life.waits_for_relay:
        return f"It waits for {where}, which can't be used now, and goes as soon as it works again."
    if due_at <= now:
        return "The next try is about to start."
    return f"Next try at {where} {_when(due_at, now)}."


def _when(at: int, now: int) -> str:
    return f"in {duration(at - now)}, at {moment(at)}" if at > now else "now"


def content(life: Life) -> str:
    """What became of what the message says."""
    if life.kept:
        return "Kept, sealed, until it is handed over. It is never shown."
    return "Removed."


def gap(micros: int) -> str:
    """`+0.12 s`, `+1 min 42 s`."""
    if micros < limits.MINUTE:
        return f"+{max(micros, 0) / limits.SECOND:.2f} s"
    return f"+{duration(micros)}"
