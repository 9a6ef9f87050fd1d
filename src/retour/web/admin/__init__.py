"""The pages, rendered on the server. Everything works without JavaScript; app.js only makes some steps shorter.

`routes` gives them all. Inside: `guard` says who may do what and which headers every answer carries, `forms` turns
what was typed into the catalog's inputs and back, `views` has a file per noun.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from retour.app import Retour
from retour.web.admin import assets, guard
from retour.web.admin.errors import error_page
from retour.web.admin.views import (
    account,
    audit,
    campaigns,
    configurations,
    credentials,
    deliveries,
    delivery_stream,
    event_reference,
    events,
    invitations,
    lost,
    messages,
    overview,
    reports,
    returned_mails,
    sandboxes,
    search,
    sign_in,
    simulator,
    suppression,
    suppression_uploads,
    users,
    webhooks,
)

__all__ = ["error_page", "routes"]

IN_A_SANDBOX = (
    *overview.PAGES,
    *webhooks.PAGES,
    *campaigns.PAGES,
    *deliveries.PAGES,
    *messages.PAGES,
    *returned_mails.PAGES,
    *events.PAGES,
    *search.PAGES,
    *reports.PAGES,
    *configurations.PAGES,
    *suppression.PAGES,
    *suppression_uploads.PAGES,
    *event_reference.PAGES,
    *simulator.PAGES,
    *credentials.PAGES,
    *sandboxes.PAGES,
    *users.PAGES,
    *audit.PAGES,
)


def routes(retour: Retour) -> list[BaseRoute]:
    """Everything under /admin. What is more exact comes first: `/admin/account` is no organization."""
    return [
        assets.route(),
        *(guard.open_route(retour, page) for page in sign_in.PAGES),
        *(guard.open_route(retour, page) for page in invitations.PAGES),
        *(guard.person_route(retour, page) for page in account.PAGES),
        guard.sandbox_route(retour, delivery_stream.PAGE),
        *(guard.sandbox_route(retour, page) for page in IN_A_SANDBOX),
        guard.sandbox_route(retour, lost.PAGE),
    ]
