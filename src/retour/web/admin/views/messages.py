"""An execution with its recipients, and a message with what happened to it."""

from __future__ import annotations

from starlette.responses import Response

from retour import checks
from retour.stores.shelves import Removed
from retour.web.admin import words
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit


async def execution(visit: SandboxVisit) -> Response:
    """One call of a campaign."""
    shelves, sandbox = visit.retour.shelves, visit.sandbox.id
    found = await shelves.execution(sandbox, visit.id)
    if found is None:
        raise checks.missing("execution")
    campaign = await shelves.campaign(sandbox, found.campaign_id)
    recipients = await shelves.recipients(sandbox, found.id)
    return visit.render(
        "messages/execution.html",
        execution=found,
        campaign=campaign,
        recipients=recipients,
        looks=words.RECIPIENT_LOOKS,
    )


async def message(visit: SandboxVisit) -> Response:
    """One recipient's message and its feedback events."""
    shelves, sandbox = visit.retour.shelves, visit.sandbox.id
    found = await shelves.message(sandbox, visit.id)
    if found is None:
        raise checks.missing("message")
    return visit.render(
        "messages/message.html",
        message=found,
        campaign=await shelves.campaign(sandbox, found.campaign_id),
        events=await shelves.events(sandbox, found.id),
        removed=words.removed(
            Removed.BY_AGE if found.user_id else Removed.WITH_PERSON, visit.retour.settings.keep_bodies_days
        ),
        looks=words.RECIPIENT_LOOKS,
    )


PAGES = (
    Page[SandboxVisit](path="/executions/{id}", get=execution),
    Page[SandboxVisit](path="/messages/{id}", get=message),
)
