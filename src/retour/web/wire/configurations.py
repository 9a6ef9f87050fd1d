"""A channel configuration as it is shown."""

from __future__ import annotations

from typing import Any, Literal

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


class EventsSettings(Answer):
    """Whose events tell what became of messages. key: null where it is a secret. callback: where they are posted to."""

    provider: str
    key: str | None
    has_key: bool
    callback: str


class SmsSettings(Answer):
    """Who a text message is from, and within which limits. perSecond: null for no limit."""

    sender_number: str
    retry_period_minutes: float
    default_region: str | None
    max_parts: int
    per_second: float | None
    at_once: int
    report_hours: float
    repeat_uncertain: bool


class ChannelConfiguration(Answer, kw_only=True):
    """A named technical sender. email, smtp, sms, events: those that it has.

    Of an SMS provider: providerSettings, its secrets null; secrets: the names of those that there are; callback: where
    it posts its reports to, for the providers that do.
    """

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
    events: EventsSettings | UnsetType = UNSET
    provider_settings: dict[str, Any] | UnsetType = UNSET
    secrets: list[str] | UnsetType = UNSET
    callback: str | UnsetType = UNSET
    created_at: Instant
    modified_at: Instant
    version: int


class ChannelConfigurationPage(Page[ChannelConfiguration]):
    """Channel configurations, by name."""


def configuration(value: model.ChannelConfiguration, callback: str | None) -> ChannelConfiguration:
    """A channel configuration without its secrets. callback: its address for events, if it has one."""
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
        events=UNSET if value.events is None or callback is None else _events(value.events, callback),
        **_provider(value.provider_settings, callback),
        created_at=time_of(value.created_at),
        modified_at=time_of(value.modified_at),
        version=value.version,
    )


def _provider(settings: model.ProviderSettings | None, callback: str | None) -> dict[str, Any]:
    if settings is None:
        return {}
    shown = settings.values | dict.fromkeys(settings.secrets)
    told = {"provider_settings": shown, "secrets": sorted(settings.secrets)}
    return told | ({"callback": callback} if callback else {})


def _events(value: model.EventsSettings, callback: str) -> EventsSettings:
    has_key = value.key is not None or value.secret is not None
    return EventsSettings(provider=value.provider, key=value.key, has_key=has_key, callback=callback)


def _smtp(value: model.SmtpSettings) -> SmtpSettings:
    shown = msgspec.structs.asdict(value) | {"password": None}
    return SmtpSettings(**shown, has_password=value.password is not None)
