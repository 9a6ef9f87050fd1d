"""Suppression and allowed lists: who gets nothing, for which cause, and when somebody comes on the list.

Pure: the clock is passed in. Rules: journey-optimizer, "Retries" and "Suppression list"; codes: "Exclusion reasons".
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag, StrEnum
from typing import Any, NamedTuple

from retour import limits
from retour.mime import mailbox
from retour.model import (
    ChannelKind,
    Exclusion,
    Fact,
    Failure,
    FailureType,
    FeedbackStatus,
    Message,
    Value,
)


class ListName(StrEnum):
    """Those that get nothing; those that alone get something while the allowed list is active."""

    SUPPRESSED = "suppressed"
    ALLOWED = "allowed"


class EntryKind(StrEnum):
    """What an entry names: who gets no e-mail, or, by a telephone number, no text messages."""

    ADDRESS = "address"
    DOMAIN = "domain"
    NUMBER = "number"


MAIL_KINDS = (EntryKind.ADDRESS, EntryKind.DOMAIN)
"""What e-mail is asked for; the allowed list knows no others."""


class Cause(StrEnum):
    """Why somebody is on the suppression list (AJO's category; a complaint is `HARD` there).

    opt out: of text messages, by a word of the person's or told by the provider. AJO calls that consent.
    """

    MANUAL = "MANUAL"
    HARD = "HARD"
    SOFT = "SOFT"
    COMPLAINT = "COMPLAINT"
    OPT_OUT = "OPT_OUT"


class Entry(Value):
    """An address, a domain or a number on a list. value: as `key_of` and `domain_of` write it; a number in E.164.

    reason: AJO's, of a bounce. message_id: of the message that it is because of. errors: soft errors that were counted.
    """

    sandbox: str
    list: ListName
    kind: EntryKind
    value: str
    id: str
    cause: Cause
    reason: str
    message_id: str
    comment: str
    made_by: str
    created_at: int
    modified_at: int
    errors: int = 0


class Rules(Value):
    """Of a sandbox. version: 0 while they are the default ones."""

    soft_threshold: int = limits.SOFT_THRESHOLD_DEFAULT
    allow_active: bool = False
    version: int = 0


class Key(NamedTuple):
    """An address as lists know it, and its domain: lower case, A-labels."""

    address: str
    domain: str


class Guard(IntFlag):
    """What there is to ask before something is sent; a claim reads it with the state of the relay.

    The first three are of e-mail, the last is of text messages.
    """

    NONE = 0
    SUPPRESSES = 1
    ALLOWS_ONLY = 2
    ALLOWS_ADDRESSES = 4
    DENIES = 8


ASKED = {
    ChannelKind.EMAIL: Guard.SUPPRESSES | Guard.ALLOWS_ONLY | Guard.ALLOWS_ADDRESSES,
    ChannelKind.SMS: Guard.DENIES,
}
"""What of it is of a channel's messages."""


class LessonKind(StrEnum):
    """What a message taught of its address."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"
    DELIVERED = "delivered"
    OPT_OUT = "opt out"


class Lesson(Value):
    """What a message taught of its address, to be written with the event. reason: AJO's. of: what the address is."""

    kind: LessonKind
    address: str
    reason: str
    message_id: str
    now: int
    of: EntryKind = EntryKind.ADDRESS


class Count(Value):
    """Soft errors of an address so far. message_id, at: of the last one that was counted."""

    errors: int
    message_id: str
    at: int


def key_of(address: str) -> Key:
    """The address and its domain, as they stand on lists; one that is none as it is, in lower case."""
    found = mailbox(address)
    if found is None:
        return Key(address.strip().lower(), "")
    return Key(found.address.lower(), found.domain)


def domain_of(text: str) -> str | None:
    """A domain as it stands on lists; None if it is none. `@luma.example` is one, too."""
    found = mailbox("x@" + text.strip().removeprefix("@"))
    return found.domain if found and "." in found.domain else None


# --- before a try ---

EMAIL_SUPPRESSED = Exclusion(code="050102", reason="EmailSuppressed")
DOMAIN_SUPPRESSED = Exclusion(code="050105", reason="DomainSuppressed")
EMAIL_NOT_ALLOWED = Exclusion(code="050103", reason="EmailNotAllowed")
DOMAIN_NOT_ALLOWED = Exclusion(code="050106", reason="DomainNotAllowed")
SMS_NO_CONSENT = Exclusion(code="050104", reason="SMSNoConsent")


def left_out(guard: Guard, listed: Iterable[tuple[str, str]]) -> Fact | None:
    """The fact that ends a message untried; None when it may go. listed: (list, kind) of what names its address.

    guard: as far as it is of the message's channel.
    Whoever is on both lists gets nothing. Not allowed is a domain where the allowed list holds domains only, else an
    address.
    """
    found = set(listed)
    if (ListName.SUPPRESSED, EntryKind.NUMBER) in found:
        return _denied(SMS_NO_CONSENT)
    if (ListName.SUPPRESSED, EntryKind.ADDRESS) in found:
        return _denied(EMAIL_SUPPRESSED)
    if (ListName.SUPPRESSED, EntryKind.DOMAIN) in found:
        return _denied(DOMAIN_SUPPRESSED)
    if Guard.ALLOWS_ONLY not in guard or any(name == ListName.ALLOWED for name, _ in found):
        return None
    exclusion = EMAIL_NOT_ALLOWED if Guard.ALLOWS_ADDRESSES in guard else DOMAIN_NOT_ALLOWED
    return Fact(status=FeedbackStatus.EXCLUDE, key="not_allowed", exclusion=exclusion)


def _denied(exclusion: Exclusion) -> Fact:
    return Fact(status=FeedbackStatus.DENYLIST, key="suppressed", exclusion=exclusion)


# --- after a try, or a report ---


def lesson_of(
    message: Message, provider: str, facts: tuple[Fact, ...], soft: Failure | None, now: int
) -> Lesson | None:
    """What this teaches of the address; None for most, and for all that is simulated.

    soft: the recipient's host said "later", which is no fact each time.
    """
    if provider == "simulated":
        return None
    if message.channel is ChannelKind.SMS:
        return _of_number(message, facts, now)
    found = [_taught(fact) for fact in facts] + [_soft(soft)]
    for kind in (LessonKind.COMPLAINT, LessonKind.HARD, LessonKind.SOFT, LessonKind.DELIVERED):
        for taught, reason in found:
            if taught is kind:
                address = key_of(message.address).address
                return Lesson(kind=kind, address=address, reason=reason, message_id=message.id, now=now)
    return None


def _of_number(message: Message, facts: tuple[Fact, ...], now: int) -> Lesson | None:
    """Who has opted out at the provider, and a number that takes no messages. A phone that is off teaches nothing.

    A provider's fact has its words. One that has none is our own: it was told because the number is listed already.
    """
    for fact in facts:
        if fact.status is FeedbackStatus.DENYLIST and fact.provider is not None:
            kind, reason = LessonKind.OPT_OUT, ""
        elif _taught(fact)[0] is LessonKind.HARD:
            kind, reason = LessonKind.HARD, _taught(fact)[1]
        else:
            continue
        return Lesson(
            kind=kind,
            address=message.address,
            reason=reason,
            message_id=message.id,
            now=now,
            of=EntryKind.NUMBER,
        )
    return None


def _taught(fact: Fact) -> tuple[LessonKind | None, str]:
    if fact.status is FeedbackStatus.COMPLAINT:
        return LessonKind.COMPLAINT, "Spam Complaint"
    if fact.status is FeedbackStatus.DELIVERED:
        return LessonKind.DELIVERED, ""
    if fact.status is not FeedbackStatus.BOUNCE or fact.failure is None:
        return None, ""
    if fact.failure.type is FailureType.HARD:
        return LessonKind.HARD, fact.failure.reason
    return _soft(fact.failure)


def _soft(failure: Failure | None) -> tuple[LessonKind | None, str]:
    """Of the type Soft; what a host refuses because of the sender or the content says nothing of the address."""
    if failure is None or failure.type is not FailureType.SOFT:
        return None, ""
    return LessonKind.SOFT, failure.reason


def counted(before: Count | None, lesson: Lesson) -> Count | None:
    """The count with this soft error; None when it does not count.

    Each error of one message counts. One of another message counts 24 hours after the last.
    """
    if before is None:
        return Count(errors=1, message_id=lesson.message_id, at=lesson.now)
    if lesson.message_id != before.message_id and lesson.now - before.at < limits.SOFT_ERROR_GAP:
        return None
    return Count(errors=before.errors + 1, message_id=lesson.message_id, at=lesson.now)


def learned(sandbox: str, lesson: Lesson, entry_id: str) -> dict[str, Any]:
    """The values of `suppression_learn`."""
    return {
        "sandbox": sandbox,
        "kind": lesson.of,
        "value": lesson.address,
        "id": entry_id,
        "cause": CAUSES[lesson.kind],
        "reason": lesson.reason,
        "message_id": lesson.message_id,
        "comment": "",
        "by": "",
        "now": lesson.now,
    }


CAUSES = {
    LessonKind.HARD: Cause.HARD,
    LessonKind.SOFT: Cause.SOFT,
    LessonKind.COMPLAINT: Cause.COMPLAINT,
    LessonKind.OPT_OUT: Cause.OPT_OUT,
}
