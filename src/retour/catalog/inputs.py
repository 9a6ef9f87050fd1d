"""What a caller hands in, with the outside's names (camelCase); checked by the room, decoded by the faces.

What is `told` stands in the published schemas and refuses nothing: the rooms check all of it at once, in their words.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from retour import espevents, limits, signing, smsproviders
from retour.model import ChannelKind, FeedbackStatus

PROVIDERS = {"email": ("smtp", "simulated"), "sms": (*smsproviders.SETTINGS, "simulated")}
SECURITY = ("none", "starttls", "tls")
NOTICES = ("success", "failure", "none")
FORMATS = ("extended", "ajo")
ALGORITHMS = tuple(signing.ALGORITHMS)
PARKED = ("deliver", "skip")
AUTHENTICATIONS = ("none", "jwt")
ROTATED = ("signingSecret", "jwt")
OVERLAP_HOURS = (0, 168)  # a week to change the secret at every receiver
STRICT = "strict"  # order without a limit of time
DESCRIPTION_CHARACTERS = 2_000  # a note for colleagues, not a document
PASSWORD_CHARACTERS = 1_024  # SMTP AUTH carries it in one line (RFC 4954, 4: 12,288 octets in base64)
KEY_CHARACTERS = 512  # of a provider: an ARN has 300, a P-256 key 124
KEY_ID_CHARACTERS = 200  # a name; it travels in every token
PREFIX_CHARACTERS = 100  # a word or two before a token

REQUIRED = "x-required"  # in a property of a schema: web/schemas.py lifts it to the object


def told(*, required: bool = False, **words: Any) -> Meta:
    """Words of JSON Schema for a field. required: the room refuses the default, so it has to be given."""
    return Meta(extra_json_schema=words | ({REQUIRED: True} if required else {}))


def between(ends: tuple[float, float]) -> Meta:
    """A number from one end to the other."""
    return told(minimum=ends[0], maximum=ends[1])


Name = Annotated[str, told(required=True, minLength=1, maxLength=limits.NAME_CHARACTERS)]
Channel = Annotated[str, told(enum=[*ChannelKind])]
OneChannel = Annotated[str, told(required=True, enum=[*ChannelKind])]
Address = Annotated[str, told(format="idn-email", maxLength=limits.USER_ID_CHARACTERS)]
Sender = Annotated[str, told(required=True, format="idn-email", maxLength=limits.USER_ID_CHARACTERS)]
RetryPeriod = Annotated[float, between(limits.RETRY_PERIOD_MINUTES)]
Instant = Annotated[str, told(format="date-time")]


class Input(msgspec.Struct, kw_only=True, rename="camel"):
    """A decoded request body. Unknown fields are ignored, so that what GET returns can be sent back by PUT."""


class Clear(Input):
    """`{"clear": true}` in the place of a secret removes it."""

    clear: bool


class EmailInput(Input):
    """`email` of a channel configuration."""

    sender_name: Name = ""
    sender_email: Sender = ""
    reply_to_email: Address | None = None
    return_path_domain: Annotated[str, told(format="idn-hostname")] | None = None
    retry_period_minutes: RetryPeriod = 5040
    delivery_notices: Annotated[str, told(enum=NOTICES)] = "none"


class SmtpInput(Input):
    """`smtp` of a channel configuration. password: absent or null keeps the stored one."""

    host: Annotated[str, told(required=True, minLength=1)] = ""
    port: Annotated[int, told(minimum=1, maximum=65_535)] = 25
    security: Annotated[str, told(enum=SECURITY)] = "none"
    username: Annotated[str, told(maxLength=limits.USER_ID_CHARACTERS)] | None = None
    password: Annotated[str, told(maxLength=PASSWORD_CHARACTERS, writeOnly=True)] | Clear | None = None
    max_connections: Annotated[int, between(limits.RELAY_CONNECTIONS)] = 8


class EventsInput(Input):
    """`events` of a channel configuration: the mail provider behind the relay, which tells what became of messages.

    key: SendGrid's verification key, Mailgun's signing key, the ARN of the SNS topic, `name:password` of Postmark's
    basic auth. Absent or null keeps the stored one.
    """

    provider: Annotated[str, told(required=True, enum=[*espevents.PROVIDERS])] = ""
    key: Annotated[str, told(maxLength=KEY_CHARACTERS)] | Clear | None = None


class SmsInput(Input):
    """`sms` of a channel configuration. senderNumber: with + and country code, a name, or a short code.

    defaultRegion: of recipients' numbers without +. maxParts: a longer text is not sent. perSecond: null for no limit.
    reportHours: how long a final report is waited for. repeatUncertain: send again what may have been sent already.
    """

    sender_number: Annotated[str, told(required=True, minLength=1)] = ""
    retry_period_minutes: RetryPeriod = 5040
    default_region: Annotated[str, told(minLength=2, maxLength=2)] | None = None
    max_parts: Annotated[int, between(limits.SMS_PARTS)] = 10
    per_second: Annotated[float, between(limits.SMS_PER_SECOND)] | None = None
    at_once: Annotated[int, between(limits.SMS_AT_ONCE)] = 8
    report_hours: Annotated[float, between(limits.SMS_REPORT_HOURS)] = 72
    repeat_uncertain: bool = False


class ConfigurationInput(Input):
    """A channel configuration: `email` for e-mail, `smtp` for the provider of that name, with `events` or without;
    `sms` for SMS, with `providerSettings` for every provider but the simulated one.

    providerSettings: by the names of the provider's settings (docs/channels.md). Secrets: absent or null keeps the
    stored one, `{"clear": true}` removes it.
    """

    name: Name = ""
    channel: OneChannel = ""
    provider: Annotated[str, told(required=True, enum=sorted({*PROVIDERS["email"], *PROVIDERS["sms"]}))] = ""
    message_type: Annotated[str, told(enum=["transactional"])] = "transactional"
    email: EmailInput | None = None
    smtp: SmtpInput | None = None
    sms: SmsInput | None = None
    events: EventsInput | None = None
    provider_settings: dict[str, Any] | None = None


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

    start_date: Instant | None = None
    end_date: Instant | None = None


class CampaignInput(Input):
    """A campaign."""

    name: Name = ""
    description: Annotated[str, told(maxLength=DESCRIPTION_CHARACTERS)] = ""
    campaign_type: Annotated[str, told(enum=["ApiTriggered"])] = "ApiTriggered"
    category: Annotated[str, told(enum=["Transactional"])] = "Transactional"
    channel: OneChannel = ""
    channel_configuration_id: str | None = None
    identity_namespace: Annotated[str, told(maxLength=limits.REQUEST_ID_CHARACTERS)] | None = None
    create_new_profile: bool = True
    enable_webhooks: bool = False
    high_throughput_mode: bool = False
    content: ContentInput | None = None
    schedule: ScheduleInput | None = None


Secret = Annotated[str, told(maxLength=limits.HEADERS_BYTES, writeOnly=True)]
Claims = Annotated[Any, told(type=["object", "null"], propertyNames={"not": {"enum": [*signing.OWN_CLAIMS]}})]


class AuthenticationInput(Input):
    """`authentication` of a webhook: `{"type": "none"}` or JWT. Secrets: absent or null keeps the stored one.

    generate: make a secret or a key pair, in the place of one that is handed in.
    """

    type: Annotated[str, told(enum=AUTHENTICATIONS)] = "none"
    algorithm: Annotated[str, told(enum=ALGORITHMS)] = "HS256"
    secret: Secret | Clear | None = None
    private_key: Secret | Clear | None = None
    generate: bool = False
    key_id: Annotated[str, told(maxLength=KEY_ID_CHARACTERS)] | None = None
    claims: Claims = UNSET
    lifetime_seconds: Annotated[int, between(limits.TOKEN_LIFETIME_SECONDS)] = 300
    per_request: bool = False
    header: Annotated[str, told(minLength=1, maxLength=limits.HEADER_NAME_CHARACTERS)] = "Authorization"
    prefix: Annotated[str, told(maxLength=PREFIX_CHARACTERS, pattern=r"^[ -~]*$")] = "Bearer "


class HeaderInput(Input):
    """A custom header of a webhook. A secret one without a value keeps the stored value of that name."""

    name: Annotated[str, told(required=True, minLength=1, maxLength=limits.HEADER_NAME_CHARACTERS)] = ""
    value: Annotated[str, told(maxLength=limits.HEADER_VALUE_BYTES)] | None = None
    secret: bool = False


Events = Annotated[list[Annotated[str, told(enum=[*FeedbackStatus])]], told(minItems=1)]
Wait = Annotated[int, between(limits.ORDER_WAIT_SECONDS)] | Annotated[str, told(enum=[STRICT])]


class WebhookInput(Input):
    """The feedback webhook. parked (at creation): what waited for a webhook is delivered, or skipped."""

    name: Name = ""
    channels: Annotated[list[Channel], told(required=True, minItems=1)] = msgspec.field(default_factory=list)
    url: Annotated[str, told(required=True, minLength=1, maxLength=limits.URL_CHARACTERS, format="uri")] = ""
    authentication: AuthenticationInput = msgspec.field(default_factory=AuthenticationInput)
    headers: Annotated[list[HeaderInput], told(maxItems=limits.HEADERS)] = msgspec.field(default_factory=list)
    format: Annotated[str, told(enum=FORMATS)] = "extended"
    events: Events | UnsetType = UNSET
    order_wait_seconds: Wait = 60
    signed: bool = True
    deadline_seconds: Annotated[int, between(limits.DEADLINE_SECONDS)] = 10
    parked: Annotated[str, told(enum=PARKED)] = "skip"


class RotationInput(Input):
    """What is changed, for what, and how long what it replaces stays good.

    signAfterMinutes: when the new key of the JWT begins to sign. algorithm: absent or null keeps it.
    """

    what: Annotated[str, told(required=True, enum=ROTATED)] = ""
    overlap_hours: Annotated[int, between(OVERLAP_HOURS)] = 24
    secret: Secret | None = None
    private_key: Secret | None = None
    generate: bool = False
    algorithm: Annotated[str, told(enum=ALGORITHMS)] | None = None
    key_id: Annotated[str, told(maxLength=KEY_ID_CHARACTERS)] | None = None
    sign_after_minutes: Annotated[int, told(minimum=0)] | None = None


class VerificationInput(Input):
    """A request as somebody received it, to be looked at. secret: absent or null means the sandbox's own.

    headers: an object, or pairs. body: its text, as it came. at: when it came; absent or null means now.
    """

    headers: dict[str, str] | list[tuple[str, str]] = msgspec.field(default_factory=dict)
    body: str = ""
    secret: Annotated[str, told(writeOnly=True)] | None = None
    at: Instant | None = None
