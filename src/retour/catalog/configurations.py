"""Channel configurations: the named technical senders of a sandbox."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import msgspec

from retour import audit, checks, ids, limits
from retour.audit import Deed, Noun, Subject
from retour.catalog import event_settings, provider_settings
from retour.catalog.inputs import (
    NOTICES,
    PASSWORD_CHARACTERS,
    PROVIDERS,
    SECURITY,
    Clear,
    ConfigurationInput,
    EmailInput,
    SmsInput,
    SmtpInput,
)
from retour.errors import Code, Conflict, Field, Invalid
from retour.model import (
    COMMAND_LINE,
    Actor,
    ChannelConfiguration,
    ChannelKind,
    EmailSettings,
    EventsSettings,
    ProviderSettings,
    Sandbox,
    SandboxType,
    Sealed,
    SmsSettings,
    SmtpSettings,
)
from retour.outbound.hosts import parse_host
from retour.sealed import SMTP_COLUMN, Secrets
from retour.sealing import Keys
from retour.smsproviders import SETTINGS
from retour.stores import Store
from retour.stores.handovers import Changed, Clash, Stale, Step
from retour.stores.shelves import Shelves

SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[0-9A-Za-z]([0-9A-Za-z &._-]*[0-9A-Za-z])?")
SENDERS = (
    "Enter a number with + and country code, a name of up to 11 letters and digits, "
    "or a short code of 3 to 8 digits."
)


class Configurations:
    """Create, change and list channel configurations."""

    def __init__(
        self,
        store: Store,
        shelves: Shelves,
        keys: Keys,
        wrong_url: Callable[[str, str], Awaitable[str | None]],
    ) -> None:
        self._store = store
        self._shelves = shelves
        self._keys = keys
        self._secrets = Secrets(keys)
        self._wrong_url = wrong_url

    async def create(
        self, sandbox: Sandbox, given: ConfigurationInput, by: Actor = COMMAND_LINE
    ) -> ChannelConfiguration:
        """A new one. Raises Invalid (422), Conflict when the name is taken."""
        self._check(sandbox, given, None, await self._wrong_urls(sandbox, given))
        made = self._build(sandbox, ids.new_id(), given, None)
        values = {
            "sandbox": sandbox.id,
            "id": made.id,
            "name": made.name,
            "doc": _doc(made),
            "created_at": ids.now(),
        }
        insert = Step(statement="configuration_insert", values=values)
        told = _entry(by, sandbox, Deed.CREATED, None, made)
        answer = await self._store.write(Changed(steps=(insert, told)))
        self._refuse_clash(answer, given.name)
        return await self.get(sandbox, made.id)

    async def get(self, sandbox: Sandbox, configuration_id: str) -> ChannelConfiguration:
        """As it is now, with its health. Raises NotFound."""
        found = await self._shelves.fresh_configuration(sandbox.id, configuration_id)
        if found is None:
            raise checks.missing("channel configuration")
        return found

    async def list(self, sandbox: Sandbox) -> list[ChannelConfiguration]:
        """All of a sandbox, by name."""
        return await self._shelves.configurations(sandbox.id)

    async def update(
        self,
        sandbox: Sandbox,
        configuration_id: str,
        version: int,
        given: ConfigurationInput,
        by: Actor = COMMAND_LINE,
    ) -> ChannelConfiguration:
        """Replace it. Raises Invalid, Conflict; Changed when `version` is stale. What waits is tried at once."""
        stored = await self.get(sandbox, configuration_id)
        self._check(sandbox, given, stored, await self._wrong_urls(sandbox, given))
        _check_kept(stored, given)
        if stored.provider in SETTINGS:
            provider_settings.check_led(given.provider_settings or {}, stored)
        made = self._build(sandbox, stored.id, given, stored)
        now = ids.now()
        place = {"sandbox": sandbox.id, "id": stored.id, "version": version}
        values = {**place, "name": made.name, "doc": _doc(made), "modified_at": now}
        wake = {"sandbox": sandbox.id, "configuration_id": stored.id, "now": now}
        answer = await self._store.write(
            Changed(
                steps=(
                    Step(statement="configuration_update", values=values, guard=True),
                    Step(statement="messages_wake", values=wake),
                    _entry(by, sandbox, Deed.CHANGED, stored, made),
                )
            )
        )
        if isinstance(answer, Stale):
            raise checks.stale("channel configuration", stored.version)
        self._refuse_clash(answer, given.name)
        return await self.get(sandbox, stored.id)

    def _refuse_clash(self, answer: object, name: str) -> None:
        if isinstance(answer, Clash):
            message = f"A channel configuration named “{name}” exists already. Choose another name."
            raise Conflict(Code.EXISTS, message, (Field("name", message),))

    async def _wrong_urls(self, sandbox: Sandbox, given: ConfigurationInput) -> dict[str, str | None]:
        """What the way out says of a provider's addresses."""
        if given.channel != ChannelKind.SMS or given.provider not in SETTINGS:
            return {}
        urls = provider_settings.urls(given.provider, given.provider_settings or {})
        return {name: await self._wrong_url(url, sandbox.org) for name, url in urls.items()}

    def _check(
        self,
        sandbox: Sandbox,
        given: ConfigurationInput,
        stored: ChannelConfiguration | None,
        wrong_urls: dict[str, str | None],
    ) -> None:
        problems = checks.Problems()
        problems.add("name", checks.name(given.name, "configuration"))
        problems.add("channel", checks.one_of(given.channel, [*ChannelKind], "The channel"))
        problems.add("messageType", checks.one_of(given.message_type, ("transactional",), "The message type"))
        providers = PROVIDERS.get(given.channel, ())
        if providers:
            problems.add("provider", checks.one_of(given.provider, providers, "The provider"))
        if given.channel == "email":
            _check_email(problems, given.email or EmailInput())
        if given.channel == "sms":
            _check_sms(problems, given.sms or SmsInput())
        if given.provider == "smtp":
            _check_smtp(problems, given.smtp or SmtpInput())
            if given.events is not None:
                event_settings.check(problems, given.events, stored.events if stored else None)
        if given.provider in SETTINGS and given.provider in providers:
            self._check_provider(problems, given, stored, wrong_urls)
        problems.refuse("The channel configuration can't be saved like this.")

    def _check_provider(
        self,
        problems: checks.Problems,
        given: ConfigurationInput,
        stored: ChannelConfiguration | None,
        wrong_urls: dict[str, str | None],
    ) -> None:
        same = stored is not None and stored.provider == given.provider
        kept = self._secrets.opened(stored) if same and stored else {}
        settings = given.provider_settings or {}
        provider_settings.check(problems, given.provider, settings, kept, wrong_urls)

    def _build(
        self, sandbox: Sandbox, row: str, given: ConfigurationInput, stored: ChannelConfiguration | None
    ) -> ChannelConfiguration:
        return ChannelConfiguration(
            sandbox=sandbox.id,
            id=row,
            name=given.name.strip(),
            channel=ChannelKind(given.channel),
            provider=given.provider,
            message_type=given.message_type,
            email=_email(given.email) if given.channel == "email" and given.email else None,
            smtp=self._smtp(sandbox, row, given.smtp, stored)
            if given.provider == "smtp" and given.smtp
            else None,
            sms=_sms(given.sms) if given.channel == "sms" and given.sms else None,
            events=self._events(sandbox, row, given, stored),
            provider_settings=self._provider_settings(sandbox, row, given, stored),
        )

    def _provider_settings(
        self, sandbox: Sandbox, row: str, given: ConfigurationInput, stored: ChannelConfiguration | None
    ) -> ProviderSettings | None:
        if given.provider not in SETTINGS:
            return None
        kept = stored.provider_settings if stored and stored.provider == given.provider else None
        settings = given.provider_settings or {}
        return provider_settings.build(self._secrets, sandbox.id, row, given.provider, settings, kept)

    def _events(
        self, sandbox: Sandbox, row: str, given: ConfigurationInput, stored: ChannelConfiguration | None
    ) -> EventsSettings | None:
        if given.provider != "smtp" or given.events is None:
            return None
        kept = stored.events if stored else None
        return event_settings.build(self._keys, sandbox.id, row, given.events, kept)

    def _smtp(
        self, sandbox: Sandbox, row: str, given: SmtpInput, stored: ChannelConfiguration | None
    ) -> SmtpSettings:
        kept = stored.smtp.password if stored and stored.smtp else None
        password = self._password(sandbox, row, given.password, kept)
        return SmtpSettings(
            host=_host(given),
            port=given.port,
            security=given.security,
            username=given.username or None,
            password=password,
            max_connections=given.max_connections,
        )

    def _password(
        self, sandbox: Sandbox, row: str, given: str | Clear | None, kept: Sealed | None
    ) -> Sealed | None:
        """Absent keeps the stored one, `{"clear": true}` removes it."""
        if _keeps(given):
            return kept
        if not isinstance(given, str):
            return None
        return self._secrets.seal(sandbox.id, row, SMTP_COLUMN, given)


