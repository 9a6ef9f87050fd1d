"""The feedback webhook of a sandbox: there is one or none."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from retour import checks, headers, ids, limits, signing
from retour.catalog.inputs import AuthenticationInput, Clear, HeaderInput, WebhookInput
from retour.errors import Code, Conflict, Field, Invalid
from retour.model import (
    DEFAULT_EVENTS,
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
from retour.outbound.addresses import Target, parse_target
from retour.outbound.reach import Reach
from retour.sealing import Keys
from retour.stores import Store
from retour.stores.handovers import Changed, Clash, Stale, Step
from retour.stores.shelves import Shelves

FORMATS = ("extended", "ajo")
ALGORITHMS = ("HS256", "HS384", "HS512", "ES256")
STRICT_SECONDS = limits.PARKED_AGE // limits.SECOND  # "without limit" ends where parking ends
KEY_ID_CHARACTERS = 200  # a name; it travels in every token
KEPT = "kept"
TITLE = "The feedback webhook can't be saved like this."


class Made(Value):
    """A webhook just saved, and its signing secret, which is shown this once (None when it was there before)."""

    webhook: Webhook
    signing_secret: str | None = None


class Webhooks:
    """Create, change, pause, resume and delete the feedback webhook."""

    def __init__(self, store: Store, shelves: Shelves, keys: Keys, outbound: Outbound, reach: Reach) -> None:
        self._store = store
        self._shelves = shelves
        self._keys = keys
        self._outbound = outbound
        self._reach = reach

    async def find(self, sandbox: Sandbox) -> Webhook | None:
        """The one there is, as it is now."""
        return await self._shelves.webhook(sandbox.id)

    async def get(self, sandbox: Sandbox, webhook_id: str) -> Webhook:
        """The one with this id. Raises NotFound."""
        found = await self.find(sandbox)
        if found is None or found.id != webhook_id:
            raise checks.missing("feedback webhook")
        return found

    async def create(self, sandbox: Sandbox, given: WebhookInput, by: str) -> Made:
        """The sandbox's first. Raises Invalid; Conflict names the one there is."""
        await self._check(sandbox, given, None)
        secret = signing.new_signing_secret()
        webhook = self._build(sandbox, ids.new_id(), given, None, secret)
        insert = _columns(webhook) | {"now": ids.now(), "by": by}
        answer = await self._store.write(
            Changed(steps=(Step(statement="webhook_insert", values=insert), *_parked(webhook, given.parked)))
        )
        if isinstance(answer, Clash):
            raise await self._exists(sandbox)
        return Made(webhook=await self.get(sandbox, webhook.id), signing_secret=secret)

    async def update(
        self, sandbox: Sandbox, webhook_id: str, version: int, given: WebhookInput, by: str
    ) -> Made:
        """Replace it; the new address and credentials count from the next try on. Raises Invalid, Changed."""
        stored = await self.get(sandbox, webhook_id)
        await self._check(sandbox, given, stored)
        secret = None if stored.signing_secret else signing.new_signing_secret()
        webhook = self._build(sandbox, stored.id, given, stored, secret)
        values = _columns(webhook) | {"now": ids.now(), "by": by, "version": version}
        answer = await self._store.write(
            Changed(steps=(Step(statement="webhook_update", values=values, guard=True),))
        )
        if isinstance(answer, Stale):
            raise checks.stale("feedback webhook", (await self.get(sandbox, webhook_id)).version)
        return Made(webhook=await self.get(sandbox, webhook_id), signing_secret=secret)

    async def delete(self, sandbox: Sandbox, webhook_id: str) -> None:
        """Remove it: what was pending is cancelled, the history stays. Raises NotFound."""
        place = {"sandbox": sandbox.id, "id": webhook_id}
        cancel = {"sandbox": sandbox.id, "now": ids.now()}
        answer = await self._store.write(
            Changed(
                steps=(
                    Step(statement="webhook_delete", values=place, guard=True),
                    Step(statement="deliveries_cancel", values=cancel),
                )
            )
        )
        if isinstance(answer, Stale):
            raise checks.missing("feedback webhook")

    async def pause(self, sandbox: Sandbox, webhook_id: str, by: str) -> Webhook:
        """Stop posting; what is due waits. Pausing a paused one changes nothing."""
        await self.get(sandbox, webhook_id)
        values = {"sandbox": sandbox.id, "id": webhook_id, "now": ids.now(), "by": by}
        await self._store.write(Changed(steps=(Step(statement="webhook_pause", values=values),)))
        return await self.get(sandbox, webhook_id)

    async def resume(self, sandbox: Sandbox, webhook_id: str) -> Webhook:
        """Post again, what waited first."""
        await self.get(sandbox, webhook_id)
        values = {"sandbox": sandbox.id, "id": webhook_id}
        await self._store.write(Changed(steps=(Step(statement="webhook_resume", values=values),)))
        return await self.get(sandbox, webhook_id)

    async def replay(self, sandbox: Sandbox, delivery_id: str) -> str:
        """Owe a delivery's event once more, at once; the new delivery's id. Raises NotFound, Conflict."""
        if await self._shelves.delivery(sandbox.id, delivery_id) is None:
            raise checks.missing("delivery")
        new = ids.new_id()
        values = {"sandbox": sandbox.id, "id": new, "original": delivery_id, "now": ids.now()}
        answer = await self._store.write(
            Changed(steps=(Step(statement="delivery_replay", values=values, guard=True),))
        )
        if isinstance(answer, Stale):
            title = "This sandbox has no feedback webhook. Create one, then replay."
            raise Conflict(Code.NOT_FOUND, title)
        return new

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
        problems.add("name", checks.name(given.name, "webhook"))
        _check_choices(given, problems)
        url = given.url.strip()
        problems.add("url", await self._outbound.check(url, sandbox.org, self._reach.also(sandbox)))
        _check_authentication(given.authentication, stored, problems)
        _check_headers(given, stored, problems)
        problems.refuse(TITLE)
        _refuse_led_away(given, stored)

    # --- building ---

    def _build(
        self,
        sandbox: Sandbox,
        row: str,
        given: WebhookInput,
        stored: Webhook | None,
        signing_secret: str | None,
    ) -> Webhook:
        kept = stored.signing_secret if stored else None
        sealed = self._seal(sandbox, row, "signing_secret", signing_secret) if signing_secret else kept
        return Webhook(
            sandbox=sandbox.id,
            id=row,
            name=given.name.strip(),
            channels=tuple(kind for kind in ChannelKind if kind in given.channels),
            url=given.url.strip(),
            authentication=self._authentication(sandbox, row, given.authentication, stored),
            headers=tuple(self._header(sandbox, row, header, stored) for header in given.headers),
            format=given.format,
            events=_events(given),
            order_wait_seconds=None
            if given.order_wait_seconds == "strict"
            else int(given.order_wait_seconds),
            signed=given.signed,
            signing_secret=sealed,
            deadline_seconds=given.deadline_seconds,
        )

    def _authentication(
        self, sandbox: Sandbox, row: str, given: AuthenticationInput, stored: Webhook | None
    ) -> JwtAuthentication | None:
        if given.type == "none":
            return None
        secret = _secret_of(given)
        kept = stored.authentication.secret if stored and stored.authentication else None
        sealed = (
            self._seal(sandbox, row, "authentication.secret", secret) if isinstance(secret, str) else kept
        )
        if sealed is None:
            raise Invalid(Code.INVALID_FIELDS, TITLE, (_no_secret(given),), status=422)
        return JwtAuthentication(
            algorithm=given.algorithm,
            secret=sealed,
            claims=_claims(given),
            key_id=given.key_id or None,
            lifetime_seconds=given.lifetime_seconds,
            header=given.header,
            prefix=given.prefix,
        )

    def _header(self, sandbox: Sandbox, row: str, given: HeaderInput, stored: Webhook | None) -> Header:
        if not given.secret:
            return Header(name=given.name, value=given.value or "")
        kept = _kept_header(stored, given.name)
        if not given.value and kept is not None:
            return Header(name=given.name, sealed=kept)
        column = f"headers.{given.name.lower()}"
        return Header(name=given.name, sealed=self._seal(sandbox, row, column, given.value or ""))

    def _seal(self, sandbox: Sandbox, row: str, column: str, plain: str) -> Sealed:
        return Sealed(sealed=self._keys.seal(plain.encode(), sandbox=sandbox.id, row=row, column=column))


