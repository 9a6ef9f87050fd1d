"""Uploads: a CSV of addresses, domains and numbers becomes entries of a list, a batch to a commit.

The job is a row and its file: whoever goes on with it begins after what was handled, so that a restart loses nothing.
One process works on it at a time (a lease that each commit renews). A job that is deleted ends; its entries stay.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import structlog

from retour import audit, ids, limits
from retour.audit import Deed, Noun, Subject
from retour.catalog.suppression import FULL, NAMES, Given, normal, problem, put
from retour.errors import Busy, Code, Field, Invalid, NotFound
from retour.model import COMMAND_LINE, Actor, Sandbox, Value
from retour.stores import Store
from retour.stores.handovers import Answer, Changed, Stale, Step
from retour.stores.suppression_shelves import FailedRecord, SuppressionShelves, Upload, UploadState
from retour.suppression import EntryKind, ListName

HEADER = ("TYPE", "VALUE", "COMMENT")
KINDS = {"EMAIL": EntryKind.ADDRESS, "DOMAIN": EntryKind.DOMAIN, "PHONE": EntryKind.NUMBER}
PATIENCE = 30  # times that a busy store is asked again, a second apart; then another round goes on
OLD = 100  # jobs to a look
NAME_CHARACTERS = 100
log = structlog.get_logger()


class Batch(Value):
    """What comes of some records: entries to put, and those that failed."""

    good: tuple[Given, ...]
    failed: tuple[FailedRecord, ...]


class Uploads:
    """Takes files, works on them, shows how far it is."""

    def __init__(self, store: Store, shelves: SuppressionShelves) -> None:
        self._store = store
        self._shelves = shelves
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(
        self, sandbox: Sandbox, name: ListName, file_name: str, raw: bytes, by: Actor = COMMAND_LINE
    ) -> Upload:
        """Take a file and begin. Raises Invalid (422) when it is no CSV of that kind, or too large."""
        records = await asyncio.to_thread(read, raw)
        upload_id, now = ids.new_id(), ids.now()
        values: dict[str, Any] = {
            "sandbox": sandbox.id,
            "id": upload_id,
            "list": name,
            "name": _shown(file_name),
            "records": len(records),
            "by": by.name,
            "now": now,
            "held_until": now + limits.UPLOAD_LEASE,
        }
        told = {"list": NAMES[name], "file": values["name"], "records": len(records)}
        subject = Subject(Noun.SUPPRESSION, upload_id, values["name"])
        kept = {"sandbox": sandbox.id, "id": upload_id, "file": raw}
        steps = (
            Step(statement="upload_insert", values=values),
            Step(statement="file_insert", values=kept),
            audit.entry(by, audit.place_of(sandbox), Deed.UPLOADED, subject, None, told),
        )
        await self._store.write(Changed(steps=steps))
        self._begin(sandbox.id, upload_id, records)
        return await self.get(sandbox, upload_id)

    async def get(self, sandbox: Sandbox, upload_id: str) -> Upload:
        """How far it is. Raises NotFound."""
        found = await self._shelves.upload(sandbox.id, upload_id)
        if found is None:
            raise _missing()
        return found

    async def delete(self, sandbox: Sandbox, upload_id: str, by: Actor = COMMAND_LINE) -> None:
        """Forget the job, and end it if it is not over. What it added stays. Raises NotFound."""
        found = await self.get(sandbox, upload_id)
        subject = Subject(Noun.SUPPRESSION, upload_id, found.name)
        told = audit.entry(by, audit.place_of(sandbox), Deed.DELETED, subject)
        answer = await self._store.write(Changed(steps=(*_gone(sandbox.id, upload_id), told)))
        if isinstance(answer, Stale):
            raise _missing()

    async def go_on(self, now: int) -> bool:
        """Go on with what a stopped process left, drop what is old. True: something is still to be done."""
        while rows := await self._store.read("uploads_old", before=now - limits.UPLOAD_AGE, limit=OLD):
            for sandbox, upload_id in rows:
                await self._store.write(Changed(steps=_gone(sandbox, upload_id)))
        rows = await self._store.read("uploads_open")
        for sandbox, upload_id, _, _, held_until in rows:
            if held_until <= now and upload_id not in self._tasks:
                await self._take_over(sandbox, upload_id, now)
        return bool(rows)

    async def close(self) -> None:
        """Stop after the batch at hand; what is left is gone on with at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- the work ---

    async def _take_over(self, sandbox: str, upload_id: str, now: int) -> None:
        place = {"sandbox": sandbox, "id": upload_id}
        hold = Step(
            statement="upload_hold",
            values=place | {"now": now, "until": now + limits.UPLOAD_LEASE},
            guard=True,
        )
        if isinstance(await self._store.write(Changed(steps=(hold,))), Stale):
            return
        files = await self._store.read("upload_file", **place)
        if files:
            self._begin(sandbox, upload_id, await asyncio.to_thread(read, bytes(files[0][0])))

    def _begin(self, sandbox: str, upload_id: str, records: list[list[str]]) -> None:
        task = asyncio.ensure_future(self._work(sandbox, upload_id, records))
        self._tasks[upload_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(upload_id, None))

    async def _work(self, sandbox: str, upload_id: str, records: list[list[str]]) -> None:
        """Batch by batch, to the end, or until the job is gone or somebody else's."""
        try:
            upload = await self._shelves.upload(sandbox, upload_id)
            while upload is not None and not upload.over:
                batch = await self._batch(sandbox, upload, records)
                answer = await self._write(_advanced(sandbox, upload, batch))
                if isinstance(answer, Stale):
                    return
                upload = await self._shelves.upload(sandbox, upload_id)
        except Exception:
            log.exception("upload_stopped", sandbox=sandbox, upload=upload_id)

    async def _batch(self, sandbox: str, upload: Upload, records: list[list[str]]) -> Batch:
        batch = sorted_out(upload.list, records[upload.handled : upload.handled + limits.UPLOAD_BATCH])
        if upload.list is not ListName.ALLOWED:
            return batch
        known = [await self._shelves.entry(sandbox, upload.list, one.kind, one.value) for one in batch.good]
        places = limits.ALLOWED_ENTRIES - await self._shelves.count(
            sandbox, upload.list, limits.ALLOWED_ENTRIES
        )
        return fitting(batch, [entry is not None for entry in known], places)

    async def _write(self, changed: Changed) -> Answer:
        """Again while the store is busy, so that a backlog of others only slows it."""
        for _ in range(PATIENCE):
            try:
                return await self._store.write(changed)
            except Busy:
                await asyncio.sleep(1)
        return await self._store.write(changed)


