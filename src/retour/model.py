"""The nouns. Frozen values without behaviour that touches the world; imports nothing of ours.

One long file on purpose: it is read first and as a whole, and a noun is looked up in one place.

All times are integer microseconds since 1970 (UTC), so that both stores order them alike. Docstrings say
what a noun is; GLOSSARY.md says which word is used for nothing else.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum
from functools import cache
from typing import Any, NamedTuple, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A frozen value; `msgspec.structs.replace` makes a changed copy."""


class ChannelKind(StrEnum):
    """How a message reaches a person."""

    EMAIL = "email"
    SMS = "sms"


class SandboxType(StrEnum):
    """What a sandbox is for. A production sandbox may not simulate."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class FeedbackStatus(StrEnum):
    """The kinds of feedback event (journey-optimizer: message-delivery-feedback schema, `feedbackStatus`).

    complaint is ours: Adobe has no word for it, so its body tells a `bounce` with code 51 and `retour.complaint`.
    """

    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCE = "bounce"
    ERROR = "error"
    DELAY = "delay"
    EXCLUDE = "exclude"
    DENYLIST = "denylist"
    DUPLICATE = "duplicate"
    COMPLAINT = "complaint"


DEFAULT_EVENTS = (FeedbackStatus.SENT, FeedbackStatus.DELIVERED, FeedbackStatus.BOUNCE, FeedbackStatus.ERROR)
FINAL_STATUSES = frozenset(FeedbackStatus) - {
    FeedbackStatus.SENT,
    FeedbackStatus.DELAY,
    FeedbackStatus.COMPLAINT,
}


class RecipientStatus(StrEnum):
    """What is known of one recipient of an execution."""

    QUEUED = "queued"
    SENT = "sent"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    ERROR = "error"
    EXCLUDED = "excluded"


class DeliveryState(StrEnum):
    """Where a delivery stands in the store. `due` is the only state that still wants attention."""

    DUE = "due"
    ACCEPTED = "accepted"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


class DeliveryStatus(StrEnum):
    """A delivery's state as told outside; `due` is split by what a person wants to know."""

    PENDING = "pending"
    RETRYING = "retrying"
    PARKED = "parked"
    ACCEPTED = "accepted"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


class FailureCategory(StrEnum):
    """`sync`: refused in the SMTP dialogue or the submit call. `async`: told later."""

    SYNC = "sync"
    ASYNC = "async"


class FailureType(StrEnum):
    """AJO's failure types as they stand in its webhook sample (capitalised)."""

    HARD = "Hard"
    SOFT = "Soft"
    IGNORED = "Ignored"


class Failure(Value):
    """Why a message bounced or failed: AJO's `messageFailure`. `code` is text, digits for e-mail."""

    category: FailureCategory
    type: FailureType
    code: str
    reason: str


class ProviderFacts(Value):
    """What the next hop said, in its own words; told as `retour.provider`. Never holds personal content.

    name: `smtp`, `simulated` …; code: the SMTP reply code or the provider's own; enhanced_code: RFC 3463
    (`5.1.1`); text: its words, at most 500 characters; reference: the id it gave (queue id, sid).
    Of a text message, where the provider tells it: encoding, in its words; parts: how many; at: its own time of the
    event (microseconds).
    """

    name: str
    code: str | None = None
    enhanced_code: str | None = None
    text: str | None = None
    reference: str | None = None
    encoding: str | None = None
    parts: int | None = None
    at: int | None = None


class Exclusion(Value):
    """Why a recipient was left out: AJO's `messageExclusion`. code: six digits."""

    code: str
    reason: str


class Fact(Value):
    """One thing learned about a message. `key` tells a repeat from a new fact (unique per message).

    complaint: what kind it is (RFC 5965 Feedback-Type), of a complaint alone.
    """

    status: FeedbackStatus
    key: str
    failure: Failure | None = None
    provider: ProviderFacts | None = None
    complaint: str | None = None
    exclusion: Exclusion | None = None


NO_COMPLAINTS = frozenset({"auth-failure", "not-spam", "dmarc"})
"""Kinds of feedback (RFC 5965) that are none: reports on our own domain's authentication (RFC 6591), its opposite."""


