"""/ajo/config/suppression/uploads: a CSV of addresses, domains and numbers, added by a job."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from retour import limits
from retour.catalog.inputs import between, told
from retour.errors import Code, Field, Invalid, TooLarge
from retour.model import Scope
from retour.web import wire
from retour.web.api.calls import Answer, ApiRoute, Call
from retour.web.api.suppression import (
    BAD_QUERY,
    BASE,
    TypeQuery,
    limit_of,
    links,
    list_name,
    order_of,
    start_of,
)
from retour.web.multipart import Part
from retour.web.wire.suppression import ListInfo

PATH = BASE + "/uploads"
EACH = PATH + "/{jobId}"
MULTIPART = "multipart/form-data"
AROUND = 64 * 1024  # of a body, beside the file
ORDERS = ("-createtime",)


class UploadFile(msgspec.Struct):
    """A form with a file: CSV in UTF-8 whose first line is TYPE,VALUE,COMMENT."""

    file: Annotated[str, told(format="binary")]


class JobsQuery(msgspec.Struct, rename={"order_by": "orderby"}):
    """What a list takes. start: the `_page.next` of the page before."""

    order_by: Literal["-createtime"] | UnsetType = UNSET
    limit: Annotated[int, between(limits.SUPPRESSION_PAGE)] = 20
    start: str | UnsetType = UNSET


async def upload(call: Call) -> Answer:
    """201 the id of the job that adds the records of the file."""
    name = list_name(call)
    try:
        part = _file(await call.form(limits.UPLOAD_BYTES + AROUND))
    except TooLarge as error:
        title = f"The file is over {limits.UPLOAD_BYTES:,} bytes. Send it in parts."
        raise TooLarge(Code.BODY_TOO_LARGE, title) from error
    except ValueError as error:
        message = f"Send {MULTIPART} with the CSV in the field “file”."
        raise Invalid(Code.INVALID_FIELDS, message, (Field("file", message),), status=422) from error
    by = call.caller.actor
    made = await call.retour.uploads.start(call.sandbox, name, part.filename or "", part.content, by)
    return 201, wire.upload_answer(made)


async def list_page(call: Call) -> Answer:
    """200 a page of jobs, the newest first."""
    order, limit = order_of(call, ORDERS), limit_of(call)
    found = await call.retour.suppressed.uploads(call.sandbox.id, start_of(call), limit + 1)
    following = found[limit - 1].id if len(found) > limit else None
    shown = found[:limit]
    info = ListInfo(order_by=order, next=following, count=len(shown))
    return 200, wire.upload_page(shown, info, links(call, following))


async def get(call: Call) -> Answer:
    """200 the job: how far it is, and the first of the records that failed."""
    found = await call.retour.uploads.get(call.sandbox, _id(call))
    most = limits.UPLOAD_RECORDS_SHOWN
    failed = await call.retour.suppressed.first_failures(call.sandbox.id, found.id, most)
    return 200, wire.upload_detail(call.sandbox, found, failed)


async def delete(call: Call) -> Answer:
    """204; one that is not over ends. What it added stays."""
    await call.retour.uploads.delete(call.sandbox, _id(call), call.caller.actor)
    return 204, None


def _id(call: Call) -> str:
    return str(call.request.path_params["jobId"])


def _file(fields: list[Part]) -> Part:
    """The file of the form. Raises ValueError."""
    for field in fields:
        if field.name == "file":
            return field
    raise ValueError("no file")


ROUTES = (
    ApiRoute(
        "POST", PATH, Scope.CONFIGURE, upload, "Upload suppressed or allowed entries",
        UploadFile, {201: wire.UploadAnswer}, TypeQuery, BAD_QUERY, MULTIPART,
    ),
    ApiRoute(
        "GET", PATH, Scope.READ, list_page, "List the uploads",
        answers={200: wire.UploadPage}, query=JobsQuery, refusals=BAD_QUERY,
    ),
    ApiRoute("GET", EACH, Scope.READ, get, "Get an upload", answers={200: wire.UploadDetail}),
    ApiRoute("DELETE", EACH, Scope.CONFIGURE, delete, "Delete an upload", answers={204: None}),
)  # fmt: skip
