"""What the pages say: labels of states, times, sizes of time. Pure; the clock is passed in."""

from __future__ import annotations

from collections.abc import Sequence

from retour import limits
from retour.audit import Noun
from retour.mailreports import Action, Kind
from retour.model import (
    Attempt,
    CampaignStatus,
    ChannelConfiguration,
    ChannelKind,
    DeliveryStatus,
    Health,
    RecipientStatus,
    Role,
    SandboxType,
    Scope,
    Value,
    Webhook,
)
from retour.smsproviders import SETTINGS
from retour.stores.shelves import DeliveryRow, Member, Removed
from retour.times import duration, moment
from retour.web.admin.amounts import Success, percent

CHANNELS = {ChannelKind.EMAIL: "Email", ChannelKind.SMS: "SMS"}
SANDBOX_TYPES = {SandboxType.PRODUCTION: "Production", SandboxType.DEVELOPMENT: "Development"}
ROLES = {Role.VIEWER: "Viewer", Role.DEVELOPER: "Developer", Role.ADMINISTRATOR: "Administrator"}
SCOPES = {
    Scope.EXECUTE: "runs campaigns, replays deliveries",
    Scope.CONFIGURE: "changes campaigns, webhooks, channel configurations and profiles, erases people",
    Scope.READ: "reads",
}
NOUNS = {
    Noun.WEBHOOK: "Feedback webhook",
    Noun.CAMPAIGN: "Campaign",
    Noun.CONFIGURATION: "Channel configuration",
    Noun.DELIVERY: "Delivery",
    Noun.CREDENTIAL: "API credential",
    Noun.USER: "User",
    Noun.SANDBOX: "Sandbox",
    Noun.ORGANIZATION: "Organization",
    Noun.PERSON: "Person of a namespace",
    Noun.SUPPRESSION: "Suppression",
}
CAMPAIGNS = {CampaignStatus.DRAFT: "Draft", CampaignStatus.LIVE: "Live", CampaignStatus.STOPPED: "Stopped"}
DELIVERIES = {
    DeliveryStatus.PENDING: "Pending",
    DeliveryStatus.RETRYING: "Retrying",
    DeliveryStatus.PARKED: "Paused",
    DeliveryStatus.ACCEPTED: "Succeeded",
    DeliveryStatus.EXHAUSTED: "Failed",
    DeliveryStatus.CANCELLED: "Cancelled",
}
FORMATS = {"extended": "Extended", "ajo": "Exact Adobe payload"}
PROVIDERS = {
    "smtp": "SMTP relay",
    "simulated": "Simulated (sends nothing)",
    **{word: provider.NAME for word, provider in SETTINGS.items()},
}
PROVIDER_NOTES = {
    "custom": "Any provider or gateway with an HTTP API, described by its payload and its statuses.",
    "infobip": "Infobip’s SMS API: by the account’s address and an API key.",
    "sinch": "Sinch’s SMS API: by a service plan and its token, or by a project and an access key.",
    "smpp": "An SMSC, by a connection that stays open.",
    "simulated": "The recipient’s number decides the outcome. Not for live campaigns of production sandboxes.",
}
MAILS = {
    Kind.DSN: "delivery notice",
    Kind.BOUNCE: "bounce",
    Kind.COMPLAINT: "complaint",
    Kind.AUTO_REPLY: "automatic reply",
    Kind.OTHER: "other",
}
ACTIONS = {
    Action.FAILED: "Failed",
    Action.DELAYED: "Delayed",
    Action.DELIVERED: "Delivered",
    Action.RELAYED: "Handed to the recipient’s system",
    Action.EXPANDED: "Handed to the members of a list",
}
GONE = "endpoint"
UNTRIED = Success()
NOT_WANTED = "It is not sent any more: the webhook was deleted, or does not want this event."
CANCELLED = {
    "erased": "It is not sent any more: the person was erased.",
    "body_removed": "It is not sent any more: the body of the event was removed.",
}

# How a state looks: a disc, a ring, a square (ok, warn, bad) or grey. Always beside its word.
LOOKS = {
    "Active": "ok",
    "Live": "ok",
    "Succeeded": "ok",
    "Retrying": "warn",
    "Paused": "warn",
    "Failed": "bad",
    "Failing": "bad",
}
FEEDBACK_LOOKS = {
    "sent": "info",
    "delivered": "ok",
    "bounce": "warn",
    "delay": "warn",
    "error": "bad",
    "complaint": "bad",
}
RECIPIENT_LOOKS = {
    RecipientStatus.DELIVERED: "ok",
    RecipientStatus.DELAYED: "warn",
    RecipientStatus.BOUNCED: "bad",
    RecipientStatus.ERROR: "bad",
}

