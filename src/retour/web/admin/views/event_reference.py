"""What a feedback webhook gets: every field, a sample of each kind, the headers, receivers to start from."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from retour import ids
from retour.model import ChannelKind, FeedbackStatus, Webhook
from retour.web import openapi
from retour.web.admin import event_fields, event_samples, receivers, words
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/event-reference"
CHOICES: dict[str, tuple[str, ...]] = {
    "status": tuple(FeedbackStatus),
    "channel": tuple(ChannelKind),
    "format": tuple(words.FORMATS),
    "receiver": tuple(receiver.word for receiver in receivers.RECEIVERS),
}
FIRST = {"status": "bounce", "channel": "email", "format": "extended", "receiver": "flask"}


async def show(visit: SandboxVisit) -> Response:
    """The page; `?status=&channel=&format=&receiver=` choose what it shows."""
    chosen = {name: _chosen(visit, name) for name in CHOICES}
    status = FeedbackStatus(chosen["status"])
    if status in event_samples.EMAIL_ONLY:
        chosen["channel"] = ChannelKind.EMAIL
    channel = ChannelKind(chosen["channel"])
    sample = event_samples.sample(visit.sandbox, status, channel, chosen["format"], ids.now())
    receiver = next(one for one in receivers.RECEIVERS if one.word == chosen["receiver"])
    webhook = await visit.retour.webhooks.find(visit.sandbox)
    values: dict[str, Any] = {"chosen": chosen, "fields": event_fields.fields(), "sample": sample}
    values |= {"statuses": event_samples.STATUSES, "receivers": receivers.RECEIVERS, "receiver": receiver}
    values |= {"status_words": [(word, word) for word in CHOICES["status"]]}
    values |= {"source": receivers.text, "headers": _headers(webhook), "webhook": webhook}
    return visit.render("reference/events.html", **values)


def _chosen(visit: SandboxVisit, name: str) -> str:
    asked = visit.request.query_params.get(name, "")
    return asked if asked in CHOICES[name] else FIRST[name]


def _headers(webhook: Webhook | None) -> list[tuple[str, str]]:
    """Those that this sandbox's webhook gets; without one, those that it may get."""
    rows = [("content-type", "application/json"), ("user-agent", "retour/ and the version.")]
    custom = [item.name for item in webhook.headers] if webhook else []
    rows += [(name, "A header parameter of yours.") for name in custom]
    if webhook is None or webhook.authentication:
        rows.append(_token(webhook))
    if webhook is None or webhook.signed:
        rows += [(name, sentence) for name, sentence, _ in openapi.EVENT_HEADERS]
    return rows


def _token(webhook: Webhook | None) -> tuple[str, str]:
    jwt = webhook.authentication if webhook else None
    header, prefix = (jwt.header, jwt.prefix) if jwt else ("Authorization", "Bearer ")
    return (
        header,
        f"{prefix}and a JWT, signed with the key of JWT Authentication, with iat and exp and your claims.",
    )


PAGES = (Page[SandboxVisit](path=PATH, get=show),)
