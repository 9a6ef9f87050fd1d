"""The feedback webhook of a sandbox: there is one or none."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from retour import audit, checks, ids, limits, proofs, signing
from retour.audit import Deed, Noun, Subject
from retour.catalog import jwt_keys, webhook_checks
from retour.catalog.inputs import AuthenticationInput, HeaderInput, WebhookInput
from retour.catalog.jwt_keys import FreshKey
from retour.errors import Code, Conflict, Invalid
from retour.model import (
    COMMAND_LINE,
    DEFAULT_EVENTS,
    Actor,
    ChannelBits,
    ChannelKind,
    FeedbackStatus,
    Header,
    JwtAuthentication,
    Sandbox,
    Sealed,
    Value,
    Webhook,
    status_bits,
)
from retour.outbound import Outbound
from retour.outbound.reach import Reach
from retour.proofs import Place
from retour.sealing import Keys, WrongKey
from retour.stores import Store
from retour.stores.handovers import Changed, Clash, Stale, Step
from retour.stores.shelves import DeliveryRow, Removed, Shelves

STRICT_SECONDS = limits.PARKED_AGE // limits.SECOND  # "without limit" ends where parking ends
OFFERED = "authentication.offered"
TITLE = "The feedback webhook can't be saved like this."


class Made(Value):
    """A webhook just saved, and the secrets made for it, which are shown this once (None: nothing new to show)."""

    webhook: Webhook
    signing_secret: str | None = None
    jwt_secret: str | None = None


class Webhooks:
    """Create, change, pause, resume and delete the feedback webhook."""

    def __init__(
        self,
        store: Store,
        shelves: Shelves,
        keys: Keys,
        outbound: Outbound,
        reach: Reach,
        keep_bodies_days: int = limits.KEEP_BODIES_DAYS,
    ) -> None:
        self._store = store
        self._shelves = shelves
        self._keys = keys
        self._outbound = outbound
        self._reach = reach
        self._keep_bodies_days = keep_bodies_days

    async def find(self, sandbox: Sandbox) -> Webhook | None:
        """The one there is, as it is now: without secrets that have ended."""
        stored = await self._shelves.webhook(sandbox.id)
        return None if stored is None else self._with_public(signing.without_ended(stored, ids.now()))

    def _with_public(self, webhook: Webhook) -> Webhook:
        """With the public key, also of a private key that was stored before public keys were."""
        jwt = webhook.authentication
        if jwt is None or jwt.public is not None or signing.is_shared(jwt.algorithm):
            return webhook
        plain = proofs.open_secret(self._keys, webhook, jwt.secret, Place.JWT)
        public = signing.public_part(jwt.algorithm, plain)
        return msgspec.structs.replace(webhook, authentication=msgspec.structs.replace(jwt, public=public))

    async def get(self, sandbox: Sandbox, webhook_id: str) -> Webhook:
        """The one with this id. Raises NotFound."""
        found = await self.find(sandbox)
        if found is None or found.id != webhook_id:
            raise checks.missing("feedback webhook")
        return found

    async def create(self, sandbox: Sandbox, given: WebhookInput, by: Actor = COMMAND_LINE) -> Made:
        """The sandbox's first. Raises Invalid; Conflict names the one there is."""
        await self._check(sandbox, given, None)
        secret, key = signing.new_signing_secret(), await jwt_keys.fresh_key(given.authentication)
        webhook = self._build(sandbox, ids.new_id(), given, None, secret, key)
        insert = _columns(webhook) | {"now": ids.now(), "by": by.name}
        steps = (
            Step(statement="webhook_insert", values=insert),
            *_parked(webhook, given.parked),
            _entry(by, sandbox, Deed.CREATED, webhook, None, webhook),
        )
        answer = await self._store.write(Changed(steps=steps))
        if isinstance(answer, Clash):
            raise await self._exists(sandbox)
        return _made(await self.get(sandbox, webhook.id), secret, key)

    async def update(
        self,
        sandbox: Sandbox,
        webhook_id: str,
        version: int,
        given: WebhookInput,
        by: Actor = COMMAND_LINE,
    ) -> Made:
        """Replace it; the new address and credentials count from the next try on. Raises Invalid, Changed."""
        stored = await self.get(sandbox, webhook_id)
        await self._check(sandbox, given, stored)
        if version != stored.version:
            raise checks.stale("feedback webhook", stored.version)
        secret = None if stored.signing_secret else signing.new_signing_secret()
        key = await jwt_keys.fresh_key(given.authentication)
        webhook = self._build(sandbox, stored.id, given, stored, secret, key)
        return _made(await self.replace(sandbox, stored, webhook, Deed.CHANGED, by), secret, key)

    async def replace(
        self, sandbox: Sandbox, stored: Webhook, webhook: Webhook, deed: Deed, by: Actor
    ) -> Webhook:
        """Write this in the place of the stored version. Raises Changed."""
        values = _columns(webhook) | {"now": ids.now(), "by": by.name, "version": stored.version}
        overlap = {"sandbox": webhook.sandbox, "id": webhook.id, "overlap_until": signing.first_end(webhook)}
        steps = (
            Step(statement="webhook_update", values=values, guard=True),
            Step(statement="webhook_overlap", values=overlap),
            _entry(by, sandbox, deed, webhook, stored, webhook),
        )
        answer = await self._store.write(Changed(steps=steps))
        newest = await self.get(sandbox, webhook.id)
        if isinstance(answer, Stale):
            raise checks.stale("feedback webhook", newest.version)
        return newest

    async def offer_key(self, sandbox: Sandbox, algorithm: str) -> str:
        """A new private key, sealed: a form may carry it until it is submitted, and nobody can read it."""
        key = await jwt_keys.generate_key(algorithm)
        return self._keys.seal(key.plain.encode(), sandbox=sandbox.id, row="", column=OFFERED)

    def offered_key(self, sandbox: Sandbox, offered: str) -> str | None:
        """The private key that was offered; None if this is none, or another sandbox's."""
        try:
            return self._keys.open(offered, sandbox=sandbox.id, row="", column=OFFERED).decode()
        except WrongKey:
            return None

    async def delete(self, sandbox: Sandbox, webhook_id: str, by: Actor = COMMAND_LINE) -> None:
        """Remove it: what was pending is cancelled, the history stays. Raises NotFound."""
        stored = await self.get(sandbox, webhook_id)
        place = {"sandbox": sandbox.id, "id": webhook_id}
        cancel = {"sandbox": sandbox.id, "now": ids.now()}
        steps = (
            Step(statement="webhook_delete", values=place, guard=True),
            Step(statement="deliveries_cancel", values=cancel),
            _entry(by, sandbox, Deed.DELETED, stored, stored, None),
        )
        if isinstance(await self._store.write(Changed(steps=steps)), Stale):
            raise checks.missing("feedback webhook")

    async def pause(self, sandbox: Sandbox, webhook_id: str, by: Actor = COMMAND_LINE) -> Webhook:
        """Stop posting; what is due waits. Pausing a paused one changes nothing."""
        stored = await self.get(sandbox, webhook_id)
        values = {"sandbox": sandbox.id, "id": webhook_id, "now": ids.now(), "by": by.name}
        step = Step(statement="webhook_pause", values=values, guard=True)
        await self._store.write(Changed(steps=(step, _entry(by, sandbox, Deed.PAUSED, stored))))
        return await self.get(sandbox, webhook_id)

    async def resume(self, sandbox: Sandbox, webhook_id: str, by: Actor = COMMAND_LINE) -> Webhook:
        """Post again, what waited first. Resuming one that is not paused changes nothing."""
        stored = await self.get(sandbox, webhook_id)
        values = {"sandbox": sandbox.id, "id": webhook_id}
        step = Step(statement="webhook_resume", values=values, guard=True)
        await self._store.write(Changed(steps=(step, _entry(by, sandbox, Deed.RESUMED, stored))))
        return await self.get(sandbox, webhook_id)

    async def replay(self, sandbox: Sandbox, delivery_id: str, by: Actor = COMMAND_LINE) -> str:
        """Owe a delivery's event once more, at once; the new delivery's id. Raises NotFound, Conflict."""
        original = await self._shelves.delivery(sandbox.id, delivery_id)
        if original is None:
            raise checks.missing("delivery")
        new = ids.new_id()
        values = {"sandbox": sandbox.id, "id": new, "original": delivery_id, "now": ids.now()}
        subject = Subject(Noun.DELIVERY, delivery_id, original.request_id)
        told = audit.entry(by, audit.place_of(sandbox), Deed.REPLAYED, subject, None, {"delivery": new})
        answer = await self._store.write(
            Changed(steps=(Step(statement="delivery_replay", values=values, guard=True), told))
        )
        if isinstance(answer, Stale):
            raise await self._not_replayed(sandbox, original)
        return new

    async def _not_replayed(self, sandbox: Sandbox, original: DeliveryRow) -> Conflict:
        """There is no webhook, or nothing left to post."""
        why = await self._shelves.removed(sandbox.id, original.message_id, original.sequence)
        if why is Removed.WITH_PERSON:
            title = "The person was erased, and with them the body of this event. It can't be replayed."
            return Conflict(Code.BODY_REMOVED, title)
        if why is Removed.BY_AGE:
            kept = f"Kept for {self._keep_bodies_days} days"
            title = f"{kept}: the body of this event was removed, so it can't be replayed."
            return Conflict(Code.BODY_REMOVED, title)
        return Conflict(Code.NOT_FOUND, "This sandbox has no feedback webhook. Create one, then replay.")

    async def _exists(self, sandbox: Sandbox) -> Conflict:
        """Names the one there is."""
        webhook = await self.find(sandbox)
        title = f"A feedback webhook already exists for {sandbox.org} / {sandbox.name}."
        context = (
            {}
            if webhook is None
            else {"id": webhook.id, "name": webhook.name, "createdBy": webhook.created_by}
        )
        return Conflict(Code.EXISTS, title, context=context)

    # --- checks ---

    async def _check(self, sandbox: Sandbox, given: WebhookInput, stored: Webhook | None) -> None:
        problems = checks.Problems()
        webhook_checks.check_webhook(given, stored, problems)
        url = given.url.strip()
        problems.add("url", await self._outbound.check(url, sandbox.org, self._reach.also(sandbox)))
        problems.refuse(TITLE)
        webhook_checks.refuse_led_away(given, stored)

    # --- building ---

    def _build(
        self,
        sandbox: Sandbox,
        row: str,
        given: WebhookInput,
        stored: Webhook | None,
        signing_secret: str | None,
        key: FreshKey | None,
    ) -> Webhook:
        kept = stored.signing_secret if stored else None
        sealed = self._seal(sandbox, row, Place.SIGNING, signing_secret) if signing_secret else kept
        stays = stored is not None and webhook_checks.same_origin(stored.url, given.url)
        return Webhook(
            sandbox=sandbox.id,
            id=row,
            name=given.name.strip(),
            channels=tuple(kind for kind in ChannelKind if kind in given.channels),
            url=given.url.strip(),
            authentication=self._authentication(sandbox, row, given.authentication, stored, key),
            headers=tuple(self._header(sandbox, row, header, stored) for header in given.headers),
            format=given.format,
            events=_events(given),
            order_wait_seconds=None
            if given.order_wait_seconds == "strict"
            else int(given.order_wait_seconds),
            signed=given.signed,
            signing_secret=sealed,
            retiring_secrets=stored.retiring_secrets if stored and stays else (),
            deadline_seconds=given.deadline_seconds,
        )

    def _authentication(
        self,
        sandbox: Sandbox,
        row: str,
        given: AuthenticationInput,
        stored: Webhook | None,
        key: FreshKey | None,
    ) -> JwtAuthentication | None:
        """With the key that was handed in or made, which ends all others; else with those that there are."""
        if given.type == "none":
            return None
        kept = stored.authentication if stored else None
        if key is None and kept is None:
            raise Invalid(Code.INVALID_FIELDS, TITLE, (jwt_keys.no_secret(given),), status=422)
        chosen = JwtAuthentication(
            algorithm=given.algorithm,
            secret=kept.secret if kept else Sealed(sealed=""),
            claims=webhook_checks.claims_of(given),
            key_id=given.key_id or None,
            lifetime_seconds=given.lifetime_seconds,
            header=given.header,
            prefix=given.prefix,
            per_request=given.per_request,
            public=kept.public if kept else None,
            signs_from=kept.signs_from if kept else 0,
            retiring=kept.retiring if kept else (),
        )
        if key is None:
            return chosen
        sealed = self._seal(sandbox, row, Place.JWT, key.plain)
        return msgspec.structs.replace(chosen, secret=sealed, public=key.public, signs_from=0, retiring=())

    def _header(self, sandbox: Sandbox, row: str, given: HeaderInput, stored: Webhook | None) -> Header:
        if not given.secret:
            return Header(name=given.name, value=given.value or "")
        kept = webhook_checks.kept_header(stored, given.name)
        if not given.value and kept is not None:
            return Header(name=given.name, sealed=kept)
        column = f"headers.{given.name.lower()}"
        return Header(name=given.name, sealed=self._seal(sandbox, row, column, given.value or ""))

    def _seal(self, sandbox: Sandbox, row: str, place: str, plain: str) -> Sealed:
        return proofs.seal_secret(self._keys, sandbox.id, row, place, plain)


