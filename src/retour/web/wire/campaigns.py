"""A campaign as it is shown, with AJO's names."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from retour import model
from retour.model import CampaignStatus, ChannelKind
from retour.web.wire.shapes import Answer, Instant, Page, time_of, time_or_none


class Body(Answer):
    """`{"body": "…"}`, as AJO wraps html and text."""

    body: str | None


class Content(Answer):
    """Templates: subject, html and text of an e-mail; text, a string, of an SMS."""

    subject: str | UnsetType = UNSET
    html: Body | UnsetType = UNSET
    text: Body | str | UnsetType = UNSET


class Schedule(Answer):
    """From when until when a campaign takes calls; null is open."""

    start_date: Instant | None
    end_date: Instant | None


class Campaign(Answer):
    """A campaign. hasUnpublishedChanges: the draft differs from the live version."""

    id: str
    campaign_id: str
    name: str
    description: str
    status: CampaignStatus
    campaign_type: Literal["ApiTriggered"]
    category: Literal["Transactional"]
    channel: ChannelKind
    channel_configuration_id: str | None
    identity_namespace: str
    create_new_profile: bool
    enable_webhooks: bool
    high_throughput_mode: bool
    content: Content
    schedule: Schedule
    live_version_id: str | None
    has_unpublished_changes: bool
    created_at: Instant
    modified_at: Instant
    version: int


class CampaignPage(Page[Campaign]):
    """Campaigns, the last changed first."""


def campaign(value: model.Campaign) -> Campaign:
    """A campaign with AJO's names."""
    return Campaign(
        id=value.id,
        campaign_id=value.id,
        name=value.name,
        description=value.description,
        status=value.status,
        campaign_type="ApiTriggered",
        category="Transactional",
        channel=value.channel,
        channel_configuration_id=value.configuration_id,
        identity_namespace=value.identity_namespace,
        create_new_profile=value.create_new_profile,
        enable_webhooks=value.enable_webhooks,
        high_throughput_mode=value.high_throughput_mode,
        content=_content(value),
        schedule=Schedule(start_date=time_or_none(value.start_at), end_date=time_or_none(value.end_at)),
        live_version_id=value.live_version_id,
        has_unpublished_changes=value.draft,
        created_at=time_of(value.created_at),
        modified_at=time_of(value.modified_at),
        version=value.version,
    )


def _content(value: model.Campaign) -> Content:
    if value.sms is not None:
        return Content(text=value.sms.text)
    if value.email is None:
        return Content()
    email = value.email
    return Content(subject=email.subject, html=Body(body=email.html), text=Body(body=email.text))