def _check_choices(given: WebhookInput, problems: checks.Problems) -> None:
    problems.need("channels", given.channels, "Select at least one channel.")
    for index, channel in enumerate(given.channels):
        problems.add(f"channels[{index}]", checks.one_of(channel, [*ChannelKind], "A channel"))
    problems.add("format", checks.one_of(given.format, FORMATS, "The format"))
    events = [] if given.events is UNSET else given.events
    problems.need("events", given.events is UNSET or events, "Select at least one event.")
    for index, event in enumerate(events):
        problems.add(f"events[{index}]", checks.one_of(event, [*FeedbackStatus], "An event"))
    low, high = limits.DEADLINE_SECONDS
    problems.need("deadlineSeconds", low <= given.deadline_seconds <= high, f"Use {low} to {high} seconds.")
    low, high = limits.ORDER_WAIT_SECONDS
    wait = given.order_wait_seconds
    good = wait == "strict" if isinstance(wait, str) else low <= wait <= high
    problems.need("orderWaitSeconds", good, f"Use {low} to {high:,} seconds, or strict.")
    problems.add("parked", checks.one_of(given.parked, ("deliver", "skip"), "Parked events"))


def _check_authentication(
    given: AuthenticationInput, stored: Webhook | None, problems: checks.Problems
) -> None:
    problems.add("authentication.type", checks.one_of(given.type, ("none", "jwt"), "The authentication"))
    if given.type != "jwt":
        return
    trouble = checks.one_of(given.algorithm, ALGORITHMS, "The algorithm")
    problems.add("authentication.algorithm", trouble)
    if trouble is None:
        _check_jwt_secret(given, stored, problems)
    problems.add("authentication.claims", _check_claims(_claims(given)))
    key_id = given.key_id or ""
    problems.add("authentication.keyId", checks.line(key_id, KEY_ID_CHARACTERS))
    low, high = limits.TOKEN_LIFETIME_SECONDS
    lifetime = f"Use {low} to {high:,} seconds."
    problems.need("authentication.lifetimeSeconds", low <= given.lifetime_seconds <= high, lifetime)
    if given.header.lower() != "authorization":
        problems.add("authentication.header", headers.check_name(given.header))
    printable = given.prefix.isascii() and given.prefix.isprintable() and len(given.prefix) <= 100
    problems.need("authentication.prefix", printable, "Use up to 100 printable ASCII characters.")


