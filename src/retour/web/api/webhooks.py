"""/ajo/config/feedback-webhooks: the feedback webhook of the sandbox."""

from __future__ import annotations

from retour.catalog.inputs import WebhookInput
from retour.model import Lane, Scope
from retour.stores import RoomName
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call

PATH = "/ajo/config/feedback-webhooks"


async def create(call: Call) -> Answer:
    """201 the webhook, with its signing secret this once; 409 names the one there is."""
    given = await call.body(WebhookInput)
    made = await call.retour.webhooks.create(call.sandbox, given, call.caller.by)
    _ring(call)
    return 201, wire.webhook(made.webhook, made.signing_secret)


async def list_all(call: Call) -> Answer:
    """200 none or one."""
    found = await call.retour.webhooks.find(call.sandbox)
    return 200, wire.page([] if found is None else [wire.webhook(found)])


async def get(call: Call) -> Answer:
    """200 the webhook."""
    return 200, wire.webhook(await call.retour.webhooks.get(call.sandbox, call.id))


async def update(call: Call) -> Answer:
    """200 the webhook; counts from the next try on."""
    version, given = call.version(), await call.body(WebhookInput)
    made = await call.retour.webhooks.update(call.sandbox, call.id, version, given, call.caller.by)
    _ring(call)
    return 200, wire.webhook(made.webhook, made.signing_secret)


async def delete(call: Call) -> Answer:
    """204; what was pending is cancelled."""
    await call.retour.webhooks.delete(call.sandbox, call.id)
    return 204, None


async def test(call: Call) -> Answer:
    """200 the attempt that posted a sample event."""
    webhook = await call.retour.webhooks.get(call.sandbox, call.id)
    return 200, wire.attempt(await call.retour.dispatch.test(webhook))


async def pause(call: Call) -> Answer:
    """200 the webhook, paused."""
    return 200, wire.webhook(await call.retour.webhooks.pause(call.sandbox, call.id, call.caller.by))


async def resume(call: Call) -> Answer:
    """200 the webhook, at work again."""
    resumed = await call.retour.webhooks.resume(call.sandbox, call.id)
    _ring(call)
    return 200, wire.webhook(resumed)


def _ring(call: Call) -> None:
    call.retour.bell.ring(RoomName.DISPATCH, Lane(call.sandbox.id))


ROUTES = (
    ApiRoute("POST", PATH, Scope.CONFIGURE, create),
    ApiRoute("GET", PATH, Scope.READ, list_all),
    ApiRoute("GET", PATH + "/{id}", Scope.READ, get),
    ApiRoute("PUT", PATH + "/{id}", Scope.CONFIGURE, update),
    ApiRoute("DELETE", PATH + "/{id}", Scope.CONFIGURE, delete),
    ApiRoute("POST", PATH + "/{id}/test", Scope.CONFIGURE, test),
    ApiRoute("POST", PATH + "/{id}/pause", Scope.CONFIGURE, pause),
    ApiRoute("POST", PATH + "/{id}/resume", Scope.CONFIGURE, resume),
)