def _check_kept(stored: ChannelConfiguration, given: ConfigurationInput) -> None:
    """A stored password may not be led to another host by an edit (semantics 9); the channel stays what it is."""
    problems = checks.Problems()
    problems.need(
        "channel", given.channel == stored.channel, "The channel of a configuration can't be changed."
    )
    problems.refuse("The channel configuration can't be saved like this.")
    old, new = stored.smtp, given.smtp
    if old is None or new is None or old.password is None or not _keeps(new.password):
        return
    if (old.host, old.port, old.security) != (_host(new), new.port, new.security):
        message = "Enter the password again: the relay's host, port or security changes."
        raise Invalid(Code.SECRET_REQUIRED, message, (Field("smtp.password", message),), status=422)


def _keeps(password: str | Clear | None) -> bool:
    """Whether the stored one stays: absent, null, empty, or `{"clear": false}`."""
    return not password.clear if isinstance(password, Clear) else not password


def _host(given: SmtpInput) -> str:
    """In one spelling, so that another one is no other host."""
    return given.host.strip().rstrip(".").lower()


def _check_email(problems: checks.Problems, given: EmailInput) -> None:
    problems.add("email.senderName", checks.name(given.sender_name, "sender's"))
    sender = "Enter the sender's e-mail address, as in no-reply@example.com."
    problems.need("email.senderEmail", checks.email_address(given.sender_email), sender)
    if given.reply_to_email:
        reply = "Enter a complete e-mail address or leave this empty."
        problems.need("email.replyToEmail", checks.email_address(given.reply_to_email), reply)
    if given.return_path_domain:
        domain = "Enter a domain, as in feedback.example.com, or leave this empty."
        good = checks.email_address(f"bounce@{given.return_path_domain}")
        problems.need("email.returnPathDomain", good, domain)
    problems.add("email.retryPeriodMinutes", checks.retry_period(given.retry_period_minutes))
    problems.add("email.deliveryNotices", checks.one_of(given.delivery_notices, NOTICES, "Delivery notices"))


