"""What a try to send leads to: pure decisions on what the channel answered, with the clock handed in.

What happens has kinds that are never mixed: the recipient's host refused or deferred the message (a fact about it); our
own relay could not be used (no fact: it stays due until its retry period ends); a provider takes no more at the moment
(it goes again later, and is never a bounce); nobody knows whether it was sent (an error, amended by any report).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from retour import classify, limits, retries, segments
from retour.channels import Receipt
from retour.model import (
    FINAL_STATUSES,
    ChannelConfiguration,
    Fact,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Message,
    ProviderFacts,
    RecipientStatus,
    Rendered,
    SmsSettings,
    Value,
)
from retour.stores import MessageClaim
from retour.stores.handovers import Relay


class Decision(Value):
    """What a try leads to.

    attempts: the tries that count so far. soft: the recipient's host said "later". paused_until: the provider takes
    nothing more before that, of any message. references: the provider's ids of it.
    """

    facts: tuple[Fact, ...]
    attempts: int
    due_at: int | None = None
    delayed: bool = False
    drop_content: bool = False
    waits_for_relay: bool = False
    relay: Relay | None = None
    soft: Failure | None = None
    paused_until: int | None = None
    references: tuple[str, ...] = ()


def settle(
    message: Message,
    receipt: Receipt,
    claim: MessageClaim,
    now: int,
    chance: Callable[[], float],
    sms: SmsSettings | None = None,
) -> Decision:
    """What a try leads to. sms: of a provider whose reports come later, by themselves."""
    decision = _outcome(message, receipt, claim, now, chance, sms)
    return msgspec.structs.replace(decision, references=receipt.references)


def _outcome(
    message: Message,
    receipt: Receipt,
    claim: MessageClaim,
    now: int,
    chance: Callable[[], float],
    sms: SmsSettings | None,
) -> Decision:
    if receipt.trouble is not None:
        return _relay_trouble(message, receipt.trouble, claim, now)
    if receipt.uncertain:
        return _unknown(message, receipt, now, chance, sms)
    if receipt.throttled is not None:
        return _throttled(message, receipt, receipt.throttled, now, chance)
    if receipt.soft is not None:
        return _deferred(message, receipt, receipt.soft, now, chance)
    return _learned(message, receipt, now, sms)


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


def _throttled(
    message: Message, receipt: Receipt, seconds: float, now: int, chance: Callable[[], float]
) -> Decision:
    """The provider takes no more now: again when it says and not before the schedule, which is no bounce at its end.

    The other messages of the lane wait as long as it says, within bounds.
    """
    wait = round(min(max(seconds, 0.0), limits.RETRY_AFTER_MAX / limits.SECOND) * limits.SECOND)
    shortest, longest = limits.THROTTLE_PAUSE
    paused_until = now + min(max(wait, shortest), longest)
    due_at = max(now + wait, _next_send(message.attempts, now, chance))
    failure = _throttling(receipt.provider)
    if due_at > message.expires_at:
        error = Fact(status=FeedbackStatus.ERROR, key="expired", failure=failure, provider=receipt.provider)
        given_up = _ended(message, error)
        return msgspec.structs.replace(given_up, relay=Relay(), paused_until=paused_until)
    return Decision(
        facts=_delay(message, failure, receipt),
        attempts=message.attempts,
        due_at=due_at,
        delayed=True,
        relay=Relay(),
        paused_until=paused_until,
    )


def _throttling(provider: ProviderFacts | None) -> Failure:
    """In the provider's words, where it has some."""
    reason = (provider and provider.text) or "The provider takes no more at the moment"
    code = (provider and provider.code) or TRANSIENT_FAILURE.code
    return msgspec.structs.replace(TRANSIENT_FAILURE, code=code, reason=reason)


def _unknown(
    message: Message, receipt: Receipt, now: int, chance: Callable[[], float], sms: SmsSettings | None
) -> Decision:
    """Nobody knows whether it was sent: it is not sent again, unless that is wanted, within its retry period."""
    due_at = _next_send(message.attempts, now, chance)
    if sms is None or not sms.repeat_uncertain or due_at > message.expires_at:
        return uncertain(message, receipt.provider)
    return Decision(
        facts=_delay(message, UNCERTAIN_FAILURE, receipt),
        attempts=message.attempts,
        due_at=due_at,
        delayed=True,
    )


