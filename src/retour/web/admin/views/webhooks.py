"""Feedback webhook settings: the list of none or one, the form in three sections, the read page."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from retour import ids, limits, signing
from retour.catalog.inputs import ROTATED
from retour.catalog.webhooks import Made
from retour.errors import Changed, Conflict, Refused
from retour.model import Attempt, Role, Webhook
from retour.stores.shelves import DeliveryRow
from retour.web import jwks, wire
from retour.web.admin import amounts, readings, words
from retour.web.admin.forms import rotations
from retour.web.admin.forms import webhooks as forms
from retour.web.admin.forms.fields import Difference, Problems, differences
from retour.web.admin.forms.rotations import RotationForm
from retour.web.admin.forms.webhooks import WebhookForm
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/feedback-webhooks"
ONE = PATH + "/{id}"
RECENT = 10


# --- looking --------------------------------------------------------------------------------------------


async def inventory(visit: SandboxVisit) -> Response:
    """A table of none or one."""
    webhook = await visit.retour.webhooks.find(visit.sandbox)
    status, day = (await _standing(visit, webhook)) if webhook else (None, "")
    return visit.render("webhooks/inventory.html", webhook=webhook, status=status, day=day)


async def _standing(visit: SandboxVisit, webhook: Webhook) -> tuple[words.Status, str]:
    """Its state by how the last hour went, and the success of the last 24 hours."""
    shelves, now = visit.retour.shelves, ids.now()
    day = await readings.success(shelves, visit.sandbox, now, limits.DAY)
    told = "No attempts" if day.percent is None else amounts.percent(day.percent)
    return await readings.webhook_status(shelves, visit.sandbox, webhook, now), told


async def show(visit: SandboxVisit) -> Response:
    """The read page."""
    return await _read_page(visit, await visit.retour.webhooks.get(visit.sandbox, visit.id))


async def _read_page(
    visit: SandboxVisit,
    webhook: Webhook,
    status: int = 200,
    made: Made | None = None,
    attempt: Attempt | None = None,
    refused: tuple[RotationForm, Refused] | None = None,
) -> Response:
    """made: with secrets that are shown in this answer and never again. attempt: how a test event went.

    refused: a rotation that could not be done, as it was typed.
    """
    recent = await visit.retour.shelves.deliveries(visit.sandbox.id, limit=RECENT)
    now, shelves = ids.now(), visit.retour.shelves
    status_now = await readings.webhook_status(shelves, visit.sandbox, webhook, now)
    values: dict[str, Any] = {"webhook": webhook, "status_now": status_now}
    values |= {"made": made, "attempt": attempt, "deliveries": _listed(recent, webhook)}
    values |= {"failing": words.failing(webhook.health, now) if webhook.paused_at is None else None}
    values |= _keys(visit, webhook) | _rotation(webhook, refused)
    values |= {"waiting": await shelves.waiting(visit.sandbox.id)}
    return visit.render("webhooks/read.html", status, **values)


def _keys(visit: SandboxVisit, webhook: Webhook) -> dict[str, Any]:
    """What is public of the JWT's keys: their names, the newest one, where receivers fetch all of them."""
    keys = webhook.authentication.keys if webhook.authentication else ()
    newest = keys[0] if keys else None
    public = (
        signing.published(newest.algorithm, newest.key_id, newest.public)
        if newest and newest.public
        else None
    )
    return {
        "key_names": [signing.key_name(key.key_id, key.public) for key in keys],
        "public_key": public and _pretty(public),
        "jwks_url": jwks.address(visit.retour.settings, visit.sandbox.id) if _has_public(webhook) else "",
        "signs_later": bool(newest and newest.signs_from > ids.now()),
    }


def _has_public(webhook: Webhook) -> bool:
    return any(key.public for key in (webhook.authentication.keys if webhook.authentication else ()))


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()


def _rotation(webhook: Webhook, refused: tuple[RotationForm, Refused] | None) -> dict[str, Any]:
    """The two forms that rotate: untouched, but for the one that was refused."""
    untouched = rotations.blank(webhook)
    form, error = refused or (untouched, None)
    rows = {what: form if form.what == what else untouched for what in ROTATED}
    problems = Problems(rotations.placed(error.fields, form)) if error else Problems()
    told = error.title if error else ""
    choices = {"overlaps": rotations.OVERLAPS, "algorithms": rotations.algorithms()}
    return {"rotation": rows, "problems": problems, "title": told, "choices": choices}


