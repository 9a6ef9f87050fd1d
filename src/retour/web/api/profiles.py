"""/ajo/config/profiles: what is known of people, for recipients of the type aep. Ours; AJO has another way."""

from __future__ import annotations

from typing import Any

import msgspec

from retour.errors import Code
from retour.model import Scope
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call
from retour.web.decoding import decode
from retour.web.ingest import Name, Word

PATH = "/ajo/config/profiles/{namespace}/{userId}"
Body = dict[str, Any]


class Key(msgspec.Struct, rename="camel"):
    """Whose: what a recipient of an execution may have, too."""

    namespace: Name
    user_id: Word


async def get(call: Call) -> Answer:
    """200 the profile."""
    key = _key(call)
    found = await call.retour.profiles.get(call.sandbox, key.namespace, key.user_id)
    return 200, wire.profile(found.stored, found.profile)


async def put(call: Call) -> Answer:
    """200 the profile as it is kept now; made if there was none."""
    key, given = _key(call), await call.body(Body)
    made = await call.retour.profiles.put(call.sandbox, key.namespace, key.user_id, given)
    return 200, wire.profile(made.stored, made.profile)


async def delete(call: Call) -> Answer:
    """204."""
    key = _key(call)
    await call.retour.profiles.delete(call.sandbox, key.namespace, key.user_id)
    return 204, None


def _key(call: Call) -> Key:
    return decode(msgspec.json.encode(call.request.path_params), Key, status=422)


ONE = {200: wire.Profile}
BAD_KEY = (422, Code.INVALID_FIELDS)
NONE = ((404, Code.NOT_FOUND), BAD_KEY)
ROUTES = (
    ApiRoute("GET", PATH, Scope.READ, get, "Get a profile", answers=ONE, refusals=NONE),
    ApiRoute("PUT", PATH, Scope.CONFIGURE, put, "Keep a profile", Body, ONE, refusals=(BAD_KEY,)),
    ApiRoute("DELETE", PATH, Scope.CONFIGURE, delete, "Delete a profile", answers={204: None}, refusals=NONE),
)
