"""What a mail report says, as values."""

from __future__ import annotations

from enum import StrEnum

from retour.model import Value


class Kind(StrEnum):
    """What a mail that came back is.

    dsn: a delivery status notification (RFC 3464, RFC 6533). bounce: the same in a mail host's own words. complaint:
    somebody pressed "spam" (RFC 5965, types abuse, fraud, virus, opt-out, other). auto_reply: a machine answered for a
    person (RFC 3834). other: none of these, e.g. a person's answer, a read receipt, a report on authentication.
    """

    DSN = "dsn"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    OTHER = "other"


class Action(StrEnum):
    """What happened to a recipient (RFC 3464 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class Told(Value):
    """What is said of one recipient.

    recipient: the address as it was sent to, "" where none is told. status: RFC 3463 code (`5.1.1`) or None. text: the
    other host's words, or the reporting one's.
    """

    recipient: str
    action: Action
    status: str | None = None
    text: str = ""


class MailReport(Value):
    """A mail that came back, read.

    envelope_id: RFC 3461's ENVID. message_id, return_path: of the mail that it is about, "" where they are not told.
    complaint: the Feedback-Type of a complaint. mail_id: the report's own Message-ID.
    """

    kind: Kind
    told: tuple[Told, ...] = ()
    envelope_id: str = ""
    message_id: str = ""
    return_path: str = ""
    complaint: str = ""
    mail_id: str = ""
