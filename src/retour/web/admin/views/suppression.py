"""Suppression list and Allowed list: who gets no e-mail, and who alone gets some. Both lists have the same pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import RedirectResponse, Response, StreamingResponse

from retour import ids, limits
from retour.errors import Changed, Field, Refused
from retour.model import Role
from retour.suppression import Entry, ListName
from retour.web.admin import sheets
from retour.web.admin.forms import suppression as forms
from retour.web.admin.forms.fields import Problems
from retour.web.admin.forms.suppression import CAUSES, KINDS, Filter
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATHS = {ListName.SUPPRESSED: "/suppression-list", ListName.ALLOWED: "/allowed-list"}
TITLES = {ListName.SUPPRESSED: "Suppression list", ListName.ALLOWED: "Allowed list"}
COLUMNS = ("TYPE", "VALUE", "CAUSE", "REASON", "COMMENT", "ADDED BY", "ADDED", "MESSAGE")
FIELDS = {"entity.entityValue": "value", "comment": "comment", "value": "value"}


def list_of(visit: SandboxVisit) -> ListName:
    """Which list a page is about."""
    return ListName.ALLOWED if visit.section == "allowed-list" else ListName.SUPPRESSED


def about(name: ListName) -> dict[str, Any]:
    """What every page of a list says."""
    return {"name": name.value, "path": PATHS[name], "title": TITLES[name], "kinds": KINDS, "causes": CAUSES}


async def listing(visit: SandboxVisit) -> Response:
    """A page of the list, newest first; the filter and the place are in the address."""
    name, chosen = list_of(visit), forms.read(visit.request.query_params)
    if chosen is None:
        return RedirectResponse(visit.here + PATHS[name], 303)
    found = await _page(visit, name, chosen)
    shown = found[: limits.LIST_ROWS]
    more = len(found) > limits.LIST_ROWS
    return visit.render(
        "suppression/list.html",
        **about(name),
        rows=shown,
        chosen=chosen,
        older=chosen.query(shown[-1].id) if more else "",
        newest=(chosen.query() or "?") if chosen.start else "",
        rules=await visit.retour.suppression.rules(visit.sandbox),
        count=await visit.retour.suppressed.count(visit.sandbox.id, name, limits.LIST_COUNT + 1),
        most=limits.LIST_COUNT,
    )


async def _page(visit: SandboxVisit, name: ListName, chosen: Filter) -> list[Entry]:
    """One more than fits, to know whether there are older ones."""
    shelves, sandbox, limit = visit.retour.suppressed, visit.sandbox.id, limits.LIST_ROWS + 1
    if chosen.kind:
        return await shelves.page(sandbox, chosen.sought(name), chosen.start, limit)
    return await shelves.mixed(sandbox, chosen.sought(name), chosen.start, limit)


async def download(visit: SandboxVisit) -> Response:
    """The whole list, as it is read."""
    name = list_of(visit)
    return StreamingResponse(
        _sheet(visit, name),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{PATHS[name][1:]}.csv"'},
    )


async def _sheet(visit: SandboxVisit, name: ListName) -> AsyncIterator[bytes]:
    """In chunks; the last line says so when there is more."""
    yield sheets.lines([COLUMNS])
    count = 0
    async for chunk in visit.retour.suppressed.all(visit.sandbox.id, name):
        if count >= limits.EXPORT_ROWS:
            yield sheets.lines([[f"Cut off after {count:,} entries. The API reads them all."]])
            return
        yield sheets.lines(_cells(entry) for entry in chunk)
        count += len(chunk)


def _cells(entry: Entry) -> tuple[object, ...]:
    word = KINDS[entry.kind].upper()
    return (
        word, entry.value, entry.cause.value, entry.reason, entry.comment, entry.made_by,
        ids.iso(entry.created_at), entry.message_id,
    )  # fmt: skip


async def new(visit: SandboxVisit) -> Response:
    """An empty form for one entry."""
    return _form_page(visit)


async def create(visit: SandboxVisit) -> Response:
    """Add one."""
    name = list_of(visit)
    given = forms.entry(visit.form)
    try:
        await visit.retour.suppression.add(visit.sandbox, name, [given], visit.person.actor)
    except Refused as error:
        return _form_page(visit, error)
    return visit.see(visit.here + PATHS[name], "entries-added")


def _form_page(visit: SandboxVisit, error: Refused | None = None) -> Response:
    """What was typed, with what is wrong with it."""
    fields = [] if error is None else [_placed(field) for field in error.fields]
    return visit.render(
        "suppression/new.html",
        error.status if error else 200,
        **about(list_of(visit)),
        given=forms.entry(visit.form),
        problems=Problems(fields),
        comment_characters=limits.SUPPRESSION_COMMENT_CHARACTERS,
    )


def _placed(field: Field) -> Field:
    """The catalog's path of the one entry as the name of a field."""
    return Field(FIELDS.get(field.path.removeprefix("[0]."), "value"), field.message)