def _learned(message: Message, receipt: Receipt, now: int, sms: SmsSettings | None) -> Decision:
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
        due_at=receipt.again_at or _until_reported(receipt.facts, now, sms),
        delayed=message.delayed,
        drop_content=over,
        relay=Relay(),
    )


def _until_reported(facts: tuple[Fact, ...], now: int, sms: SmsSettings | None) -> int | None:
    """Until when a final report of what is sent is waited for; None: for ever, or nothing more is to come."""
    statuses = {fact.status for fact in facts}
    if sms is None or FeedbackStatus.SENT not in statuses or statuses & FINAL_STATUSES:
        return None
    return report_end(sms, now)


def reported_later(configuration: ChannelConfiguration | None) -> SmsSettings | None:
    """Of a provider that reports by itself. The simulated one is asked for its news."""
    if configuration is None or configuration.provider == "simulated":
        return None
    return configuration.sms


def report_end(sms: SmsSettings, now: int) -> int | None:
    """Until when a final report of what is sent now is waited for; None: not at all."""
    return now + round(sms.report_hours * limits.HOUR) if sms.report_hours > 0 else None


def may_have_gone(message: Message, claim: MessageClaim, repeats: bool, sms: SmsSettings | None) -> bool:
    """Whether a try of it was never settled, so that one more could be a second text message for somebody.

    repeats: its channel may send again what may have gone. This claim is a try itself, unless it is only to tell.
    """
    earlier = message.tried - (0 if claim.stuck else 1)
    wanted = repeats or (sms is not None and sms.repeat_uncertain)
    return message.content is not None and earlier > 0 and not wanted


def uncertain(message: Message, provider: ProviderFacts | None = None) -> Decision:
    """Nobody knows whether it was sent. A report that comes all the same amends this."""
    return _ended(
        message,
        Fact(status=FeedbackStatus.ERROR, key=UNCERTAIN, failure=UNCERTAIN_FAILURE, provider=provider),
    )


def unreported(message: Message) -> Decision:
    """The time for a final report is over. One that comes all the same amends this."""
    fact = Fact(status=FeedbackStatus.ERROR, key="unreported", failure=UNREPORTED_FAILURE)
    facts = (fact,) if message.status in AWAITING else ()
    return Decision(facts=facts, attempts=message.attempts - 1, delayed=message.delayed)


def give_up(message: Message, why: str) -> Decision:
    """No try can help, or each one ends in a bug or a crash. Nothing may loop for ever."""
    failure = msgspec.structs.replace(ADMIN_FAILURE, reason=f"Admin Failure: {why}")
    fact = Fact(status=FeedbackStatus.ERROR, key="given_up", failure=failure)
    return _ended(message, fact)


def leave_out(message: Message, fact: Fact) -> Decision:
    """Its address is suppressed, or not allowed: it ends untried."""
    return _ended(message, fact)


def _ended(message: Message, fact: Fact) -> Decision:
    """It is over with this."""
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
    return _ended(message, fact)


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
    return _ended(message, Fact(status=FeedbackStatus.ERROR, key="too_long", failure=failure))


ADMIN_FAILURE = Failure(
    category=FailureCategory.SYNC, type=FailureType.IGNORED, code="25", reason="Admin Failure"
)
TOO_LARGE = classify.failure(23, FailureCategory.SYNC)
TRANSIENT_FAILURE = Failure(
    category=FailureCategory.SYNC, type=FailureType.IGNORED, code="70", reason="Transient Failure"
)
UNCERTAIN = "uncertain"
UNCERTAIN_FAILURE = Failure(
    category=FailureCategory.SYNC,
    type=FailureType.IGNORED,
    code="uncertain",
    reason="Outcome uncertain: the provider may have taken the message, so it is not sent again",
)
UNREPORTED_FAILURE = Failure(
    category=FailureCategory.ASYNC,
    type=FailureType.IGNORED,
    code="24",
    reason="Timeout: the provider took the message and sent no final report in time",
)
AWAITING = (RecipientStatus.SENT, RecipientStatus.DELAYED)
"""Of a message whose fate is not known yet."""