THEMES = (("light", "Light"), ("dark", "Dark"), ("system", "System"))
SHORTCUTS = (
    (("Ctrl", "K"), "Search everything"),
    (("/",), "Filter this list"),
    (("J", "K"), "Next or previous row"),
    (("R",), "Replay the open delivery"),
    (("Esc",), "Close a panel, menu or dialog"),
    (("?",), "Show this list"),
)

NOTICES = {
    "webhook-saved": "Webhook saved.",
    "webhook-rotated": "Changed. The one before stays good until the overlap ends.",
    "webhook-deleted": "Webhook deleted.",
    "webhook-paused": "Webhook paused. Events wait until you resume it.",
    "webhook-resumed": "Webhook resumed.",
    "campaign-saved": "Draft saved.",
    "campaign-live": "The campaign is live.",
    "campaign-stopped": "The campaign is stopped.",
    "campaign-copied": "This is the copy, as a draft.",
    "configuration-saved": "Channel configuration saved.",
    "replayed": "Replayed: the event goes out again with the same body and requestId.",
    "replayed-all": "Replayed: what failed goes out again. The new deliveries stand on top.",
    "replayed-none": "Nothing was replayed: nothing that failed is left to send.",
    "account-saved": "Account saved.",
    "signed-out-elsewhere": "Signed out everywhere but here.",
    "joined": "You belong to this organization now.",
    "user-changed": "Role changed.",
    "user-disabled": "Disabled. The person can't come in any more.",
    "user-enabled": "Enabled.",
    "user-removed": "Removed from the organization.",
    "invitation-withdrawn": "Invitation withdrawn. Its link does not work any more.",
    "sandbox-created": "Sandbox created.",
    "credential-revoked": "API credential revoked.",
    "entries-added": "Added. It holds for whatever is sent from now on.",
    "entry-deleted": "Deleted. It holds for whatever is sent from now on.",
    "suppression-rules": "Suppression rules saved.",
    "allowed-active": "The allowed list is active. Whoever is not on it gets nothing.",
    "allowed-inactive": "The allowed list is not active any more. Everybody gets e-mail who is not suppressed.",
    "upload-deleted": "The upload is forgotten. What it added stays.",
}


class Status(Value):
    """A state in words, and how it looks."""

    word: str
    look: str
    note: str = ""


def status(word: str, note: str = "") -> Status:
    """The state with this word."""
    return Status(word=word, look=LOOKS.get(word, ""), note=note)


def webhook_status(webhook: Webhook, hour: Success = UNTRIED) -> Status:
    """Paused, Failing, Not used yet or Active, with what to know about it. hour: how the last one went."""
    if webhook.paused_at is not None:
        return status("Paused", _paused(webhook))
    if is_failing(webhook.health, hour):
        return status("Failing", _failing(webhook, hour))
    if webhook.last_accepted_at is None:
        return status("Not used yet")
    return status("Active", f"Last accepted {moment(webhook.last_accepted_at)}.")


def is_failing(health: Health, hour: Success) -> bool:
    """Too few attempts of the last hour were taken, or the circuit is open; nothing tried since the last failure."""
    if hour.percent is None:
        return health.failures > 0
    return hour.percent < limits.SUCCESS_FAILING or health.failures >= limits.CIRCUIT_FAILURES


def _paused(webhook: Webhook) -> str:
    at = moment(webhook.paused_at or 0)
    if webhook.paused_by == GONE:
        return f"Your endpoint answered 410 Gone at {at}, so nothing more is sent to it. Events wait."
    return f"Paused by {webhook.paused_by} at {at}. Events wait."


def _failing(webhook: Webhook, hour: Success) -> str:
    told = []
    if webhook.health.failures:
        told = [tries_failed(webhook.health), _sentence(webhook.health.trouble)]
    if hour.percent:
        told.append(f"Your endpoint took {percent(hour.percent)} of the attempts of the last hour.")
    return " ".join([*told, "Events are kept and tried again."])


def tries_failed(health: Health) -> str:
    """How many, and since when."""
    since = f" since {moment(health.failing_since)}" if health.failing_since else ""
    return f"{'1 try has' if health.failures == 1 else f'{health.failures:,} tries have'} failed{since}."


def _sentence(told: str | None) -> str:
    """What health tells of its trouble: a sentence already, or a word."""
    return f"{(told or 'No answer').rstrip('.')}."


