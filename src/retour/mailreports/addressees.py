"""Whom a bounce in a host's own words is about, where no form tells it.

Of the addresses in its words those count that stand where hosts put a failed recipient: alone on a line, or before a
colon, a bracket, a reason. Else the one that the returned mail was written to. Never the sender's own.
"""

from __future__ import annotations

import re
from email.message import Message
from itertools import chain

from retour.mailreports import phrases
from retour.mailreports.parts import header
from retour.mailreports.status import MOST_RECIPIENTS

MOST_LINES = 300
"""Of a bounce's words. Whom it is about comes early."""

LINE_CHARACTERS = 400

_WORDS = (
    "\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef"  # of languages that put no space before an address
)
_LOCAL = rf"[^\s<>()\[\]{{}},;:\"'@/?|\\{_WORDS}]{{1,64}}"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL}){{1,8}}"
_ADDRESS = re.compile(rf"(?<![^\s<>()\[\]{{}},;:\"'*=>{_WORDS}]){_LOCAL}@{_DOMAIN}")
_FRAME = r"[ \t>*#+\"'<(\[-]{0,16}"
_FIRST = re.compile(rf"^{_FRAME}({_LOCAL}@{_DOMAIN})[ \t]*(?:$|[>\"'\])]|[:(\[]|\s(?:on|\d{{3}})\s|\s{{2}})")
_LABELLED = re.compile(rf"{phrases.LABELS}(?:[\s:=.(-]|is|are|was|were)*{_FRAME}({_LOCAL}@{_DOMAIN})", re.I)
_SENDING = re.compile(phrases.SENDING + r"[^@]{0,40}$", re.I)
_TO = re.compile(r"^[ \t>*|]{0,12}To[ \t]*:[ \t]*(.{3,400})$", re.M)
_FROM = re.compile(
    r"^[ \t>*|]{0,12}(?:From|Return-Path|Sender|Message-ID)[ \t]*:[ \t]*(.{3,400})$", re.M | re.I
)

_MAIL_FROM = re.compile(
    rf"(?:MAIL FROM:|return address (?:was|is)|sender:|contact:?|write to|reply to)\s{{0,3}}<?({_LOCAL}@{_DOMAIN})",
    re.I,
)


def written_to(original: Message, returned: str) -> str:
    """The one address that the returned mail has in its To; "" where it has several, or none is told."""
    told = header(original, "To") or next(iter(_TO.findall(returned)), "")
    found = _addresses([told])
    return found[0] if len(found) == 1 else ""


def senders(headers: Message, original: Message, text: str, returned: str) -> frozenset[str]:
    """The addresses that are no recipient: of the mail system, of the mail that is returned, and its return path."""
    fields = [header(headers, name) for name in ("From", "Sender", "Return-Path", "Reply-To", "To")]
    fields += [header(original, name) for name in ("From", "Sender", "Return-Path", "Reply-To", "Message-ID")]
    fields += _FROM.findall(text)[:4] + _FROM.findall(returned)[:4] + _MAIL_FROM.findall(text)[:4]
    return frozenset(one.lower() for one in _addresses(fields))


def _addresses(fields: list[str]) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(_ADDRESS.findall(field) for field in fields)))


def named(text: str, to: str, excluded: frozenset[str]) -> list[str]:
    """The failed recipients that words tell of. to: whom the returned mail was written to, "" where that is unknown."""
    lines = [line[:LINE_CHARACTERS] for line in text.split("\n", MOST_LINES)[:MOST_LINES]]
    apart = [found[1] for line in lines for found in (_FIRST.match(line),) if found]
    labelled = [found for line in lines for found in _LABELLED.findall(line)]
    anywhere = [found for line in lines for found in _in_passing(line)]
    for found in (apart, labelled):
        kept = _kept(found, to, excluded)
        if kept:
            return kept
    kept = _kept(anywhere, to, excluded)
    if to:
        return [to]
    return kept if len(kept) == 1 else []


def _in_passing(line: str) -> list[str]:
    """The addresses of a line, without those that it calls a sender's."""
    return [found[0] for found in _ADDRESS.finditer(line) if not _SENDING.search(line[: found.start()])]


def _kept(found: list[str], to: str, excluded: frozenset[str]) -> list[str]:
    """Each once. Whom the mail was written to is a recipient, whatever his name is."""
    kept = {
        one.lower(): one
        for one in found
        if one.lower() == to.lower() or (one.lower() not in excluded and not phrases.OFFICES.match(one))
    }
    return list(kept.values())[:MOST_RECIPIENTS]
