"""A path below a sandbox that is no page: told with the navigation around it, to those who may be there."""

from __future__ import annotations

from starlette.responses import Response

from retour.errors import Code, NotFound
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit


async def lost(visit: SandboxVisit) -> Response:
    """Raises NotFound, which the guard shows."""
    raise NotFound(Code.NOT_FOUND, "There is no such page.")


PAGE = Page[SandboxVisit](path="/{rest:path}", get=lost)
