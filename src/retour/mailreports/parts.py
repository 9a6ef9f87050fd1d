"""A mail cut into its parts, at a cost that is bounded whatever the mail holds.

Not by the standard library's parser: it follows any depth of nesting, compares each line with every boundary that is
open, knows no message/global-delivery-status (RFC 6533) and leaves an encoded delivery-status as it is. Here bytes are
split at boundaries, part by part, without recursion; headers alone are the library's matter.
"""

from __future__ import annotations

import binascii
import quopri
import re
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import NamedTuple

HEAD_BYTES = 256 * 1024
"""What is read of a mail. The words and the status come before the mail that is returned."""

HEADER_BYTES = 64 * 1024
HEADER_CHARACTERS = 2_000
MOST_PARTS = 64
DEEPEST = 6
CHARSETS = ("utf-8", "latin-1")
SHIFTED = ("iso-2022-jp",)
"""What has escape sequences of it, whatever else is told or, in a delivery status, not told at all."""

_PARSER = BytesHeaderParser(policy=compat32)
_KNOWN = re.compile(
    r"(utf-?(8|16|32)|iso-?(8859|2022)|windows|cp|us|ascii|koi8|mac|euc|shift|ms932|gb|big5|latin|hz|johab|tis)[\w-]*"
)  # Python has others that are no charsets of mail, and slow
_SHOWN = re.compile(rb"(?:[^\n]{0,200}\n){0,4}--([^\s-][^\n]{0,69})\n(?=Content-)", re.I)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")


class Part(NamedTuple):
    """A leaf: its type in lower case, its headers, its bytes before decoding."""

    type: str
    headers: Message
    raw: bytes

    @property
    def bytes(self) -> bytes:
        """The content, its transfer encoding taken off; as it stands where that is broken."""
        encoding = header(self.headers, "Content-Transfer-Encoding").lower()
        if encoding == "base64":
            return _from_base64(self.raw)
        return quopri.decodestring(self.raw) if encoding == "quoted-printable" else self.raw

    @property
    def text(self) -> str:
        """The content as text. Never fails: what is no text in its charset is read as another."""
        content, charset = self.bytes, _charset(self.headers)
        shifted = SHIFTED if b"\x1b$" in content else ()
        for name in (*shifted, charset, *CHARSETS):
            try:
                return content.decode(name).replace("\r\n", "\n")
            except (LookupError, ValueError):
                continue
        raise AssertionError("latin-1 decodes everything")


def leaves(raw: bytes) -> list[Part]:
    """The parts that hold something, in their order; first of all the mail itself as `Part` without content type."""
    head = raw[:HEAD_BYTES].replace(b"\r\n", b"\n").lstrip(b"\n")
    headers, body = split(head)
    found = [Part(type="", headers=headers, raw=b"")]
    waiting = [(headers, body, 0)]
    while waiting and len(found) < MOST_PARTS:
        headers, body, depth = waiting.pop()
        inner = _inner(headers, body) if depth < DEEPEST else []
        if inner:
            waiting.extend((*split(part), depth + 1) for part in reversed(inner))
        else:
            found.append(Part(_type(headers), headers, body))
    return found


def split(raw: bytes) -> tuple[Message, bytes]:
    """Headers and what follows the first empty line."""
    if raw.startswith(b"\n"):
        return Message(), raw[1:]
    end = _END_OF_HEADERS.search(raw)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    return _PARSER.parsebytes(head[:HEADER_BYTES]), body


def _inner(headers: Message, body: bytes) -> list[bytes]:
    """The parts of a multipart; none where it is something else, or names no boundary.

    A report that was attached to a mail by a filter is read as if it had come alone.
    """
    if _type(headers) == "message/rfc822":
        attached, _ = split(body.lstrip(b"\n"))
        return [body.lstrip(b"\n")] if _type(attached) == "multipart/report" else []
    boundary = _boundary(headers, body)
    if not boundary:
        return []
    mark = b"\n--" + boundary
    pieces = (b"\n" + body).split(mark, MOST_PARTS)[1:]
    return [_after_line(piece) for piece in pieces if not piece.startswith(b"--")]


def _boundary(headers: Message, body: bytes) -> bytes:
    """As told; where a multipart tells none, or nothing is told of the type at all, as the body begins with it."""
    if "Content-Type" in headers and not _type(headers).startswith("multipart/"):
        return b""
    told = _parameter(headers, "boundary").encode("latin-1", "replace").rstrip()
    shown = None if told else _SHOWN.match(body)
    return shown[1] if shown else told


def _after_line(piece: bytes) -> bytes:
    """What follows the rest of the boundary's line."""
    _, _, rest = piece.partition(b"\n")
    return rest


def header(message: Message, name: str) -> str:
    """A header's text on one line, its encoded words decoded; "" where there is none."""
    value = _as_written(message, name)
    if "=?" not in value:
        return " ".join(value.split())
    try:
        parts = decode_header(value)
        text = "".join(_decoded(part, charset) for part, charset in parts)
    except (ValueError, LookupError, MessageError):
        text = value
    return " ".join(text.split())


def _as_written(message: Message, name: str) -> str:
    """The first of that name; in UTF-8 where it has more than ASCII (RFC 6532), else each octet a character.

    Japanese hosts shift in the open, without encoded words.
    """
    wanted = name.lower()
    found = next((value for known, value in message.raw_items() if known.lower() == wanted), "")
    value = str(found)[:HEADER_CHARACTERS]
    if value.isascii():
        return value.encode().decode(SHIFTED[0], "replace") if "\x1b$" in value else value
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _decoded(part: str | bytes, charset: str | None) -> str:
    return part if isinstance(part, str) else part.decode(charset or "utf-8", "replace")


def _type(headers: Message) -> str:
    """`text/plain` where nothing, or nothing sensible, is said."""
    return headers.get_content_type()


def _parameter(headers: Message, name: str) -> str:
    """A parameter of Content-Type, "" where it is missing or broken."""
    try:
        value = headers.get_param(name, "")
    except (ValueError, LookupError, IndexError, TypeError):
        return ""
    text = value if isinstance(value, str) else str(value[2])
    return text[1:].partition('"')[0] if text.startswith('"') else text  # something else ran into its line


def _charset(headers: Message) -> str:
    """The charset that is told, if Python knows text by that name."""
    name = _parameter(headers, "charset").strip("\"' ").lower()
    return name if name.isascii() and _KNOWN.fullmatch(name) else CHARSETS[0]


def _from_base64(raw: bytes) -> bytes:
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        return raw
