"""Room 2: due messages leave by their channel, and what is learned at once is told. What a try leads to is decided by
outcomes.py."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import structlog

from retour import feedback, ids, limits, rendering
from retour.bells import Bell
from retour.channels import Channel, Outgoing, Receipt
from retour.due import Slots, insist
from retour.marks import Marks
from retour.model import (
    CampaignVersion,
    ChannelConfiguration,
    ChannelKind,
    Lane,
    Message,
    Rendered,
    Sandbox,
    Value,
)
from retour.outcomes import (
    Decision,
    give_up,
    leave_out,
    may_have_gone,
    reported_later,
    settle,
    too_long,
    uncertain,
    unrendered,
    unreported,
    wait_for_relay,
)
from retour.rates import Pace
from retour.rendering.published import Templates
from retour.sealed import Secrets
from retour.sealing import Keys
from retour.stores import MessageClaim, RoomName, Store
from retour.stores.handovers import Answer, Changed, Repeated, Settled, Stale, Step, Written
from retour.stores.shelves import Shelves
from retour.suppression import Lesson, lesson_of

log = structlog.get_logger()


class Plan(Value):
    """What sending a message takes besides the message itself. configuration: None when it is gone."""

    sandbox: Sandbox
    version: CampaignVersion
    configuration: ChannelConfiguration | None


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
        self._pace = Pace()
        self.slots = Slots(RoomName.SENDING, partial(bell.ring, RoomName.SENDING))

    async def run_due(self, lane: Lane, now: int) -> None:
        """Take as many due messages as there are free slots and as may start now, and send each."""
        configuration = await self._shelves.configuration(lane.sandbox, lane.name)
        taken = self.slots.take(lane, _places(configuration))
        if not taken:
            return
        turn = self._pace.take(lane, _per_second(configuration), taken, now)
        claim = MessageClaim()
        try:
            if turn.number:
                claim = await self._store.claim_messages(lane, now, turn.number)
        finally:
            self._pace.give_back(lane, turn.number - len(claim.messages))
            rows = [self.send(message, claim) for message in claim.messages]
            self.slots.fill(lane, taken, rows, more=claim.probe or len(rows) == taken)
        if len(rows) == turn.number < taken:
            self._bell.ring_at(RoomName.SENDING, lane, turn.next_at, now)

    async def send(self, message: Message, claim: MessageClaim) -> None:
        """One message: plan, try, decide, hand over, ring."""
        plan = await self._plan(message, claim.version)
        decision = await self._decide(message, plan, claim)
        now = ids.now()
        if decision.paused_until is not None:
            self._pace.pause(message.lane, decision.paused_until)
        answer = await self._hand_over(message, plan, decision, now)
        await self._after(message, decision, answer, now)

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
        sms = reported_later(plan.configuration)
        if message.content is None and message.channel is ChannelKind.SMS and (sms or not plan.configuration):
            return unreported(message)
        if plan.configuration is None:
            return give_up(message, "the channel configuration was deleted")
        if may_have_gone(message, claim, self._channel_of(plan.configuration.provider).repeats, sms):
            return uncertain(message)
        if claim.stuck:
            return wait_for_relay(message, ids.now())
        try:
            content = self._content(message, plan)
        except rendering.RenderTrouble as trouble:
            return unrendered(message, str(trouble))
        if (long := too_long(message, plan.configuration, content)) is not None:
            return long
        receipt = await self._try(message, plan.sandbox, plan.configuration, content)
        return settle(message, receipt, claim, ids.now(), random.random, sms)

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
        answer = await insist(partial(self._store.write, settled), message.due_at or now)
        if isinstance(answer, Repeated):
            fresh = tuple(fact for fact in decision.facts if fact.key not in answer.facts)
            return await self._hand_over(message, plan, msgspec.structs.replace(decision, facts=fresh), now)
        return answer

    async def _after(self, message: Message, decision: Decision, answer: Answer, now: int) -> None:
        """Ring for what is due. Of what was settled without us, what the provider calls it is kept all the same."""
        if isinstance(answer, Stale):
            log.warning("lease_lost", room=RoomName.SENDING, message=message.id)
            await self._refer(message, decision.references, now)
        if isinstance(answer, Written) and answer.owed:
            self._bell.ring(RoomName.DISPATCH, Lane(message.sandbox))
        if isinstance(answer, Written) and answer.woken:
            self._bell.ring(RoomName.REPORTS, Lane(message.sandbox))
        if decision.due_at is not None:
            self._bell.ring_at(RoomName.SENDING, message.lane, decision.due_at, now)

    async def _refer(self, message: Message, references: Sequence[str], now: int) -> None:
        """Reports that name one of these find their message."""
        place = {"sandbox": message.sandbox, "configuration_id": message.configuration_id, "now": now}
        values = [place | {"message_id": message.id, "reference": reference} for reference in references]
        steps = [Step(statement="provider_ref_put", values=each) for each in values]
        if steps:
            await insist(partial(self._store.write, Changed(steps=tuple(steps))), now + limits.SENDING_LEASE)


def _places(configuration: ChannelConfiguration | None) -> int:
    """How many messages of this lane may be on their way at once."""
    if configuration is not None and configuration.smtp is not None:
        return configuration.smtp.max_connections
    if configuration is not None and configuration.sms is not None:
        return configuration.sms.at_once
    return limits.SENDING_SLOTS


def _per_second(configuration: ChannelConfiguration | None) -> float | None:
    return (
        configuration.sms.per_second if configuration is not None and configuration.sms is not None else None
    )


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
        references=decision.references,
    )


def _lesson(message: Message, plan: Plan, decision: Decision, now: int) -> Lesson | None:
    """What came of it for the suppression list."""
    if plan.configuration is None:
        return None
    return lesson_of(message, plan.configuration.provider, decision.facts, decision.soft, now)
