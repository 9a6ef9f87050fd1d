"""Builds the bytes of an e-mail: headers of the sender once per configuration, the rest spliced in.

`EmailMessage` costs some 1.6 ms a message; this costs a small part of it. Whatever a template or a recipient
brings, a header stays one header: CR, LF and other control characters become a space. Bodies are 7bit where
they can be and quoted-printable else, so the bytes are ASCII but for internationalised addresses (RFC 6532).
Rules: RFC 5322 (headers, 998 octets a line), RFC 2045/2046 (MIME), RFC 2047 (encoded words), RFC 3834.
"""

from __future__ import annotations

import binascii
import re
from email.utils import formatdate
from functools import lru_cache

import idna

from retour.limits import SECOND
from retour.model import EmailSettings, Value

LINE_OCTETS = 998
FOLD_AT = 76
LOCAL_PART_OCTETS = 64
ADDRESS_OCTETS = 254  # RFC 5321 4.5.3.1.3: a path of 256 with its two brackets
_WORD_OCTETS = 39  # 52 characters of base64: a word of 64, so that "Subject: " stays within 76 (RFC 2047 2)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ATOM = r"[^\s\x00-\x20\x7f-\x9f()<>@,;:\\\"\[\]]+"
_LOCAL = re.compile(rf"{_ATOM}|\"(?:[^\x00-\x1f\x7f\"\\]|\\[\x20-\x7e])*\"")
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.(?!-)[A-Za-z0-9_-]{1,63})*")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_PLAIN_OCTETS = bytes([*b"\n\t", *range(0x20, 0x7F)])
_NEVER_PLAIN = (b"=_", b" \n", b"\t\n")
_FOLDING = re.compile(r" *[^ ]+")


class Mailbox(Value, frozen=True):
    """An e-mail address that can be put into a header and an SMTP command as it is.

    domain: A-labels. international: the local part needs SMTPUTF8 (RFC 6531).
    """

    local: str
    domain: str
    international: bool

    @property
    def address(self) -> str:
        """`local@domain`."""
        return f"{self.local}@{self.domain}"


class Letter(Value, frozen=True):
    """What goes into one e-mail. `now`: microseconds, for Date. At least one of html and text is set.

    headers: more of them, written as they are: ASCII, each on one line.
    """

    sender: EmailSettings
    to: Mailbox
    message_id: str
    now: int
    subject: str
    html: str | None = None
    text: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def mailbox(address: str) -> Mailbox | None:
    """The address, its domain in A-labels (IDNA 2008, UTS 46); None if it is not one."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        return None
    labels = _a_labels(domain)
    if labels is None or len(local.encode(errors="replace")) > LOCAL_PART_OCTETS:
        return None
    if len(local.encode(errors="replace")) + 1 + len(labels) > ADDRESS_OCTETS:
        return None
    return Mailbox(local=local, domain=labels, international=not local.isascii())


def message_bytes(letter: Letter) -> bytes:
    """The message, CRLF at each line's end.

    The same Message-ID at each try of a message. ValueError: the sender's address is not one (`mailbox`).
    """
    boundary = f"=_{letter.message_id}"
    head = _sender_headers(letter.sender)
    own = (
        f"To: {letter.to.address}\r\n"
        f"{_header('Subject', letter.subject)}\r\n"
        f"Date: {_date(letter.now // SECOND)}\r\n"
        f"Message-ID: <{letter.message_id}@{_sender(letter.sender.sender_email).domain}>\r\n"
    )
    more = "".join(f"{name}: {value}\r\n" for name, value in letter.headers)
    return head + own.encode(errors="replace") + more.encode("ascii") + _content(letter, boundary)


def needs_smtputf8(letter: Letter) -> bool:
    """Whether a header holds UTF-8 (an address with a local part that is not ASCII)."""
    reply_to = letter.sender.reply_to_email
    mailboxes = [letter.to, _sender(letter.sender.sender_email), *([_sender(reply_to)] if reply_to else [])]
    return any(each.international for each in mailboxes)


@lru_cache(maxsize=16)
def _date(seconds: int) -> str:
    return f"{formatdate(seconds)[:-5]}+0000"


@lru_cache(maxsize=1024)
def _sender_headers(sender: EmailSettings) -> bytes:
    """What is the same in every message of a channel configuration."""
    lines = [f"From: {_phrase(sender.sender_name)}<{_sender(sender.sender_email).address}>"]
    if sender.reply_to_email:
        lines.append(f"Reply-To: {_sender(sender.reply_to_email).address}")
    lines += ["MIME-Version: 1.0", "Auto-Submitted: auto-generated", ""]
    return "\r\n".join(lines).encode()


@lru_cache(maxsize=1024)
def _sender(address: str) -> Mailbox:
    found = mailbox(address)
    if found is None:
        raise ValueError("the sender's address is not an e-mail address")
    return found


def _a_labels(domain: str) -> str | None:
    if domain.isascii():
        name = domain.lower().removesuffix(".")
    else:
        try:
            name = idna.encode(domain, uts46=True).decode().lower()
        except (idna.IDNAError, UnicodeError):
            return None
    return name if len(name) <= 253 and _DOMAIN.fullmatch(name) else None


def _one_line(value: str) -> str:
    return _CONTROL.sub(" ", value).strip()


def _phrase(name: str) -> str:
    """A display name with the space after it, or nothing."""
    line = _one_line(name)
    if not line:
        return ""
    if not line.isascii() or "=?" in line or len(line) > FOLD_AT - 10:
        return _encoded_words(line) + "\r\n "
    if _PHRASE.fullmatch(line):
        return line + " "
    escaped = line.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" '


def _header(name: str, value: str) -> str:
    """An unstructured header, folded; encoded when it isn't plain ASCII or could be taken for encoded."""
    line = _one_line(value)
    if len(name) + 2 + len(line) <= FOLD_AT and line.isascii() and "=?" not in line:
        return f"{name}: {line}"
    parts = _FOLDING.findall(line)
    if not line.isascii() or "=?" in line or max(map(len, parts), default=0) > FOLD_AT:
        return f"{name}: {_encoded_words(line)}"
    return _folded(f"{name}:", parts)


