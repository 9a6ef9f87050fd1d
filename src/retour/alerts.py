"""Alerts: a webhook or a relay that has been failing for a while is told to the organization's administrators.

Once for each step of a spell of failing, and once when it works again. A webhook that its endpoint paused (410) is told
once, at once: nothing more is posted until somebody resumes it. A row remembers what was told, so that a restart tells
nothing twice. By e-mail when the operator gave a relay for that; in the log and on the pages in any case.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import structlog

from retour import ids, limits
from retour.channels import Channel, Outgoing, Receipt
from retour.model import (
    ChannelConfiguration,
    ChannelKind,
    EmailSettings,
    Health,
    Rendered,
    Role,
    Sandbox,
    SmtpSettings,
    Value,
    Webhook,
)
from retour.sealed import PASSWORD
from retour.stores import Store
from retour.stores.handovers import Changed, Step, Written
from retour.stores.shelves import Shelves
from retour.times import duration, moment

BATCH = 1_000
ENDPOINT = "endpoint"  # who paused a webhook whose endpoint answered 410 (statement webhook_gone)
GONE = 1  # in the place of a step: it is paused since then, and no step follows
OURS = "alerts"  # in the place of a sandbox and a channel configuration
SENDER = "Retour"
log = structlog.get_logger()


class Kind(StrEnum):
    """What can fail."""

    WEBHOOK = "webhook"
    CONFIGURATION = "configuration"


class Outcome(StrEnum):
    """What came of telling: it is done; nobody took it yet; our relay can't be used now."""

    TOLD = "told"
    LATER = "later"
    RELAY_FAILS = "relay fails"


class Told(Value):
    """What was told of a spell: its step (microseconds; GONE; 0: nothing yet), and when."""

    failing_since: int
    step: int
    at: int


class Alert(Value):
    """Something to tell. step: of a spell that goes on; GONE: it is paused by its endpoint; 0: it is over.

    lasted: microseconds.
    """

    since: int
    step: int
    lasted: int


class Subject(Value):
    """What is watched. works: it is known to have worked after it was told that it fails.

    paused: by whomever. gone_at: when its endpoint paused it.
    """

    kind: Kind
    sandbox: Sandbox
    id: str
    name: str
    health: Health
    works: bool
    paused: bool = False
    gone_at: int | None = None


class Post:
    """Sends alerts by the operator's relay, as messages are sent by a customer's: same vetting, same dialogue."""

    def __init__(self, channel: Channel, relay: SmtpSettings, password: str | None, sender: str) -> None:
        self._channel = channel
        self._secrets = {} if password is None else {PASSWORD: password}
        self._configuration = ChannelConfiguration(
            sandbox=OURS,
            id=OURS,
            name=OURS,
            channel=ChannelKind.EMAIL,
            provider="smtp",
            email=EmailSettings(sender_name=SENDER, sender_email=sender),
            smtp=relay,
        )

    async def send(self, to: str, subject: str, text: str) -> Receipt:
        """One e-mail, tried once."""
        outgoing = Outgoing(
            org="",
            sandbox=OURS,
            mark=ids.new_id(),
            channel=ChannelKind.EMAIL,
            address=to,
            attempt=1,
            step=0,
            configuration=self._configuration,
            content=Rendered(subject=subject, text=text),
            secrets=self._secrets,
        )
        return await self._channel.send(outgoing, ids.now())

    async def close(self) -> None:
        """Let the connection go."""
        await self._channel.close()


