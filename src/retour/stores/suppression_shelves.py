"""Suppression and allowed lists as they are read from the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from retour import limits
from retour.model import Value
from retour.stores import Row, Store
from retour.suppression import Cause, Entry, EntryKind, ListName, Rules, key_of

OLDEST, NEWEST = "", "~"  # before and after every id
FOREVER = 2**62
CHUNK = 1_000
Kinds: TypeAlias = tuple[EntryKind, ...]
FAILURES_READ = 20  # rows of failures, a batch of records each


class Sought(Value):
    """Which entries: of a kind, of a cause, made in a time (microseconds), whose value holds a text."""

    list: ListName = ListName.SUPPRESSED
    kind: EntryKind = EntryKind.ADDRESS
    cause: Cause | None = None
    text: str = ""
    since: int = 0
    until: int = FOREVER


class UploadState(StrEnum):
    """Where an upload stands, in AJO's words. CANCELED is AJO's; here a job that is deleted is gone."""

    ACCEPTED = "ACCEPTED"
    PENDING = "PENDING"
    COMPLETE = "COMPLETE"
    CANCELED = "CANCELED"
    ERROR = "ERROR"


class Upload(Value):
    """A file of entries that is being added. ERROR: none of its records could be.

    records: in the file. handled: of these, the ones that failed among them. made_by: an e-mail address or client id.
    """

    id: str
    list: ListName
    name: str
    state: UploadState
    records: int
    handled: int
    failed: int
    made_by: str
    created_at: int
    modified_at: int

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.state not in (UploadState.ACCEPTED, UploadState.PENDING)


class FailedRecord(Value):
    """A record of an upload that was not added, as it stood in the file, and why."""

    type: str
    value: str
    comments: str
    reason: str


class SuppressionShelves:
    """Reads for the lists."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, sandbox: str, sought: Sought, start: str = "", limit: int = 20, newest_first: bool = True
    ) -> list[Entry]:
        """Entries by their age, those after the one with the id `start`."""
        values = {
            "list": sought.list,
            "kind": sought.kind,
            "cause": sought.cause or "",
            "pattern": _pattern(sought.text),
            "since": sought.since,
            "until": sought.until,
            "limit": limit,
        }
        if newest_first:
            rows = await self._store.read(
                "suppressions_newest", sandbox=sandbox, start=start or NEWEST, **values
            )
        else:
            rows = await self._store.read(
                "suppressions_oldest", sandbox=sandbox, start=start or OLDEST, **values
            )
        return [_entry(sandbox, row) for row in rows]

    async def mixed(
        self, sandbox: str, sought: Sought, start: str, limit: int, kinds: Kinds = tuple(EntryKind)
    ) -> list[Entry]:
        """Entries of these kinds in one list, newest first."""
        found: list[Entry] = []
        for kind in kinds:
            found += await self.page(sandbox, msgspec.structs.replace(sought, kind=kind), start, limit)
        return sorted(found, key=lambda entry: entry.id, reverse=True)[:limit]

    async def all(
        self, sandbox: str, name: ListName, kinds: Kinds = tuple(EntryKind)
    ) -> AsyncIterator[list[Entry]]:
        """Everything on a list, newest first, a chunk at a time."""
        start = ""
        while chunk := await self.mixed(sandbox, Sought(list=name), start, CHUNK, kinds):
            yield chunk
            start = chunk[-1].id

    async def entry(self, sandbox: str, name: ListName, kind: EntryKind, value: str) -> Entry | None:
        """One of them."""
        place = {"list": name, "kind": kind, "value": value}
        rows = await self._store.read("suppression_get", sandbox=sandbox, **place)
        return _entry(sandbox, rows[0]) if rows else None

    async def by_id(
        self, sandbox: str, name: ListName, entry_id: str, kinds: Kinds = tuple(EntryKind)
    ) -> Entry | None:
        """One of them."""
        for kind in kinds:
            place = {"list": name, "kind": kind, "id": entry_id}
            if rows := await self._store.read("suppression_by_id", sandbox=sandbox, **place):
                return _entry(sandbox, rows[0])
        return None

    async def listed(self, sandbox: str, address: str) -> frozenset[tuple[str, str]]:
        """What names an address: (list, kind) of each."""
        rows = await self._store.read("suppression_of", sandbox=sandbox, **key_of(address)._asdict())
        return frozenset((str(row[0]), str(row[1])) for row in rows)

    async def count(
        self, sandbox: str, name: ListName, most: int = limits.LIST_COUNT, kinds: Kinds = tuple(EntryKind)
    ) -> int:
        """How many are on a list, counted no further than `most`."""
        found = 0
        for kind in kinds:
            rows = await self._store.read(
                "suppression_count", sandbox=sandbox, list=name, kind=kind, most=most - found
            )
            found += int(rows[0][0])
        return found

    async def rules(self, sandbox: str) -> Rules:
        """The rules, the default ones if none were set."""
        rows = await self._store.read("suppression_rules_get", sandbox=sandbox)
        if not rows:
            return Rules()
        threshold, active, version = rows[0]
        return Rules(soft_threshold=threshold, allow_active=bool(active), version=version)

    # --- uploads ---

    async def upload(self, sandbox: str, upload_id: str) -> Upload | None:
        """One of them."""
        rows = await self._store.read("upload_get", sandbox=sandbox, id=upload_id)
        return _upload(rows[0]) if rows else None

    async def uploads(
        self, sandbox: str, before: str = "", limit: int = limits.UPLOADS_LISTED
    ) -> list[Upload]:
        """The newest first; before: an id."""
        rows = await self._store.read("uploads_page", sandbox=sandbox, before=before or NEWEST, limit=limit)
        return [_upload(row) for row in rows]

    async def failures(self, sandbox: str, upload_id: str) -> AsyncIterator[list[FailedRecord]]:
        """Every record that failed, in the order of the file, a chunk at a time."""
        after = -1
        while rows := await self._store.read(
            "failures_page", sandbox=sandbox, id=upload_id, after=after, limit=FAILURES_READ
        ):
            yield [record for row in rows for record in msgspec.json.decode(row[1], type=list[FailedRecord])]
            after = rows[-1][0]

    async def first_failures(self, sandbox: str, upload_id: str, most: int) -> list[FailedRecord]:
        """The first of them."""
        found: list[FailedRecord] = []
        async for chunk in self.failures(sandbox, upload_id):
            found += chunk
            if len(found) >= most:
                break
        return found[:most]


def _pattern(text: str) -> str:
    """For LIKE: whatever holds this text."""
    plain = "".join(f"!{character}" if character in "!%_" else character for character in text.lower())
    return f"%{plain}%"


ENTRY = ("list", "kind", "value", "id", "cause", "reason", "message_id", "comment", "made_by", "created_at",
         "modified_at", "errors")  # fmt: skip


def _entry(sandbox: str, row: Row) -> Entry:
    values: dict[str, Any] = dict(zip(ENTRY, row, strict=True))
    return msgspec.convert(values | {"sandbox": sandbox}, Entry)


def _upload(row: Row) -> Upload:
    return msgspec.convert(dict(zip(Upload.__struct_fields__, row, strict=True)), Upload)
