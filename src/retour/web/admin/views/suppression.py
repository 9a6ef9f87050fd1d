"""Suppression list and Allowed list: who gets no e-mail, and who alone gets some. SMS denylist: who gets no text
messages. All have the same pages; the denylist is the numbers of the suppression list.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from starlette.responses import RedirectResponse, Response, StreamingResponse

from retour import ids, limits
from retour.errors import Changed, Field, Refused
from retour.model import Role
from retour.suppression import MAIL_KINDS, Cause, Entry, EntryKind, ListName
from retour.web.admin import sheets
from retour.web.admin.forms import suppression as forms
from retour.web.admin.forms.fields import Problems
from retour.web.admin.forms.suppression import CAUSES, KINDS, Filter
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

COLUMNS = ("TYPE", "VALUE", "CAUSE", "REASON", "COMMENT", "ADDED BY", "ADDED", "MESSAGE")
FIELDS = {"entity.entityValue": "value", "comment": "comment", "value": "value"}


class Shown(NamedTuple):
    """A list as it has pages. kinds, causes: of its entries. called: within a sentence."""

    name: ListName
    path: str
    title: str
    called: str
    kinds: tuple[EntryKind, ...]
    causes: tuple[Cause, ...]


SUPPRESSION_LIST = Shown(
    ListName.SUPPRESSED, "/suppression-list", "Suppression list", "suppression list", MAIL_KINDS,
    (Cause.MANUAL, Cause.HARD, Cause.SOFT, Cause.COMPLAINT),
)  # fmt: skip
ALLOWED_LIST = Shown(
    ListName.ALLOWED, "/allowed-list", "Allowed list", "allowed list", MAIL_KINDS, (Cause.MANUAL,)
)
DENYLIST = Shown(
    ListName.SUPPRESSED, "/sms-denylist", "SMS denylist", "SMS denylist", (EntryKind.NUMBER,),
    (Cause.OPT_OUT, Cause.HARD, Cause.MANUAL),
)  # fmt: skip
LISTS = {shown.path[1:]: shown for shown in (SUPPRESSION_LIST, ALLOWED_LIST, DENYLIST)}


def list_of(visit: SandboxVisit) -> Shown:
    """Which list a page is about."""
    return LISTS[visit.section]


def about(shown: Shown) -> dict[str, Any]:
    """What every page of a list says. numbers: it is of those."""
    return {
        "name": shown.name.value,
        "path": shown.path,
        "title": shown.title,
        "called": shown.called,
        "numbers": shown is DENYLIST,
        "kinds": {kind: KINDS[kind] for kind in shown.kinds},
        "causes": {cause: CAUSES[cause] for cause in shown.causes},
    }


async def listing(visit: SandboxVisit) -> Response:
    """A page of the list, newest first; the filter and the place are in the address."""
    shown = list_of(visit)
    chosen = forms.read(visit.request.query_params, shown.kinds)
    if chosen is None:
        return RedirectResponse(visit.here + shown.path, 303)
    found = await _page(visit, shown, chosen)
    rows = found[: limits.LIST_ROWS]
    more = len(found) > limits.LIST_ROWS
    return visit.render(
        "suppression/list.html",
        **about(shown),
        rows=rows,
        chosen=chosen,
        older=chosen.query(rows[-1].id) if more else "",
        newest=(chosen.query() or "?") if chosen.start else "",
        rules=await visit.retour.suppression.rules(visit.sandbox),
        count=await visit.retour.suppressed.count(
            visit.sandbox.id, shown.name, limits.LIST_COUNT + 1, shown.kinds
        ),
        most=limits.LIST_COUNT,
    )


async def _page(visit: SandboxVisit, shown: Shown, chosen: Filter) -> list[Entry]:
    """One more than fits, to know whether there are older ones."""
    kinds = (EntryKind(chosen.kind),) if chosen.kind else shown.kinds
    sought, limit = chosen.sought(shown.name, kinds), limits.LIST_ROWS + 1
    return await visit.retour.suppressed.mixed(visit.sandbox.id, sought, chosen.start, limit, kinds)


async def download(visit: SandboxVisit) -> Response:
    """The whole list, as it is read."""
    shown = list_of(visit)
    return StreamingResponse(
        _sheet(visit, shown),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{shown.path[1:]}.csv"'},
    )


async def _sheet(visit: SandboxVisit, shown: Shown) -> AsyncIterator[bytes]:
    """In chunks; the last line says so when there is more."""
    yield sheets.lines([COLUMNS])
    count = 0
    async for chunk in visit.retour.suppressed.all(visit.sandbox.id, shown.name, shown.kinds):
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
    shown = list_of(visit)
    given = forms.entry(visit.form, shown.kinds)
    try:
        await visit.retour.suppression.add(visit.sandbox, shown.name, [given], visit.person.actor)
    except Refused as error:
        return _form_page(visit, error)
    return visit.see(visit.here + shown.path, "entries-added")


def _form_page(visit: SandboxVisit, error: Refused | None = None) -> Response:
    """What was typed, with what is wrong with it."""
    fields = [] if error is None else [_placed(field) for field in error.fields]
    return visit.render(
        "suppression/new.html",
        error.status if error else 200,
        **about(list_of(visit)),
        given=forms.entry(visit.form, list_of(visit).kinds),
        problems=Problems(fields),
        comment_characters=limits.SUPPRESSION_COMMENT_CHARACTERS,
    )


def _placed(field: Field) -> Field:
    """The catalog's path of the one entry as the name of a field."""
    return Field(FIELDS.get(field.path.removeprefix("[0]."), "value"), field.message)


async def ask_delete(visit: SandboxVisit) -> Response:
    """The question, as a page."""
    shown = list_of(visit)
    entry = await visit.retour.suppression.by_id(visit.sandbox, shown.name, visit.id, shown.kinds)
    return visit.render("suppression/delete.html", **about(shown), entry=entry)


async def delete(visit: SandboxVisit) -> Response:
    """Take it off the list."""
    shown, suppression = list_of(visit), visit.retour.suppression
    entry = await suppression.by_id(visit.sandbox, shown.name, visit.id, shown.kinds)
    await suppression.remove(visit.sandbox, shown.name, entry.kind, entry.value, visit.person.actor)
    return visit.see(visit.here + shown.path, "entry-deleted")


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
    return visit.see(visit.here + SUPPRESSION_LIST.path, "suppression-rules")


async def _rules_page(visit: SandboxVisit, error: Refused | None) -> Response:
    rules = await visit.retour.suppression.rules(visit.sandbox)
    low, high = limits.SOFT_THRESHOLD
    return visit.render(
        "suppression/rules.html",
        error.status if error else 200,
        **about(SUPPRESSION_LIST),
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
    return visit.see(visit.here + ALLOWED_LIST.path, notice)


async def _switch_page(visit: SandboxVisit, error: Refused | None) -> Response:
    return visit.render(
        "suppression/switch.html",
        error.status if error else 200,
        **about(ALLOWED_LIST),
        rules=await visit.retour.suppression.rules(visit.sandbox),
        count=await visit.retour.suppressed.count(visit.sandbox.id, ListName.ALLOWED, limits.ALLOWED_ENTRIES),
        refused=error.title if error else "",
    )


def _pages(path: str) -> tuple[Page[SandboxVisit], ...]:
    """What all lists have."""
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
    *(page for shown in LISTS.values() for page in _pages(shown.path)),
)
