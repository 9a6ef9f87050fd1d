"""/ajo/config/people: a person, erased everywhere in the sandbox. Ours; AJO does it by a privacy job."""

from __future__ import annotations

import msgspec

from retour.errors import Code
from retour.model import Scope
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call
from retour.web.decoding import decode
from retour.web.ingest import Name, Word

PATH = "/ajo/config/people/{namespace}/{userId}"


class Person(msgspec.Struct, rename="camel"):
    """Who: as a recipient of an execution names them."""

    namespace: Name
    user_id: Word


async def erase(call: Call) -> Answer:
    """200 how much was erased; nothing the second time."""
    person = decode(msgspec.json.encode(call.request.path_params), Person, status=422)
    erased = await call.retour.erasure.erase(
        call.sandbox, person.namespace, person.user_id, call.caller.actor
    )
    return 200, wire.erased(erased)


ROUTES = (
    ApiRoute(
        "DELETE",
        PATH,
        Scope.CONFIGURE,
        erase,
        "Erase a person",
        answers={200: wire.Erasure},
        refusals=((422, Code.INVALID_FIELDS),),
    ),
)
