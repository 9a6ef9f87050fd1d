"""The form of a channel configuration."""

from __future__ import annotations

from itertools import groupby

from msgspec import structs

from retour.catalog.inputs import (
    NOTICES,
    SECURITY,
    Clear,
    ConfigurationInput,
    EmailInput,
    EventsInput,
    SmsInput,
    SmtpInput,
)
from retour.model import ChannelConfiguration, ChannelKind, SmsSettings, Value
from retour.web.admin.forms import provider_settings
from retour.web.admin.forms.fields import Form, as_decimal, as_number

__all__ = ["NOTICES", "SECURITY", "ConfigurationForm", "blank", "of", "to_input", "told", "typed"]


class ConfigurationForm(Value):
    """Everything as text, as typed. password_kept, events_key_kept: there is one, which stays when none
    is typed. events: a mail provider, or none."""

    version: str = ""
    name: str = ""
    channel: str = "email"
    provider: str = "smtp"
    sender_name: str = ""
    sender_email: str = ""
    reply_to: str = ""
    return_path: str = ""
    retry_minutes: str = "5040"
    notices: str = "none"
    host: str = ""
    port: str = "25"
    security: str = "none"
    username: str = ""
    password: str = ""
    password_kept: bool = False
    forget_password: bool = False
    connections: str = "8"
    events: str = ""
    events_key: str = ""
    events_key_kept: bool = False
    forget_events_key: bool = False
    settings: tuple[provider_settings.Typed, ...] = ()
    sender_number: str = ""
    region: str = ""
    most_parts: str = "10"
    per_second: str = ""
    at_once: str = "8"
    report_hours: str = "72"
    repeat_uncertain: bool = False

    @property
    def groups(self) -> list[tuple[str, list[provider_settings.Typed]]]:
        """The provider's settings, by the parts of the form."""
        return [(name, [*fields]) for name, fields in groupby(self.settings, lambda one: one.field.group)]


def blank(channel: str, provider: str) -> ConfigurationForm:
    """For a new one."""
    return ConfigurationForm(channel=channel, provider=provider, settings=provider_settings.blank(provider))


def of(stored: ChannelConfiguration) -> ConfigurationForm:
    """A stored one to edit; the password stays where it is."""
    email, smtp, sms = stored.email, stored.smtp, stored.sms
    settings = email or sms
    made = ConfigurationForm(
        version=str(stored.version),
        name=stored.name,
        channel=stored.channel,
        provider=stored.provider,
        sender_name=email.sender_name if email else "",
        sender_email=email.sender_email if email else "",
        reply_to=(email.reply_to_email or "") if email else "",
        return_path=(email.return_path_domain or "") if email else "",
        retry_minutes=f"{settings.retry_period_minutes:g}" if settings else "5040",
        notices=email.delivery_notices if email else "none",
        host=smtp.host if smtp else "",
        port=str(smtp.port) if smtp else "25",
        security=smtp.security if smtp else "none",
        username=(smtp.username or "") if smtp else "",
        password_kept=bool(smtp and smtp.password),
        connections=str(smtp.max_connections) if smtp else "8",
        events=stored.events.provider if stored.events else "",
        events_key=(stored.events.key or "") if stored.events else "",
        events_key_kept=bool(stored.events and stored.events.secret),
    )
    return _with_sms(made, sms, provider_settings.of(stored)) if sms else made


def _with_sms(
    form: ConfigurationForm, sms: SmsSettings, settings: tuple[provider_settings.Typed, ...]
) -> ConfigurationForm:
    return structs.replace(
        form,
        settings=settings,
        sender_number=sms.sender_number,
        region=sms.default_region or "",
        most_parts=str(sms.max_parts),
        per_second="" if sms.per_second is None else f"{sms.per_second:g}",
        at_once=str(sms.at_once),
        report_hours=f"{sms.report_hours:g}",
        repeat_uncertain=sms.repeat_uncertain,
    )


