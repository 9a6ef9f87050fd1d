"""The feedback webhook as it is shown: never with a secret, but for one that was just made."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from retour import model, signing
from retour.model import ChannelKind, FeedbackStatus
from retour.web.wire.health import Health, health
from retour.web.wire.shapes import Answer, Instant, Page, time_of, time_or_none

WebhookStatus = Literal["active", "paused", "failing"]


class NoAuthentication(Answer, tag_field="type", tag="none"):
    """No header of ours."""


class RetiringKey(Answer):
    """A key that a rotation replaced. kid: as in its tokens. until: its end."""

    algorithm: str
    kid: str | None
    until: Instant | None


class JwtAuthentication(Answer, tag_field="type", tag="jwt", kw_only=True):
    """A JWT in a header. Its private key is never shown, its secret only in the answer that made it.

    kid: as in its tokens, the keyId or the thumbprint of the public key. publicJwk, jwksUrl: where its tokens are
    verified with a public key. signsFrom: when the key begins to sign, null if it does. retiring: keys that
    rotations replaced and that are still good.
    """

    algorithm: str
    secret: str | UnsetType = UNSET
    key_id: str | None
    kid: str | None
    public_jwk: dict[str, Any] | None
    jwks_url: str | None
    claims: dict[str, Any]
    lifetime_seconds: int
    per_request: bool
    header: str
    prefix: str
    signs_from: Instant | None
    retiring: list[RetiringKey]


class RetiringSecret(Answer):
    """A signing secret that a rotation replaced, and its end."""

    until: Instant


class Header(Answer):
    """A custom header. The value of a secret one is null."""

    name: str
    value: str | None
    secret: bool


class Webhook(Answer, kw_only=True):
    """The feedback webhook of the sandbox. signingSecret: only in the answer that made it."""

    id: str
    name: str
    channels: list[ChannelKind]
    url: str
    authentication: NoAuthentication | JwtAuthentication
    headers: list[Header]
    format: Literal["extended", "ajo"]
    events: list[FeedbackStatus]
    order_wait_seconds: int | Literal["strict"]
    signed: bool
    retiring_signing_secrets: list[RetiringSecret]
    deadline_seconds: int
    status: WebhookStatus
    paused_at: Instant | None
    paused_by: str | None
    last_accepted_at: Instant | None
    health: Health
    created_by: str
    modified_by: str
    signing_secret: str | UnsetType = UNSET
    created_at: Instant
    modified_at: Instant
    version: int


class WebhookPage(Page[Webhook]):
    """None or one."""


def webhook(
    value: model.Webhook,
    jwks_url: str,
    now: int,
    signing_secret: str | None = None,
    jwt_secret: str | None = None,
) -> Webhook:
    """The feedback webhook without its secrets; signing_secret and jwt_secret only in the answer that made them."""
    return Webhook(
        id=value.id,
        name=value.name,
        channels=list(value.channels),
        url=value.url,
        authentication=_authentication(value.authentication, jwks_url, now, jwt_secret),
        headers=[_header(item) for item in value.headers],
        format="ajo" if value.format == "ajo" else "extended",
        events=list(value.events),
        order_wait_seconds="strict" if value.order_wait_seconds is None else value.order_wait_seconds,
        signed=value.signed,
        retiring_signing_secrets=[RetiringSecret(time_of(old.until)) for old in value.retiring_secrets],
        deadline_seconds=value.deadline_seconds,
        status=webhook_status(value),
        paused_at=time_or_none(value.paused_at),
        paused_by=value.paused_by,
        last_accepted_at=time_or_none(value.last_accepted_at),
        health=health(value.health),
        created_by=value.created_by,
        modified_by=value.modified_by,
        signing_secret=UNSET if signing_secret is None else signing_secret,
        created_at=time_of(value.created_at),
        modified_at=time_of(value.modified_at),
        version=value.version,
    )


def webhook_status(value: model.Webhook) -> WebhookStatus:
    """active, paused or failing."""
    if value.paused_at is not None:
        return "paused"
    return "failing" if value.health.failures else "active"


def _header(value: model.Header) -> Header:
    return Header(name=value.name, value=value.value, secret=value.sealed is not None)


def _authentication(
    value: model.JwtAuthentication | None, jwks_url: str, now: int, secret: str | None
) -> NoAuthentication | JwtAuthentication:
    if value is None:
        return NoAuthentication()
    key = value.keys[0]
    return JwtAuthentication(
        algorithm=value.algorithm,
        secret=UNSET if secret is None else secret,
        key_id=value.key_id,
        kid=signing.key_name(key.key_id, key.public),
        public_jwk=key.public and signing.published(key.algorithm, key.key_id, key.public),
        jwks_url=jwks_url if any(one.public for one in value.keys) else None,
        claims=value.claims,
        lifetime_seconds=value.lifetime_seconds,
        per_request=value.per_request,
        header=value.header,
        prefix=value.prefix,
        signs_from=time_of(value.signs_from) if value.signs_from > now else None,
        retiring=[_retiring(old) for old in value.retiring],
    )


def _retiring(key: model.JwtKey) -> RetiringKey:
    return RetiringKey(key.algorithm, signing.key_name(key.key_id, key.public), time_or_none(key.until))