class Alerts:
    """Looks at what fails, and tells."""

    def __init__(self, store: Store, shelves: Shelves, post: Post | None, base_url: str) -> None:
        self._store = store
        self._shelves = shelves
        self._post = post
        self._base_url = base_url

    async def run(self, now: int) -> None:
        """One look at all that fails, or was told to."""
        found = {key async for key in self._found(now)}
        for sandbox_id, kind, subject_id in sorted(found):
            if await self._look(sandbox_id, Kind(kind), subject_id, now) is Outcome.RELAY_FAILS:
                return  # the others would only wait for the same

    async def close(self) -> None:
        """Let connections go."""
        if self._post is not None:
            await self._post.close()

    async def _found(self, now: int) -> AsyncIterator[tuple[str, str, str]]:
        """Sandbox, kind and id. Of webhooks all that fail, as one that is paused by its endpoint is told at once."""
        before, after = now - limits.ALERT_STEPS[0], ""
        while rows := await self._store.read("webhooks_failing", before=now, after=after, limit=BATCH):
            after = rows[-1][0]
            for row in rows:
                yield row[0], Kind.WEBHOOK.value, row[1]
        place = ("", "")
        while rows := await self._store.read(
            "configurations_failing", before=before, after_sandbox=place[0], after=place[1], limit=BATCH
        ):
            place = (rows[-1][0], rows[-1][1])
            for row in rows:
                yield row[0], Kind.CONFIGURATION.value, row[1]
        last = ("", "", "")
        while rows := await self._store.read("alerts_all", **_after(last), limit=BATCH):
            last = (rows[-1][0], rows[-1][1], rows[-1][2])
            for row in rows:
                yield row[0], row[1], row[2]

    async def _look(self, sandbox_id: str, kind: Kind, subject_id: str, now: int) -> Outcome:
        """One webhook or channel configuration: decide, hold, tell, note."""
        place = {"sandbox": sandbox_id, "kind": kind.value, "id": subject_id}
        rows = await self._store.read("alert_get", **place)
        told = Told(failing_since=rows[0][0], step=rows[0][1], at=rows[0][2]) if rows else None
        subject = await self._subject(sandbox_id, kind, subject_id, told)
        if subject is None or _is_over(subject, told):
            await self._change("alert_end", place)
            return Outcome.TOLD
        due = _due(subject, told, now)
        held = {"failing_since": due[-1].since, "now": now, "until": now + limits.ALERT_HOLD} if due else {}
        if not due or not await self._change("alert_hold", place | held):
            return Outcome.TOLD
        for alert in due:
            outcome = await self._tell(subject, alert)
            if outcome is not Outcome.TOLD:
                return outcome
        await self._note(place, due[-1], now)
        return Outcome.TOLD

    async def _subject(
        self, sandbox_id: str, kind: Kind, subject_id: str, told: Told | None
    ) -> Subject | None:
        """As it is now; None when it is gone."""
        sandbox = await self._shelves.sandbox_by_id(sandbox_id)
        if kind is Kind.WEBHOOK:
            webhook = await self._shelves.webhook(sandbox_id)
            return _of_webhook(webhook, sandbox, told) if webhook and webhook.id == subject_id else None
        configuration = await self._shelves.fresh_configuration(sandbox_id, subject_id)
        return _of_configuration(configuration, sandbox, told) if configuration else None

    async def _note(self, place: dict[str, Any], alert: Alert, now: int) -> None:
        if not alert.step:
            await self._change("alert_end", place)
            return
        told = {"failing_since": alert.since, "told": alert.step, "now": now}
        await self._change("alert_told", place | told)

    async def _tell(self, subject: Subject, alert: Alert) -> Outcome:
        """To the log, and to every administrator. What none of them got is tried again."""
        log.warning(
            _event(alert),
            what=subject.kind,
            sandbox=subject.sandbox.id,
            id=subject.id,
            since=ids.iso(alert.since),
        )
        if self._post is None:
            return Outcome.TOLD
        title, text = letter(subject, alert, self._base_url)
        outcome = Outcome.TOLD
        for place, to in enumerate(await self._administrators(subject)):
            receipt = await self._post.send(to, title, text)
            if receipt.facts:
                outcome = Outcome.TOLD
                continue
            log.warning("alert_unsent", id=subject.id, trouble=receipt.trouble or "deferred")
            if receipt.trouble is not None:
                return Outcome.RELAY_FAILS if place == 0 else outcome
            outcome = Outcome.LATER if place == 0 else outcome
        return outcome

    async def _administrators(self, subject: Subject) -> list[str]:
        members = await self._shelves.members(subject.sandbox.org)
        return [one.email for one in members if one.role is Role.ADMINISTRATOR and not one.disabled]

    async def _change(self, statement: str, values: dict[str, Any]) -> bool:
        answer = await self._store.write(Changed(steps=(Step(statement=statement, values=values),)))
        return isinstance(answer, Written) and answer.changed == 1


def _after(place: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("after_sandbox", "after_kind", "after"), place, strict=True))


def _of_webhook(webhook: Webhook, sandbox: Sandbox, told: Told | None) -> Subject:
    accepted = webhook.last_accepted_at or 0
    return Subject(
        kind=Kind.WEBHOOK,
        sandbox=sandbox,
        id=webhook.id,
        name=webhook.name,
        health=webhook.health,
        works=told is not None and accepted > told.failing_since,
        paused=webhook.paused_at is not None,
        gone_at=webhook.paused_at if webhook.paused_by == ENDPOINT else None,
    )


