"""Room 4: due deliveries are posted to the sandbox's feedback webhook; each try leaves an attempt.

The body was frozen when the event was recorded. Address, credentials and headers are those that the webhook has at
the time of the try.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from retour import ids, limits, payloads, retries, signing
from retour.bells import Bell
from retour.due import Slots, insist
from retour.kept import Kept
from retour.model import (
    Attempt,
    Delivery,
    DeliveryState,
    Header,
    JwtAuthentication,
    JwtKey,
    Lane,
    Sandbox,
    Value,
    Webhook,
)
from retour.outbound import Answer, Ask, Outbound
from retour.outbound.addresses import Allowed
from retour.outbound.reach import Reach
from retour.proofs import Proofs, open_proofs, open_secret
from retour.sealing import Keys
from retour.stores import DeliveryClaim, RoomName, Store, handovers
from retour.stores.handovers import Attempted, GivenUp, Stale, Written
from retour.stores.shelves import Shelves

HIDDEN = "(hidden)"
CONTENT_TYPE = ("content-type", "application/json")
log = structlog.get_logger()


class Outcome(Value):
    """What a try leads to.

    attempts: the tries that count so far. not_before: the endpoint asked not to be tried before that.
    """

    state: DeliveryState
    due_at: int
    attempts: int
    counted: bool
    gone: bool = False
    not_before: int = 0


class Ready(Value):
    """What the requests of one version of a webhook share, with its secrets open. Kept in memory only.

    sent, logged: the headers that are always the same, as sent and as kept in an attempt's log. jwts: for each key
    of `proofs`, what names it and what it signs.
    """

    version: tuple[str, int]
    webhook: Webhook
    org: str
    also: tuple[Allowed, ...]
    sent: tuple[tuple[str, str], ...]
    logged: tuple[tuple[str, str], ...]
    proofs: Proofs
    jwts: tuple[tuple[str, JwtAuthentication], ...]


class Request(Value):
    """What one try posts, and its headers as the attempt's log keeps them (secrets hidden)."""

    ask: Ask
    logged: tuple[tuple[str, str], ...]


