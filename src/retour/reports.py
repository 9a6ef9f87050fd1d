"""Room 3's door for what is learned after a message was sent: mails that come back, and what providers tell.

Whoever hears of a message names it by its mark (marks.py). What is new becomes feedback, in one transaction that is
guarded by the message's revision; what is known already changes nothing; what contradicts is told as an amendment.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from functools import partial

import msgspec
import structlog

from retour import feedback, limits, mailreports
from retour.bells import Bell
from retour.due import insist
from retour.errors import Busy
from retour.mailreports import Kind, MailReport
from retour.marks import COMPLAINTS, Marks, Place
from retour.model import (
    FINAL_STATUSES,
    Event,
    Fact,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Lane,
    Learned,
    Message,
)
from retour.sealing import Keys
from retour.stores import RoomName, Store
from retour.stores.handovers import Answer, Changed, Repeated, Reported, Returned, Stale, Step, Written
from retour.stores.report_shelves import Reportable, ReportShelves
from retour.stores.shelves import Shelves
from retour.suppression import Lesson, lesson_of

log = structlog.get_logger()

SPAM_BLOCK = 51
SENT = Fact(status=FeedbackStatus.SENT, key="sent")


class Heard(StrEnum):
    """What came of a report.

    told: feedback was recorded. known: it changes nothing. nobody: it names no message of ours. later: the message is
    being tried at this moment, and the report must come again.
    """

    TOLD = "told"
    KNOWN = "known"
    NOBODY = "nobody"
    LATER = "later"


class Reports:
    """Takes reports."""

    def __init__(
        self, store: Store, shelves: Shelves, reading: ReportShelves, bell: Bell, keys: Keys
    ) -> None:
        self._store = store
        self._shelves = shelves
        self._reading = reading
        self._bell = bell
        self._keys = keys
        self._at_once = asyncio.Semaphore(limits.REPORTS_AT_ONCE)
        self.marks = Marks(keys)

    def knows(self, address: str) -> bool:
        """Whether mail to this address is taken: a return path with a mark of ours, or that of feedback loops."""
        return self.marks.read_address(address) is not None or _is_for_complaints(address)

    async def mail(self, address: str, raw: bytes, now: int, size: int = 0) -> Heard:
        """A mail came back: read it, find its message, tell what is new of it, keep it for a while.

        size: that of the whole mail where `raw` is only its beginning.
        """
        report = await _read(raw)
        place = self._place(address, report)
        if place is None:
            return Heard.NOBODY
        learned = learned_from(report)
        mail = self._returned(place, report, raw, now, max(size, len(raw)))
        if learned is None:
            return await self._keep(place, mail)
        return await self.told(place, learned, now, mail)

    async def told(self, place: Place, learned: Learned, now: int, mail: Returned | None = None) -> Heard:
        """Something is known of a message: record what is new, ring. Waits a little for one that is being tried."""
        for _ in range(limits.REPORT_WAITS):
            found = await self._reading.reportable(*place)
            if found is None:
                return Heard.NOBODY
            facts = () if found.erased else decide(found.message, found.events, learned)
            if not facts:
                return await self._keep(place, mail)
            if not found.leased:
                answer = await self._record(found, facts, now, mail)
                if not isinstance(answer, Stale):
                    return self._ring(place, answer)
            await asyncio.sleep(limits.REPORT_PAUSE)
        return Heard.LATER

    async def all_told(self, learned: Iterable[tuple[Place, Learned]], now: int) -> Counter[str]:
        """Much is known at once: how many came to what. Those of one message in their order. A busy store: `later`."""
        by_message: dict[Place, list[Learned]] = {}
        for place, one in learned:
            by_message.setdefault(place, []).append(one)
        heard = await asyncio.gather(*(self._each_told(*each, now) for each in by_message.items()))
        return Counter(one for each in heard for one in each)

    async def _each_told(self, place: Place, learned: list[Learned], now: int) -> list[Heard]:
        """Up to the first that has to come again."""
        heard: list[Heard] = []
        async with self._at_once:
            for one in learned:
                try:
                    heard.append(await self.told(place, one, now))
                except Busy:
                    heard.append(Heard.LATER)
                if heard[-1] is Heard.LATER:
                    break
        return heard

    async def reads(self, place: Place, mail_id: str) -> bytes | None:
        """The beginning of a mail that is kept; None when there is none of that id."""
        found = await self._reading.returned_mail(*place, mail_id)
        return self._keys.open_bytes(found[1], **_seat(place, mail_id)) if found else None

    def _place(self, address: str, report: MailReport) -> Place | None:
        """The message: by the address that the mail came to, else by what the report holds of the returned mail."""
        return (
            self.marks.read_address(address)
            or self.marks.read_address(report.return_path)
            or self.marks.find(f"{report.message_id} {report.envelope_id}")
        )

    def _returned(self, place: Place, report: MailReport, raw: bytes, now: int, size: int) -> Returned:
        """The mail as it is kept: its beginning, sealed."""
        mail_id = hashlib.sha256(raw).hexdigest()[:32]
        beginning = self._keys.seal_bytes(raw[: limits.RETURNED_MAIL_KEPT], **_seat(place, mail_id))
        return Returned(id=mail_id, at=now, kind=report.kind, size=size, raw=beginning)

    async def _record(
        self, found: Reportable, facts: tuple[Fact, ...], now: int, mail: Returned | None
    ) -> Answer:
        """One transaction: the message's state, its events, what they owe, the mail."""
        message = found.message
        about = feedback.About(
            message=message,
            version=await self._shelves.version(message.sandbox, message.version_id),
            sandbox=await self._shelves.sandbox_by_id(message.sandbox),
            failed=max(0, message.attempts - 1),
            now=now,
        )
        told = feedback.tell(about, facts)
        reported = Reported(
            sandbox=message.sandbox,
            message_id=message.id,
            revision=message.revision,
            status=told.status,
            delayed=message.delayed or any(fact.status is FeedbackStatus.DELAY for fact in facts),
            final_event_id=told.final_event_id,
            owings=told.owings,
            mail=mail,
            lesson=await self._lesson(message, facts, now),
        )
        return await insist(partial(self._store.write, reported), now)

    async def _lesson(self, message: Message, facts: tuple[Fact, ...], now: int) -> Lesson | None:
        """What came of it for the suppression list."""
        configuration = await self._shelves.configuration(message.sandbox, message.configuration_id)
        return lesson_of(message, configuration.provider, facts, None, now) if configuration else None

    async def _keep(self, place: Place, mail: Returned | None) -> Heard:
        """Nothing is told; the mail is kept all the same."""
        if mail is not None:
            values = msgspec.structs.asdict(mail) | {"event_id": None, "sandbox": place.sandbox}
            step = Step(statement="returned_mail_insert", values=values | {"message_id": place.message_id})
            await self._store.write(Changed(steps=(step,)))
        return Heard.KNOWN

    def _ring(self, place: Place, answer: Answer) -> Heard:
        if isinstance(answer, Repeated):
            return Heard.KNOWN
        if isinstance(answer, Written) and answer.owed:
            self._bell.ring(RoomName.DISPATCH, Lane(place.sandbox))
        return Heard.TOLD


