"""Room 2: due messages leave by their channel, and what is learned at once is told.

Trouble has two kinds that are never mixed: the recipient's host refused or deferred the message (a fact about the
message), or our own relay could not be used (no fact about the message: it stays due until its retry period ends).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from retour import classify, feedback, ids, limits, rendering, retries, segments
from retour.bells import Bell
from retour.channels import Channel, Outgoing, Receipt
from retour.due import Slots, insist
from retour.marks import Marks
from retour.model import (
    FINAL_STATUSES,
    CampaignVersion,
    ChannelConfiguration,
    Fact,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Lane,
    Message,
    Rendered,
    Sandbox,
    Value,
)
from retour.rendering.published import Templates
from retour.sealed import Secrets
from retour.sealing import Keys
from retour.stores import MessageClaim, RoomName, Store
from retour.stores.handovers import Answer, Relay, Repeated, Settled, Stale, Written
from retour.stores.shelves import Shelves
from retour.suppression import Lesson, lesson_of

log = structlog.get_logger()


class Plan(Value):
    """What sending a message takes besides the message itself. configuration: None when it is gone."""

    sandbox: Sandbox
    version: CampaignVersion
    configuration: ChannelConfiguration | None


class Decision(Value):
    """What a try leads to. `attempts`: the tries that count so far. soft: the recipient's host said "later"."""

    facts: tuple[Fact, ...]
    attempts: int
    due_at: int | None = None
    delayed: bool = False
    drop_content: bool = False
    waits_for_relay: bool = False
    relay: Relay | None = None
    soft: Failure | None = None


class Sending:
    """Takes due messages lane by lane; a lane is a channel configuration."""

    def __init__(
        self,
        store: Store,
        shelves: Shelves,
        bell: Bell,
        keys: Keys,
        channel_of: Callable[[str], Channel],
        address_of: Callable[[ChannelConfiguration], str | None],
    ) -> None:
        self._store = store
        self._shelves = shelves
        self._bell = bell
        self._keys = keys
        self._marks = Marks(keys)
        self._secrets = Secrets(keys)
        self._channel_of = channel_of
        self._address_of = address_of
        self._templates = Templates()
        self.slots = Slots(RoomName.SENDING, partial(bell.ring, RoomName.SENDING))

    async def run_due(self, lane: Lane, now: int) -> None:
        """Take as many due messages as there are free slots, and send each."""
        taken = self.slots.take(lane, await self._places(lane))
        if not taken:
            return
        claim = MessageClaim()
        try:
            claim = await self._store.claim_messages(lane, now, taken)
        finally:
            rows = [self.send(message, claim) for message in claim.messages]
            self.slots.fill(lane, taken, rows, more=claim.probe or len(rows) == taken)

    async def send(self, message: Message, claim: MessageClaim) -> None:
        """One message: plan, try, decide, hand over, ring."""
        plan = await self._plan(message, claim.version)
        decision = await self._decide(message, plan, claim)
        now = ids.now()
        answer = await self._hand_over(message, plan, decision, now)
        self._ring_after(message, decision, answer, now)

    async def _places(self, lane: Lane) -> int:
        """How many messages of this lane may be on their way at once."""
        configuration = await self._shelves.configuration(lane.sandbox, lane.name)
        if configuration is None or configuration.smtp is None:
            return limits.SENDING_SLOTS
        return configuration.smtp.max_connections

    async def _plan(self, message: Message, version: int) -> Plan:
        """The sandbox, the pinned campaign version, and the channel configuration as it now is."""
        configuration = await self._shelves.configuration(message.sandbox, message.configuration_id, version)
        return Plan(
            sandbox=await self._shelves.sandbox_by_id(message.sandbox),
            version=await self._shelves.version(message.sandbox, message.version_id),
            configuration=configuration,
        )

    async def _decide(self, message: Message, plan: Plan, claim: MessageClaim) -> Decision:
        """What becomes of the message: without a try where none can help, else by what the try taught."""
        if message.taken > limits.TAKEN_TOO_OFTEN:
            return give_up(message, "taken too often without an outcome")
        if message.id in claim.left_out and message.content is not None:
            return leave_out(message, claim.left_out[message.id])
        if plan.configuration is None:
            return give_up(message, "the channel configuration was deleted")
        if claim.stuck:
            return wait_for_relay(message, ids.now())
        try:
            content = self._content(message, plan)
        except rendering.RenderTrouble as trouble:
            return unrendered(message, str(trouble))
        if (long := too_long(message, plan.configuration, content)) is not None:
            return long
        receipt = await self._try(message, plan.sandbox, plan.configuration, content)
        return settle(message, receipt, claim, ids.now(), random.random)

    async def _try(
        self,
        message: Message,
        sandbox: Sandbox,
        configuration: ChannelConfiguration,
        content: Rendered | None,
    ) -> Receipt:
        """Send, or ask for news of what is sent."""
        outgoing = Outgoing(
            org=sandbox.org,
            sandbox=message.sandbox,
            mark=self._marks.of(message.sandbox, message.id),
            channel=message.channel,
            address=message.address,
            attempt=message.attempts,
            step=message.events - int(message.delayed),  # `delay` is the room's word, not the channel's
            configuration=configuration,
            content=content,
            secrets=self._secrets.opened(configuration),
            callback=self._address_of(configuration) or "",
        )
        return await self._channel_of(configuration.provider).send(outgoing, ids.now())

    def _content(self, message: Message, plan: Plan) -> Rendered | None:
        """None once the message is sent and its content removed."""
        if message.content is None:
            return None
        data = msgspec.json.decode(
            self._keys.open_bytes(message.content, sandbox=message.sandbox, row=message.id, column="content")
        )
        return self._templates.of(plan.version).render(data)

    async def _hand_over(self, message: Message, plan: Plan, decision: Decision, now: int) -> Answer:
        """One transaction: the message's new state, its events, what they owe, how the relay did."""
        settled = _settled(message, plan, decision, now)
        answer = await insist(lambda: self._store.write(settled), message.due_at or now)
        if isinstance(answer, Repeated):
            fresh = tuple(fact for fact in decision.facts if fact.key not in answer.facts)
            return await self._hand_over(message, plan, msgspec.structs.replace(decision, facts=fresh), now)
        return answer

    def _ring_after(self, message: Message, decision: Decision, answer: Answer, now: int) -> None:
        if isinstance(answer, Stale):
            log.warning("lease_lost", room=RoomName.SENDING, message=message.id)
        if isinstance(answer, Written) and answer.owed:
            self._bell.ring(RoomName.DISPATCH, Lane(message.sandbox))
        if decision.due_at is not None:
            self._bell.ring_at(RoomName.SENDING, message.lane, decision.due_at, now)