def _entry(
    by: Actor,
    sandbox: Sandbox,
    deed: Deed,
    webhook: Webhook,
    before: Webhook | None = None,
    after: Webhook | None = None,
) -> Step:
    subject = Subject(Noun.WEBHOOK, webhook.id, webhook.name)
    return audit.entry(by, audit.place_of(sandbox), deed, subject, before, after)


def _made(webhook: Webhook, signing_secret: str | None, key: FreshKey | None) -> Made:
    shown = key.shown if key else None
    return Made(webhook=webhook, signing_secret=signing_secret, jwt_secret=shown)


def _events(given: WebhookInput) -> tuple[FeedbackStatus, ...]:
    if given.events is UNSET:
        return DEFAULT_EVENTS
    return tuple(status for status in FeedbackStatus if status in given.events)


def _columns(webhook: Webhook) -> dict[str, Any]:
    wait = webhook.order_wait_seconds
    return {
        "sandbox": webhook.sandbox,
        "id": webhook.id,
        "doc": msgspec.json.encode(webhook),
        "channels": int(ChannelBits.of(*webhook.channels)),
        "events": status_bits(*webhook.events),
        "format": webhook.format,
        "order_wait": STRICT_SECONDS if wait is None else wait,
        "deadline": webhook.deadline_seconds,
    }


def _parked(webhook: Webhook, choice: str) -> tuple[Step, ...]:
    """What waited for a webhook: adopted as far as this one wants it, or cancelled."""
    now = ids.now()
    if choice == "skip":
        return (Step(statement="deliveries_cancel", values={"sandbox": webhook.sandbox, "now": now}),)
    wanted = "," + ",".join(webhook.events) + ","
    place = {"sandbox": webhook.sandbox, "now": now}
    return (
        Step(statement="deliveries_cancel_unwanted", values=place | {"wanted": wanted}),
        Step(
            statement="deliveries_adopt",
            values=place | {"webhook_id": webhook.id, "format": webhook.format},
        ),
    )
