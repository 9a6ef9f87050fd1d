"""/ajo/config/suppression: suppressed and allowed addresses and domains, as with Adobe's suppression API.

Telephone numbers are ours: Adobe's lists are of e-mail. They have the same calls and shapes at a path of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, Meta, UnsetType

from retour import checks, limits
from retour.catalog.inputs import between
from retour.catalog.suppression import MAIL_ONLY, Given
from retour.errors import Code, Invalid, NotFound
from retour.model import Scope
from retour.stores.suppression_shelves import FOREVER, Sought
from retour.suppression import MAIL_KINDS, EntryKind, ListName
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call, Function
from retour.web.decoding import PRINTABLE
from retour.web.wire.suppression import LIST_TYPES, MILLISECOND, Link, Links, ListInfo, ListType

BASE = "/ajo/config/suppression"
ORDERS = ("-creationdate", "+creationdate", "creationdate")
PROPERTY = re.compile(r"creationdate(<=|>=|==|<|>)([0-9]{1,15})|channel(?:==|=)(\w{1,20})")
ENTRY_ID = re.compile(r"[0-9a-f-]{1,36}")
WORDS = {
    "email": EntryKind.ADDRESS,
    "address": EntryKind.ADDRESS,
    "domain": EntryKind.DOMAIN,
    "phone": EntryKind.NUMBER,
}
Text = Annotated[str, Meta(max_length=limits.SUPPRESSION_COMMENT_CHARACTERS, pattern=PRINTABLE)]
Order = Literal["-creationdate", "+creationdate", "creationdate"]


class ListQuery(msgspec.Struct, rename={"list_type": "listType", "order_by": "orderby"}):
    """What a list takes. type, or listType: which list. start: the `_page.next` of the page before.

    property: filters, as in `creationdate>1631739725150` or `channel==email` (`sms` for numbers).
    """

    type: str | UnsetType = UNSET
    list_type: str | UnsetType = UNSET
    order_by: Order | UnsetType = UNSET
    limit: Annotated[int, between(limits.SUPPRESSION_PAGE)] = 20
    start: str | UnsetType = UNSET
    property: str | UnsetType = UNSET


class TypeQuery(msgspec.Struct, rename={"list_type": "listType"}):
    """Which list: `client` (those that get nothing) or `allowed`."""

    type: str | UnsetType = UNSET
    list_type: str | UnsetType = UNSET


class EntityGiven(msgspec.Struct, rename="camel"):
    """What is added. type: `email`, `domain` or `phone`, as the path says. entityValue of a number: with `+`."""

    entity_value: Annotated[str, Meta(min_length=1, max_length=limits.USER_ID_CHARACTERS, pattern=PRINTABLE)]
    type: str = ""


class EntryGiven(msgspec.Struct):
    """An entry to add. user: who says so; the credential, if nobody is named."""

    entity: EntityGiven
    comment: Text = ""
    user: Text = ""


Entries = Annotated[list[EntryGiven], Meta(min_length=1, max_length=limits.SUPPRESSION_ENTRIES)]


def list_of(kind: EntryKind) -> Function:
    """The list of a kind."""

    async def list_page(call: Call) -> Answer:
        """200 a page of the list, the newest first unless `orderby` says else."""
        name, order, limit, start = list_for(call, kind), order_of(call), limit_of(call), start_of(call)
        sought = _filtered(call, Sought(list=name, kind=kind))
        newest = order == "-creationdate"
        found = []
        if sought is not None:
            found = await call.retour.suppressed.page(call.sandbox.id, sought, start, limit + 1, newest)
        following = found[limit - 1].id if len(found) > limit else None
        shown = found[:limit]
        info = ListInfo(order_by=order, next=following, count=len(shown))
        return 200, wire.suppression_page(call.sandbox, shown, info, links(call, following))

    return list_page


def add_to(kind: EntryKind) -> Function:
    """What adds entries of a kind."""

    async def add(call: Call) -> Answer:
        """201 the entries, all of them. What is there already gets the comment."""
        name = list_for(call, kind)
        entries = await call.body(Entries)
        _check_types(kind, entries)
        given = [Given(kind, one.entity.entity_value, one.comment, one.user) for one in entries]
        made = await call.retour.suppression.add(call.sandbox, name, given, call.caller.actor)
        return 201, [wire.suppression_entry(call.sandbox, entry) for entry in made]

    return add


def get_one(kind: EntryKind, parameter: str) -> Function:
    """What shows one of a kind."""

    async def get(call: Call) -> Answer:
        """200 the entry."""
        value = str(call.request.path_params[parameter])
        found = await call.retour.suppression.get(call.sandbox, list_for(call, kind), kind, value)
        return 200, wire.suppression_entry(call.sandbox, found)

    return get


def delete_one(kind: EntryKind, parameter: str) -> Function:
    """What takes one of a kind off the list."""

    async def delete(call: Call) -> Answer:
        """204."""
        value, by = str(call.request.path_params[parameter]), call.caller.actor
        await call.retour.suppression.remove(call.sandbox, list_for(call, kind), kind, value, by)
        return 204, None

    return delete


async def wipe(call: Call) -> Answer:
    """202; both lists of the sandbox are empty, but for who has opted out of text messages."""
    named = call.request.path_params
    if (named["imsOrgId"], named["sandboxId"]) != (call.sandbox.org, call.sandbox.id):
        raise NotFound(Code.NOT_FOUND, "This is not the organization and the sandbox that the call names.")
    await call.retour.suppression.wipe(call.sandbox, call.caller.actor)
    return 202, None


# --- queries, which uploads have, too ---


def list_name(call: Call) -> ListName:
    """Which list is meant. Raises Invalid."""
    given = call.request.query_params
    word = (given.get("type") or given.get("listType") or ListType.CLIENT).lower()
    if word not in [*ListType]:
        raise _wrong("type", "Use client or allowed.")
    return next(name for name, told in LIST_TYPES.items() if told == word)


def list_for(call: Call, kind: EntryKind) -> ListName:
    """The same for entries of a kind. Raises Invalid."""
    name = list_name(call)
    if name is ListName.ALLOWED and kind not in MAIL_KINDS:
        raise _wrong("type", f"Use client. {MAIL_ONLY}")
    return name


def order_of(call: Call, orders: tuple[str, ...] = ORDERS) -> str:
    """The order, the newest first unless it says else. A plus sign may have become a blank. Raises Invalid."""
    order = call.request.query_params.get("orderby", orders[0]).strip()
    if order not in orders:
        raise _wrong("orderby", f"Use {' or '.join(orders[:2])}.")
    return order


def limit_of(call: Call) -> int:
    """How many. Raises Invalid."""
    limit = call.request.query_params.get("limit", "20")
    low, high = limits.SUPPRESSION_PAGE
    if not (limit.isdecimal() and limit.isascii() and len(limit) < 5 and low <= int(limit) <= high):
        raise _wrong("limit", f"Use {low} to {high:,}.")
    return int(limit)


def start_of(call: Call) -> str:
    """Where a page begins; empty for the first one. Raises Invalid."""
    start = call.request.query_params.get("start", "")
    if start and not ENTRY_ID.fullmatch(start):
        raise _wrong("start", "Use _page.next of an answer.")
    return start


def links(call: Call, following: str | None) -> Links:
    """This page and the next one."""
    path = call.request.url.path
    query = [(name, value) for name, value in call.request.query_params.multi_items() if name != "start"]

    def link(start: str) -> Link:
        said = urlencode([*query, *([("start", start)] if start else [])])
        return Link(href=f"{path}?{said}" if said else path)

    return Links(self=link(start_of(call)), next=link(following) if following else None)


def _filtered(call: Call, sought: Sought) -> Sought | None:
    """With the property filters; None when nothing can meet them. Raises Invalid."""
    own = "channel==email" if sought.kind in MAIL_KINDS else "channel==sms"
    for text in call.request.query_params.getlist("property"):
        found = PROPERTY.fullmatch(text.replace(" ", ""))
        if found is None:
            raise _wrong("property", f"Use creationdate<1631739725150, also with <=, >, >= or ==, or {own}.")
        sign, digits, channel = found.groups()
        if channel is not None:
            if f"channel=={channel.lower()}" != own:
                return None
            continue
        sought = BOUNDS[sign](sought, int(digits) * MILLISECOND)
    return sought


def _since(sought: Sought, at: int) -> Sought:
    return msgspec.structs.replace(sought, since=max(sought.since, at))


def _until(sought: Sought, at: int) -> Sought:
    return msgspec.structs.replace(sought, until=min(sought.until, at, FOREVER))


BOUNDS: dict[
    str, Callable[[Sought, int], Sought]
] = {  # a date of ours is a whole millisecond when it is shown
    "<": _until,
    "<=": lambda sought, at: _until(sought, at + MILLISECOND),
    ">": lambda sought, at: _since(sought, at + MILLISECOND),
    ">=": _since,
    "==": lambda sought, at: _until(_since(sought, at), at + MILLISECOND),
}


def _check_types(kind: EntryKind, entries: list[EntryGiven]) -> None:
    problems = checks.Problems()
    for place, one in enumerate(entries):
        word = one.entity.type.lower()
        good = not word or WORDS.get(word) is kind
        problems.need(
            f"[{place}].entity.type",
            good,
            "Use email for addresses, domain for domains, phone for numbers, each at its path.",
        )
    problems.refuse("The entries can't be added like this.")


def _wrong(name: str, sentence: str) -> Invalid:
    problems = checks.Problems()
    problems.add(name, sentence)
    return Invalid(Code.INVALID_FIELDS, "The query is wrong.", tuple(problems.fields))


BAD_QUERY = ((400, Code.INVALID_FIELDS),)


def _rows(noun: str, one: str, kind: EntryKind, parameter: str) -> tuple[ApiRoute, ...]:
    """The four rows of a kind."""
    path = f"{BASE}/{noun}"
    each = f"{path}/{{{parameter}}}"
    shown = {200: wire.SuppressionEntry}
    which, deed = (
        ("suppressed or allowed", "Suppress or allow") if kind in MAIL_KINDS else ("denylisted", "Denylist")
    )
    return (
        ApiRoute(
            "GET", path, Scope.READ, list_of(kind), f"List {which} {noun}",
            answers={200: wire.SuppressionPage}, query=ListQuery, refusals=BAD_QUERY,
        ),
        ApiRoute(
            "POST", path, Scope.CONFIGURE, add_to(kind), f"{deed} {noun}",
            Entries, {201: list[wire.SuppressionEntry]}, TypeQuery, BAD_QUERY,
        ),
        ApiRoute(
            "GET", each, Scope.READ, get_one(kind, parameter), f"Get a {which} {one}",
            answers=shown, query=TypeQuery, refusals=BAD_QUERY,
        ),
        ApiRoute(
            "DELETE", each, Scope.CONFIGURE, delete_one(kind, parameter), f"Delete a {which} {one}",
            answers={204: None}, query=TypeQuery, refusals=BAD_QUERY,
        ),
    )  # fmt: skip


ROUTES = (
    *_rows("addresses", "address", EntryKind.ADDRESS, "email"),
    *_rows("domains", "domain", EntryKind.DOMAIN, "domain"),
    *_rows("numbers", "number", EntryKind.NUMBER, "number"),
    ApiRoute(
        "DELETE",
        BASE + "/admin/{imsOrgId}/{sandboxId}",
        Scope.CONFIGURE,
        wipe,
        "Wipe both lists of a sandbox",
        answers={202: None},
    ),
)