def _settled(message: Message, plan: Plan, decision: Decision, now: int) -> Settled:
    """The decision as the store takes it, with the events that its facts become."""
    about = feedback.About(
        message=message,
        version=plan.version,
        sandbox=plan.sandbox,
        failed=max(0, decision.attempts - 1),
        now=now,
    )
    told = feedback.tell(about, decision.facts)
    return Settled(
        lane=message.lane,
        message_id=message.id,
        fence=message.fence,
        revision=message.revision,
        now=now,
        status=told.status,
        attempts=decision.attempts,
        due_at=decision.due_at,
        delayed=decision.delayed,
        drop_content=decision.drop_content,
        waits_for_relay=decision.waits_for_relay,
        final_event_id=told.final_event_id,
        owings=told.owings,
        relay=decision.relay,
        lesson=_lesson(message, plan, decision, now),
    )


def _lesson(message: Message, plan: Plan, decision: Decision, now: int) -> Lesson | None:
    """What came of it for the suppression list."""
    if plan.configuration is None:
        return None
    return lesson_of(message, plan.configuration.provider, decision.facts, decision.soft, now)


# --- decisions ---


def settle(
    message: Message, receipt: Receipt, claim: MessageClaim, now: int, chance: Callable[[], float]
) -> Decision:
    """What a try leads to."""
    if receipt.trouble is not None:
        return _relay_trouble(message, receipt.trouble, claim, now)
    if receipt.soft is not None:
        return _deferred(message, receipt, receipt.soft, now, chance)
    return _learned(message, receipt)


def _relay_trouble(message: Message, trouble: str, claim: MessageClaim, now: int) -> Decision:
    """Our relay could not be used: the try does not count, the message waits for the next probe."""
    pause = retries.probe_pause(now, claim.failing_since or now, limits.RELAY_PROBE)
    relay = Relay(trouble=trouble, open_until=now + pause)
    waiting = _waiting(message, min(now + pause, message.expires_at), now)
    return msgspec.structs.replace(waiting, relay=relay)


def wait_for_relay(message: Message, now: int) -> Decision:
    """The relay is known to fail and another message probes it: tell `delay` once, or give up in time.

    It sleeps until it expires; the store wakes it when the relay works again, or to probe it.
    """
    return _waiting(message, message.expires_at, now)


def _waiting(message: Message, until: int, now: int) -> Decision:
    """Not tried, so not counted. Of what is sent already only news waits: nothing is told, nothing failed."""
    attempts = message.attempts - 1
    expired = message.expires_at <= now
    if message.content is None:
        due_at = None if expired else until
        return Decision(
            facts=(), attempts=attempts, due_at=due_at, delayed=message.delayed, waits_for_relay=not expired
        )
    if expired:
        fact = Fact(status=FeedbackStatus.ERROR, key="expired", failure=ADMIN_FAILURE)
        return Decision(facts=(fact,), attempts=max(1, attempts), delayed=message.delayed, drop_content=True)
    return Decision(
        facts=_delay(message, TRANSIENT_FAILURE),
        attempts=attempts,
        due_at=until,
        delayed=True,
        waits_for_relay=True,
    )


