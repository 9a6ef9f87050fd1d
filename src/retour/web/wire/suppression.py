"""Suppression and allowed lists as Adobe's API shows them: times in milliseconds, of uploads in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from msgspec import UNSET, UnsetType

from retour import ids, limits, model
from retour.stores.suppression_shelves import FailedRecord, Upload, UploadState
from retour.suppression import Cause, Entry, EntryKind, ListName
from retour.web.wire.shapes import Answer, Instant

T = TypeVar("T")
MILLISECOND = 1_000
TAKEN = 201  # what an upload was answered with


class ListType(StrEnum):
    """Adobe's words for the two lists."""

    CLIENT = "client"
    ALLOWED = "allowed"


LIST_TYPES = {ListName.SUPPRESSED: ListType.CLIENT, ListName.ALLOWED: ListType.ALLOWED}
ENTITY_TYPES: dict[EntryKind, Literal["email", "domain", "phone"]] = {
    EntryKind.ADDRESS: "email",
    EntryKind.DOMAIN: "domain",
    EntryKind.NUMBER: "phone",
}
SUPPRESSED_TYPES: dict[Cause, Literal["MANUAL", "HARD", "SOFT", "OPT_OUT"]] = {
    Cause.MANUAL: "MANUAL",
    Cause.HARD: "HARD",
    Cause.SOFT: "SOFT",
    Cause.COMPLAINT: "HARD",
    Cause.OPT_OUT: "OPT_OUT",
}


class SuppressionEntity(Answer):
    """An e-mail address, a domain or a telephone number. `phone` is ours."""

    type: Literal["email", "domain", "phone"]
    entity_value: str


class SuppressedBecause(Answer):
    """Why. reason: ours, `Invalid Recipient`, `Mailbox Full`, `Spam Complaint` …; null for what somebody added.

    type: `OPT_OUT`, of numbers, is ours. The comment is then the word that the person answered with, and user the
    channel configuration that heard it.
    """

    type: Literal["MANUAL", "HARD", "SOFT", "OPT_OUT"]
    user: str
    comment: str
    date: int
    reason: str | None


class SuppressionClient(Answer):
    """Whose list."""

    ims_org_id: str
    sandbox_id: str


class BounceEvent(Answer):
    """The bounce that an address or a number is suppressed for."""

    message_id: str
    date: Instant
    message: str
    bounce_type: Literal["HARD", "SOFT"]


class BounceState(Answer):
    """softCount: soft errors since the last success."""

    soft_count: int
    bounce_events: list[BounceEvent]


class SuppressionEntry(Answer):
    """An entry of a list. Dates: milliseconds since 1970. bounceState: of addresses, and of numbers that bounced."""

    id: str
    entity: SuppressionEntity
    suppressed: SuppressedBecause
    creation_date: int
    last_modified_date: int
    status: Literal["active", "deleted"]
    list_type: ListType
    client: SuppressionClient
    bounce_state: BounceState | UnsetType = UNSET


class ListInfo(Answer, rename={"order_by": "orderby"}):
    """Where a list stands. next: what `start` takes to go on, null at the end."""

    order_by: str
    next: str | None
    count: int


class Link(Answer):
    """A path with its query."""

    href: str


class Links(Answer):
    """The ways to this page and to the next one."""

    self: Link
    next: Link | None


class AdobeList(Answer, Generic[T], rename={"page": "_page", "links": "_links"}):
    """A list as Adobe's suppression API has it."""

    page: ListInfo
    items: list[T]
    links: Links


class SuppressionPage(AdobeList[SuppressionEntry]):
    """Entries of a list."""


class UploadAccepted(Answer):
    """The job that was begun."""

    job_id: str


class UploadAnswer(Answer):
    """What an upload is answered with."""

    success: UploadAccepted


class UploadJob(Answer):
    """An upload. Times: seconds since 1970; endTime: null while it is not over."""

    job_id: str
    user: str
    filename: str
    create_time: int
    end_time: int | None
    status: UploadState
    response_code: int
    response_text: str | None
    record_count: int
    handled_count: int
    failed_count: int
    list_type: ListType