class Learned(Value):
    """What somebody who knows says of one message after it was sent. complaint: its kind; then status and failure are
    those of a complaint. exclusion: of a message that was left out."""

    status: FeedbackStatus
    failure: Failure | None = None
    provider: ProviderFacts | None = None
    complaint: str | None = None
    exclusion: Exclusion | None = None

    @property
    def fact(self) -> Fact:
        """With a key that is the same for the same news: bounces and errors of two codes are two."""
        key = str(self.status)
        if self.status in (FeedbackStatus.BOUNCE, FeedbackStatus.ERROR) and self.failure is not None:
            key = f"{self.status}:{self.failure.code}"
        return Fact(
            status=self.status,
            key=key,
            failure=self.failure,
            provider=self.provider,
            complaint=self.complaint,
            exclusion=self.exclusion,
        )


class Lane(NamedTuple):
    """A queue that is served on its own: a sandbox, and in sending one of its channel configurations."""

    sandbox: str
    name: str = ""


# --- organizations, sandboxes, people -------------------------------------------------------------------


class Organization(Value):
    """The customer; `id` is what callers send as `x-gw-ims-org-id`."""

    id: str
    name: str
    created_at: int


class Sandbox(Value):
    """A separate space of an organization with its own campaigns, webhook and data."""

    id: str
    org: str
    name: str
    type: SandboxType
    created_at: int


class Scope(StrEnum):
    """What an API credential may do."""

    EXECUTE = "execute"
    CONFIGURE = "configure"
    READ = "read"


class Role(StrEnum):
    """What a person may do in an organization; each role holds the ones before it."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    ADMINISTRATOR = "administrator"


class ActorKind(StrEnum):
    """What somebody who changes something is."""

    PERSON = "person"
    CREDENTIAL = "credential"
    COMMAND_LINE = "cli"
    PROVIDER = "provider"


class Actor(Value):
    """Who changes something, as it is written down. id: of the person, or the client id. name: an e-mail address.

    A provider, who tells what a person wants, is written down by the name of the channel configuration.
    """

    kind: ActorKind
    id: str
    name: str


COMMAND_LINE = Actor(kind=ActorKind.COMMAND_LINE, id="cli", name="cli")


class Credential(Value):
    """An API credential (OAuth 2 client). Secrets are kept as hashes only.

    number: of its secret, raised by each rotation. old_secret_hash: of the one before, good until old_until.
    last_used_at: an hour old at most.
    """

    client_id: str
    org: str
    name: str
    scopes: tuple[Scope, ...]
    secret_hash: str
    created_at: int
    number: int = 1
    old_secret_hash: str | None = None
    old_until: int | None = None
    last_used_at: int | None = None


class User(Value):
    """A person who signs in to the pages."""

    id: str
    email: str
    name: str
    password_hash: str | None
    created_at: int
    disabled: bool = False


# --- channel configurations and campaigns ---------------------------------------------------------------


class Sealed(Value):
    """A secret, encrypted and bound to its place (sealing.py). The plain text is never stored or shown."""

    sealed: str


class EmailSettings(Value):
    """Who an e-mail is from, and how long its sending is tried."""

    sender_name: str
    sender_email: str
    reply_to_email: str | None = None
    return_path_domain: str | None = None
    retry_period_minutes: float = 5040
    delivery_notices: str = "none"


class SmtpSettings(Value):
    """The relay. `security`: none, starttls or tls."""

    host: str
    port: int
    security: str = "none"
    username: str | None = None
    password: Sealed | None = None
    max_connections: int = 8


class EventsSettings(Value):
    """Which mail provider's events tell of what the relay took.

    provider: one of espevents.PROVIDERS. key: what its events are verified with, if it is no secret (a public key, the
    ARN of a topic). secret: the same if it is one.
    """

    provider: str
    key: str | None = None
    secret: Sealed | None = None


class SmsSettings(Value):
    """Who a text message is from, and within which limits.

    default_region: ISO 3166 code, for recipients' numbers without + (None: refused). max_parts: a longer text is not
    sent. per_second: messages a second (None: no limit); at_once: messages on their way at once. report_hours: how
    long a final report is waited for (0: not at all). repeat_uncertain: send again what may have been sent already.
    """

    sender_number: str
    retry_period_minutes: float = 5040
    default_region: str | None = None
    max_parts: int = 10
    per_second: float | None = None
    at_once: int = 8
    report_hours: float = 72
    repeat_uncertain: bool = False


class ProviderSettings(Value):
    """What an SMS provider's file asks for (its FIELDS): plain values by name, and secrets."""

    values: dict[str, Any] = msgspec.field(default_factory=dict)
    secrets: dict[str, Sealed] = msgspec.field(default_factory=dict)