def _deferred(
    message: Message, receipt: Receipt, soft: Failure, now: int, chance: Callable[[], float]
) -> Decision:
    """The recipient's host said "later": try again within the retry period, tell `delay` once, then bounce."""
    due_at = _next_send(message.attempts, now, chance)
    if due_at > message.expires_at:
        failure = classify.last_word(soft, receipt.provider)
        bounce = Fact(status=FeedbackStatus.BOUNCE, key="expired", failure=failure, provider=receipt.provider)
        return Decision(
            facts=(bounce,), attempts=message.attempts, drop_content=True, relay=Relay(), soft=soft
        )
    return Decision(
        facts=_delay(message, soft, receipt),
        attempts=message.attempts,
        due_at=due_at,
        delayed=True,
        relay=Relay(),
        soft=soft,
    )


def _next_send(attempts: int, now: int, chance: Callable[[], float]) -> int:
    due_at = retries.next_try(
        attempts, now, schedule=limits.SENDING_SCHEDULE, jitter=limits.JITTER, random=chance, repeats=True
    )
    assert due_at is not None  # noqa: S101 - a schedule that repeats has no end
    return due_at


def _learned(message: Message, receipt: Receipt) -> Decision:
    """Facts: the message is sent, or over; or there is more to hear at `again_at`."""
    asking = message.content is None
    if not (receipt.facts or receipt.again_at or asking):
        raise ValueError(
            f"the channel said nothing about message {message.id}: it would never be heard of again"
        )
    over = any(fact.status is FeedbackStatus.SENT or fact.status in FINAL_STATUSES for fact in receipt.facts)
    return Decision(
        facts=receipt.facts,
        attempts=message.attempts - 1 if asking else message.attempts,
        due_at=receipt.again_at,
        delayed=message.delayed,
        drop_content=over,
        relay=Relay(),
    )


def give_up(message: Message, why: str) -> Decision:
    """No try can help, or each one ends in a bug or a crash. Nothing may loop for ever."""
    failure = msgspec.structs.replace(ADMIN_FAILURE, reason=f"Admin Failure: {why}")
    fact = Fact(status=FeedbackStatus.ERROR, key="given_up", failure=failure)
    return Decision(facts=(fact,), attempts=message.attempts, delayed=message.delayed, drop_content=True)


def leave_out(message: Message, fact: Fact) -> Decision:
    """Its address is suppressed, or not allowed: it ends untried."""
    return Decision(facts=(fact,), attempts=message.attempts, delayed=message.delayed, drop_content=True)


def _delay(message: Message, failure: Failure, receipt: Receipt | None = None) -> tuple[Fact, ...]:
    """`delay` is told once per message."""
    if message.delayed:
        return ()
    provider = receipt.provider if receipt else None
    return (Fact(status=FeedbackStatus.DELAY, key="delay", failure=failure, provider=provider),)


def unrendered(message: Message, sentence: str) -> Decision:
    """A template that can't be rendered is a fact about the message, and says nothing about the relay."""
    failure = msgspec.structs.replace(ADMIN_FAILURE, reason=f"Rendering failed: {sentence}")
    fact = Fact(status=FeedbackStatus.ERROR, key="rendering", failure=failure)
    return Decision(facts=(fact,), attempts=message.attempts, delayed=message.delayed, drop_content=True)


def too_long(
    message: Message, configuration: ChannelConfiguration, content: Rendered | None
) -> Decision | None:
    """A text message of more parts than its channel configuration allows is not sent, however often it is tried."""
    if content is None or configuration.sms is None:
        return None
    parts, most = segments.count(content.text or "").parts, configuration.sms.max_parts
    if parts <= most:
        return None
    reason = f"{TOO_LARGE.reason}: {parts} parts, {most} are allowed"
    failure = msgspec.structs.replace(TOO_LARGE, reason=reason)
    fact = Fact(status=FeedbackStatus.ERROR, key="too_long", failure=failure)
    return Decision(facts=(fact,), attempts=message.attempts, delayed=message.delayed, drop_content=True)


ADMIN_FAILURE = Failure(
    category=FailureCategory.SYNC, type=FailureType.IGNORED, code="25", reason="Admin Failure"
)
TOO_LARGE = classify.failure(23, FailureCategory.SYNC)
TRANSIENT_FAILURE = Failure(
    category=FailureCategory.SYNC, type=FailureType.IGNORED, code="70", reason="Transient Failure"
)