def _listed(rows: list[DeliveryRow], webhook: Webhook) -> list[tuple[DeliveryRow, words.Status]]:
    parked = wire.is_parked(webhook, limits.CIRCUIT_FAILURES)
    return [(row, words.delivery_status(wire.delivery_status(row, parked))) for row in rows]


# --- the form -------------------------------------------------------------------------------------------


async def new(visit: SandboxVisit) -> Response:
    """An empty form."""
    return await _form_page(visit, forms.blank(visit.sandbox), None)


async def edit(visit: SandboxVisit) -> Response:
    """The form of the one there is."""
    webhook = await visit.retour.webhooks.get(visit.sandbox, visit.id)
    return await _form_page(visit, forms.of(webhook), webhook)


async def create(visit: SandboxVisit) -> Response:
    """Save the first one, or do the step that a button asked for."""
    form = forms.typed(visit.form, None)
    if (changed := await _step(visit, form)) is not None:
        return await _form_page(visit, changed, None)
    form = forms.without_empty_rows(form)
    try:
        given = forms.to_input(form, _offered_key(visit, form))
        made = await visit.retour.webhooks.create(visit.sandbox, given, visit.person.actor)
    except Conflict as error:
        return await _conflict_page(visit, form, error)
    except Refused as error:
        return await _form_page(visit, form, None, error)
    return await _saved(visit, made)


async def update(visit: SandboxVisit) -> Response:
    """Save a change, or do the step that a button asked for."""
    stored = await visit.retour.webhooks.get(visit.sandbox, visit.id)
    form = forms.typed(visit.form, stored)
    if (changed := await _step(visit, form)) is not None:
        return await _form_page(visit, changed, stored)
    form = forms.without_empty_rows(form)
    version = visit.form.number("version")
    try:
        given = forms.to_input(form, _offered_key(visit, form))
        made = await visit.retour.webhooks.update(visit.sandbox, visit.id, version, given, visit.person.actor)
    except Changed:
        return await _changed_page(visit, form)
    except Refused as error:
        return await _form_page(visit, form, stored, error)
    return await _saved(visit, made)


async def _step(visit: SandboxVisit, form: WebhookForm) -> WebhookForm | None:
    """What a button other than Submit makes of the form; None for Submit. These need no script."""
    step, _, number = visit.form.text("do").partition(":")
    if step == "add-header":
        return forms.with_another_row(form)
    if step == "remove-header":
        return forms.without_row(form, number)
    if step == "generate" and form.algorithm in signing.ALGORITHMS:
        return await _generated(visit, form)
    return None


async def _generated(visit: SandboxVisit, form: WebhookForm) -> WebhookForm:
    """A secret can be read and copied from the form. A private key is nobody's to read: it is in there sealed."""
    if signing.is_shared(form.algorithm):
        return forms.with_token(form, signing.generate(form.algorithm))
    return forms.with_offered(form, await visit.retour.webhooks.offer_key(visit.sandbox, form.algorithm))


def _offered_key(visit: SandboxVisit, form: WebhookForm) -> str | None:
    return visit.retour.webhooks.offered_key(visit.sandbox, form.offered) if form.offered else None


def _offered_public(visit: SandboxVisit, form: WebhookForm) -> str:
    """The public key of what is offered, as receivers want it; empty when nothing is, or for another algorithm."""
    key = _offered_key(visit, form)
    if key is None or form.token.strip() or signing.check_secret(form.algorithm, key) is not None:
        return ""
    public = signing.public_part(form.algorithm, key)
    return _pretty(signing.published(form.algorithm, form.key_id or None, public)) if public else ""


async def _saved(visit: SandboxVisit, made: Made) -> Response:
    """A new signing secret is in this answer itself: it is kept nowhere and stands in no address."""
    visit.wake()
    if made.signing_secret is not None:
        return await _read_page(visit, made.webhook, 201, made=made)
    return visit.see(f"{visit.here}{PATH}/{made.webhook.id}", "webhook-saved")


async def _conflict_page(visit: SandboxVisit, form: WebhookForm, error: Conflict) -> Response:
    """Somebody was faster: name the one there is, keep what was typed."""
    existing = await visit.retour.webhooks.find(visit.sandbox)
    return await _form_page(visit, form, None, error, existing=existing)


