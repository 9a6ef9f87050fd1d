"""Bounces in a mail host's own words: whom they are about, whether they are final, and the telling words.

More than four in ten of real bounces have no machine-readable part. flufl.bounce knows the forms of many hosts and
gives addresses; the reason is found by taking out what is no reason (the returned mail, the polite frame).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message
from html import unescape
from itertools import groupby

import structlog
from flufl.bounce import all_failures

from retour.mailreports import phrases
from retour.mailreports.parts import HEADER_CHARACTERS, Part, header
from retour.mailreports.report import Action, Told
from retour.mailreports.status import MOST_RECIPIENTS

log = structlog.get_logger()

WORDS = 4_096
"""Characters of a bounce's words that are read for its reason."""

SCANNED_BYTES = 16 * 1024
"""Of a text part."""

MOST_LINES = 500
"""Of a part, for flufl.bounce: each of its detectors tries dozens of patterns on every line."""

FEWEST_CHARACTERS = 40
"""A bounce says something before it returns a mail."""

MOST_HEADERS = 200
MOST_COMMENTS = 20
NOBODY = "nobody@invalid"

_AT_A_LINE = re.compile(r"^[ \t*]{0,8}<([^<>@\s]{1,64}@[^<>@\s]{1,255})>[ \t]?(?::|$)", re.M)
_SOMEBODY = re.compile(r"[^\s\x00-\x20\x7f@]{1,64}@[^\s\x00-\x20\x7f@]{1,255}")
_CODES = re.compile(r"(?<![\d.])[45]\d\d[ \-]|(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?!\d|\.\d)")
_REFUSED = re.compile(r"(?<![\d.])5\d\d[ \-]|(?<![\d.])5\.\d{1,3}\.\d{1,3}(?!\d|\.\d)")
_UNREAD = re.compile(r"<(?:style|script|head)\b", re.I)
_READ_AGAIN = re.compile(r"</(?:style|script|head)\s*>", re.I)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?tr|/?h\d|/?table)\b[^<>]{0,500}>", re.I)
_TAG = re.compile(r"<[^<>]{0,500}>")


def is_from_a_host(headers: Message) -> bool:
    """Whether a mail system wrote it, by its sender."""
    senders = (header(headers, name) for name in ("From", "Sender", "Return-Path"))
    return any(phrases.HOSTS.search(sender) for sender in senders) or header(headers, "Return-Path") == "<>"


def is_about_a_failure(headers: Message) -> bool:
    """Whether its subject says so, or a header that only bounces have."""
    if any(name in headers for name in ("X-Failed-Recipients", "X-MS-Exchange-Message-Is-Ndr")):
        return True
    return bool(phrases.SUBJECTS.search(header(headers, "Subject")))


def says_so(text: str) -> bool:
    """Whether its words say that something was not delivered, at their beginning."""
    return bool(phrases.SAYS_SO.search(text[:WORDS]))


def text_of(parts: list[Part]) -> tuple[str, str]:
    """What a person would read, down to the mail that is returned; and that mail, where it stands in the text."""
    plain = [part for part in parts if part.type == "text/plain"]
    shown = plain or [part for part in parts if part.type in ("text/html", "text/enriched")]
    text = "\n".join(_readable(part) for part in shown[:3])
    end = phrases.RETURNED.search(text, FEWEST_CHARACTERS)
    return (text[: end.start()], text[end.start() :]) if end else (text, "")


def _readable(part: Part) -> str:
    text = _squeezed(Part(part.type, part.headers, part.raw[:SCANNED_BYTES]).text)
    return text if part.type == "text/plain" else _of_html(text)


def _squeezed(text: str) -> str:
    """Without runs of empty lines."""
    lines = (line.rstrip() for line in text.split("\n"))
    return "\n\n".join("\n".join(block) for full, block in groupby(lines, bool) if full)


def _of_html(text: str) -> str:
    """The words, as one paragraph a block."""
    first, *others = _UNREAD.split(text)
    shown = first + "".join(_READ_AGAIN.split(other, 1)[-1] for other in others)
    return unescape(_TAG.sub(" ", _BREAK.sub("\n\n", shown)))


