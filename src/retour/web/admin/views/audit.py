"""Audit log: who changed what in this sandbox and in its organization."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from retour import checks, limits
from retour.audit import Noun
from retour.model import Role
from retour.web.admin import words
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/audit"
ONE = PATH + "/{id}"
ROWS = 50


async def listing(visit: SandboxVisit) -> Response:
    """A page of entries, newest first; the filter and the place are in the address."""
    query = visit.request.query_params
    what, who, before = query.get("what", ""), query.get("who", "").strip().lower(), query.get("before", "")
    if what and what not in [*Noun]:
        return RedirectResponse(visit.here + PATH, 303)
    found = await visit.retour.audit.page(visit.sandbox, what, who, before, ROWS + 1)
    return visit.render(
        "audit/list.html",
        rows=found[:ROWS],
        what=what,
        who=who,
        nouns=[(noun.value, words.NOUNS[noun]) for noun in Noun],
        older=_query(what, who, found[ROWS - 1].id) if len(found) > ROWS else "",
        newest=_query(what, who, "") if before else "",
        days=limits.AUDIT_AGE // limits.DAY,
    )


def _query(what: str, who: str, before: str) -> str:
    """`?what=…&who=…&before=…`, as far as they say anything."""
    named = (("what", what), ("who", who), ("before", before))
    return "?" + urlencode({name: value for name, value in named if value})


async def show(visit: SandboxVisit) -> Response:
    """One entry, before and after side by side."""
    entry = await visit.retour.audit.get(visit.sandbox, visit.id)
    if entry is None:
        raise checks.missing("entry of the audit log")
    fields = list(dict.fromkeys([*entry.after, *entry.before]))
    changes = [(name, entry.before.get(name), entry.after.get(name)) for name in fields]
    return visit.render("audit/entry.html", entry=entry, changes=changes)


PAGES = (
    Page[SandboxVisit](path=PATH, get=listing, role=Role.ADMINISTRATOR),
    Page[SandboxVisit](path=ONE, get=show, role=Role.ADMINISTRATOR),
)
