"""What needs a person now, in words, the most urgent first. Pure; the clock is passed in."""

from __future__ import annotations

from collections.abc import Sequence

from retour import limits, signing
from retour.model import Campaign, ChannelConfiguration, Value, Webhook
from retour.times import moment
from retour.web.admin import words

BAD, WARN, NOTE = "negative", "notice", ""


class Need(Value):
    """Something to do. look: of its box. path: below the sandbox. about: what the link's name says beyond its label."""

    title: str
    note: str
    look: str
    path: str
    label: str
    about: str = ""


class Seen(Value):
    """What is known of a sandbox. campaigns: the live ones that tell a webhook. parked: its deliveries wait.

    waiting: deliveries that are due. retrying, failed: counted no further than LIST_COUNT.
    """

    webhook: Webhook | None
    status: words.Status | None
    configurations: Sequence[ChannelConfiguration]
    campaigns: Sequence[Campaign]
    parked: bool
    waiting: int
    retrying: int
    failed: int


def needs(seen: Seen, now: int) -> list[Need]:
    """Nothing, when all is well."""
    return [
        *_of_webhook(seen, now),
        *_of_deliveries(seen),
        *_of_relays(seen.configurations, now),
        *_without_webhook(seen),
        *_without_channel(seen),
        *_of_overlap(seen.webhook),
    ]


def _of_webhook(seen: Seen, now: int) -> list[Need]:
    """Paused or failing: since when, and why."""
    webhook, state = seen.webhook, seen.status
    if webhook is None or state is None or state.word not in ("Paused", "Failing"):
        return []
    long = words.failing(webhook.health, now) if state.word == "Failing" else None
    told = f"{words.tries_failed(webhook.health)} {long.note}" if long else state.note
    return [_open(webhook.name, (long or state).word, told, state, f"/feedback-webhooks/{webhook.id}")]


def _open(name: str, word: str, note: str, state: words.Status, path: str) -> Need:
    look = BAD if state.look == "bad" else WARN
    return Need(
        title=f"{name}: {word[0].lower()}{word[1:]}", note=note, look=look, path=path, label=f"Open “{name}”"
    )


def _of_deliveries(seen: Seen) -> list[Need]:
    found = []
    if seen.failed:
        days = limits.FAILED_LOOK_BACK // limits.DAY
        note = f"Given up in the last {days} days. Fix your endpoint, then replay: the events are kept."
        found.append(_review(seen.failed, "failed", note, "exhausted", BAD))
    if seen.parked and seen.webhook is not None and seen.waiting:
        note = "They go out as soon as the webhook takes events again."
        found.append(_review(seen.waiting, "waiting", note, "parked", WARN))
    elif seen.retrying and not seen.parked:
        found.append(
            _review(seen.retrying, "retrying", "They are tried again by themselves.", "retrying", WARN)
        )
    return found


def _review(number: int, word: str, note: str, status: str, look: str) -> Need:
    many = f"more than {limits.LIST_COUNT:,}" if number > limits.LIST_COUNT else f"{number:,}"
    title = f"{many[0].upper()}{many[1:]} {'delivery' if number == 1 else 'deliveries'} {word}"
    about = f"{'the delivery' if number == 1 else 'the deliveries'} {word}"
    return Need(
        title=title, note=note, look=look, path=f"/deliveries?status={status}", label="Review", about=about
    )


def _of_relays(configurations: Sequence[ChannelConfiguration], now: int) -> list[Need]:
    found = []
    for one in configurations:
        state = words.configuration_status(one)
        if state.word == "Failing":
            long = words.failing(one.health, now)
            path = f"/channel-configurations?channel={one.channel}"
            found.append(_open(one.name, (long or state).word, (long or state).note, state, path))
    return found


def _without_webhook(seen: Seen) -> list[Need]:
    """Campaigns that tell a webhook, and there is none; what they had to tell waits."""
    if seen.webhook is not None or not (seen.campaigns or seen.waiting):
        return []
    events = "1 feedback event waits" if seen.waiting == 1 else f"{seen.waiting:,} feedback events wait"
    title = f"{events} for a webhook" if seen.waiting else "There is no webhook to tell"
    note = "Create one, and choose whether it gets what has waited." if seen.waiting else "Create one."
    live = words.listed([f"“{one.name}”" for one in seen.campaigns[: limits.LIST_LINES]])
    told = f"{live} {_is(seen.campaigns)} live with “Enable webhooks”. " if live else ""
    path, label = "/feedback-webhooks", "Feedback webhook settings"
    return [Need(title=title, note=f"{told}{note}", look=WARN, path=path, label=label)]


def _is(campaigns: Sequence[Campaign]) -> str:
    return "is" if len(campaigns) == 1 else "are"


def _without_channel(seen: Seen) -> list[Need]:
    """Campaigns of which the webhook hears nothing, because it does not receive their channel."""
    webhook = seen.webhook
    if webhook is None:
        return []
    deaf = [one for one in seen.campaigns if one.channel not in webhook.channels]
    if not deaf:
        return []
    kinds = words.listed(sorted({words.CHANNELS[one.channel] for one in deaf}))
    names = words.listed([f"“{one.name}”" for one in deaf[: limits.LIST_LINES]])
    of = "it" if len(deaf) == 1 else "them"
    note = f"{names} {_is(deaf)} live with “Enable webhooks”, and nothing of {of} is told."
    path = f"/feedback-webhooks/{webhook.id}"
    title = f"{webhook.name} does not receive {kinds} feedback"
    return [Need(title=title, note=note, look=WARN, path=path, label=f"Open “{webhook.name}”")]


def _of_overlap(webhook: Webhook | None) -> list[Need]:
    """After a rotation: until when the receiver may know only the old secret."""
    ends = signing.first_end(webhook) if webhook else None
    if webhook is None or ends is None:
        return []
    note = f"Your receiver has to know the new one by {moment(ends)}. Until then both are good."
    path = f"/feedback-webhooks/{webhook.id}"
    title = f"{webhook.name}: a secret was replaced"
    return [Need(title=title, note=note, look=NOTE, path=path, label=f"Open “{webhook.name}”")]