class Health(Value):
    """How a relay or an endpoint has done lately. `open_until`: no try before that, but one probe at it."""

    failures: int = 0
    failing_since: int | None = None
    open_until: int | None = None
    trouble: str | None = None


class ChannelConfiguration(Value):
    """A named technical sender of a sandbox: which provider, which relay, from whom."""

    sandbox: str
    id: str
    name: str
    channel: ChannelKind
    provider: str
    message_type: str = "transactional"
    email: EmailSettings | None = None
    smtp: SmtpSettings | None = None
    sms: SmsSettings | None = None
    events: EventsSettings | None = None
    provider_settings: ProviderSettings | None = None
    version: int = 1
    created_at: int = 0
    modified_at: int = 0
    health: Health = Health()


class EmailContent(Value):
    """Templates of an e-mail. At least one of html and text is set."""

    subject: str
    html: str | None = None
    text: str | None = None


class SmsContent(Value):
    """Template of a text message."""

    text: str


class Rendered(Value):
    """What to send: subject, html and text of an e-mail; text alone of an SMS."""

    text: str | None = None
    html: str | None = None
    subject: str | None = None


class CampaignStatus(StrEnum):
    """AJO's campaign states, those that an API triggered campaign can have."""

    DRAFT = "DRAFT"
    LIVE = "LIVE"
    STOPPED = "STOPPED"


class Campaign(Value):
    """What to say and through which channel configuration; edited as a draft, run as a published version."""

    sandbox: str
    id: str
    name: str
    channel: ChannelKind
    configuration_id: str | None = None
    identity_namespace: str = "email"
    create_new_profile: bool = True
    enable_webhooks: bool = False
    high_throughput_mode: bool = False
    email: EmailContent | None = None
    sms: SmsContent | None = None
    start_at: int | None = None
    end_at: int | None = None
    description: str = ""
    status: CampaignStatus = CampaignStatus.DRAFT
    draft: bool = True
    live_version_id: str | None = None
    version: int = 1
    created_at: int = 0
    modified_at: int = 0


class CampaignVersion(Value):
    """A published campaign, never changed: what `campaignVersionID` names and what messages are pinned to.

    retry_period_minutes, default_region: of its channel configuration, as they were then.
    """

    sandbox: str
    id: str
    campaign_id: str
    message_id: str
    channel: ChannelKind
    configuration_id: str
    identity_namespace: str
    enable_webhooks: bool
    retry_period_minutes: float
    default_region: str | None = None
    create_new_profile: bool = True
    high_throughput_mode: bool = False
    email: EmailContent | None = None
    sms: SmsContent | None = None
    start_at: int | None = None
    end_at: int | None = None
    published_at: int = 0


class Profile(Value):
    """What is known of a person, by namespace (in lower case) and user id. doc: sealed JSON (profiles.py)."""

    sandbox: str
    namespace: str
    user_id: str
    doc: bytes
    created_at: int
    modified_at: int


# --- the feedback webhook -------------------------------------------------------------------------------


class JwtKey(Value):
    """What tokens are signed with: a secret (HS…) or a private key.

    public: the public half as a JWK (RFC 7517) without a `kid`, None for HS…. signs_from: tokens are signed with it
    from then on. until: no token of it is believed after that; None while nothing replaces it.
    """

    algorithm: str
    secret: Sealed
    key_id: str | None = None
    public: dict[str, Any] | None = None
    signs_from: int = 0
    until: int | None = None


class JwtAuthentication(Value):
    """JWT Authentication: claims signed with a key. The newest key stands here; fields as in JwtKey.

    per_request: a token for each request, with a `jti`. retiring: the keys that rotations replaced, the newest first.
    """

    algorithm: str
    secret: Sealed
    claims: dict[str, Any]
    key_id: str | None = None
    lifetime_seconds: int = 300
    header: str = "Authorization"
    prefix: str = "Bearer "
    per_request: bool = False
    public: dict[str, Any] | None = None
    signs_from: int = 0
    retiring: tuple[JwtKey, ...] = ()

    @property
    def keys(self) -> tuple[JwtKey, ...]:
        """Every key, the newest first."""
        newest = JwtKey(
            algorithm=self.algorithm,
            secret=self.secret,
            key_id=self.key_id,
            public=self.public,
            signs_from=self.signs_from,
        )
        return (newest, *self.retiring)


class RetiringSecret(Value):
    """A signing secret that a rotation replaced; requests are signed with it, too, until then."""

    secret: Sealed
    until: int


