"""/ajo/feedback/verify: why does a request that somebody received not verify?"""

from __future__ import annotations

from retour.catalog.inputs import VerificationInput
from retour.model import Scope
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call

PATH = "/ajo/feedback/verify"


async def verify(call: Call) -> Answer:
    """200 the steps and what came of each."""
    given = await call.body(VerificationInput)
    return 200, wire.verification(await call.retour.verification.explain(call.sandbox, given))


ROUTES = (
    ApiRoute(
        "POST",
        PATH,
        Scope.READ,
        verify,
        "Verify a request that was received",
        VerificationInput,
        {200: wire.Verification},
    ),
)
