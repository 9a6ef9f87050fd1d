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


def tell(
    message: Message,
    version: CampaignVersion,
    sandbox: Sandbox,
    facts: tuple[Fact, ...],
    failed: int,
    now: int,
) -> Told:
    """Record facts in their order. `failed`: tries that failed before (AJO's `retryCount`)."""
    owings: list[Owing] = []
    status, final_event_id = message.status, message.final_event_id
    for number, fact in enumerate(facts, start=message.events + 1):
        event = _event(message, version, sandbox, fact, number, final_event_id, failed, now)
        owings.append(_owing(event, message, version))
        status = STATUS_AFTER[fact.status]
        final_event_id = event.id if fact.status in FINAL_STATUSES else final_event_id
    return Told(owings=tuple(owings), status=status, final_event_id=final_event_id)


def _event(
    message: Message,
    version: CampaignVersion,
    sandbox: Sandbox,
    fact: Fact,
    sequence: int,
    amends: str | None,
    failed: int,
    now: int,
) -> Event:
    event_id = ids.new_id()
    body = payloads.body(
        payloads.EventFacts(
            org=sandbox.org,
            sandbox_id=sandbox.id,
            sandbox_name=sandbox.name,
            channel=message.channel,
            execution_id=message.execution_id,
            request_id=message.request_id,
            campaign_id=message.campaign_id,
            version_id=version.id,
            content_id=version.message_id,
            message_id=message.id,
            namespace=message.namespace,
            user_id=message.user_id,
            address=message.address,
            event_id=event_id,
            at=now,
            sequence=sequence,
            final=fact.status in FINAL_STATUSES,
            amends=amends,
            status=fact.status,
            failure=fact.failure,
            retry_count=failed if message.channel is ChannelKind.EMAIL else None,
            provider=fact.provider,
        )
    )
    return Event(
        sandbox=message.sandbox,
        id=event_id,
        message_id=message.id,
        sequence=sequence,
        fact=fact.key,
        status=fact.status,
        channel=message.channel,
        at=now,
        body=body,
    )


def _owing(event: Event, message: Message, version: CampaignVersion) -> Owing:
    return Owing(
        event=event,
        delivery_id=ids.new_id(),
        request_id=message.request_id,
        wanted=version.enable_webhooks,
    )
