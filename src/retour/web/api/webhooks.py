"""/ajo/config/feedback-webhooks: the feedback webhook of the sandbox."""

from __future__ import annotations

from retour import ids
from retour.catalog.inputs import RotationInput, WebhookInput
from retour.catalog.webhooks import Made
from retour.errors import Code
from retour.model import Lane, Scope, Webhook
from retour.stores import RoomName
from retour.web import jwks, wire
from retour.web.api.calls import Answer, ApiRoute, Call, Noun

PATH = "/ajo/config/feedback-webhooks"


async def create(call: Call) -> Answer:
    """201 the webhook, with the secrets made for it this once; 409 names the one there is."""
    given = await call.body(WebhookInput)
    made = await call.retour.webhooks.create(call.sandbox, given, call.caller.actor)
    _ring(call)
    return 201, _made(call, made)


async def list_all(call: Call) -> Answer:
    """200 none or one."""
    found = await call.retour.webhooks.find(call.sandbox)
    return 200, wire.page([] if found is None else [_shown(call, found)])


async def get(call: Call) -> Answer:
    """200 the webhook."""
    return 200, _shown(call, await call.retour.webhooks.get(call.sandbox, call.id))


async def update(call: Call) -> Answer:
    """200 the webhook; counts from the next try on."""
    version, given = call.version(), await call.body(WebhookInput)
    made = await call.retour.webhooks.update(call.sandbox, call.id, version, given, call.caller.actor)
    _ring(call)
    return 200, _made(call, made)


async def delete(call: Call) -> Answer:
    """204; what was pending is cancelled."""
    await call.retour.webhooks.delete(call.sandbox, call.id, call.caller.actor)
    return 204, None


async def test(call: Call) -> Answer:
    """200 the attempt that posted a sample event."""
    webhook = await call.retour.webhooks.get(call.sandbox, call.id)
    return 200, wire.attempt(await call.retour.dispatch.test(webhook))


async def pause(call: Call) -> Answer:
    """200 the webhook, paused."""
    return 200, _shown(call, await call.retour.webhooks.pause(call.sandbox, call.id, call.caller.actor))


async def resume(call: Call) -> Answer:
    """200 the webhook, at work again."""
    resumed = await call.retour.webhooks.resume(call.sandbox, call.id, call.caller.actor)
    _ring(call)
    return 200, _shown(call, resumed)


async def rotate(call: Call) -> Answer:
    """200 the webhook, with the secret that was made this once; the one before stays good for the overlap."""
    given = await call.body(RotationInput)
    made = await call.retour.rotations.rotate(call.sandbox, call.id, given, call.caller.actor)
    _ring(call)
    return 200, _made(call, made)


def _shown(call: Call, webhook: Webhook) -> wire.Webhook:
    return wire.webhook(webhook, jwks.address(call.retour.settings, call.sandbox.id), ids.now())


def _made(call: Call, made: Made) -> wire.Webhook:
    """With the secrets that are shown this once."""
    address = jwks.address(call.retour.settings, call.sandbox.id)
    return wire.webhook(made.webhook, address, ids.now(), made.signing_secret, made.jwt_secret)


def _ring(call: Call) -> None:
    call.retour.bell.ring(RoomName.DISPATCH, Lane(call.sandbox.id))


ONE = {200: wire.Webhook}
EXISTS = (409, Code.EXISTS)
LED_AWAY = (422, Code.SECRET_REQUIRED)
NOUN = Noun(
    PATH, "the feedback webhook", "the feedback webhook", WebhookInput, wire.Webhook, wire.WebhookPage
)
EACH = NOUN.each
ROUTES = (
    *NOUN.rows(create, list_all, get, update, created=(EXISTS,), updated=(LED_AWAY,)),
    ApiRoute("DELETE", EACH, Scope.CONFIGURE, delete, "Delete the feedback webhook", answers={204: None}),
    ApiRoute(
        "POST",
        EACH + "/test",
        Scope.CONFIGURE,
        test,
        "Test the feedback webhook",
        answers={200: wire.Attempt},
    ),
    ApiRoute("POST", EACH + "/pause", Scope.CONFIGURE, pause, "Pause the feedback webhook", answers=ONE),
    ApiRoute("POST", EACH + "/resume", Scope.CONFIGURE, resume, "Resume the feedback webhook", answers=ONE),
    ApiRoute(
        "POST",
        EACH + "/rotate",
        Scope.CONFIGURE,
        rotate,
        "Rotate a secret of the feedback webhook",
        RotationInput,
        ONE,
        refusals=((412, Code.VERSION_STALE),),
    ),
)
