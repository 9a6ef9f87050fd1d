"""A mail that came back, for people: as text in which nothing hides, and what was read out of it. Pure."""

from __future__ import annotations

from retour import mailreports, reports
from retour.mailreports import MailReport
from retour.model import Failure, Value
from retour.web.admin import told, words

LINE_ENDS = "\n\t"
SYMBOLS = 0x2400
"""Unicode has a picture of each of the first 32 control characters, in their order."""


class Line(Value):
    """What it tells of one recipient. words: those that were classified. failure: AJO's, empty when none is told."""

    recipient: str
    action: str
    status: str
    words: str
    failure: str


class Reading(Value):
    """What was read out of a mail. complaint: its kind; failure: what it is told as; empty where it is none."""

    complaint: str
    failure: str
    lines: tuple[Line, ...]


def reading(raw: bytes) -> Reading:
    """What is read out of a mail, once more."""
    report = mailreports.read(raw)
    return Reading(
        complaint=report.complaint,
        failure=_of_complaint(report),
        lines=tuple(_line(said) for said in report.told),
    )


def _of_complaint(report: MailReport) -> str:
    learned = reports.learned_from(report)
    return _reason(learned.failure) if learned and learned.complaint else ""


def _line(said: mailreports.Told) -> Line:
    meaning = mailreports.meaning_of(said)
    return Line(
        recipient=said.recipient,
        action=words.ACTIONS[said.action],
        status=said.status or "",
        words=visible(said.text),
        failure=_reason(meaning.failure if meaning else None),
    )


def _reason(failure: Failure | None) -> str:
    if failure is None:
        return ""
    return told.reason(
        told.Told(failure=told.Failure(code=failure.code, reason=failure.reason, type=failure.type))
    )


def text(raw: bytes) -> str:
    """A mail as it is, never rendered: octets that are no UTF-8 are shown as `\\xNN`."""
    return visible(raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n"))


def visible(line: str) -> str:
    """With a picture, or the number, of each character that would not be seen or would turn the line around."""
    return "".join(one if one.isprintable() or one in LINE_ENDS else _shown(one) for one in line)


def _shown(character: str) -> str:
    number = ord(character)
    if number < 0x20:
        return chr(SYMBOLS + number)
    return "␡" if number == 0x7F else f"\\u{{{number:x}}}"
