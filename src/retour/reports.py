"""Room 3's door for what is learned after a message was sent: mails that come back, and what providers tell.

Whoever hears of a message names it by its mark (marks.py), or as its provider calls it. What is new becomes feedback,
in one transaction that is guarded by the message's revision; what is known already changes nothing; what contradicts
is told as an amendment. A report that comes before its message is written down as sent is kept: a row that is due.
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

from retour import early_reports, feedback, ids, limits, mailreports
from retour.bells import Bell
from retour.due import Slots, insist
from retour.errors import Busy
from retour.mailreports import Kind, MailReport
from retour.marks import COMPLAINTS, Marks, Place
from retour.model import (
    FINAL_STATUSES,
    ChannelConfiguration,
    Event,
    Fact,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Lane,
    Learned,
    Message,
    RecipientStatus,
)
from retour.outcomes import AWAITING, UNCERTAIN, report_end, reported_later
from retour.sealing import Keys
from retour.stores import EarlyReport, RoomName, Store
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
    being tried at this moment, and the report must come again. kept: it came early, and is told once its
    message is known.
    """

    TOLD = "told"
    KNOWN = "known"
    NOBODY = "nobody"
    LATER = "later"
    KEPT = "kept"


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
        self.slots = Slots(RoomName.REPORTS, partial(bell.ring, RoomName.REPORTS))

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
            heard = await self._told_now(place, learned, now, mail)
            if heard is not Heard.LATER:
                return heard
            await asyncio.sleep(limits.REPORT_PAUSE)
        return Heard.LATER

    async def heard_of(
        self, sandbox: str, configuration_id: str, mark: str, reference: str, learned: Learned, now: int
    ) -> Heard:
        """A provider reports of a message: told, known, nobody or kept; committed when this returns. Raises Busy.

        mark: text in which a mark may stand. reference: what the provider calls the message, as it was handed over with
        Settled; "" for none. Waits for nothing.
        """
        place = await self._named(sandbox, configuration_id, mark, reference)
        if place is None and not reference:
            return Heard.NOBODY
        heard = await self._told_now(place, learned, now) if place else Heard.LATER
        if heard is not Heard.LATER:
            return heard
        early = early_reports.of(Lane(sandbox, configuration_id), place, reference, learned, now)
        await self._store.write(Changed(steps=(early_reports.insert(early),)))
        self._bell.ring_at(RoomName.REPORTS, Lane(sandbox), early.due_at, now)
        return await self._looked_at(early, now)  # what it waits for may have been written meanwhile

    async def run_due(self, lane: Lane, now: int) -> None:
        """Take early reports that are due, and tell those whose message is known by now."""
        taken = self.slots.take(lane, limits.REPORTS_AT_ONCE)
        if not taken:
            return
        claimed: tuple[EarlyReport, ...] = ()
        try:
            claimed = await self._store.claim_reports(lane.sandbox, now, taken)
        finally:
            work = [self._in_turn(reports) for reports in early_reports.by_subject(claimed)]
            self.slots.fill(lane, taken, work, more=len(claimed) == taken)

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

    async def _in_turn(self, reports: list[EarlyReport]) -> None:
        """Those of one message, as they came."""
        for report in reports:
            now = ids.now()
            if await self._looked_at(report, now) is Heard.KEPT:
                await self._put_off(report, now)

    async def _looked_at(self, early: EarlyReport, now: int) -> Heard:
        """Told if its message is known and nobody tries it, else kept."""
        place = await self._place_of(early)
        if place is None:
            return Heard.KEPT
        learned = msgspec.json.decode(early.doc, type=Learned)
        heard = await self._told_now(place, learned, now, early=early)
        if heard is Heard.NOBODY:
            await self._store.write(Changed(steps=(early_reports.delete(early),)))
        return Heard.KEPT if heard is Heard.LATER else heard

    async def _put_off(self, early: EarlyReport, now: int) -> None:
        """Until the next look, or given up at its end. Not if it was woken meanwhile."""
        if now >= early.expires_at:
            log.warning(
                "report_given_up",
                sandbox=early.sandbox,
                configuration=early.configuration_id,
                reference=early.reference,
                message=early.message_id,
                status=msgspec.json.decode(early.doc, type=Learned).status,
            )
            await self._store.write(Changed(steps=(early_reports.delete(early),)))
            return
        due_at = min(early_reports.next_look(early.attempts, now), early.expires_at)
        await self._store.write(Changed(steps=(early_reports.put_off(early, due_at),)))
        self._bell.ring_at(RoomName.REPORTS, Lane(early.sandbox), due_at, now)

    async def _named(self, sandbox: str, configuration_id: str, mark: str, reference: str) -> Place | None:
        """The message: by its mark if it is of this sandbox, else by what the provider calls it."""
        place = self.marks.find(mark)
        if place is not None and place.sandbox == sandbox:
            return place
        found = await self._reading.message_of(sandbox, configuration_id, reference) if reference else None
        return Place(sandbox, found) if found else None

    async def _place_of(self, early: EarlyReport) -> Place | None:
        if early.message_id is not None:
            return Place(early.sandbox, early.message_id)
        return await self._named(early.sandbox, early.configuration_id, "", early.reference)

    async def _told_now(
        self,
        place: Place,
        learned: Learned,
        now: int,
        mail: Returned | None = None,
        early: EarlyReport | None = None,
    ) -> Heard:
        """Record what is new, ring. Later: the message is being tried, or has changed meanwhile."""
        found = await self._reading.reportable(*place)
        if found is None:
            return Heard.NOBODY
        facts = () if found.erased else decide(found.message, found.events, learned)
        if not facts:
            return await self._keep(place, mail, early)
        if found.leased:
            return Heard.LATER
        answer = await self._record(found, facts, now, mail, early)
        if isinstance(answer, Stale):
            return Heard.LATER
        if isinstance(answer, Repeated):
            return await self._keep(place, mail, early)
        if isinstance(answer, Written) and answer.owed:
            self._bell.ring(RoomName.DISPATCH, Lane(place.sandbox))
        return Heard.TOLD

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
        self,
        found: Reportable,
        facts: tuple[Fact, ...],
        now: int,
        mail: Returned | None,
        early: EarlyReport | None,
    ) -> Answer:
        """One transaction: the message's state, its events, what they owe, the mail; the early report is over."""
        message = found.message
        configuration = await self._shelves.configuration(message.sandbox, message.configuration_id)
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
            lesson=_lesson(message, configuration, facts, now),
            due_at=_due_at(message, told.status, configuration, now),
            early=early.id if early else None,
        )
        return await insist(partial(self._store.write, reported), now)

    async def _keep(self, place: Place, mail: Returned | None, early: EarlyReport | None = None) -> Heard:
        """Nothing is told; the mail is kept all the same, and an early report is over."""
        steps = []
        if mail is not None:
            values = msgspec.structs.asdict(mail) | {"event_id": None, "sandbox": place.sandbox}
            values |= {"message_id": place.message_id}
            steps.append(Step(statement="returned_mail_insert", values=values))
        if early is not None:
            steps.append(early_reports.delete(early))
        if steps:
            await self._store.write(Changed(steps=tuple(steps)))
        return Heard.KNOWN


