"""What is wrong with a feedback webhook as it is handed in, all of it at once; and secrets stay where they belong."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from retour import checks, headers, limits, signing
from retour.catalog.inputs import (
    AUTHENTICATIONS,
    FORMATS,
    PARKED,
    PREFIX_CHARACTERS,
    STRICT,
    AuthenticationInput,
    HeaderInput,
    WebhookInput,
)
from retour.catalog.jwt_keys import check_key, secret_name, secret_of
from retour.errors import Code, Field, Invalid
from retour.model import ChannelKind, FeedbackStatus, Sealed, Webhook
from retour.outbound.addresses import Target, parse_target

KEPT = "kept"
AGAIN = "Enter it again: the webhook's host changes."


def check_webhook(given: WebhookInput, stored: Webhook | None, problems: checks.Problems) -> None:
    """Everything but the address, which the way out judges."""
    problems.add("name", checks.name(given.name, "webhook"))
    _check_choices(given, problems)
    _check_authentication(given.authentication, stored, problems)
    _check_headers(given, stored, problems)


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
    good = wait == STRICT if isinstance(wait, str) else low <= wait <= high
    problems.need("orderWaitSeconds", good, f"Use {low} to {high:,} seconds, or strict.")
    problems.add("parked", checks.one_of(given.parked, PARKED, "Parked events"))


def _check_authentication(
    given: AuthenticationInput, stored: Webhook | None, problems: checks.Problems
) -> None:
    problems.add("authentication.type", checks.one_of(given.type, AUTHENTICATIONS, "The authentication"))
    if given.type != "jwt":
        return
    check_key(given, stored.authentication if stored else None, "authentication.", problems)
    problems.add("authentication.claims", _check_claims(claims_of(given)))
    low, high = limits.TOKEN_LIFETIME_SECONDS
    lifetime = f"Use {low} to {high:,} seconds."
    problems.need("authentication.lifetimeSeconds", low <= given.lifetime_seconds <= high, lifetime)
    if given.header.lower() != "authorization":
        problems.add("authentication.header", headers.check_name(given.header))
    printable = (
        given.prefix.isascii() and given.prefix.isprintable() and len(given.prefix) <= PREFIX_CHARACTERS
    )
    most = f"Use up to {PREFIX_CHARACTERS} printable ASCII characters."
    problems.need("authentication.prefix", printable, most)


def claims_of(given: AuthenticationInput) -> Any:
    """The claims; none when none are given."""
    return {} if given.claims is None or given.claims is UNSET else given.claims


def _check_claims(claims: Any) -> str | None:
    """An object. A text that holds one is none: it would be stored as a text."""
    trouble = signing.check_claims(claims) or checks.depth(claims)
    return trouble or (None if isinstance(claims, dict) else signing.check_claims([]))


def _check_headers(given: WebhookInput, stored: Webhook | None, problems: checks.Problems) -> None:
    most = f"Use at most {limits.HEADERS} headers."
    problems.need("headers", len(given.headers) <= limits.HEADERS, most)
    pairs = [(header.name, header.value or _kept_value(header, stored)) for header in given.headers]
    token = given.authentication.header if given.authentication.type == "jwt" else None
    for index, sentence in headers.check_headers(pairs, token):
        problems.add(f"headers[{index}]", sentence)


def _kept_value(header: HeaderInput, stored: Webhook | None) -> str:
    """Something in the place of a value that is kept, and was checked when it was entered."""
    return KEPT if header.secret and kept_header(stored, header.name) else ""


def refuse_led_away(given: WebhookInput, stored: Webhook | None) -> None:
    """Secrets stay with the host they were entered for: another one needs every secret again (semantics 9)."""
    if stored is None or same_origin(stored.url, given.url):
        return
    fields = []
    if (
        stored.authentication
        and given.authentication.type == "jwt"
        and not given.authentication.generate
        and secret_of(given.authentication) is None
    ):
        fields.append(Field("authentication." + secret_name(given.authentication.algorithm), AGAIN))
    for index, header in enumerate(given.headers):
        if header.secret and not header.value and kept_header(stored, header.name):
            fields.append(Field(f"headers[{index}]", "Enter the value again: the webhook's host changes."))
    if fields:
        raise Invalid(
            Code.SECRET_REQUIRED, "The new host needs every secret again.", tuple(fields), status=422
        )


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have scheme, host and port in common."""
    return _origin(one.strip()) == _origin(other.strip())


def _origin(url: str) -> tuple[str, str, int] | None:
    target = parse_target(url)
    return (target.scheme, target.host, target.port) if isinstance(target, Target) else _loose_origin(url)


def _loose_origin(url: str) -> tuple[str, str, int] | None:
    """The origin of an address that is allow-listed only, which parse_target alone refuses."""
    scheme, _, rest = url.partition("://")
    return (scheme.lower(), rest.partition("/")[0].partition("?")[0].lower(), 0)


def kept_header(stored: Webhook | None, name: str) -> Sealed | None:
    """The sealed value of a secret header that is there already."""
    found = [
        header.sealed for header in (stored.headers if stored else ()) if header.name.lower() == name.lower()
    ]
    return found[0] if found else None
