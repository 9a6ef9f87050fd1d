"""multipart/form-data (RFC 7578), as browsers and programs send a file. Pure."""

from __future__ import annotations

from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, create_form_parser

MOST_PARTS = 50


class Part(NamedTuple):
    """A field. filename: None for one that is no file."""

    name: str
    filename: str | None
    content: bytes


def parts(body: bytes, content_type: str) -> list[Part]:
    """The fields in their order. Raises ValueError when it is none, breaks off, or has too many."""
    if not content_type.lower().startswith("multipart/form-data"):
        raise ValueError("not multipart/form-data")
    found = _Found()
    headers = {"Content-Type": content_type.encode("latin-1", "replace")}
    in_memory = {"MAX_MEMORY_FILE_SIZE": len(body) + 1}
    try:
        parser = create_form_parser(headers, found.field, found.file, config=in_memory)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise ValueError(str(error)) from error
    if not body.rstrip(b"\r\n").endswith(b"--"):
        raise ValueError("it breaks off")
    return found.parts


class _Found:
    """What the parser tells, in its order."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    def field(self, field: Field) -> None:
        """A field that is no file."""
        self._keep(Part(_text(field.field_name) or "", None, field.value or b""))

    def file(self, file: File) -> None:
        """A file."""
        file.file_object.seek(0)
        content = file.file_object.read()
        file.close()
        self._keep(Part(_text(file.field_name) or "", _text(file.file_name), content))

    def _keep(self, part: Part) -> None:
        if len(self.parts) == MOST_PARTS:
            raise ValueError("it has too many fields")
        self.parts.append(part)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")