def _lesson(
    message: Message, configuration: ChannelConfiguration | None, facts: tuple[Fact, ...], now: int
) -> Lesson | None:
    """What came of it for the suppression list."""
    return lesson_of(message, configuration.provider, facts, None, now) if configuration else None


def _due_at(
    message: Message, status: RecipientStatus, configuration: ChannelConfiguration | None, now: int
) -> int | None:
    """Until when a final report is waited for, from when it was sent; None: not at all, or this is one."""
    sms = reported_later(configuration)
    if sms is None or status not in AWAITING:
        return None
    waits = message.content is None and message.due_at is not None
    return message.due_at if waits else report_end(sms, now)


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
    bounce nothing is told but a complaint. Where it was told that nobody knows whether it was sent, everything is news.
    """
    fact = learned.fact
    if fact.key in {event.fact for event in events} or not _may_follow(events, fact):
        return ()
    if fact.status is FeedbackStatus.SENT:
        return () if _sent_is_told(events) else (fact,)
    statuses = {event.status for event in events}
    proves = not statuses & FINAL_STATUSES or fact.status is FeedbackStatus.DELAY
    return (SENT, fact) if proves and FeedbackStatus.SENT not in statuses else (fact,)


def _sent_is_told(events: tuple[Event, ...]) -> bool:
    """As such, or by what cannot be without it."""
    last = _last_final(events)
    return any(event.status is FeedbackStatus.SENT for event in events) or (
        last is not None and last.fact != UNCERTAIN
    )


def _last_final(events: tuple[Event, ...]) -> Event | None:
    return next((event for event in reversed(events) if event.status in FINAL_STATUSES), None)


def _may_follow(events: tuple[Event, ...], fact: Fact) -> bool:
    """Whether this can still be news after the last final event."""
    last = _last_final(events)
    if last is None or fact.status is FeedbackStatus.COMPLAINT or last.fact == UNCERTAIN:
        return True
    if fact.status is FeedbackStatus.DELAY:
        return False
    failure = feedback.failure_of(last)
    if last.status is not FeedbackStatus.BOUNCE or failure is None:
        return True
    same = fact.failure is not None and failure.code == fact.failure.code
    return failure.type is not FailureType.HARD and not same
