"""An execution with its recipients, and a message's whole life."""

from __future__ import annotations

from starlette.responses import Response

from retour import checks, ids, limits
from retour.model import Event
from retour.stores.event_shelves import Life
from retour.stores.shelves import MessageRow, Removed
from retour.web import wire
from retour.web.admin import timeline, words
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit


async def execution(visit: SandboxVisit) -> Response:
    """One call of a campaign."""
    shelves, sandbox = visit.retour.shelves, visit.sandbox.id
    found = await shelves.execution(sandbox, visit.id)
    if found is None:
        raise checks.missing("execution")
    return visit.render(
        "messages/execution.html",
        execution=found,
        campaign=await visit.retour.event_shelves.campaign_name(sandbox, found.campaign_id),
        recipients=await shelves.recipients(sandbox, found.id),
        looks=words.RECIPIENT_LOOKS,
    )


async def message(visit: SandboxVisit) -> Response:
    """One recipient's message: accepted, rendered, told, posted, and what comes next."""
    found, life = await _message(visit)
    sandbox, now = visit.sandbox.id, ids.now()
    events = await visit.retour.shelves.events(sandbox, found.id)
    postings, cut = await _postings(visit, found, events, now)
    mails = await visit.retour.returned.returned_mails(sandbox, found.id)
    configuration = await visit.retour.shelves.configuration(sandbox, life.configuration_id)
    return visit.render(
        "messages/message.html",
        message=found,
        life=life,
        campaign=await visit.retour.event_shelves.campaign_name(sandbox, found.campaign_id),
        configuration=configuration,
        content=timeline.content(life),
        steps=timeline.steps(found, life, events, postings, mails),
        cut=cut,
        following=timeline.following(found, life, now),
        removed=words.removed(
            Removed.BY_AGE if found.user_id else Removed.WITH_PERSON, visit.retour.settings.keep_bodies_days
        ),
        looks=words.RECIPIENT_LOOKS,
    )


async def _message(visit: SandboxVisit) -> tuple[MessageRow, Life]:
    found = await visit.retour.shelves.message(visit.sandbox.id, visit.id)
    life = await visit.retour.event_shelves.life(visit.sandbox.id, visit.id)
    if found is None or life is None:
        raise checks.missing("message")
    return found, life


async def _postings(
    visit: SandboxVisit, message: MessageRow, events: list[Event], now: int
) -> tuple[list[timeline.Posting], bool]:
    """What was posted of the events, with the attempts; and whether there is more than is shown."""
    rows = await visit.retour.event_shelves.deliveries_of(visit.sandbox.id, message.id)
    log = await visit.retour.event_shelves.attempts_of(visit.sandbox.id, message.id)
    parked = wire.is_parked(await visit.retour.webhooks.find(visit.sandbox), limits.CIRCUIT_FAILURES)
    told_at = {event.sequence: event.at for event in events}
    made = []
    for row in rows:
        state = wire.delivery_status(row, parked)
        at = row.created_at if row.replay else told_at.get(row.sequence, row.created_at)
        status, following = words.delivery_status(state), words.next_step(row, state, now)
        made.append(timeline.posting(row, status, following, log, at))
    cut = len(rows) == limits.DELIVERIES_OF_MESSAGE or len(log) == limits.ATTEMPTS_OF_MESSAGE
    return made, cut


PAGES = (
    Page[SandboxVisit](path="/executions/{id}", get=execution),
    Page[SandboxVisit](path="/messages/{id}", get=message),
)
