"""A posted form, and what is wrong with it, placed at its fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from retour.errors import Field
from retour.web.multipart import Part

MOST_FIELDS = 2_000
BAD_NUMBER = -1  # below every limit, so that the catalog names the limits


class Form:
    """Values by name, as a browser sends them; line ends are `\\n`. Files by name: name and content."""

    def __init__(
        self,
        values: Mapping[str, list[str]] | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> None:
        self._values = dict(values or {})
        self._files = dict(files or {})

    @classmethod
    def parse(cls, body: bytes) -> Form:
        """An urlencoded body. Raises ValueError when it is none."""
        values: dict[str, list[str]] = {}
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        for name, value in pairs:
            values.setdefault(name, []).append(value.replace("\r\n", "\n"))
        return cls(values)

    @classmethod
    def with_file(cls, fields: Iterable[Part]) -> Form:
        """A multipart one. Raises ValueError when a value is no text."""
        values: dict[str, list[str]] = {}
        files: dict[str, tuple[str, bytes]] = {}
        for field in fields:
            if field.filename is None:
                values.setdefault(field.name, []).append(field.content.decode().replace("\r\n", "\n"))
            else:
                files[field.name] = (field.filename, field.content)
        return cls(values, files)

    def file(self, name: str) -> tuple[str, bytes]:
        """Its name and what is in it; both empty when none was chosen."""
        return self._files.get(name, ("", b""))

    def text(self, name: str, default: str = "") -> str:
        """The first value."""
        return self._values.get(name, [default])[0]

    def line(self, name: str, default: str = "") -> str:
        """The first value without spaces around it."""
        return self.text(name, default).strip()

    def all(self, name: str) -> list[str]:
        """Every value: of checkboxes."""
        return list(self._values.get(name, []))

    def on(self, name: str) -> bool:
        """Whether a checkbox is ticked."""
        return name in self._values

    def number(self, name: str) -> int:
        """A whole number, else BAD_NUMBER."""
        return as_number(self.line(name))

    def names(self) -> Iterable[str]:
        """Of everything that was sent, in order."""
        return self._values.keys()


def as_number(text: str) -> int:
    """A whole number, else BAD_NUMBER."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else BAD_NUMBER


def as_decimal(text: str) -> float:
    """A number with or without a fraction, else BAD_NUMBER."""
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else BAD_NUMBER


class Problems(Mapping[str, str]):
    """Sentences by field id, for the text under each field and the list above all."""

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        self._texts: dict[str, str] = {}
        for field in fields:
            place = field_id(field.path)
            known = self._texts.get(place)
            self._texts[place] = field.message if known is None else f"{known} {field.message}"

    def __getitem__(self, place: str) -> str:
        return self._texts[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def field_id(path: str) -> str:
    """The id of the element for a path of the catalog: `authentication.claims` is `authentication-claims`.

    A list of checkboxes is one element; a row of headers is one for each: `headers[2]` is `headers-2`.
    """
    if path.startswith("headers["):
        return path.replace("[", "-").replace("]", "").replace(".", "-")
    return re.sub(r"\[\d+\]", "", path).replace(".", "-")


class Difference(NamedTuple):
    """A field where two forms say different things: what was typed, and what is saved now."""

    label: str
    mine: str
    theirs: str


def differences(mine: Mapping[str, str], theirs: Mapping[str, str]) -> list[Difference]:
    """Where two forms say different things, in the order of the form."""
    labels = list(dict.fromkeys([*mine, *theirs]))
    rows = ((label, mine.get(label, "(not there)"), theirs.get(label, "(not there)")) for label in labels)
    return [Difference(*row) for row in rows if row[1] != row[2]]