class Header(Value):
    """A custom header of the webhook. A secret value is sealed and never shown again."""

    name: str
    value: str | None = None
    sealed: Sealed | None = None


class Webhook(Value):
    """The feedback webhook: where a sandbox's feedback events go. One per sandbox, kept by the primary key."""

    sandbox: str
    id: str
    name: str
    channels: tuple[ChannelKind, ...]
    url: str
    authentication: JwtAuthentication | None = None
    headers: tuple[Header, ...] = ()
    format: str = "extended"
    events: tuple[FeedbackStatus, ...] = DEFAULT_EVENTS
    order_wait_seconds: int | None = 60
    signing_secret: Sealed | None = None
    retiring_secrets: tuple[RetiringSecret, ...] = ()
    signed: bool = True
    deadline_seconds: int = 10
    version: int = 1
    created_at: int = 0
    created_by: str = ""
    modified_at: int = 0
    modified_by: str = ""
    paused_at: int | None = None
    paused_by: str | None = None
    last_accepted_at: int | None = None
    health: Health = Health()


class ChannelBits(IntFlag):
    """Channels as bits, so that both stores can ask `channels & bit` in the transaction that owes."""

    NONE = 0
    EMAIL = 1
    SMS = 2

    @classmethod
    @cache  # asked for every event
    def of(cls, *channels: ChannelKind) -> ChannelBits:
        """The bits of these channels."""
        bits = cls.NONE
        for channel in channels:
            bits |= cls[channel.name]
        return bits


@cache  # asked for every event
def status_bits(*statuses: FeedbackStatus) -> int:
    """Statuses as bits (see ChannelBits)."""
    order = list(FeedbackStatus)
    return sum(1 << order.index(status) for status in set(statuses))


# --- what happened --------------------------------------------------------------------------------------


class Execution(Value):
    """One accepted request to run a campaign for some recipients."""

    sandbox: str
    id: str
    request_id: str
    campaign_id: str
    campaign_version_id: str
    created_at: int
    created_by: str


class Message(Value):
    """A campaign for one recipient on one channel; the row is its own queue entry.

    content: the sealed profile and context, None once removed. attempts: tries that count. fence: the
    lease's token. taken: claims since the last settling; tried: those of them that are to try it. revision: raised
    by each hand-over with events. events: how many were told. delayed: a `delay` was told.
    """

    sandbox: str
    id: str
    execution_id: str
    request_id: str
    campaign_id: str
    version_id: str
    configuration_id: str
    channel: ChannelKind
    namespace: str
    user_id: str
    address: str
    created_at: int
    expires_at: int
    content: bytes | None = None
    status: RecipientStatus = RecipientStatus.QUEUED
    due_at: int | None = None
    attempts: int = 0
    fence: int = 0
    taken: int = 0
    revision: int = 0
    events: int = 0
    delayed: bool = False
    final_event_id: str | None = None
    tried: int = 0

    @property
    def lane(self) -> Lane:
        """Its queue in the sending room."""
        return Lane(self.sandbox, self.configuration_id)


class Event(Value):
    """A feedback event: a fact about a message, recorded once and never changed. `body`: the frozen bytes."""

    sandbox: str
    id: str
    message_id: str
    sequence: int
    fact: str
    status: FeedbackStatus
    channel: ChannelKind
    at: int
    body: bytes


class Delivery(Value):
    """One feedback event owed to the sandbox's webhook. `replay` is empty but for replays."""

    sandbox: str
    id: str
    event_id: str
    message_id: str
    sequence: int
    replay: str
    webhook_id: str | None
    format: str
    attempts: int
    fence: int
    taken: int
    due_at: int
    first_attempt_at: int | None
    body: bytes


class Timings(Value):
    """Phases of one HTTP try, microseconds each from its start; None where it did not get that far."""

    name: int | None = None
    connect: int | None = None
    tls: int | None = None
    first_byte: int | None = None
    total: int = 0


class Attempt(Value):
    """One HTTP try of a delivery; never changed. `trouble`: a word of outbound.Trouble, None if answered."""

    sandbox: str
    id: str
    delivery_id: str
    number: int
    at: int
    url: str
    status_code: int | None
    trouble: str | None
    detail: str
    address: str | None
    request_headers: tuple[tuple[str, str], ...]
    response_headers: tuple[tuple[str, str], ...]
    response_body: str
    timings: Timings
    accepted: bool
    counted: bool = True
