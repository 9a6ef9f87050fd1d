"""Reads mail that comes back: delivery status notifications, bounces in any form, complaints, auto-replies.

`read` takes the bytes as they arrived and never raises, whatever they hold; `feedback_of` says what a report means for
a message, in AJO's words. Pure. Which message it is about is known from the address that it came to (the return
path's token), so a wrong or missing address in the report loses nothing.
"""

from __future__ import annotations

from email.message import Message
from typing import NamedTuple

from retour.classify import classify, failure
from retour.classify import told as told_words
from retour.mailreports import addressees, complaints, phrases, prose, status
from retour.mailreports.parts import Part, header, leaves, split
from retour.mailreports.report import Action, Kind, MailReport, Told
from retour.model import NO_COMPLAINTS, Failure, FailureCategory, FeedbackStatus, ProviderFacts

__all__ = ["Action", "Kind", "MailReport", "Meaning", "Told", "failure", "meaning_of", "read"]

AUTO_REPLY, TRANSIENT = 60, 70
PROVIDER = "smtp"
FEWEST_WORDS = 3
CHALLENGE = "challenge-response"

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_ORIGINAL_TYPES = ("text/rfc822-headers", "message/rfc822", "message/global-headers", "message/global")


class Meaning(NamedTuple):
    """What a report means for a message: the feedback's status, why it failed, what the hosts said."""

    status: FeedbackStatus
    failure: Failure | None
    provider: ProviderFacts


def read(raw: bytes) -> MailReport:
    """What this mail is, and what it says of whom."""
    mail, *parts = leaves(raw)
    headers = mail.headers
    original = _original(parts)
    kind, said, complaint = _content(headers, parts, original)
    return MailReport(
        kind=kind,
        told=tuple(said),
        envelope_id=_envelope_id(parts),
        message_id=header(original, "Message-ID"),
        return_path=header(original, "Return-Path").strip("<> "),
        complaint=complaint,
        mail_id=header(headers, "Message-ID"),
    )


def _content(headers: Message, parts: list[Part], original: Message) -> tuple[Kind, list[Told], str]:
    """Kind, what is told, and a complaint's type. The most formal evidence decides."""
    complaint = complaints.found(headers, parts)
    if complaint is not None:
        wanted = complaint.type not in NO_COMPLAINTS
        named = complaint.told or complaints.told([addressees.written_to(original, "")])
        return (Kind.COMPLAINT if wanted else Kind.OTHER), named, complaint.type
    said = [
        one for part in parts if part.type in _STATUS_TYPES for one in status.told(status.groups(part.text))
    ]
    if said:
        return Kind.DSN, _in_words(said, headers, parts, original), ""
    return (*_without_a_form(headers, parts, original), "")


def _in_words(said: list[Told], headers: Message, parts: list[Part], original: Message) -> list[Told]:
    """The same; where a diagnostic says next to nothing, or no address, the words for people beside it."""
    text, returned = prose.text_of(parts)
    said = [_with_words(one, text) if len(one.text.split()) < FEWEST_WORDS else one for one in said]
    if any(one.recipient for one in said):
        return said
    to = addressees.written_to(original, returned)
    named = addressees.named(text, to, addressees.senders(headers, original, text, returned))
    return [_about(one, named[0]) for one in said] if named else said


def _about(one: Told, recipient: str) -> Told:
    return Told(recipient=recipient, action=one.action, status=one.status, text=one.text)


def _with_words(one: Told, text: str) -> Told:
    words = f"{one.text} {prose.words(text, one.recipient)}".strip()
    return Told(recipient=one.recipient, action=one.action, status=one.status, text=words)


