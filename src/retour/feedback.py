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
    FeedbackStatus,
    Message,
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
        event = _event(about, fact, sequence, amends=final_event_id)
        owings.append(_owing(about, event))
        status = STATUS_AFTER[fact.status]
        final_event_id = event.id if fact.status in FINAL_STATUSES else final_event_id
    return Told(owings=tuple(owings), status=status, final_event_id=final_event_id)


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
        final=fact.status in FINAL_STATUSES,
        amends=amends,
        status=fact.status,
        failure=fact.failure,
        retry_count=about.failed if message.channel is ChannelKind.EMAIL else None,
        provider=fact.provider,
    )


def _owing(about: About, event: Event) -> Owing:
    return Owing(
        event=event,
        delivery_id=ids.new_id(),
        request_id=about.message.request_id,
        wanted=about.version.enable_webhooks,
    )
