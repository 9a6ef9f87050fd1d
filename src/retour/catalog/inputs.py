"""What a caller hands in, with the outside's names (camelCase); checked by the room, decoded by the faces."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class Input(msgspec.Struct, kw_only=True, rename="camel"):
    """A decoded request body. Unknown fields are ignored, so that what GET returns can be sent back by PUT."""


class Clear(Input):
    """`{"clear": true}` in the place of a secret removes it."""

    clear: bool


class EmailInput(Input):
    """`email` of a channel configuration."""

    sender_name: str = ""
    sender_email: str = ""
    reply_to_email: str | None = None
    return_path_domain: str | None = None
    retry_period_minutes: float = 5040
    delivery_notices: str = "none"


class SmtpInput(Input):
    """`smtp` of a channel configuration. password: absent or null keeps the stored one."""

    host: str = ""
    port: int = 25
    security: str = "none"
    username: str | None = None
    password: str | Clear | None = None
    max_connections: int = 8


class SmsInput(Input):
    """`sms` of a channel configuration."""

    sender_number: str = ""
    retry_period_minutes: float = 5040


class ConfigurationInput(Input):
    """A channel configuration."""

    name: str = ""
    channel: str = ""
    provider: str = ""
    message_type: str = "transactional"
    email: EmailInput | None = None
    smtp: SmtpInput | None = None
    sms: SmsInput | None = None


class BodyInput(Input):
    """`{"body": "…"}`, as AJO wraps html and text."""

    body: str | None = None


class ContentInput(Input):
    """`content` of a campaign: subject, html and text for e-mail; text (a string) for SMS."""

    subject: str | None = None
    html: BodyInput | None = None
    text: BodyInput | str | None = None


class ScheduleInput(Input):
    """`schedule` of a campaign: ISO instants or null."""

    start_date: str | None = None
    end_date: str | None = None


class CampaignInput(Input):
    """A campaign."""

    name: str = ""
    description: str = ""
    campaign_type: str = "ApiTriggered"
    category: str = "Transactional"
    channel: str = ""
    channel_configuration_id: str | None = None
    identity_namespace: str | None = None
    create_new_profile: bool = True
    enable_webhooks: bool = False
    high_throughput_mode: bool = False
    content: ContentInput | None = None
    schedule: ScheduleInput | None = None


class AuthenticationInput(Input):
    """`authentication` of a webhook: `{"type": "none"}` or JWT. Secrets: absent or null keeps the stored one."""

    type: str = "none"
    algorithm: str = "HS256"
    secret: str | Clear | None = None
    private_key: str | Clear | None = None
    key_id: str | None = None
    claims: Any = UNSET
    lifetime_seconds: int = 300
    header: str = "Authorization"
    prefix: str = "Bearer "


class HeaderInput(Input):
    """A custom header of a webhook. A secret one without a value keeps the stored value of that name."""

    name: str = ""
    value: str | None = None
    secret: bool = False


class WebhookInput(Input):
    """The feedback webhook. parked (at creation): what waited for a webhook is delivered, or skipped."""

    name: str = ""
    channels: list[str] = msgspec.field(default_factory=list)
    url: str = ""
    authentication: AuthenticationInput = msgspec.field(default_factory=AuthenticationInput)
    headers: list[HeaderInput] = msgspec.field(default_factory=list)
    format: str = "extended"
    events: list[str] | UnsetType = UNSET
    order_wait_seconds: int | str = 60
    signed: bool = True
    deadline_seconds: int = 10
    parked: str = "skip"