async def ask_delete(visit: SandboxVisit) -> Response:
    """The question, as a page."""
    name = list_of(visit)
    entry = await visit.retour.suppression.by_id(visit.sandbox, name, visit.id)
    return visit.render("suppression/delete.html", **about(name), entry=entry)


async def delete(visit: SandboxVisit) -> Response:
    """Take it off the list."""
    name, suppression = list_of(visit), visit.retour.suppression
    entry = await suppression.by_id(visit.sandbox, name, visit.id)
    await suppression.remove(visit.sandbox, name, entry.kind, entry.value, visit.person.actor)
    return visit.see(visit.here + PATHS[name], "entry-deleted")


# --- rules ---


async def edit_rules(visit: SandboxVisit) -> Response:
    """After how many soft errors an address is suppressed."""
    return await _rules_page(visit, None)


async def save_rules(visit: SandboxVisit) -> Response:
    """Save it."""
    threshold, version = visit.form.number("threshold"), visit.form.number("version")
    try:
        await visit.retour.suppression.change_threshold(visit.sandbox, threshold, version, visit.person.actor)
    except Refused as error:
        return await _rules_page(visit, error)
    return visit.see(visit.here + PATHS[ListName.SUPPRESSED], "suppression-rules")


async def _rules_page(visit: SandboxVisit, error: Refused | None) -> Response:
    rules = await visit.retour.suppression.rules(visit.sandbox)
    low, high = limits.SOFT_THRESHOLD
    return visit.render(
        "suppression/rules.html",
        error.status if error else 200,
        **about(ListName.SUPPRESSED),
        rules=rules,
        typed=visit.form.line("threshold") if error and error.fields else str(rules.soft_threshold),
        problems=Problems(error.fields) if error else Problems(),
        refused=error.title if isinstance(error, Changed) else "",
        low=low,
        high=high,
    )


async def ask_switch(visit: SandboxVisit) -> Response:
    """Activate or deactivate the allowed list: what that means, as a page."""
    return await _switch_page(visit, None)


async def switch(visit: SandboxVisit) -> Response:
    """Do it. Who saw another state is asked again."""
    active, version = visit.form.text("active") == "1", visit.form.number("version")
    try:
        await visit.retour.suppression.activate(visit.sandbox, active, version, visit.person.actor)
    except Changed as error:
        return await _switch_page(visit, error)
    notice = "allowed-active" if active else "allowed-inactive"
    return visit.see(visit.here + PATHS[ListName.ALLOWED], notice)


async def _switch_page(visit: SandboxVisit, error: Refused | None) -> Response:
    return visit.render(
        "suppression/switch.html",
        error.status if error else 200,
        **about(ListName.ALLOWED),
        rules=await visit.retour.suppression.rules(visit.sandbox),
        count=await visit.retour.suppressed.count(visit.sandbox.id, ListName.ALLOWED, limits.ALLOWED_ENTRIES),
        refused=error.title if error else "",
    )


def _pages(path: str) -> tuple[Page[SandboxVisit], ...]:
    """What both lists have."""
    return (
        Page(path=path, get=listing),
        Page(path=path + "/csv", get=download),
        Page(path=path + "/new", get=new, post=create, role=Role.ADMINISTRATOR),
        Page(path=path + "/{id}/delete", get=ask_delete, post=delete, role=Role.ADMINISTRATOR),
    )


PAGES = (
    Page[SandboxVisit](
        path="/suppression-list/rules", get=edit_rules, post=save_rules, role=Role.ADMINISTRATOR
    ),
    Page[SandboxVisit](path="/allowed-list/active", get=ask_switch, post=switch, role=Role.ADMINISTRATOR),
    *(page for path in PATHS.values() for page in _pages(path)),
)