def _claims(given: AuthenticationInput) -> Any:
    return {} if given.claims is None or given.claims is UNSET else given.claims


def _check_claims(claims: Any) -> str | None:
    """An object. A text that holds one is none: it would be stored as a text."""
    trouble = signing.check_claims(claims) or checks.depth(claims)
    return trouble or (None if isinstance(claims, dict) else signing.check_claims([]))


def _check_jwt_secret(given: AuthenticationInput, stored: Webhook | None, problems: checks.Problems) -> None:
    """A new secret must fit the algorithm; the stored one is kept only for the algorithm it was made for."""
    secret, path = _secret_of(given), _secret_path(given)
    if isinstance(secret, str):
        most = f"Use at most {limits.HEADERS_BYTES:,} characters."
        long = len(secret) > limits.HEADERS_BYTES
        problems.add(path, most if long else signing.check_secret(given.algorithm, secret))
        return
    kept = stored.authentication if stored else None
    if secret is not None or kept is None:
        problems.add(path, _no_secret(given).message)
    elif kept.algorithm != given.algorithm:
        problems.add(path, f"Enter the secret again: {given.algorithm} needs one of its own.")


def _check_headers(given: WebhookInput, stored: Webhook | None, problems: checks.Problems) -> None:
    most = f"Use at most {limits.HEADERS} headers."
    problems.need("headers", len(given.headers) <= limits.HEADERS, most)
    pairs = [(header.name, header.value or _kept_value(header, stored)) for header in given.headers]
    token = given.authentication.header if given.authentication.type == "jwt" else None
    for index, sentence in headers.check_headers(pairs, token):
        problems.add(f"headers[{index}]", sentence)


def _kept_value(header: HeaderInput, stored: Webhook | None) -> str:
    """Something in the place of a value that is kept, and was checked when it was entered."""
    return KEPT if header.secret and _kept_header(stored, header.name) else ""


def _refuse_led_away(given: WebhookInput, stored: Webhook | None) -> None:
    """Secrets stay with the host they were entered for: another one needs every secret again (semantics 9)."""
    if stored is None or _origin(stored.url) == _origin(given.url.strip()):
        return
    fields = []
    if (
        stored.authentication
        and given.authentication.type == "jwt"
        and _secret_of(given.authentication) is None
    ):
        path = _secret_path(given.authentication)
        fields.append(Field(path, "Enter it again: the webhook's host changes."))
    for index, header in enumerate(given.headers):
        if header.secret and not header.value and _kept_header(stored, header.name):
            fields.append(Field(f"headers[{index}]", "Enter the value again: the webhook's host changes."))
    if fields:
        raise Invalid(
            Code.SECRET_REQUIRED, "The new host needs every secret again.", tuple(fields), status=422
        )


def _origin(url: str) -> tuple[str, str, int] | None:
    target = parse_target(url)
    return (target.scheme, target.host, target.port) if isinstance(target, Target) else _loose_origin(url)


def _loose_origin(url: str) -> tuple[str, str, int] | None:
    """The origin of an address that is allow-listed only, which parse_target alone refuses."""
    scheme, _, rest = url.partition("://")
    return (scheme.lower(), rest.partition("/")[0].partition("?")[0].lower(), 0)


def _secret_of(given: AuthenticationInput) -> str | Clear | None:
    """`secret` for HS…, `privateKey` for the others; an empty text counts as absent."""
    secret = given.secret if given.algorithm.startswith("HS") else given.private_key or given.secret
    return secret or None


def _secret_path(given: AuthenticationInput) -> str:
    return "authentication.secret" if given.algorithm.startswith("HS") else "authentication.privateKey"


def _no_secret(given: AuthenticationInput) -> Field:
    return Field(_secret_path(given), signing.check_secret(given.algorithm, "") or "Enter the API token.")


def _kept_header(stored: Webhook | None, name: str) -> Sealed | None:
    found = [
        header.sealed for header in (stored.headers if stored else ()) if header.name.lower() == name.lower()
    ]
    return found[0] if found else None


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