def _check_smtp(problems: checks.Problems, given: SmtpInput) -> None:
    host = _host(given)
    good = host and parse_host(f"[{host}]" if ":" in host else host) is not None
    problems.need("smtp.host", good, "Enter the relay's host name or address, without a scheme.")
    problems.need("smtp.port", 0 < given.port < 65536, "Use a port from 1 to 65535.")
    problems.add("smtp.security", checks.one_of(given.security, SECURITY, "The security"))
    low, high = limits.RELAY_CONNECTIONS
    problems.need(
        "smtp.maxConnections", low <= given.max_connections <= high, f"Use {low} to {high} connections."
    )
    both = not given.password or isinstance(given.password, Clear) or given.username
    problems.need("smtp.username", both, "A password needs a user name.")
    problems.add("smtp.username", checks.line(given.username or "", limits.USER_ID_CHARACTERS))
    if isinstance(given.password, str):
        problems.add("smtp.password", checks.line(given.password, PASSWORD_CHARACTERS))


def _check_sms(problems: checks.Problems, given: SmsInput) -> None:
    problems.need("sms.senderNumber", _sender(given) is not None, SENDERS)
    problems.add("sms.retryPeriodMinutes", checks.retry_period(given.retry_period_minutes))
    if region := _region(given):
        problems.add("sms.defaultRegion", checks.region(region))
    problems.add("sms.maxParts", checks.between(given.max_parts, limits.SMS_PARTS, "parts"))
    if given.per_second is not None:
        rate = checks.between(
            given.per_second, limits.SMS_PER_SECOND, "messages a second, or none for no limit"
        )
        problems.add("sms.perSecond", rate)
    problems.add("sms.atOnce", checks.between(given.at_once, limits.SMS_AT_ONCE, "messages at once"))
    problems.add("sms.reportHours", checks.between(given.report_hours, limits.SMS_REPORT_HOURS, "hours"))


def _email(given: EmailInput) -> EmailSettings:
    return EmailSettings(
        sender_name=given.sender_name.strip(),
        sender_email=given.sender_email.strip(),
        reply_to_email=given.reply_to_email or None,
        return_path_domain=given.return_path_domain or None,
        retry_period_minutes=given.retry_period_minutes,
        delivery_notices=given.delivery_notices,
    )


def _sms(given: SmsInput) -> SmsSettings:
    return SmsSettings(
        sender_number=_sender(given) or "",
        retry_period_minutes=given.retry_period_minutes,
        default_region=_region(given),
        max_parts=given.max_parts,
        per_second=given.per_second,
        at_once=given.at_once,
        report_hours=given.report_hours,
        repeat_uncertain=given.repeat_uncertain,
    )


def _sender(given: SmsInput) -> str | None:
    """A number as E.164; a name or a short code as it is; None if it is nothing of that."""
    text = given.sender_number.strip()
    shortest, longest = limits.SHORT_CODE_DIGITS
    is_code = text.isascii() and text.isdecimal() and shortest <= len(text) <= longest
    is_name = len(text) <= limits.SENDER_NAME_CHARACTERS and SENDER_NAME.fullmatch(text)
    return text if is_code or is_name else checks.phone_number(text)


def _region(given: SmsInput) -> str | None:
    return (given.default_region or "").strip().upper() or None


def _entry(
    by: Actor,
    sandbox: Sandbox,
    deed: Deed,
    before: ChannelConfiguration | None,
    after: ChannelConfiguration,
) -> Step:
    subject = Subject(Noun.CONFIGURATION, after.id, after.name)
    return audit.entry(by, audit.place_of(sandbox), deed, subject, before, after)


def _doc(configuration: ChannelConfiguration) -> bytes:
    return msgspec.json.encode(configuration)


def refuse_simulated_in_production(sandbox: Sandbox, configuration: ChannelConfiguration) -> None:
    """A production sandbox may not pretend to send."""
    if sandbox.type is SandboxType.PRODUCTION and configuration.provider == "simulated":
        message = (
            "A simulated channel configuration can't be used in a production sandbox. Choose one that sends."
        )
        field = Field("channelConfigurationId", message)
        raise Invalid(Code.SIMULATED_IN_PRODUCTION, message, (field,), status=422)
