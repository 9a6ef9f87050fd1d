"""Complaints: somebody said that a mail is spam, and his provider tells it (RFC 5965, and forms before it)."""

from __future__ import annotations

import re
from email.message import Message
from typing import NamedTuple

from retour.mailreports import status
from retour.mailreports.parts import Part, header
from retour.mailreports.report import Action, Told

_FORMS = re.compile(
    r"^\W*(complaint about message from|spam report:|(e-?mail )?abuse report|\[spam report\]|e-?mail feedback report)",
    re.I,
)
_WORDS = re.compile(r"\s{0,9}this is an? (e-?mail )?abuse report\b", re.I)
SCANNED_BYTES = 200
_REDACTED = re.compile(r"redacted|^hidden|^\W*$", re.I)


class Complaint(NamedTuple):
    """type: the Feedback-Type, in lower case. told: about whose copy it is, as far as that is told."""

    type: str
    told: list[Told]


def found(headers: Message, parts: list[Part]) -> Complaint | None:
    """The complaint that a mail is; None where it is none."""
    for part in parts:
        if part.type == "message/feedback-report":
            return _formal(part)
    if _FORMS.match(header(headers, "Subject")) or "X-HmXmrOriginalRecipient" in headers or _in_words(parts):
        return Complaint("abuse", told([header(headers, "X-HmXmrOriginalRecipient")]))
    return None


def _in_words(parts: list[Part]) -> bool:
    """Whether the first text begins with saying so."""
    texts = (part.raw[:SCANNED_BYTES] for part in parts if part.type == "text/plain")
    return _WORDS.match(next(texts, b"").decode("latin-1")) is not None


def _formal(part: Part) -> Complaint:
    """RFC 5965 3: fields in one block; Original-Rcpt-To may come several times and is often taken out."""
    lines = part.text.split("\n", status.MOST_FIELDS)
    kind = next((_value(line) for line in lines if line.lower().startswith("feedback-type")), "other")
    named = [
        _value(line) for line in lines if line.lower().startswith(("original-rcpt-to", "removal-recipient"))
    ]
    return Complaint(kind.lower() or "other", told(named))


def _value(line: str) -> str:
    return line.partition(":")[2].strip()


def told(named: list[str]) -> list[Told]:
    """As delivered: who complains has got it."""
    addresses = [
        status.address(name) for name in named[: status.MOST_RECIPIENTS] if not _REDACTED.search(name)
    ]
    return [Told(recipient=one, action=Action.DELIVERED) for one in dict.fromkeys(addresses) if "@" in one]
