"""Suppression and allowed lists: the filter in the address, an entry as it was typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from retour import limits
from retour.catalog.suppression import Given
from retour.model import Value
from retour.stores.suppression_shelves import Sought
from retour.suppression import Cause, EntryKind, ListName
from retour.web.admin.forms.fields import Form

KINDS = {EntryKind.ADDRESS: "Email", EntryKind.DOMAIN: "Domain"}
CAUSES = {
    Cause.MANUAL: "Added by hand",
    Cause.HARD: "Hard bounce",
    Cause.SOFT: "Soft bounces",
    Cause.COMPLAINT: "Spam complaint",
}
ID_CHARACTERS = 64


class Filter(Value):
    """What is asked for; empty means any. q: a part of an address or a domain. start: an id, of the page."""

    q: str = ""
    kind: str = ""
    cause: str = ""
    start: str = ""

    @property
    def chosen(self) -> bool:
        """Whether anything is."""
        return bool(self.q or self.kind or self.cause)

    def query(self, start: str = "") -> str:
        """`?q=…`, as far as it says anything."""
        values = msgspec.structs.asdict(self) | {"start": start}
        said = urlencode({name: value for name, value in values.items() if value})
        return f"?{said}" if said else ""

    def sought(self, name: ListName) -> Sought:
        """What to ask the store."""
        kind = EntryKind(self.kind) if self.kind else EntryKind.ADDRESS
        return Sought(list=name, kind=kind, cause=Cause(self.cause) if self.cause else None, text=self.q)


def read(given: Mapping[str, str]) -> Filter | None:
    """From an address; None when it holds what no filter can be."""
    found = Filter(
        q=given.get("q", "").strip(),
        kind=given.get("kind", ""),
        cause=given.get("cause", ""),
        start=given.get("start", "")[:ID_CHARACTERS],
    )
    known = found.kind in ("", *EntryKind) and found.cause in ("", *Cause)
    return found if known and len(found.q) <= limits.SEARCH_CHARACTERS and found.q.isprintable() else None


def entry(form: Form) -> Given:
    """One entry as it was typed."""
    kind = form.text("kind")
    return Given(
        EntryKind(kind) if kind in [*EntryKind] else EntryKind.ADDRESS,
        form.line("value"),
        form.line("comment"),
    )
