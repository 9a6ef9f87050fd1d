"""Suppression and allowed lists: the filter in the address, an entry as it was typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from retour import limits
from retour.catalog.suppression import Given
from retour.model import Value
from retour.stores.suppression_shelves import Kinds, Sought
from retour.suppression import Cause, EntryKind, ListName
from retour.web.admin.forms.fields import Form

KINDS = {EntryKind.ADDRESS: "Email", EntryKind.DOMAIN: "Domain", EntryKind.NUMBER: "Phone"}
AROUND_DIGITS = str.maketrans("", "", " -./()")  # how people write numbers
CAUSES = {
    Cause.MANUAL: "Added by hand",
    Cause.HARD: "Hard bounce",
    Cause.SOFT: "Soft bounces",
    Cause.COMPLAINT: "Spam complaint",
    Cause.OPT_OUT: "Opt-out",
}
ID_CHARACTERS = 64


class Filter(Value):
    """What is asked for; empty means any. q: a part of what is listed. start: an id, of the page."""

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

    def sought(self, name: ListName, kinds: Kinds) -> Sought:
        """What to ask the store."""
        text = _digits(self.q) if kinds == (EntryKind.NUMBER,) else self.q
        return Sought(list=name, cause=Cause(self.cause) if self.cause else None, text=text)


def _digits(written: str) -> str:
    """A part of a number as it stands in E.164, which has no zero of a national or an international prefix."""
    digits = written.replace("(0)", "").translate(AROUND_DIGITS)
    return digits.lstrip("0") or digits


def read(given: Mapping[str, str], kinds: Kinds) -> Filter | None:
    """From an address, for a list of these kinds; None when it holds what no filter can be."""
    found = Filter(
        q=given.get("q", "").strip(),
        kind=given.get("kind", ""),
        cause=given.get("cause", ""),
        start=given.get("start", "")[:ID_CHARACTERS],
    )
    known = found.kind in ("", *kinds) and found.cause in ("", *Cause)
    return found if known and len(found.q) <= limits.SEARCH_CHARACTERS and found.q.isprintable() else None


def entry(form: Form, kinds: Kinds) -> Given:
    """One entry as it was typed, of the first of these kinds unless it says another of them."""
    kind = form.text("kind")
    return Given(
        EntryKind(kind) if kind in kinds else kinds[0],
        form.line("value"),
        form.line("comment"),
    )