def recipients(
    headers: Message, parts: list[Part], text: str, senders: frozenset[str]
) -> tuple[list[str], list[str]]:
    """(addresses that failed for good, addresses that are still tried) as X-Failed-Recipients or flufl.bounce tells.

    It is given the headers and the words, as a mail of one part or of several: some detectors look for either.
    senders: in lower case, the addresses that are no recipients.
    """
    named = [one.strip() for one in header(headers, "X-Failed-Recipients").split(",") if "@" in one]
    if named:
        return named[:MOST_RECIPIENTS], []
    for mail in _specimens(headers, parts, text):
        failed, tried = (_without(senders, found) for found in known_failures(mail))
        if failed or tried:
            return failed, tried
    return (sorted(set(_AT_A_LINE.findall(text)))[:MOST_RECIPIENTS] if is_from_a_host(headers) else []), []


def _without(senders: frozenset[str], found: list[str]) -> list[str]:
    return [one for one in found if one.lower() not in senders]


def _specimens(headers: Message, parts: list[Part], text: str) -> list[Message]:
    """The mail again, small and flat."""
    flat = _bare(headers)
    flat.set_payload(_plain(text))
    mixed = _bare(headers)
    mixed["Content-Type"] = f'{headers.get_content_type()}; boundary="cut"'
    mixed.set_payload([_again(part) for part in parts[:8] if part.type.startswith(("text/", "message/"))])
    return [mixed, flat] if len(parts) > 1 else [flat]


def _bare(headers: Message) -> Message:
    """The headers, as far as detectors read them without falling: they follow comments in comments to any depth."""
    mail = Message()
    for name, value in headers.items()[:MOST_HEADERS]:
        text = str(value)[:HEADER_CHARACTERS].replace("\n", " ")
        if not name.lower().startswith("content-") and text.count("(") <= MOST_COMMENTS:
            mail[name] = text
    if not mail["From"]:
        mail["From"] = NOBODY  # a detector trips over a mail without a sender
    return mail


def _again(part: Part) -> Message:
    mail = Message()
    mail["Content-Type"] = part.type or "text/plain"
    mail["Content-Description"] = header(part.headers, "Content-Description")
    content = Part(part.type, part.headers, part.raw[:SCANNED_BYTES]).text
    mail.set_payload([Message()] if part.type == "message/rfc822" else _plain(content))
    return mail


def _plain(text: str) -> str:
    """ASCII, and not too many lines of it."""
    lines = text.split("\n", MOST_LINES)[:MOST_LINES]
    return "\n".join(lines).encode("ascii", "replace").decode()


def known_failures(mail: Message) -> tuple[list[str], list[str]]:
    """The same of a whole mail. A detector that trips over a mail has found nothing in it."""
    try:
        temporary, permanent = all_failures(mail)
    except Exception as error:  # detectors index into what they expect to be there
        log.info("bounce_detector_failed", error=type(error).__name__)
        return [], []
    return _texts(permanent), _texts(temporary)


def _texts(addresses: Iterable[bytes | str]) -> list[str]:
    texts = (one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in addresses)
    stripped = (text.strip("<>\"' ") for text in texts)
    return sorted(text for text in stripped if _SOMEBODY.fullmatch(text))


def told(text: str, subject: str, failed: list[str], tried: list[str]) -> list[Told]:
    """What it says of each address that it names; of an unnamed one ("") where it names none."""
    said = subject + "\n" + text
    action = Action.DELAYED if _only_delayed(said) else Action.FAILED
    later = Action.FAILED if _REFUSED.search(text) and action is Action.FAILED else Action.DELAYED
    places = [(name, action) for name in failed] + [(name, later) for name in tried if name not in failed]
    return [
        Told(recipient=name, action=what, status=None, text=words(text, name))
        for name, what in places or [("", action)]
    ]


def _only_delayed(text: str) -> bool:
    return bool(phrases.DELAYED.search(text)) and not phrases.GIVEN_UP.search(text)


def words(text: str, recipient: str) -> str:
    """The telling part of a bounce: paragraphs with a code or the address first, without the polite frame."""
    reason = phrases.FIELD_LINES.sub("", text[:SCANNED_BYTES])
    paragraphs = [paragraph for paragraph in re.split(r"\n[ \t]*\n", reason) if paragraph.strip()]
    telling = [one for one in paragraphs if _CODES.search(one)]
    named = [
        one for one in paragraphs if recipient and recipient.lower() in one.lower() and one not in telling
    ]
    others = [one for one in paragraphs if one not in telling and one not in named]
    rest = [one for one in others if not phrases.FRAME.match(one.strip())]
    chosen = telling + named + (rest or ([] if telling else others))
    return " ".join(" ".join(chosen).split())[:WORDS]


def has_a_code(text: str) -> bool:
    """Whether it quotes a mail host's refusal."""
    return bool(_CODES.search(text))