def _folded(begin: str, parts: list[str]) -> str:
    """Lines of at most 76 characters; a line break goes before the spaces that it stands at."""
    lines, line = [], f"{begin} "
    for part in parts:
        if len(line) + len(part) > FOLD_AT and line.strip() != begin:
            lines.append(line)
            line = part
        else:
            line += part
    return "\r\n".join([*lines, line])


def _encoded_words(line: str) -> str:
    """RFC 2047 words of base64, one a line, none of which splits a character."""
    chunks, chunk = [], b""
    for character in line:
        octets = character.encode(errors="replace")
        if len(chunk) + len(octets) > _WORD_OCTETS:
            chunks.append(chunk)
            chunk = b""
        chunk += octets
    words = (binascii.b2a_base64(each, newline=False).decode() for each in [*chunks, chunk])
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in words)


def _content(letter: Letter, boundary: str) -> bytes:
    """Text and html as alternatives, the best last (RFC 2046 5.1.4); one of them alone as the only part."""
    if letter.html is None:
        return _part("plain", letter.text or "")
    if letter.text is None:
        return _part("html", letter.html)
    edge = f"--{boundary}".encode()
    return b"".join(
        (
            f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode(),
            *(edge, b"\r\n", _part("plain", letter.text)),
            *(edge, b"\r\n", _part("html", letter.html)),
            *(edge, b"--\r\n"),
        )
    )


def _part(subtype: str, body: str) -> bytes:
    """Headers and body of one part. `=_` never occurs in quoted-printable, nor in what is plain."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n")
    octets = (lines if lines.endswith("\n") else lines + "\n").encode(errors="replace")
    plain = _is_plain(octets)
    coded = octets if plain else binascii.b2a_qp(octets)
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {'7bit' if plain else 'quoted-printable'}\r\n\r\n"
    )
    return head.encode() + coded.replace(b"\n", b"\r\n")


def _is_plain(lines: bytes) -> bool:
    """Whether they can go as they are (7bit). No pattern: of 50 kB one takes milliseconds, this a tenth of one."""
    if lines.translate(None, _PLAIN_OCTETS) or any(never in lines for never in _NEVER_PLAIN):
        return False
    return max(map(len, lines.split(b"\n"))) <= LINE_OCTETS
