"""Room 3: a fact about a message becomes a feedback event, told once, in order, with a frozen body.

Pure: what is recorded here is written by the hand-over that brought the fact. Whether it is owed to the webhook is
decided in that transaction, by the webhook as it then is (stores/sql: delivery_owe).
"""

from __future__ import annotations

from retour import ids, payloads
from retour.model import (
    FINAL_STATUSES,
    CampaignVersion,
    ChannelKind,
    Event,
    Fact,
    Failure,
    FeedbackStatus,
    Message,
    ProviderFacts,
    RecipientStatus,
    Sandbox,
    Value,
)
from retour.stores.handovers import Owing

STATUS_AFTER = {
    FeedbackStatus.SENT: RecipientStatus.SENT,
    FeedbackStatus.DELIVERED: RecipientStatus.DELIVERED,
    FeedbackStatus.BOUNCE: RecipientStatus.BOUNCED,
    FeedbackStatus.ERROR: RecipientStatus.ERROR,
    FeedbackStatus.DELAY: RecipientStatus.DELAYED,
    FeedbackStatus.EXCLUDE: RecipientStatus.EXCLUDED,
    FeedbackStatus.DENYLIST: RecipientStatus.EXCLUDED,
    FeedbackStatus.DUPLICATE: RecipientStatus.EXCLUDED,
    FeedbackStatus.COMPLAINT: RecipientStatus.DELIVERED,
}


class Told(Value):
    """What telling some facts leads to: the events, the recipient's status, the id of the last final event."""

    owings: tuple[Owing, ...]
    status: RecipientStatus
    final_event_id: str | None


class About(Value):
    """What the facts are about. failed: tries that failed before (AJO's `retryCount`)."""

    message: Message
    version: CampaignVersion
    sandbox: Sandbox
    failed: int
    now: int


def tell(about: About, facts: tuple[Fact, ...]) -> Told:
    """Record facts in their order."""
    owings: list[Owing] = []
    status, final_event_id = about.message.status, about.message.final_event_id
    for sequence, fact in enumerate(facts, start=about.message.events + 1):
        # `sent` follows a final event only where that said that nobody knows (reports.decide)
        amends = final_event_id if fact.status in FINAL_STATUSES | {FeedbackStatus.SENT} else None
        event = _event(about, fact, sequence, amends)
        owings.append(_owing(about, event, fact))
        status = _status_after(status, fact)
        final_event_id = event.id if fact.status in FINAL_STATUSES else final_event_id
    return Told(owings=tuple(owings), status=status, final_event_id=final_event_id)


def _status_after(status: RecipientStatus, fact: Fact) -> RecipientStatus:
    """Who complains has got it; but a complaint takes nothing back that was told to be over."""
    if fact.status is FeedbackStatus.COMPLAINT and status not in (
        RecipientStatus.SENT,
        RecipientStatus.DELAYED,
    ):
        return status
    return STATUS_AFTER[fact.status]


def _event(about: About, fact: Fact, sequence: int, amends: str | None) -> Event:
    event_id = ids.new_id()
    return Event(
        sandbox=about.message.sandbox,
        id=event_id,
        message_id=about.message.id,
        sequence=sequence,
        fact=fact.key,
        status=fact.status,
        channel=about.message.channel,
        at=about.now,
        body=payloads.body(_told(about, fact, event_id, sequence, amends)),
    )


def _told(about: About, fact: Fact, event_id: str, sequence: int, amends: str | None) -> payloads.EventFacts:
    """What the body says."""
    message = about.message
    travelled = _travelled(message, fact)
    return payloads.EventFacts(
        org=about.sandbox.org,
        sandbox_id=about.sandbox.id,
        sandbox_name=about.sandbox.name,
        channel=message.channel,
        execution_id=message.execution_id,
        request_id=message.request_id,
        campaign_id=message.campaign_id,
        version_id=about.version.id,
        content_id=about.version.message_id,
        message_id=message.id,
        namespace=message.namespace,
        user_id=message.user_id,
        address=message.address,
        event_id=event_id,
        at=about.now,
        sequence=sequence,
        final=fact.status in FINAL_STATUSES or fact.complaint is not None,
        amends=amends,
        status=fact.status,
        failure=fact.failure,
        exclusion_code=fact.exclusion.code if fact.exclusion else None,
        exclusion_reason=fact.exclusion.reason if fact.exclusion else None,
        retry_count=about.failed if message.channel is ChannelKind.EMAIL else None,
        encoding=travelled.encoding,
        parts=None if travelled.parts is None else str(travelled.parts),
        delivered_at=travelled.at,
        provider=fact.provider,
        complaint=fact.complaint,
    )


def _travelled(message: Message, fact: Fact) -> ProviderFacts:
    """How a text message travelled, as far as the provider told; nothing of an e-mail (Adobe's sample has null)."""
    if fact.provider is None or message.channel is not ChannelKind.SMS:
        return ProviderFacts(name="")
    return fact.provider


def failure_of(event: Event) -> Failure | None:
    """Why, of an event that was told; None where it has no reason, or its body was removed."""
    if not event.body:
        return None
    return payloads.read_failure(event.body)


def _owing(about: About, event: Event, fact: Fact) -> Owing:
    why = fact.failure or fact.exclusion
    return Owing(
        event=event,
        delivery_id=ids.new_id(),
        request_id=about.message.request_id,
        wanted=about.version.enable_webhooks,
        code=why.code if why else None,
    )