def _gone(sandbox: str, upload_id: str) -> tuple[Step, ...]:
    place = {"sandbox": sandbox, "id": upload_id}
    return (
        Step(statement="file_delete", values=place),
        Step(statement="failures_delete", values=place),
        Step(statement="upload_delete", values=place, guard=True),
    )


def _advanced(sandbox: str, upload: Upload, batch: Batch) -> Changed:
    """The job is further: guarded by where it stood. Then the entries."""
    now, handled = ids.now(), upload.handled + len(batch.good) + len(batch.failed)
    failed = upload.failed + len(batch.failed)
    values = {
        "sandbox": sandbox,
        "id": upload.id,
        "before": upload.handled,
        "handled": handled,
        "failed": len(batch.failed),
        "state": state_of(upload.records, handled, failed),
        "now": now,
        "until": now + limits.UPLOAD_LEASE,
    }
    place = {"sandbox": sandbox, "id": upload.id}
    steps = [Step(statement="upload_advance", values=values, guard=True)]
    if batch.failed:
        doc = {"number": upload.handled, "doc": msgspec.json.encode(batch.failed)}
        steps.append(Step(statement="failure_insert", values=place | doc))
    if handled >= upload.records:
        steps.append(Step(statement="file_delete", values=place))
    puts = [
        Step(statement="suppression_put", values=put(sandbox, upload.list, one, upload.made_by, now))
        for one in batch.good
    ]
    return Changed(steps=tuple(steps), together=tuple(puts))


# --- decisions ---


def read(raw: bytes) -> list[list[str]]:
    """The records of a file, without its header. Raises Invalid."""
    if len(raw) > limits.UPLOAD_BYTES:
        raise _refused(f"The file is over {limits.UPLOAD_BYTES:,} bytes. Send it in parts.")
    try:
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused("The file is not CSV in UTF-8.") from error
    if not rows or tuple(word.strip().upper() for word in rows[0]) != HEADER:
        raise _refused("The first line of the file must be TYPE,VALUE,COMMENT.")
    records = [row for row in rows[1:] if any(word.strip() for word in row)]
    if not 0 < len(records) <= limits.UPLOAD_ROWS:
        raise _refused(f"The file must have 1 to {limits.UPLOAD_ROWS:,} records after its first line.")
    return records


def sorted_out(name: ListName, records: Iterable[Sequence[str]]) -> Batch:
    """Which can be put, and why the others can't."""
    good: list[Given] = []
    failed: list[FailedRecord] = []
    for record in records:
        word, value, comment = (*(text.strip() for text in record), "", "", "")[:3]
        kind = KINDS.get(word.upper())
        given = Given(kind or EntryKind.ADDRESS, value, comment)
        wrong = "TYPE must be EMAIL, DOMAIN or PHONE." if kind is None else problem(name, given)
        if len(record) > len(HEADER):
            wrong = "There are more than three fields. Put quotes around a comment with a comma."
        if wrong is None:
            good.append(Given(given.kind, normal(given.kind, value) or "", comment))
        else:
            failed.append(FailedRecord(type=word, value=value, comments=comment, reason=wrong))
    return Batch(good=tuple(good), failed=tuple(failed))


def fitting(batch: Batch, known: Sequence[bool], places: int) -> Batch:
    """What still fits on the allowed list. known: which of the entries are there already."""
    good: list[Given] = []
    failed = list(batch.failed)
    added: set[tuple[EntryKind, str]] = set()
    for one, there in zip(batch.good, known, strict=True):
        if there or (one.kind, one.value) in added:
            good.append(one)
        elif len(added) < places:
            good.append(one)
            added.add((one.kind, one.value))
        else:
            word = "EMAIL" if one.kind is EntryKind.ADDRESS else "DOMAIN"
            failed.append(FailedRecord(type=word, value=one.value, comments=one.comment, reason=FULL))
    return Batch(good=tuple(good), failed=tuple(failed))


def state_of(records: int, handled: int, failed: int) -> UploadState:
    """Where a job stands. ERROR: nothing of it could be added."""
    if handled < records:
        return UploadState.PENDING
    return UploadState.ERROR if failed == records else UploadState.COMPLETE


def _shown(file_name: str) -> str:
    """Its last part, as far as it can be read."""
    name = file_name.replace("\\", "/").rpartition("/")[2]
    return (
        "".join(character for character in name if character.isprintable())[:NAME_CHARACTERS] or "upload.csv"
    )


def _refused(sentence: str) -> Invalid:
    return Invalid(Code.INVALID_FIELDS, sentence, (Field("file", sentence),), status=422)


def _missing() -> NotFound:
    return NotFound(Code.NOT_FOUND, "There is no upload of this id in this sandbox.")
