"""Feedback events: what happened to messages, newest first; filters and place in the address; the same as CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response, StreamingResponse

from retour import ids, limits
from retour.model import ChannelKind, FeedbackStatus, Value
from retour.stores.event_shelves import NEWEST, Asked, EventRow, Found
from retour.web.admin import finding, sheets, told, words
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/events"
CSV = PATH + "/csv"
ROWS = 50
CSV_CHUNK = 500
ID_CHARACTERS = 64
PERIODS = {
    "1h": (limits.HOUR, "Last hour"),
    "24h": (limits.DAY, "Last 24 hours"),
    "7d": (7 * limits.DAY, "Last 7 days"),
    "30d": (30 * limits.DAY, "Last 30 days"),
}
COLUMNS = (
    "time", "event_id", "status", "channel", "user_id", "address", "campaign_id", "request_id", "execution_id",
    "message_id", "sequence", "failure_code", "failure_reason", "failure_type", "failure_category", "provider_said",
)  # fmt: skip


class Filters(Value):
    """What the address says. before: an event's id, or a message's when `q` (an id or a recipient) is given."""

    status: str = ""
    channel: str = ""
    campaign: str = ""
    period: str = ""
    q: str = ""
    before: str = ""

    @property
    def chosen(self) -> bool:
        """Whether anything is filtered."""
        return self != Filters(before=self.before)

    def query(self, before: str) -> str:
        """`?status=…&before=…`, as far as they say anything; from there on."""
        values = msgspec.structs.asdict(self) | {"before": before}
        said = urlencode({name: value for name, value in values.items() if value})
        return f"?{said}" if said else ""


async def listing(visit: SandboxVisit) -> Response:
    """A page of them."""
    filters = _filters(visit.request.query_params)
    if filters is None:
        return RedirectResponse(visit.here + PATH, 303)
    problem = finding.problem(filters.q)
    found = Found(rows=()) if problem else await _find(visit, filters, ROWS)
    names = await visit.retour.event_shelves.campaign_names(visit.sandbox.id)
    await _name_others(visit, names, [filters.campaign, *(row.campaign_id for row in found.rows)])
    return visit.render(
        "events/list.html",
        rows=[(row, told.reason(told.read(row.body))) for row in found.rows],
        filters=filters,
        problems={"q": problem} if problem else {},
        names=names,
        statuses=[(status.value, status.value) for status in FeedbackStatus],
        channels=[(channel.value, word) for channel, word in words.CHANNELS.items()],
        periods=[(key, word) for key, (_, word) in PERIODS.items()],
        older=filters.query(found.further) if found.further else "",
        newest=filters.query("") if filters.before else "",
        sheet=CSV + filters.query(""),
        cut_at=ids.id_time(found.further) if found.cut else None,
        days=visit.retour.settings.keep_attempts_days,
    )


def _filters(query: QueryParams) -> Filters | None:
    """None for what can't be chosen here."""
    values = {name: query.get(name, "") for name in Filters.__struct_fields__}
    filters = Filters(**values | {"q": values["q"].strip()})
    good = (
        filters.status in ("", *FeedbackStatus)
        and filters.channel in ("", *ChannelKind)
        and filters.period in ("", *PERIODS)
        and all(len(one) <= ID_CHARACTERS and one.isprintable() for one in (filters.campaign, filters.before))
    )
    return filters if good else None


async def _find(visit: SandboxVisit, filters: Filters, limit: int) -> Found:
    asked = Asked(
        status=filters.status,
        channel=filters.channel,
        campaign=filters.campaign,
        since=ids.now() - PERIODS[filters.period][0] if filters.period else 0,
        before=filters.before or NEWEST,
    )
    if filters.q:
        return await _find_named(visit, filters.q, asked)
    return await visit.retour.event_shelves.page(visit.sandbox.id, asked, limit)


async def _find_named(visit: SandboxVisit, text: str, asked: Asked) -> Found:
    """All events of some messages, message by message."""
    named, more = await finding.messages(visit.retour, visit.sandbox.id, text, asked.before)
    rows: list[EventRow] = []
    for message in named:
        told_of = await visit.retour.event_shelves.told_of(visit.sandbox.id, message)
        rows += [row for row in told_of if _fits(row, asked)]
    return Found(rows=tuple(rows), further=named[-1] if more else "", cut=more)


def _fits(row: EventRow, asked: Asked) -> bool:
    return (
        asked.status in ("", row.status)
        and asked.channel in ("", row.channel)
        and asked.campaign in ("", row.campaign_id)
        and row.at >= asked.since
    )


async def _name_others(visit: SandboxVisit, names: dict[str, str], campaigns: Iterable[str]) -> None:
    """Names of campaigns that are not among the newest."""
    for campaign in {one for one in campaigns if one} - set(names):
        name = await visit.retour.event_shelves.campaign_name(visit.sandbox.id, campaign)
        names[campaign] = name or campaign


async def download(visit: SandboxVisit) -> Response:
    """The filtered list from its newest on, CSV_ROWS at most, as it is read."""
    filters = _filters(visit.request.query_params)
    if filters is None or finding.problem(filters.q):
        return RedirectResponse(visit.here + PATH, 303)
    return StreamingResponse(
        _sheet(visit, filters),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="feedback-events.csv"'},
    )


async def _sheet(visit: SandboxVisit, filters: Filters) -> AsyncIterator[bytes]:
    """In chunks; the last line says so when there is more."""
    yield sheets.lines([COLUMNS])
    count = 0
    for _ in range(limits.CSV_PAGES):
        found = await _find(visit, filters, min(CSV_CHUNK, limits.CSV_ROWS - count))
        count += len(found.rows)
        yield sheets.lines(_cells(row) for row in found.rows)
        if not found.further:
            return
        if count >= limits.CSV_ROWS:
            break
        filters = msgspec.structs.replace(filters, before=found.further)
    end = ids.iso(ids.id_time(found.further))
    yield sheets.lines([[f"Cut off: what is older than {end} is not in this file. Choose fewer events."]])


def _cells(row: EventRow) -> tuple[object, ...]:
    one = told.read(row.body)
    failure = one.failure or told.Failure()
    return (
        ids.iso(row.at), row.id, row.status.value, row.channel.value, row.user_id, row.address, row.campaign_id,
        row.request_id, row.execution_id, row.message_id, row.sequence, failure.code or "", failure.reason or "",
        failure.type or "", failure.category or "", told.reply(one.provider) if one.provider else "",
    )  # fmt: skip


PAGES = (
    Page[SandboxVisit](path=PATH, get=listing),
    Page[SandboxVisit](path=CSV, get=download),
)
