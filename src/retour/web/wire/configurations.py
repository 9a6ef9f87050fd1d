"""A channel configuration as it is shown."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from retour import model
from retour.model import ChannelKind
from retour.web.wire.health import Health, health
from retour.web.wire.shapes import Answer, Instant, Page, time_of


class EmailSettings(Answer):
    """Who an e-mail is from, and how long its sending is tried."""

    sender_name: str
    sender_email: str
    reply_to_email: str | None
    return_path_domain: str | None
    retry_period_minutes: float
    delivery_notices: str


class SmtpSettings(Answer):
    """The relay. The password is told as being there, never shown."""

    host: str
    port: int
    security: str
    username: str | None
    password: None
    max_connections: int
    has_password: bool


class SmsSettings(Answer):
    """Who a text message is from."""

    sender_number: str
    retry_period_minutes: float


class ChannelConfiguration(Answer, kw_only=True):
    """A named technical sender. email, smtp, sms: those that the channel and the provider have."""

    id: str
    name: str
    channel: ChannelKind
    provider: str
    message_type: str
    status: Literal["active", "failing"]
    health: Health
    email: EmailSettings | UnsetType = UNSET
    smtp: SmtpSettings | UnsetType = UNSET
    sms: SmsSettings | UnsetType = UNSET
    created_at: Instant
    modified_at: Instant
    version: int


class ChannelConfigurationPage(Page[ChannelConfiguration]):
    """Channel configurations, by name."""


def configuration(value: model.ChannelConfiguration) -> ChannelConfiguration:
    """A channel configuration without its password."""
    return ChannelConfiguration(
        id=value.id,
        name=value.name,
        channel=value.channel,
        provider=value.provider,
        message_type=value.message_type,
        status="failing" if value.health.failures else "active",
        health=health(value.health),
        email=UNSET if value.email is None else EmailSettings(**msgspec.structs.asdict(value.email)),
        smtp=UNSET if value.smtp is None else _smtp(value.smtp),
        sms=UNSET if value.sms is None else SmsSettings(**msgspec.structs.asdict(value.sms)),
        created_at=time_of(value.created_at),
        modified_at=time_of(value.modified_at),
        version=value.version,
    )


def _smtp(value: model.SmtpSettings) -> SmtpSettings:
    shown = msgspec.structs.asdict(value) | {"password": None}
    return SmtpSettings(**shown, has_password=value.password is not None)