async def _changed_page(visit: SandboxVisit, form: WebhookForm) -> Response:
    """Somebody changed it meanwhile: both values; what was typed is saved with the next Submit."""
    newest = await visit.retour.webhooks.get(visit.sandbox, visit.id)
    rows = differences(forms.told(form), forms.told(forms.of(newest)))
    status = 412
    return await _form_page(visit, form, newest, status=status, differences=rows)


async def _form_page(
    visit: SandboxVisit,
    form: WebhookForm,
    stored: Webhook | None,
    error: Refused | None = None,
    *,
    existing: Webhook | None = None,
    differences: list[Difference] | None = None,
    status: int = 200,
) -> Response:
    waiting = 0 if stored else await visit.retour.shelves.waiting(visit.sandbox.id)
    problems = Problems(error.fields) if error else Problems()
    values: dict[str, Any] = {"form": form, "stored": stored, "problems": problems, "waiting": waiting}
    values |= {"choices": forms.choices(form), "existing": existing, "differences": differences}
    values |= {"title": error.title if error else "", "most_headers": limits.HEADERS}
    values |= {"offered_public": _offered_public(visit, form)}
    values |= {"jwks_url": jwks.address(visit.retour.settings, visit.sandbox.id)}
    values |= {"open_advanced": bool(waiting) or any(place in problems for place in ADVANCED)}
    return visit.render("webhooks/form.html", error.status if error else status, **values)


ADVANCED = ("format", "events", "orderWaitSeconds", "deadlineSeconds", "parked")


# --- buttons --------------------------------------------------------------------------------------------


async def test(visit: SandboxVisit) -> Response:
    """Post a sample event and show how it went."""
    webhook = await visit.retour.webhooks.get(visit.sandbox, visit.id)
    attempt = await visit.retour.dispatch.test(webhook)
    return await _read_page(visit, webhook, attempt=attempt)


async def pause(visit: SandboxVisit) -> Response:
    """Stop posting."""
    await visit.retour.webhooks.pause(visit.sandbox, visit.id, visit.person.actor)
    return visit.see(f"{visit.here}{PATH}/{visit.id}", "webhook-paused")


async def resume(visit: SandboxVisit) -> Response:
    """Post again."""
    await visit.retour.webhooks.resume(visit.sandbox, visit.id, visit.person.actor)
    visit.wake()
    return visit.see(f"{visit.here}{PATH}/{visit.id}", "webhook-resumed")


async def rotate(visit: SandboxVisit) -> Response:
    """Change the signing secret or the JWT's key; the old one stays good for the overlap."""
    form = rotations.typed(visit.form)
    given, version = rotations.to_input(form), visit.form.number("version")
    try:
        made = await visit.retour.rotations.rotate(
            visit.sandbox, visit.id, given, visit.person.actor, version
        )
    except Refused as error:
        webhook = await visit.retour.webhooks.get(visit.sandbox, visit.id)
        return await _read_page(visit, webhook, error.status, refused=(form, error))
    visit.wake()
    if made.signing_secret is None and made.jwt_secret is None:
        return visit.see(f"{visit.here}{PATH}/{visit.id}", "webhook-rotated")
    return await _read_page(visit, made.webhook, made=made)


async def ask_delete(visit: SandboxVisit) -> Response:
    """The question, as a page, with how much it cancels."""
    webhook = await visit.retour.webhooks.get(visit.sandbox, visit.id)
    waiting = await visit.retour.shelves.waiting(visit.sandbox.id)
    return visit.render("webhooks/delete.html", webhook=webhook, waiting=waiting)


async def delete(visit: SandboxVisit) -> Response:
    """Remove it."""
    await visit.retour.webhooks.delete(visit.sandbox, visit.id, visit.person.actor)
    return visit.see(visit.here + PATH, "webhook-deleted")


PAGES = (
    Page[SandboxVisit](path=PATH, get=inventory),
    Page[SandboxVisit](path=PATH + "/new", get=new, post=create, role=Role.ADMINISTRATOR),
    Page[SandboxVisit](path=ONE, get=show),
    Page[SandboxVisit](path=ONE + "/edit", get=edit, post=update, role=Role.ADMINISTRATOR),
    Page[SandboxVisit](path=ONE + "/test", post=test, to_post=Role.DEVELOPER),
    Page[SandboxVisit](path=ONE + "/pause", post=pause),
    Page[SandboxVisit](path=ONE + "/resume", post=resume),
    Page[SandboxVisit](path=ONE + "/rotate", post=rotate),
    Page[SandboxVisit](path=ONE + "/delete", get=ask_delete, post=delete, role=Role.ADMINISTRATOR),
)
