"""Upload CSV: a file of addresses, domains and numbers for a list, how far it is, what in it failed."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from retour import limits
from retour.errors import Field, Refused
from retour.model import Role
from retour.stores.suppression_shelves import Upload, UploadState
from retour.web.admin import sheets, words
from retour.web.admin.forms.fields import Problems
from retour.web.admin.guard import FORM_BYTES, Page
from retour.web.admin.views.suppression import (
    ALLOWED_LIST,
    DENYLIST,
    LISTS,
    SUPPRESSION_LIST,
    Shown,
    about,
    list_of,
)
from retour.web.admin.visits import SandboxVisit

PATH = "/suppression-uploads"
ONE = PATH + "/{id}"
REPORT = ("type", "value", "comments", "failureReason")
SHOWN = 20  # failed records on the page; the report has all
STATES = {
    UploadState.ACCEPTED: ("Pending", ""),
    UploadState.PENDING: ("Pending", "warn"),
    UploadState.COMPLETE: ("Complete", "ok"),
    UploadState.ERROR: ("Error", "bad"),
    UploadState.CANCELED: ("Canceled", ""),
}


def status(state: UploadState) -> words.Status:
    """Adobe's word for it, and its look."""
    word, look = STATES[state]
    return words.Status(word=word, look=look)


async def ask(visit: SandboxVisit) -> Response:
    """The form, and the uploads so far."""
    return await _ask_page(visit, None)


async def upload(visit: SandboxVisit) -> Response:
    """Take the file; then to where its progress is shown."""
    file_name, raw = visit.form.file("file")
    try:
        made = await visit.retour.uploads.start(
            visit.sandbox, list_of(visit).name, file_name, raw, visit.person.actor
        )
    except Refused as error:
        return await _ask_page(visit, error)
    return visit.see(f"{visit.here}{PATH}/{made.id}")


async def _ask_page(visit: SandboxVisit, error: Refused | None) -> Response:
    shown = list_of(visit)
    found = await visit.retour.suppressed.uploads(visit.sandbox.id)
    fields = [Field("file", field.message) for field in error.fields] if error else []
    return visit.render(
        "suppression/upload.html",
        error.status if error else 200,
        **about(shown),
        uploads=[(one, status(one.state)) for one in found if one.list is shown.name],
        problems=Problems(fields),
        megabytes=limits.UPLOAD_BYTES // 1024 // 1024,
        most=limits.ALLOWED_ENTRIES if shown is ALLOWED_LIST else limits.UPLOAD_ROWS,
        days=limits.UPLOAD_AGE // limits.DAY,
    )


async def show(visit: SandboxVisit) -> Response:
    """How far it is."""
    found = await visit.retour.uploads.get(visit.sandbox, visit.id)
    failed = await visit.retour.suppressed.first_failures(visit.sandbox.id, found.id, SHOWN)
    return visit.render(
        "suppression/progress.html",
        **about(_list_of(found)),
        denylist=DENYLIST.path,
        upload=found,
        state=status(found.state),
        failed=failed,
        shown=SHOWN,
    )


async def report(visit: SandboxVisit) -> Response:
    """Every record that failed, as CSV."""
    found = await visit.retour.uploads.get(visit.sandbox, visit.id)
    return StreamingResponse(
        _sheet(visit, found.id),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="error-report.csv"'},
    )


async def _sheet(visit: SandboxVisit, upload_id: str) -> AsyncIterator[bytes]:
    yield sheets.lines([REPORT])
    async for chunk in visit.retour.suppressed.failures(visit.sandbox.id, upload_id):
        yield sheets.lines((one.type, one.value, one.comments, one.reason) for one in chunk)


async def delete(visit: SandboxVisit) -> Response:
    """Forget it, and end it if it is not over."""
    found = await visit.retour.uploads.get(visit.sandbox, visit.id)
    await visit.retour.uploads.delete(visit.sandbox, found.id, visit.person.actor)
    return visit.see(f"{visit.here}{_list_of(found).path}/upload", "upload-deleted")


def _list_of(upload: Upload) -> Shown:
    """Where its entries are shown; its numbers are on the denylist."""
    return ALLOWED_LIST if upload.list is ALLOWED_LIST.name else SUPPRESSION_LIST


ADMINISTRATOR = Role.ADMINISTRATOR
PAGES = (
    *(
        Page[SandboxVisit](
            path=shown.path + "/upload",
            get=ask,
            post=upload,
            role=ADMINISTRATOR,
            most=limits.UPLOAD_BYTES + FORM_BYTES,
            with_file=True,
        )
        for shown in LISTS.values()
    ),
    Page[SandboxVisit](path=ONE, get=show, role=ADMINISTRATOR),
    Page[SandboxVisit](path=ONE + "/csv", get=report, role=ADMINISTRATOR),
    Page[SandboxVisit](path=ONE + "/delete", post=delete),
)