async def _read(raw: bytes) -> MailReport:
    """A large one in a thread: it may take a tenth of a second."""
    if len(raw) <= limits.RETURNED_MAIL_READ_AT_ONCE:
        return mailreports.read(raw)
    return await asyncio.to_thread(mailreports.read, raw)


def _seat(place: Place, mail_id: str) -> dict[str, str]:
    return {"sandbox": place.sandbox, "row": mail_id, "column": "returned_mail.raw"}


def _is_for_complaints(address: str) -> bool:
    return address.strip("<> ").rpartition("@")[0].lower() == COMPLAINTS


# --- decisions ---


def learned_from(report: MailReport) -> Learned | None:
    """What a mail says of the one recipient whose message it is about; None when it says nothing of its fate.

    The message had one recipient. Where several are named (an alias with many members), the worst news counts: that of
    the first failure, else of the first delay.
    """
    if report.kind is Kind.COMPLAINT:
        failure = mailreports.failure(SPAM_BLOCK, FailureCategory.ASYNC)
        return Learned(status=FeedbackStatus.COMPLAINT, failure=failure, complaint=report.complaint)
    found = (mailreports.meaning_of(told) for told in report.told)
    meanings = [meaning for meaning in found if meaning is not None]
    for status in (FeedbackStatus.BOUNCE, FeedbackStatus.DELAY, FeedbackStatus.DELIVERED):
        for meaning in meanings:
            if meaning.status is status:
                return Learned(status=status, failure=meaning.failure, provider=meaning.provider)
    return None


def decide(message: Message, events: tuple[Event, ...], learned: Learned) -> tuple[Fact, ...]:
    """The facts that are new: none when this is known, or nothing may follow what was told last.

    `sent` comes before what proves it. A bounce of another kind than one that was told is another fact; after a hard
    bounce nothing is told but a complaint.
    """
    fact = _fact(learned)
    known = {event.fact for event in events}
    if fact.key in known or not _may_follow(events, fact):
        return ()
    statuses = {event.status for event in events}
    sent_is_told = FeedbackStatus.SENT in statuses or statuses & FINAL_STATUSES
    if fact.status is FeedbackStatus.SENT:
        return () if sent_is_told else (fact,)
    return (fact,) if sent_is_told else (SENT, fact)


def _fact(learned: Learned) -> Fact:
    """With a key that is the same for the same news."""
    key = str(learned.status)
    if learned.status is FeedbackStatus.BOUNCE and learned.failure is not None:
        key = f"bounce:{learned.failure.code}"
    return Fact(
        status=learned.status,
        key=key,
        failure=learned.failure,
        provider=learned.provider,
        complaint=learned.complaint,
        exclusion=learned.exclusion,
    )


def _may_follow(events: tuple[Event, ...], fact: Fact) -> bool:
    """Whether this can still be news after the last final event."""
    last = next((event for event in reversed(events) if event.status in FINAL_STATUSES), None)
    if last is None or fact.status is FeedbackStatus.COMPLAINT:
        return True
    if fact.status is FeedbackStatus.DELAY:
        return False
    failure = feedback.failure_of(last)
    if last.status is not FeedbackStatus.BOUNCE or failure is None:
        return True
    same = fact.failure is not None and failure.code == fact.failure.code
    return failure.type is not FailureType.HARD and not same
