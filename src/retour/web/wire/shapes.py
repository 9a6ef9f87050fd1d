"""What all answers share: names in camelCase, instants as text, lists with their page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Generic, TypeVar

import msgspec

from retour import ids
from retour.catalog.inputs import told

T = TypeVar("T")
Instant = Annotated[str, told(format="date-time")]


class Answer(msgspec.Struct, rename="camel"):
    """An answer, or a part of one. Fields are sent in this order, all of them; those left UNSET are not."""


class PageInfo(Answer):
    """Where a list stands. next: what `after` takes to go on, null at the end."""

    count: int
    next: str | None


class Page(Answer, Generic[T], rename={"page": "_page"}):
    """A list: `{"data": […], "_page": {…}}`."""

    data: list[T]
    page: PageInfo


def page(data: Iterable[T], following: str | None = None) -> Page[T]:
    """A list. following: where the next page begins, None at the end."""
    items = list(data)
    return Page(data=items, page=PageInfo(count=len(items), next=following))


def raw(body: bytes) -> msgspec.Raw:
    """The body of an event as it stands in an answer: null once it is removed."""
    return msgspec.Raw(body or b"null")


def time_of(micros: int) -> str:
    """An instant."""
    return ids.iso(micros)


def time_or_none(micros: int | None) -> str | None:
    """An instant, or null."""
    return None if micros is None else ids.iso(micros)