def typed(form: Form, channel: str, stored: ChannelConfiguration | None) -> ConfigurationForm:
    """What was posted."""
    return ConfigurationForm(
        version=form.line("version"),
        name=form.text("name"),
        channel=channel,
        provider=form.text("provider", "simulated"),
        sender_name=form.text("sender_name"),
        sender_email=form.line("sender_email"),
        reply_to=form.line("reply_to"),
        return_path=form.line("return_path"),
        retry_minutes=form.line("retry_minutes"),
        notices=form.text("notices", "none"),
        host=form.line("host"),
        port=form.line("port"),
        security=form.text("security", "none"),
        username=form.text("username"),
        password=form.text("password"),
        password_kept=bool(stored and stored.smtp and stored.smtp.password),
        forget_password=form.on("forget_password"),
        connections=form.line("connections"),
        events=form.line("events"),
        events_key=form.line("events_key"),
        events_key_kept=bool(stored and stored.events and stored.events.secret),
        forget_events_key=form.on("forget_events_key"),
        settings=provider_settings.typed(form, form.text("provider"), stored),
        sender_number=form.line("sender_number"),
        region=form.line("region"),
        most_parts=form.line("most_parts", "10"),
        per_second=form.line("per_second"),
        at_once=form.line("at_once", "8"),
        report_hours=form.line("report_hours", "72"),
        repeat_uncertain=form.on("repeat_uncertain"),
    )


def to_input(form: ConfigurationForm) -> ConfigurationInput:
    """For the catalog."""
    email = form.channel == ChannelKind.EMAIL
    return ConfigurationInput(
        name=form.name,
        channel=form.channel,
        provider=form.provider,
        email=_email(form) if email else None,
        smtp=_smtp(form) if email and form.provider == "smtp" else None,
        sms=None if email else _sms(form),
        provider_settings=provider_settings.to_input(form.settings) if form.settings else None,
        events=_events(form) if email and form.provider == "smtp" and form.events else None,
    )


def _email(form: ConfigurationForm) -> EmailInput:
    return EmailInput(
        sender_name=form.sender_name,
        sender_email=form.sender_email,
        reply_to_email=form.reply_to or None,
        return_path_domain=form.return_path or None,
        retry_period_minutes=as_decimal(form.retry_minutes),
        delivery_notices=form.notices,
    )


def _smtp(form: ConfigurationForm) -> SmtpInput:
    forgotten = Clear(clear=True) if form.forget_password else None
    return SmtpInput(
        host=form.host,
        port=as_number(form.port),
        security=form.security,
        username=form.username or None,
        password=form.password or forgotten,
        max_connections=as_number(form.connections),
    )


def _events(form: ConfigurationForm) -> EventsInput:
    forgotten = Clear(clear=True) if form.forget_events_key else None
    return EventsInput(provider=form.events, key=form.events_key or forgotten)


def _sms(form: ConfigurationForm) -> SmsInput:
    return SmsInput(
        sender_number=form.sender_number,
        retry_period_minutes=as_decimal(form.retry_minutes),
        default_region=form.region or None,
        max_parts=as_number(form.most_parts),
        per_second=as_decimal(form.per_second) if form.per_second else None,
        at_once=as_number(form.at_once),
        report_hours=as_decimal(form.report_hours),
        repeat_uncertain=form.repeat_uncertain,
    )


def told(form: ConfigurationForm) -> dict[str, str]:
    """Label to value, for two versions side by side; the password is not among them."""
    shown = {"Name": form.name, "Provider": form.provider}
    if form.channel != ChannelKind.EMAIL:
        return shown | _told_of_sms(form)
    shown |= {
        "Sender name": form.sender_name,
        "Sender email": form.sender_email,
        "Reply-to email": form.reply_to,
        "Return path domain": form.return_path,
        "Retry period": form.retry_minutes,
        "Delivery notices": form.notices,
    }
    if form.provider == "smtp":
        shown |= {"Host": form.host, "Port": form.port, "Security": form.security}
        shown |= {"User name": form.username, "Connections": form.connections, "Events": form.events}
    return shown


def _told_of_sms(form: ConfigurationForm) -> dict[str, str]:
    return provider_settings.told(form.settings) | {
        "Sender": form.sender_number,
        "Retry period": form.retry_minutes,
        "Default country": form.region,
        "Most parts": form.most_parts,
        "Messages a second": form.per_second,
        "Messages at once": form.at_once,
        "Wait for reports": form.report_hours,
        "Send uncertain ones again": "yes" if form.repeat_uncertain else "no",
    }
