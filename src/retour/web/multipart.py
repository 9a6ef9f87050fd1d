"""multipart/form-data (RFC 7578), as browsers and programs send a file. Pure."""

from __future__ import annotations

from email.message import Message
from typing import NamedTuple

MOST_PARTS = 50


class Part(NamedTuple):
    """A field. filename: None for one that is no file."""

    name: str
    filename: str | None
    content: bytes


def parts(body: bytes, content_type: str) -> list[Part]:
    """The fields in their order. Raises ValueError when it is none, breaks off, or has too many."""
    boundary = _header("content-type", content_type).get_param("boundary")
    if not content_type.lower().startswith("multipart/form-data") or not isinstance(boundary, str):
        raise ValueError("not multipart/form-data with a boundary")
    line = b"\r\n--" + boundary.encode("utf-8", "replace")
    _, *pieces = (b"\r\n" + body).split(line, MOST_PARTS + 1)
    if not pieces or not pieces[-1].startswith(b"--"):
        raise ValueError("it breaks off, or has too many fields")
    return [_part(piece) for piece in pieces[:-1]]


def _part(piece: bytes) -> Part:
    head, separator, content = piece.partition(b"\r\n\r\n")
    if not separator:
        raise ValueError("a field without headers")
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            found = _header("content-disposition", value.strip())
            return Part(_text(found, "name") or "", _text(found, "filename"), content)
    raise ValueError("a field without a name")


def _header(name: str, value: str) -> Message:
    made = Message()
    made[name] = value.replace("\r", " ").replace("\n", " ")
    return made


def _text(header: Message, name: str) -> str | None:
    value = header.get_param(name, header="content-disposition")
    return value if isinstance(value, str) else None