class UploadRecord(Answer):
    """A record that was not added, and why."""

    type: str
    value: str
    comments: str
    failure_reason: str


class UploadDetail(UploadJob):
    """An upload with the first of its failed records."""

    ims_org_id: str
    sandbox_id: str
    failed_records: list[UploadRecord]


class UploadPage(AdobeList[UploadJob]):
    """Uploads."""


def suppression_entry(sandbox: model.Sandbox, entry: Entry) -> SuppressionEntry:
    """An entry of a list."""
    return SuppressionEntry(
        id=entry.id,
        entity=SuppressionEntity(type=ENTITY_TYPES[entry.kind], entity_value=entry.value),
        suppressed=SuppressedBecause(
            type=SUPPRESSED_TYPES[entry.cause],
            user=entry.made_by,
            comment=entry.comment,
            date=entry.created_at // MILLISECOND,
            reason=entry.reason or None,
        ),
        creation_date=entry.created_at // MILLISECOND,
        last_modified_date=entry.modified_at // MILLISECOND,
        status="active",
        list_type=LIST_TYPES[entry.list],
        client=SuppressionClient(ims_org_id=sandbox.org, sandbox_id=sandbox.id),
        bounce_state=_bounces(entry) if _can_bounce(entry) else UNSET,
    )


def _can_bounce(entry: Entry) -> bool:
    return entry.kind is EntryKind.ADDRESS or (entry.kind is EntryKind.NUMBER and entry.cause is Cause.HARD)


def _bounces(entry: Entry) -> BounceState:
    if entry.cause is Cause.MANUAL:
        return BounceState(soft_count=entry.errors, bounce_events=[])
    bounce = BounceEvent(
        message_id=entry.message_id,
        date=ids.iso(entry.created_at),
        message=entry.reason,
        bounce_type="SOFT" if entry.cause is Cause.SOFT else "HARD",
    )
    return BounceState(soft_count=entry.errors, bounce_events=[bounce])


def suppression_page(
    sandbox: model.Sandbox, entries: Iterable[Entry], info: ListInfo, links: Links
) -> SuppressionPage:
    """A page of a list."""
    return SuppressionPage(
        page=info, items=[suppression_entry(sandbox, entry) for entry in entries], links=links
    )


def upload_answer(upload: Upload) -> UploadAnswer:
    """The id of the job."""
    return UploadAnswer(success=UploadAccepted(job_id=upload.id))


def upload_job(upload: Upload) -> UploadJob:
    """How far it is."""
    return UploadJob(**_job(upload))


def upload_detail(sandbox: model.Sandbox, upload: Upload, failed: Sequence[FailedRecord]) -> UploadDetail:
    """How far it is, and what failed."""
    records = [
        UploadRecord(type=one.type, value=one.value, comments=one.comments, failure_reason=one.reason)
        for one in failed
    ]
    return UploadDetail(**_job(upload), ims_org_id=sandbox.org, sandbox_id=sandbox.id, failed_records=records)


def upload_page(uploads: Iterable[Upload], info: ListInfo, links: Links) -> UploadPage:
    """A page of uploads."""
    return UploadPage(page=info, items=[upload_job(upload) for upload in uploads], links=links)


def _job(upload: Upload) -> dict[str, Any]:
    failed = upload.state is UploadState.ERROR
    return {
        "job_id": upload.id,
        "user": upload.made_by,
        "filename": upload.name,
        "create_time": upload.created_at // limits.SECOND,
        "end_time": upload.modified_at // limits.SECOND if upload.over else None,
        "status": upload.state,
        "response_code": TAKEN,
        "response_text": "None of the records could be added." if failed else None,
        "record_count": upload.records,
        "handled_count": upload.handled,
        "failed_count": upload.failed,
        "list_type": LIST_TYPES[upload.list],
    }
