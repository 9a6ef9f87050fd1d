"""What the pages say: labels of states, times, sizes of time. Pure; the clock is passed in."""

from __future__ import annotations

from collections.abc import Sequence

from retour import limits
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
    Value,
    Webhook,
)
from retour.stores.shelves import DeliveryRow, Removed
from retour.times import duration, moment

CHANNELS = {ChannelKind.EMAIL: "Email", ChannelKind.SMS: "SMS"}
SANDBOX_TYPES = {SandboxType.PRODUCTION: "Production", SandboxType.DEVELOPMENT: "Development"}
ROLES = {Role.VIEWER: "Viewer", Role.DEVELOPER: "Developer", Role.ADMINISTRATOR: "Administrator"}
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
PROVIDERS = {"smtp": "SMTP relay", "simulated": "Simulated (sends nothing)"}
GONE = "endpoint"
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
}
RECIPIENT_LOOKS = {
    RecipientStatus.DELIVERED: "ok",
    RecipientStatus.DELAYED: "warn",
    RecipientStatus.BOUNCED: "bad",
    RecipientStatus.ERROR: "bad",
}

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
    "account-saved": "Account saved.",
}


class Status(Value):
    """A state in words, and how it looks."""

    word: str
    look: str
    note: str = ""


def status(word: str, note: str = "") -> Status:
    """The state with this word."""
    return Status(word=word, look=LOOKS.get(word, ""), note=note)


def webhook_status(webhook: Webhook) -> Status:
    """Paused, Failing, Not used yet or Active, with what to know about it."""
    if webhook.paused_at is not None:
        return status("Paused", _paused(webhook))
    if webhook.health.failures:
        return status("Failing", _failing(webhook))
    if webhook.last_accepted_at is None:
        return status("Not used yet")
    return status("Active", f"Last accepted {moment(webhook.last_accepted_at)}.")


def _paused(webhook: Webhook) -> str:
    at = moment(webhook.paused_at or 0)
    if webhook.paused_by == GONE:
        return f"Your endpoint answered 410 Gone at {at}, so nothing more is sent to it. Events wait."
    return f"Paused by {webhook.paused_by} at {at}. Events wait."


def _failing(webhook: Webhook) -> str:
    count = webhook.health.failures
    since = f" since {moment(webhook.health.failing_since)}" if webhook.health.failing_since else ""
    tries = "1 try has" if count == 1 else f"{count:,} tries have"
    return f"{tries} failed{since}, the last with {trouble(webhook.health.trouble)}. Events are kept and tried again."


def trouble(word: str | None) -> str:
    """`http_503` and the words of attempts, to be read in a sentence."""
    if word is None:
        return "no answer"
    return f"HTTP {word.removeprefix('http_')}" if word.startswith("http_") else word.replace("_", " ")


def configuration_status(configuration: ChannelConfiguration) -> Status:
    """Active or Failing."""
    health = configuration.health
    if not health.failures:
        return status("Active")
    return status("Failing", f"The last try failed: {trouble(health.trouble)}.")


def failing(health: Health, now: int) -> Status | None:
    """What has been failing for long enough to be told: for how long; what the trouble is, and the next try."""
    since = health.failing_since
    if since is None or now - since < limits.ALERT_STEPS[0]:
        return None
    waits = health.open_until is not None and health.open_until > now
    following = (
        f"Next try at {moment(health.open_until or 0)}." if waits else "It is about to be tried again."
    )
    told = (health.trouble or "No answer").rstrip(".")
    return Status(word=f"Failing for {duration(now - since)}", look="bad", note=f"{told}. {following}")


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
