"""GET /ajo/im/executions/{executionId}: what became of each recipient. Ours; AJO has no such call."""

from __future__ import annotations

from retour import checks
from retour.model import RecipientStatus, Scope
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call


async def get(call: Call) -> Answer:
    """200 the execution with its recipients, in the request's order, and their events."""
    execution = await call.retour.shelves.execution(call.sandbox.id, call.id)
    if execution is None:
        raise checks.missing("execution")
    recipients = await call.retour.shelves.recipients(call.sandbox.id, execution.id)
    return 200, wire.execution(execution, [await _recipient(call, *found) for found in recipients])


async def _recipient(call: Call, message_id: str, user_id: str, status: RecipientStatus) -> wire.Recipient:
    events = await call.retour.shelves.events(call.sandbox.id, message_id)
    return wire.recipient(message_id, user_id, status, events)


ROUTES = (
    ApiRoute(
        "GET",
        "/ajo/im/executions/{id}",
        Scope.READ,
        get,
        "Get an execution",
        answers={200: wire.Execution},
    ),
)