def trouble(word: str | None) -> str:
    """`http_503` and the words of attempts, to be read in a sentence."""
    if word is None:
        return "no answer"
    return f"HTTP {word.removeprefix('http_')}" if word.startswith("http_") else word.replace("_", " ")


def member_status(member: Member) -> Status:
    """Active, Disabled, or disabled by the operator."""
    if member.closed:
        return status("Disabled by the operator")
    return status("Disabled" if member.shut_out else "Active")


def configuration_status(configuration: ChannelConfiguration) -> Status:
    """Active or Failing."""
    health = configuration.health
    if not health.failures:
        return status("Active")
    return status("Failing", f"The last try failed. {_sentence(health.trouble)}")


def failing(health: Health, now: int) -> Status | None:
    """What has been failing for long enough to be told: for how long; what the trouble is, and the next try."""
    since = health.failing_since
    if since is None or now - since < limits.ALERT_STEPS[0]:
        return None
    waits = health.open_until is not None and health.open_until > now
    following = (
        f"Next try at {moment(health.open_until or 0)}." if waits else "It is about to be tried again."
    )
    note = f"{_sentence(health.trouble)} {following}"
    return Status(word=f"Failing for {duration(now - since)}", look="bad", note=note)


def removed(why: Removed, days: int) -> str:
    """Why the body of an event is not there."""
    if why is Removed.WITH_PERSON:
        return "The person was erased, and this body with them."
    return f"Kept for {days} days. This body was removed."


def somebody(user_id: str) -> str:
    """Whom a message is for."""
    return user_id or "somebody who was erased"


def delivery_status(value: DeliveryStatus) -> Status:
    """Pending, Retrying, Paused, Succeeded, Failed or Cancelled."""
    return status(DELIVERIES[value])


def next_step(row: DeliveryRow, state: DeliveryStatus, now: int) -> str:
    """What happens next with a delivery, or what it ended with."""
    tries = "1 attempt" if row.attempts == 1 else f"{row.attempts} attempts"
    if row.leased:
        return "An attempt is under way."
    if state in (DeliveryStatus.PENDING, DeliveryStatus.RETRYING):
        wait = row.due_at - now
        return f"Next attempt in {duration(wait)}." if wait > 0 else "The next attempt is about to start."
    return {
        DeliveryStatus.PARKED: "It waits until the feedback webhook takes events again.",
        DeliveryStatus.ACCEPTED: f"Your endpoint accepted it after {tries}.",
        DeliveryStatus.EXHAUSTED: f"Gave up after {tries}. Fix the endpoint, then replay. The event is kept.",
        DeliveryStatus.CANCELLED: CANCELLED.get(row.last_trouble or "", NOT_WANTED),
    }[state]


def test_sentence(attempt: Attempt) -> str:
    """How a test event went."""
    if attempt.status_code is None:
        return f"The test event did not arrive. {attempt.detail}"
    spent = milliseconds(attempt.timings.total)
    if attempt.accepted:
        return f"Test event sent. Your endpoint answered {attempt.status_code} in {spent}."
    told = f"Your endpoint answered {attempt.status_code} in {spent}. Only 200 to 299 count as received."
    return f"{told} {attempt.detail}".strip()


def outcome(attempt: Attempt) -> str:
    """An attempt in a word: the status code, else what went wrong."""
    return str(attempt.status_code) if attempt.status_code is not None else trouble(attempt.trouble)


def phases(attempt: Attempt) -> list[tuple[str, str]]:
    """How long each phase of an attempt took, from its start."""
    timings = attempt.timings
    steps = [
        ("Name found", timings.name),
        ("Connected", timings.connect),
        ("TLS agreed", timings.tls),
        ("First byte", timings.first_byte),
        ("Ended", timings.total),
    ]
    return [(word, milliseconds(spent)) for word, spent in steps if spent is not None]


# --- times ----------------------------------------------------------------------------------------------


def milliseconds(micros: int) -> str:
    """`84 ms`, `1.2 s`."""
    if micros < limits.SECOND:
        return f"{micros / 1000:.0f} ms" if micros >= 1000 else "under 1 ms"
    return f"{micros / limits.SECOND:.1f} s"


def seconds_word(seconds: int) -> str:
    """`5 minutes`, `90 seconds`, `1 hour`, for a list of choices."""
    for word, size in (("hour", 3_600), ("minute", 60)):
        if seconds and seconds % size == 0:
            return _count(seconds // size, word)
    return _count(seconds, "second")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number:,} {word}s"


def listed(words: Sequence[str]) -> str:
    """`Email and SMS`."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
