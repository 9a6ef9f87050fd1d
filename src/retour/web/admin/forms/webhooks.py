"""The form of the feedback webhook: as typed, as input for the catalog, as read from a stored one."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from retour import limits, signing
from retour.catalog.inputs import ALGORITHMS, AuthenticationInput, HeaderInput, WebhookInput
from retour.model import DEFAULT_EVENTS, FeedbackStatus, JwtAuthentication, Sandbox, Value, Webhook
from retour.web.admin import words
from retour.web.admin.forms.fields import BAD_NUMBER, Form, as_number

ROW = re.compile(r"header-([0-9]{1,9})-(?:name|value|secret)")
LIFETIMES = (60, 300, 900, 3_600, 86_400)
WAITS = (0, 10, 60, 300, 3_600)
STRICT = "strict"
HIDDEN = "••••••••"


class Row(Value):
    """A header as typed. kept: the stored value stays when none is typed."""

    name: str = ""
    value: str = ""
    secret: bool = False
    kept: bool = False


class WebhookForm(Value):
    """Everything as text, so that what was typed comes back as it was, however wrong.

    offered: a private key that was made for it, sealed.
    """

    version: str = ""
    name: str = ""
    channels: tuple[str, ...] = ()
    url: str = ""
    type: str = "none"
    algorithm: str = "HS256"
    lifetime: str = "300"
    claims: str = ""
    token: str = ""
    token_kept: bool = False
    offered: str = ""
    per_request: bool = False
    header: str = "Authorization"
    prefix: str = "Bearer "
    key_id: str = ""
    rows: tuple[Row, ...] = ()
    format: str = "extended"
    events: tuple[str, ...] = DEFAULT_EVENTS
    wait: str = "60"
    signed: bool = True
    deadline: str = str(limits.DEADLINE_DEFAULT)
    parked: str = "deliver"


# --- where a form comes from ----------------------------------------------------------------------------


def blank(sandbox: Sandbox) -> WebhookForm:
    """For a first webhook."""
    claims = json.dumps({"iss": "retour", "sub": sandbox.name, "aud": "hooks"}, indent=2)
    return WebhookForm(claims=claims)


def of(webhook: Webhook) -> WebhookForm:
    """A stored webhook to edit; secrets stay where they are."""
    form = WebhookForm(
        version=str(webhook.version),
        name=webhook.name,
        channels=tuple(webhook.channels),
        url=webhook.url,
        rows=tuple(
            Row(name=item.name, value=item.value or "", secret=bool(item.sealed), kept=bool(item.sealed))
            for item in webhook.headers
        ),
        format=webhook.format,
        events=tuple(webhook.events),
        wait=STRICT if webhook.order_wait_seconds is None else str(webhook.order_wait_seconds),
        signed=webhook.signed,
        deadline=str(webhook.deadline_seconds),
    )
    return form if webhook.authentication is None else _with_jwt(form, webhook.authentication)


def _with_jwt(form: WebhookForm, jwt: JwtAuthentication) -> WebhookForm:
    return msgspec.structs.replace(
        form,
        type="jwt",
        algorithm=jwt.algorithm,
        lifetime=str(jwt.lifetime_seconds),
        claims=json.dumps(jwt.claims, indent=2, ensure_ascii=False),
        token_kept=True,
        header=jwt.header,
        prefix=jwt.prefix,
        key_id=jwt.key_id or "",
        per_request=jwt.per_request,
    )


def typed(form: Form, stored: Webhook | None) -> WebhookForm:
    """What was posted."""
    return WebhookForm(
        version=form.line("version"),
        name=form.text("name"),
        channels=tuple(form.all("channels")),
        url=form.text("url"),
        type=form.text("type", "none"),
        algorithm=form.text("algorithm", "HS256"),
        lifetime=form.line("lifetime"),
        claims=form.text("claims"),
        token=form.text("token"),
        token_kept=bool(stored and stored.authentication),
        offered=form.line("offered"),
        per_request=form.on("per_request"),
        header=form.line("header"),
        prefix=form.text("prefix"),
        key_id=form.line("key_id"),
        rows=_rows(form, stored),
        format=form.text("format"),
        events=tuple(form.all("events")),
        wait=form.line("wait"),
        signed=form.on("signed"),
        deadline=form.line("deadline"),
        parked=form.text("parked", "deliver"),
    )


def _rows(form: Form, stored: Webhook | None) -> tuple[Row, ...]:
    """In the order of their numbers; a script may leave gaps."""
    kept = {item.name.lower() for item in (stored.headers if stored else ()) if item.sealed}
    found = {int(match[1]) for name in form.names() if (match := ROW.fullmatch(name))}
    rows = []
    for number in sorted(found):
        name = form.line(f"header-{number}-name")
        secret = form.on(f"header-{number}-secret")
        value = form.text(f"header-{number}-value")
        rows.append(Row(name=name, value=value, secret=secret, kept=secret and name.lower() in kept))
    return tuple(rows)


# --- steps that only change the form --------------------------------------------------------------------


def with_another_row(form: WebhookForm) -> WebhookForm:
    """One more empty header."""
    return msgspec.structs.replace(form, rows=(*form.rows, Row()))


def without_row(form: WebhookForm, number: str) -> WebhookForm:
    """Without the header at this place, if there is one."""
    rows = tuple(row for place, row in enumerate(form.rows) if str(place) != number)
    return msgspec.structs.replace(form, rows=rows)


def with_token(form: WebhookForm, token: str) -> WebhookForm:
    """With a secret that was made for it."""
    return msgspec.structs.replace(form, token=token, type="jwt")


def with_offered(form: WebhookForm, offered: str) -> WebhookForm:
    """With a private key that was made for it, sealed; what was typed in its place goes."""
    return msgspec.structs.replace(form, offered=offered, token="", type="jwt")


def without_empty_rows(form: WebhookForm) -> WebhookForm:
    """As it is submitted: rows where nothing was typed are none."""
    rows = tuple(row for row in form.rows if row.name or row.value)
    return msgspec.structs.replace(form, rows=rows)


# --- to the catalog -------------------------------------------------------------------------------------


def to_input(form: WebhookForm, offered_key: str | None = None) -> WebhookInput:
    """For the catalog, which says what is wrong with it. What is no number becomes one that it refuses.

    offered_key: the opened `offered`, which counts when nothing is typed.
    """
    return WebhookInput(
        name=form.name,
        channels=list(form.channels),
        url=form.url,
        authentication=_authentication(form, offered_key),
        headers=[HeaderInput(name=row.name, value=row.value or None, secret=row.secret) for row in form.rows],
        format=form.format,
        events=list(form.events),
        order_wait_seconds=STRICT if form.wait == STRICT else as_number(form.wait),
        signed=form.signed,
        deadline_seconds=as_number(form.deadline),
        parked=form.parked,
    )


def _authentication(form: WebhookForm, offered_key: str | None) -> AuthenticationInput:
    """What was typed under JWT does not count when No Authentication is chosen."""
    if form.type != "jwt":
        return AuthenticationInput(type=form.type)
    token = form.token.strip() or None
    shared = signing.is_shared(form.algorithm)
    return AuthenticationInput(
        type="jwt",
        algorithm=form.algorithm,
        secret=token if shared else None,
        private_key=None if shared else token or offered_key,
        key_id=form.key_id or None,
        claims=_claims(form.claims),
        lifetime_seconds=as_number(form.lifetime),
        per_request=form.per_request,
        header=form.header,
        prefix=form.prefix,
    )


def _claims(text: str) -> Any:
    """The object; a text that is none stays one, so that the catalog says where it breaks."""
    if not text.strip():
        return {}
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict) else []


def _no_constant(name: str) -> Any:
    raise ValueError(name)


# --- to the page ----------------------------------------------------------------------------------------


def choices(form: WebhookForm) -> dict[str, list[tuple[str, str]]]:
    """Value and label of every list; a stored value that is none of the usual ones is added."""
    return {
        "algorithms": [(word, word) for word in ALGORITHMS],
        "lifetimes": _seconds(LIFETIMES, form.lifetime),
        "waits": [*_seconds(WAITS, form.wait, none="No waiting"), (STRICT, "As long as it takes")],
        "formats": list(words.FORMATS.items()),
        "events": [(status.value, status.value) for status in FeedbackStatus],
    }


def _seconds(usual: tuple[int, ...], chosen: str, none: str = "") -> list[tuple[str, str]]:
    own = {as_number(chosen)} - {BAD_NUMBER}
    numbers = sorted({*usual} | own)
    return [(str(number), words.seconds_word(number) if number or not none else none) for number in numbers]


def told(form: WebhookForm) -> dict[str, str]:
    """Label to value, for two versions side by side; secrets are not among them."""
    jwt = form.type == "jwt"
    rows = {f"Header {row.name}": HIDDEN if row.secret else row.value for row in form.rows}
    shown = {
        "Webhook Name": form.name,
        "Channels": ", ".join(form.channels),
        "Webhook URL": form.url,
        "Authentication": "JWT Authentication" if jwt else "No Authentication",
    }
    if jwt:
        shown |= {"Algorithm": form.algorithm, "Token lifetime": form.lifetime, "JWT Payload": form.claims}
        shown |= {"Header name": form.header, "Prefix": form.prefix, "Key ID": form.key_id}
        shown |= {"A token for each request": "yes" if form.per_request else "no"}
    return shown | rows | _advanced(form)


def _advanced(form: WebhookForm) -> dict[str, str]:
    return {
        "Format": words.FORMATS.get(form.format, form.format),
        "Events": ", ".join(form.events),
        "Wait for the order": form.wait,
        "Signature": "on" if form.signed else "off",
        "Deadline": form.deadline,
    }