class Dispatch:
    """Takes due deliveries sandbox by sandbox."""

    def __init__(
        self, store: Store, shelves: Shelves, bell: Bell, keys: Keys, outbound: Outbound, reach: Reach
    ) -> None:
        self._store = store
        self._shelves = shelves
        self._bell = bell
        self._keys = keys
        self._outbound = outbound
        self._reach = reach
        self._tokens = signing.Tokens()
        self._ready: Kept[Ready] = Kept()
        self.slots = Slots(RoomName.DISPATCH, partial(bell.ring, RoomName.DISPATCH))

    async def run_due(self, lane: Lane, now: int) -> None:
        """Take as many due deliveries as there are free slots, and try each."""
        taken = self.slots.take(lane, limits.DISPATCH_SLOTS)
        if not taken:
            return
        claim = DeliveryClaim()
        try:
            claim = await self._store.claim_deliveries(lane.sandbox, now, taken)
        finally:
            rows = [self.deliver(delivery, claim) for delivery in claim.deliveries]
            self.slots.fill(lane, taken, rows, more=claim.probe or len(rows) == taken)

    async def deliver(self, delivery: Delivery, claim: DeliveryClaim) -> None:
        """One try: request, post, note, decide, hand over, ring."""
        if delivery.taken > limits.TAKEN_TOO_OFTEN:
            return await self._end(delivery, DeliveryState.EXHAUSTED, "taken_too_often")
        ready = self._ready.get(delivery.sandbox)
        if ready is None or ready.version != (claim.webhook_id, claim.version):
            ready = await self._look_up(delivery.sandbox, claim)
        if ready is None or delivery.webhook_id not in (None, ready.webhook.id):
            return await self._end(delivery, DeliveryState.CANCELLED, "webhook_deleted")
        if not delivery.body:
            return await self._end(delivery, DeliveryState.CANCELLED, "body_removed")
        started = ids.now()
        request = self._request(ready, delivery.event_id, _body(delivery), started)
        answer = await self._outbound.ask(request.ask)
        now = ids.now()
        outcome = settle(delivery, answer, claim, now, random.random)
        attempt = _note(
            delivery.sandbox, delivery.id, delivery.attempts, request, answer, started, outcome.counted
        )
        return await self._hand_over(delivery, claim, outcome, attempt, now)

    async def test(self, webhook: Webhook) -> Attempt:
        """Post a sample event now, once, outside of any order; the attempt is the answer."""
        sandbox = await self._shelves.sandbox_by_id(webhook.sandbox)
        event_id, now = ids.new_id(), ids.now()
        body = payloads.sample(sandbox.org, sandbox.id, sandbox.name, webhook.channels[0], event_id, now)
        body = payloads.exact(body) if webhook.format == "ajo" else body
        request = self._request(self._prepare(webhook, sandbox, now), event_id, body, now)
        answer = await self._outbound.ask(request.ask)
        return _note(webhook.sandbox, "test", 1, request, answer, now, counted=False)

    async def body_of(self, sandbox: str, message_id: str, sequence: int, format_: str) -> bytes:
        """The bytes that a delivery of this event posts; none once they are removed."""
        frozen = await self._shelves.body(sandbox, message_id, sequence)
        return payloads.exact(frozen) if frozen and format_ == "ajo" else frozen

    def _request(self, ready: Ready, event_id: str, body: bytes, now: int) -> Request:
        """Headers: ours, the custom ones, the JWT, the signature."""
        webhook, sent = ready.webhook, ready.sent
        signature: tuple[tuple[str, str], ...] = ()
        if webhook.authentication is not None:
            sent = (*sent, (webhook.authentication.header, self._token(ready, now)))
        if webhook.signed and (secrets := ready.proofs.good_secrets(now)):
            signature = signing.webhook_headers(secrets, event_id, now // limits.SECOND, body)
        ask = Ask(
            url=webhook.url,
            headers=sent,
            own=signature,
            body=body,
            deadline_seconds=webhook.deadline_seconds,
            org=ready.org,
            sandbox=webhook.sandbox,
            also=ready.also,
        )
        return Request(ask=ask, logged=ready.logged + signature)

    def _token(self, ready: Ready, now: int) -> str:
        """The JWT of the moment: while its key is changed, the new one may begin to sign after a while only."""
        place = signing.signer(ready.proofs.keys, now)
        name, jwt = ready.jwts[place]
        return self._tokens.bearer(name, jwt, ready.proofs.key_secrets[place], now)

    async def _look_up(self, sandbox: str, claim: DeliveryClaim) -> Ready | None:
        """The webhook as it is now; None if it is gone."""
        webhook = await self._shelves.webhook(sandbox, (claim.webhook_id, claim.version))
        if webhook is None:
            return None
        return self._prepare(webhook, await self._shelves.sandbox_by_id(sandbox), ids.now())

    def _prepare(self, webhook: Webhook, sandbox: Sandbox, now: int) -> Ready:
        """Open what is sealed, once per version of the webhook."""
        kept = self._ready.get(webhook.sandbox)
        if kept is not None and kept.version == (webhook.id, webhook.version):
            return kept
        sent = [(header.name, self._value(webhook, header)) for header in webhook.headers]
        logged = [
            (header.name, HIDDEN if header.sealed else header.value or "") for header in webhook.headers
        ]
        if webhook.authentication is not None:
            logged.append((webhook.authentication.header, webhook.authentication.prefix + HIDDEN))
        proofs = open_proofs(self._keys, webhook, now)
        ready = Ready(
            version=(webhook.id, webhook.version),
            webhook=webhook,
            org=sandbox.org,
            also=self._reach.also(sandbox),
            sent=(CONTENT_TYPE, *sent),
            logged=(CONTENT_TYPE, *logged),
            proofs=proofs,
            jwts=tuple(_jwt(webhook, key) for key in proofs.keys),
        )
        return self._ready.keep(webhook.sandbox, ready)

    def _value(self, webhook: Webhook, header: Header) -> str:
        if header.sealed is None:
            return header.value or ""
        return open_secret(self._keys, webhook, header.sealed, f"headers.{header.name.lower()}")

    async def _hand_over(
        self, delivery: Delivery, claim: DeliveryClaim, outcome: Outcome, attempt: Attempt, now: int
    ) -> None:
        """One transaction: the delivery's new state, the attempt, how the endpoint did, whom it lets go on."""
        attempted = Attempted(
            sandbox=delivery.sandbox,
            delivery_id=delivery.id,
            message_id=delivery.message_id,
            sequence=delivery.sequence,
            replay=delivery.replay,
            webhook_id=claim.webhook_id,
            fence=delivery.fence,
            now=now,
            state=outcome.state,
            due_at=outcome.due_at,
            attempts=outcome.attempts,
            attempt=attempt,
            trouble=None if attempt.accepted else attempt.trouble or f"http_{attempt.status_code}",
            open_until=now if attempt.accepted else _open_until(claim, outcome, now),
            gone=outcome.gone,
        )
        answer = await insist(partial(self._store.write, attempted), delivery.due_at)
        self._ring_after(
            delivery, answer, outcome.due_at if outcome.state is DeliveryState.DUE else None, now
        )

    async def _end(self, delivery: Delivery, state: DeliveryState, trouble: str) -> None:
        """No try: it was taken too often without an outcome, or its webhook or its body is gone."""
        log.warning("delivery_given_up", delivery=delivery.id, taken=delivery.taken, trouble=trouble)
        now = ids.now()
        given_up = GivenUp(
            sandbox=delivery.sandbox,
            delivery_id=delivery.id,
            message_id=delivery.message_id,
            sequence=delivery.sequence,
            replay=delivery.replay,
            fence=delivery.fence,
            attempts=delivery.attempts,
            now=now,
            state=state,
            trouble=trouble,
        )
        answer = await insist(partial(self._store.write, given_up), delivery.due_at)
        self._ring_after(delivery, answer, None, now)

    def _ring_after(
        self, delivery: Delivery, answer: handovers.Answer, again_at: int | None, now: int
    ) -> None:
        if isinstance(answer, Stale):
            log.warning("lease_lost", room=RoomName.DISPATCH, delivery=delivery.id)
        if isinstance(answer, Written) and answer.owed:
            self._bell.ring(RoomName.DISPATCH, Lane(delivery.sandbox))
        if again_at is not None:
            self._bell.ring_at(RoomName.DISPATCH, Lane(delivery.sandbox), again_at, now)


# --- decisions ---


def settle(
    delivery: Delivery, answer: Answer, claim: DeliveryClaim, now: int, chance: Callable[[], float]
) -> Outcome:
    """What a try leads to. 410 pauses the webhook; a probe of an open circuit does not count."""
    if answer.accepted:
        return Outcome(state=DeliveryState.ACCEPTED, due_at=now, attempts=delivery.attempts, counted=True)
    gone = answer.status_code == 410
    wait = (retries.retry_after(answer.headers, now) if answer.status_code in (429, 503) else None) or 0
    again = Outcome(
        state=DeliveryState.DUE, due_at=now, attempts=delivery.attempts - 1, counted=False, not_before=wait
    )
    if gone or claim.probe:
        return msgspec.structs.replace(again, gone=gone)
    due_at = retries.next_try(
        delivery.attempts, now, schedule=limits.WEBHOOK_SCHEDULE, jitter=limits.JITTER, random=chance
    )
    if due_at is None:
        return _used_up(delivery, claim, now)
    return msgspec.structs.replace(again, due_at=max(due_at, wait), attempts=delivery.attempts, counted=True)


def _used_up(delivery: Delivery, claim: DeliveryClaim, now: int) -> Outcome:
    """Given up only if the endpoint took something else since the first try: an outage exhausts nothing."""
    first = delivery.first_attempt_at or now
    if claim.last_accepted_at is not None and claim.last_accepted_at > first:
        return Outcome(state=DeliveryState.EXHAUSTED, due_at=now, attempts=delivery.attempts, counted=True)
    pause = limits.WEBHOOK_SCHEDULE[-1] * limits.SECOND
    return Outcome(state=DeliveryState.DUE, due_at=now + pause, attempts=delivery.attempts - 1, counted=False)


def _open_until(claim: DeliveryClaim, outcome: Outcome, now: int) -> int:
    """When the endpoint may be probed, if its circuit is open then."""
    pause = retries.probe_pause(now, claim.failing_since or now, limits.WEBHOOK_PROBE)
    return max(now + pause, outcome.not_before)


def _jwt(webhook: Webhook, key: JwtKey) -> tuple[str, JwtAuthentication]:
    """What names a key among those of all versions of webhooks, and the authentication as it signs."""
    assert webhook.authentication is not None  # noqa: S101 - it has keys
    auth = msgspec.structs.replace(webhook.authentication, algorithm=key.algorithm, key_id=key.key_id)
    return f"{webhook.id}.{webhook.version}.{key.signs_from}", auth


def _body(delivery: Delivery) -> bytes:
    return payloads.exact(delivery.body) if delivery.format == "ajo" else delivery.body


def _note(
    sandbox: str, delivery_id: str, number: int, request: Request, answer: Answer, at: int, counted: bool
) -> Attempt:
    """The try as the log keeps it."""
    return Attempt(
        sandbox=sandbox,
        id=ids.new_id(),
        delivery_id=delivery_id,
        number=number,
        at=at,
        url=request.ask.url,
        status_code=answer.status_code,
        trouble=answer.trouble,
        detail=answer.detail,
        address=answer.address,
        request_headers=request.logged,
        response_headers=answer.headers,
        response_body=answer.body.decode("utf-8", "replace"),
        timings=answer.timings,
        accepted=answer.accepted,
        counted=counted,
    )