def _of_configuration(configuration: ChannelConfiguration, sandbox: Sandbox, told: Told | None) -> Subject:
    """An edit begins anew: it says nothing about the relay, and who made it is looking."""
    return Subject(
        kind=Kind.CONFIGURATION,
        sandbox=sandbox,
        id=configuration.id,
        name=configuration.name,
        health=configuration.health,
        works=told is not None and configuration.modified_at <= told.at,
    )


# --- decisions ---


def _due(subject: Subject, told: Told | None, now: int) -> tuple[Alert, ...]:
    """Who paused a webhook by hand knows it, and is told nothing of it."""
    if subject.gone_at is not None:
        return gone_alerts(subject.gone_at, told, now)
    return () if subject.paused else due_alerts(subject.health, told, now, works=subject.works)


def _is_over(subject: Subject, told: Told | None) -> bool:
    """Whether nothing need be remembered of it. A webhook that its endpoint paused waits for somebody."""
    if subject.gone_at is not None:
        return False
    return is_settled(subject.health, told, works=subject.works, kind=subject.kind)


def gone_alerts(gone_at: int, told: Told | None, now: int) -> tuple[Alert, ...]:
    """That the endpoint paused the webhook at that moment, unless it was told."""
    if told is not None and (told.failing_since, told.step) == (gone_at, GONE):
        return ()
    return (Alert(since=gone_at, step=GONE, lasted=now - gone_at),)


def due_alerts(health: Health, told: Told | None, now: int, *, works: bool) -> tuple[Alert, ...]:
    """What is to be told now, in order: that a spell is over, that one has reached a step (the highest alone)."""
    alerts = []
    if works and told is not None and told.step and told.failing_since != health.failing_since:
        alerts.append(Alert(since=told.failing_since, step=0, lasted=now - told.failing_since))
    if health.failing_since is None:
        return tuple(alerts)
    lasted = now - health.failing_since
    before = told.step if told is not None and told.failing_since == health.failing_since else 0
    reached = max((step for step in limits.ALERT_STEPS if step <= lasted), default=0)
    if reached > before:
        alerts.append(Alert(since=health.failing_since, step=reached, lasted=lasted))
    return tuple(alerts)


def is_settled(health: Health, told: Told | None, *, works: bool, kind: Kind) -> bool:
    """Whether there is nothing to remember: it does not fail, and nobody was told, or somebody edited it."""
    if health.failing_since is not None:
        return False
    return told is None or not told.step or (kind is Kind.CONFIGURATION and not works)


# --- words ---

NAMES = {Kind.WEBHOOK: "feedback webhook", Kind.CONFIGURATION: "channel configuration"}
PATHS = {Kind.WEBHOOK: "feedback-webhooks/{id}", Kind.CONFIGURATION: "channel-configurations/{id}/edit"}
MEANWHILE = {
    Kind.WEBHOOK: "Events are kept, and posted when it works again.",
    Kind.CONFIGURATION: "Messages wait, each until its retry period ends, and are sent when it works again.",
}


EVENTS = {0: "works_again", GONE: "paused_by_endpoint"}
TO_DO = (
    "Nothing more is posted to it; events are kept, and wait. Make the endpoint answer again, or enter another webhook "
    "URL if it has moved. Then resume the webhook on its page: what waited is posted first."
)


def _event(alert: Alert) -> str:
    """Its name in the log."""
    return EVENTS.get(alert.step, "failing")


def letter(subject: Subject, alert: Alert, base_url: str) -> tuple[str, str]:
    """Subject and text of the e-mail."""
    where = f"{subject.sandbox.org} / {subject.sandbox.name}"
    what = f"{NAMES[subject.kind]} “{subject.name}” of {where}"
    lasted = duration(alert.lasted)
    path = PATHS[subject.kind].format(id=subject.id)
    link = f"{base_url}/admin/{quote(subject.sandbox.org, safe='@')}/{quote(subject.sandbox.name)}/{path}"
    if not alert.step:
        return f"Works again: {what}", f"The {what} works again, after {lasted}.\n\n{link}\n"
    if alert.step == GONE:
        told = f"The {what} is paused since {moment(alert.since)}: its endpoint answered 410 Gone."
        return f"Paused: {what}", f"{told}\n\n{TO_DO}\n\n{link}\n"
    health = subject.health
    probe = f"The next try is at {moment(health.open_until)}. " if health.open_until else ""
    told = f"The {what} has been failing for {lasted}, since {moment(alert.since)}."
    return (
        f"Failing for {duration(alert.step)}: {what}",
        f"{told}\n\n{health.trouble or 'No answer.'}\n\n{probe}{MEANWHILE[subject.kind]}\n\n{link}\n",
    )