def _without_a_form(headers: Message, parts: list[Part], original: Message) -> tuple[Kind, list[Told]]:
    """A bounce in a host's own words, an auto-reply, or something else."""
    (text, returned), subject = prose.text_of(parts), header(headers, "Subject")
    for part in parts:
        if part.type == "message/disposition-notification":
            return _disposed(headers, part, text)
    if phrases.CHALLENGES.search(text[: prose.WORDS]):
        to = addressees.written_to(original, returned)
        return Kind.BOUNCE, [_challenged(to, prose.words(text, to))]
    if not prose.is_from_a_host(headers) and _is_auto_reply(headers, subject):
        return Kind.AUTO_REPLY, []
    senders = addressees.senders(headers, original, text, returned)
    failed, tried = prose.recipients(headers, parts, text, senders)
    comes_back = bool(returned or original.keys())
    if failed or tried or _is_a_bounce(headers, text, comes_back):
        if not failed and not tried:
            named = f"{text}\n{subject}"
            failed = addressees.named(named, addressees.written_to(original, returned), senders)
        return Kind.BOUNCE, prose.told(text, subject, failed, tried)
    return (Kind.AUTO_REPLY if _is_auto_reply(headers, subject) else Kind.OTHER), []


def _challenged(recipient: str, words: str) -> Told:
    return Told(recipient=recipient, action=Action.FAILED, status=None, text=f"{CHALLENGE}: {words}")


def _is_a_bounce(headers: Message, text: str, comes_back: bool) -> bool:
    """By who wrote it and what it says, though it names nobody. comes_back: the mail that it is about is in it.

    People, too, write that something was not delivered, and pass on what hosts wrote to them.
    """
    says_so = prose.says_so(text)
    if prose.is_from_a_host(headers):
        return says_so or prose.is_about_a_failure(headers) or prose.has_a_code(text)
    subject = header(headers, "Subject")
    if phrases.OF_PEOPLE.match(subject) or _is_auto_reply(headers, subject):
        return False
    by_machine = comes_back or bool(phrases.ROBOTS.search(header(headers, "From")))
    return prose.is_about_a_failure(headers) and (prose.has_a_code(text) or (says_so and by_machine))


def _disposed(headers: Message, part: Part, text: str) -> tuple[Kind, list[Told]]:
    """A notification on what became of a delivered mail (RFC 8098): of interest when it was rejected (RFC 5429 2.1)."""
    if "rejected" not in header(headers, "Auto-Submitted").lower():
        return Kind.OTHER, []
    named = [
        status.address(one["final-recipient"]) for one in status.groups(part.text) if "final-recipient" in one
    ]
    return Kind.BOUNCE, prose.told(text, "", named, [])


def _is_auto_reply(headers: Message, subject: str) -> bool:
    """RFC 3834 5, and what came before it."""
    if header(headers, "Auto-Submitted").lower().startswith("auto-replied"):
        return True
    names = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "X-Auto-Reply-From", "X-Mail-Autoreply")
    if any(name in headers for name in names) or (
        "X-Auto-Response-Suppress" in headers and phrases.AWAY.search(subject)
    ):
        return True
    return bool(phrases.MACHINES.search(header(headers, "Precedence")) or phrases.AWAY.search(subject))


def _original(parts: list[Part]) -> Message:
    """The headers of the mail that it is about; none where they are not returned."""
    for part in parts:
        if part.type in _ORIGINAL_TYPES:
            headers, _ = split(part.bytes.lstrip(b"\r\n"))
            if headers.keys():
                return headers
    return Message()


def _envelope_id(parts: list[Part]) -> str:
    """RFC 3464 2.2.1."""
    for part in parts:
        if part.type in _STATUS_TYPES:
            return next(
                (b["original-envelope-id"] for b in status.groups(part.text) if "original-envelope-id" in b),
                "",
            )
    return ""


# --- what it means ---


def meaning_of(said: Told) -> Meaning | None:
    """What was told of a recipient, as feedback. relayed: his system took it, which is what `delivered` says.

    expanded: nothing yet, each member of the list will have a story of its own (RFC 3464 2.3.3).
    """
    if said.action is Action.EXPANDED:
        return None
    facts = ProviderFacts(name=PROVIDER, enhanced_code=said.status, text=told_words(said.text) or None)
    if said.action is Action.DELAYED:
        return Meaning(FeedbackStatus.DELAY, failure(TRANSIENT, FailureCategory.ASYNC), facts)
    if said.action is not Action.FAILED:
        return Meaning(FeedbackStatus.DELIVERED, None, facts)
    found = classify(None, said.status, said.text, category=FailureCategory.ASYNC, final=True)
    return Meaning(FeedbackStatus.BOUNCE, found, facts)
